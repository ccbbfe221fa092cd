//! `cargo demo [--port N]`: the whole scene on this machine, to try with a browser.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser;
use conformance::office::DOORS;
use conformance::people::{PASSWORD, PEOPLE};
use conformance::process::Signals;
use conformance::scene::{Cards, NoPlace, Places, Scene, Setting};
use conformance::upstream::{Control, ProviderId};
use conformance::workspace;
use tokio::signal::unix::{SignalKind, signal};

/// The whole scene on this machine: gateway, six identity providers, civil registry, mailbox, a commune, a town
/// hall's desk, a telephone with identity cards, and the space where communes ask for their button.
#[derive(Debug, Parser)]
#[command(name = "cargo demo")]
struct Arguments {
    /// First of the ten ports in a row that the demo uses.
    #[arg(long, default_value_t = 8400, value_name = "N", value_parser = clap::value_parser!(u16).range(1024..=65526))]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match Places::from(arguments.port).await {
        Ok(places) => run(places).await.unwrap_or_else(|error| {
            eprintln!("\nThe demo cannot run: {error:#}");
            ExitCode::FAILURE
        }),
        Err(NoPlace { taken, part }) => {
            let port = taken.port;
            eprintln!("Port {port}, wanted for {part}, is already taken on 127.0.0.1.");
            eprintln!("Stop what uses it, or choose ten free ports in a row: cargo demo --port N (uses N to N+9).");
            ExitCode::from(2)
        }
    }
}

async fn run(places: Places) -> anyhow::Result<ExitCode> {
    let mut stop = Stop::new()?;
    let began = Instant::now();
    let raised = tokio::select! {
        raised = raise(places, began) => raised?,
        () = stop.asked() => {
            eprintln!("Stopped before it was up.");
            return Ok(ExitCode::FAILURE);
        }
    };
    let mut scene = raised;
    show(&scene);
    let code = tokio::select! {
        () = stop.asked() => ExitCode::SUCCESS,
        status = scene.gateway.process.end() => {
            fell("gateway", status?, &scene.gateway.process.last_lines(30));
            ExitCode::FAILURE
        }
        status = scene.commune.process.end() => {
            fell("commune", status?, &scene.commune.process.last_lines(30));
            ExitCode::FAILURE
        }
    };
    eprintln!("\nStopping…");
    scene.commune.process.stop().await.context("the commune")?;
    scene.gateway.process.stop().await.context("the gateway")?;
    drop(scene);
    eprintln!("Stopped; nothing is left behind.");
    Ok(code)
}

async fn raise(places: Places, began: Instant) -> anyhow::Result<Scene> {
    eprintln!("1/3  Building the gateway and the demo commune (some minutes the first time)…");
    let programs = workspace::programs().await?;
    eprintln!("2/3  Starting the identity providers, the civil registry, the mailbox and the gateway…");
    let setting = Setting { cards: Cards::AtDesk, ..Setting::default() };
    let scene = Scene::raise(programs, places, setting, Control::Closed, Signals::Apart).await?;
    eprintln!("3/3  Up after {:.1} s.\n", began.elapsed().as_secs_f64());
    Ok(scene)
}

#[expect(clippy::print_stdout, reason = "this output is what the command is for")]
fn show(scene: &Scene) {
    println!("  Open the commune and press the button:  {}/\n", scene.commune.base());
    println!("  gateway         {}", scene.gateway.issuer());
    println!("  providers       {}", scene.providers.base());
    for id in ProviderId::ALL {
        println!("    {:<20}{}", id.title(), scene.providers.issuer(id));
    }
    println!("  civil registry  {}", scene.registry.url());
    println!("  mailbox         {}", scene.mailbox.url());
    if let Some(counter) = &scene.counter {
        println!(
            "\n  Identity cards (simulator, not certified): a citizen is certified at the desk, then signs in at level high"
        );
        println!("    telephone     {}", counter.telephone.url());
        println!("    explained     {}/carte   figures {}/indicateurs", scene.gateway.issuer(), scene.gateway.issuer());
        println!("    desk          {}   (lets you in as its agent)", counter.way_in());
        println!(
            "\n  The partners' space: a commune asks for its button, the operator says yes or no. Each lets you in as"
        );
        for (at, who) in DOORS {
            println!("    {:<50}{who}", counter.door(at));
        }
    }
    println!("\n  Sandbox citizens, at every provider (password of each: {PASSWORD})");
    for person in &PEOPLE {
        println!("    {:<10}{:<26}{}", person.username, person.display_name(), person.expect);
    }
    let installation = scene.gateway.installation();
    println!("\n  To register a service of your own (its metadata as in README.md):");
    println!(
        "    {} clients import FILE --config {}",
        installation.program().display(),
        installation.config().display()
    );
    println!("\nREADY {}\n", scene.summary());
    println!("  Open {}/ and press the button. Ctrl-C stops everything.\n", scene.commune.base());
}

fn fell(name: &str, status: std::process::ExitStatus, lines: &[String]) {
    eprintln!("\nThe {name} ended by itself ({status}). Its last lines:");
    for line in lines {
        eprintln!("  {line}");
    }
}

/// Being asked to stop: Ctrl-C, SIGTERM, or the terminal closing.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
