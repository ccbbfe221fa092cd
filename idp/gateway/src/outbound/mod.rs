//! Whom the gateway calls: one HTTP client for all, a bulkhead for each destination, the civil registry, the mail
//! server.
//!
//! ```text
//!  upstream/ ──▶ Bulkhead(provider) ──┐
//!                                     ├──▶ Http ──▶ egress rule ──▶ the network
//!  civil_registry ▶ Bulkhead ─────────┤
//!  card_status ──▶ Bulkhead ──────────┤
//!  client_keys ───▶ Bulkhead(host) ───┘
//!  backchannel ──▶ Bulkhead(host)     (an Http of its own, as have webhooks)
//!  mail ──▶ SMTP
//! ```

pub(crate) mod backchannel;
pub(crate) mod breaker;
pub(crate) mod bulkhead;
pub(crate) mod card_status;
pub(crate) mod civil_registry;
pub(crate) mod client_keys;
pub(crate) mod egress;
pub(crate) mod fetched;
pub(crate) mod http;
pub(crate) mod line;
pub(crate) mod mail;
pub(crate) mod sector;
pub(crate) mod webhooks;

#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod tls_tests;
