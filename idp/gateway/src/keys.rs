//! The gateway's own keys at work: those that sign, and the one that request objects are encrypted to.
//!
//! ```text
//!  keyholder  what holds private halves: the registry's vault, or a token     ◀── [keys]
//!  request    the key of request objects, derived from the master key
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
