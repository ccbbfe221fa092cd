//! The partners' space: people with an account, the organisations they act for, and what they may do.
//!
//! ```text
//!  sign-up (mail, link) ──┐
//!                         ├──▶ first passkey ──▶ second passkey, or recovery code ──▶ dangerous acts
//!  invitation (mail) ─────┘
//!
//!  Partner::may(permission, about) ──▶ Held<P>        the only way to one; read from the registry at each request
//!  PartnerSession::fresh(partner, now) ──▶ Fresh      a passkey signed within five minutes
//! ```
//!
//! | room | holds |
//! |---|---|
//! | [`permission`] | THE TABLE: each permission, and the roles that hold it |
//! | [`partner`] | a person, their seats, and what they may do by them |
//! | [`organisation`] | who they act for |
//! | [`role`], [`team`] | the roles, and who may give and take them |
//! | [`lineage`] | who brought whom in: two accounts that are perhaps one person |
//! | [`token`] | programs that act by the admin API, and what they may do |
//! | [`invitation`], [`passkey`], [`session`] | the ways in, and how long they stay open |
//! | [`recovery`] | the way back: a code, and a second person |
//!
//! Names and addresses of partners are personal data; the journal knows partners by id alone.

pub mod invitation;
pub mod lineage;
pub mod organisation;
pub mod partner;
pub mod passkey;
pub mod permission;
pub mod recovery;
pub mod role;
pub mod session;
pub mod team;
pub mod token;
