//! Why a sign-in does not go on, and the stable code a citizen can read out on the phone.

use serde::{Deserialize, Serialize};

use crate::identity::account::NotAdmitted;
use crate::identity::civil::NotConfirmed;
use crate::oidc::error::AuthorizeError;

/// A refusal by the checks: this provider cannot bring the citizen further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The civil registry does not confirm the identity.
    Civil(NotConfirmed),
    /// The civil registry cannot be asked now.
    CivilUnavailable,
    /// The account does not admit the sign-in.
    Account(NotAdmitted),
    /// The provider's identity data is incomplete or wrong.
    IdentityInvalid,
    /// The provider did not reach the level that was asked.
    LevelTooLow,
    /// The provider claimed a level that it may not assert.
    LevelAboveCeiling,
    /// The relying party expects another citizen.
    AnotherPerson,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 14] = [
        Self::Civil(NotConfirmed::SingleEcho),
        Self::Civil(NotConfirmed::Several),
        Self::Civil(NotConfirmed::MarriedName),
        Self::Civil(NotConfirmed::NotFound),
        Self::Civil(NotConfirmed::Rejected),
        Self::Civil(NotConfirmed::Deceased),
        Self::CivilUnavailable,
        Self::Account(NotAdmitted::Frozen),
        Self::Account(NotAdmitted::ProviderBlocked),
        Self::Account(NotAdmitted::OtherAccount),
        Self::IdentityInvalid,
        Self::LevelTooLow,
        Self::LevelAboveCeiling,
        Self::AnotherPerson,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Civil(NotConfirmed::SingleEcho) => "P301",
            Self::Civil(NotConfirmed::Several) => "P302",
            Self::Civil(NotConfirmed::MarriedName) => "P303",
            Self::Civil(NotConfirmed::NotFound) => "P304",
            Self::Civil(NotConfirmed::Rejected) => "P305",
            Self::Civil(NotConfirmed::Deceased) => "P306",
            Self::CivilUnavailable => "P310",
            Self::Account(NotAdmitted::Frozen) => "P320",
            Self::Account(NotAdmitted::ProviderBlocked) => "P321",
            Self::Account(NotAdmitted::OtherAccount) => "P322",
            Self::IdentityInvalid => "P330",
            Self::LevelTooLow => "P340",
            Self::LevelAboveCeiling => "P341",
            Self::AnotherPerson => "P342",
        }
    }

    /// What the relying party is told when the citizen goes back: nothing about the citizen.
    pub const fn answer(self) -> (AuthorizeError, &'static str) {
        match self {
            Self::CivilUnavailable => {
                (AuthorizeError::TemporarilyUnavailable, "a register that confirms identities does not answer")
            }
            Self::LevelTooLow | Self::LevelAboveCeiling => {
                (AuthorizeError::UnmetAuthenticationRequirements, "the level that was asked for was not met")
            }
            Self::AnotherPerson => (AuthorizeError::LoginRequired, "another citizen signed in than the one expected"),
            Self::Civil(_) | Self::Account(_) | Self::IdentityInvalid => {
                (AuthorizeError::AccessDenied, "the sign-in could not be completed")
            }
        }
    }
}

/// A setback at a provider: trying again, or another provider, may help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setback {
    /// The citizen cancelled there.
    Cancelled {
        /// The provider's name.
        provider: crate::client::Label,
    },
    /// The provider answered with an error, or with something that cannot be trusted.
    Failed {
        /// The provider's name.
        provider: crate::client::Label,
        /// How.
        code: Failure,
    },
    /// The provider does not answer.
    Unavailable {
        /// The provider's name.
        provider: crate::client::Label,
    },
    /// The provider that was chosen cannot be chosen any more.
    NotOffered,
    /// Our own provider said no to a card.
    Card {
        /// The provider's name.
        provider: crate::client::Label,
        /// Why.
        refusal: crate::cnie::refusal::Refusal,
    },
}

/// How a provider failed to bring a citizen, kept under its stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// It answered with an error.
    #[serde(rename = "P211")]
    Refused,
    /// Its answer cannot be trusted.
    #[serde(rename = "P213")]
    Untrusted,
    /// It reused an authentication that was older than asked.
    #[serde(rename = "P215")]
    Reused,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_refusal_has_its_own_code_and_a_legal_answer() {
        let codes: BTreeSet<_> = Refusal::ALL.into_iter().map(Refusal::code).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            assert!(crate::oidc::error::is_legal_description(refusal.answer().1));
        }
    }

    #[test]
    fn a_setback_is_kept_under_the_code_that_it_is_told_by() {
        let provider = crate::client::Label { fr: "Impôts".into(), en: "Taxes".into() };
        for (code, name) in [(Failure::Refused, "P211"), (Failure::Untrusted, "P213"), (Failure::Reused, "P215")] {
            let setback = Setback::Failed { provider: provider.clone(), code };
            let kept = serde_json::to_value(&setback).expect("serialises");
            assert_eq!(kept["failed"]["code"], name, "as records of before have it");
            assert_eq!(serde_json::from_value::<Setback>(kept).expect("reads"), setback);
        }
    }
}
