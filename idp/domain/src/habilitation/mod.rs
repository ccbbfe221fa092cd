//! Habilitation: how an organisation is given the right to ask for claims, and loses it.
//!
//! ```text
//!  form ──Complete::read──▶ complete ──submit──▶ review ──approve──▶ Grant ──▶ habilitation ──live──▶ claims
//!   ▲ merge (two who write at once)                │ checklist, thread, templates, differences
//! ```
//!
//! The form is text until it is submitted: what people typed is kept, right or wrong. A review has one type a step
//! ([`review`]); who acts shows a proof of their capacity ([`acting::Acting`]).

pub mod acting;
pub mod acts;
pub mod any;
pub mod checklist;
pub mod complete;
pub mod differences;
pub mod explained;
pub mod field;
pub mod form;
pub mod review;
pub mod templates;
pub mod thread;
