//! What the civil registry answers, and what follows.
//!
//! The outcome codes are those of the national register's identification service: 2 found, 3 found after
//! rectification, 4 one echo, 6 several echoes, 7 under the marital name, 8 none, 9 request rejected.

use serde::{Deserialize, Serialize};

use super::pivot::Pivot;

/// The civil registry's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was found.
    pub outcome: Outcome,
    /// Whether a death is mentioned.
    pub life: Life,
}

/// What the registry found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The person, as asked.
    Found(Pivot),
    /// The person, with corrections.
    Rectified(Pivot),
    /// One person who is close, not close enough.
    SingleEcho,
    /// Several persons.
    Several,
    /// A person, under the marital name only.
    MarriedName,
    /// Nobody.
    NotFound,
    /// The registry refused the question.
    Rejected,
}

/// Whether the registry mentions a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It does not.
    Living,
    /// It does.
    Deceased,
}

/// Why the registry does not confirm an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NotConfirmed {
    /// One echo.
    #[error("one person is close, not close enough")]
    SingleEcho,
    /// Several echoes.
    #[error("several persons match")]
    Several,
    /// Under the marital name only.
    #[error("known under the marital name only")]
    MarriedName,
    /// Nobody.
    #[error("nobody matches")]
    NotFound,
    /// The question was refused.
    #[error("the civil registry refused the question")]
    Rejected,
    /// A death is mentioned.
    #[error("the civil registry mentions a death")]
    Deceased,
}

/// How the registry was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consultation {
    /// It confirmed the identity as asked.
    Found,
    /// It confirmed it with corrections.
    Rectified,
    /// The gateway runs without a civil registry: a sandbox on loopback only.
    NotConsulted,
}

/// Proof that an identity was confirmed. Its constructors are [`Answer::confirm`] and [`Confirmed::sandbox`].
///
/// ```compile_fail,E0451
/// use domain::identity::civil::{Confirmed, Consultation};
/// fn forge(pivot: domain::identity::pivot::Pivot) -> Confirmed {
///     Confirmed { pivot, consultation: Consultation::Found }
/// }
/// ```
///
/// ```
/// use domain::identity::civil::{Answer, Confirmed, Life, NotConfirmed, Outcome};
/// fn confirm(pivot: domain::identity::pivot::Pivot) -> Result<Confirmed, NotConfirmed> {
///     Answer { outcome: Outcome::Found(pivot), life: Life::Living }.confirm()
/// }
/// ```
#[derive(Debug)]
pub struct Confirmed {
    pivot: Pivot,
    consultation: Consultation,
}

/// Proof that the gateway is a sandbox: its issuer is on the loopback interface.
#[derive(Debug, Clone, Copy)]
pub struct Sandbox(());

impl Sandbox {
    /// The proof, for an issuer whose host is `127.0.0.1`, `[::1]` or `localhost`.
    pub fn of(issuer: &str) -> Option<Self> {
        let url = url::Url::parse(issuer).ok()?;
        matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")).then_some(Self(()))
    }
}

impl Answer {
    /// Confirms the identity, or says why not. A death wins over every other finding.
    pub fn confirm(self) -> Result<Confirmed, NotConfirmed> {
        if self.life == Life::Deceased {
            return Err(NotConfirmed::Deceased);
        }
        match self.outcome {
            Outcome::Found(pivot) => Ok(Confirmed { pivot, consultation: Consultation::Found }),
            Outcome::Rectified(pivot) => Ok(Confirmed { pivot, consultation: Consultation::Rectified }),
            Outcome::SingleEcho => Err(NotConfirmed::SingleEcho),
            Outcome::Several => Err(NotConfirmed::Several),
            Outcome::MarriedName => Err(NotConfirmed::MarriedName),
            Outcome::NotFound => Err(NotConfirmed::NotFound),
            Outcome::Rejected => Err(NotConfirmed::Rejected),
        }
    }
}

impl Confirmed {
    /// Takes the provider's word where no civil registry is configured; the journal records it.
    pub fn sandbox(pivot: Pivot, _: Sandbox) -> Self {
        Self { pivot, consultation: Consultation::NotConsulted }
    }

    /// The confirmed pivot.
    pub fn pivot(&self) -> &Pivot {
        &self.pivot
    }

    /// How it was confirmed.
    pub fn consultation(&self) -> Consultation {
        self.consultation
    }

    pub(crate) fn into_parts(self) -> (Pivot, Consultation) {
        (self.pivot, self.consultation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::pivot::RawPivot;

    fn pivot() -> Pivot {
        Pivot::parse(&RawPivot {
            family_name: Some("DUBOIS"),
            given_name: Some("Angela"),
            birthdate: Some("1962-08-24"),
            gender: Some("female"),
            birthplace: Some("75107"),
            birthcountry: Some("99100"),
        })
        .expect("complete")
    }

    #[test]
    fn only_a_loopback_issuer_is_a_sandbox() {
        for (issuer, is) in [
            ("http://127.0.0.1:8401", true),
            ("http://localhost:1", true),
            ("http://[::1]:1", true),
            ("https://127.0.0.1:8401", true),
            ("https://connexion.example.fr", false),
            ("http://connexion.example.fr", false),
        ] {
            assert_eq!(Sandbox::of(issuer).is_some(), is, "{issuer}");
        }
    }

    #[test]
    fn only_found_and_rectified_confirm() {
        for (outcome, refusal) in [
            (Outcome::Found(pivot()), None),
            (Outcome::Rectified(pivot()), None),
            (Outcome::SingleEcho, Some(NotConfirmed::SingleEcho)),
            (Outcome::Several, Some(NotConfirmed::Several)),
            (Outcome::MarriedName, Some(NotConfirmed::MarriedName)),
            (Outcome::NotFound, Some(NotConfirmed::NotFound)),
            (Outcome::Rejected, Some(NotConfirmed::Rejected)),
        ] {
            let living = Answer { outcome: outcome.clone(), life: Life::Living };
            assert_eq!(living.confirm().err(), refusal);
            let deceased = Answer { outcome, life: Life::Deceased };
            assert_eq!(deceased.confirm().err(), Some(NotConfirmed::Deceased));
        }
    }
}
