//! Files of a card, right unless a test says otherwise.

use super::pki::{Certified, csca_name};
use super::{Form, Key, RSA_2048, declared, hash_identifier, integer, object, oid, sequence, set};
use crate::curve::Curve;
use crate::hash::Hash;
use crate::signature::Algorithm;

/// What is written into a security object.
#[derive(Clone)]
pub(crate) struct Card {
    /// Numbers and whole files that the card gives.
    pub(crate) files: Vec<(u8, Vec<u8>)>,
    /// Numbers and whole files that the State signed.
    pub(crate) listed: Vec<(u8, Vec<u8>)>,
    pub(crate) hash: Hash,
    pub(crate) hashes: Option<Vec<u8>>,
    pub(crate) content_type: &'static str,
    pub(crate) attributes: Vec<(&'static str, Vec<Vec<u8>>)>,
    pub(crate) with_attributes: bool,
    pub(crate) identifier: Vec<u8>,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) key: Key,
    pub(crate) algorithm: Algorithm,
    pub(crate) digest: Option<Hash>,
    pub(crate) signers: usize,
    pub(crate) outer: &'static str,
}

/// Thirty characters thrice, with check digits.
pub(crate) fn zone(code: &str, state: &str, birth: &str, expiry: &str) -> String {
    let digit = |field: &str| {
        let values = field.chars().map(|character| match character {
            '<' => 0,
            _ => character.to_digit(36).unwrap(),
        });
        (values.zip([7, 3, 1].into_iter().cycle()).map(|(value, weight)| value * weight).sum::<u32>() % 10).to_string()
    };
    let number = "X4RTBPFW4";
    let first = format!("{code}{state}{number}{}{}", digit(number), "<".repeat(15));
    let dates = (format!("{birth}{}", digit(birth)), format!("{expiry}{}", digit(expiry)));
    let optional = "<".repeat(11);
    let all = digit(&format!("{}{}{}{optional}", &first[5..], dates.0, dates.1));
    let names = format!("{:<<30}", "MARTIN<<MAELIS<GAELLE");
    format!("{first}{}F{}{state}{optional}{all}{names}", dates.0, dates.1)
}

pub(crate) fn dg1(zone: &str) -> Vec<u8> {
    object(0x61, &[&[0x5f, 0x1f, u8::try_from(zone.len()).unwrap()], zone.as_bytes()].concat())
}

pub(crate) fn dg14() -> Vec<u8> {
    let key = Key::Ec(Curve::BrainpoolP256r1, 0x77, Form::Explicit);
    object(
        0x6e,
        &set(&[
            &sequence(&[&oid("0.4.0.127.0.7.2.2.1.2"), &key.spki()]),
            &sequence(&[&oid("0.4.0.127.0.7.2.2.3.2.4"), &integer(&[1])]),
        ]),
    )
}

/// The key of the signer of most tests.
pub(crate) const SIGNER: Key = RSA_2048;

impl Card {
    /// A card whose files are signed by a signer.
    pub(crate) fn signed_by(certificate: &Certified) -> Self {
        let files =
            vec![(1, dg1(&zone("ID", "FRA", "900713", "320211"))), (2, object(0x75, &[0xfa; 300])), (14, dg14())];
        let mut listed = files.clone();
        listed.push((3, object(0x63, b"fingerprints")));
        Self {
            files,
            listed,
            hash: Hash::Sha256,
            hashes: None,
            content_type: "2.23.136.1.1.1",
            attributes: Vec::new(),
            with_attributes: true,
            identifier: sequence(&[&csca_name(), &integer(&[certificate.serial])]),
            certificates: vec![certificate.der()],
            key: certificate.key,
            algorithm: certificate.key.algorithm(),
            digest: None,
            signers: 1,
            outer: "1.2.840.113549.1.7.2",
        }
    }

    /// LDSSecurityObject.
    pub(crate) fn content(&self) -> Vec<u8> {
        let entries: Vec<_> = self
            .listed
            .iter()
            .map(|(group, file)| sequence(&[&integer(&[*group]), &object(4, &self.hash.digest(&[file]))]))
            .collect();
        let entries = sequence(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>());
        self.hashes.clone().unwrap_or_else(|| sequence(&[&integer(&[0]), &hash_identifier(self.hash), &entries]))
    }

    /// ContentInfo.
    pub(crate) fn signed_data(&self) -> Vec<u8> {
        let content = self.content();
        let digest = self.digest.unwrap_or(self.algorithm.hash());
        let mut attributes: Vec<(&str, Vec<Vec<u8>>)> = vec![
            ("1.2.840.113549.1.9.3", vec![oid(self.content_type)]),
            ("1.2.840.113549.1.9.4", vec![object(4, &digest.digest(&[&content]))]),
            ("1.2.840.113549.1.9.5", vec![object(0x17, b"220211093000Z")]),
        ];
        for (kind, values) in &self.attributes {
            attributes.retain(|(found, _)| found != kind || values.is_empty());
            match values.as_slice() {
                [] => attributes.push(attributes.iter().find(|(found, _)| found == kind).unwrap().clone()),
                values => attributes.push((kind, values.to_vec())),
            }
        }
        attributes.retain(|(_, values)| values != &[Vec::<u8>::new()]);
        let attributes: Vec<_> = attributes
            .iter()
            .map(|(kind, values)| sequence(&[&oid(kind), &set(&values.iter().map(Vec::as_slice).collect::<Vec<_>>())]))
            .collect();
        let attributes = set(&attributes.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let signature = self.key.sign(self.algorithm, &attributes);
        let tagged = [&[0xa0], &attributes[1..]].concat();
        let signer = sequence(&[
            &integer(&[1]),
            &self.identifier,
            &hash_identifier(digest),
            if self.with_attributes { &tagged } else { &[] },
            &declared(self.algorithm),
            &object(4, &signature),
        ]);
        let certificates = match self.certificates.as_slice() {
            [] => Vec::new(),
            certificates => object(0xa0, &certificates.concat()),
        };
        let data = sequence(&[
            &integer(&[3]),
            &set(&[&hash_identifier(digest)]),
            &sequence(&[&oid(self.content_type), &object(0xa0, &object(4, &content))]),
            &certificates,
            &object(0x31, &signer.repeat(self.signers)),
        ]);
        sequence(&[&oid(self.outer), &object(0xa0, &data)])
    }

    /// EF.SOD.
    pub(crate) fn sod(&self) -> Vec<u8> {
        object(0x77, &self.signed_data())
    }
}

/// A record of one face (ISO/IEC 19794-5:2005 §5) with so many points.
pub(crate) fn facial_record(image: &[u8], points: u8) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
    let face = [&[0, points][..], &[0; 14], &vec![1; 8 * usize::from(points)], &[1, 0], &[0; 10], image].concat();
    let header = [&b"FAC\x00010\0"[..], &number(14 + 4 + face.len()), &[0, 1]].concat();
    [&header[..], &number(4 + face.len()), &face].concat()
}

/// Data group 2 with one face.
pub(crate) fn dg2(image: &[u8]) -> Vec<u8> {
    let two = |tag: [u8; 2], value: &[u8]| [&[tag[0]], &object(tag[1], value)[..]].concat();
    let format = object(0xa1, &[0x81, 1, 2, 0x87, 2, 1, 1, 0x88, 2, 0, 8]);
    let one = two([0x7f, 0x60], &[format, two([0x5f, 0x2e], &facial_record(image, 0))].concat());
    object(0x75, &two([0x7f, 0x61], &[integer(&[1]), one].concat()))
}

/// Data group 13 as French cards were seen to write it.
pub(crate) fn dg13() -> Vec<u8> {
    let objects: [(u8, &[u8]); 4] =
        [(1, b"1m72"), (3, b"12 RUE DE L'\xc9GLISE<<45000<ORL\xc9ANS"), (4, b"B\xc2T. C"), (7, b"ORL\xc9ANS<45")];
    let tags: Vec<u8> = objects.iter().flat_map(|(tag, _)| [0x9f, *tag]).collect();
    let objects = objects.map(|(tag, value)| [&[0x9f], &object(tag, value)[..]].concat()).concat();
    object(0x6d, &[object(0x5c, &tags), objects].concat())
}
