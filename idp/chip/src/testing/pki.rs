//! Certificates and revocation lists, right unless a test says otherwise.

use super::{Key, bit_string, declared, integer, object, oid, sequence, set};
use crate::moment::{Date, Moment};
use crate::signature::Algorithm;

/// The moment of all tests: 2026-11-22.
pub(crate) fn now() -> Moment {
    Date::new(2026, 11, 22).unwrap().begin().unwrap()
}

pub(crate) const PRINTABLE: u8 = 0x13;
pub(crate) const UTF8: u8 = 0x0c;

/// C and CN in a string type.
pub(crate) fn name(kind: u8, country: &str, common: &str) -> Vec<u8> {
    let part =
        |attribute: &str, kind: u8, text: &str| set(&[&sequence(&[&oid(attribute), &object(kind, text.as_bytes())])]);
    sequence(&[&part("2.5.4.6", PRINTABLE, country), &part("2.5.4.3", kind, common)])
}

pub(crate) fn csca_name() -> Vec<u8> {
    name(UTF8, "FR", "SIM-CSCA")
}

/// A time that DER writes as UTCTime until 2049.
fn time(text: &str) -> Vec<u8> {
    match text.strip_prefix("20") {
        Some(short) if short < "50" => object(0x17, format!("{short}000000Z").as_bytes()),
        _ => object(0x18, format!("{text}000000Z").as_bytes()),
    }
}

pub(crate) type Extension = (&'static str, bool, Vec<u8>);

/// What is written into a certificate.
#[derive(Clone)]
pub(crate) struct Certified {
    pub(crate) version: u8,
    pub(crate) serial: u8,
    pub(crate) issuer: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) validity: (&'static str, &'static str),
    pub(crate) key: Key,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) signer: Key,
    pub(crate) algorithm: Algorithm,
    pub(crate) inner_algorithm: Option<Algorithm>,
}

pub(crate) const SKI: &str = "2.5.29.14";
pub(crate) const USAGE: &str = "2.5.29.15";
pub(crate) const PERIOD: &str = "2.5.29.16";
pub(crate) const BASIC: &str = "2.5.29.19";
pub(crate) const AKI: &str = "2.5.29.35";
pub(crate) const PURPOSE: &str = "2.5.29.37";
pub(crate) const TYPES: &str = "2.23.136.1.1.6.2";
pub(crate) const NAME_CHANGE: &str = "2.23.136.1.1.6.1";

pub(crate) fn ski(key: &Key) -> Extension {
    (SKI, false, object(4, &key.identifier()))
}

pub(crate) fn aki(key: &Key) -> Extension {
    (AKI, false, sequence(&[&object(0x80, &key.identifier())]))
}

/// Bits from the left, as ASN.1 numbers them.
pub(crate) fn usage(critical: bool, unused: u8, bits: u8) -> Extension {
    (USAGE, critical, object(3, &[unused, bits]))
}

pub(crate) fn authority(path_length: Option<u8>) -> Extension {
    let length = path_length.map(|length| integer(&[length])).unwrap_or_default();
    (BASIC, true, sequence(&[&[1, 1, 0xff], &length]))
}

impl Certified {
    /// An authority that signs itself.
    pub(crate) fn root(key: Key) -> Self {
        Self {
            version: 2,
            serial: 1,
            issuer: csca_name(),
            subject: csca_name(),
            validity: ("20200526", "20350826"),
            key,
            extensions: vec![ski(&key), aki(&key), usage(true, 1, 0x06), authority(Some(0))],
            signer: key,
            algorithm: key.algorithm(),
            inner_algorithm: None,
        }
    }

    /// A link: the key of an authority, signed by an older one of the same name.
    pub(crate) fn link(key: Key, older: Key) -> Self {
        let mut link = Self::root(key).signed_by(older);
        link.serial = 2;
        link.set(aki(&older))
    }

    /// A document signer.
    pub(crate) fn signer(key: Key, authority: Key) -> Self {
        let mut signer = Self::root(key).signed_by(authority);
        signer.serial = 3;
        signer.subject = name(UTF8, "FR", "SIM-DS");
        signer.validity = ("20210101", "20310401");
        signer.extensions = vec![
            ski(&key),
            aki(&authority),
            usage(true, 7, 0x80),
            (TYPES, false, sequence(&[&integer(&[0]), &set(&[&object(PRINTABLE, b"ID")])])),
        ];
        signer
    }

    pub(crate) fn signed_by(mut self, signer: Key) -> Self {
        self.signer = signer;
        self.algorithm = signer.algorithm();
        self
    }

    /// With an extension in the place of the one of the same kind.
    pub(crate) fn set(mut self, extension: Extension) -> Self {
        self.extensions.retain(|(kind, ..)| *kind != extension.0);
        self.extensions.push(extension);
        self
    }

    pub(crate) fn without(mut self, kind: &str) -> Self {
        self.extensions.retain(|(found, ..)| *found != kind);
        self
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let extensions = extensions(&self.extensions);
        let version = if self.version == 0 { Vec::new() } else { object(0xa0, &integer(&[self.version])) };
        let extensions = if self.version == 2 { object(0xa3, &extensions) } else { Vec::new() };
        let body = sequence(&[
            &version,
            &integer(&[self.serial]),
            &declared(self.inner_algorithm.unwrap_or(self.algorithm)),
            &self.issuer,
            &sequence(&[&time(self.validity.0), &time(self.validity.1)]),
            &self.subject,
            &self.key.spki(),
            &extensions,
        ]);
        signed(&body, self.signer, self.algorithm)
    }
}

fn extensions(extensions: &[Extension]) -> Vec<u8> {
    let written: Vec<_> = extensions
        .iter()
        .map(|(kind, critical, value)| {
            let critical = if *critical { &[1, 1, 0xff][..] } else { &[] };
            sequence(&[&oid(kind), critical, &object(4, value)])
        })
        .collect();
    sequence(&written.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn signed(body: &[u8], key: Key, algorithm: Algorithm) -> Vec<u8> {
    sequence(&[body, &declared(algorithm), &bit_string(&key.sign(algorithm, body))])
}

/// What is written into a revocation list.
#[derive(Clone)]
pub(crate) struct Revoking {
    pub(crate) issuer: Vec<u8>,
    pub(crate) updates: (&'static str, Option<&'static str>),
    pub(crate) revoked: Vec<(u8, Vec<Extension>)>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) key: Key,
    pub(crate) algorithm: Algorithm,
}

pub(crate) const NUMBER: &str = "2.5.29.20";

impl Revoking {
    /// A list that revokes nothing.
    pub(crate) fn nothing(key: Key) -> Self {
        Self {
            issuer: csca_name(),
            updates: ("20261101", Some("20270130")),
            revoked: Vec::new(),
            extensions: vec![aki(&key), (NUMBER, false, integer(&[7]))],
            key,
            algorithm: key.algorithm(),
        }
    }

    pub(crate) fn numbered(mut self, number: u8) -> Self {
        self.extensions.retain(|(kind, ..)| *kind != NUMBER);
        self.extensions.push((NUMBER, false, integer(&[number])));
        self
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let entries: Vec<_> = self
            .revoked
            .iter()
            .map(|(serial, added)| {
                let added = if added.is_empty() { Vec::new() } else { extensions(added) };
                sequence(&[&integer(&[*serial]), &time("20261001"), &added])
            })
            .collect();
        let entries = match entries.as_slice() {
            [] => Vec::new(),
            entries => sequence(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>()),
        };
        let next = self.updates.1.map(time).unwrap_or_default();
        let body = sequence(&[
            &integer(&[1]),
            &declared(self.algorithm),
            &self.issuer,
            &time(self.updates.0),
            &next,
            &entries,
            &object(0xa0, &extensions(&self.extensions)),
        ]);
        signed(&body, self.key, self.algorithm)
    }
}
