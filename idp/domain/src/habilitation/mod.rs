//! Habilitation: how an organisation is given the right to ask for claims, and loses it.
//!
//! ```text
//!  form ──Complete::read──▶ complete ──submit──▶ review ──approve──▶ Grant ──▶ habilitation ──live──▶ claims
//!   ▲ merge (two who write at once)                │ checklist, thread, templates, differences
//! ```
//!
//! The form is text until it is submitted: what people typed is kept, right or wrong. A review has one type a step
//! ([`review`]); who acts shows a proof of their capacity ([`acting::Acting`]).
//!
//! [`grant`] holds the snapshot made at an approval and the proof that it is in force now, which every release of claims
//! asks for. [`switches`] stop a service, a provider or a level at once; [`credentials`] are what a relying party proves
//! itself by. [`service`] makes the relying parties that organisations register by themselves. [`homologation`] is what the
//! production asks for besides a form: reports of the bench, or a reviewer's reason. [`webhook`] is how programs hear of it;
//! [`datapass`] reads what another platform decided.

pub mod acting;
pub mod acts;
pub mod any;
pub mod checklist;
pub mod complete;
pub mod credentials;
pub mod datapass;
pub mod differences;
pub mod explained;
pub mod field;
pub mod figures;
pub mod form;
pub mod grant;
pub mod homologation;
pub mod review;
pub mod sandbox;
pub mod service;
pub mod switches;
pub mod templates;
pub mod thread;
pub mod webhook;
