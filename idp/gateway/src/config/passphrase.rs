//! A key under a passphrase, as one line of text.
//!
//! ```text
//!  passerelle-key-1$argon2id$v=19$m=65536,t=3,p=1$salt$sealed
//!  sealed = nonce (12) │ AES-256-GCM( argon2id(passphrase, salt), nonce, aad = all before it )( key )
//! ```
//!
//! The cost is read from the text, within bounds: one that is too low would invite guessing, one that is too high would
//! keep the gateway from starting. Whoever has the passphrase wrong waits as long as whoever has it right.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use domain::secret::{base64url, from_base64url};
use zeroize::Zeroizing;

use super::secret::Secret;
use crate::random::Random;

const MARK: &str = "passerelle-key-1";
const NONCE: usize = 12;
const SALT: usize = 16;
/// The shortest passphrase that a key is put under.
const SHORTEST: usize = 12;

/// What a guess costs (RFC 9106 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why a key could not be put under a passphrase, or taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// Not the form of a protected key.
    #[error("is not a protected key (passerelle-key-1$argon2id$…)")]
    Malformed,
    /// The cost is out of bounds.
    #[error("has a cost out of bounds: m=47104,t=1 or m=19456,t=2 at least, m=1048576,t=10,p=4 at most")]
    Cost,
    /// The passphrase is another, or the text was changed.
    #[error("is not opened by the passphrase, or was changed")]
    Wrong,
    /// The passphrase is too short to protect anything.
    #[error("needs a passphrase of 12 characters at least")]
    Short,
    /// The memory that the cost asks for is not there.
    #[error("could not be opened: is there memory for its cost?")]
    Memory,
}

impl Cost {
    /// What keys are put under: the memory-constrained choice of RFC 9106 §4, on one lane.
    const OURS: Self = Self { memory_kib: 65_536, passes: 3, lanes: 1 };

    /// At least what OWASP asks for (Password Storage Cheat Sheet: m=46 MiB, t=1, or m=19 MiB, t=2), and no more than
    /// a start may take.
    const fn is_sane(self) -> bool {
        let enough = self.memory_kib >= 47_104 && self.passes >= 1 || self.memory_kib >= 19_456 && self.passes >= 2;
        enough && self.memory_kib <= 1_048_576 && self.passes <= 10 && self.lanes >= 1 && self.lanes <= 4
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let mut parts = text.split(',');
        let mut next = |name: &str| {
            let digits = parts.next().and_then(|part| part.strip_prefix(name)).ok_or(Fault::Malformed)?;
            digits.parse::<u32>().map_err(|_| Fault::Malformed)
        };
        let cost = Self { memory_kib: next("m=")?, passes: next("t=")?, lanes: next("p=")? };
        // Written in one way only: what is bound is what was read.
        if cost.to_string() != text {
            return Err(Fault::Malformed);
        }
        if cost.is_sane() { Ok(cost) } else { Err(Fault::Cost) }
    }

    fn derive(self, passphrase: &Secret, salt: &[u8]) -> Result<LessSafeKey, Fault> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|_| Fault::Cost)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut_slice())
            .map_err(|_| Fault::Memory)?;
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| Fault::Malformed)?;
        Ok(LessSafeKey::new(key))
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}

/// Whether a text is a protected key, sound or not.
pub(super) fn is_protected(text: &str) -> bool {
    text.starts_with("passerelle-key-")
}

/// Puts a key under a passphrase.
pub(crate) fn protect(key: &[u8; 32], passphrase: &Secret, random: Random) -> Result<Secret, Fault> {
    if passphrase.expose().chars().count() < SHORTEST {
        return Err(Fault::Short);
    }
    let (salt, nonce) = (random.bytes::<SALT>(), random.bytes::<NONCE>());
    let head = format!("{MARK}$argon2id$v=19${}${}$", Cost::OURS, base64url(&salt));
    let derived = Cost::OURS.derive(passphrase, &salt)?;
    let mut sealed = Zeroizing::new(key.to_vec());
    derived
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(head.as_bytes()), &mut *sealed)
        .map_err(|_| Fault::Memory)?;
    Ok(Secret::new(&format!("{head}{}", base64url(&[&nonce[..], &sealed].concat()))))
}

/// Takes a key out from under its passphrase.
pub(crate) fn open(text: &Secret, passphrase: &Secret) -> Result<Zeroizing<[u8; 32]>, Fault> {
    let (head, sealed) = text.expose().rsplit_once('$').ok_or(Fault::Malformed)?;
    let [MARK, "argon2id", "v=19", cost, salt] = head.split('$').collect::<Vec<_>>()[..] else {
        return Err(Fault::Malformed);
    };
    let cost = Cost::parse(cost)?;
    let salt = from_base64url(salt).filter(|salt| salt.len() == SALT).ok_or(Fault::Malformed)?;
    let sealed = from_base64url(sealed).ok_or(Fault::Malformed)?;
    let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or(Fault::Malformed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Fault::Malformed)?;
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let derived = cost.derive(passphrase, &salt)?;
    let bound = format!("{head}$");
    let key = derived.open_in_place(nonce, Aad::from(bound.as_bytes()), &mut sealed).map_err(|_| Fault::Wrong)?;
    <[u8; 32]>::try_from(&*key).map(Zeroizing::new).map_err(|_| Fault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn passphrase() -> Secret {
        Secret::new("correct horse battery")
    }

    #[test]
    fn a_protected_key_is_opened_by_its_passphrase_alone() {
        let text = protect(&KEY, &passphrase(), Random::system()).expect("protected");
        assert!(is_protected(text.expose()) && !text.expose().contains(&base64url(&KEY)));
        assert_eq!(*open(&text, &passphrase()).expect("opened"), KEY);
        assert_eq!(open(&text, &Secret::new("correct horse batterx")).err(), Some(Fault::Wrong));
        let again = protect(&KEY, &passphrase(), Random::system()).expect("protected");
        assert_ne!(again.expose(), text.expose(), "salt and nonce are fresh");
        assert_eq!(protect(&KEY, &Secret::new("eleven char"), Random::system()).err(), Some(Fault::Short));
    }

    #[test]
    fn a_protected_key_that_was_touched_is_not_opened() {
        let text = protect(&KEY, &passphrase(), Random::system()).expect("protected");
        let text = text.expose();
        // The cost is bound: a cheaper one does not open what a dearer one sealed.
        let cheaper = text.replace("m=65536,t=3", "m=65536,t=2");
        assert_eq!(open(&Secret::new(&cheaper), &passphrase()).err(), Some(Fault::Wrong));
        for at in [text.len() - 1, text.len() - 30, text.len() - 75] {
            let mut touched = text.to_owned();
            touched.replace_range(at..=at, if &text[at..=at] == "A" { "B" } else { "A" });
            assert!(open(&Secret::new(&touched), &passphrase()).is_err(), "{at}");
        }
    }

    #[test]
    fn the_cost_is_within_bounds_and_written_in_one_way() {
        for (cost, expected) in [
            ("m=47104,t=1,p=1", Ok(())),
            ("m=19456,t=2,p=1", Ok(())),
            ("m=1048576,t=10,p=4", Ok(())),
            ("m=19456,t=1,p=1", Err(Fault::Cost)),
            ("m=8,t=10,p=1", Err(Fault::Cost)),
            ("m=1048577,t=1,p=1", Err(Fault::Cost)),
            ("m=65536,t=4294967295,p=1", Err(Fault::Cost)),
            ("m=65536,t=3,p=0", Err(Fault::Cost)),
            ("m=65536,t=3,p=5", Err(Fault::Cost)),
            ("m=065536,t=3,p=1", Err(Fault::Malformed)),
            ("m=+65536,t=3,p=1", Err(Fault::Malformed)),
            ("m=65536,t=3,p=1,x=1", Err(Fault::Malformed)),
            ("t=3,m=65536,p=1", Err(Fault::Malformed)),
            ("m=99999999999,t=3,p=1", Err(Fault::Malformed)),
            ("", Err(Fault::Malformed)),
        ] {
            assert_eq!(Cost::parse(cost).map(|_| ()), expected, "{cost}");
        }
    }

    #[test]
    fn what_is_no_protected_key_is_refused_before_any_work() {
        for text in [
            "",
            "passerelle-key-1",
            "passerelle-key-2$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "passerelle-key-1$argon2i$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "passerelle-key-1$argon2id$v=16$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "passerelle-key-1$argon2id$v=19$m=65536,t=3,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "passerelle-key-1$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
            "passerelle-key-1$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$",
        ] {
            assert_eq!(open(&Secret::new(text), &passphrase()).err(), Some(Fault::Malformed), "{text}");
        }
    }
}
