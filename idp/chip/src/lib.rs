//! Bytes of an identity card in, proofs out.
//!
//! Everything here is a function of its arguments: no input or output, no clock, no randomness of its own, and no panic
//! whatever the bytes are. Work is bounded by limits that stand beside what they limit. It knows nothing of the gateway, so
//! that it can be audited and fuzzed alone.
//!
//! ```text
//!  files of the card ─▶ lds, mrz ─┐
//!  SOD ─▶ cms ─▶ passive ─────────┼─▶ what the State signed        (ICAO 9303-11 §5.1)
//!  trust: roots, links, lists ────┘
//!  server key ─▶ authentication ─▶ messaging ─┬▶ the chip itself   (ICAO 9303-11 §6.2, TR-03110-3)
//!                       dialogue, active ──────┘
//!  both of one card ─▶ live                                       what the provider goes by
//!  certificate, signature of the second application ─▶ holder     who knew the code
//!  password ─▶ pace ─▶ messaging ─▶ a chip at the desk             (ICAO 9303-11 §4.4)
//! ```
//!
//! Data of a citizen never stands in an error, in `Debug` or in a refusal: those name the check and the place alone.

#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

pub mod active;
pub mod agreement;
pub mod apdu;
pub mod asn1;
pub mod authentication;
pub mod ber;
pub mod certificate;
pub mod cipher;
pub mod cms;
pub mod curve;
pub mod dialogue;
pub mod hash;
pub mod holder;
mod kdf;
pub mod lds;
pub mod live;
pub mod master_list;
pub mod messaging;
pub mod modp;
pub mod moment;
pub mod mrz;
pub mod pace;
pub mod passive;
pub mod profile;
pub mod signature;
pub mod tlv;
pub mod trust;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
