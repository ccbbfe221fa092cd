//! Whether the gateway's answers tell, by how long they take, what they do not say (C10, D03, A13).
//!
//! ```text
//!            ┌─ one kind of request ──┐  in an order drawn anew     Welch's t
//!   gateway ◀┤                        ├─ ──▶ times of each ──▶ crop ──▶ |t| ≤ 4.5
//!            └─ the other kind ───────┘
//! ```
//!
//! Both kinds are answered alike; they differ in what the gateway must not tell: how much of a secret is right, whether a
//! client is unknown or disabled, whether a token is unknown, ended, or somebody else's. Times are of whole exchanges
//! over one kept connection. As the field does it (dudect: Reparaz, Balasch, Verbauwhede 2017), the t-test runs over all
//! times and over those below each of a hundred percentiles, since what disturbs a measurement makes it long; the
//! largest |t| counts. Above 4.5 the two kinds can be told apart.
//!
//! `cargo bench --workspace --bench timing`, with `-- --tries 20000` for fewer requests of each kind. A table goes to
//! standard output; the exit code is 1 when something shows.

#[path = "../program.rs"]
mod program;
mod run;
mod stage;
mod welch;

use std::process::ExitCode;

use clap::Parser;

/// What the command line may say.
#[derive(Debug, Parser)]
#[command(name = "timing", about = "Welch's t-test over answers that must take the same time")]
struct Arguments {
    /// Requests of each kind
    #[arg(long, default_value_t = 100_000)]
    tries: usize,
    /// Only the comparisons whose name holds this
    #[arg(long, default_value = "")]
    only: String,
    /// Cargo profile that the gateway is built with
    #[arg(long, default_value = "bench")]
    profile: String,
    /// What cargo says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let stage = runtime.block_on(stage::Stage::set(&arguments.profile))?;
    let mut shows = false;
    for comparison in stage.comparisons().iter().filter(|comparison| comparison.name.contains(&arguments.only)) {
        // Whether something shows once is chance once in many thousand runs: it is a finding when it shows again.
        let found = run::compare(comparison, stage.port(), arguments.tries)?;
        println!("{}", run::line(comparison, &found));
        if found.shows() {
            let again = run::compare(comparison, stage.port(), arguments.tries)?;
            println!("{} (again)", run::line(comparison, &again));
            shows |= again.shows();
        }
    }
    Ok(if shows { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
