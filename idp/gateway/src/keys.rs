//! The gateway's own keys at work: those that sign, and those that request objects are encrypted to.
//!
//! ```text
//!  keyholder  what holds private halves: the registry's vault, or a token     ◀── [keys]
//!  request    the keys of request objects: one derived from the master key, one kept in the registry
//!  ring       which key signs now, and the JWKS that relying parties fetch    ◀── read anew by `watch`
//!  unproven   signatures that anybody can ask for take turns, so that the rest are not kept waiting
//!  rotation   keys are made, their lives journalled, the retired erased       ◀── `serve/housekeeping`, `idp keys`
//! ```
//!
//! Private keys are parsed when they are read, never for a signature: the ring holds them ready.

mod keyholder;
mod library;
mod request;
mod ring;
pub(crate) mod rotation;
mod seats;
mod token;
mod unproven;

pub(crate) use keyholder::Keyholder;
pub(crate) use ring::KeyRing;
pub(crate) use unproven::Unproven;
