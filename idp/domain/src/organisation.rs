//! Organisations that ask for a button: their number, the commune it stands for, and what may sign in on their behalf.
//!
//! ```text
//!  "216 901 231 00011" ──▶ Siret ──Register::resolve──▶ Commune │ AttachedBody │ Unknown
//!                          siret        register                    │
//!                                                         legal: Direct │ Attached │ EditorOnly │ NotAdmitted
//!
//!  "https://ville.fr/retour" ──▶ host: ProductionRedirect │ SandboxRedirect
//! ```
//!
//! A number is valid by its form alone. Whether it is a commune's is told by the register that is shipped, and never by
//! its digits: they only hint.

pub mod host;
pub mod legal;
pub mod register;
pub mod siret;
