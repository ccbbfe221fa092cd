//! What relying parties' servers ask of the gateway, beside a floor server in the same run: token exchange, userinfo,
//! introspection, pushed requests.
//!
//! ```text
//!                                          ┌──▶ gateway (`idp`, a process)
//!  the same requests, signed beforehand ───┤      in turn
//!   (this process)                         └──▶ floor   (a process)
//! ```
//!
//! Of two kinds of client: one with a secret and bearer tokens, and one under FAPI 2.0 with client assertions and DPoP
//! proofs, both with ES256. Codes are made before, out of one citizen's session, and their notices are waited for; what
//! is signed on the clients' side is signed before, too. DPoP nonces are switched off, so that every proof counts at
//! once. What the floor does is written in [`floor`].
//!
//! `cargo bench --workspace --bench tokens` runs it whole, with `-- --quick` behind it in little more time than the
//! build takes; with `-- --count` a gateway built to be counted tells what it does for each request. A table goes to
//! standard error, one line of JSON to standard output.

mod count;
mod figures;
mod floor;
#[path = "../gauge.rs"]
#[allow(dead_code, reason = "memory and threads are measured by the other bench")]
mod gauge;
mod load;
mod parties;
#[path = "../program.rs"]
mod program;
mod run;
mod stage;

use clap::{Parser, Subcommand};

/// The allocator of the gateway: the floor has the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the command line may say.
#[derive(Debug, Parser)]
#[command(name = "tokens", about = "Token exchange, userinfo, introspection and PAR, beside a floor server")]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Few requests, two rounds: whether it runs, not how fast
    #[arg(long)]
    quick: bool,
    /// Count cryptographic operations and allocations instead of taking times
    #[arg(long)]
    count: bool,
    /// Requests at once
    #[arg(long, default_value_t = 8)]
    at_once: u32,
    /// Requests of each kind in a round
    #[arg(long, default_value_t = 1500)]
    requests: u32,
    /// Rounds, each through the gateway and then through the floor
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Cargo profile that the gateway is built with
    #[arg(long, default_value = "bench")]
    profile: String,
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

/// How much is run.
#[derive(Debug, Clone, Copy)]
struct Plan {
    at_once: u32,
    requests: u32,
    rounds: u32,
}

impl Arguments {
    fn plan(&self) -> Plan {
        if self.quick {
            return Plan { at_once: self.at_once.clamp(1, 4), requests: 300, rounds: 2 };
        }
        Plan { at_once: self.at_once.max(1), requests: self.requests.max(1), rounds: self.rounds.max(1) }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    /// A code becomes tokens.
    Token,
    /// A token becomes claims.
    Userinfo,
    /// A data provider asks about a token.
    Introspection,
    /// A request is pushed.
    Push,
}

impl Operation {
    const ALL: [Self; 4] = [Self::Token, Self::Userinfo, Self::Introspection, Self::Push];

    fn name(self) -> &'static str {
        match self {
            Self::Token => "token exchange",
            Self::Userinfo => "userinfo",
            Self::Introspection => "introspection",
            Self::Push => "PAR",
        }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // The runtime of the gateway: the floor has the same.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &arguments.part {
        Some(Part::Floor(around)) => runtime.block_on(floor::serve(around)),
        None if arguments.count => {
            let counted = runtime.block_on(count::all(&arguments.profile))?;
            eprint!("{}", counted.table());
            println!("{}", counted.json());
            Ok(())
        }
        None => {
            let figures = runtime.block_on(run::all(arguments.plan(), &arguments.profile))?;
            eprint!("{}", figures.table());
            println!("{}", figures.json());
            Ok(())
        }
    }
}
