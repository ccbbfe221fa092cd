//! The `idp` binary: the gateway between relying parties and identity providers.

mod clock;
mod config;
mod listen;
mod outbound;
mod random;

fn main() {}
