//! The authorization endpoint and the login page.
//!
//! The page carries the whole request in hidden fields and the request is checked again when the form comes back, so
//! nothing is remembered before somebody has signed in. Then the browser is, until it logs out.

use std::sync::{Arc, OnceLock};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use url::Url;

use super::session::Session;
use super::{CLIENT_ID, Code, FRAGMENT, Fault, House, Provider, ProviderId, unpoisoned};
use crate::people::{PASSWORD, PEOPLE, Person};
use crate::random;

/// Seconds a code may be redeemed.
const CODE_LIFETIME: i64 = 60;

/// The parameters of an authorization request that this provider reads (OIDC Core §3.1.2.1).
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct Request {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    prompt: Option<String>,
    acr_values: Option<String>,
    login_hint: Option<String>,
}

/// A request that may be answered by a redirect, with what a code needs.
struct Accepted {
    redirect_uri: Url,
    scope: String,
    challenge: String,
}

/// Why a request is not accepted.
enum Refusal {
    /// Client or redirect URI are wrong: nobody to send the citizen back to.
    Page(&'static str),
    /// The client is told: OAuth error code and description.
    Answer(Url, &'static str, &'static str),
}

impl Request {
    fn check(&self, provider: &Provider) -> Result<Accepted, Refusal> {
        if self.client_id.as_deref() != Some(CLIENT_ID) {
            return Err(Refusal::Page("unknown client_id"));
        }
        let redirect_uri = match &self.redirect_uri {
            Some(uri) if *uri == provider.redirect_uri => Url::parse(uri),
            _ => return Err(Refusal::Page("redirect_uri is not registered")),
        };
        let Ok(redirect_uri) = redirect_uri else {
            return Err(Refusal::Page("redirect_uri is not a URL"));
        };
        let refuse = |error, description| Err(Refusal::Answer(redirect_uri.clone(), error, description));
        if self.response_type.as_deref() != Some("code") {
            return refuse("unsupported_response_type", "only code is supported");
        }
        let scope = self.scope.clone().unwrap_or_default();
        if !scope.split(' ').any(|word| word == "openid") {
            return refuse("invalid_scope", "openid is required");
        }
        let challenge = match (&self.code_challenge, self.code_challenge_method.as_deref()) {
            (Some(challenge), Some("S256")) if challenge.len() == 43 => challenge.clone(),
            _ => return refuse("invalid_request", "PKCE with S256 is required"),
        };
        if self.prompt.as_deref() == Some("none") {
            return refuse("login_required", "this provider keeps no session");
        }
        Ok(Accepted { redirect_uri, scope, challenge })
    }

    fn carried(&self) -> Vec<(&'static str, &str)> {
        [
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", &self.response_type),
            ("scope", &self.scope),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
            ("prompt", &self.prompt),
            ("acr_values", &self.acr_values),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect()
    }
}

#[derive(Template)]
#[template(path = "provider_login.html")]
struct LoginPage<'a> {
    title: &'static str,
    action: String,
    carried: Vec<(&'static str, &'a str)>,
    username: &'a str,
    failed: bool,
    password: &'static str,
    people: &'static [Person],
}

#[derive(Template)]
#[template(path = "provider_problem.html")]
pub(super) struct ProblemPage {
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
}

/// `GET /{provider}/authorize`: the login page, or why not; a code at once for who is signed in, unless they are to sign
/// in anew.
pub(super) async fn show(
    State(house): State<Arc<House>>,
    Path(id): Path<ProviderId>,
    headers: HeaderMap,
    Query(request): Query<Request>,
) -> Response {
    let provider = house.provider(id);
    match request.check(provider) {
        Ok(accepted) if provider.fault() == Fault::HtmlInError => {
            hostile_error(provider, accepted.redirect_uri, &request)
        }
        Ok(accepted) => match provider.sessions.of(&headers) {
            Some(session) if request.prompt.as_deref() != Some("login") => grant(provider, accepted, &request, session),
            Some(_) | None => ask(provider, &request),
        },
        Err(refusal) => refuse(provider, &request, refusal),
    }
}

fn ask(provider: &Provider, request: &Request) -> Response {
    login_page(provider, request, request.login_hint.as_deref().unwrap_or_default(), Attempt::First)
}

/// The login form as it comes back: the carried request, the names typed, the button pressed.
#[derive(Debug, Deserialize)]
pub(super) struct Login {
    #[serde(flatten)]
    request: Request,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    action: Option<Button>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Button {
    SignIn,
    Cancel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    First,
    Failed,
}

/// `POST /{provider}/login`: a code when the password is right, the page again when not.
pub(super) async fn sign_in(
    State(house): State<Arc<House>>,
    Path(id): Path<ProviderId>,
    Form(login): Form<Login>,
) -> Response {
    let provider = house.provider(id);
    let accepted = match login.request.check(provider) {
        Ok(accepted) => accepted,
        Err(refusal) => return refuse(provider, &login.request, refusal),
    };
    match login.action.unwrap_or(Button::SignIn) {
        Button::Cancel => {
            let refusal = Refusal::Answer(accepted.redirect_uri, "access_denied", "the citizen went back");
            return refuse(provider, &login.request, refusal);
        }
        Button::SignIn => {}
    }
    let (username, password) = (login.username.clone(), login.password);
    let person = tokio::task::spawn_blocking(move || recognise(&username, &password)).await;
    let Ok(Some(person)) = person else {
        return login_page(provider, &login.request, &login.username, Attempt::Failed);
    };
    let session = Session { person, signed_in_at: provider.now() };
    let mut response = grant(provider, accepted, &login.request, session);
    provider.sessions.open(provider, session, response.headers_mut());
    response
}

/// A code for who is signed in.
fn grant(provider: &Provider, accepted: Accepted, request: &Request, session: Session) -> Response {
    let code = random::token();
    unpoisoned(&provider.codes).insert(
        code.clone(),
        Code {
            person: session.person,
            redirect_uri: provider.redirect_uri.clone(),
            nonce: request.nonce.clone(),
            challenge: accepted.challenge,
            scope: accepted.scope,
            signed_in_at: session.signed_in_at,
            expires_at: provider.now() + CODE_LIFETIME,
        },
    );
    answer(provider, accepted.redirect_uri, request.state.as_deref(), &[("code", &code)])
}

/// The person with this name and password. A wrong name costs as much time as a wrong password.
fn recognise(username: &str, password: &str) -> Option<&'static Person> {
    let directory = directory();
    let known = PEOPLE.iter().position(|person| person.username == username);
    let hash = directory.get(known.unwrap_or_default())?;
    let right = Argon2::default().verify_password(password.as_bytes(), hash).is_ok();
    PEOPLE.get(known.filter(|_| right)?)
}

/// The argon2id hashes of everybody's password, in the order of [`PEOPLE`], made at first use.
fn directory() -> &'static [PasswordHash] {
    static DIRECTORY: OnceLock<Vec<PasswordHash>> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let hash = |_: &Person| Argon2::default().hash_password(PASSWORD.as_bytes());
        PEOPLE.iter().map(hash).collect::<Result<_, _>>().expect("a short password can be hashed")
    })
}

fn login_page(provider: &Provider, request: &Request, username: &str, attempt: Attempt) -> Response {
    let status = match attempt {
        Attempt::First => StatusCode::OK,
        Attempt::Failed => StatusCode::UNAUTHORIZED,
    };
    let page = LoginPage {
        title: provider.id.title(),
        action: format!("/{}/login", provider.id),
        carried: request.carried(),
        username,
        failed: attempt == Attempt::Failed,
        password: PASSWORD,
        people: &PEOPLE,
    };
    crate::pages::page(status, &page)
}

fn refuse(provider: &Provider, request: &Request, refusal: Refusal) -> Response {
    match refusal {
        Refusal::Page(detail) => {
            crate::pages::page(StatusCode::BAD_REQUEST, &ProblemPage { title: provider.id.title(), detail })
        }
        Refusal::Answer(to, error, description) => {
            let parameters = [("error", error), ("error_description", description)];
            answer(provider, to, request.state.as_deref(), &parameters)
        }
    }
}

/// An error whose description tries to break out of a page, a log line and a terminal.
fn hostile_error(provider: &Provider, to: Url, request: &Request) -> Response {
    let description = "<script>alert(1)</script>\r\nX-Injected: 1\u{1b}[31m\u{202e}<img src=x onerror=alert(1)>";
    let parameters = [("error", "server_error"), ("error_description", description)];
    answer(provider, to, request.state.as_deref(), &parameters)
}

/// Sends the citizen back with `parameters`, `state` and `iss` (RFC 9207 §2).
fn answer(provider: &Provider, mut to: Url, state: Option<&str>, parameters: &[(&str, &str)]) -> Response {
    {
        let mut query = to.query_pairs_mut();
        query.extend_pairs(parameters);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        let fault = provider.fault();
        if fault == Fault::ResponseIssWrong {
            query.append_pair("iss", "http://127.0.0.1:9/impostor");
        } else if fault != Fault::ResponseIssMissing {
            query.append_pair("iss", &provider.issuer);
        }
    }
    to.set_fragment((provider.fault() == Fault::Fragment).then_some(FRAGMENT));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to.as_str()), (header::CACHE_CONTROL, "no-store")]).into_response()
}
