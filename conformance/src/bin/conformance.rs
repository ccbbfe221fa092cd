//! `cargo conformance`: sets up what the tests need, runs every test of the workspace, and says what ran.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::Context as _;
use clap::Parser;
use conformance::engines::{Postgres, Redis};
use conformance::fuzzing::{self, Fuzzed};
use conformance::preparation::{self, Installing, Outcome};
use conformance::tools::Missing;
use conformance::weakening::{self, Workbench};
use conformance::workspace;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

/// Sets up what the tests need and runs every test of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo conformance")]
struct Arguments {
    /// Install nothing; tests whose tools are missing are skipped and named.
    #[arg(long)]
    offline: bool,
    /// Fail when anything was skipped: for continuous integration.
    #[arg(long)]
    complete: bool,
    /// Look at the TLS of both doors from outside with testssl.sh, a few minutes long, and run no test.
    #[arg(long)]
    scan: bool,
    /// Take each rule that an attack is stopped by out of a copy of the sources, and see the test of the attack fail: hours.
    /// Words after it choose rows (`C01`) or groups (`C`). With a number, so many rules are taken out together, each in a
    /// file of its own: quicker, but a test might fail for the sake of another rule than its own.
    #[arg(long, value_name = "TOGETHER", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    weaken: Option<usize>,
    /// Words for `cargo test` after `--workspace`, for example a test's name or `-- --test-threads 1`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    conform(Arguments::parse()).await.unwrap_or_else(|error| {
        eprintln!("\nThe tests cannot run: {error:#}");
        ExitCode::FAILURE
    })
}

async fn conform(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let installing = if arguments.offline { Installing::Forbidden } else { Installing::Allowed };
    if arguments.scan {
        return scan(installing).await;
    }
    prepare(installing).await;
    if let Some(together) = arguments.weaken {
        return weaken(&arguments.rest, together).await;
    }

    let mut totals = Totals::default();
    let skipped = skipped_file()?;
    if arguments.rest.is_empty() {
        eprintln!("\n== Fuzzing the parsers");
        fuzz(&mut totals, &skipped).await?;
    }

    eprintln!("\n== Building the gateway and the demo commune");
    let programs = workspace::programs().await?;

    eprintln!("\n== Starting throw-away servers");
    let redis = started("Redis", Redis::start().await);
    let postgres = started("PostgreSQL", Postgres::start().await);

    eprintln!("\n== Running every test of the workspace");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(&arguments.rest)
        .current_dir(workspace::root())
        .env("PASSERELLE_TEST_IDP", &programs.idp)
        .env("PASSERELLE_TEST_COMMUNE", &programs.commune)
        .env("PASSERELLE_TEST_SKIPPED", &skipped);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        // Most tests wait for other processes: two at a time for each processor.
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        command.env("RUST_TEST_THREADS", (2 * processors).to_string());
    }
    if let Some(redis) = &redis {
        command.env("PASSERELLE_TEST_REDIS_URL", redis.url());
    }
    if let Some(postgres) = &postgres {
        command.env("PASSERELLE_TEST_POSTGRES_URL", postgres.url());
    }
    let status = run(command, &mut totals).await?;
    let skipped = std::fs::read_to_string(&skipped).unwrap_or_default();
    report(&totals, &skipped);
    if status.success() && totals.failed > 0 {
        return Ok(ExitCode::FAILURE);
    }
    if !status.success() {
        return Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)));
    }
    if arguments.complete && !skipped.is_empty() {
        eprintln!("Tests were skipped and --complete was asked: this counts as a failure.");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Scans the TLS of a gateway and says what was seen.
#[expect(clippy::print_stdout, reason = "the findings are what the command is for")]
async fn scan(installing: Installing) -> anyhow::Result<ExitCode> {
    eprintln!("== Setting up what the scan needs");
    tell(preparation::scanner(installing).await);
    eprintln!("\n== Scanning both doors of a gateway");
    let mut sound = true;
    for report in conformance::scan::gateway().await? {
        println!("{report}");
        sound &= report.faults().is_empty();
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Sees the tests of attacks fail against weakened gateways, and says which did not.
#[expect(clippy::print_stdout, reason = "what was seen is what the command is for")]
async fn weaken(rows: &[String], together: usize) -> anyhow::Result<ExitCode> {
    let chosen = |row: &str| rows.is_empty() || rows.iter().any(|wanted| row.starts_with(wanted.as_str()));
    let weakenings: Vec<_> = weakening::all()?.into_iter().filter(|weakening| chosen(&weakening.row)).collect();
    anyhow::ensure!(!weakenings.is_empty(), "no weakening of these rows: {}", rows.join(" "));
    let (redis, postgres) = (Redis::start().await?, Postgres::start().await?);
    let surroundings = vec![
        ("PASSERELLE_TEST_REDIS_URL", redis.url().clone()),
        ("PASSERELLE_TEST_POSTGRES_URL", postgres.url().clone()),
    ];
    eprintln!("\n== Building the tests");
    let bench = Workbench::set_up(surroundings).await?;
    eprintln!("\n== The tests against the sound gateway");
    let tests: BTreeSet<_> = weakenings.iter().map(|weakening| weakening.test.as_str()).collect();
    for test in tests {
        bench.control(test).await?;
        println!("  passes   {test}");
    }
    eprintln!("\n== The tests against weakened gateways");
    let mut survived = 0_u32;
    for lot in weakening::lots(&weakenings, together) {
        for (weakening, verdict) in lot.iter().zip(bench.see(&lot).await?) {
            match verdict {
                Ok(()) => println!("  fails    {}  {}", weakening.row, weakening.then),
                Err(why) => {
                    survived += 1;
                    println!("  PROVES NOTHING  {}  {}: {why} ({})", weakening.row, weakening.then, weakening.test);
                }
            }
        }
    }
    println!(
        "\ntotal: {} of {} weakened gateways were seen through",
        weakenings.len() - survived as usize,
        weakenings.len()
    );
    Ok(if survived == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(outcome: Outcome) {
    match outcome {
        Outcome::Ready(what) => eprintln!("  ready       {what}"),
        Outcome::Incomplete(what) => eprintln!("  INCOMPLETE  {what}"),
    }
}

async fn prepare(installing: Installing) {
    eprintln!("== Setting up what the tests need");
    tell(preparation::system_packages(installing).await);
    tell(preparation::javascript(installing).await);
    tell(preparation::python(installing).await);
    tell(preparation::java(installing).await);
}

fn started<T>(name: &str, server: Result<T, Missing>) -> Option<T> {
    match server {
        Ok(server) => {
            eprintln!("  started     {name}");
            Some(server)
        }
        Err(missing) => {
            eprintln!("  SKIPPED     {name}: {missing}");
            None
        }
    }
}

/// A short run of each fuzz target, counted as a test each.
#[expect(clippy::print_stdout, reason = "in the form of cargo's own lines")]
async fn fuzz(totals: &mut Totals, skipped: &Path) -> anyhow::Result<()> {
    let found = match fuzzing::run().await {
        Ok(found) => found?,
        Err(missing) => {
            eprintln!("  SKIPPED     fuzzing: {missing}");
            std::fs::write(skipped, format!("SKIPPED fuzzing: {missing}\n"))?;
            return Ok(());
        }
    };
    for Fuzzed { target, verdict } in found {
        match verdict {
            Ok(()) => {
                println!("test fuzz::{target} ... ok");
                totals.passed += 1;
            }
            Err(said) => {
                println!("{said}\ntest fuzz::{target} ... FAILED");
                totals.failed += 1;
                totals.failures.push(format!("fuzz::{target}"));
            }
        }
    }
    Ok(())
}

/// An empty file that tests append to when they are skipped.
fn skipped_file() -> anyhow::Result<PathBuf> {
    let folder = workspace::workshop();
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("skipped.txt");
    std::fs::write(&file, "")?;
    Ok(file)
}

/// What cargo's own result lines add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
    ignored: u64,
    failures: Vec<String>,
}

impl Totals {
    fn read(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            let count = |word: &str| {
                let part = counts.split([';', '.']).find_map(|part| part.trim().strip_suffix(word));
                part.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or_default()
            };
            self.passed += count(" passed");
            self.failed += count(" failed");
            self.ignored += count(" ignored");
        } else if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            self.failures.push(name.to_owned());
        }
    }
}

/// Runs the tests, passing their output on as it comes.
#[expect(clippy::print_stdout, reason = "cargo's own lines are what a reader and a machine look for")]
async fn run(mut command: Command, totals: &mut Totals) -> anyhow::Result<std::process::ExitStatus> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let stdout = child.stdout.take().context("cargo's output was asked for")?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        println!("{line}");
        totals.read(&line);
    }
    Ok(child.wait().await?)
}

#[expect(clippy::print_stdout, reason = "the summary is what the command is for")]
fn report(totals: &Totals, skipped: &str) {
    println!("\n== Summary");
    for name in &totals.failures {
        println!("  FAILED   {name}");
    }
    for line in skipped.lines() {
        println!("  {line}");
    }
    let skips = skipped.lines().count() as u64 + totals.ignored;
    println!("total: {} passed, {} failed, {skips} skipped", totals.passed, totals.failed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_add_up() {
        let mut totals = Totals::default();
        for line in [
            "test a::b ... ok",
            "test a::c ... FAILED",
            "test result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
        ] {
            totals.read(line);
        }
        let expected = Totals { passed: 41, failed: 1, ignored: 2, failures: vec!["a::c".into()] };
        assert_eq!(totals, expected);
    }
}
