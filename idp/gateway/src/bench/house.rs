//! The runs of a gateway: opened for a registered service, driven, and their reports kept.
//!
//! What is registered of the service is taken from there: redirect URIs, logout addresses, algorithms. Where its login
//! begins and which page shows who is signed in, whoever opens the run says.

use std::time::Duration;

use domain::bench::provider::{Provider, Registered, UserinfoForm};
use domain::bench::report::{About, Report};
use domain::bench::run::Working;
use domain::bench::site::{Elsewhere, Method, Site};
use domain::bench::trial::Shown;
use domain::client::{Client, UserinfoFormat};
use domain::id::BenchRunId;
use domain::jose::KeyError;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::{Changed, Registry};
use tokio_util::task::TaskTracker;
use url::Url;

use super::driver::{Driver, Patience};
use super::off_limits::OffLimits;
use super::rooms::Rooms;
use crate::clock::Clock;
use crate::config::{Config, Egress, Issuer};
use crate::outbound::http::{Http, SetupError};
use crate::random::Random;

/// How long a silent token endpoint is silent.
pub(crate) const SILENCE: Duration = Duration::from_secs(20);
/// Libraries that limit how often they read keys wait a minute at most.
const KEYS: Duration = Duration::from_secs(65);
/// One step of a browser.
const STEP: Duration = Duration::from_secs(15);

/// What the gateway drives sites with.
#[derive(Debug, Clone)]
pub(crate) struct House {
    registry: Registry,
    issuer: Issuer,
    off_limits: OffLimits,
    http: Http,
    rooms: Rooms,
    keys: Duration,
    tasks: TaskTracker,
}

/// What whoever opens a run says of the site.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// Where a login begins.
    pub(crate) start: Url,
    /// The page that shows who is signed in.
    pub(crate) page: Url,
    /// By what.
    pub(crate) shown: Shown,
    /// How a citizen signs out.
    pub(crate) logout: Option<(Method, Url)>,
}

/// A run could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpened {
    /// An address is the gateway's own, or at a host of its configuration.
    #[error("an address is the gateway's own, or of what it is made with: the bench drives sites of others")]
    Own,
    /// An address is at a host where the service has no redirect URI.
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
    /// The service signs nobody in.
    #[error("the service has no redirect URI that is an address: it signs nobody in")]
    NoRedirect,
    /// There are too many.
    #[error("too many runs of the bench at once: again in an hour at the latest")]
    TooMany,
    /// Its keys could not be made.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The registry failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A run was not driven.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDriven {
    /// It is over, was driven already, or is.
    #[error("the run is over, or was driven already")]
    Over,
    /// The registry failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl House {
    /// The egress rule of sites of others: loopback where the gateway itself is there, and nothing of what the operator
    /// lists for servers of its own.
    pub(crate) fn egress(own: &Egress) -> Egress {
        Egress { networks: Vec::new(), hosts: Vec::new(), ..own.clone() }
    }

    /// The runs of a gateway.
    pub(crate) fn of(
        registry: &Registry,
        config: &Config,
        (clock, random): (&Clock, Random),
    ) -> Result<Self, SetupError> {
        let rooms = Rooms::of(registry.clone(), (clock.clone(), random), SILENCE);
        let http = Http::new(&Self::egress(&config.egress))?;
        Ok(Self {
            registry: registry.clone(),
            issuer: config.issuer.clone(),
            off_limits: OffLimits::of(config),
            http,
            rooms,
            keys: KEYS,
            tasks: TaskTracker::new(),
        })
    }

    /// The same with another patience for libraries that limit how often they read keys.
    #[must_use]
    pub(crate) fn with_key_patience(self, keys: Duration) -> Self {
        Self { keys, ..self }
    }

    /// The runs under way. A stop does not wait for them: a run that it cuts off is over within its hour.
    pub(crate) const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Where the runs are.
    pub(crate) const fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// Opens a run for a service.
    pub(crate) async fn open(&self, client: &Client, said: Addresses) -> Result<BenchRunId, NotOpened> {
        let redirect_uris: Vec<Url> = client.redirect_uris().iter().filter_map(|uri| uri.parse().ok()).collect();
        if redirect_uris.is_empty() {
            return Err(NotOpened::NoRedirect);
        }
        let post_logout = client.post_logout_redirect_uris();
        let site = Site {
            start: said.start,
            page: said.page,
            shown: said.shown,
            redirect_uris,
            post_logout: post_logout.first().and_then(|uri| uri.parse().ok()),
            logout: said.logout,
            notices: client.backchannel_logout.as_ref().map(|notices| notices.uri.url().clone()),
        };
        if site.addresses().any(|address| self.off_limits.hold(address)) {
            return Err(NotOpened::Own);
        }
        let site = site.at_its_redirects()?;
        let registered = Registered {
            redirect_uris: client.redirect_uris().to_vec(),
            post_logout_redirect_uris: post_logout.to_vec(),
            algorithm: client.id_token_algorithm,
            userinfo: match client.userinfo {
                UserinfoFormat::Json => UserinfoForm::Json,
                UserinfoFormat::Signed(_) => UserinfoForm::Signed,
            },
        };
        let (random, now) = (self.rooms.random, self.rooms.clock.now());
        let id = BenchRunId::from_random(random.bytes());
        let issuer = self.issuer.at(&format!("/banc/{id}"));
        let seed = random.bytes();
        // RSA keys among them: each takes a tenth of a second of a processor.
        let made = tokio::task::spawn_blocking(move || Provider::open(&issuer, registered, &seed, now)).await;
        let provider = made.map_err(|_| KeyError)??;
        match self.registry.open_bench_run(&id, &client.id, &Working { site, provider }, now).await? {
            Put::Fresh => Ok(id),
            Put::Taken => Err(NotOpened::TooMany),
        }
    }

    /// Drives a run to its report. Each line is kept as soon as it is known.
    pub(crate) async fn drive(&self, run: &BenchRunId, client: &Client) -> Result<Report, NotDriven> {
        let from = self.rooms.clock.now();
        let (working, _) = self.registry.bench_working(run, from).await?.ok_or(NotDriven::Over)?;
        if self.registry.begin_bench_run(run, from).await? == Changed::Lost {
            return Err(NotDriven::Over);
        }
        let about = About {
            gateway: env!("CARGO_PKG_VERSION").to_owned(),
            issuer: working.provider.issuer().to_owned(),
            service: Some(client.id.to_string()),
            start: working.site.start.to_string(),
            page: working.site.page.to_string(),
            from,
            until: from,
        };
        let driver = Driver {
            rooms: self.rooms.clone(),
            run: run.clone(),
            issuer: about.issuer.clone(),
            site: working.site,
            http: self.http.clone(),
            patience: Patience { step: STEP, silent: SILENCE * 3 / 4, keys: self.keys },
        };
        let (known, mut lines) = tokio::sync::mpsc::unbounded_channel();
        let keep = async {
            let mut number = 0;
            while let Some(line) = lines.recv().await {
                self.registry.keep_bench_line(run, number, &line).await?;
                number += 1;
            }
            Ok::<_, StoreError>(())
        };
        let drive = async {
            // The other end is read until this one is gone.
            let lines = driver.drive(|line| _ = known.send(line.clone())).await;
            drop(known);
            lines
        };
        let (lines, kept) = tokio::join!(drive, keep);
        kept?;
        let until = self.rooms.clock.now();
        let report = Report { about: About { until, ..about }, lines };
        match self.registry.report_bench_run(run, &client.id, &report, until).await? {
            Changed::Done => Ok(report),
            Changed::Lost => Err(NotDriven::Over),
        }
    }
}
