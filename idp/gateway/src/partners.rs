//! The partners' space: people of communes and of the operator, by passkey alone.
//!
//! ```text
//!  a request ──▶ [`routes`]: THE TABLE ──▶ the proof of its row, in the signature of its handler ──▶ handler
//!
//!     Visitor              anybody                                        Permission::Anyone
//!     Holder<P>            who holds P now   (session, registry, `Partner::may`, at each request)
//!     RecentHolder<P>      … and showed a passkey within five minutes     what changes one's own account
//!     FreshHolder<P>       … whose loss would not lock them out           what is dangerous
//!     CheckedForm          a form that stood on a page of this session    every POST behind the sign-in
//! ```
//!
//! A route without its proof does not compile ([`gate`]).
//!
//! | file | what |
//! |---|---|
//! | [`routes`] | THE TABLE: method, path, permission, handler |
//! | [`gate`] | what a row asks of its handler |
//! | [`session`] | who is in, and what they hold, at each request |
//! | [`matter`] | which organisation a path is about |
//! | [`door`], [`language`] | the origin, its cookies, the WebAuthn library; the language that was chosen |
//! | [`sign_up`], [`invitation`] | how an account begins |
//! | [`sign_in`], [`confirm`] | in and out; a passkey once more |
//! | [`account`], [`recovery`], [`code`] | passkeys, sessions, the recovery code; back in |
//! | [`home`], [`organisation`] | what somebody is here for |
//! | [`figures`] | what a service is told of its sign-ins |
//! | [`people`], [`operators`], [`crew`], [`office`] | teams, of an organisation and of the operator |
//! | [`release`] | organisations that nothing proves give their SIRET back |
//! | [`refusal`] | the page of everything that is refused |

pub(crate) mod account;
pub(crate) mod code;
pub(crate) mod confirm;
mod crew;
pub(crate) mod door;
pub(crate) mod figures;
pub(crate) mod gate;
pub(crate) mod home;
pub(crate) mod invitation;
pub(crate) mod language;
pub(crate) mod matter;
pub(crate) mod office;
pub(crate) mod operators;
pub(crate) mod organisation;
pub(crate) mod people;
pub(crate) mod recovery;
pub(crate) mod refusal;
pub(crate) mod release;
pub(crate) mod routes;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod sign_up;

#[cfg(test)]
mod strangers_tests;
