//! The runs of a gateway: opened for a registered service, or for a request that is to become one; driven, and their reports
//! kept.
//!
//! What is registered of the service is taken from there: redirect URIs, logout addresses, algorithms. Where its login
//! begins and which page shows who is signed in, whoever opens the run says.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::bench::provider::{Provider, Registered, UserinfoForm};
use domain::bench::report::{About, Report};
use domain::bench::run::{Subject, Working};
use domain::bench::site::{Elsewhere, Method, Site};
use domain::bench::trial::Shown;
use domain::client::{Client, UserinfoFormat};
use domain::habilitation::field::{Field, Where};
use domain::habilitation::form::Form;
use domain::habilitation::homologation::hosts;
use domain::id::{BenchRunId, HabilitationRequestId};
use domain::jose::{KeyError, SigningAlgorithm};
use domain::organisation::host::production_redirect;
use domain::organisation::siret::Siret;
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
    /// Where notices of logouts are taken, when that is not registered.
    pub(crate) notices: Option<Url>,
}

/// Whose site is driven, and what is known of it before anybody says where its pages are.
#[derive(Debug, Clone)]
pub(crate) struct Driven {
    /// Whose.
    pub(crate) subject: Subject,
    organisation: Option<Siret>,
    redirect_uris: Vec<String>,
    post_logout: Vec<String>,
    notices: Option<Url>,
    form: (SigningAlgorithm, UserinfoForm),
    /// The hosts that the form of a request names; a service is driven where its redirect URIs are.
    hosts: Option<BTreeSet<String>>,
}

impl Driven {
    /// The site of a service, as it is registered.
    pub(crate) fn service(client: &Client, organisation: Option<Siret>) -> Self {
        let userinfo = match client.userinfo {
            UserinfoFormat::Json => UserinfoForm::Json,
            UserinfoFormat::Signed(_) => UserinfoForm::Signed,
        };
        Self {
            subject: Subject::Service(client.id.clone()),
            organisation,
            redirect_uris: client.redirect_uris().to_vec(),
            post_logout: client.post_logout_redirect_uris().to_vec(),
            notices: client.backchannel_logout.as_ref().map(|notices| notices.uri.url().clone()),
            form: (client.id_token_algorithm, userinfo),
            hosts: None,
        }
    }

    /// The site of a request: at the addresses that stand in its form for the production, and on their hosts alone. Whoever
    /// writes a request does not lead the bench to hosts that no reviewer reads of.
    pub(crate) fn request(id: &HabilitationRequestId, organisation: Siret, form: &Form) -> Self {
        let good = |field: Field| -> Vec<String> {
            let lines = form.get(field).lines().map(str::trim);
            lines.filter(|line| production_redirect(line).is_ok()).map(str::to_owned).collect()
        };
        let redirect_uris = good(Field::Redirects(Where::Production));
        let post_logout = good(Field::LogoutRedirects(Where::Production));
        let own = redirect_uris.iter().chain(&post_logout);
        let site =
            production_redirect(form.get(Field::ServiceUri)).is_ok().then(|| form.get(Field::ServiceUri).to_owned());
        let hosts = hosts(own.chain(&site));
        // What a client is registered with that says nothing of algorithms.
        let form = (SigningAlgorithm::Rs256, UserinfoForm::Json);
        let subject = Subject::Request(id.clone());
        Self {
            subject,
            organisation: Some(organisation),
            redirect_uris,
            post_logout,
            notices: None,
            form,
            hosts: Some(hosts),
        }
    }

    /// Whether somebody must say where notices of logouts are taken: nothing is registered.
    pub(crate) const fn asks_for_notices(&self) -> bool {
        self.hosts.is_some()
    }

    /// The organisation that the run is counted for.
    pub(crate) const fn organisation(&self) -> Option<Siret> {
        self.organisation
    }

    /// The site, held to the hosts that it may be driven at.
    fn held(&self, site: Site) -> Result<Site, Elsewhere> {
        let Some(hosts) = &self.hosts else { return site.at_its_redirects() };
        let on = |url: &Url| url.host_str().is_some_and(|host| hosts.contains(host));
        if site.addresses().all(on) { Ok(site) } else { Err(Elsewhere) }
    }

    fn site(&self, said: Addresses) -> Site {
        Site {
            start: said.start,
            page: said.page,
            shown: said.shown,
            redirect_uris: self.redirect_uris.iter().filter_map(|uri| uri.parse().ok()).collect(),
            post_logout: self.post_logout.first().and_then(|uri| uri.parse().ok()),
            logout: said.logout,
            notices: self.notices.clone().or(said.notices),
        }
    }
}

/// A run could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpened {
    /// An address is the gateway's own, or at a host of its configuration.
    #[error("an address is the gateway's own, or of what it is made with: the bench drives sites of others")]
    Own,
    /// An address is at a host where the service has no redirect URI, or that the request does not name.
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

    /// Opens a run for a service or a request.
    pub(crate) async fn open(&self, driven: &Driven, said: Addresses) -> Result<BenchRunId, NotOpened> {
        let site = driven.site(said);
        if site.redirect_uris.is_empty() {
            return Err(NotOpened::NoRedirect);
        }
        if site.addresses().any(|address| self.off_limits.hold(address)) {
            return Err(NotOpened::Own);
        }
        let site = driven.held(site)?;
        let registered = Registered {
            redirect_uris: driven.redirect_uris.clone(),
            post_logout_redirect_uris: driven.post_logout.clone(),
            algorithm: driven.form.0,
            userinfo: driven.form.1,
        };
        let (random, now) = (self.rooms.random, self.rooms.clock.now());
        let id = BenchRunId::from_random(random.bytes());
        let issuer = self.issuer.at(&format!("/banc/{id}"));
        let seed = random.bytes();
        // RSA keys among them: each takes a tenth of a second of a processor.
        let made = tokio::task::spawn_blocking(move || Provider::open(&issuer, registered, &seed, now)).await;
        let provider = made.map_err(|_| KeyError)??;
        let whose = (&driven.subject, driven.organisation);
        match self.registry.open_bench_run(&id, whose, &Working { site, provider }, now).await? {
            Put::Fresh => Ok(id),
            Put::Taken => Err(NotOpened::TooMany),
        }
    }

    /// Drives a run to its report. Each line is kept as soon as it is known.
    pub(crate) async fn drive(&self, run: &BenchRunId, subject: &Subject) -> Result<Report, NotDriven> {
        let from = self.rooms.clock.now();
        let (working, _) = self.registry.bench_working(run, from).await?.ok_or(NotDriven::Over)?;
        if self.registry.begin_bench_run(run, from).await? == Changed::Lost {
            return Err(NotDriven::Over);
        }
        let about = About {
            gateway: env!("CARGO_PKG_VERSION").to_owned(),
            issuer: working.provider.issuer().to_owned(),
            service: match subject {
                Subject::Service(client) => Some(client.to_string()),
                Subject::Request(_) => None,
            },
            request: match subject {
                Subject::Service(_) => None,
                Subject::Request(request) => Some(request.to_string()),
            },
            hosts: BTreeSet::new(),
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
        // A run that is over leaves a report without hosts, which counts for none.
        let hosts = self.rooms.look(run, Provider::hosts).await.unwrap_or_default();
        let report = Report { about: About { until, hosts, ..about }, lines };
        match self.registry.report_bench_run(run, subject, &report, until).await? {
            Changed::Done => Ok(report),
            Changed::Lost => Err(NotDriven::Over),
        }
    }
}
