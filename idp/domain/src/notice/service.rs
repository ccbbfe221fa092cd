//! The mails about what ends of a service, and about what was refused of it.

use serde::{Deserialize, Serialize};

use crate::client::Label;
use crate::time::Timestamp;

/// A mail about a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceMessage {
    /// The service.
    pub service: Label,
    /// What is told.
    pub told: ServiceTold,
    /// Where its page is; none without a partners' space.
    pub link: Option<String>,
}

/// What is told of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceTold {
    /// What it was granted ends.
    HabilitationEnds(Timestamp),
    /// A certificate that is registered ends.
    CertificateEnds(String, Timestamp),
    /// A key has been used for a year.
    KeyIsOld(String, Timestamp),
    /// The keys at its address have nothing in common with those that were there: they are not taken.
    KeysRefused(Timestamp),
}
