//! Requests for habilitations: written by organisations, reviewed by the operator.
//!
//! ```text
//!  organisation ──▶ list ──▶ request ──▶ block (eight of them) ──▶ request: hand in ──┐
//!                              ▲  ▲                                                   ▼
//!                              │  └── exchange: what both sides write         queue ──▶ review: yes, no, back
//!                              └───────────────────── mail ◀───────────────────────────┘
//! ```
//!
//! | file | what |
//! |---|---|
//! | [`list`] | the requests of an organisation; a new one; one from a file |
//! | [`request`] | one request: how far it is, what happened, handing it in, opening it again |
//! | [`block`] | one block of its form, saved by itself |
//! | [`deadlines`] | what time asks for of requests that were left |
//! | [`exchange`] | the thread between applicant and reviewers |
//! | [`queue`] | what waits for the reviewers |
//! | [`review`] | the checklist, the differences, the decision |
//! | [`templates`] | texts that reviewers write often |
//! | [`datapass`] | what another platform decided |
//! | [`keep`] | requests in the registry: found, changed with what is accounted for and who is told |
//!
//! A form is saved as it is typed; what is wrong with it is said beside the field, and stops the handing in alone. Of two who
//! save at once, whoever comes second sees both texts.

pub(crate) mod agreement;
pub(crate) mod block;
pub(crate) mod datapass;
pub(crate) mod deadlines;
pub(crate) mod exchange;
pub(crate) mod file;
pub(crate) mod keep;
pub(crate) mod list;
pub(crate) mod queue;
pub(crate) mod request;
pub(crate) mod review;
pub(crate) mod templates;
#[cfg(test)]
pub(crate) mod town;
