//! The world outside for a bench: one identity provider and one civil registry, both as quick as they can be.
//!
//! The provider speaks OpenID Connect and signs every ID token (ES256), but asks for no password: a browser's cookie
//! says who is signed in, as after an earlier visit. It keeps nothing: a code says for whom and under which nonce it
//! was made. The registry finds everybody, under the identity that it was asked about. Each citizen is another person.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use conformance::clock;
use conformance::gateway::ProviderFile;
use conformance::jose::{Algorithm, SigningKey};
use conformance::site::{Site, listen};
use serde::Deserialize;
use serde_json::{Value, json};

/// Id of the provider at the gateway.
pub(crate) const PROVIDER: &str = "banc";
/// Client id of the gateway, and of the floor, at the provider.
pub(crate) const CLIENT: &str = "passerelle-banc";
/// The cookie of a signed-in citizen at the provider: the number of the citizen.
pub(crate) const SESSION: &str = "citoyen";

/// Both, answering until dropped.
#[derive(Debug)]
pub(crate) struct World {
    provider: Site,
    registry: Site,
}

/// One citizen of very many: everything about them follows from the number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person(pub(crate) u64);

impl Person {
    /// Another name for each number, in letters as names are.
    pub(crate) fn family_name(self) -> String {
        let letter = |digit: u8| char::from(b'A' + (digit - b'0'));
        format!("BANC{}", self.0.to_string().bytes().map(letter).collect::<String>())
    }

    /// Where the notice goes.
    pub(crate) fn email(self) -> String {
        format!("citoyen-{}@exemple.fr", self.0)
    }

    fn subject(self) -> String {
        format!("citoyen-{}", self.0)
    }
}

struct Provider {
    issuer: String,
    key: SigningKey,
}

impl World {
    /// Starts both on free ports.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = listen(0).await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let provider = Arc::new(Provider { issuer, key: SigningKey::generate(Algorithm::Es256) });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(provider);
        let registry = Router::new().route("/individus", post(confirm));
        Ok(Self { provider: Site::serve(listener, router), registry: Site::serve(listen(0).await?, registry) })
    }

    /// Issuer of the provider.
    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.provider.address())
    }

    /// Address of the registry's one question.
    pub(crate) fn registry(&self) -> String {
        format!("http://{}/individus", self.registry.address())
    }

    /// The provider's file at the gateway.
    pub(crate) fn provider_file(&self) -> ProviderFile {
        let mut table = toml::Table::new();
        for (key, value) in [("issuer", self.issuer().as_str()), ("client_id", CLIENT), ("title_fr", "Banc d’essai")]
        {
            table.insert(key.to_owned(), value.into());
        }
        table.insert("title_en".into(), "Bench".into());
        table.insert("levels".into(), vec!["eidas1"].into());
        table.insert("id_token_signed_response_alg".into(), "ES256".into());
        ProviderFile { id: PROVIDER.to_owned(), table, secret: conformance::random::token() }
    }
}

async fn discovery(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let issuer = &provider.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn jwks(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(json!({ "keys": [provider.key.public_jwk()] }))
}

/// What an answer needs of an authorization request.
#[derive(Debug, Deserialize)]
struct Asked {
    redirect_uri: String,
    state: String,
    nonce: String,
}

/// The citizen of the cookie comes back at once, with a code that says everything.
async fn authorize(State(provider): State<Arc<Provider>>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    let cookie = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(citizen) = cookie.strip_prefix(SESSION).and_then(|value| value.strip_prefix('=')) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let mut answer = url::form_urlencoded::Serializer::new(asked.redirect_uri + "?");
    answer.append_pair("code", &format!("{citizen}.{}", asked.nonce));
    answer.append_pair("state", &asked.state).append_pair("iss", &provider.issuer);
    (StatusCode::SEE_OTHER, [(header::LOCATION, answer.finish())]).into_response()
}

#[derive(Debug, Deserialize)]
struct Redeemed {
    code: String,
}

async fn token(State(provider): State<Arc<Provider>>, Form(form): Form<Redeemed>) -> Response {
    let code = form.code.split_once('.').and_then(|(citizen, nonce)| Some((citizen.parse().ok()?, nonce)));
    let Some((citizen, nonce)) = code else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    let now = clock::now();
    let claims = json!({
        "iss": provider.issuer, "sub": Person(citizen).subject(), "aud": CLIENT, "nonce": nonce,
        "iat": now, "exp": now + 300, "auth_time": now, "acr": "eidas1", "amr": ["pwd"],
    });
    let id_token = provider.key.sign("JWT", &claims);
    let answer = json!({
        "access_token": citizen.to_string(), "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
    });
    Json(answer).into_response()
}

async fn userinfo(headers: HeaderMap) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let citizen = token.and_then(|value| value.strip_prefix("Bearer ")?.parse().ok());
    let Some(person) = citizen.map(Person) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let claims = json!({
        "sub": person.subject(), "family_name": person.family_name(), "given_name": "Camille Dominique",
        "gender": "female", "birthdate": "1962-08-24", "birthplace": "75107", "birthcountry": "99100",
        "email": person.email(),
    });
    Json(claims).into_response()
}

async fn confirm(Json(asked): Json<Value>) -> Json<Value> {
    Json(json!({ "outcome": "found", "deceased": false, "identity": asked }))
}
