//! The simulator's authorities: those of documents, those of the keys that sign for holders, and their revocation lists.
//!
//! ```text
//!  SIM-CSCA key 1 ──link──▶ key 2 ──link──▶ key 3      one name for all keys, as the French authority has it
//!       pinned               pinned          not pinned: only the link leads to it
//!        └─ signers of old    └─ signers      └─ signers of tomorrow, and the revocation list
//!
//!  SIM-eID root (pathLen 1, pinned) ──▶ SIM-eID sub-CA (pathLen 0) ──▶ keys of cards
//! ```
//!
//! [`Pki::write`] lays them out as a gateway reads trust folders.

pub mod certificate;
pub mod key;
pub mod rsa;

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use certificate::{ListTemplate, Name, Role, Template};
use key::{Key, Scheme};

use super::crypt::Hash;
use super::curve::Secret;

/// Seconds of a day.
pub const DAY: i64 = 86_400;
/// Seconds of a year, nearly.
pub const YEAR: i64 = 365 * DAY + DAY / 4;
/// The serial number of the document signer that is revoked.
pub const REVOKED_SIGNER: u64 = 0x0bad;
/// How all of it is signed, as the French authorities do.
const SIGNED: Scheme = Scheme::Pkcs1(Hash::Sha256);

/// Which key of the authority of documents signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Csca {
    /// The first, used twelve to seven years ago.
    First,
    /// The second, used today.
    #[default]
    Second,
    /// The third, to which only a link leads.
    Third,
    /// Somebody else's under the same name.
    Wrong,
}

/// Which certificates say that they are the simulator's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// Those of its authorities, as it should be.
    Authorities,
    /// Those of the signers of documents alone: the roots pass for a State's.
    Signers,
}

/// The authorities as they stand at a moment.
#[derive(Debug)]
pub struct Pki {
    at: i64,
    labels: Labels,
    csca: Name,
    eid_root: Name,
    eid_sub: Name,
}

impl Csca {
    fn key(self) -> Key {
        Key::Rsa(match self {
            Self::First => &rsa::CSCA_1,
            Self::Second => &rsa::CSCA_2,
            Self::Third => &rsa::CSCA_3,
            Self::Wrong => &rsa::CSCA_WRONG,
        })
    }

    /// How many years ago the key was made.
    fn age(self) -> i64 {
        match self {
            Self::First => 12,
            Self::Second | Self::Wrong => 7,
            Self::Third => 2,
        }
    }
}

impl Pki {
    /// The authorities at a moment (epoch seconds): what they sign is dated around it.
    pub fn new(at: i64) -> Self {
        Self {
            at: at - at.rem_euclid(DAY),
            labels: Labels::Authorities,
            csca: Name::common("FR", "SIM-CSCA"),
            eid_root: Name::common("FR", "SIM-eID"),
            eid_sub: Name::common("FR", "SIM-eID porteurs"),
        }
    }

    /// The same, labelled otherwise.
    #[must_use]
    pub fn labelling(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }

    /// Which certificates are labelled.
    pub fn labels(&self) -> Labels {
        self.labels
    }

    fn labels_authorities(&self) -> bool {
        self.labels == Labels::Authorities
    }

    /// The beginning of the day of the simulation.
    pub fn today(&self) -> i64 {
        self.at
    }

    /// The name of the authority of documents.
    pub fn csca(&self) -> &Name {
        &self.csca
    }

    /// A root of documents: the certificate of one of its keys, signed with itself.
    pub fn root(&self, key: Csca) -> Vec<u8> {
        self.authority(key, key, 1)
    }

    /// The certificate of a key, signed with the one before it.
    pub fn link(&self, key: Csca, by: Csca) -> Vec<u8> {
        self.authority(key, by, 2)
    }

    fn authority(&self, key: Csca, by: Csca, serial: u64) -> Vec<u8> {
        let made = self.at - key.age() * YEAR;
        let template = Template {
            serial,
            issuer: &self.csca,
            subject: &self.csca,
            // The key is used for five years; what it signed lives ten years and three months more (cnie.md §4).
            validity: (made, made + 15 * YEAR + 90 * DAY),
            used_until: Some(made + 5 * YEAR),
            key: key.key().public_info(),
            role: Role::Authority { below: 0, labelled: self.labels_authorities() && key != Csca::Wrong },
        };
        template.signed(&by.key(), SIGNED)
    }

    /// Signs the certificate of a document signer.
    pub fn certify_signer(&self, template: &Template<'_>, by: Csca, hash: Hash) -> Vec<u8> {
        template.signed(&by.key(), Scheme::Pkcs1(hash))
    }

    /// The root of the keys that sign for holders.
    pub fn eid_root(&self) -> Vec<u8> {
        self.eid_authority(&self.eid_root, &rsa::EID_ROOT, 1)
    }

    /// The authority below it.
    pub fn eid_sub(&self) -> Vec<u8> {
        self.eid_authority(&self.eid_sub, &rsa::EID_SUB, 0)
    }

    fn eid_authority(&self, subject: &Name, key: &'static rsa::Rsa, below: u32) -> Vec<u8> {
        let made = self.at - 4 * YEAR;
        let template = Template {
            serial: u64::from(below) + 1,
            issuer: &self.eid_root,
            subject,
            validity: (made, made + 15 * YEAR + 90 * DAY),
            used_until: None,
            key: key.public_info(),
            role: Role::Authority { below, labelled: self.labels_authorities() },
        };
        template.signed(&Key::Rsa(&rsa::EID_ROOT), SIGNED)
    }

    /// The certificate of a card's key: its document number and nothing of the holder.
    pub fn certify_card(&self, serial: u64, document_number: &str, key: &Secret, until: i64) -> Vec<u8> {
        let template = Template {
            serial,
            issuer: &self.eid_sub,
            subject: &Name::serial("FR", document_number),
            validity: (self.at - DAY, until),
            used_until: None,
            key: key.public_info(super::curve::Parameters::Named),
            role: Role::Holder,
        };
        template.signed(&Key::Rsa(&rsa::EID_SUB), SIGNED)
    }

    /// The revocation list of documents, signed with the newest key (cnie.md §4).
    pub fn document_list(&self) -> Vec<u8> {
        let revoked = vec![(REVOKED_SIGNER, self.at - 30 * DAY)];
        self.list(&self.csca, revoked, Csca::Third.key())
    }

    /// The revocation lists of the keys that sign for holders: the root's, and the one below it, with these serial numbers.
    pub fn eid_lists(&self, revoked: &[u64]) -> [Vec<u8>; 2] {
        let revoked = revoked.iter().map(|serial| (*serial, self.at - DAY)).collect();
        [
            self.list(&self.eid_root, Vec::new(), Key::Rsa(&rsa::EID_ROOT)),
            self.list(&self.eid_sub, revoked, Key::Rsa(&rsa::EID_SUB)),
        ]
    }

    #[expect(clippy::needless_pass_by_value, reason = "keys are references to statics, made for the call")]
    fn list(&self, issuer: &Name, revoked: Vec<(u64, i64)>, by: Key) -> Vec<u8> {
        let template = ListTemplate { issuer, number: 7, updates: (self.at - DAY, self.at + 89 * DAY), revoked };
        template.signed(&by)
    }

    /// Writes both trust folders below `folder`: `cnie` and `eid`, each with `pins`, the certificates, and `crls`.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let documents = Folder {
            pinned: vec![("csca-1", self.root(Csca::First)), ("csca-2", self.root(Csca::Second))],
            others: vec![
                ("csca-2-link", self.link(Csca::Second, Csca::First)),
                ("csca-3-link", self.link(Csca::Third, Csca::Second)),
            ],
            lists: vec![("csca", self.document_list())],
        };
        documents.write(&folder.join("cnie"))?;
        let [root, sub] = self.eid_lists(&[]);
        let holders = Folder {
            pinned: vec![("eid-root", self.eid_root())],
            others: vec![("eid-sub", self.eid_sub())],
            lists: vec![("eid-root", root), ("eid-sub", sub)],
        };
        holders.write(&folder.join("eid"))
    }
}

/// A trust folder: `pins` names the roots, beside them all certificates, the revocation lists in `crls`.
struct Folder {
    pinned: Vec<(&'static str, Vec<u8>)>,
    others: Vec<(&'static str, Vec<u8>)>,
    lists: Vec<(&'static str, Vec<u8>)>,
}

impl Folder {
    fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder.join("crls"))?;
        let mut pins = "# Racines du simulateur : ne prouvent rien.\n".to_owned();
        for (name, der) in &self.pinned {
            let hash: String = Hash::Sha256.of(der).iter().fold(String::new(), |mut hex, octet| {
                let _infallible = write!(hex, "{octet:02x}");
                hex
            });
            let _infallible = writeln!(pins, "{hash}  # {name}");
        }
        std::fs::write(folder.join("pins"), pins)?;
        for (name, der) in self.pinned.iter().chain(&self.others) {
            std::fs::write(folder.join(format!("{name}.der")), der)?;
        }
        for (name, der) in &self.lists {
            std::fs::write(folder.join(format!("crls/{name}.crl")), der)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
