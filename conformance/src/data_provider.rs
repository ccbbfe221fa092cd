//! A data provider of the sandbox: an administration that tells a relying party something about a citizen, once the
//! gateway has told it that the access token is good, meant for it, and backed by a strong and recent authentication.
//!
//! ```text
//!  relying party ── GET /api, access token ──▶ data provider ── POST /introspect ──▶ gateway
//!                ◀── data, or 401: insufficient_user_authentication, acr_values, max_age (RFC 9470 §3)
//! ```

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::{JwkSet, ThumbprintHash};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

use crate::clock;
use crate::gateway::{Imported, Installation, Standing};
use crate::jose;
use crate::relying_party::Metadata;
use crate::site::{Site, listen};

/// The media type of a signed introspection answer (RFC 9701 §4).
pub const SIGNED: &str = "application/token-introspection+jwt";

/// What the data provider asks of the sign-in behind a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demand {
    /// The lowest level.
    pub acr: Option<&'static str>,
    /// How old the authentication may be, in seconds.
    pub max_age: Option<i64>,
}

/// A data provider that answers until it is dropped.
#[derive(Debug)]
pub struct DataProvider {
    house: Arc<House>,
    _site: Site,
}

#[derive(Debug)]
struct House {
    resource: String,
    client_id: String,
    secret: String,
    gateway: Metadata,
    http: reqwest::Client,
    demand: Mutex<Demand>,
    proofs: Mutex<BTreeSet<String>>,
}

impl DataProvider {
    /// Opens one named `name` and registers it for the scopes of `scope`, with `more` in its metadata.
    pub async fn open(installation: &Installation, name: &str, scope: &str, more: &Value) -> anyhow::Result<Self> {
        let listener = listen(0).await?;
        let resource = format!("http://{}/api", listener.local_addr()?);
        let mut metadata = json!({
            "client_name": name,
            "client_name#en": name,
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": scope,
            "passerelle": { "data_provider": resource },
        });
        for (field, value) in more.as_object().into_iter().flatten() {
            metadata[field] = value.clone();
        }
        let Imported { client_id, client_secret } = installation.import(&metadata).await?;
        installation.until(&client_id, Standing::Served).await?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let discovery = format!("{}/.well-known/openid-configuration", installation.issuer());
        let gateway: Metadata = http.get(discovery).send().await?.error_for_status()?.json().await?;
        let secret = client_secret.context("a secret")?;
        let house = Arc::new(House {
            resource,
            client_id,
            secret,
            gateway,
            http,
            demand: Mutex::default(),
            proofs: Mutex::default(),
        });
        let router = Router::new().route("/api", get(answer)).with_state(Arc::clone(&house));
        Ok(Self { house, _site: Site::serve(listener, router) })
    }

    /// Its resource identifier, which is also its address.
    pub fn resource(&self) -> &str {
        &self.house.resource
    }

    /// Its client id at the gateway.
    pub fn client_id(&self) -> &str {
        &self.house.client_id
    }

    /// Its secret at the gateway.
    pub fn secret(&self) -> &str {
        &self.house.secret
    }

    /// Asks more, or less, of every call from now on.
    pub fn demand(&self, demand: Demand) {
        *self.house.demand.lock().unwrap_or_else(PoisonError::into_inner) = demand;
    }

    /// Asks the gateway about a token, `accept`ing an answer of this kind.
    pub async fn ask(&self, token: &str, accept: &str) -> anyhow::Result<reqwest::Response> {
        let endpoint = self.house.gateway.introspection_endpoint.clone();
        self.ask_at(&endpoint, token, accept).await
    }

    /// The same at another node of the gateway.
    pub async fn ask_at(&self, endpoint: &str, token: &str, accept: &str) -> anyhow::Result<reqwest::Response> {
        self.house.ask(endpoint, token, accept).await
    }

    /// What the gateway says about a token, in JSON.
    pub async fn introspect(&self, token: &str) -> anyhow::Result<Value> {
        Ok(self.ask(token, "application/json").await?.error_for_status()?.json().await?)
    }

    /// What the gateway says about a token, signed and verified.
    pub async fn introspect_signed(&self, token: &str) -> anyhow::Result<Value> {
        self.house.introspect(token).await
    }

    /// Takes a signed answer as an honest data provider does (RFC 9701 §5).
    pub async fn verify(&self, answer: &str) -> anyhow::Result<Value> {
        self.house.verify(answer).await
    }
}

impl House {
    async fn ask(&self, endpoint: &str, token: &str, accept: &str) -> anyhow::Result<reqwest::Response> {
        let request = self.http.post(endpoint).basic_auth(&self.client_id, Some(&self.secret));
        let form = [("token", token), ("token_type_hint", "access_token")];
        Ok(request.header(header::ACCEPT, accept).form(&form).send().await?)
    }

    async fn introspect(&self, token: &str) -> anyhow::Result<Value> {
        let answer = self.ask(&self.gateway.introspection_endpoint, token, SIGNED).await?.error_for_status()?;
        ensure!(answer.headers()[header::CONTENT_TYPE] == SIGNED, "signed was asked for");
        self.verify(&answer.text().await?).await
    }

    /// Checks the proof that comes with a token (RFC 9449 §4.3), once.
    fn proven(&self, headers: &HeaderMap, jkt: &str, token: &str) -> anyhow::Result<()> {
        let proof = headers.get("dpop").context("a proof")?.to_str()?;
        let head = jsonwebtoken::decode_header(proof)?;
        ensure!(head.typ.as_deref() == Some("dpop+jwt"), "typ is another: {head:?}");
        let key = head.jwk.context("a key")?;
        ensure!(key.thumbprint(ThumbprintHash::SHA256)? == jkt, "the key is another");
        let mut rules = Validation::new(head.alg);
        rules.set_required_spec_claims::<&str>(&[]);
        let claims = jsonwebtoken::decode::<Value>(proof, &DecodingKey::from_jwk(&key)?, &rules)?.claims;
        let call = claims["htm"] == "GET" && claims["htu"] == self.resource.as_str();
        ensure!(call && claims["ath"] == jose::sha256(token), "the proof is for another call: {claims}");
        let age = clock::now() - claims["iat"].as_i64().context("an iat")?;
        ensure!((-10..60).contains(&age), "made {age} s ago");
        let jti = claims["jti"].as_str().context("a jti")?.to_owned();
        let fresh = self.proofs.lock().unwrap_or_else(PoisonError::into_inner).insert(jti);
        ensure!(fresh, "used before");
        Ok(())
    }

    async fn verify(&self, answer: &str) -> anyhow::Result<Value> {
        let head = jsonwebtoken::decode_header(answer)?;
        ensure!(head.typ.as_deref() == Some("token-introspection+jwt"), "typ is another: {head:?}");
        let keys: JwkSet = self.http.get(&self.gateway.jwks_uri).send().await?.json().await?;
        let key = keys.find(head.kid.as_deref().context("a kid")?).context("the key is published")?;
        let mut strict = Validation::new(head.alg);
        strict.set_required_spec_claims(&["iss", "aud"]);
        strict.set_issuer(&[&self.gateway.issuer]);
        strict.set_audience(&[&self.client_id]);
        let claims = jsonwebtoken::decode::<Value>(answer, &DecodingKey::from_jwk(key)?, &strict)?.claims;
        let age = clock::now() - claims["iat"].as_i64().context("an iat")?;
        ensure!((-10..60).contains(&age), "made {age} s ago");
        ensure!(claims["sub"].is_null() && claims["exp"].is_null(), "it could be taken for another kind of token");
        Ok(claims["token_introspection"].clone())
    }
}

/// `GET /api`: what is known of the citizen behind the token, as far as the token goes.
async fn answer(State(house): State<Arc<House>>, headers: HeaderMap) -> Response {
    let Some((scheme, token)) = token_of(&headers) else { return challenge("Bearer realm=\"data\"") };
    let said = match house.introspect(token).await {
        Ok(said) => said,
        Err(error) => return (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    };
    if said["active"] != true || said["aud"] != house.resource.as_str() {
        return challenge(&format!("{scheme} error=\"invalid_token\""));
    }
    // A bound token counts with a proof of its key alone (RFC 9449 §7.1), and another needs none.
    let held = match (scheme, &said["cnf"]) {
        ("Bearer", Value::Null) => Ok(()),
        ("DPoP", confirmation) => house.proven(&headers, confirmation["jkt"].as_str().unwrap_or_default(), token),
        (_, confirmation) => Err(anyhow::anyhow!("{scheme} does not fit {confirmation}")),
    };
    if held.is_err() {
        return challenge(&format!("{scheme} error=\"invalid_token\""));
    }
    let demand = *house.demand.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(lacks) = insufficient(&demand, &said) {
        return challenge(&format!("{scheme} {lacks}"));
    }
    let data = |scope: &&str| !["openid", "profile", "identite_pivot"].contains(scope);
    let scopes = said["scope"].as_str().unwrap_or_default().split(' ').filter(data).map(Value::from);
    let details = said["authorization_details"].as_array().into_iter().flatten();
    let datatypes = details.flat_map(|detail| detail["datatypes"].as_array().cloned().unwrap_or_default());
    let data: Vec<Value> = scopes.chain(datatypes).collect();
    if data.is_empty() {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"insufficient_scope\"")];
        return (StatusCode::FORBIDDEN, challenge).into_response();
    }
    Json(json!({ "citizen": said["sub"], "data": data, "auth_time": said["auth_time"] })).into_response()
}

/// What the sign-in lacks, as the relying party is told (RFC 9470 §3).
fn insufficient(demand: &Demand, said: &Value) -> Option<String> {
    let acr = said["acr"].as_str().unwrap_or_default();
    let age = said["auth_time"].as_i64().map_or(i64::MAX, |at| clock::now() - at);
    // The names of the levels sort as the levels do.
    let weak = demand.acr.is_some_and(|least| acr < least);
    let old = demand.max_age.is_some_and(|most| age > most);
    (weak || old).then(|| {
        let acr = demand.acr.map(|acr| format!(", acr_values=\"{acr}\"")).unwrap_or_default();
        let max_age = demand.max_age.map(|age| format!(", max_age=\"{age}\"")).unwrap_or_default();
        format!("error=\"insufficient_user_authentication\"{acr}{max_age}")
    })
}

fn challenge(value: &str) -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, value.to_owned())]).into_response()
}

/// The scheme, by its registered name, and the token.
fn token_of(headers: &HeaderMap) -> Option<(&'static str, &str)> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let known = ["Bearer", "DPoP"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    Some((known, token.trim()))
}

/// The parameters of a challenge: what a relying party asks for when it comes back (RFC 9470 §4).
pub fn parameters_of(challenge: &str) -> Vec<(String, String)> {
    let (_, parameters) = challenge.split_once(' ').unwrap_or((challenge, ""));
    let pairs = parameters.split(',').filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sign_in_lacks_is_told_and_read_back() {
        let now = clock::now();
        let said = |acr: &str, age: i64| json!({ "acr": acr, "auth_time": now - age });
        let demand = Demand { acr: Some("eidas2"), max_age: Some(300) };
        assert_eq!(insufficient(&demand, &said("eidas2", 10)), None);
        assert_eq!(insufficient(&demand, &said("eidas3", 10)), None);
        assert_eq!(insufficient(&Demand::default(), &said("eidas1", 9000)), None);
        for weak in [said("eidas1", 10), said("eidas2", 400), json!({}), json!({ "acr": "eidas3" })] {
            let told = parameters_of(&format!("Bearer {}", insufficient(&demand, &weak).unwrap()));
            let value = |name: &str| told.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            assert_eq!(value("error"), Some("insufficient_user_authentication"), "{weak}");
            assert_eq!((value("acr_values"), value("max_age")), (Some("eidas2"), Some("300")), "{weak}");
        }
    }
}
