//! The floor: what a login costs when nothing is decided, kept, rendered or checked.
//!
//! A process of its own: this binary started again, so with the same runtime, allocator, HTTP stack and profile as
//! the gateway. For each login it does exactly this:
//!
//! | request | answer | beside |
//! |---|---|---|
//! | `GET /authorize` | redirect | |
//! | `GET /signin/choose` | 60 bytes | |
//! | `POST /signin/choose` | redirect to the provider | |
//! | `GET /callback` | redirect | three calls out: the provider's token and userinfo, the civil registry; one ES256 verification of the ID token, its key parsed once |
//! | `GET /signin/inform` | 60 bytes | |
//! | `POST /signin/inform` | redirect with a code | |
//! | `POST /token` | JSON | one signature of a token with six claims, in the algorithm of the service |
//! | `GET /userinfo` | JSON | |
//!
//! Nothing else: no state, no cookies, no log, no limits, no client authentication, no mail (the gateway's notice of
//! each sign-in is on the gateway's account alone), no claim of any token is read.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformance::jose::SigningKey;
use conformance::process::{Process, Signals};
use conformance::site::listen;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::Signature;
use crate::world::{CLIENT, World};

/// What the floor is told of the world.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Around {
    /// Issuer of the provider
    #[arg(long)]
    provider: String,
    /// Address of the civil registry
    #[arg(long)]
    registry: String,
    /// How ID tokens are signed
    #[arg(long)]
    signature: Signature,
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
    pub(crate) async fn start(world: &World, signature: Signature) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("floor").args(["--provider", &world.issuer(), "--registry", &world.registry()]);
        let name = signature.algorithm().name().to_ascii_lowercase();
        command.args(["--signature", &name]);
        let mut process = Process::start("the floor", command, Signals::Shared)?;
        let line = process.line(LISTENING, std::time::Duration::from_secs(30)).await?;
        let base = line.trim_start_matches(LISTENING).to_owned();
        Ok(Self { process, base })
    }
}

const LISTENING: &str = "listening on ";

struct Desk {
    around: Around,
    base: String,
    client: reqwest::Client,
    provider_key: ParsedPublicKey,
    key: SigningKey,
}

/// Serves until killed.
pub(crate) async fn serve(around: &Around) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
    let keys: Value = client.get(format!("{}/jwks", around.provider)).send().await?.json().await?;
    let listener = listen(0).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let desk = Desk {
        around: around.clone(),
        base: base.clone(),
        client,
        provider_key: point(&keys["keys"][0])?,
        key: SigningKey::generate(around.signature.algorithm()),
    };
    let router = Router::new()
        .route("/authorize", get(|| async { to("/signin/choose") }))
        .route("/signin/choose", get(|| async { FORM }).post(depart))
        .route("/callback", get(arrive))
        .route("/signin/inform", get(|| async { FORM }).post(|| async { to("http://localhost/back?code=c") }))
        .route("/token", post(token))
        .route("/userinfo", get(|| async { Json(json!({ "sub": "floor" })) }))
        .with_state(Arc::new(desk));
    eprintln!("{LISTENING}{base}");
    // As the gateway does: answers are small, waiting to fill a packet only delays them.
    let listener = listener.tap_io(|stream| {
        let _unheeded = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

/// The least that the load takes for a page with a form.
const FORM: &str = "<form><input type=\"hidden\" name=\"csrf\" value=\"x\"></form>";

/// The key of a JWK, parsed once.
fn point(jwk: &Value) -> anyhow::Result<ParsedPublicKey> {
    let mut point = vec![4];
    for coordinate in ["x", "y"] {
        point.extend(URL_SAFE_NO_PAD.decode(jwk[coordinate].as_str().context("a point of the curve")?)?);
    }
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).context("a key of the curve")
}

fn to(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

#[derive(Debug, Deserialize)]
struct Sent {
    csrf: String,
}

async fn depart(State(desk): State<Arc<Desk>>, Form(sent): Form<Sent>) -> Response {
    let provider = &desk.around.provider;
    let back = url::form_urlencoded::byte_serialize(desk.base.as_bytes()).collect::<String>();
    to(&format!("{provider}/authorize?redirect_uri={back}%2Fcallback&state={}&nonce=n", sent.csrf))
}

async fn arrive(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery) -> Response {
    match ask_the_world(&desk, &query.unwrap_or_default()).await {
        Ok(()) => to("/signin/inform"),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

/// Code to ID token, its signature, userinfo, civil registry.
async fn ask_the_world(desk: &Desk, query: &str) -> anyhow::Result<()> {
    let code = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").context("a code")?.1;
    let Around { provider, registry, signature: _ } = &desk.around;
    let form = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", "v")];
    let request = desk.client.post(format!("{provider}/token")).basic_auth(CLIENT, Some("s")).form(&form);
    let tokens: Tokens = request.send().await?.error_for_status()?.json().await?;
    let (message, signature) = tokens.id_token.rsplit_once('.').context("a signed token")?;
    let signature = URL_SAFE_NO_PAD.decode(signature)?;
    desk.provider_key.verify_sig(message.as_bytes(), &signature).context("a signature of the provider")?;
    let userinfo = desk.client.get(format!("{provider}/userinfo")).bearer_auth(&tokens.access_token).send().await?;
    let userinfo = userinfo.error_for_status()?.bytes().await?;
    // The question to the registry is as long as the gateway's.
    let question = desk.client.post(registry).header(header::CONTENT_TYPE, "application/json").body(userinfo);
    let answer = question.send().await?.error_for_status()?.bytes().await?;
    ensure!(!answer.is_empty(), "the registry says nothing");
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Tokens {
    access_token: String,
    id_token: String,
}

async fn token(State(desk): State<Arc<Desk>>) -> Json<Value> {
    let claims = json!({ "iss": "floor", "sub": "floor", "aud": "floor", "iat": 1, "exp": 2, "nonce": "n" });
    let id_token = desk.key.sign("JWT", &claims);
    Json(json!({ "access_token": "t", "token_type": "Bearer", "expires_in": 300, "id_token": id_token }))
}
