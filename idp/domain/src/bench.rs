//! The homologation bench: before production, a commune's own site is driven through a list of checks.
//!
//! ```text
//!            Plan (what is wrong this time)
//!              │
//!  site ◀──▶ Provider ── Login: what the site asked, when it called, with what
//!   ▲                       │
//!   │ a browser             ▼
//!   └──────▶ Trial ──▶ verdict::of(Check, Trial) ──▶ Line ──▶ Report
//! ```
//!
//! [`provider::Provider`] is a small OpenID provider of one run: its own issuer, its own client, its own keys, so that a
//! token that is wrong on purpose is worth nothing anywhere else. It answers right, or wrong in the one way that its
//! [`plan::Plan`] says. What the site did is a [`trial::Trial`]; what that means is decided in [`verdict`], and nowhere
//! else.

pub mod asked;
pub mod check;
pub mod exchange;
mod keys;
pub mod plan;
pub mod provider;
pub mod report;
pub mod run;
pub mod site;
mod table;
pub mod token_call;
pub mod trial;
pub mod verdict;
pub mod words;

#[cfg(test)]
mod provider_tests;
