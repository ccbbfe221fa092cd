//! What the register tells of a commune, of a grouping, of a code.

use crate::cnie::indicators::departements;
use crate::organisation::legal::{LegalCategory, Standing};
use crate::organisation::siret::Siren;
use crate::people::commune::{CommuneCode, Departement};

/// A commune as the register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommuneRecord<'a> {
    /// Its INSEE code.
    pub code: CommuneCode,
    /// Its name.
    pub name: &'a str,
    /// The département or collectivity it lies in.
    pub departement: Departement,
    /// The name of the region, or of the collectivity.
    pub region: &'a str,
    /// Its SIREN; collectivities of the Pacific and Saint-Pierre-et-Miquelon have none in the register.
    pub siren: Option<Siren>,
    /// How many live there (population municipale), where it is known.
    pub inhabitants: Option<u32>,
}

impl CommuneRecord<'_> {
    /// The name of its département.
    pub fn departement_name(&self) -> &str {
        departements::name_of(&self.departement)
    }

    /// Name and département, which tell it from every other; what a search finds again.
    pub fn label(&self) -> String {
        format!("{} ({})", self.name, self.departement)
    }
}

/// What kind of grouping of communes a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupingKind {
    /// Communauté de communes.
    CommunauteDeCommunes,
    /// Communauté d'agglomération.
    CommunauteDAgglomeration,
    /// Communauté urbaine.
    CommunauteUrbaine,
    /// Métropole.
    Metropole,
    /// The métropole de Lyon, a collectivity of its own kind.
    MetropoleDeLyon,
    /// Établissement public territorial, within the métropole du Grand Paris.
    EtablissementPublicTerritorial,
}

impl GroupingKind {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "CC" => Self::CommunauteDeCommunes,
            "CA" => Self::CommunauteDAgglomeration,
            "CU" => Self::CommunauteUrbaine,
            "METRO" => Self::Metropole,
            "MET69" => Self::MetropoleDeLyon,
            "EPT" => Self::EtablissementPublicTerritorial,
            _ => return None,
        })
    }

    /// Its legal category, where the kind tells it.
    pub const fn category(self) -> Option<LegalCategory> {
        match self {
            Self::CommunauteDeCommunes => Some(LegalCategory::of(7346)),
            Self::CommunauteDAgglomeration => Some(LegalCategory::of(7348)),
            Self::CommunauteUrbaine => Some(LegalCategory::of(7343)),
            Self::Metropole => Some(LegalCategory::of(7344)),
            Self::MetropoleDeLyon | Self::EtablissementPublicTerritorial => None,
        }
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CommunauteDeCommunes => "communauté de communes",
            Self::CommunauteDAgglomeration => "communauté d’agglomération",
            Self::CommunauteUrbaine => "communauté urbaine",
            Self::Metropole => "métropole",
            Self::MetropoleDeLyon => "métropole de Lyon",
            Self::EtablissementPublicTerritorial => "établissement public territorial",
        }
    }
}

/// A body that groups communes, and may act for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping<'a> {
    /// Its SIREN.
    pub siren: Siren,
    /// Its kind.
    pub kind: GroupingKind,
    /// Its name.
    pub name: &'a str,
    /// The codes of its communes, in order.
    pub communes: Vec<CommuneCode>,
}

/// Who has a SIREN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved<'a> {
    /// A commune.
    Commune(CommuneRecord<'a>),
    /// A grouping of communes.
    AttachedBody(Grouping<'a>),
    /// Nobody in the register: another body, or nobody at all.
    Unknown {
        /// The commune that the digits bring to mind: a hint for whoever mistyped, and nothing to decide on.
        looks_like: Option<CommuneRecord<'a>>,
    },
}

impl Resolved<'_> {
    /// What the organisation may be. Of a body that the register does not have, the legal category decides, which somebody
    /// looked up: a category of a commune is not enough without the register.
    pub const fn standing(&self, category: Option<LegalCategory>) -> Option<Standing> {
        match self {
            Self::Commune(_) => Some(Standing::Direct),
            Self::AttachedBody(_) => Some(Standing::Attached),
            Self::Unknown { .. } => match category {
                None => None,
                Some(category) => match category.standing() {
                    Standing::Direct => None,
                    standing @ (Standing::Attached | Standing::EditorOnly | Standing::NotAdmitted) => Some(standing),
                },
            },
        }
    }
}

/// What an INSEE code is, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place<'a> {
    /// A commune.
    Commune(CommuneRecord<'a>),
    /// An arrondissement of Paris, Lyon or Marseille: a place of birth, and no commune.
    Arrondissement {
        /// Its name.
        name: &'a str,
        /// Its commune.
        commune: CommuneRecord<'a>,
    },
    /// No commune's any more.
    Former {
        /// The name that went with it, where it is known.
        name: Option<&'a str>,
        /// The commune that it is a part of today.
        commune: CommuneRecord<'a>,
    },
}

impl<'a> Place<'a> {
    /// The commune that it is, or is a part of.
    pub fn into_commune(self) -> CommuneRecord<'a> {
        match self {
            Self::Commune(commune) | Self::Arrondissement { commune, .. } | Self::Former { commune, .. } => commune,
        }
    }
}

#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) code: &'a str,
    pub(super) name: &'a str,
    pub(super) siren: Option<Siren>,
    pub(super) inhabitants: Option<u32>,
}

/// A code that leads to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Former<'a> {
    pub(super) code: &'a str,
    pub(super) now: &'a str,
    pub(super) name: &'a str,
}

#[derive(Debug)]
pub(super) struct GroupingRow<'a> {
    pub(super) siren: Siren,
    pub(super) kind: GroupingKind,
    pub(super) name: &'a str,
    pub(super) communes: &'a str,
}

impl<'a> GroupingRow<'a> {
    pub(super) fn grouping(&self) -> Grouping<'a> {
        let codes = self.communes.split(' ').map(CommuneCode::parse);
        let communes = codes.collect::<Result<_, _>>().expect("reading parsed them");
        Grouping { siren: self.siren, kind: self.kind, name: self.name, communes }
    }
}
