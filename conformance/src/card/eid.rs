//! The eID application: six digits unlock a key that signs for the holder. The real one's protocol is not public; this is the
//! simulator's own (cnie.md §11, option A).
//!
//! ```text
//!  00 20 00 01 06 code           9000, 63Cx, 6983
//!  00 24 00 01 0C old new        9000: another key, another certificate
//!  00 A4 02 0C 02 00 01, B0 …    the certificate
//!  00 2A 9E 9A 20 hash 00        r ‖ s; only after the code, and once
//! ```

use std::sync::Arc;

use super::apdu::{Answer, Command, Status};
use super::crypt::Hash;
use super::curve::{P256, Parameters, Secret};
use super::holder::Holder;
use super::pki::Pki;
use crate::random;

/// Its identifier: `F0` and "CNIe-SIM".
pub const APPLICATION: &[u8] = b"\xf0CNIe-SIM";
/// Wrong codes in a row that block it.
const TRIES: u8 = 3;

/// The application and what it holds.
#[derive(Debug)]
pub struct Applet {
    issuer: Arc<Pki>,
    document_number: &'static str,
    expiry: i64,
    code: Vec<u8>,
    tries: u8,
    verified: bool,
    key: Secret,
    serial: u64,
    certificate: Vec<u8>,
}

impl Applet {
    pub(super) fn personalize(issuer: Arc<Pki>, holder: &Holder, expiry: i64) -> Self {
        let (key, serial, certificate) = fresh(&issuer, holder.number, expiry);
        let (code, document_number) = (holder.code.as_bytes().to_vec(), holder.number);
        Self { issuer, document_number, expiry, code, tries: TRIES, verified: false, key, serial, certificate }
    }

    /// The certificate of its key.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The certificate's serial number, for revocation.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// SHA-256 of the key's SubjectPublicKeyInfo: what a certification is bound to.
    pub fn key_thumbprint(&self) -> Vec<u8> {
        Hash::Sha256.of(&self.key.public_info(Parameters::Named))
    }

    pub(super) fn leave(&mut self) {
        self.verified = false;
    }

    pub(super) fn run(&mut self, command: &Command) -> Answer {
        match (command.instruction, command.parameters) {
            (0x20, [0, 1]) if command.data.is_empty() => self.standing(),
            (0x20, [0, 1]) => self.verify(&command.data),
            (0x24, [0, 1]) => self.change(&command.data),
            (0x2a, [0x9e, 0x9a]) => self.sign(&command.data),
            _ => Answer::ended(Status::PARAMETERS),
        }
    }

    /// How many tries are left, without one (ISO/IEC 7816-4 §11.6.6).
    fn standing(&self) -> Answer {
        Answer::ended(match (self.tries, self.verified) {
            (0, _) => Status::BLOCKED,
            (_, true) => Status::DONE,
            (left, false) => Status::tries(left),
        })
    }

    fn verify(&mut self, code: &[u8]) -> Answer {
        self.verified = false;
        if self.tries == 0 {
            return Answer::ended(Status::BLOCKED);
        }
        if !is_code(code) {
            return Answer::ended(Status::DATA);
        }
        if code != self.code {
            self.tries -= 1;
            return Answer::ended(Status::tries(self.tries));
        }
        self.tries = TRIES;
        self.verified = true;
        Answer::done()
    }

    fn change(&mut self, codes: &[u8]) -> Answer {
        let (old, new) = codes.split_at(codes.len() / 2);
        if !is_code(new) {
            return Answer::ended(Status::DATA);
        }
        let verified = self.verify(old);
        self.verified = false;
        if verified.status != Status::DONE {
            return verified;
        }
        self.code = new.to_vec();
        (self.key, self.serial, self.certificate) = fresh(&self.issuer, self.document_number, self.expiry);
        Answer::done()
    }

    fn sign(&mut self, hash: &[u8]) -> Answer {
        if !std::mem::take(&mut self.verified) {
            return Answer::ended(Status::SECURITY);
        }
        if hash.len() != 32 {
            return Answer::ended(Status::LENGTH);
        }
        Answer::of(self.key.sign_hash(hash))
    }
}

fn is_code(code: &[u8]) -> bool {
    code.len() == 6 && code.iter().all(u8::is_ascii_digit)
}

fn fresh(issuer: &Pki, document_number: &str, expiry: i64) -> (Secret, u64, Vec<u8>) {
    let key = Secret::generate(&P256);
    let serial = u64::from_be_bytes(random::bytes()) >> 1;
    let certificate = issuer.certify_card(serial, document_number, &key, expiry);
    (key, serial, certificate)
}
