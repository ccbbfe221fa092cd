//! A relying party under FAPI 2.0, without any library: pushed requests, client assertions and DPoP proofs are built by
//! hand, so that each member of each can be wrong (FAPI 2.0 Security Profile §5.3.3, RFC 7523, RFC 9126, RFC 9449).
//!
//! ```text
//!  push ──▶ request_uri ──▶ (the citizen) ──▶ code ──▶ redeem ──▶ userinfo
//!                                                        └──▶ refresh, revoke
//! ```
//!
//! What is honest proves the key of the caller and repeats a call once when a nonce is asked for. What is not goes
//! through [`FapiParty::send`], which adds nothing.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::gateway::{Installation, Standing};
use crate::jose::{self, SigningKey};
use crate::relying_party::{ASSERTION_TYPE, Ask, RelyingParty, assertion_claims};
use crate::{audit, clock, random};

/// A registered relying party that proves itself by a key of its own.
#[derive(Debug, Clone)]
pub struct FapiParty {
    /// The same party as one that holds no key: its requests, and what it verifies.
    pub party: RelyingParty,
    /// The key that signs its assertions.
    pub key: Arc<SigningKey>,
    http: reqwest::Client,
    door: Option<String>,
    nonce: Arc<Mutex<Option<String>>>,
}

/// What an endpoint answered, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

/// A DPoP proof before it is signed.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The header, as it will be.
    pub header: Value,
    /// The claims, as they will be.
    pub claims: Value,
}

/// Tokens of a grant.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Tokens {
    /// Access token.
    pub access_token: String,
    /// `DPoP`, or `Bearer` for a token that is not bound.
    pub token_type: String,
    /// ID token.
    pub id_token: String,
    /// Refresh token, when one came.
    pub refresh_token: Option<String>,
    /// What was granted.
    pub scope: String,
}

impl Proof {
    /// An honest proof of `key` for one request.
    pub fn new(key: &SigningKey, method: &Method, url: &str) -> Self {
        Self {
            header: json!({ "typ": "dpop+jwt", "alg": key.algorithm().name(), "jwk": key.bare_jwk() }),
            claims: json!({ "jti": random::token(), "htm": method.as_str(), "htu": url, "iat": clock::now() }),
        }
    }

    /// The same for a request that carries an access token (RFC 9449 §4.2, `ath`).
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.claim("ath", jose::sha256(token))
    }

    /// The same with a claim set, or taken away where the value is null.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    /// The same with a member of its header set, or taken away where the value is null.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    /// The proof, signed by `key`, whatever its header says.
    pub fn signed(&self, key: &SigningKey) -> String {
        key.sign_under(&self.header, &self.claims)
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    if value.is_null() {
        if let Some(members) = object.as_object_mut() {
            members.remove(name);
        }
    } else {
        object[name] = value;
    }
}

impl Answer {
    async fn read(answer: reqwest::Response) -> anyhow::Result<Self> {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let answer = Self { status, headers, body: answer.text().await? };
        let told = answer.json();
        let secrets = ["access_token", "refresh_token", "id_token"].iter().filter_map(|name| told[*name].as_str());
        secrets.for_each(audit::secret);
        Ok(answer)
    }

    /// The body as JSON, or null.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A header as text, its lines in one (RFC 9110 §5.3), or nothing.
    pub fn header(&self, name: &str) -> String {
        let lines: Vec<_> = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        lines.join(", ")
    }

    /// Status, error code, and the code of the one event that accounts for the refusal.
    ///
    /// # Panics
    /// When it is not accounted for by one, or as [`error`](Self::error) does.
    pub fn refusal(&self) -> (u16, String, String) {
        let (status, error) = self.error();
        (status, error, audit::code(status, &self.headers))
    }

    /// Status and error code: of the body, or of the challenge where there is no body (RFC 6750 §3).
    ///
    /// # Panics
    /// When a body tells the error and is not said to be JSON (RFC 6749 §5.2), or no event accounts for the refusal.
    pub fn error(&self) -> (u16, String) {
        let told = self.json()["error"].as_str().map(str::to_owned);
        assert!(told.is_none() || self.header("content-type") == "application/json", "{:?}", self.headers);
        let challenged = || {
            let challenge = self.header("www-authenticate");
            let (_, rest) = challenge.split_once("error=\"")?;
            rest.split_once('"').map(|(code, _)| code.to_owned())
        };
        if self.status >= 400 {
            // Whoever looks at an error looks at what accounts for it, too.
            audit::code(self.status, &self.headers);
        }
        (self.status, told.or_else(challenged).unwrap_or_default())
    }

    /// Whether a nonce is asked for.
    pub fn wants_nonce(&self) -> bool {
        self.error().1 == "use_dpop_nonce"
    }

    /// The tokens that it holds.
    pub fn tokens(&self) -> anyhow::Result<Tokens> {
        ensure!(self.status == 200, "{}: {}", self.status, self.body);
        Ok(serde_json::from_str(&self.body)?)
    }
}

impl FapiParty {
    /// Metadata of a service under FAPI 2.0 that may ask for refresh tokens, to adapt before [`FapiParty::register`].
    pub fn ordinary(name: &str, key: &SigningKey) -> Value {
        let mut metadata = RelyingParty::ordinary(name);
        metadata["passerelle"]["profile"] = json!("fapi2");
        metadata["token_endpoint_auth_method"] = json!("private_key_jwt");
        metadata["dpop_bound_access_tokens"] = json!(true);
        metadata["require_pushed_authorization_requests"] = json!(true);
        metadata["id_token_signed_response_alg"] = json!("ES256");
        metadata["grant_types"] = json!(["authorization_code", "refresh_token"]);
        metadata["jwks"] = json!({ "keys": [key.public_jwk()] });
        metadata
    }

    /// Registers `metadata` at a gateway.
    pub async fn register(installation: &Installation, metadata: &Value, key: SigningKey) -> anyhow::Result<Self> {
        let imported = installation.import(metadata).await?;
        installation.until(&imported.client_id, Standing::Served).await?;
        let redirect_uri = metadata["redirect_uris"][0].as_str().context("a redirect URI")?.to_owned();
        let party = RelyingParty::known(installation.issuer(), imported.client_id, None, redirect_uri).await?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { party, key: Arc::new(key), http, door: None, nonce: Arc::default() })
    }

    /// The same party, whose calls reach the issuer by another of its nodes.
    #[must_use]
    pub fn by_way_of(&self, node: &str) -> Self {
        Self { door: Some(node.to_owned()), ..self.clone() }
    }

    /// An address of the issuer as it is reached by the node of this party.
    pub fn reached(&self, url: &str) -> String {
        match &self.door {
            Some(door) => url.replacen(&self.party.metadata.issuer, door, 1),
            None => url.to_owned(),
        }
    }

    /// An honest authorization request.
    pub fn ask(&self, scope: &str) -> Ask {
        self.party.ask(scope)
    }

    /// An honest request for access while the citizen is away (OIDC Core §11).
    pub fn ask_offline(&self, scope: &str) -> Ask {
        self.ask(&format!("{scope} offline_access")).and("prompt", "consent")
    }

    /// The claims of an honest client assertion.
    pub fn assertion_claims(&self) -> Value {
        assertion_claims(&self.party.client_id, &self.party.metadata.issuer)
    }

    /// An honest client assertion, good for one call.
    pub fn assertion(&self) -> String {
        self.key.sign("JWT", &self.assertion_claims())
    }

    /// The nonce that the gateway gave last.
    ///
    /// # Panics
    /// When it never gave one.
    pub fn nonce(&self) -> String {
        self.nonce.lock().unwrap_or_else(PoisonError::into_inner).clone().expect("an answer brought a nonce")
    }

    /// An honest proof for a call, with the nonce that was given last.
    pub fn proof(&self, key: &SigningKey, method: &Method, url: &str) -> Proof {
        let proof = Proof::new(key, method, url);
        match &*self.nonce.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(nonce) => proof.claim("nonce", nonce.clone()),
            None => proof,
        }
    }

    /// Pushes a request (RFC 9126 §2), with a proof of `key` where one is given.
    pub async fn push(&self, ask: &Ask, key: Option<&SigningKey>) -> anyhow::Result<Answer> {
        self.post(&self.party.metadata.pushed_authorization_request_endpoint, &ask.form(), key).await
    }

    /// Pushes a request; the address that the citizen opens.
    pub async fn pushed(&self, ask: &Ask, key: Option<&SigningKey>) -> anyhow::Result<String> {
        let answer = self.push(ask, key).await?;
        ensure!(answer.status == 201, "{}: {}", answer.status, answer.body);
        let reference = answer.json()["request_uri"].as_str().context("a request_uri")?.to_owned();
        self.reference(&reference)
    }

    /// The address that the citizen opens for a `request_uri`.
    pub fn reference(&self, request_uri: &str) -> anyhow::Result<String> {
        let pairs = [("client_id", self.party.client_id.as_str()), ("request_uri", request_uri)];
        Ok(url::Url::parse_with_params(&self.party.metadata.authorization_endpoint, &pairs)?.into())
    }

    /// The fields of an honest redemption, without the client assertion.
    pub fn redemption<'a>(&'a self, ask: &'a Ask, code: &'a str) -> [(&'a str, &'a str); 4] {
        [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.party.redirect_uri),
            ("code_verifier", &ask.verifier),
        ]
    }

    /// Redeems a code with a proof of `key`.
    pub async fn redeem(&self, ask: &Ask, code: &str, key: &SigningKey) -> anyhow::Result<Answer> {
        self.post(&self.party.metadata.token_endpoint, &self.redemption(ask, code), Some(key)).await
    }

    /// Redeems a code without a proof.
    pub async fn redeem_unproven(&self, ask: &Ask, code: &str) -> anyhow::Result<Answer> {
        self.post(&self.party.metadata.token_endpoint, &self.redemption(ask, code), None).await
    }

    /// Uses a refresh token with a proof of `key`, where one is given.
    pub async fn refresh(
        &self,
        token: &str,
        key: Option<&SigningKey>,
        more: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let form = [&[("grant_type", "refresh_token"), ("refresh_token", token)], more].concat();
        self.post(&self.party.metadata.token_endpoint, &form, key).await
    }

    /// Gives a token back (RFC 7009 §2.1).
    pub async fn revoke(&self, token: &str) -> anyhow::Result<Answer> {
        self.post(&self.party.metadata.revocation_endpoint, &[("token", token)], None).await
    }

    /// Asks userinfo with an access token and a proof of `key`.
    pub async fn userinfo(&self, token: &str, key: &SigningKey) -> anyhow::Result<Answer> {
        let url = &self.party.metadata.userinfo_endpoint;
        let call = async || {
            let proof = self.proof(key, &Method::GET, url).with_token(token).signed(key);
            self.send(Method::GET, url, &[("authorization", &format!("DPoP {token}")), ("dpop", &proof)], &[]).await
        };
        let answer = call().await?;
        if answer.wants_nonce() { call().await } else { Ok(answer) }
    }

    /// Posts a form with a fresh client assertion, and a proof of `key` where one is given; once more when a nonce is
    /// asked for (FAPI 2.0 §5.3.3.1-8).
    async fn post(&self, url: &str, form: &[(&str, &str)], key: Option<&SigningKey>) -> anyhow::Result<Answer> {
        let call = async || {
            let proof = key.map(|key| self.proof(key, &Method::POST, url).signed(key));
            let headers: Vec<_> = proof.iter().map(|proof| ("dpop", proof.as_str())).collect();
            self.post_with(url, &headers, form).await
        };
        let answer = call().await?;
        if answer.wants_nonce() { call().await } else { Ok(answer) }
    }

    /// Posts a form with these headers and a fresh client assertion, once.
    pub async fn post_with(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let assertion = self.assertion();
        let own = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
        self.send(Method::POST, url, headers, &[form, &own].concat()).await
    }

    /// Sends exactly this to an endpoint of the issuer, and keeps the nonce that comes back.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let request = headers.iter().fold(self.http.request(method, self.reached(url)), |request, (name, value)| {
            // Each header is one line more: two of a name stay two.
            request.header(*name, *value)
        });
        let request = if form.is_empty() { request } else { request.form(form) };
        let answer = Answer::read(request.send().await?).await?;
        if let Some(nonce) = answer.headers.get("dpop-nonce") {
            let nonce = nonce.to_str()?.to_owned();
            *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(nonce);
        }
        Ok(answer)
    }
}
