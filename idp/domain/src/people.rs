//! The people who work with the gateway, and where they work: communes, their agents, their desk readers.
//!
//! ```text
//!  operator ──▶ commune ──▶ first commune admin ──▶ agents, readers
//!                              (invitation, 7 days, once)
//!
//!  invited ──passkey──▶ active ──┬─▶ removed
//!     ▲                          │
//!     └────────── renewed ───────┘
//!
//!  Agent::may(duty, commune, now) ──▶ OnDuty<Certify> │ OnDuty<Administer>      the only way to either
//! ```
//!
//! What an agent does at the desk asks for `OnDuty<Certify>`, what is done to agents and readers for
//! `OnDuty<Administer>`: neither can be made but by [`agent::Agent::may`]. Names and addresses of agents are personal
//! data; the journal knows agents by id alone.

pub mod agent;
pub mod commune;
pub mod invitation;
pub mod name;
pub mod passkey;
pub mod reader;
pub mod session;
pub mod team;
