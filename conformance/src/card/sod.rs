//! Signed data (RFC 5652 §5): the security object of the application (ICAO 9303-10 §4.6.2), and EF.CardSecurity.

use serde::Deserialize;

use super::der;
use super::pki::certificate::{Name, Strings, key_identifier};
use super::pki::key::{Key, Scheme};

/// id-icao-mrtd-security-ldsSecurityObject.
const HASHES: &str = "2.23.136.1.1.1";
/// id-SecurityObject (TR-03110-3 §A.1.2.5).
const SECURITY_OBJECT: &str = "0.4.0.127.0.7.3.2.1";

/// How the signer is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identifier {
    /// As its certificate names its issuer, octet by octet.
    #[default]
    Same,
    /// By the same name in other string types.
    OtherStrings,
    /// By its key.
    Key,
}

/// How the object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// DER.
    #[default]
    Der,
    /// BER with indefinite lengths, as met in the field.
    Indefinite,
}

/// Who signs the files of a card.
#[derive(Debug, Clone)]
pub struct Signer {
    /// Its key.
    pub key: Key,
    /// How it signs.
    pub scheme: Scheme,
    /// Its certificate.
    pub certificate: Vec<u8>,
    /// The issuer of the certificate.
    pub issuer: Name,
    /// Its serial number.
    pub serial: u64,
    /// How the security object names it.
    pub identifier: Identifier,
}

impl Signer {
    /// EF.SOD over these groups: the hash of each whole file.
    pub fn security_object(&self, groups: &[(u8, &[u8])], encoding: Encoding) -> Vec<u8> {
        let hash = self.scheme.hash();
        let hash_of =
            |(group, file): &(u8, &[u8])| der::sequence(&[der::number(u32::from(*group)), der::octets(&hash.of(file))]);
        let hashes: Vec<_> = groups.iter().map(hash_of).collect();
        let algorithm = der::sequence(&[der::oid(hash.oid()), der::null()]);
        let content = der::sequence(&[der::number(0), algorithm, der::sequence(&hashes)]);
        let signed = self.signed_data(HASHES, &content);
        let contents = match encoding {
            Encoding::Der => signed,
            Encoding::Indefinite => indefinite(&signed),
        };
        der::object(0x77, &contents)
    }

    /// EF.CardSecurity over these infos.
    pub fn card_security(&self, infos: &[u8]) -> Vec<u8> {
        self.signed_data(SECURITY_OBJECT, infos)
    }

    fn signed_data(&self, kind: &str, content: &[u8]) -> Vec<u8> {
        let hash = self.scheme.hash();
        let digest = der::sequence(&[der::oid(hash.oid()), der::null()]);
        let attribute = |oid: &str, value: Vec<u8>| der::sequence(&[der::oid(oid), der::set_of(vec![value])]);
        let attributes = der::set_of(vec![
            attribute("1.2.840.113549.1.9.3", der::oid(kind)),
            attribute("1.2.840.113549.1.9.4", der::octets(&hash.of(content))),
        ]);
        let mut implicit = attributes.clone();
        implicit[0] = 0xa0;
        let (version, identifier) = self.identified();
        let signer = der::sequence(&[
            der::number(version),
            identifier,
            digest.clone(),
            implicit,
            self.scheme.algorithm(),
            der::octets(&self.key.sign(self.scheme, &attributes)),
        ]);
        let signed = der::sequence(&[
            der::number(3),
            der::set_of(vec![digest]),
            der::sequence(&[der::oid(kind), der::context(0, &[der::octets(content)])]),
            der::context(0, &[&self.certificate]),
            der::set_of(vec![signer]),
        ]);
        der::sequence(&[der::oid("1.2.840.113549.1.7.2"), der::context(0, &[signed])])
    }

    fn identified(&self) -> (u32, Vec<u8>) {
        let named =
            |strings| (1, der::sequence(&[self.issuer.encoded(strings), der::integer(&self.serial.to_be_bytes())]));
        match self.identifier {
            Identifier::Same => named(Strings::Utf8),
            Identifier::OtherStrings => named(Strings::Printable),
            Identifier::Key => (3, der::object(0x80, &key_identifier(&self.key.public_info()))),
        }
    }
}

/// The outermost objects with lengths that are not told before (X.690 §8.1.3.6): the two of the envelope, and SignedData.
fn indefinite(der: &[u8]) -> Vec<u8> {
    let open = |tag: u8, contents: &[u8]| [&[tag, 0x80], contents, &[0, 0]].concat();
    let parts = der::find(der, der::SEQUENCE).and_then(der::all).unwrap_or_default();
    let mut contents = Vec::new();
    for part in parts {
        match (part.tag, der::first(part.value)) {
            (0xa0, Some((signed, _))) => contents.extend(open(0xa0, &open(0x30, signed.value))),
            _ => contents.extend(part.whole),
        }
    }
    open(0x30, &contents)
}
