//! A small OpenID provider on a free loopback port. It checks what a gateway checks (client authentication, code,
//! redirect URI, PKCE) and follows a [`Script`] in what it answers.

mod endpoints;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use relying_party_sdk::{
    Client, Credentials, Departure, Error, Level, Login, Registration, Rejection, Scope, Session, SigningAlgorithm,
};
use serde_json::Value;
use tokio::net::TcpListener;
use url::Url;

use crate::proofs::{self, Proved, Wanted};
use crate::signing::Signer;

pub(crate) const CLIENT_ID: &str = "commune:test%+";
pub(crate) const SECRET: &str = "s3cr+t/with:signs%";
pub(crate) const REDIRECT_URI: &str = "http://localhost:1/callback";
pub(crate) const ACCESS_TOKEN: &str = "access-token-of-the-test";

/// Changes the parameters the browser brings back.
type Detour = Box<dyn Fn(&mut Vec<(String, String)>) + Send>;

/// Encrypts a signed token for the client.
type Encrypt = Box<dyn Fn(&str) -> String + Send>;

/// Changes a JSON answer before it is sent.
type Edit = Box<dyn Fn(&mut Value) + Send>;

/// What the provider answers, and how it differs from what it should.
pub(crate) struct Script {
    pub(crate) discovery: Edit,
    pub(crate) jwks: Edit,
    /// The header of the ID token.
    pub(crate) header: Edit,
    /// The claims of the ID token.
    pub(crate) claims: Edit,
    /// The claims of the ID token as text, for what a JSON value cannot hold.
    pub(crate) claims_text: Option<String>,
    pub(crate) signer: Signer,
    /// Encrypts ID tokens and signed userinfo.
    pub(crate) encrypt: Option<Encrypt>,
    /// Whether tokens are bound to a key, and what nonces are wanted in the proofs.
    pub(crate) binding: Option<Binding>,
    /// Whether refresh tokens are given, and new ones at each refresh.
    pub(crate) refreshing: Option<Rotation>,
    /// The claims of the ID token of a refresh, and the answer that carries it.
    pub(crate) refreshed_claims: Edit,
    pub(crate) refreshed_answer: Edit,
    /// The answer to a pushed request.
    pub(crate) pushed_answer: Edit,
    pub(crate) token_answer: Edit,
    pub(crate) userinfo: Edit,
    /// Signs userinfo, after its header was changed.
    pub(crate) userinfo_signer: Option<Signer>,
    pub(crate) userinfo_header: Edit,
    pub(crate) answer: Detour,
    /// How an answer is signed where a signed one is asked.
    pub(crate) answer_signer: Signer,
    pub(crate) answer_header: Edit,
    pub(crate) answer_claims: Edit,
    /// What an endpoint does instead of answering.
    pub(crate) broken: Option<(Endpoint, Breakage)>,
}

/// How the provider binds tokens.
#[derive(Debug, Clone, Default)]
pub(crate) struct Binding {
    /// The nonce wanted at the token endpoint; another one after each answer.
    pub(crate) nonce: Option<String>,
    /// The nonce wanted with a pushed request.
    pub(crate) nonce_of_par: Option<String>,
    /// The nonce wanted at userinfo.
    pub(crate) nonce_of_userinfo: Option<String>,
    /// An endpoint that wants another nonce whatever it gets.
    pub(crate) never_content: Option<Endpoint>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rotation {
    Rotated,
    Kept,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    Discovery,
    Jwks,
    Par,
    Token,
    Userinfo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breakage {
    Redirect,
    FiftyMegabytes,
    ServerError,
    NotJson,
}

impl Default for Script {
    fn default() -> Self {
        let keep = || Box::new(|_: &mut Value| {});
        Self {
            discovery: keep(),
            jwks: keep(),
            header: keep(),
            claims: keep(),
            claims_text: None,
            signer: Signer::Es256,
            encrypt: None,
            binding: None,
            refreshing: None,
            refreshed_claims: keep(),
            refreshed_answer: keep(),
            pushed_answer: keep(),
            token_answer: keep(),
            userinfo: keep(),
            userinfo_signer: None,
            userinfo_header: keep(),
            answer: Box::new(|_| {}),
            answer_signer: Signer::Es256,
            answer_header: keep(),
            answer_claims: keep(),
            broken: None,
        }
    }
}

struct Grant {
    redirect_uri: String,
    nonce: String,
    challenge: String,
    acr: String,
    /// The key to which the code is bound.
    jkt: Option<String>,
}

struct Inner {
    issuer: String,
    script: Mutex<Script>,
    grants: Mutex<HashMap<String, Grant>>,
    /// Pushed requests by their handle.
    pushed: Mutex<HashMap<String, HashMap<String, String>>>,
    /// Refresh tokens that are good, and the nonce of their sign-in.
    refresh_tokens: Mutex<HashMap<String, String>>,
    /// The key to which the last token was bound.
    bound_to: Mutex<Option<String>>,
    /// Names of the parameters that the last browser brought to the authorization endpoint.
    in_browser: Mutex<Vec<String>>,
    hits: Mutex<HashMap<Endpoint, usize>>,
    /// The `kid` of the assertion, or the name of the method, of the last token request.
    authenticated_by: Mutex<String>,
    codes: AtomicUsize,
    /// Every `jti` of assertions, proofs and request objects.
    seen: Mutex<HashSet<String>>,
}

#[derive(Clone)]
pub(crate) struct Provider(Arc<Inner>);

pub(crate) fn now() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}

/// Sets members of a JSON object; `null` as text removes.
pub(crate) fn set(members: Value) -> Edit {
    Box::new(move |value| {
        let target = value.as_object_mut().unwrap();
        for (name, member) in members.as_object().unwrap() {
            if member == "(absent)" {
                target.remove(name);
            } else {
                target.insert(name.clone(), member.clone());
            }
        }
    })
}

impl Provider {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self(Arc::new(Inner {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            script: Mutex::new(script),
            grants: Mutex::default(),
            pushed: Mutex::default(),
            refresh_tokens: Mutex::default(),
            bound_to: Mutex::default(),
            in_browser: Mutex::default(),
            hits: Mutex::default(),
            authenticated_by: Mutex::default(),
            codes: AtomicUsize::new(0),
            seen: Mutex::default(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(endpoints::discovery))
            .route("/elsewhere", get(endpoints::discovery))
            .route("/jwks", get(endpoints::jwks))
            .route("/par", post(endpoints::par))
            .route("/authorize", get(endpoints::authorize))
            .route("/token", post(endpoints::token))
            .route("/userinfo", get(endpoints::userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.0.script.lock().unwrap());
    }

    pub(crate) fn hits(&self, endpoint: Endpoint) -> usize {
        self.0.hits.lock().unwrap().get(&endpoint).copied().unwrap_or(0)
    }

    pub(crate) fn authenticated_by(&self) -> String {
        self.0.authenticated_by.lock().unwrap().clone()
    }

    /// Another name at each call.
    pub(crate) fn next(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.0.codes.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn in_browser(&self) -> Vec<String> {
        self.0.in_browser.lock().unwrap().clone()
    }

    pub(crate) fn registration(&self) -> Registration {
        self.registration_with(Credentials::secret_basic(SECRET), REDIRECT_URI)
    }

    pub(crate) fn registration_with(&self, credentials: Credentials, redirect_uri: &str) -> Registration {
        Registration::new(self.issuer(), CLIENT_ID, credentials, redirect_uri)
            .unwrap()
            .with_id_token_signed_by(SigningAlgorithm::Es256)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::discover(self.registration()).await.unwrap()
    }

    /// The browser's part: visits the authorization endpoint and returns the query it is sent back with, or the form
    /// it is to post.
    pub(crate) async fn visit(&self, url: &Url) -> String {
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        let answer = browser.unwrap().get(url.clone()).send().await.unwrap();
        if answer.status().as_u16() == 200 {
            return answer.text().await.unwrap();
        }
        assert_eq!(answer.status().as_u16(), 303, "the provider refused the request");
        let back = Url::parse(answer.headers()[header::LOCATION].to_str().unwrap()).unwrap();
        back.query().unwrap_or_default().to_owned()
    }

    /// A whole login of this client.
    pub(crate) async fn sign_in(&self, client: &Client, login: &Login) -> Result<Session, Error> {
        let Departure { url, pending } = client.login(login).await?;
        let query = self.visit(&url).await;
        client.callback(pending, &query).await
    }

    /// The key that proved itself to this endpoint, if keys are asked for; else what the endpoint answers.
    #[expect(clippy::result_large_err, reason = "the answer of a test provider")]
    fn proved(&self, endpoint: Endpoint, headers: &HeaderMap, token: Option<&str>) -> Result<Option<String>, Response> {
        let Some(binding) = self.0.script.lock().unwrap().binding.clone() else { return Ok(None) };
        let (path, method, nonce) = match endpoint {
            Endpoint::Par => ("par", "POST", binding.nonce_of_par),
            Endpoint::Userinfo => ("userinfo", "GET", binding.nonce_of_userinfo),
            Endpoint::Token | Endpoint::Discovery | Endpoint::Jwks => ("token", "POST", binding.nonce),
        };
        let url = format!("{}/{path}", self.issuer());
        let wanted = Wanted { method, url, nonce: nonce.clone(), access_token: token };
        let refuse = |nonce: &str| match endpoint {
            Endpoint::Userinfo => proofs::nonce_wanted_by_resource(nonce),
            Endpoint::Par | Endpoint::Token | Endpoint::Discovery | Endpoint::Jwks => proofs::nonce_wanted(nonce),
        };
        if binding.never_content == Some(endpoint) {
            return Err(refuse(&format!("another-{}", self.0.codes.fetch_add(1, Ordering::Relaxed))));
        }
        match proofs::check(headers, &wanted, &self.0.seen) {
            Proved::By(thumbprint) => Ok(Some(thumbprint)),
            Proved::NonceWanted => Err(refuse(&nonce.unwrap_or_default())),
            Proved::Not(reason) => panic!("the proof is wrong: {reason}"),
        }
    }

    fn broken(&self, endpoint: Endpoint) -> Option<Response> {
        *self.0.hits.lock().unwrap().entry(endpoint).or_default() += 1;
        let (broken, how) = self.0.script.lock().unwrap().broken?;
        (broken == endpoint).then(|| match how {
            Breakage::Redirect => Redirect::temporary("/elsewhere").into_response(),
            Breakage::FiftyMegabytes => {
                ([(header::CONTENT_TYPE, "application/json")], Body::from(vec![b' '; 50_000_000])).into_response()
            }
            Breakage::ServerError => StatusCode::BAD_GATEWAY.into_response(),
            Breakage::NotJson => ([(header::CONTENT_TYPE, "application/json")], "<html>").into_response(),
        })
    }
}

pub(crate) fn usual_login() -> Login {
    Login::at_least(Level::Low).with_scopes([Scope::PROFILE, Scope::BIRTH, Scope::EMAIL])
}

/// The outcome of a login with a provider that follows this script.
pub(crate) async fn outcome(script: Script) -> (Provider, Result<Session, Error>) {
    let provider = Provider::start(script).await;
    let client = provider.client().await;
    let outcome = provider.sign_in(&client, &usual_login()).await;
    (provider, outcome)
}

/// Why an answer was rejected; panics if the login succeeded or failed otherwise.
pub(crate) fn rejection(outcome: Result<Session, Error>) -> Rejection {
    match outcome {
        Err(Error::Untrusted { reason, .. }) => reason,
        other => panic!("expected a rejection, got {other:?}"),
    }
}
