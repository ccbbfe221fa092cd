//! Full logins through the real gateway, beside a floor server in the same run.
//!
//! ```text
//!                     ┌──▶ gateway (`idp`, a process) ──┐
//!  C citizens at once │                                 ├──▶ provider, civil registry (this process)
//!   (this process)    └──▶ floor   (a process)     ─────┘
//! ```
//!
//! A login is authorize → choose → provider → callback → civil registry → inform → finish → token → userinfo: eight
//! requests to the gateway and three from it, one verification (ES256) and one signature (ES256, or what `--signature`
//! says). What the floor does of that is written in [`floor`]; what counts as whose time, in [`load`] and [`gauge`].
//!
//! `cargo bench --workspace --bench logins` runs it whole, with `-- --quick` behind it in little more time than the
//! build takes. A table goes to standard error, one line of JSON to standard output.

mod figures;
mod floor;
#[path = "../gauge.rs"]
mod gauge;
mod load;
#[path = "../program.rs"]
mod program;
mod run;
mod world;

use clap::{Parser, Subcommand, ValueEnum};
use conformance::jose::Algorithm;

/// The allocator of the gateway: the floor has the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the command line may say.
#[derive(Debug, Parser)]
#[command(name = "logins", about = "Full logins through the real gateway, beside a floor server in the same run")]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Few logins, two rounds: whether it runs, not how fast
    #[arg(long)]
    quick: bool,
    /// Citizens who sign in at once
    #[arg(long, default_value_t = 8)]
    citizens: u32,
    /// Logins a round
    #[arg(long, default_value_t = 1500)]
    logins: u32,
    /// Rounds, each through the gateway and then through the floor
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Starts of the gateway that are timed
    #[arg(long, default_value_t = 9)]
    starts: u32,
    /// Cargo profile that the gateway is built with
    #[arg(long, default_value = "bench")]
    profile: String,
    /// How ID tokens are signed for the service: RS256 is what a client gets that asks for nothing
    #[arg(long, default_value = "es256")]
    signature: Signature,
    /// Redis and PostgreSQL that are started for the occasion, where PASSERELLE_TEST_REDIS_URL and
    /// PASSERELLE_TEST_POSTGRES_URL name none
    #[arg(long)]
    fleet: bool,
    /// What cargo says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The floor server alone, as the bench starts it
    #[command(hide = true)]
    Floor(floor::Around),
}

/// How ID tokens are signed for the service.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Signature {
    /// ECDSA on P-256: quick to make, so the gateway's own work shows
    Es256,
    /// RSA of 2048 bits: most of a login, on either side
    Rs256,
}

impl Signature {
    fn algorithm(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::Es256,
            Self::Rs256 => Algorithm::Rs256,
        }
    }
}

/// How much is run, and of what.
#[derive(Debug, Clone, Copy)]
struct Plan {
    signature: Signature,
    citizens: u32,
    logins: u32,
    rounds: u32,
    starts: u32,
}

impl Arguments {
    fn plan(&self) -> Plan {
        let signature = self.signature;
        if self.quick {
            return Plan { signature, citizens: self.citizens.min(4), logins: 200, rounds: 2, starts: 2 };
        }
        let least = |wanted: u32| wanted.max(1);
        Plan {
            signature,
            citizens: least(self.citizens),
            logins: least(self.logins),
            rounds: least(self.rounds),
            starts: least(self.starts),
        }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // The runtime of the gateway: the floor has the same.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &arguments.part {
        Some(Part::Floor(around)) => runtime.block_on(floor::serve(around)),
        None => {
            let plan = arguments.plan();
            let figures = runtime.block_on(async {
                let engines = run::Engines::chosen(arguments.fleet).await?;
                run::all(plan, &arguments.profile, engines).await
            })?;
            eprint!("{}", figures.table());
            println!("{}", figures.json());
            Ok(())
        }
    }
}
