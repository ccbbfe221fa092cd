//! The mails about a request for a habilitation.

use serde::{Deserialize, Serialize};

use crate::habilitation::any::Due;
use crate::habilitation::review::Happened;

/// A mail about a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMessage {
    /// What the service is called; empty before it has a name.
    pub service: String,
    /// Whose it is.
    pub organisation: String,
    /// Where the request is.
    pub link: String,
    /// What is told.
    pub told: RequestTold,
}

/// What is told of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestTold {
    /// Something happened to it.
    Happened {
        /// What.
        happened: Happened,
        /// Why, where a reason is given.
        reason: Option<String>,
        /// Who is told.
        reader: RequestReader,
    },
    /// The other side wrote a message.
    Said,
    /// Time asks for something.
    Due(Due),
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestReader {
    /// Whoever wrote in it.
    Applicant,
    /// Whoever reviews.
    Reviewer,
    /// Whoever is named in it: controller, data protection officer.
    Named,
}
