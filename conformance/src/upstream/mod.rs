//! The sandbox identity providers: small, real OpenID providers, six in one process, one path each.
//!
//! ```text
//!   GET  /{provider}/.well-known/openid-configuration    metadata
//!   GET  /{provider}/jwks                                metadata
//!   GET  /{provider}/authorize  ─▶ login page            authorize
//!   POST /{provider}/login      ─▶ code, state, iss      authorize
//!   POST /{provider}/token      (client proof, PKCE)     token
//!   GET  /{provider}/userinfo                            userinfo
//!   GET  /{provider}/end-session                         logout
//!   POST /control {"provider":"impots","mode":"hang"}    control, where the scene opens it
//! ```
//!
//! They are honest until told otherwise: [`Fault`] is the closed list of what a provider can do wrong.

mod authorize;
mod control;
mod fault;
mod logout;
mod metadata;
mod provider;
mod session;
mod token;
mod userinfo;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

pub use self::control::Control;
pub use self::fault::Fault;
pub use self::provider::{Authentication, Profile, ProviderId, TokenForm, UserinfoForm};
use crate::jose::{Algorithm, Recipient, SigningKey};
use crate::people::Person;
use crate::random;
use crate::site::Site;

/// Client id of the gateway at every sandbox provider.
pub const CLIENT_ID: &str = "passerelle-bac-a-sable";

/// What stands behind an address under [`Fault::Fragment`].
pub const FRAGMENT: &str = "of-the-provider";

/// The six providers, answering until dropped.
#[derive(Debug)]
pub struct Providers {
    site: Site,
    house: Arc<House>,
}

impl Providers {
    /// Starts all six on `listener`, with the gateway at `gateway_issuer` registered as their client.
    pub fn start(listener: TcpListener, gateway_issuer: &str, control: Control) -> Self {
        let port = listener.local_addr().map(|address| address.port()).unwrap_or_default();
        let base = format!("http://127.0.0.1:{port}");
        let providers = ProviderId::ALL.map(|id| (id, Provider::open(id, &base, gateway_issuer))).into_iter().collect();
        let house = Arc::new(House { providers });
        let router = router(control).with_state(Arc::clone(&house));
        Self { site: Site::serve(listener, router), house }
    }

    /// Address of the page that lists them, without a trailing slash.
    pub fn base(&self) -> String {
        format!("http://{}", self.site.address())
    }

    /// Issuer of one provider.
    pub fn issuer(&self, id: ProviderId) -> &str {
        &self.house.provider(id).issuer
    }

    /// What the gateway needs to be this provider's client.
    pub fn credentials(&self, id: ProviderId) -> &Credentials {
        &self.house.provider(id).credentials
    }

    /// Makes one provider misbehave from now on, or behave again.
    pub fn set(&self, id: ProviderId, fault: Fault) {
        self.house.provider(id).set(fault);
    }

    /// How often a provider's JWKS was fetched.
    pub fn jwks_fetches(&self, id: ProviderId) -> u64 {
        self.house.provider(id).jwks_fetches.load(Ordering::Relaxed)
    }

    /// How many browsers are signed in at a provider.
    pub fn sessions(&self, id: ProviderId) -> usize {
        self.house.provider(id).sessions.count()
    }

    /// How many requests reached a provider's token endpoint.
    pub fn token_requests(&self, id: ProviderId) -> u64 {
        self.house.provider(id).token_requests.load(Ordering::Relaxed)
    }

    /// How many requests reached a provider's userinfo endpoint.
    pub fn userinfo_requests(&self, id: ProviderId) -> u64 {
        self.house.provider(id).userinfo_requests.load(Ordering::Relaxed)
    }
}

fn router(control: Control) -> Router<Arc<House>> {
    Router::new()
        .route("/", get(metadata::index))
        .route("/{provider}/.well-known/openid-configuration", get(metadata::discovery))
        .route("/{provider}/jwks", get(metadata::jwks))
        .route("/{provider}/authorize", get(authorize::show))
        .route("/{provider}/login", post(authorize::sign_in))
        .route("/{provider}/token", post(token::redeem))
        .route("/{provider}/userinfo", get(userinfo::answer).post(userinfo::answer))
        .route("/{provider}/end-session", get(logout::leave))
        .merge(control.routes())
        .merge(crate::pages::assets())
}

/// All providers of one site.
#[derive(Debug)]
struct House {
    providers: BTreeMap<ProviderId, Provider>,
}

impl House {
    fn provider(&self, id: ProviderId) -> &Provider {
        self.providers.get(&id).expect("opened with every provider of the closed list")
    }
}

/// What a client holds to speak to one provider; made anew at each start.
#[derive(Debug)]
pub struct Credentials {
    /// The shared secret, for the methods that use one.
    pub secret: Option<String>,
    /// PKCS #8 PEM of the key that signs client assertions, for `private_key_jwt`.
    pub assertion_key: Option<String>,
    /// PKCS #8 PEM of the key that opens encrypted answers, where there are any.
    pub decryption_key: Option<String>,
}

/// One provider with what it remembers.
#[derive(Debug)]
struct Provider {
    id: ProviderId,
    issuer: String,
    profile: Profile,
    credentials: Credentials,
    assertion_jwk: Option<serde_json::Value>,
    recipient: Option<Recipient>,
    redirect_uri: String,
    post_logout_redirect_uri: String,
    fault: Mutex<Fault>,
    key: Mutex<Arc<SigningKey>>,
    codes: Mutex<HashMap<String, Code>>,
    tokens: Mutex<HashMap<String, Token>>,
    sessions: session::Sessions,
    assertions_seen: Mutex<HashSet<String>>,
    jwks_fetches: AtomicU64,
    token_requests: AtomicU64,
    userinfo_requests: AtomicU64,
}

/// What an authorization code stands for.
#[derive(Debug)]
struct Code {
    person: &'static Person,
    redirect_uri: String,
    nonce: Option<String>,
    challenge: String,
    scope: String,
    signed_in_at: i64,
    expires_at: i64,
}

/// What an access token stands for.
#[derive(Debug, Clone)]
struct Token {
    person: &'static Person,
    scope: String,
    expires_at: i64,
}

impl Provider {
    fn open(id: ProviderId, base: &str, gateway_issuer: &str) -> Self {
        let profile = id.profile();
        let (secret, assertion) = match profile.authentication {
            Authentication::SecretBasic | Authentication::SecretPost => (Some(random::token()), None),
            Authentication::PrivateKey => (None, Some(SigningKey::generate(Algorithm::Es256))),
        };
        let reader = profile.encryption().map(Recipient::generate);
        let (recipient, decryption_key) = reader.unzip();
        Self {
            id,
            issuer: format!("{base}/{id}"),
            profile,
            assertion_jwk: assertion.as_ref().map(SigningKey::public_jwk),
            credentials: Credentials {
                secret,
                assertion_key: assertion.as_ref().map(SigningKey::private_pem),
                decryption_key,
            },
            recipient,
            redirect_uri: format!("{gateway_issuer}/callback/{id}"),
            post_logout_redirect_uri: format!("{gateway_issuer}/callback/{id}/logged-out"),
            fault: Mutex::default(),
            key: Mutex::new(Arc::new(SigningKey::generate(profile.signing))),
            codes: Mutex::default(),
            tokens: Mutex::default(),
            sessions: session::Sessions::default(),
            assertions_seen: Mutex::default(),
            jwks_fetches: AtomicU64::new(0),
            token_requests: AtomicU64::new(0),
            userinfo_requests: AtomicU64::new(0),
        }
    }

    fn fault(&self) -> Fault {
        *unpoisoned(&self.fault)
    }

    fn set(&self, fault: Fault) {
        if fault == Fault::RotateKeys {
            *unpoisoned(&self.key) = Arc::new(SigningKey::generate(self.profile.signing));
        }
        *unpoisoned(&self.fault) = fault;
    }

    fn key(&self) -> Arc<SigningKey> {
        Arc::clone(&unpoisoned(&self.key))
    }

    /// The provider's own idea of the time, in epoch seconds.
    fn now(&self) -> i64 {
        crate::clock::now() + self.fault().clock_lead()
    }

    /// This provider's identifier for a person: stable, opaque, ASCII.
    fn subject(&self, person: &Person) -> String {
        crate::jose::sha256(format!("{}|{}", self.id, person.username))
    }

    /// What a back-channel endpoint does before its own work: misbehaves as a whole when told to.
    async fn misbehaves(&self) -> Option<Response> {
        let fault = self.fault();
        if fault == Fault::Hang {
            std::future::pending::<()>().await;
        }
        if fault == Fault::Garbage {
            let body = b"\x00\xff<<< \"not\": json".as_slice();
            return Some(([(header::CONTENT_TYPE, "application/json")], body).into_response());
        }
        (fault == Fault::Error500).then(|| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

/// A lock whose holder panicked still guards sound values here: each change is one insertion or one replacement.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
