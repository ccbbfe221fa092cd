//! What was done to webhooks, and what another platform told, as it is told in the journal.

use serde_json::{Value, json};

use crate::habilitation::acting::Author;
use crate::id::{HabilitationRequestId, WebhookId};

/// What was done to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookChange {
    /// It was added, to be called at this host.
    Added(String),
    /// A test was passed.
    Tested,
    /// It is called from now on.
    Enabled,
    /// It is not called any more.
    Disabled,
    /// It has another secret.
    Rotated,
    /// It is called elsewhere, at this host, or is told of something else.
    Changed(String),
    /// It did not answer for so long that it is off.
    GivenUp,
    /// It was removed.
    Removed,
}

impl WebhookChange {
    pub(super) fn details(&self, webhook: &WebhookId, by: &Author) -> Value {
        let (change, host) = match self {
            Self::Added(host) => ("added", Some(host)),
            Self::Tested => ("tested", None),
            Self::Enabled => ("enabled", None),
            Self::Disabled => ("disabled", None),
            Self::Rotated => ("rotated", None),
            Self::Changed(host) => ("changed", Some(host)),
            Self::GivenUp => ("given_up", None),
            Self::Removed => ("removed", None),
        };
        json!({"webhook": webhook, "change": change, "host": host, "by": by})
    }
}

/// What was made of something that another platform told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlatformOutcome {
    /// It was done to this request.
    Done(HabilitationRequestId),
    /// Nothing followed from where this request is.
    Nothing(HabilitationRequestId),
    /// Something newer was told before.
    Older,
    /// It is nothing that is acted on here.
    Ignored,
}

impl PlatformOutcome {
    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Nothing(_) => "nothing",
            Self::Older => "older",
            Self::Ignored => "ignored",
        }
    }

    pub(super) fn details(&self, model: &str, event: &str) -> Value {
        let request = match self {
            Self::Done(request) | Self::Nothing(request) => Some(request),
            Self::Older | Self::Ignored => None,
        };
        json!({"platform": "datapass", "model": model, "event": event, "outcome": self.name(), "request": request})
    }
}
