//! Roots that a State published, to be told apart where a store is looked at. They are no anchors: what is trusted, a store
//! pins, after its operator held the value against the publisher's own.

use crate::certificate::Fingerprint;

/// A root that a State published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its name and the year of its key.
    pub name: &'static str,
    /// What it is for.
    pub family: Family,
    /// SHA-256 of the whole certificate, in hexadecimal.
    pub sha256: &'static str,
}

/// What the certificates under a root are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Signers of documents.
    Documents,
    /// Holders of cards.
    Holders,
}

/// Those of the French State whose signatures may still be met. The one of 2006 signs with SHA-1, the one of 2010 is expired.
pub const FRENCH: [Published; 4] = [
    Published {
        name: "CSCA-FRANCE 2015",
        family: Family::Documents,
        sha256: "5ba9a2069f34cd93fab9dcb39c6a7a7be62141f8bcb608aff815167c813ecf92",
    },
    Published {
        name: "CSCA-FRANCE 2020",
        family: Family::Documents,
        sha256: "28df42a7a0ed1b20f994cc96999060619e095b09764159703438ec60b88ee856",
    },
    Published {
        name: "CSCA-FRANCE 2025",
        family: Family::Documents,
        sha256: "d628b5100ddcbed8f3e5fa05e53b6b80bebb1e6264a12583319ef955c91d9349",
    },
    Published {
        name: "eID-FRANCE 2021",
        family: Family::Holders,
        sha256: "b33ea63b9be01082d98071a29111757c72257eba80d7205d21fa35436c29fe7c",
    },
];

impl Published {
    /// The one of a certificate, if it is one.
    pub fn of(certificate: Fingerprint) -> Option<&'static Self> {
        FRENCH.iter().find(|root| Fingerprint::from_hex(root.sha256) == Some(certificate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an operator is given to pin is what is told here.
    #[test]
    fn the_lists_of_pins_are_of_the_published_roots() {
        let lists = [
            (Family::Documents, include_str!("../../../../config/trust/cnie/pins")),
            (Family::Holders, include_str!("../../../../config/trust/eid/pins")),
        ];
        for (family, list) in lists {
            let lines = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
            let listed: Vec<_> = lines.map(|line| line.split_once(" # ").unwrap()).collect();
            let published = FRENCH.iter().filter(|root| root.family == family);
            let published: Vec<_> = published.map(|root| (root.sha256, root.name)).collect();
            assert_eq!(listed, published);
        }
        for root in &FRENCH {
            assert_eq!(Published::of(Fingerprint::from_hex(root.sha256).unwrap()), Some(root));
        }
        assert_eq!(Published::of(Fingerprint([0; 32])), None);
    }
}
