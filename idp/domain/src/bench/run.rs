//! A run of the bench as it is kept.

use serde::{Deserialize, Serialize};

use super::provider::Provider;
use super::report::{Line, Outcome};
use super::site::Site;
use crate::id::{BenchRunId, ClientId, HabilitationRequestId};
use crate::time::Timestamp;

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The site is being set up with its issuer, client and secret.
    Open,
    /// The checks are being made.
    UnderWay,
    /// There is a report.
    Reported,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 3] = [Self::Open, Self::UnderWay, Self::Reported];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::UnderWay => "under_way",
            Self::Reported => "reported",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// Whose site a run drives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The site of a service that is registered.
    Service(ClientId),
    /// The site of a request for a habilitation, before there is a service.
    Request(HabilitationRequestId),
}

/// What a run works with while it lasts. It holds keys, and is kept sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Working {
    /// The site.
    pub site: Site,
    /// The provider.
    pub provider: Provider,
}

/// A run, as its page shows it.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its name.
    pub id: BenchRunId,
    /// Whose site it drives.
    pub subject: Subject,
    /// How far it has come.
    pub stage: Stage,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it is over.
    pub ends: Timestamp,
    /// How it came out, and the hash of its report.
    pub reported: Option<(Outcome, String)>,
    /// The lines so far.
    pub lines: Vec<Line>,
}
