//! The floor: what a request costs when nothing is decided, kept or looked up.
//!
//! A process of its own: this binary started again, so with the same runtime, allocator, HTTP stack and profile as
//! the gateway. It gets the very same requests and does exactly this:
//!
//! | what the request holds | beside the answer |
//! |---|---|
//! | a client assertion | one ES256 verification, its key parsed once |
//! | a DPoP proof | one ES256 verification, its key parsed out of the proof each time |
//! | a code | one ES256 signature of a token with six claims |
//!
//! Nothing else: no state, no log, no limits, no secret is compared, no claim of any token is read, nothing is hashed or
//! sealed. The answers are JSON of about the gateway's length.

use std::sync::Arc;

use anyhow::Context as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformance::jose::{Algorithm, SigningKey};
use conformance::process::{Process, Signals};
use conformance::site::listen;
use serde_json::{Value, json};
use tokio::process::Command;

/// What the floor is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Around {
    /// The key of those who send assertions, as a JWK
    #[arg(long)]
    key: String,
}

/// A floor that answers. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Floor {
    /// Its process.
    pub(crate) process: Process,
    /// Its address.
    pub(crate) base: String,
}

impl Floor {
    /// Starts this binary again as the floor.
    pub(crate) async fn start(key: &SigningKey) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("floor").args(["--key", &key.public_jwk().to_string()]);
        let mut process = Process::start("the floor", command, Signals::Shared)?;
        let line = process.line(LISTENING, std::time::Duration::from_secs(30)).await?;
        let base = line.trim_start_matches(LISTENING).to_owned();
        Ok(Self { process, base })
    }
}

const LISTENING: &str = "listening on ";

struct Desk {
    client_key: ParsedPublicKey,
    key: SigningKey,
}

/// Serves until killed.
pub(crate) async fn serve(around: &Around) -> anyhow::Result<()> {
    let client_key = point(&serde_json::from_str(&around.key)?)?;
    let desk = Desk { client_key, key: SigningKey::generate(Algorithm::Es256) };
    let router = Router::new()
        .route("/token", post(token))
        .route("/userinfo", get(userinfo))
        .route("/introspect", post(introspect))
        .route("/par", post(push))
        .with_state(Arc::new(desk));
    let listener = listen(0).await?;
    eprintln!("{LISTENING}http://{}", listener.local_addr()?);
    // As the gateway does: answers are small, waiting to fill a packet only delays them.
    let listener = listener.tap_io(|stream| {
        let _unheeded = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

fn point(jwk: &Value) -> anyhow::Result<ParsedPublicKey> {
    let mut point = vec![4];
    for coordinate in ["x", "y"] {
        point.extend(URL_SAFE_NO_PAD.decode(jwk[coordinate].as_str().context("a point of the curve")?)?);
    }
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).context("a key of the curve")
}

fn verified(token: &str, key: &ParsedPublicKey) -> anyhow::Result<()> {
    let (message, signature) = token.rsplit_once('.').context("a signed token")?;
    key.verify_sig(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature)?).context("a signature")
}

/// The key of a proof stands in its header.
fn proven(headers: &HeaderMap) -> anyhow::Result<()> {
    let Some(proof) = headers.get("dpop") else { return Ok(()) };
    let proof = proof.to_str()?;
    let (header, _) = proof.split_once('.').context("a signed token")?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
    verified(proof, &point(&header["jwk"])?)
}

fn asserted(desk: &Desk, form: &str) -> anyhow::Result<()> {
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    let assertion = pairs.find(|(name, _)| name == "client_assertion");
    assertion.map_or(Ok(()), |(_, assertion)| verified(&assertion, &desk.client_key))
}

fn answered(verdict: anyhow::Result<()>, status: StatusCode, body: impl FnOnce() -> Value) -> Response {
    match verdict {
        Ok(()) => (status, Json(body())).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error:#}")).into_response(),
    }
}

/// As long as a code, a token or a reference of the gateway.
const SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn token(State(desk): State<Arc<Desk>>, headers: HeaderMap, form: String) -> Response {
    let verdict = asserted(&desk, &form).and_then(|()| proven(&headers));
    answered(verdict, StatusCode::OK, || {
        let claims = json!({ "iss": "floor", "sub": SECRET, "aud": SECRET, "iat": 1, "exp": 2, "nonce": SECRET });
        let id_token = desk.key.sign("JWT", &claims);
        let scope = "openid profile birth email dgfip_rfr";
        json!({ "access_token": SECRET, "token_type": "Bearer", "expires_in": 300, "id_token": id_token, "scope": scope })
    })
}

async fn userinfo(headers: HeaderMap) -> Response {
    answered(proven(&headers), StatusCode::OK, || {
        json!({
            "sub": SECRET, "family_name": "DUBOIS", "given_name": "Angela Claire Louise", "gender": "female",
            "birthdate": "1962-08-24", "birthplace": "75107", "birthcountry": "99100", "email": "a@exemple.fr",
        })
    })
}

async fn introspect(State(desk): State<Arc<Desk>>, form: String) -> Response {
    answered(asserted(&desk, &form), StatusCode::OK, || {
        json!({
            "active": true, "iss": "floor", "sub": SECRET, "aud": SECRET, "client_id": SECRET, "iat": 1, "exp": 2,
            "scope": "openid dgfip_rfr", "token_type": "Bearer", "acr": "eidas1", "auth_time": 1,
        })
    })
}

async fn push(State(desk): State<Arc<Desk>>, headers: HeaderMap, form: String) -> Response {
    let verdict = asserted(&desk, &form).and_then(|()| proven(&headers));
    answered(verdict, StatusCode::CREATED, || json!({ "request_uri": SECRET, "expires_in": 60 }))
}
