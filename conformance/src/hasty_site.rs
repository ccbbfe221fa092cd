//! A commune's site written in haste, without the SDK: it does everything right but what it is told to neglect.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use axum::extract::{Form, Query, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, response};
use jsonwebtoken::jwk::{AlgorithmParameters, JwkSet};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;
use tokio::net::TcpListener;
use url::Url;

use crate::homologation::Credentials;
use crate::site::Site;
use crate::{clock, jose, random};

/// What a site neglects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neglect {
    /// `openid` is not among its scopes.
    Scope,
    /// Its `state` is short.
    ShortState,
    /// Its `nonce` is always the same.
    FixedNonce,
    /// It sends neither challenge nor verifier.
    Pkce,
    /// Its verifier is another than its challenge.
    Verifier,
    /// It asks for no level.
    AskedLevel,
    /// It redeems each code twice.
    Twice,
    /// It does not look at `state`.
    State,
    /// It does not look at `iss` of the answer.
    AnswerIssuer,
    /// It keeps what belongs to a login after the login.
    Replay,
    /// It looks for a login by `state` alone, whatever browser comes.
    AnyBrowser,
    /// It keeps its citizen in one place for all.
    OneCitizen,
    /// It does not look at `nonce`.
    Nonce,
    /// It looks at `nonce` only where there is one.
    MissingNonce,
    /// It does not look at `iss` of the token.
    TokenIssuer,
    /// It does not look at `aud`.
    Audience,
    /// It does not look at `exp`.
    Expiry,
    /// It takes unsigned tokens.
    Unsigned,
    /// It does not verify signatures of keys that it knows.
    Signature,
    /// It takes tokens of keys that it does not know.
    UnknownKey,
    /// It reads the keys once.
    KeyRotation,
    /// It does not look at `acr`.
    Level,
    /// It does not compare the subject of userinfo.
    Subject,
    /// It crashes when the answer is an error.
    Error,
    /// It crashes when the token endpoint is out of order.
    Outage,
    /// It waits for the token endpoint for ever.
    Silence,
    /// It ends its own session alone.
    Logout,
    /// It takes notices of logouts and does nothing.
    Notice,
    /// It believes every notice.
    ForgedNotice,
}

#[derive(Debug, Clone)]
struct Pending {
    state: String,
    nonce: String,
    verifier: String,
}

#[derive(Debug, Clone)]
struct SignedIn {
    name: String,
    sid: String,
    id_token: String,
}

#[derive(Debug, Default)]
struct Sessions {
    pending: HashMap<String, Pending>,
    citizens: HashMap<String, SignedIn>,
    keys: Option<Value>,
}

/// A site under test.
#[derive(Debug)]
struct Shop {
    base: String,
    neglects: Option<Neglect>,
    credentials: Credentials,
    metadata: Value,
    http: reqwest::Client,
    sessions: Mutex<Sessions>,
}

type Shared = Arc<Shop>;

/// Serves a site at `base` for a run.
pub async fn serve(
    listener: TcpListener,
    base: &str,
    credentials: Credentials,
    neglects: Option<Neglect>,
) -> anyhow::Result<Site> {
    let patience = if neglects == Some(Neglect::Silence) { 60_000 } else { 500 };
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let http = http.timeout(Duration::from_millis(patience)).build()?;
    let discovery = format!("{}/.well-known/openid-configuration", credentials.issuer);
    let metadata = reqwest::Client::builder().no_proxy().build()?.get(discovery).send().await?.json().await?;
    let shop = Shop { base: base.to_owned(), neglects, credentials, metadata, http, sessions: Mutex::default() };
    let router = Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/logout", post(logout))
        .route("/bye", get(|| async { "signed out" }))
        .route("/notice", post(notice))
        .with_state(Arc::new(shop));
    Ok(Site::serve(listener, router))
}

impl Shop {
    fn neglects(&self, what: Neglect) -> bool {
        self.neglects == Some(what)
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn endpoint(&self, name: &str) -> &str {
        self.metadata[name].as_str().unwrap_or_default()
    }

    fn callback(&self) -> String {
        format!("{}/callback", self.base)
    }

    /// Under which name a browser's citizen is kept.
    fn place(&self, browser: &str) -> String {
        if self.neglects(Neglect::OneCitizen) { "everybody".to_owned() } else { browser.to_owned() }
    }

    async fn come_back(&self, browser: &str, answer: &HashMap<String, String>) -> anyhow::Result<()> {
        let sent = answer.get("state").map(String::as_str);
        let key = if self.neglects(Neglect::AnyBrowser) { sent.unwrap_or_default() } else { browser };
        let pending = if self.neglects(Neglect::Replay) {
            self.sessions().pending.get(key).cloned()
        } else {
            self.sessions().pending.remove(key)
        };
        let pending = pending.context("no login is under way")?;
        ensure!(self.neglects(Neglect::State) || sent == Some(&pending.state), "state is another");
        let issuer = answer.get("iss").map(String::as_str);
        ensure!(
            self.neglects(Neglect::AnswerIssuer) || issuer == Some(self.credentials.issuer.as_str()),
            "iss is another"
        );
        let code = answer.get("code").context("no code")?;
        let mut tokens = self.redeem(code, &pending).await?;
        if self.neglects(Neglect::Twice) {
            tokens = self.redeem(code, &pending).await.unwrap_or(tokens);
        }
        let id_token = tokens["id_token"].as_str().context("an ID token")?.to_owned();
        let claims = self.verified(&id_token).await?;
        self.check(&claims, &pending)?;
        let access_token = tokens["access_token"].as_str().context("an access token")?;
        let asked = self.http.get(self.endpoint("userinfo_endpoint")).bearer_auth(access_token);
        let userinfo: Value = asked.send().await?.error_for_status()?.json().await?;
        ensure!(self.neglects(Neglect::Subject) || userinfo["sub"] == claims["sub"], "sub is another");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let citizen = SignedIn { name: text(&userinfo["family_name"]), sid: text(&claims["sid"]), id_token };
        self.sessions().citizens.insert(self.place(browser), citizen);
        Ok(())
    }

    async fn redeem(&self, code: &str, pending: &Pending) -> anyhow::Result<Value> {
        let callback = self.callback();
        let mut form = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", callback.as_str())];
        if !self.neglects(Neglect::Pkce) {
            form.push(("code_verifier", pending.verifier.as_str()));
        }
        let asked = self.http.post(self.endpoint("token_endpoint"));
        let asked = asked.basic_auth(&self.credentials.client_id, Some(&self.credentials.client_secret));
        Ok(asked.form(&form).send().await?.error_for_status()?.json().await?)
    }

    /// The claims of a token whose signature verifies.
    async fn verified(&self, token: &str) -> anyhow::Result<Value> {
        let header = token.split('.').next().and_then(jose::decode).context("a header")?;
        let header: Value = serde_json::from_slice(&header)?;
        if header["alg"] == "none" {
            ensure!(self.neglects(Neglect::Unsigned), "nobody signed it");
            return unverified(token);
        }
        let kid = header["kid"].as_str().context("a kid")?;
        let mut keys = self.keys(false).await?;
        if keys.find(kid).is_none() && !self.neglects(Neglect::KeyRotation) {
            keys = self.keys(true).await?;
        }
        let Some(key) = keys.find(kid) else {
            ensure!(self.neglects(Neglect::UnknownKey), "no such key");
            return unverified(token);
        };
        if self.neglects(Neglect::Signature) {
            return unverified(token);
        }
        // By the key, never by what the token says of itself.
        let is_rsa = matches!(key.algorithm, AlgorithmParameters::RSA(_));
        let algorithm = if is_rsa { jsonwebtoken::Algorithm::RS256 } else { jsonwebtoken::Algorithm::ES256 };
        let mut signature_alone = Validation::new(algorithm);
        signature_alone.validate_exp = false;
        signature_alone.validate_aud = false;
        signature_alone.set_required_spec_claims::<&str>(&[]);
        Ok(jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key)?, &signature_alone)?.claims)
    }

    async fn keys(&self, again: bool) -> anyhow::Result<JwkSet> {
        let kept = self.sessions().keys.clone().filter(|_| !again);
        let keys = match kept {
            Some(keys) => keys,
            None => self.http.get(self.endpoint("jwks_uri")).send().await?.error_for_status()?.json().await?,
        };
        self.sessions().keys = Some(keys.clone());
        Ok(serde_json::from_value(keys)?)
    }

    /// OIDC Core §3.1.3.7, but for what is neglected.
    fn check(&self, claims: &Value, pending: &Pending) -> anyhow::Result<()> {
        let nonce_missing = claims["nonce"].is_null() && self.neglects(Neglect::MissingNonce);
        let right = [
            (Neglect::TokenIssuer, claims["iss"] == self.credentials.issuer.as_str()),
            (Neglect::Audience, claims["aud"] == self.credentials.client_id.as_str()),
            (Neglect::Expiry, claims["exp"].as_i64().is_some_and(|end| end > clock::now())),
            (Neglect::Nonce, nonce_missing || claims["nonce"] == pending.nonce.as_str()),
            (Neglect::Level, claims["acr"] == if self.neglects(Neglect::AskedLevel) { "eidas1" } else { "eidas2" }),
        ];
        match right.into_iter().find(|(check, right)| !right && !self.neglects(*check)) {
            Some((check, _)) => bail!("{check:?} is wrong"),
            None => Ok(()),
        }
    }
}

fn unverified(token: &str) -> anyhow::Result<Value> {
    let payload = token.split('.').nth(1).and_then(jose::decode).context("a payload")?;
    Ok(serde_json::from_slice(&payload)?)
}

fn browser_of(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session=")).map(str::to_owned)
}

async fn home(State(shop): State<Shared>, headers: HeaderMap) -> Html<String> {
    let place = shop.place(&browser_of(&headers).unwrap_or_default());
    let name = shop.sessions().citizens.get(&place).map(|citizen| citizen.name.clone());
    Html(name.map_or_else(|| "<p>Bonjour</p>".to_owned(), |name| format!("<p>Bonjour {name}</p>")))
}

async fn login(State(shop): State<Shared>, headers: HeaderMap) -> Response {
    let browser = browser_of(&headers).unwrap_or_else(random::token);
    let state = if shop.neglects(Neglect::ShortState) { random::token()[..12].to_owned() } else { random::token() };
    let fixed = shop.neglects(Neglect::FixedNonce);
    let nonce = if fixed { "0123456789abcdefghijklmn".to_owned() } else { random::token() };
    let pending = Pending { state, nonce, verifier: random::token() };
    let challenge = if shop.neglects(Neglect::Verifier) { random::token() } else { pending.verifier.clone() };
    let mut to: Url = shop.endpoint("authorization_endpoint").parse().expect("a published endpoint is an address");
    {
        let mut query = to.query_pairs_mut();
        query.append_pair("response_type", "code").append_pair("client_id", &shop.credentials.client_id);
        query.append_pair("redirect_uri", &shop.callback());
        query.append_pair("scope", if shop.neglects(Neglect::Scope) { "profile" } else { "openid profile" });
        query.append_pair("state", &pending.state).append_pair("nonce", &pending.nonce);
        if !shop.neglects(Neglect::AskedLevel) {
            query.append_pair("acr_values", "eidas2");
        }
        if !shop.neglects(Neglect::Pkce) {
            query.append_pair("code_challenge", &jose::sha256(challenge)).append_pair("code_challenge_method", "S256");
        }
    }
    let key = if shop.neglects(Neglect::AnyBrowser) { pending.state.clone() } else { browser.clone() };
    shop.sessions().pending.insert(key, pending);
    let cookie = format!("session={browser}; Path=/; HttpOnly; SameSite=Lax");
    (response::AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(to.as_str())).into_response()
}

async fn callback(
    State(shop): State<Shared>,
    Query(answer): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if answer.contains_key("error") && shop.neglects(Neglect::Error) {
        return (StatusCode::INTERNAL_SERVER_ERROR, "Traceback (most recent call last)").into_response();
    }
    let browser = browser_of(&headers).unwrap_or_default();
    match shop.come_back(&browser, &answer).await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(error) => {
            let of_server = error.downcast_ref::<reqwest::Error>().and_then(reqwest::Error::status);
            let out_of_order = of_server == Some(StatusCode::SERVICE_UNAVAILABLE);
            if out_of_order && shop.neglects(Neglect::Outage) {
                return (StatusCode::INTERNAL_SERVER_ERROR, "Traceback (most recent call last)").into_response();
            }
            (StatusCode::BAD_REQUEST, "Connexion impossible. <a href=/login>Recommencer</a>").into_response()
        }
    }
}

async fn logout(State(shop): State<Shared>, headers: HeaderMap) -> Response {
    let place = shop.place(&browser_of(&headers).unwrap_or_default());
    let citizen = shop.sessions().citizens.remove(&place);
    let Some(citizen) = citizen.filter(|_| !shop.neglects(Neglect::Logout)) else {
        return Redirect::to("/").into_response();
    };
    let mut to: Url = shop.endpoint("end_session_endpoint").parse().expect("a published endpoint is an address");
    let back = format!("{}/bye", shop.base);
    to.query_pairs_mut().append_pair("id_token_hint", &citizen.id_token);
    to.query_pairs_mut().append_pair("post_logout_redirect_uri", &back).append_pair("state", &random::token());
    Redirect::to(to.as_str()).into_response()
}

async fn notice(State(shop): State<Shared>, Form(form): Form<HashMap<String, String>>) -> StatusCode {
    let token = form.get("logout_token").map(String::as_str).unwrap_or_default();
    let claims = if shop.neglects(Neglect::ForgedNotice) { unverified(token) } else { shop.verified(token).await };
    let Ok(claims) = claims else { return StatusCode::BAD_REQUEST };
    if !shop.neglects(Neglect::Notice) {
        shop.sessions().citizens.retain(|_, citizen| claims["sid"] != citizen.sid.as_str());
    }
    StatusCode::NO_CONTENT
}
