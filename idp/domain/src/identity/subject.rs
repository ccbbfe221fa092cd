//! Pairwise names: one citizen, another pseudonym in each sector (OIDC Core §8.1), and so for each session of theirs.

use serde::{Deserialize, Serialize};

use super::account::AccountKey;
use crate::id::{Sector, SessionId};
use crate::secret::{base64url, keyed_hash};

/// The secret that subjects are computed with. Losing it would change every citizen's subject everywhere.
#[derive(Clone)]
pub struct SubjectSecret([u8; 32]);

impl SubjectSecret {
    /// Wraps the secret.
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }
}

impl std::fmt::Debug for SubjectSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubjectSecret(…)")
    }
}

/// The subject of a citizen in a sector: `1.` (the version of the formula) and 43 base64url characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(String);

impl Subject {
    /// Computes the subject: HMAC-SHA-256 over the delimited version, sector and account key.
    pub fn pairwise(account: &AccountKey, sector: &Sector, secret: &SubjectSecret) -> Self {
        let hash = keyed_hash(&secret.0, &[b"subject/1", sector.as_str().as_bytes(), account.as_bytes()]);
        Self(format!("1.{}", base64url(&hash)))
    }

    /// The subject as it stands in tokens.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a session in a sector, `sid` in ID and logout tokens (OIDC Back-Channel Logout §2.1): 22 base64url
/// characters. Were it the same everywhere, two relying parties that compare it would know their subjects for one citizen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sid(String);

impl Sid {
    /// Computes the name, as [`Subject::pairwise`] does: 128 bits of the hash. A session of before there were such names
    /// keeps the one it has.
    pub fn pairwise(session: &SessionId, sector: &Sector, secret: &SubjectSecret) -> Self {
        if !session.is_pairwise() {
            return Self(session.to_string());
        }
        let hash = keyed_hash(&secret.0, &[b"sid/1", sector.as_str().as_bytes(), session.as_str().as_bytes()]);
        let mut name = base64url(&hash);
        name.truncate(22);
        Self(name)
    }

    /// The name as it stands in tokens.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a sector knows a citizen and one of their sessions by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pseudonyms {
    /// The citizen.
    pub subject: Subject,
    /// The session.
    pub sid: Sid,
}

impl Pseudonyms {
    /// Those of a sector.
    pub fn of(account: &AccountKey, session: &SessionId, sector: &Sector, secret: &SubjectSecret) -> Self {
        Self { subject: Subject::pairwise(account, sector, secret), sid: Sid::pairwise(session, sector, secret) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn account(byte: u8) -> AccountKey {
        AccountKey::try_from(base64url(&[byte; 32])).expect("32 bytes")
    }

    proptest! {
        #[test]
        fn subjects_differ_by_sector_account_and_secret(
            a in "[!#-\\[\\]-~]{1,40}", b in "[!#-\\[\\]-~]{1,40}", x: u8, y: u8, k: u8, l: u8,
        ) {
            let subject = |sector: &str, account_byte: u8, key: u8| {
                Subject::pairwise(&account(account_byte), &Sector::parse(sector).expect("allowed"), &SubjectSecret::new([key; 32]))
            };
            prop_assert_eq!(subject(&a, x, k), subject(&a, x, k));
            prop_assert_eq!(subject(&a, x, k) == subject(&b, x, k), a == b);
            prop_assert_eq!(subject(&a, x, k) == subject(&a, y, k), x == y);
            prop_assert_eq!(subject(&a, x, k) == subject(&a, x, l), k == l);
        }

        #[test]
        fn a_session_has_another_name_in_each_sector(
            a in "[!#-\\[\\]-~]{1,40}", b in "[!#-\\[\\]-~]{1,40}", x: u8, y: u8, k: u8, l: u8,
        ) {
            let sid = |sector: &str, session: u8, key: u8| {
                let (session, sector) = (SessionId::from_random([session; 16]), Sector::parse(sector).expect("allowed"));
                let sid = Sid::pairwise(&session, &sector, &SubjectSecret::new([key; 32]));
                assert!(sid.as_str().len() == 22 && sid.as_str() != session.as_str());
                sid
            };
            prop_assert_eq!(sid(&a, x, k), sid(&a, x, k));
            prop_assert_eq!(sid(&a, x, k) == sid(&b, x, k), a == b);
            prop_assert_eq!(sid(&a, x, k) == sid(&a, y, k), x == y);
            prop_assert_eq!(sid(&a, x, k) == sid(&a, x, l), k == l);
        }

        #[test]
        fn a_subject_is_short_ascii(a in "[!#-\\[\\]-~]{1,40}", x: u8) {
            let subject = Subject::pairwise(&account(x), &Sector::parse(&a).expect("allowed"), &SubjectSecret::new([0; 32]));
            prop_assert!(subject.as_str().is_ascii() && subject.as_str().len() == 45);
        }
    }

    #[test]
    fn a_session_of_before_keeps_the_name_that_relying_parties_know() {
        let session = SessionId::parse(&base64url(&[3; 16])).expect("22 characters");
        for sector in ["a", "b"] {
            let sector = Sector::parse(sector).expect("plain");
            let sid = Sid::pairwise(&session, &sector, &SubjectSecret::new([1; 32]));
            assert_eq!(sid.as_str(), session.as_str());
        }
    }
}
