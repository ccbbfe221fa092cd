//! The gateway's own keys at work: those that sign, and those that request objects are encrypted to.
//!
//! ```text
//!  keyholder  what holds private halves: the registry's vault, or a token     ◀── [keys]
//!  request    the keys of request objects: one derived from the master key, one kept in the registry
//!  ring       which key signs now, and the JWKS that relying parties fetch    ◀── read anew by `watch`
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

pub(crate) use keyholder::Keyholder;
pub(crate) use ring::KeyRing;
