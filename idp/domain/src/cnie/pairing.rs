//! How a phone finds the transaction of a browser: a handle that is shown for a minute and claimed once.

use serde::{Deserialize, Serialize};

use super::transaction::AnyTransaction;
use crate::secret::Bearer;

/// Where the phone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// On the device of the browser: it followed a link.
    Same,
    /// Elsewhere: it read a QR code, and the citizen picks the number that the browser shows.
    Other,
}

/// Whether phone and browser are in one network, as far as their addresses tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// In one: a link that was followed may well be of the same device.
    Same,
    /// In two: somebody may have sent the link on, and the citizen compares the number as with another device.
    Other,
}

/// What lies behind a handle. The handle is its bearer secret: it is no name of the transaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pairing {
    /// The transaction.
    pub transaction: Bearer<AnyTransaction>,
    /// How it was shown.
    pub device: Device,
    /// The network of the browser that it was shown to.
    #[serde(default)]
    pub network: String,
    /// Whether a phone claimed it.
    pub claim: Claim,
}

impl Pairing {
    /// Whether a phone in a network claims from where the browser is.
    pub fn network_of(&self, phone: &str) -> Network {
        if self.network == phone { Network::Same } else { Network::Other }
    }
}

/// Whether a phone claimed a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Not yet.
    Open,
    /// It did: whoever claims it again kills the transaction.
    Made,
}
