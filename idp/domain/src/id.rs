//! Identifiers: one type each, so that a client is never passed where a provider is meant.

use serde::{Deserialize, Serialize};

/// An identifier was empty, too long, or held a character it may not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identifier holds {0}")]
pub struct BadId(&'static str);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $length:expr, $rule:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses the identifier.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                let allowed: fn(u8) -> bool = $allowed;
                if !($length).contains(&text.len()) || !text.bytes().all(allowed) {
                    return Err(BadId($rule));
                }
                Ok(Self(text.to_owned()))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A relying party's `client_id` (RFC 6749 §2.2): 1 to 255 visible ASCII characters without quote or backslash.
    ClientId, 1..=255, "1 to 255 visible ASCII characters, no quote, no backslash",
    |b| b.is_ascii_graphic() && b != b'"' && b != b'\\'
);
id!(
    /// An identity provider, named by the stem of its configuration file: 1 to 40 of `a-z 0-9 -`.
    ProviderId, 1..=40, "1 to 40 of a-z, 0-9 and -",
    |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
);
id!(
    /// The sector that pairwise subjects are computed for (OIDC Core §8.1). Clients of one organisation may share it.
    Sector, 1..=255, "1 to 255 visible ASCII characters, no quote, no backslash",
    |b| b.is_ascii_graphic() && b != b'"' && b != b'\\'
);
id!(
    /// One sign-in, as it stands in the URL of its pages: 22 base64url characters (128 bits). Useless without the
    /// browser's cookie.
    SignInId, 22..=22, "22 base64url characters",
    |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
);
id!(
    /// The identifier of a signing key (RFC 7517 §4.5).
    Kid, 1..=64, "1 to 64 of A-Z, a-z, 0-9, - and _",
    |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
);
id!(
    /// The gateway's own name of a session, from which each sector has its `sid`: 22 base64url characters.
    SessionId, 22..=22, "22 base64url characters",
    |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
);
id!(
    /// The code that a notice shows and that a citizen quotes to contest a sign-in: `XXXX-XXXX-XXXX` style capitals
    /// and digits.
    Reference, 14..=14, "capitals, digits and -",
    |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'
);

id!(
    /// An agent of a commune: 32 lower-case hexadecimal digits, the 16 octets of the user handle of their passkeys (Web
    /// Authentication §5.4.3). Hexadecimal, so that no command line takes it for an option.
    AgentId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);
id!(
    /// A habilitation: 32 lower-case hexadecimal digits.
    HabilitationId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);
id!(
    /// A request for a habilitation: 32 lower-case hexadecimal digits.
    HabilitationRequestId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);
id!(
    /// A desk reader: 32 lower-case hexadecimal digits.
    ReaderId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);
id!(
    /// A passkey: the SHA-256 of its credential id in base64url.
    PasskeyId, 43..=43, "43 base64url characters",
    |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
);

id!(
    /// A run of the homologation bench: 32 lower-case hexadecimal digits, which nobody guesses.
    BenchRunId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);
id!(
    /// A partner, somebody with an account in the partners' space: 32 lower-case hexadecimal digits, the 16 octets of the
    /// user handle of their passkeys.
    PartnerId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);
id!(
    /// A token of the admin API, as lists and the journal name it: 32 lower-case hexadecimal digits. It opens nothing.
    AdminTokenId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);
id!(
    /// One sign-in of a partner, as the list of their sessions names it: 32 lower-case hexadecimal digits. It opens nothing.
    PartnerSessionId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);
id!(
    /// A request of a partner to have a way in again: 32 lower-case hexadecimal digits.
    RecoveryId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);

id!(
    /// A webhook: 32 lower-case hexadecimal digits.
    WebhookId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);
id!(
    /// A call of a webhook, the same in all its attempts: 32 lower-case hexadecimal digits.
    WebhookCallId, 32..=32, "32 lower-case hexadecimal digits", is_lower_hexadecimal
);

const fn is_lower_hexadecimal(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn lower_hexadecimal(bytes: [u8; 16]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The kinds of identifier that are 128 random bits in hexadecimal.
macro_rules! hexadecimal_id {
    ($($name:ident),+) => {
        $(impl $name {
            /// Makes the identifier from 16 random bytes.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(lower_hexadecimal(bytes))
            }
        })+
    };
}

hexadecimal_id!(
    ClientId,
    AgentId,
    ReaderId,
    PartnerId,
    PartnerSessionId,
    RecoveryId,
    HabilitationId,
    HabilitationRequestId,
    BenchRunId,
    WebhookId,
    WebhookCallId,
    AdminTokenId
);

/// The kinds that are the user handle of passkeys.
macro_rules! user_handle {
    ($($name:ident),+) => {
        $(impl $name {
            /// The 16 octets.
            pub fn octets(&self) -> [u8; 16] {
                // 32 hexadecimal digits are 128 bits: there is no other case.
                u128::from_str_radix(&self.0, 16).unwrap_or_default().to_be_bytes()
            }
        })+
    };
}

user_handle!(AgentId, PartnerId);

impl PasskeyId {
    /// The name of the passkey with this credential id.
    pub fn of(credential: &[u8]) -> Self {
        Self(crate::secret::base64url(&crate::secret::sha256(credential)))
    }
}

/// The kinds of identifier that are 128 random bits in base64url.
macro_rules! random_id {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        $(id!(
            $(#[$doc])* $name, 22..=22, "22 base64url characters",
            |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
        );
        random_id!(@made $name);)+
    };
    (@made $name:ident) => {
        impl $name {
            /// Makes the identifier from 16 random bytes.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(crate::secret::base64url(&bytes))
            }
        }
    };
}

random_id!(@made SignInId);
random_id!(
    /// An identity on a card: the gateway's own name of it.
    IdentityId,
    /// One request to have an identity certified.
    RequestId,
    /// One citizen at the desk of a town hall.
    CaseId,
    /// One use of a card with its code: 128 bits, never shown to whoever does not take part.
    TransactionId,
);

macro_rules! octets {
    ($($name:ident),+) => {
        $(impl $name {
            /// The 16 octets of the identifier; none when it was not made of 16.
            pub fn octets(&self) -> Option<[u8; 16]> {
                crate::secret::from_base64url(&self.0)?.try_into().ok()
            }
        })+
    };
}

octets!(IdentityId, RequestId);

impl SessionId {
    /// Makes the identifier from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        // 22 characters have four bits more than 16 bytes: in them stands that this session has pairwise names.
        let mut text = crate::secret::base64url(&[&bytes[..], &[0x10]].concat());
        text.truncate(22);
        Self(text)
    }

    /// Whether the session has another name in each sector. One of before that was so has one name everywhere, which
    /// relying parties keep and compare for as long as a refresh token of theirs lives (OIDC Core §12.2).
    pub fn is_pairwise(&self) -> bool {
        self.0.ends_with(['B', 'R', 'h', 'x'])
    }
}

impl Reference {
    /// Makes a reference a person can read out (60 bits, Crockford's alphabet without I, L, O, U) from 12 random bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut text = String::with_capacity(14);
        for (at, byte) in bytes.iter().enumerate() {
            if at == 4 || at == 8 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(byte & 31)]));
        }
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_refuse_what_they_may_not_hold() {
        assert!(ClientId::parse("commune-1").is_ok());
        for bad in ["", "a b", "a\"b", "a\\b", "é", "a\nb"] {
            assert!(ClientId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(ClientId::parse(&"a".repeat(256)).is_err());
        assert!(ProviderId::parse("impots").is_ok());
        assert!(ProviderId::parse("Impots").is_err());
    }

    #[test]
    fn a_session_says_whether_its_names_are_pairwise() {
        for byte in 0..=255 {
            let session = SessionId::from_random([byte; 16]);
            assert!(session.is_pairwise() && SessionId::parse(session.as_str()).as_ref() == Ok(&session));
            let of_before = SessionId::parse(&crate::secret::base64url(&[byte; 16])).expect("22 characters");
            assert!(!of_before.is_pairwise() && of_before.as_str()[..21] == session.as_str()[..21]);
        }
    }

    #[test]
    fn an_agent_is_named_by_the_octets_of_their_user_handle() {
        let octets = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 254, 255];
        let id = AgentId::from_random(octets);
        assert_eq!(id.as_str(), "000102030405060708090a0b0c0dfeff");
        assert_eq!(AgentId::parse(id.as_str()).expect("its own text").octets(), octets);
        for bad in ["", "000102030405060708090A0B0C0DFEFF", "-00102030405060708090a0b0c0dfeff", "00"] {
            assert!(AgentId::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(PasskeyId::parse(PasskeyId::of(b"credential").as_str()), Ok(PasskeyId::of(b"credential")));
    }

    #[test]
    fn a_reference_has_sixty_bits_in_three_groups() {
        let reference = Reference::from_random([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 31]);
        assert_eq!(reference.as_str(), "0123-4567-89ZZ");
        assert!(Reference::parse(reference.as_str()).is_ok());
    }
}
