//! How quick the pages of the partners' space are when ten thousand services and a million sign-ins lie in the registry, and
//! what each registered client costs the gateway's memory (issue 5: 50 ms of server time at p99; 4 KiB).
//!
//! ```text
//!  crowd ──▶ registry (SQLite, PostgreSQL) ◀── gateway ◀── one session, every GET of THE TABLE that a page answers
//! ```
//!
//! Times are of whole exchanges over one kept connection, one after the other: the server's time is less. Between the pages
//! stand requests for the style sheet, which nothing is looked up for: what they take is the machine's and the wire's, and
//! what other programs disturb disturbs both. A page is within the aim when its p99 is less than that of this floor and 50 ms.
//!
//! Beside it stands what the gateway itself computed for a page, by its threads' own clocks: what others on the machine cannot
//! lengthen, and what an engine in a process of its own is not counted in.
//!
//! Memory is that of the gateway with the crowd less that of the same gateway before it came, after the same requests; whatever
//! grew beside the clients counts against them.
//!
//! `cargo bench --workspace --bench space`, with `-- --services 500 --tries 200` for a first look. A table goes to standard
//! output; the exit code is 1 when an aim is missed.

#[path = "../gauge.rs"]
#[allow(dead_code, reason = "the other benches read more of it")]
mod gauge;
#[path = "../program.rs"]
mod program;
mod run;
mod stage;

use std::process::ExitCode;

use clap::Parser;
use conformance::engines::Postgres;
use conformance::gateway::Lasting;

/// Above the floor, in microseconds.
const AIM: u64 = 50_000;
/// Bytes for each client.
const AIM_OF_MEMORY: u64 = 4_096;

/// What the command line may say.
#[derive(Debug, Parser)]
#[command(name = "space", about = "Server time of the partners' space, memory of each client")]
struct Arguments {
    /// Organisations, each with a service and a request
    #[arg(long, default_value_t = 10_000)]
    services: u32,
    /// Sign-ins within ninety days
    #[arg(long, default_value_t = 1_000_000)]
    sign_ins: u32,
    /// Requests for each page
    #[arg(long, default_value_t = 2_000)]
    tries: usize,
    /// SQLite alone
    #[arg(long)]
    sqlite: bool,
    /// Cargo profile that the gateway is built with
    #[arg(long, default_value = "bench")]
    profile: String,
    /// What cargo says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut missed = runtime.block_on(measure(&arguments, "SQLite", Lasting::Sqlite))?;
    if !arguments.sqlite {
        let started = runtime.block_on(Postgres::start())?;
        missed |= runtime.block_on(measure(&arguments, "PostgreSQL", Lasting::Postgres(started.url())))?;
    }
    Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Measures on one engine; whether an aim was missed.
async fn measure(arguments: &Arguments, engine: &str, lasting: Lasting) -> anyhow::Result<bool> {
    let mut stage = stage::Stage::set(&arguments.profile, lasting).await?;
    let before = stage.settled().await?;
    stage.fill(arguments.services, arguments.sign_ins).await?;
    let after = stage.settled().await?;
    let each = after.saturating_sub(before) * 1_024 / u64::from(arguments.services.max(1));
    println!(
        "{engine}: {} services, {} sign-ins; load {:.1}",
        arguments.services,
        arguments.sign_ins,
        gauge::load_average().unwrap_or_default()
    );
    let verdict = |good: bool| if good { "ok" } else { "MISSED" };
    let mut missed = each > AIM_OF_MEMORY;
    println!("  memory {before} KiB, then {after} KiB: {each} bytes for each client   {}", verdict(!missed));
    let pages = stage.pages().await?;
    let found = run::all(&stage, &pages, arguments.tries)?;
    let floor = found.floor;
    println!("  {:<62} p50 {:>8.2} ms   p99 {:>8.2} ms", "floor: /assets", run::ms(floor.p50), run::ms(floor.p99));
    for (page, times) in pages.iter().zip(&found.pages) {
        let run::Page { whole, computed } = *times;
        let good = whole.p99.saturating_sub(floor.p99) < AIM;
        missed |= !good;
        let (p50, p99) = (run::ms(whole.p50), run::ms(whole.p99));
        let cpu = run::ms(computed.p99);
        println!(
            "  {:<62} p50 {p50:>8.2} ms   p99 {p99:>8.2} ms   computing p99 {cpu:>8.2} ms   {}",
            page.route,
            verdict(good)
        );
    }
    for left in &stage.left_out {
        println!("  {left:<62} not asked: nothing lies there, or its address holds what is made anew");
    }
    Ok(missed)
}
