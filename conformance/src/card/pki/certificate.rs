//! Certificates and revocation lists, written octet by octet (RFC 5280, ICAO 9303-12 §7.1).

use super::key::{Key, Scheme};
use crate::card::crypt::Hash;
use crate::card::der;

/// The policy that every authority of the simulator is issued under (an arc for documentation, RFC 5612).
pub const SIMULATOR_POLICY: &str = "1.3.6.1.4.1.32473.1.4.1";

/// A name: country, what it belongs to, itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    country: &'static str,
    attributes: Vec<(&'static str, String)>,
}

/// Which string type a name is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strings {
    /// UTF8String, but for countries.
    Utf8,
    /// PrintableString.
    Printable,
}

impl Name {
    /// A name of the simulator.
    pub fn common(country: &'static str, common: &str) -> Self {
        let organization = ("2.5.4.10", "Simulateur - non certifie".to_owned());
        Self { country, attributes: vec![organization, ("2.5.4.3", common.to_owned())] }
    }

    /// The name of a card: a number and nothing of its holder.
    pub fn serial(country: &'static str, number: &str) -> Self {
        Self { country, attributes: vec![("2.5.4.5", number.to_owned())] }
    }

    /// In DER.
    pub fn encoded(&self, strings: Strings) -> Vec<u8> {
        let one = |oid: &str, value: Vec<u8>| der::set_of(vec![der::sequence(&[der::oid(oid), value])]);
        let mut parts = vec![one("2.5.4.6", der::printable(self.country))];
        for (oid, value) in &self.attributes {
            // serialNumber is a PrintableString by definition (X.520 §6.2.9).
            let is_printable = strings == Strings::Printable || *oid == "2.5.4.5";
            parts.push(one(oid, if is_printable { der::printable(value) } else { der::utf8(value) }));
        }
        der::sequence(&parts)
    }
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An authority with so many below it.
    Authority {
        /// pathLenConstraint.
        below: u32,
        /// Whether it says that it is the simulator's.
        labelled: bool,
    },
    /// A signer of documents, of these codes alone.
    DocumentSigner {
        /// Whether it says that it is the simulator's.
        labelled: bool,
    },
    /// The key of a card that signs for its holder.
    Holder,
}

/// A certificate before it is signed.
#[derive(Debug)]
pub struct Template<'a> {
    /// Serial number.
    pub serial: u64,
    /// Who signs it.
    pub issuer: &'a Name,
    /// Whose it is.
    pub subject: &'a Name,
    /// From when to when, in epoch seconds.
    pub validity: (i64, i64),
    /// Until when the key is used, from the beginning of the validity; not said where none.
    pub used_until: Option<i64>,
    /// SubjectPublicKeyInfo.
    pub key: Vec<u8>,
    /// What it is for.
    pub role: Role,
}

impl Template<'_> {
    /// Signs it.
    pub fn signed(&self, by: &Key, scheme: Scheme) -> Vec<u8> {
        let body = der::sequence(&[
            der::context(0, &[der::number(2)]),
            der::integer(&self.serial.to_be_bytes()),
            scheme.algorithm(),
            self.issuer.encoded(Strings::Utf8),
            der::sequence(&[der::moment(self.validity.0), der::moment(self.validity.1)]),
            self.subject.encoded(Strings::Utf8),
            self.key.clone(),
            der::context(3, &[der::sequence(&self.extensions(by))]),
        ]);
        der::sequence(&[body.clone(), scheme.algorithm(), der::bits(&by.sign(scheme, &body))])
    }

    fn extensions(&self, by: &Key) -> Vec<Vec<u8>> {
        let mut extensions =
            vec![extension("2.5.29.14", false, &der::octets(&key_identifier(&self.key))), authority_key(by)];
        if let Some(until) = self.used_until {
            let period = [der::general_moment(0x80, self.validity.0), der::general_moment(0x81, until)];
            extensions.push(extension("2.5.29.16", false, &der::sequence(&period)));
        }
        // digitalSignature is the first bit, keyCertSign and cRLSign the sixth and seventh (RFC 5280 §4.2.1.3).
        let usage: [u8; 2] = match self.role {
            Role::Authority { .. } => [1, 0b0000_0110],
            Role::DocumentSigner { .. } | Role::Holder => [7, 0b1000_0000],
        };
        extensions.push(extension("2.5.29.15", true, &der::object(0x03, &usage)));
        match self.role {
            Role::Authority { below, labelled } => {
                let constraints = der::sequence(&[der::truth(), der::number(below)]);
                extensions.push(extension("2.5.29.19", true, &constraints));
                extensions.extend(labelled.then(label));
            }
            Role::DocumentSigner { labelled } => {
                extensions.extend(labelled.then(label));
                let types = der::sequence(&[der::number(0), der::set_of(vec![der::printable("ID")])]);
                extensions.push(extension("2.23.136.1.1.6.2", false, &types));
            }
            Role::Holder => {}
        }
        extensions
    }
}

/// A revocation list before it is signed.
#[derive(Debug)]
pub struct ListTemplate<'a> {
    /// Whose certificates it is about.
    pub issuer: &'a Name,
    /// Its number.
    pub number: u32,
    /// Of when it is, and when the next is due.
    pub updates: (i64, i64),
    /// Serial numbers, and since when they are revoked.
    pub revoked: Vec<(u64, i64)>,
}

impl ListTemplate<'_> {
    /// Signs it (RFC 5280 §5.1).
    pub fn signed(&self, by: &Key) -> Vec<u8> {
        let scheme = Scheme::Pkcs1(Hash::Sha256);
        let mut parts = vec![
            der::number(1),
            scheme.algorithm(),
            self.issuer.encoded(Strings::Utf8),
            der::moment(self.updates.0),
            der::moment(self.updates.1),
        ];
        let entries: Vec<_> = self
            .revoked
            .iter()
            .map(|(serial, since)| der::sequence(&[der::integer(&serial.to_be_bytes()), der::moment(*since)]))
            .collect();
        if !entries.is_empty() {
            parts.push(der::sequence(&entries));
        }
        let extensions = [authority_key(by), extension("2.5.29.20", false, &der::number(self.number))];
        parts.push(der::context(0, &[der::sequence(&extensions)]));
        let body = der::sequence(&parts);
        der::sequence(&[body.clone(), scheme.algorithm(), der::bits(&by.sign(scheme, &body))])
    }
}

/// What says that a certificate is the simulator's.
fn label() -> Vec<u8> {
    extension("2.5.29.32", false, &der::sequence(&[der::sequence(&[der::oid(SIMULATOR_POLICY)])]))
}

fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical { der::truth() } else { Vec::new() };
    der::sequence(&[der::oid(oid), flag, der::octets(value)])
}

fn authority_key(by: &Key) -> Vec<u8> {
    let identifier = der::object(0x80, &key_identifier(&by.public_info()));
    extension("2.5.29.35", false, &der::sequence(&[identifier]))
}

/// SHA-1 of the key's octets (RFC 5280 §4.2.1.2, method 1).
pub fn key_identifier(public_info: &[u8]) -> Vec<u8> {
    let key = der::find(public_info, der::SEQUENCE).and_then(|info| der::find(info, 0x03)).unwrap_or_default();
    Hash::Sha1.of(key.get(1..).unwrap_or_default())
}
