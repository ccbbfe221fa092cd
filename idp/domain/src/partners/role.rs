//! The roles that partners have: one in each of their organisations, any number with the operator.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::organisation::siret::Siret;
use crate::people::commune::Departement;

/// What somebody is in an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationRole {
    /// Looks after people, requests and credentials.
    Admin,
    /// Writes requests, and looks after sandbox and credentials.
    Editor,
    /// Reads.
    Reader,
}

impl OrganisationRole {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Editor, Self::Reader];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Reader => "reader",
        }
    }

    /// The role of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What somebody is for the operator of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorRole {
    /// Looks after the operator's people, organisations and switches.
    Admin,
    /// Reviews requests, approves and revokes.
    Instructor,
    /// Reads everything.
    Reporter,
    /// Reads what concerns one département.
    Prefecture(Departement),
}

impl OperatorRole {
    /// Reads `admin`, `instructor`, `reporter` or `prefecture:75`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "admin" => Some(Self::Admin),
            "instructor" => Some(Self::Instructor),
            "reporter" => Some(Self::Reporter),
            _ => Departement::parse(text.strip_prefix("prefecture:")?).ok().map(Self::Prefecture),
        }
    }

    /// The kind of role it is.
    pub const fn kind(&self) -> OperatorKind {
        match self {
            Self::Admin => OperatorKind::Admin,
            Self::Instructor => OperatorKind::Instructor,
            Self::Reporter => OperatorKind::Reporter,
            Self::Prefecture(_) => OperatorKind::Prefecture,
        }
    }
}

impl std::fmt::Display for OperatorRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Admin | Self::Instructor | Self::Reporter => f.write_str(self.kind().name()),
            Self::Prefecture(departement) => write!(f, "prefecture:{departement}"),
        }
    }
}

/// A role with the operator, whichever département it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperatorKind {
    /// [`OperatorRole::Admin`].
    Admin,
    /// [`OperatorRole::Instructor`].
    Instructor,
    /// [`OperatorRole::Reporter`].
    Reporter,
    /// [`OperatorRole::Prefecture`].
    Prefecture,
}

impl OperatorKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Instructor => "instructor",
            Self::Reporter => "reporter",
            Self::Prefecture => "prefecture",
        }
    }
}

/// The roles of one person with the operator: none, one or several.
pub type OperatorRoles = BTreeSet<OperatorRole>;

/// A place somebody has in one team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seat {
    /// In an organisation.
    Organisation(Siret, OrganisationRole),
    /// With the operator.
    Operator(OperatorRoles),
}

/// Which team.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamName {
    /// The people of an organisation.
    Organisation(Siret),
    /// The people of the operator.
    Operators,
}

impl Seat {
    /// The team it is in.
    pub fn team(&self) -> TeamName {
        match self {
            Self::Organisation(siret, _) => TeamName::Organisation(*siret),
            Self::Operator(_) => TeamName::Operators,
        }
    }

    /// Whether it is one of those that look after the others.
    pub fn administers(&self) -> bool {
        match self {
            Self::Organisation(_, role) => *role == OrganisationRole::Admin,
            Self::Operator(roles) => roles.contains(&OperatorRole::Admin),
        }
    }

    /// Whether it is a place at all: with the operator, one without any role is none.
    pub fn is_any(&self) -> bool {
        match self {
            Self::Organisation(_, _) => true,
            Self::Operator(roles) => !roles.is_empty(),
        }
    }

    /// The names of its roles.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Organisation(_, role) => vec![role.name().to_owned()],
            Self::Operator(roles) => roles.iter().map(ToString::to_string).collect(),
        }
    }
}

impl TeamName {
    /// The stable name: the SIRET, or `operators`.
    pub fn text(&self) -> String {
        match self {
            Self::Organisation(siret) => siret.digits(),
            Self::Operators => "operators".to_owned(),
        }
    }

    /// The team of that name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "operators" => Some(Self::Operators),
            _ => Siret::parse(name).ok().filter(|siret| siret.digits() == name).map(Self::Organisation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_back_from_its_own_name_and_from_no_other() {
        for text in ["admin", "instructor", "reporter", "prefecture:75", "prefecture:2A", "prefecture:974"] {
            assert_eq!(OperatorRole::parse(text).expect(text).to_string(), text);
        }
        for bad in
            ["", "prefecture", "prefecture:", "prefecture:00", "prefecture:20", "prefecture:7", "reader", "Admin"]
        {
            assert_eq!(OperatorRole::parse(bad), None, "{bad}");
        }
        for role in OrganisationRole::ALL {
            assert_eq!(OrganisationRole::named(role.name()), Some(role));
        }
        assert_eq!(OrganisationRole::named("instructor"), None);
        assert_eq!(TeamName::named("operators"), Some(TeamName::Operators));
    }
}
