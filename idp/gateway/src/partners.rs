//! The partners' space: people of communes and of the operator, by passkey alone.
//!
//! ```text
//!  a request ──▶ [`routes`]: THE TABLE ──▶ the proof of its row, in the signature of its handler ──▶ handler
//!
//!     Visitor              anybody                                        Permission::Anyone
//!     Holder<P>            who holds P now   (session, registry, `Partner::may`, at each request)
//!     FreshHolder<P>       … and showed a passkey within five minutes     what is dangerous
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
//! | [`sign_in`], [`confirm`], [`invitation`] | in and out; a passkey once more; the first one |
//! | [`home`] | what somebody is here for |
//! | [`office`] | invitations, by a page or at the command line |
//! | [`refusal`] | the page of everything that is refused |

pub(crate) mod confirm;
pub(crate) mod door;
pub(crate) mod gate;
pub(crate) mod home;
pub(crate) mod invitation;
pub(crate) mod language;
pub(crate) mod matter;
pub(crate) mod office;
pub(crate) mod refusal;
pub(crate) mod routes;
pub(crate) mod session;
pub(crate) mod sign_in;
