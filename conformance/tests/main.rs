//! Everything that is proved through the wire, in one binary.
//!
//! `stories` tell what citizens, communes and operators do; `attacks` what others try; `chaos` what is left of a gateway that was
//! killed; `architecture` what the code
//! may depend on. Tests that need a browser, a server or a library that is not there say so and end.

#![expect(clippy::unwrap_used, reason = "this whole binary is tests")]

mod administrations;
mod architecture;
mod attacks;
mod chaos;
mod desk;
mod fapi;
mod journey;
mod mutual;
mod stories;
mod table;
mod witness;
