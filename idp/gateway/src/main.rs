//! The `idp` binary: the gateway between relying parties and identity providers.

mod admin;
mod app;
mod audit;
mod bench;
mod cli;
mod clock;
mod cnie;
mod config;
mod cookies;
mod credentials;
mod desk;
mod figures;
mod front;
mod habilitation;
mod indicators;
mod keys;
mod limits;
mod listen;
#[cfg(feature = "measure")]
mod measure;
mod memory;
mod outbound;
mod pages;
mod partners;
mod people;
mod provider;
mod random;
mod router;
mod serve;
mod services;
mod session;
mod signin;
mod telemetry;
mod upstream;
mod watch;

/// What allocates. The counting build has one of its own.
#[cfg(not(feature = "measure"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
