//! `/admin/v1`: what programs call. JSON; a token in each call, and the proof of what it may do in the signature of each
//! handler; what is wrong is told as RFC 9457 says, under stable codes. `openapi` describes it (decisions/0039).
//!
//! ```text
//!  a call ──▶ [`routes`]: THE TABLE ──▶ Caller<P>: the token of the call, now ──▶ handler
//!                                       secret → token → standing → scope → reach → who answers for it
//! ```
//!
//! A route without its proof does not compile ([`gate`]).
//!
//! | file | what |
//! |---|---|
//! | [`routes`] | THE TABLE: method, path, permission, handler |
//! | [`gate`] | what a row asks of its handler |
//! | [`caller`] | whose call it is, and what they may do |
//! | [`body`] | what a call brings: its body, its query, the version that it read |
//! | [`problem`] | everything that is refused |
//! | [`wire`] | requests, as they are told |
//! | [`requests`] | requests: listed, one, its versions, differences, thread |
//! | [`drafts`] | what applicants do to a request |
//! | [`reviews`] | what reviewers do to it |
//! | [`habilitations`] | what was granted; stopped, resumed, ended |
//! | [`services`] | services, their figures; one made of a request that was granted |
//! | [`switches`] | what is switched off |
//! | [`openapi`] | the description |

mod body;
mod caller;
mod drafts;
mod gate;
mod habilitations;
mod openapi;
mod problem;
mod requests;
mod reviews;
pub(crate) mod routes;
mod services;
mod switches;
mod wire;
