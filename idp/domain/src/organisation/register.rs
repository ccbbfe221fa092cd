//! The register of French communes and of their groupings, as it is shipped: read-only, of one edition.
//!
//! ```text
//!  SIREN ──resolve──▶ Commune │ AttachedBody │ Unknown { looks_like }
//!  code ──place──▶ Commune │ Arrondissement of one │ Former: part of one today
//!  "st denis (974)" ──search──▶ communes, the largest first
//! ```
//!
//! A SIREN is a commune's when the register has it, and never because of its digits: in the edition of 2026, one commune
//! in six has a SIREN that its INSEE code does not predict, and one in ten has the one predicted for another.
//!
//! The file is `data/communes.tsv.gz`, made by the program `communes` of conformance; its notice and licence are beside it.

mod reading;
mod record;
mod search;

use std::io::Read as _;
use std::sync::{LazyLock, OnceLock};

use flate2::read::GzDecoder;

pub use self::reading::{BadLine, BadRegister};
pub use self::record::{CommuneRecord, Grouping, GroupingKind, Place, Resolved};
use self::record::{Former, GroupingRow, Row};
use self::search::Index;
use super::siret::Siren;
use crate::people::commune::CommuneCode;

/// Which edition of the register this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition<'a> {
    /// The package that it comes from.
    pub package: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The day it was made, YYYY-MM-DD.
    pub day: &'a str,
    /// SHA-256 of the package's tarball.
    pub sha256: &'a str,
}

/// The register.
#[derive(Debug)]
pub struct Register<'a> {
    edition: Edition<'a>,
    regions: Vec<(&'a str, &'a str)>,
    /// By code, as are the next three.
    communes: Vec<Row<'a>>,
    /// The codes of `communes` close together: forty thousand are looked up while the file is read.
    codes: Vec<[u8; 5]>,
    former: Vec<Former<'a>>,
    arrondissements: Vec<Former<'a>>,
    /// By SIREN.
    groupings: Vec<GroupingRow<'a>>,
    /// SIREN and place in `communes`, by SIREN.
    bodies: Vec<(Siren, usize)>,
    index: OnceLock<Index>,
}

impl Register<'static> {
    /// The register as it is shipped, read when first asked for.
    pub fn shipped() -> &'static Self {
        static TEXT: LazyLock<String> = LazyLock::new(|| {
            let mut text = String::new();
            GzDecoder::new(include_bytes!("../../data/communes.tsv.gz").as_slice())
                .read_to_string(&mut text)
                .expect("the file is part of the program, and a test unpacks it");
            text.shrink_to_fit();
            text
        });
        static REGISTER: LazyLock<Register<'static>> =
            LazyLock::new(|| Register::read(&TEXT).expect("the file is part of the program, and a test reads it"));
        &REGISTER
    }
}

impl<'a> Register<'a> {
    /// Which edition this is.
    pub const fn edition(&self) -> Edition<'a> {
        self.edition
    }

    /// Who has this SIREN.
    pub fn resolve(&self, siren: Siren) -> Resolved<'a> {
        let commune = self.bodies.binary_search_by_key(&siren, |(known, _)| *known);
        if let Some(row) = commune.ok().and_then(|found| self.communes.get(self.bodies.get(found)?.1)) {
            return Resolved::Commune(self.record(row));
        }
        let grouping = self.groupings.binary_search_by_key(&siren, |row| row.siren).ok();
        match grouping.and_then(|found| self.groupings.get(found)) {
            Some(row) => Resolved::AttachedBody(row.grouping()),
            None => Resolved::Unknown { looks_like: self.hint(siren) },
        }
    }

    /// The commune of a code that is a commune's today.
    pub fn commune(&self, code: &CommuneCode) -> Option<CommuneRecord<'a>> {
        self.row(code.as_str()).map(|row| self.record(row))
    }

    /// What a code of five characters is or was: of a commune, of an arrondissement, of what is a part of a commune now.
    pub fn place(&self, code: &str) -> Option<Place<'a>> {
        let commune = |code| self.commune(&CommuneCode::parse(code).ok()?);
        let among = |list: &[Former<'a>]| {
            let found = list.binary_search_by(|former| former.code.cmp(code)).ok()?;
            list.get(found).copied()
        };
        if let Some(commune) = commune(code) {
            return Some(Place::Commune(commune));
        }
        if let Some(part) = among(&self.arrondissements) {
            return Some(Place::Arrondissement { name: part.name, commune: commune(part.now)? });
        }
        let former = among(&self.former)?;
        let name = Some(former.name).filter(|name| !name.is_empty());
        Some(Place::Former { name, commune: commune(former.now)? })
    }

    /// At most so many communes whose name begins with this, the largest first, and one of just this name before all.
    /// Accents, case and hyphens do not count, nor does an article before the name. `Saint-Denis (974)` asks in one
    /// département; a code finds its commune.
    pub fn search(&self, text: &str, most: usize) -> Vec<CommuneRecord<'a>> {
        if let Some(place) = self.place(text.trim()) {
            return vec![place.into_commune()].into_iter().take(most).collect();
        }
        let index = self.index.get_or_init(|| Index::of(&self.communes));
        let found = index.search(text, &self.communes, most);
        found.into_iter().map(|row| self.record(row)).collect()
    }

    /// All communes, by code.
    pub fn communes(&self) -> impl Iterator<Item = CommuneRecord<'a>> {
        self.communes.iter().map(|row| self.record(row))
    }

    /// All groupings of communes, by SIREN.
    pub fn groupings(&self) -> impl Iterator<Item = Grouping<'a>> {
        self.groupings.iter().map(GroupingRow::grouping)
    }

    fn row(&self, code: &str) -> Option<&Row<'a>> {
        self.communes.get(self.codes.binary_search(&packed(code)?).ok()?)
    }

    fn record(&self, row: &Row<'a>) -> CommuneRecord<'a> {
        let code = CommuneCode::parse(row.code).expect("reading parsed it");
        let departement = code.departement();
        let region = self.regions.binary_search_by(|(known, _)| (*known).cmp(departement.as_str()));
        let region = region.ok().and_then(|found| self.regions.get(found)).map_or("", |(_, name)| *name);
        CommuneRecord { code, name: row.name, departement, region, siren: row.siren, inhabitants: row.inhabitants }
    }

    /// The commune that a SIREN's digits bring to mind: `21`, département, `0`, number within it, key; `20` for Corsica.
    fn hint(&self, siren: Siren) -> Option<CommuneRecord<'a>> {
        let digits = String::from(siren);
        let departement = digits.strip_prefix("21")?.get(..2)?;
        let number = digits.get(4..8)?.strip_prefix('0')?;
        self.place(&format!("{departement}{number}")).map(Place::into_commune)
    }
}

fn packed(code: &str) -> Option<[u8; 5]> {
    code.as_bytes().try_into().ok()
}

#[cfg(test)]
#[path = "register/shipped_tests.rs"]
mod shipped_tests;
#[cfg(test)]
mod tests;
