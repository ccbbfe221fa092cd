//! The door of the desk: who comes in, and who looks after those who may.
//!
//! ```text
//!  invitation (mail, or shown once) ──▶ `invitation`: first passkey ──▶ `sign_in` ──▶ session cookie
//!                                                                          │
//!  every page behind it asks in its signature:                             ▼
//!     AgentHere            an agent who is in now        (session, then the registry, at each request)
//!     AgentOnDuty<Certify>     … and may certify         (`domain::people::agent::Agent::may`)
//!     AgentOnDuty<Administer>  … and may administer
//! ```
//!
//! | file | what |
//! |---|---|
//! | [`door`], [`passkeys`] | the origin of the desk, its cookies, the WebAuthn library |
//! | [`ceremony`] | what a passkey is asked: kept for one browser, taken once |
//! | [`session`] | who is in, at each request |
//! | [`sign_in`], [`invitation`], [`account`] | in and out, the first passkey, further ones |
//! | [`agents`], [`readers`] | what a commune admin looks after |
//! | [`language`] | French or English, as the agent chose |
//! | [`refusal`] | the page of everything that is refused at the desk |

pub(crate) mod account;
pub(crate) mod agents;
pub(crate) mod ceremony;
pub(crate) mod door;
pub(crate) mod input;
pub(crate) mod invitation;
pub(crate) mod invite;
pub(crate) mod language;
pub(crate) mod passkeys;
pub(crate) mod readers;
pub(crate) mod refusal;
pub(crate) mod session;
pub(crate) mod sign_in;
