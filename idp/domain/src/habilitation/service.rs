//! The services that an organisation registers by itself: one of the sandbox at once, one of the production under a
//! habilitation that a review granted.
//!
//! ```text
//!  anyone who edits ── Wish ──▶ sandbox()     test hosts alone, every scope, one year
//!  a review ── Habilitation ─┐
//!  who holds credentials ── Order ──▶ production()   what was granted, and nothing beyond it
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::acting::Author;
use super::complete::Terms;
use super::credentials::{ClientSecret, SecretName, Secrets, days};
use super::grant::{Environment, Habilitation, NotLive};
use crate::claims::scopes::Scope;
use crate::client::{Client, ClientState, Registered};
use crate::id::{ClientId, HabilitationId};
use crate::organisation::host::{RedirectRefusal, production_redirect, sandbox_redirect};
use crate::organisation::siret::Siret;
use crate::partners::partner::Partner;
use crate::people::name::MailAddress;
use crate::secret::SecretDigest;
use crate::time::{Lifetime, Timestamp};

/// How many services of one environment an organisation has at most: a mistake in a program fills no registry.
pub const MOST: usize = 20;

/// How many addresses a service is answered at, at most.
const MOST_ADDRESSES: usize = 10;

/// The longest name, in characters.
const LONGEST_NAME: usize = 80;

/// How long a sandbox service lives.
const SANDBOX: Lifetime = Lifetime::seconds(365 * 86_400);

/// After how many days a secret can be made to end, the shortest first.
pub const SECRET_DAYS: [u16; 4] = [90, 180, 365, 730];

/// After how many days the first secret of a service ends, unless what it was granted ends before.
const FIRST_SECRET: u16 = 730;

/// How a service sends its secret (OIDC Core §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sent {
    /// In the Authorization header.
    #[default]
    Basic,
    /// In the body.
    Post,
}

impl Sent {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Basic, Self::Post];

    /// The registered name of the method.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sent| sent.name() == name)
    }
}

/// How a service of the production proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// By a secret.
    Secret(Sent),
    /// By keys that stand in its metadata.
    Keys(Value),
    /// By keys at an address of its own.
    KeysAt(String),
    /// By a certificate for this name of the DNS.
    Certificate(String),
}

/// What is asked for in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What the service is called.
    pub name: String,
    /// Where citizens come back to.
    pub redirects: Vec<String>,
    /// Where citizens come back to after they signed out.
    pub logout_redirects: Vec<String>,
    /// How it sends its secret.
    pub sent: Sent,
}

/// What is asked for in the production: a part of what was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Where citizens come back to: some of the addresses that were granted.
    pub redirects: Vec<String>,
    /// How it proves who it is.
    pub proof: Proof,
}

/// What a new service is made with.
#[derive(Debug)]
pub struct Making<'a> {
    /// Its `client_id`.
    pub id: ClientId,
    /// Whose it is.
    pub organisation: Siret,
    /// Its first secret, for one that proves itself by a secret.
    pub secret: SecretDigest,
    /// Who makes it, and is told of what ends.
    pub contact: &'a MailAddress,
    /// When.
    pub now: Timestamp,
}

/// Why a service is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceFault {
    /// It has no name that fits.
    #[error("the name has 1 to {LONGEST_NAME} characters in one line")]
    Name,
    /// It has no address, or too many.
    #[error("a service has 1 to {MOST_ADDRESSES} redirect URIs")]
    Count,
    /// An address may not stand there.
    #[error("redirect URI {place}: {why}")]
    Redirect {
        /// Which one, from 1.
        place: usize,
        /// Why.
        why: RedirectRefusal,
    },
    /// An address after the sign-out may not stand there.
    #[error("post-logout redirect URI {place}: {why}")]
    LogoutRedirect {
        /// Which one, from 1.
        place: usize,
        /// Why.
        why: RedirectRefusal,
    },
    /// An address was not granted.
    #[error("the redirect URI is not one of the habilitation")]
    NotGranted,
    /// The habilitation is of another environment or organisation.
    #[error("the habilitation is not one of this organisation's for the production")]
    NotTheirs,
    /// The habilitation is not in force.
    #[error("{0}")]
    NotLive(#[from] NotLive),
    /// The keys cannot be used.
    #[error("the keys cannot be used: {0}")]
    Keys(String),
    /// The address of the keys may not stand there.
    #[error("the address of the keys: {0}")]
    KeysAt(RedirectRefusal),
    /// The name of the certificate is none.
    #[error("the name of the certificate cannot be used: {0}")]
    Certificate(String),
    /// The organisation has as many services as one may have.
    #[error("the organisation has {MOST} services of this environment, and may have no more")]
    Full,
    /// Something else about it does not fit.
    #[error("{0}")]
    Metadata(String),
}

/// A service of the sandbox: with every scope, at every level, for a year.
pub fn sandbox(wish: &Wish, habilitation: HabilitationId, making: Making<'_>) -> Result<Registered, Vec<ServiceFault>> {
    let mut faults = Vec::new();
    let name = named(&wish.name).map_err(|fault| faults.push(fault)).unwrap_or_default();
    if wish.redirects.is_empty()
        || wish.redirects.len() > MOST_ADDRESSES
        || wish.logout_redirects.len() > MOST_ADDRESSES
    {
        faults.push(ServiceFault::Count);
    }
    for (place, uri) in (1..).zip(&wish.redirects) {
        faults.extend(sandbox_redirect(uri).err().map(|why| ServiceFault::Redirect { place, why }));
    }
    for (place, uri) in (1..).zip(&wish.logout_redirects) {
        faults.extend(sandbox_redirect(uri).err().map(|why| ServiceFault::LogoutRedirect { place, why }));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let addresses = (wish.redirects.as_slice(), wish.logout_redirects.as_slice());
    let (organisation, now, until) = (making.organisation, making.now, making.now.plus(SANDBOX));
    let secret = first_secret(&making, Some(until));
    let client = client(&name, addresses, &Proof::Secret(wish.sent), (&Scope::all().collect(), making))
        .map_err(|fault| vec![fault])?;
    let made = Registered::sandboxed(client, None, Some(organisation), (habilitation, now))
        .map_err(|fault| vec![ServiceFault::Metadata(fault.to_string())])?;
    let granted = made.habilitation.map(|granted| Habilitation { until: Some(until), ..granted });
    Ok(Registered { secrets: Secrets::kept(vec![secret]), habilitation: granted, ..made })
}

/// A service of the production: under a habilitation that is in force, with its scopes, answered at addresses that were
/// granted with it.
pub fn production(
    order: &Order,
    granted: &Terms,
    habilitation: &Habilitation,
    making: Making<'_>,
) -> Result<Registered, ServiceFault> {
    if habilitation.environment != Environment::Production || habilitation.organisation != Some(making.organisation) {
        return Err(ServiceFault::NotTheirs);
    }
    habilitation.stands(making.now)?;
    if order.redirects.is_empty() || order.redirects.len() > MOST_ADDRESSES {
        return Err(ServiceFault::Count);
    }
    if !order.redirects.iter().all(|uri| granted.redirects().contains(uri)) {
        return Err(ServiceFault::NotGranted);
    }
    if let Proof::KeysAt(uri) = &order.proof {
        // A host of the internet, by its name: what lies in our own network is none (attack: SSRF by registration).
        production_redirect(uri).map_err(ServiceFault::KeysAt)?;
    }
    let name = named(granted.title())?;
    let addresses = (order.redirects.as_slice(), granted.logout_redirects());
    let secret = first_secret(&making, habilitation.until);
    let client = client(&name, addresses, &order.proof, (&habilitation.scopes, making))?;
    let secrets = Secrets::kept(client.authentication.needs_secret().then_some(secret).into_iter().collect());
    Ok(Registered { client, secrets, state: ClientState::Active, habilitation: Some(habilitation.clone()) })
}

fn named(text: &str) -> Result<String, ServiceFault> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= LONGEST_NAME && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(ServiceFault::Name) }
}

/// The first secret: it ends with what was granted, or before.
fn first_secret(making: &Making<'_>, granted: Option<Timestamp>) -> ClientSecret {
    let ends = making.now.plus(days(FIRST_SECRET));
    let until = granted.map_or(ends, |granted| granted.min(ends));
    ClientSecret { digest: making.secret.clone(), made: Some(making.now), until: Some(until) }
}

fn client(
    name: &str,
    (redirects, logout_redirects): (&[String], &[String]),
    proof: &Proof,
    (scopes, making): (&BTreeSet<Scope>, Making<'_>),
) -> Result<Client, ServiceFault> {
    let scope: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    let mut metadata = json!({
        "client_name": name, "redirect_uris": redirects, "post_logout_redirect_uris": logout_redirects,
        "scope": scope.join(" "), "contacts": [making.contact.as_str()],
    });
    let method = match proof {
        Proof::Secret(sent) => sent.name(),
        Proof::Keys(keys) => {
            metadata["jwks"] = keys.clone();
            "private_key_jwt"
        }
        Proof::KeysAt(uri) => {
            metadata["jwks_uri"] = json!(uri);
            "private_key_jwt"
        }
        Proof::Certificate(name) => {
            metadata["tls_client_auth_san_dns"] = json!(name);
            "tls_client_auth"
        }
    };
    metadata["token_endpoint_auth_method"] = json!(method);
    Client::from_metadata(&metadata, || making.id).map_err(|fault| {
        let told = fault.to_string();
        match proof {
            Proof::Secret(_) | Proof::KeysAt(_) => ServiceFault::Metadata(told),
            Proof::Keys(_) => ServiceFault::Keys(told),
            Proof::Certificate(_) => ServiceFault::Certificate(told),
        }
    })
}

/// What ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deadline {
    /// What the service was granted.
    Habilitation(Timestamp),
    /// One of its secrets.
    Secret(SecretName, Timestamp),
    /// A certificate that is registered for it, by the name of its key.
    Certificate(String, Timestamp),
    /// A key that has been used for a year: it works on, and is to be replaced.
    Key(String, Timestamp),
}

/// How many days before an end somebody is warned of it, of secrets apart.
const WARNINGS: [i64; 3] = [60, 30, 7];

/// After how long a key is old.
const KEY_AGE: Lifetime = Lifetime::seconds(365 * 86_400);

impl Deadline {
    /// When.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Habilitation(at) | Self::Secret(_, at) | Self::Certificate(_, at) | Self::Key(_, at) => *at,
        }
    }

    /// What ends, by a name of its own.
    pub fn what(&self) -> String {
        match self {
            Self::Habilitation(_) => "habilitation".to_owned(),
            Self::Secret(name, _) => format!("secret.{name}"),
            Self::Certificate(name, _) => format!("certificate.{name}"),
            Self::Key(name, _) => format!("key.{name}"),
        }
    }

    /// The days before the end that a warning is due for now, the shortest that applies; `None` while it is far, and once it
    /// is over. A key is told of when it is old.
    pub fn warning(&self, now: Timestamp) -> Option<i64> {
        match self {
            Self::Secret(_, at) => super::credentials::warning(*at, now),
            Self::Habilitation(at) | Self::Certificate(_, at) => {
                let left = at.seconds_since(now);
                WARNINGS.into_iter().rev().find(|days| (1..=days * 86_400).contains(&left))
            }
            Self::Key(_, at) => at.is_past(now).then_some(0),
        }
    }
}

/// What of a service ends by itself, the soonest first; what is over counts no more.
pub fn deadlines(service: &Registered, now: Timestamp) -> Vec<Deadline> {
    let granted = service.habilitation.as_ref().and_then(|granted| granted.until).map(Deadline::Habilitation);
    let secrets =
        service.secrets.all().iter().filter_map(|secret| Some(Deadline::Secret(secret.name(), secret.until?)));
    let certificates = service.client.inline_keys().into_iter().filter_map(|(name, ends)| {
        let short: String = name.chars().take(8).collect();
        Some(Deadline::Certificate(short, ends?))
    });
    let all = granted.into_iter().chain(secrets).chain(certificates);
    let mut all: Vec<Deadline> = all.filter(|end| !end.at().is_past(now)).collect();
    all.sort_by_key(Deadline::at);
    all
}

/// The keys of a service and the moment each has been used for a year, by when it was seen first.
pub fn aged(service: &Registered, first: &BTreeMap<String, Timestamp>) -> Vec<Deadline> {
    let old = |(thumbprint, _): (String, Option<Timestamp>)| {
        let since = first.get(&thumbprint)?;
        Some(Deadline::Key(thumbprint.chars().take(8).collect(), since.plus(KEY_AGE)))
    };
    service.client.inline_keys().into_iter().filter_map(old).collect()
}

/// Whether somebody of an organisation may turn on what `by` switched off: what one of its own people did. What the
/// operator stopped, the operator lets go on.
pub fn is_theirs_to_turn_on(by: &Author, author: Option<&Partner>, organisation: Siret) -> bool {
    match by {
        Author::Partner(_) => {
            author.is_some_and(|author| author.memberships.contains_key(&organisation) && author.operator.is_empty())
        }
        Author::Operator | Author::Platform | Author::Clock | Author::Token(_) => false,
    }
}

/// The scopes of a service that the standard libraries ask for at first.
pub fn first_scopes(service: &Registered) -> BTreeSet<Scope> {
    let first = ["openid", "given_name", "family_name", "email"];
    service.client.scopes.iter().filter(|scope| first.contains(&scope.name())).copied().collect()
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
