//! The load: citizens who sign in, so many at once, each starting anew as soon as they are through.
//!
//! A login's time runs from the first request until the service has read the claims: it holds everything on this
//! machine, the load's and the provider's own work included. Connections are kept and shared, as behind a proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use axum::http::{HeaderMap, StatusCode, header};
use conformance::cookies::{Initiator, Jar};
use conformance::{jose, random};
use hdrhistogram::Histogram;
use serde_json::Value;
use tokio::task::JoinSet;
use url::Url;

use crate::world::{PROVIDER, Person, SESSION};

/// What is put under load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The gateway.
    Gateway,
    /// The floor.
    Floor,
}

/// A service whose citizens sign in at a target.
#[derive(Debug)]
pub(crate) struct Service {
    /// What they sign in at.
    pub(crate) target: Target,
    /// Where that is, without a trailing slash.
    pub(crate) base: String,
    /// Client id of the service.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) secret: String,
    /// Its redirect URI. Nothing listens there: the code is read from the address.
    pub(crate) redirect_uri: String,
    /// Connections to all.
    pub(crate) http: reqwest::Client,
}

/// What a round took.
#[derive(Debug)]
pub(crate) struct Taken {
    /// From the first request of the first login to the last answer of the last.
    pub(crate) wall: Duration,
    /// The time of each login, in microseconds.
    pub(crate) latency: Histogram<u64>,
}

/// What one login gave.
#[derive(Debug)]
pub(crate) struct Login {
    /// The ID token.
    pub(crate) id_token: String,
    /// The answer of userinfo.
    pub(crate) claims: Value,
}

/// Signs in the citizens of the numbers from `first`, `count` of them, `at_once` at once.
pub(crate) async fn round(service: &Arc<Service>, first: u64, count: u32, at_once: u32) -> anyhow::Result<Taken> {
    let (next, end) = (Arc::new(AtomicU64::new(first)), first + u64::from(count));
    let started = Instant::now();
    let mut citizens = JoinSet::new();
    for _ in 0..at_once {
        let (service, next) = (Arc::clone(service), Arc::clone(&next));
        citizens.spawn(async move {
            let mut latency = Histogram::<u64>::new(3)?;
            loop {
                let person = Person(next.fetch_add(1, Ordering::Relaxed));
                if person.0 >= end {
                    return anyhow::Ok(latency);
                }
                let began = Instant::now();
                service.sign_in(person).await.with_context(|| format!("{:?}: {person:?}", service.target))?;
                latency.record(u64::try_from(began.elapsed().as_micros())?)?;
            }
        });
    }
    let mut latency = Histogram::new(3)?;
    while let Some(finished) = citizens.join_next().await {
        latency.add(finished??)?;
    }
    Ok(Taken { wall: started.elapsed(), latency })
}

/// A citizen's browser for one login.
struct Browser<'a> {
    http: &'a reqwest::Client,
    jar: Jar,
}

/// A form that is sent, and the page it stood on.
struct Sent<'a> {
    from: &'a Url,
    fields: &'a [(&'a str, &'a str)],
}

impl Service {
    /// One full login.
    pub(crate) async fn sign_in(&self, person: Person) -> anyhow::Result<Login> {
        let verifier = random::token();
        let asked = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", "openid profile birth email"),
            ("state", &random::token()),
            ("nonce", &random::token()),
            ("acr_values", "eidas1"),
            ("code_challenge", &jose::sha256(&verifier)),
            ("code_challenge_method", "S256"),
        ];
        let mut browser = Browser { http: &self.http, jar: Jar::default() };
        let authorize = Url::parse_with_params(&format!("{}/authorize", self.base), asked)?;
        let choose = browser.get(authorize).await?.redirect()?;
        let csrf = browser.get(choose.clone()).await?.csrf().await?;
        let fields = [("csrf", csrf.as_str()), ("provider", PROVIDER)];
        let provider = browser.post(&choose, Sent { from: &choose, fields: &fields }).await?.redirect()?;
        let callback = self.at_the_provider(provider, person).await?;
        let inform = browser.get(callback).await?.redirect()?;
        let csrf = browser.get(inform.clone()).await?.csrf().await?;
        let fields = [("csrf", csrf.as_str())];
        let back = browser.post(&inform, Sent { from: &inform, fields: &fields }).await?.redirect()?;
        let code = back.query_pairs().find(|(name, _)| name == "code").with_context(|| format!("no code: {back}"))?.1;
        self.redeem(&code, &verifier, person).await
    }

    /// The provider knows its citizen by a cookie and sends them back at once.
    async fn at_the_provider(&self, address: Url, person: Person) -> anyhow::Result<Url> {
        let cookie = format!("{SESSION}={}", person.0);
        let answer = self.http.get(address.clone()).header(header::COOKIE, cookie).send().await?;
        Answer { url: address, answer }.redirect()
    }

    /// The service's own part: code to tokens to claims.
    async fn redeem(&self, code: &str, verifier: &str, person: Person) -> anyhow::Result<Login> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", verifier),
        ];
        let request = self.http.post(format!("{}/token", self.base)).form(&form);
        let answer = request.basic_auth(&self.client_id, Some(&self.secret)).send().await?;
        let tokens: Value = answer.error_for_status()?.json().await?;
        let text = |name: &str| tokens[name].as_str().with_context(|| format!("no {name}"));
        let request = self.http.get(format!("{}/userinfo", self.base)).bearer_auth(text("access_token")?);
        let claims: Value = request.send().await?.error_for_status()?.json().await?;
        let right = match self.target {
            Target::Gateway => claims["family_name"] == person.family_name(),
            Target::Floor => claims["sub"] == "floor",
        };
        ensure!(right, "the claims are another's: {claims}");
        Ok(Login { id_token: text("id_token")?.to_owned(), claims })
    }
}

impl Browser<'_> {
    async fn get(&mut self, url: Url) -> anyhow::Result<Answer> {
        let request = self.http.get(url.clone());
        self.go(request, url, Initiator::SameSite).await
    }

    async fn post(&mut self, url: &Url, sent: Sent<'_>) -> anyhow::Result<Answer> {
        let origin = sent.from.origin().ascii_serialization();
        let request = self.http.post(url.clone()).header(header::ORIGIN, origin).form(sent.fields);
        let request = request.header("sec-fetch-site", "same-origin");
        self.go(request, url.clone(), Initiator::SameSite).await
    }

    async fn go(
        &mut self,
        mut request: reqwest::RequestBuilder,
        url: Url,
        initiator: Initiator,
    ) -> anyhow::Result<Answer> {
        if let Some(cookies) = self.jar.header(&url, initiator) {
            request = request.header(header::COOKIE, cookies);
        }
        let answer = request.header(header::ACCEPT_LANGUAGE, "fr").send().await?;
        let headers: &HeaderMap = answer.headers();
        self.jar.absorb(&url, headers);
        Ok(Answer { url, answer })
    }
}

/// An answer, and the address it came from.
struct Answer {
    url: Url,
    answer: reqwest::Response,
}

impl Answer {
    fn redirect(&self) -> anyhow::Result<Url> {
        let status = self.answer.status();
        let target = self.answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let target = target.filter(|_| status.is_redirection());
        Ok(self.url.join(target.with_context(|| format!("{status} and no redirect from {}", self.url))?)?)
    }

    /// The secret of the page's form.
    async fn csrf(self) -> anyhow::Result<String> {
        const BEFORE: &str = "name=\"csrf\" value=\"";
        ensure!(self.answer.status() == StatusCode::OK, "{} from {}", self.answer.status(), self.url);
        let page = self.answer.text().await?;
        let value = page.split_once(BEFORE).and_then(|(_, rest)| rest.split_once('"'));
        Ok(value.with_context(|| format!("no form at {}", self.url))?.0.to_owned())
    }
}
