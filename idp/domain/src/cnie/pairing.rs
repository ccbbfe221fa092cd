//! How a phone finds the transaction of a browser: a handle that is shown for a minute and claimed once.

use std::net::Ipv6Addr;

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
    /// Whether a phone in a network claims from where the browser is. Only an IPv6 network of 64 bits is one customer's
    /// (RFC 6177 §2): strangers share an IPv4 address behind one translator (RFC 6888), and it tells nothing.
    pub fn network_of(&self, phone: &str) -> Network {
        let is_one = self.network == phone && phone.parse::<Ipv6Addr>().is_ok();
        if is_one { Network::Same } else { Network::Other }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ipv6_network_is_one_home_and_one_ipv4_address_is_nobodys() {
        let shown_to = |network: &str| Pairing {
            transaction: Bearer::from_random([1; 32]),
            device: Device::Same,
            network: network.into(),
            claim: Claim::Open,
        };
        for (browser, phone, network) in [
            ("2001:db8:1::", "2001:db8:1::", Network::Same),
            ("2001:db8:1::", "2001:db8:2::", Network::Other),
            ("192.0.2.7", "192.0.2.7", Network::Other),
            ("127.0.0.1", "127.0.0.1", Network::Other),
            ("", "", Network::Other),
        ] {
            assert_eq!(shown_to(browser).network_of(phone), network, "{browser} {phone}");
        }
    }
}
