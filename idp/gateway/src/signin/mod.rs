//! The citizen's pages, in the order in which they are met.
//!
//! | page | step | file |
//! |---|---|---|
//! | `/signin/{id}/choose` | Choosing, Away | [`choose`] |
//! | leaving for a provider | Choosing → Away | [`depart`] |
//! | `/callback/{provider}` | Away → Arriving → … | [`arrive`] |
//! | `/signin/{id}/inform` | Informing → Finishing | [`inform`] |
//! | `/signin/{id}/finish` | Finishing → Ended | [`finish`] |
//! | `/signin/{id}/refused`, `/cancel`, `/change`, `/ended` | the ways out | [`refused`], [`leave`] |
//!
//! A page asks for its step in its signature ([`at::At`]); a citizen who is at another step is sent there. Steps are
//! replaced by version: of two clicks the second loses and follows the first.

pub(crate) mod arrive;
pub(crate) mod at;
pub(crate) mod choose;
pub(crate) mod depart;
pub(crate) mod finish;
pub(crate) mod form;
pub(crate) mod inform;
pub(crate) mod leave;
pub(crate) mod page;
pub(crate) mod refused;
mod withdrawn;
