//! The pages of services: those of an organisation, a new one, its secret, one of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use domain::client::pins::Thumbprints;
use domain::client::{Label, Registered};
use domain::habilitation::credentials::{ClientSecret, SecretRefused};
use domain::habilitation::grant::{Environment, Habilitation, NotLive};
use domain::habilitation::service::{Deadline, SECRET_DAYS, Sent, ServiceFault, Wish, aged, deadlines};
use domain::habilitation::switches::Switches;
use domain::id::{ClientId, HabilitationRequestId};
use domain::organisation::host::{HostFault, RedirectRefusal};
use domain::partners::organisation::Organisation;
use domain::time::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use store::registry::{PinnedKeys, SecretUse};

use super::partners::{Crumb, Shell, Wrong, space_views};
use super::{Page, paris};

mod button;
mod start;

pub(crate) use button::{Button, STYLE as BUTTON_STYLE, Size};
pub(crate) use start::{Kit, Start};

/// What stands in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The page of a service.
pub(crate) fn path_of(client: &ClientId) -> String {
    format!("/espace/services/{}", utf8_percent_encode(client.as_str(), PLAIN))
}

/// The pages above those of an organisation's services and requests.
pub(crate) fn above(organisation: &Organisation) -> Vec<Crumb> {
    let href = format!("/espace/organisations/{}", organisation.siret.digits());
    vec![Crumb { href, title: organisation.name.as_str().to_owned() }]
}

/// A service among the pages above.
pub(crate) fn address(page: &Page<'_>, service: &Registered) -> Crumb {
    Crumb { href: path_of(&service.client.id), title: page.name(&service.client.name).to_owned() }
}

/// Why an act on a service came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It proves itself by keys.
    NoSecrets,
    /// No such term is offered.
    Days,
    /// The rules of secrets refuse it.
    Secret(SecretRefused),
    /// No reason was given.
    Reason,
}

impl From<SecretRefused> for Mistake {
    fn from(why: SecretRefused) -> Self {
        Self::Secret(why)
    }
}

impl Page<'_> {
    /// Where a service lives, in words.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand references on")]
    pub(crate) const fn environment(&self, environment: &Environment) -> &'static str {
        match environment {
            Environment::Sandbox => self.t.service_sandbox(),
            Environment::Production => self.t.service_production(),
        }
    }

    /// The state of a service, in words.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand references on")]
    pub(crate) const fn service_state(&self, live: &Result<(), NotLive>) -> &'static str {
        match live {
            Ok(()) => self.t.service_in_force(),
            Err(NotLive::Disabled) => self.t.service_disabled(),
            Err(NotLive::None) => self.t.service_none(),
            Err(NotLive::Suspended) => self.t.service_suspended(),
            Err(NotLive::Revoked) => self.t.service_revoked(),
            Err(NotLive::Obsolete) => self.t.service_obsolete(),
            Err(NotLive::NotYet) => self.t.service_not_yet(),
            Err(NotLive::Expired) => self.t.service_expired(),
            Err(NotLive::ServiceOff) => self.t.service_off(),
            Err(NotLive::ProviderOff | NotLive::LevelOff | NotLive::AboveLevel) => self.t.service_partly_off(),
        }
    }

    /// What ends, and when.
    pub(super) fn deadline(&self, deadline: &Deadline) -> String {
        let day = paris::day(deadline.at(), self.t);
        match deadline {
            Deadline::Habilitation(_) => self.t.service_ends(&day),
            Deadline::Secret(name, _) => self.t.service_secret_ends(name.as_str(), &day),
            Deadline::Certificate(name, _) => self.t.service_certificate_ends(name, &day),
            Deadline::Key(name, _) => self.t.service_key_old(name, &day),
        }
    }

    /// What to do about it.
    fn deadline_action(&self, deadline: &Deadline) -> &'static str {
        match deadline {
            Deadline::Habilitation(_) => self.t.service_act_habilitation(),
            Deadline::Secret(..) => self.t.service_act_secret(),
            Deadline::Certificate(..) => self.t.service_act_certificate(),
            Deadline::Key(..) => self.t.service_act_key(),
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand references on")]
    fn on_day(&self, moment: &Timestamp) -> String {
        paris::day(*moment, self.t)
    }

    /// What is wrong with what was filled in for a service.
    pub(crate) fn service_fault(&self, fault: &ServiceFault) -> Wrong {
        let (field, words) = match fault {
            ServiceFault::Name => ("name", self.t.service_wrong_name().to_owned()),
            ServiceFault::Count => ("redirects", self.t.service_wrong_count().to_owned()),
            ServiceFault::Redirect { place, why } => ("redirects", self.address_fault(*place, why)),
            ServiceFault::LogoutRedirect { place, why } => ("logout_redirects", self.address_fault(*place, why)),
            ServiceFault::NotGranted => ("redirects", self.t.service_wrong_not_granted().to_owned()),
            ServiceFault::NotTheirs | ServiceFault::NotLive(_) => ("proof", self.t.service_wrong_not_live().to_owned()),
            ServiceFault::Keys(_) => ("keys", self.t.service_wrong_keys().to_owned()),
            ServiceFault::KeysAt(_) => ("keys_at", self.t.service_wrong_keys_at().to_owned()),
            ServiceFault::Certificate(_) => ("certificate", self.t.service_wrong_certificate().to_owned()),
            ServiceFault::Full => ("name", self.t.service_wrong_full().to_owned()),
            ServiceFault::Metadata(_) => ("name", self.t.service_wrong_other().to_owned()),
        };
        Wrong { field, words }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand references on")]
    fn address_fault(&self, place: usize, why: &RedirectRefusal) -> String {
        let place = place.to_string();
        match why {
            RedirectRefusal::Host(HostFault::NotForTests) => self.t.service_wrong_not_test(&place),
            RedirectRefusal::Registration(_)
            | RedirectRefusal::Http
            | RedirectRefusal::Host(_)
            | RedirectRefusal::PathParameter
            | RedirectRefusal::DoubleSlash
            | RedirectRefusal::HiddenSeparator
            | RedirectRefusal::ResponseParameter => self.t.service_wrong_address(&place),
        }
    }

    /// Why an act on a service came to nothing.
    pub(crate) fn service_mistake(&self, mistake: Mistake) -> Wrong {
        let (field, words) = match mistake {
            Mistake::NoSecrets => ("secrets", self.t.service_no_secrets()),
            Mistake::Days => ("days", self.t.service_wrong_days()),
            Mistake::Secret(SecretRefused::TooMany) => ("secrets", self.t.service_two_secrets()),
            Mistake::Secret(SecretRefused::Last) => ("secrets", self.t.service_last_secret()),
            Mistake::Secret(SecretRefused::Unknown | SecretRefused::Ended) => ("secrets", self.t.service_gone_secret()),
            Mistake::Reason => ("reason", self.t.service_wrong_reason()),
        };
        Wrong { field, words: words.to_owned() }
    }
}

/// A service among those of an organisation.
#[derive(Debug)]
pub(crate) struct Line {
    pub(super) client: ClientId,
    pub(super) name: Label,
    pub(super) environment: Environment,
    pub(super) live: Result<(), NotLive>,
    pub(super) deadlines: Vec<Deadline>,
    pub(super) secrets: usize,
    now: Timestamp,
}

impl Line {
    /// The line of a service.
    pub(crate) fn of(service: &Registered, switches: &Arc<Switches>, now: Timestamp) -> Self {
        let client = &service.client;
        Self {
            client: client.id.clone(),
            name: client.name.clone(),
            environment: service.habilitation.as_ref().map(|held| held.environment).unwrap_or_default(),
            live: service.live(now, switches).map(|_| ()),
            deadlines: deadlines(service, now),
            secrets: service.secrets.all().len(),
            now,
        }
    }

    pub(super) fn path(&self) -> String {
        path_of(&self.client)
    }

    pub(super) fn state(&self) -> &'static str {
        self.live.as_ref().err().map_or("live", |why| why.name())
    }

    /// Whether something ends within thirty days.
    pub(super) fn is_due(&self) -> bool {
        self.deadlines.iter().any(|deadline| deadline.warning(self.now).is_some())
    }
}

/// What the page of an organisation says of its services. `service_list.html` draws it.
#[expect(clippy::struct_excessive_bools, reason = "what a page shows or does not")]
#[derive(Debug)]
pub(crate) struct Section {
    /// The services.
    pub(crate) lines: Vec<Line>,
    /// What was granted, and has no service.
    pub(crate) grants: Vec<Habilitation>,
    /// Whether who looks may make one of the sandbox.
    pub(crate) may_edit: bool,
    /// Whether who looks may ask for a habilitation.
    pub(crate) may_ask: bool,
    /// Whether who looks may make one of the production.
    pub(crate) may_make: bool,
    /// Whether it is proved that its people belong to it.
    pub(crate) verified: bool,
}

impl Section {
    pub(super) fn has_production(&self) -> bool {
        self.lines.iter().any(|line| line.environment == Environment::Production)
    }

    pub(super) fn is_done(&self) -> bool {
        let quiet = |line: &Line| line.live.is_ok() && !line.is_due() && line.secrets < 2;
        self.verified && self.grants.is_empty() && self.has_production() && self.lines.iter().all(quiet)
    }
}

/// A new service of the sandbox.
#[derive(Debug, Template)]
#[template(path = "service_new.html")]
pub(crate) struct NewSandbox<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// For whom.
    pub(crate) organisation: &'a Organisation,
    /// What was filled in.
    pub(crate) wish: &'a Wish,
    /// What makes one sending of the form one service.
    pub(crate) attempt: &'a str,
}

impl NewSandbox<'_> {
    fn redirects(&self) -> String {
        self.wish.redirects.join("\n")
    }

    fn logout_redirects(&self) -> String {
        self.wish.logout_redirects.join("\n")
    }
}

/// What was filled in for a service of the production.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    /// The addresses that were ticked.
    pub(crate) redirects: Vec<String>,
    /// How it proves who it is.
    pub(crate) proof: String,
    /// Keys, as JSON.
    pub(crate) keys: String,
    /// Where the keys are.
    pub(crate) keys_at: String,
    /// The name of the certificate.
    pub(crate) certificate: String,
}

/// A new service of the production.
#[derive(Debug, Template)]
#[template(path = "service_production.html")]
pub(crate) struct NewProduction<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// For whom.
    pub(crate) organisation: &'a Organisation,
    /// The request that was granted.
    pub(crate) request: &'a HabilitationRequestId,
    /// What the service is called in it.
    pub(crate) title: &'a str,
    /// The addresses that were granted.
    pub(crate) offered: &'a [String],
    /// What was granted.
    pub(crate) habilitation: &'a Habilitation,
    /// What was filled in.
    pub(crate) typed: &'a Typed,
    /// What makes one sending of the form one service.
    pub(crate) attempt: &'a str,
}

impl NewProduction<'_> {
    fn is_ticked(&self, uri: &str) -> bool {
        self.typed.redirects.iter().any(|ticked| ticked == uri)
    }

    fn is_chosen(&self, proof: &str) -> bool {
        self.typed.proof == proof || (self.typed.proof.is_empty() && proof == Sent::Basic.name())
    }

    fn level(&self) -> &'static str {
        self.page.t.level(self.habilitation.level)
    }

    fn scopes(&self) -> Vec<&'static str> {
        self.habilitation.scopes.iter().map(|scope| scope.name()).collect()
    }
}

/// A service that was made, or a new secret of one: the only page that shows it.
#[derive(Debug, Template)]
#[template(path = "service_secret.html")]
pub(crate) struct Shown<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The service.
    pub(crate) service: &'a Registered,
    /// The secret; `None` for one that proves itself by keys.
    pub(crate) secret: Option<&'a str>,
    /// The issuer.
    pub(crate) issuer: &'a str,
}

impl Shown<'_> {
    fn path(&self) -> String {
        path_of(&self.service.client.id)
    }

    /// What a program needs, as environment variables.
    fn settings(&self) -> String {
        let client = &self.service.client;
        let redirect = client.redirect_uris().first().map_or("", String::as_str);
        let secret = self.secret.map(|secret| format!("OIDC_CLIENT_SECRET={secret}\n")).unwrap_or_default();
        format!(
            "OIDC_ISSUER={}\nOIDC_CLIENT_ID={}\n{secret}OIDC_REDIRECT_URI={redirect}\nOIDC_TOKEN_ENDPOINT_AUTH_METHOD={}\n",
            self.issuer,
            client.id,
            client.authentication.name()
        )
    }
}

/// A service that is switched off.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// By whom, where that is somebody with an account.
    pub(crate) by: Option<String>,
    /// Why.
    pub(crate) why: String,
    /// Since when.
    pub(crate) since: Timestamp,
    /// Whether who looks may turn it on.
    pub(crate) theirs: bool,
}

/// One service.
#[expect(clippy::struct_excessive_bools, reason = "what a page shows or does not")]
#[derive(Debug, Template)]
#[template(path = "service_one.html")]
pub(crate) struct One<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// Whose it is.
    pub(crate) organisation: &'a Organisation,
    /// The service.
    pub(crate) service: &'a Registered,
    /// Now.
    pub(crate) now: Timestamp,
    /// Whether it is served.
    pub(crate) live: Result<(), NotLive>,
    /// When it was registered.
    pub(crate) since: Option<Timestamp>,
    /// When its secrets were used last.
    pub(crate) uses: &'a [SecretUse],
    /// The keys at its address, where it keeps them there.
    pub(crate) pinned: Option<&'a PinnedKeys>,
    /// When its keys were seen first.
    pub(crate) first_seen: &'a BTreeMap<String, Timestamp>,
    /// Its switch, when that is off.
    pub(crate) stopped: Option<&'a Stopped>,
    /// Whether who looks may change what it proves itself by.
    pub(crate) may_change: bool,
    /// Whether who looks may switch it off.
    pub(crate) may_switch: bool,
    /// Whether the bench is here for who looks.
    pub(crate) bench: bool,
    /// Whether its figures are here for who looks.
    pub(crate) figures: bool,
}

impl One<'_> {
    fn path(&self) -> String {
        path_of(&self.service.client.id)
    }

    fn state(&self) -> &'static str {
        self.live.as_ref().err().map_or("live", |why| why.name())
    }

    fn environment(&self) -> Environment {
        self.service.habilitation.as_ref().map(|held| held.environment).unwrap_or_default()
    }

    fn environment_words(&self) -> &'static str {
        self.page.environment(&self.environment())
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let mut all = deadlines(self.service, self.now);
        all.extend(aged(self.service, self.first_seen));
        all.sort_by_key(Deadline::at);
        all
    }

    fn is_due(&self, deadline: &Deadline) -> bool {
        deadline.warning(self.now).is_some()
    }

    /// Where a deadline is dealt with.
    fn deadline_place(&self, deadline: &Deadline) -> Option<String> {
        match deadline {
            Deadline::Habilitation(_) => {
                let request = self.service.habilitation.as_ref()?.request.as_ref()?;
                Some(format!("/espace/demandes/{request}"))
            }
            Deadline::Secret(..) => Some("#secrets".to_owned()),
            Deadline::Certificate(..) | Deadline::Key(..) => None,
        }
    }

    fn scopes(&self) -> Vec<&'static str> {
        self.service.client.scopes.iter().map(|scope| scope.name()).collect()
    }

    fn level(&self) -> &'static str {
        self.service.habilitation.as_ref().map_or("", |held| self.page.t.level(held.level))
    }

    fn secrets(&self) -> &[ClientSecret] {
        self.service.secrets.all()
    }

    /// The set at its address that was not taken.
    fn refused(&self) -> Option<&(Thumbprints, Timestamp)> {
        self.pinned?.refused.as_ref()
    }

    fn has_secrets(&self) -> bool {
        self.service.client.authentication.needs_secret()
    }

    fn last_day(&self, secret: &ClientSecret) -> Option<String> {
        let used = self.uses.iter().find(|used| used.secret == secret.name())?;
        used.last_day.map(|day| self.page.on_day(&day))
    }

    fn is_over(&self, secret: &ClientSecret) -> bool {
        !secret.counts(self.now)
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    const fn terms(&self) -> [u16; 4] {
        SECRET_DAYS
    }
}

space_views!(NewSandbox: Stay, NewProduction: Stay, Shown: Stay, One: Stay);
