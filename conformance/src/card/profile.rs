//! Kinds of cards, as data: `profiles.toml` beside this file.

use std::sync::LazyLock;

use serde::Deserialize;

use super::crypt::Hash;
use super::curve::{BRAINPOOL_P256, P256, P384, Parameters, Secret};
use super::files::FaceFormat;
use super::pki::certificate::{Name, Role, Template};
use super::pki::key::{Key, Scheme};
use super::pki::{Csca, DAY, Labels, Pki, REVOKED_SIGNER, YEAR, rsa};
use super::sod::{Encoding, Identifier, Signer};

/// What is out of the ordinary about a card, and what is to come of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it is, in French, for the telephone's page.
    pub about: String,
    #[serde(default)]
    signer: SignerKey,
    #[serde(default = "pkcs1")]
    scheme: Scheme,
    #[serde(default)]
    issuer: Csca,
    #[serde(default = "sha256")]
    issuer_hash: Hash,
    #[serde(default)]
    revoked: bool,
    #[serde(default = "france")]
    country: String,
    /// Issuing state in the zone.
    #[serde(default = "fra")]
    pub state: String,
    #[serde(default = "three")]
    age: f64,
    /// Groups that the State signed and the chip does not give.
    #[serde(default)]
    pub withheld: Vec<u8>,
    /// Groups that the chip gives and the State did not sign.
    #[serde(default)]
    pub unlisted: Vec<u8>,
    /// Groups that changed after they were signed.
    #[serde(default)]
    pub altered: Vec<u8>,
    #[serde(default)]
    identifier: Identifier,
    /// How the security object is written.
    #[serde(default)]
    pub encoding: Encoding,
    /// How the face is written.
    #[serde(default)]
    pub face: FaceFormat,
    /// Whether the chip has the secret of the key that its files announce.
    #[serde(default)]
    pub chip_key: ChipKey,
    /// The code that passive authentication refuses it with; none where it accepts.
    #[serde(default)]
    pub refused: Option<String>,
    /// Whether chip authentication succeeds.
    #[serde(default = "yes")]
    pub live: bool,
}

/// The key of the document signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SignerKey {
    #[default]
    Rsa,
    P256,
    P384,
    Brainpool,
    BrainpoolExplicit,
}

/// Whether the chip has the secret that it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChipKey {
    /// It has.
    #[default]
    Own,
    /// It has another: a clone.
    Other,
    /// The files announce none.
    None,
}

fn pkcs1() -> Scheme {
    Scheme::Pkcs1(Hash::Sha256)
}
fn sha256() -> Hash {
    Hash::Sha256
}
fn france() -> String {
    "FR".to_owned()
}
fn fra() -> String {
    "FRA".to_owned()
}
fn three() -> f64 {
    3.0
}
fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    profile: Vec<Profile>,
}

static BOOK: LazyLock<Book> =
    LazyLock::new(|| toml::from_str(include_str!("profiles.toml")).expect("the profiles of this crate are read"));

impl Profile {
    /// All of them.
    pub fn all() -> &'static [Self] {
        &BOOK.profile
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|profile| profile.name == name)
    }

    /// The genuine card.
    ///
    /// # Panics
    /// Never: it is the first of the book.
    pub fn genuine() -> &'static Self {
        Self::named("genuine").expect("the book has a genuine card")
    }

    /// When such a card was issued and when it expires, in epoch seconds.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "days of a few years")]
    pub fn validity(&self, pki: &Pki) -> (i64, i64) {
        let age = (self.age * YEAR as f64) as i64;
        let issued = pki.today() - age / DAY * DAY;
        let expiry = issued + 10 * YEAR;
        (issued, expiry - expiry.rem_euclid(DAY))
    }

    /// The signer of such a card, certified a month before the card was issued, for ten years and three months.
    pub fn signer(&self, pki: &Pki) -> Signer {
        let key = match self.signer {
            SignerKey::Rsa => Key::Rsa(&rsa::SIGNER),
            SignerKey::P256 => Key::Curve(Secret::generate(&P256), Parameters::Named),
            SignerKey::P384 => Key::Curve(Secret::generate(&P384), Parameters::Named),
            SignerKey::Brainpool => Key::Curve(Secret::generate(&BRAINPOOL_P256), Parameters::Named),
            SignerKey::BrainpoolExplicit => Key::Curve(Secret::generate(&BRAINPOOL_P256), Parameters::Explicit),
        };
        let (issued, _) = self.validity(pki);
        let made = issued - 30 * DAY;
        let serial = if self.revoked { REVOKED_SIGNER } else { made.unsigned_abs() / 60 };
        let country = if self.country == "FR" { "FR" } else { "DE" };
        let template = Template {
            serial,
            issuer: pki.csca(),
            subject: &Name::common(country, "SIM-DS"),
            validity: (made, made + 10 * YEAR + 90 * DAY),
            used_until: Some(made + 120 * DAY),
            key: key.public_info(),
            role: Role::DocumentSigner { labelled: pki.labels() == Labels::Signers },
        };
        let certificate = pki.certify_signer(&template, self.issuer, self.issuer_hash);
        let issuer = pki.csca().clone();
        Signer { key, scheme: self.scheme, certificate, issuer, serial, identifier: self.identifier }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Profile::all().iter().map(|profile| &profile.name).collect();
        assert_eq!(names.len(), Profile::all().len());
        assert!(Profile::genuine().refused.is_none() && Profile::genuine().live);
    }
}
