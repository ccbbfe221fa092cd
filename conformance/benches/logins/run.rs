//! The run: start and time the gateway, weigh it idle, then rounds through gateway and floor in turn.
//!
//! In turn, so that what else the machine does falls on both. A gateway's round is over, for its CPU time, when the
//! notice of its last login is delivered: work put off is work.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use conformance::engines::{Postgres, Redis};
use conformance::gateway::{Ephemeral, Installation, Lasting, Surroundings};
use conformance::mailbox::Mailbox;
use conformance::process::{Process, Signals};
use conformance::relying_party::RelyingParty;
use conformance::site::{free_port, listen};
use conformance::upstream::{Control, Providers};
use serde_json::json;
use tokio::process::Command;
use tokio::time::MissedTickBehavior;

use crate::figures::{Figures, Round, Start};
use crate::floor::Floor;
use crate::gauge::{self, Memory, Watch};
use crate::load::{self, Service, Target};
use crate::program;
use crate::world::{PROVIDER, Person, World};
use crate::{Plan, Signature};

/// How long the gateway may take to answer at all.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// How long the memory of an idle gateway must stay the same to count as settled.
const SETTLED: Duration = Duration::from_secs(2);
/// How long notices may take after the last login of a round.
const MAIL_PATIENCE: Duration = Duration::from_mins(2);

/// What the gateway remembers with.
#[derive(Debug)]
pub(crate) struct Engines {
    ephemeral: Ephemeral,
    lasting: Lasting,
    _started: (Option<Redis>, Option<Postgres>),
}

impl Engines {
    /// Memory and SQLite, unless the environment names others or a fleet's are to be started.
    pub(crate) async fn chosen(fleet: bool) -> anyhow::Result<Self> {
        let named = |name: &str| std::env::var(name).ok();
        let (mut redis, mut postgres) = (None, None);
        let ephemeral = match named("PASSERELLE_TEST_REDIS_URL") {
            Some(url) => Ephemeral::Redis(url),
            None if fleet => Ephemeral::Redis(redis.insert(Redis::start().await?).url()),
            None => Ephemeral::Memory,
        };
        let lasting = match named("PASSERELLE_TEST_POSTGRES_URL") {
            Some(url) => Lasting::Postgres(url),
            None if fleet => Lasting::Postgres(postgres.insert(Postgres::start().await?).url()),
            None => Lasting::Sqlite,
        };
        Ok(Self { ephemeral, lasting, _started: (redis, postgres) })
    }

    fn names(&self) -> String {
        let ephemeral = if self.ephemeral == Ephemeral::Memory { "memory" } else { "Redis" };
        let lasting = if self.lasting == Lasting::Sqlite { "SQLite" } else { "PostgreSQL" };
        format!("{ephemeral} + {lasting}")
    }
}

/// Everything, in order.
pub(crate) async fn all(plan: Plan, profile: &str, engines: Engines) -> anyhow::Result<Figures> {
    tell("building the gateway");
    let idp = program::built(profile).await?;
    let world = World::start().await?;
    let mailbox = Mailbox::start(listen(0).await?, listen(0).await?);
    let (installation, party) = install(&idp, &world, &mailbox, &engines, plan.signature).await?;
    let mut figures = Figures::new(plan, profile, engines.names());

    tell("starting the gateway");
    let (mut gateway, first) = start(&idp, &installation).await?;
    figures.first_start = Some(first);
    for _ in 0..plan.starts {
        gateway.stop().await?;
        let (started, took) = start(&idp, &installation).await?;
        gateway = started;
        figures.starts.push(took);
    }
    figures.idle = Some(settled(&gateway).await?);
    figures.threads = gauge::threads(gateway.id())?;
    let floor = Floor::start(&world, plan.signature).await?;
    figures.floor_idle = Some(settled(&floor.process).await?);

    let gateway_service = party.service(Target::Gateway, installation.issuer())?;
    let floor_service = party.service(Target::Floor, &floor.base)?;
    let mut numbers = 0..;
    warm_up(&gateway_service, &mut numbers).await?;
    warm_up(&floor_service, &mut numbers).await?;
    for number in 1..=plan.rounds {
        tell(&format!("round {number} of {}", plan.rounds));
        let first = take(&mut numbers, plan.logins)?;
        let measured = measure(&gateway_service, gateway.id(), plan, first, async || {
            delivered(&mailbox, first, plan.logins).await
        });
        figures.gateway.push(measured.await?);
        let first = take(&mut numbers, plan.logins)?;
        figures.floor.push(measure(&floor_service, floor.process.id(), plan, first, async || Ok(())).await?);
    }
    figures.loaded = Some(gauge::memory(gateway.id())?);
    figures.floor_loaded = Some(gauge::memory(floor.process.id())?);
    figures.load_average = gauge::load_average();
    let status = gateway.stop().await?;
    ensure!(status.success(), "the gateway ends well: {status}");
    Ok(figures)
}

fn tell(what: &str) {
    eprintln!("logins: {what}");
}

/// The one service, before it knows where it signs in.
struct Party {
    client_id: String,
    secret: String,
    redirect_uri: String,
}

impl Party {
    fn service(&self, target: Target, base: &str) -> anyhow::Result<Arc<Service>> {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Arc::new(Service {
            target,
            base: base.to_owned(),
            client_id: self.client_id.clone(),
            secret: self.secret.clone(),
            redirect_uri: self.redirect_uri.clone(),
            http,
        }))
    }
}

/// A gateway on disk with one provider more than is shipped, and one client.
async fn install(
    idp: &std::path::Path,
    world: &World,
    mailbox: &Mailbox,
    engines: &Engines,
    signature: Signature,
) -> anyhow::Result<(Installation, Party)> {
    let port = free_port();
    let around = Surroundings {
        port,
        registry_url: world.registry(),
        smtp_url: mailbox.smtp_url(),
        ephemeral: engines.ephemeral.clone(),
        lasting: engines.lasting.clone(),
        more_providers: vec![world.provider_file()],
        // One client signs everybody in.
        overrides: "limits.calls_per_client_per_minute = 0".parse()?,
        ..Surroundings::default()
    };
    let sandbox = Providers::start(listen(0).await?, &around.issuer(), Control::Closed);
    let installation = Installation::write(idp, &around, &sandbox)?;
    // The shipped providers stay in the chooser and are not asked anything.
    for file in std::fs::read_dir(installation.config().with_file_name("providers"))? {
        let path = file?.path();
        let text = std::fs::read_to_string(&path)?;
        if path.extension().is_some_and(|kind| kind == "toml") && !path.ends_with(format!("{PROVIDER}.toml")) {
            std::fs::write(&path, format!("active = false\n{text}"))?;
        }
    }
    installation.migrate().await?;
    let mut metadata = RelyingParty::ordinary("Ville du banc d’essai");
    metadata["id_token_signed_response_alg"] = json!(signature.algorithm().name());
    let client = installation.import(&metadata).await?;
    let redirect_uri = metadata["redirect_uris"][0].as_str().context("a redirect URI")?.to_owned();
    let secret = client.client_secret.context("a client with a secret")?;
    Ok((installation, Party { client_id: client.client_id, secret, redirect_uri }))
}

/// Starts the gateway and takes the time from the start of the process to the first answer of discovery.
async fn start(idp: &PathBuf, installation: &Installation) -> anyhow::Result<(Process, Start)> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let discovery = format!("{}/.well-known/openid-configuration", installation.issuer());
    let mut command = Command::new(idp);
    command.arg("serve").arg("--config").arg(installation.config());
    let began = Instant::now();
    let process = Process::start("idp", command, Signals::Shared)?;
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let answered = async {
        loop {
            pace.tick().await;
            if client.get(&discovery).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return began.elapsed();
            }
        }
    };
    let wall = tokio::time::timeout(START_PATIENCE, answered).await;
    let wall = wall.with_context(|| format!("the gateway does not answer: {:#?}", process.last_lines(20)))?;
    Ok((process, Start { wall }))
}

/// The memory of an idle process, once it has stayed the same for a while.
async fn settled(process: &Process) -> anyhow::Result<Memory> {
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    let (mut last, mut since) = (gauge::memory(process.id())?, Instant::now());
    while since.elapsed() < SETTLED {
        pace.tick().await;
        let now = gauge::memory(process.id())?;
        if now.resident != last.resident {
            (last, since) = (now, Instant::now());
        }
    }
    Ok(last)
}

/// A few logins that count for nothing; the first one's ID token is verified as a service would.
async fn warm_up(service: &Arc<Service>, numbers: &mut std::ops::RangeFrom<u64>) -> anyhow::Result<()> {
    let login = service.sign_in(Person(take(numbers, 1)?)).await?;
    if service.target == Target::Gateway {
        let (id, redirect_uri) = (service.client_id.clone(), service.redirect_uri.clone());
        let party = RelyingParty::known(&service.base, id, None, redirect_uri).await?;
        let claims = party.verify_jwt(&login.id_token).await?;
        ensure!(claims["sub"] == login.claims["sub"], "the ID token is of another");
    }
    load::round(service, take(numbers, 50)?, 50, 4).await?;
    Ok(())
}

/// The first of `count` numbers that no citizen had yet.
fn take(numbers: &mut std::ops::RangeFrom<u64>, count: u32) -> anyhow::Result<u64> {
    let first = numbers.next().context("there are numbers enough")?;
    *numbers = first + u64::from(count)..;
    Ok(first)
}

async fn measure(
    service: &Arc<Service>,
    id: u32,
    plan: Plan,
    first: u64,
    settled: impl AsyncFnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Round> {
    let (watch, before) = (Watch::start(id)?, gauge::cpu(id)?);
    let taken = load::round(service, first, plan.logins, plan.citizens).await?;
    let (over, others) = (Instant::now(), watch.others(id)?);
    settled().await?;
    let notices = over.elapsed();
    let cpu = gauge::cpu(id)?.saturating_sub(before);
    Ok(Round { logins: plan.logins, wall: taken.wall, cpu, notices, latency: taken.latency, others })
}

/// Until the notice of every login of a round has come.
async fn delivered(mailbox: &Mailbox, first: u64, count: u32) -> anyhow::Result<()> {
    for number in first..first + u64::from(count) {
        let address = Person(number).email();
        let came = mailbox.messages_to(&address, 0, MAIL_PATIENCE).await;
        ensure!(came.len() == 1, "{} notices came to {address}", came.len());
    }
    Ok(())
}
