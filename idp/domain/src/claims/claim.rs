//! The single facts that may be released.

use serde::{Deserialize, Serialize};

use crate::client::Label;

/// A claim about the citizen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Claim {
    /// Family name at birth.
    FamilyName,
    /// The name the citizen goes by.
    PreferredUsername,
    /// Given names in one text.
    GivenName,
    /// Given names as a list.
    GivenNameArray,
    /// Gender.
    Gender,
    /// Date of birth, unknown parts completed by 01.
    Birthdate,
    /// Date of birth as the identity provider gave it, unknown parts as 00.
    IdpBirthdate,
    /// INSEE code of the commune of birth, empty for those born abroad.
    Birthplace,
    /// INSEE code of the country of birth.
    Birthcountry,
    /// E-mail address.
    Email,
    /// Which identity provider vouched.
    IdpId,
    /// Family name in the civil registry.
    RnippFamilyName,
    /// Given names in the civil registry.
    RnippGivenName,
    /// Given names in the civil registry, as a list.
    RnippGivenNameArray,
    /// Gender in the civil registry.
    RnippGender,
    /// Date of birth in the civil registry.
    RnippBirthdate,
    /// Place of birth in the civil registry.
    RnippBirthplace,
    /// Country of birth in the civil registry.
    RnippBirthcountry,
}

impl Claim {
    /// Every claim, in the order in which a citizen reads them.
    pub const ALL: [Self; 18] = [
        Self::FamilyName,
        Self::PreferredUsername,
        Self::GivenName,
        Self::GivenNameArray,
        Self::Gender,
        Self::Birthdate,
        Self::IdpBirthdate,
        Self::Birthplace,
        Self::Birthcountry,
        Self::Email,
        Self::IdpId,
        Self::RnippFamilyName,
        Self::RnippGivenName,
        Self::RnippGivenNameArray,
        Self::RnippGender,
        Self::RnippBirthdate,
        Self::RnippBirthplace,
        Self::RnippBirthcountry,
    ];

    /// The name of the claim in tokens and userinfo.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FamilyName => "family_name",
            Self::PreferredUsername => "preferred_username",
            Self::GivenName => "given_name",
            Self::GivenNameArray => "given_name_array",
            Self::Gender => "gender",
            Self::Birthdate => "birthdate",
            Self::IdpBirthdate => "idp_birthdate",
            Self::Birthplace => "birthplace",
            Self::Birthcountry => "birthcountry",
            Self::Email => "email",
            Self::IdpId => "idp_id",
            Self::RnippFamilyName => "rnipp_family_name",
            Self::RnippGivenName => "rnipp_given_name",
            Self::RnippGivenNameArray => "rnipp_given_name_array",
            Self::RnippGender => "rnipp_gender",
            Self::RnippBirthdate => "rnipp_birthdate",
            Self::RnippBirthplace => "rnipp_birthplace",
            Self::RnippBirthcountry => "rnipp_birthcountry",
        }
    }

    /// Reads a claim's name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.name() == name)
    }

    /// What the citizen reads.
    pub fn label(self) -> Label {
        let (fr, en) = match self {
            Self::FamilyName => ("Nom de naissance", "Family name at birth"),
            Self::PreferredUsername => ("Nom d’usage", "Name in use"),
            Self::GivenName | Self::GivenNameArray => ("Prénoms", "Given names"),
            Self::Gender => ("Sexe", "Gender"),
            Self::Birthdate => ("Date de naissance", "Date of birth"),
            Self::IdpBirthdate => {
                ("Date de naissance, telle que donnée par votre compte", "Date of birth, as given by your account")
            }
            Self::Birthplace => ("Lieu de naissance (code)", "Place of birth (code)"),
            Self::Birthcountry => ("Pays de naissance (code)", "Country of birth (code)"),
            Self::Email => ("Adresse électronique", "E-mail address"),
            Self::IdpId => ("Compte utilisé pour vous connecter", "Account used to sign in"),
            Self::RnippFamilyName => ("Nom de naissance à l’état civil", "Family name in the civil registry"),
            Self::RnippGivenName | Self::RnippGivenNameArray => {
                ("Prénoms à l’état civil", "Given names in the civil registry")
            }
            Self::RnippGender => ("Sexe à l’état civil", "Gender in the civil registry"),
            Self::RnippBirthdate => ("Date de naissance à l’état civil", "Date of birth in the civil registry"),
            Self::RnippBirthplace => {
                ("Lieu de naissance à l’état civil (code)", "Place of birth in the civil registry (code)")
            }
            Self::RnippBirthcountry => {
                ("Pays de naissance à l’état civil (code)", "Country of birth in the civil registry (code)")
            }
        };
        Label { fr: fr.to_owned(), en: en.to_owned() }
    }
}

impl TryFrom<String> for Claim {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name).ok_or("not a claim")
    }
}

impl From<Claim> for &'static str {
    fn from(claim: Claim) -> Self {
        claim.name()
    }
}
