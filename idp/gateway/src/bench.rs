//! The homologation bench: the endpoints of its small provider, the browser that drives a site, and the script of a run.
//!
//! ```text
//!  a run ──▶ driver ──▶ browser ──▶ the site ──▶ endpoints (/banc/{run}/…) ──┐
//!              │  ▲                                                          ▼
//!              │  └──────────────── what was seen ◀──────────────── Rooms: Provider
//!              ▼
//!            lines ──▶ report
//! ```
//!
//! Every rule is in `domain::bench`. What the driver calls was written by strangers: it goes through the one HTTP client,
//! under an egress rule that knows none of the operator's private networks (decision 35).

mod browser;
pub(crate) mod driver;
pub(crate) mod endpoints;
pub(crate) mod house;
pub(crate) mod off_limits;
pub(crate) mod page;
pub(crate) mod request;
pub(crate) mod rooms;
pub(crate) mod site;

#[cfg(test)]
mod browser_tests;
#[cfg(test)]
mod house_tests;
