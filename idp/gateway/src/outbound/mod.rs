//! Whom the gateway calls: one HTTP client for all, a bulkhead for each destination, the civil registry, the mail
//! server.
//!
//! ```text
//!  upstream/ ──▶ Bulkhead(provider) ──┐
//!                                     ├──▶ Http ──▶ egress rule ──▶ the network
//!  civil_registry ▶ Bulkhead ─────────┘
//!  mail ──▶ SMTP
//! ```

pub(crate) mod bulkhead;
pub(crate) mod egress;
pub(crate) mod http;

#[cfg(test)]
mod tests;
