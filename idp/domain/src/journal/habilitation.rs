//! What was done to habilitations, switches and secrets of relying parties, as it is told in the journal.

use serde_json::{Value, json};

use crate::habilitation::credentials::SecretName;
use crate::habilitation::grant::Habilitation;
use crate::habilitation::switches::{Deed, Switch};
use crate::id::{ClientId, HabilitationId};

/// What became of a habilitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HabilitationChange {
    /// It was given to a client.
    Granted {
        /// The client.
        client: ClientId,
        /// What was granted.
        snapshot: Box<Habilitation>,
    },
    /// Another one, given to the same clients, took its place.
    Replaced {
        /// The one that stands now.
        by: HabilitationId,
    },
    /// It was stopped for a while.
    Suspended,
    /// It goes on.
    Resumed,
    /// It is over.
    Revoked,
}

impl HabilitationChange {
    pub(super) fn details(&self, habilitation: &HabilitationId, deed: &Deed) -> Value {
        let (change, mut told) = match self {
            Self::Granted { client, snapshot } => (
                "granted",
                json!({
                    "client": client, "environment": snapshot.environment, "scopes": snapshot.scopes,
                    "level": snapshot.level, "from": snapshot.from, "until": snapshot.until,
                    "organisation": snapshot.organisation, "request": snapshot.request,
                }),
            ),
            Self::Replaced { by } => ("replaced", json!({"successor": by})),
            Self::Suspended => ("suspended", json!({})),
            Self::Resumed => ("resumed", json!({})),
            Self::Revoked => ("revoked", json!({})),
        };
        told["habilitation"] = json!(habilitation);
        told["change"] = json!(change);
        told["by"] = json!(deed.by);
        told["why"] = json!(deed.why);
        told
    }
}

/// Which way a switch was turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// It stops what it names.
    Off,
    /// It lets it go on.
    On,
}

impl Turned {
    pub(super) fn details(self, switch: &Switch, deed: &Deed) -> Value {
        let turned = match self {
            Self::Off => "off",
            Self::On => "on",
        };
        json!({"switch": switch.to_string(), "turned": turned, "by": deed.by, "why": deed.why})
    }
}

/// What was done to a secret of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretDeed {
    /// It was made.
    Added,
    /// It was retired.
    Retired,
}

impl SecretDeed {
    pub(super) fn details(self, client: &ClientId, secret: &SecretName, deed: &Deed) -> Value {
        let change = match self {
            Self::Added => "added",
            Self::Retired => "retired",
        };
        json!({"client": client, "secret": secret, "change": change, "by": deed.by, "why": deed.why})
    }
}
