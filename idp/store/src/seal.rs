//! Sealing: AES-256-GCM in front of every engine, so that a stolen dump, or an operator who reads one, learns no
//! identity (architecture rule 7).
//!
//! ```text
//!  ephemeral   bearer ──HKDF──▶ place   where the record lies; tells nothing of the bearer
//!                       HKDF──▶ key     what opens it; only the bearer leads to it
//!              sealed = 01 │ nonce (12) │ AES-GCM(key, nonce, aad = kind, place)(JSON)
//!
//!  registry    master ──HKDF──▶ key of one row
//!              sealed = key version (1) │ nonce (12) │ AES-GCM(key, nonce, aad = table, row, key version)(bytes)
//! ```
//!
//! The random nonce of an ephemeral record is its version too: it is bound to the record by GCM itself, it never
//! comes back, so a swap against a version that was current long ago loses even if the record was taken and put anew.
//! Every row and every bearer has a key of its own, which keeps random nonces far from the bound of
//! NIST SP 800-38D §8.3 (2^32 messages under one key).

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use domain::measure::{self, Operation};
use domain::secret::{Bearer, base64url, delimited, expand, from_base64url, keyed_hash};
use zeroize::Zeroizing;

use crate::ephemeral::{Kind, Record};
use crate::{Outage, StoreError};

const NONCE: usize = 12;
/// The form of an ephemeral record.
const FORM: u8 = 1;
/// The form byte and the nonce, in clear before what is sealed.
pub(crate) const HEAD: usize = 1 + NONCE;

/// Where a record lies. Nobody can compute it without the bearer secret, nor the secret from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    pub(crate) hash: [u8; 32],
}

/// The state of a record at one moment, for a later [`swap`](crate::ephemeral::Ephemeral::swap).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(pub(crate) [u8; NONCE]);

/// A record as it is kept.
pub(crate) type Blob = Vec<u8>;

/// The version of a blob, when it has one.
pub(crate) fn version_of(blob: &[u8]) -> Option<Version> {
    blob.get(1..HEAD)?.try_into().ok().map(Version)
}

/// The lock of one record: made from the bearer secret, for the time of one operation.
pub(crate) struct Lock {
    place: Place,
    key: LessSafeKey,
}

impl Lock {
    /// The lock of the record that `bearer` opens.
    pub(crate) fn of<R: Record>(bearer: &Bearer<R>) -> Self {
        let (hash, key) = bearer.expand_twice(&[b"record", R::KIND.name().as_bytes()]);
        let key = Zeroizing::new(key);
        Self { place: Place { kind: R::KIND, hash }, key: aes(&key) }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Seals a record. Each sealing gives a new version.
    pub(crate) fn seal<R: Record>(&self, record: &R) -> Result<(Version, Blob), StoreError> {
        let plain =
            Zeroizing::new(serde_json::to_vec(record).map_err(|_| StoreError::Corrupt { what: "a new record" })?);
        let blob = seal(&self.key, FORM, &self.bound(), &plain)?;
        let version = version_of(&blob).ok_or(StoreError::Corrupt { what: "a new record" })?;
        Ok((version, blob))
    }

    /// Opens a record. Anything but what was sealed for this very place is [`StoreError::Corrupt`].
    pub(crate) fn open<R: Record>(&self, blob: Blob) -> Result<(R, Version), StoreError> {
        let corrupt = || StoreError::Corrupt { what: "an ephemeral record" };
        let version = version_of(&blob).ok_or_else(corrupt)?;
        if blob.first() != Some(&FORM) {
            return Err(corrupt());
        }
        let plain = open(&self.key, &self.bound(), blob).ok_or_else(corrupt)?;
        let record = serde_json::from_slice(&plain).map_err(|_| corrupt())?;
        Ok((record, version))
    }

    fn bound(&self) -> Vec<u8> {
        delimited(&[b"ephemeral", &[FORM], self.place.kind.name().as_bytes(), &self.place.hash])
    }
}

/// The keys behind the registry, from the 32-byte master key.
///
/// The first master key also derives the pseudonyms of citizens, so it stays for good; a later key, of a higher
/// version, takes over the sealing alone.
pub struct Vault {
    root: Zeroizing<[u8; 32]>,
    sealing: BTreeMap<u8, Zeroizing<[u8; 32]>>,
}

impl Vault {
    /// The vault of a master key, which is key version 1.
    pub fn new(master: &[u8; 32]) -> Self {
        Self { root: Zeroizing::new(*master), sealing: BTreeMap::from([(1, Zeroizing::new(*master))]) }
    }

    /// Adds a sealing key: the way to a new one. The highest version seals, the others still open what they sealed.
    /// Nothing has to be sealed anew: notices leave the outbox within days, and the signing keys that the old key
    /// sealed are replaced by `idp keys rotate` and erased once retired. After that the old key opens nothing, and the
    /// first master key is left for the pseudonyms and the journal.
    #[must_use]
    pub fn with_sealing_key(mut self, version: u8, key: &[u8; 32]) -> Self {
        self.sealing.insert(version, Zeroizing::new(*key));
        self
    }

    /// A key for `purpose`, such as `account` or `subject`: always the same, whichever keys were added.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(expand(&self.root, &[b"derive", purpose.as_bytes()]))
    }

    /// What a registry keeps to recognise its master key; the key cannot be had from it.
    pub(crate) fn proof(&self) -> String {
        base64url(&expand(&self.root, &[b"proof"]))
    }

    /// Seals the value of one row of one table.
    pub(crate) fn seal(&self, table: &'static str, row: &str, plain: &[u8]) -> Result<String, StoreError> {
        let (version, master) = self.sealing.last_key_value().expect("new() puts version 1, nothing removes");
        let sealed = seal(&row_key(master, table, row), *version, &row_bound(*version, table, row), plain)?;
        Ok(base64url(&sealed))
    }

    /// Opens the value of one row of one table; [`StoreError::Corrupt`] for anything but what was sealed for it.
    pub(crate) fn open(&self, table: &'static str, row: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let corrupt = || StoreError::Corrupt { what: table };
        let sealed = from_base64url(text).ok_or_else(corrupt)?;
        let version = *sealed.first().ok_or_else(corrupt)?;
        let master = self.sealing.get(&version).ok_or_else(corrupt)?;
        open(&row_key(master, table, row), &row_bound(version, table, row), sealed).ok_or_else(corrupt)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

/// The place of a value that was seen, by keyed hash: who reads the store cannot even test a guess.
pub(crate) fn seen_place(key: &[u8; 32], kind: Kind, value: &[u8]) -> Place {
    Place { kind, hash: keyed_hash(key, &[b"seen", kind.name().as_bytes(), value]) }
}

fn row_key(master: &[u8; 32], table: &str, row: &str) -> LessSafeKey {
    aes(&Zeroizing::new(expand(master, &[b"row", table.as_bytes(), row.as_bytes()])))
}

fn row_bound(version: u8, table: &str, row: &str) -> Vec<u8> {
    delimited(&[b"registry", &[version], table.as_bytes(), row.as_bytes()])
}

fn aes(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes is the key length of AES-256"))
}

fn seal(key: &LessSafeKey, first: u8, bound: &[u8], plain: &[u8]) -> Result<Blob, StoreError> {
    let broken = |what| StoreError::from(Outage::new("crypto", what));
    let mut blob = Vec::with_capacity(HEAD + plain.len() + AES_256_GCM.tag_len());
    let mut nonce = [0_u8; NONCE];
    rand::fill(&mut nonce).map_err(|_| broken("no randomness"))?;
    measure::count(Operation::Sealing);
    blob.push(first);
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(plain);
    // Encrypted where it lies: the plaintext never stands in a second buffer that nobody wipes.
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut blob[HEAD..])
        .map_err(|_| broken("sealing failed"))?;
    blob.extend_from_slice(tag.as_ref());
    Ok(blob)
}

fn open(key: &LessSafeKey, bound: &[u8], mut blob: Blob) -> Option<Zeroizing<Vec<u8>>> {
    measure::count(Operation::Opening);
    let nonce = Nonce::try_assume_unique_for_key(blob.get(1..HEAD)?).ok()?;
    let length = key.open_within(nonce, Aad::from(bound), &mut blob, HEAD..).ok()?.len();
    blob.truncate(length);
    Some(Zeroizing::new(blob))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASTER: [u8; 32] = [42; 32];

    #[test]
    fn a_sealed_value_opens_in_its_own_row_of_its_own_table_alone() {
        let vault = Vault::new(&MASTER);
        let sealed = vault.seal("outbox", "row", b"value").expect("seals");
        assert_eq!(vault.open("outbox", "row", &sealed).expect("opens").as_slice(), b"value");
        assert!(vault.open("outbox", "other", &sealed).is_err());
        assert!(vault.open("signing_keys", "row", &sealed).is_err());
        assert!(Vault::new(&[1; 32]).open("outbox", "row", &sealed).is_err());
    }

    #[test]
    fn a_sealed_value_that_was_touched_does_not_open() {
        let vault = Vault::new(&MASTER);
        let sealed = from_base64url(&vault.seal("outbox", "row", b"value").expect("seals")).expect("is text");
        for at in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[at] ^= 1;
            assert!(vault.open("outbox", "row", &base64url(&touched)).is_err(), "byte {at}");
            assert!(vault.open("outbox", "row", &base64url(&sealed[..at])).is_err(), "cut at {at}");
        }
        assert!(vault.open("outbox", "row", "not base64url!").is_err());
    }

    #[test]
    fn a_new_sealing_key_seals_and_the_old_one_still_opens() {
        let before = Vault::new(&MASTER);
        let old = before.seal("outbox", "row", b"old").expect("seals");
        let after = Vault::new(&MASTER).with_sealing_key(2, &[7; 32]);
        let new = after.seal("outbox", "row", b"new").expect("seals");
        assert_eq!(after.open("outbox", "row", &old).expect("opens").as_slice(), b"old");
        assert_eq!(after.open("outbox", "row", &new).expect("opens").as_slice(), b"new");
        assert!(before.open("outbox", "row", &new).is_err());
    }

    #[test]
    fn pseudonyms_outlive_a_new_sealing_key() {
        let vault = Vault::new(&MASTER);
        let later = Vault::new(&MASTER).with_sealing_key(2, &[7; 32]);
        assert_eq!(*vault.derive("account"), *later.derive("account"));
        assert_ne!(*vault.derive("account"), *vault.derive("subject"));
        assert_ne!(*vault.derive("account"), MASTER);
        assert_eq!(vault.proof(), later.proof());
    }

    #[test]
    fn a_vault_does_not_show_its_keys() {
        assert_eq!(format!("{:?}", Vault::new(&MASTER)), "Vault(…)");
    }
}
