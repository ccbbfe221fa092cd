//! The `idp` binary: the gateway between relying parties and identity providers.

mod clock;
mod config;
mod listen;
mod outbound;
mod random;
mod telemetry;

fn main() {}
