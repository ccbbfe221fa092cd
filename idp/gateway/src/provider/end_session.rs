//! `GET` and `POST /end-session` (OIDC RP-Initiated Logout 1.0).

use axum::extract::{RawQuery, State};
use axum::response::Response;
use domain::client::Registered;
use domain::language::Language;
use domain::oidc::logout::{Leaving, LoggedOut, Logout, LogoutRequest, Return};
use domain::oidc::parameters::Parameters;
use domain::secret::{Bearer, base64url, same};
use domain::signin::AnySignIn;
use domain::signin::session::Session;
use domain::time::Lifetime;
use http::StatusCode;
use http::header::HeaderMap;
use store::StoreError;
use store::ephemeral::Put;

use super::authorize::session;
use super::error::see_other;
use super::form::is_form;
use crate::app::{App, Shared};
use crate::pages::logout::ConfirmLogout;
use crate::pages::problem::WhatWentWrong;
use crate::pages::{Service, View as _, logout};
use crate::signin::page::{Occasion, problem};

/// The parameters that travel with the question.
const FIELDS: [&str; 5] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"];

/// How long a second click gets the answer of the first.
const SECOND_CLICK: Lifetime = Lifetime::seconds(20);

/// `GET /end-session`.
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let Ok(parameters) = Parameters::parse(query.unwrap_or_default().as_bytes()) else {
        return refused(&app, &headers);
    };
    answer(&app, &headers, &parameters, None).await
}

/// `POST /end-session`: the answer to our own question, or a relying party's request. The latter is repeated by GET,
/// since a cross-site POST carries no `SameSite=Lax` cookie.
pub(crate) async fn post(State(app): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let parameters = match Parameters::parse(body.as_bytes()) {
        Ok(parameters) if is_form(&headers) || body.is_empty() => parameters,
        Ok(_) | Err(_) => return refused(&app, &headers),
    };
    let one = |name| parameters.one(name).ok().flatten();
    match (one("csrf"), one("answer")) {
        (Some(csrf), Some(wish)) => answer(&app, &headers, &parameters, Some((csrf, wish))).await,
        _ if body.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'#') => {
            see_other(&app.issuer.at(&format!("/end-session?{body}")))
        }
        _ => refused(&app, &headers),
    }
}

async fn answer(
    app: &Shared,
    headers: &HeaderMap,
    parameters: &Parameters,
    confirmed: Option<(&str, &str)>,
) -> Response {
    match decide(app, headers, parameters, confirmed).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a logout failed");
            let what = WhatWentWrong::Unavailable;
            problem(app, Occasion::of(headers), StatusCode::SERVICE_UNAVAILABLE, what, "P500")
        }
    }
}

async fn decide(
    app: &Shared,
    headers: &HeaderMap,
    parameters: &Parameters,
    confirmed: Option<(&str, &str)>,
) -> Result<Response, StoreError> {
    let Ok(request) = LogoutRequest::read(parameters) else { return Ok(refused(app, headers)) };
    let found = request.client().and_then(|id| app.client(id));
    let keys = app.keys();
    let Some(keys) = keys.hint_keys() else { return Ok(refused(app, headers)) };
    let browser = app.cookies.session(headers).zip(session(app, headers).await?);
    // As the client that asks knows it; without one nothing is proved by a name.
    let held = browser
        .as_ref()
        .zip(found.as_deref())
        .map(|((_, session), found)| app.pseudonyms(&session.citizen().account, session.id(), &found.client).sid);
    let logout = match request.check(found.as_deref(), app.issuer.as_str(), keys, held.as_ref()) {
        Ok(logout) => logout,
        Err(fault) => {
            tracing::info!(%fault, "logout request refused");
            return Ok(refused(app, headers));
        }
    };
    let asked = Asked { app, headers, occasion: occasion(headers, parameters), found: found.as_deref() };
    let Some((secret, _)) = browser else { return asked.without_session(logout).await };
    match (logout, confirmed) {
        (Logout::Proven { then }, None) => asked.log_out(&secret, then).await,
        (Logout::Proven { then } | Logout::ToConfirm { then }, Some((csrf, wish))) => {
            if !same(csrf.as_bytes(), form_secret(&secret).as_bytes()) {
                let what = WhatWentWrong::StaleForm;
                return Ok(problem(app, asked.occasion, StatusCode::FORBIDDEN, what, "P110"));
            }
            if wish == "yes" { asked.log_out(&secret, then).await } else { Ok(asked.page(logout::Session::Kept)) }
        }
        // Without proof, or with the proof of another session: the citizen decides (RP-Initiated Logout §2, §6).
        (Logout::ToConfirm { .. }, None) => Ok(asked.question(parameters, &secret)),
    }
}

/// A logout that was asked for.
struct Asked<'a> {
    app: &'a Shared,
    headers: &'a HeaderMap,
    occasion: Occasion,
    found: Option<&'a Registered>,
}

impl Asked<'_> {
    /// Ends the session, and every sign-in of this browser whose citizen has arrived: the records first, so that no
    /// request that comes now finds them. The citizen goes on to the provider, to log out there too, or to where the
    /// relying party asked. Everything of ours is done before: whoever does not come back from there is logged out here.
    async fn log_out(&self, secret: &Bearer<Session>, then: Option<Return>) -> Result<Response, StoreError> {
        for (_, arrived) in self.app.cookies.all_arrived(self.headers) {
            let _: Option<AnySignIn> = self.app.ephemeral.take(&arrived).await?;
        }
        let client = self.found.map(|found| found.client.id.clone());
        let Some(ended) = crate::session::end_whole(self.app, secret, client).await? else {
            return self.without_session(Logout::ToConfirm { then }).await;
        };
        let sent_on = self.to_provider(&ended, then.as_ref()).await;
        let answer = sent_on.unwrap_or_else(|| LoggedOut::back(then.as_ref()));
        // Without it a second click is shown the page: no reason to tell that anything failed.
        if let Err(error) = self.app.ephemeral.put(&second_click(secret), &answer, SECOND_CLICK).await {
            tracing::warn!(%error, "the answer to a logout could not be kept for a second click");
        }
        Ok(self.gone(&answer))
    }

    /// The way on to the provider of the session, to log out there, when there is one to go to now.
    async fn to_provider(&self, ended: &Session, then: Option<&Return>) -> Option<LoggedOut> {
        let provider = &ended.citizen().identity.provider;
        let state = Bearer::from_random(self.app.random.bytes());
        let url = self.app.upstreams.end_session(provider, ended.citizen().hint.as_ref(), &state.expose())?;
        let leaving = Leaving {
            provider: provider.clone(),
            client: self.found.map(|found| found.client.id.clone()),
            then: then.cloned(),
        };
        match self.app.ephemeral.put(&state, &leaving, self.app.lifetimes.sign_in).await {
            Ok(Put::Fresh) => Some(LoggedOut::SentOn { provider: provider.clone(), to: url }),
            Ok(Put::Taken) => None,
            Err(error) => {
                tracing::warn!(%error, %provider, "a logout is not passed on: the way back could not be kept");
                None
            }
        }
    }

    /// There is no session any more: the answer of the click that ended it, or on to where the relying party proves that
    /// it asks, or a page that says so.
    async fn without_session(&self, logout: Logout) -> Result<Response, StoreError> {
        if let Some(secret) = self.app.cookies.session(self.headers)
            && let Some((first, _)) = self.app.ephemeral.look(&second_click(&secret)).await?
        {
            return Ok(self.gone(&first));
        }
        Ok(match logout {
            Logout::Proven { then } => self.gone(&LoggedOut::back(then.as_ref())),
            // Nobody is there to confirm anything.
            Logout::ToConfirm { .. } => self.gone(&LoggedOut::Told),
        })
    }

    fn gone(&self, answer: &LoggedOut) -> Response {
        let mut response = match answer {
            LoggedOut::Told => self.page(logout::Session::Closed),
            LoggedOut::SentBack { to } => see_other(to),
            LoggedOut::SentOn { provider, to } => {
                let provider = self.app.provider_title(provider);
                logout::Leaving { page: self.occasion.page(self.app), provider: &provider, to }.go_on()
            }
        };
        // A request without our cookies, as one from another site is, takes nothing from the browser.
        if self.app.cookies.session(self.headers).is_some() {
            self.app.cookies.clear(self.headers, response.headers_mut());
        }
        response
    }

    fn page(&self, session: logout::Session) -> Response {
        page(self.app, self.occasion, session, self.found)
    }

    fn question(&self, parameters: &Parameters, secret: &Bearer<Session>) -> Response {
        let fields: Vec<(&str, &str)> = FIELDS
            .into_iter()
            .filter_map(|name| parameters.one(name).ok().flatten().map(|value| (name, value)))
            .collect();
        let csrf = form_secret(secret);
        let service = self.found.map(|found| &found.client.name);
        ConfirmLogout { page: self.occasion.page(self.app), csrf: &csrf, fields: &fields, service }
            .answer(StatusCode::OK)
    }
}

/// The page after a logout, with the way back to the service.
pub(super) fn page(app: &App, occasion: Occasion, session: logout::Session, found: Option<&Registered>) -> Response {
    let service = found.map(|found| Service { name: &found.client.name, link: found.client.uri.as_deref() });
    logout::LoggedOut { page: occasion.page(app), session, service }.answer(StatusCode::OK)
}

/// The language that the relying party asks for (RP-Initiated Logout §2, `ui_locales`), or that the browser prefers.
fn occasion(headers: &HeaderMap, parameters: &Parameters) -> Occasion {
    let asked = parameters.one("ui_locales").ok().flatten().and_then(Language::from_ui_locales);
    asked.map_or_else(|| Occasion::of(headers), Occasion::in_language)
}

/// Where the answer to a logout is kept for a second click.
fn second_click(secret: &Bearer<Session>) -> Bearer<LoggedOut> {
    secret.derive("logged out")
}

/// The secret of the question's form: only the page that this session was shown holds it.
fn form_secret(secret: &Bearer<Session>) -> String {
    base64url(&secret.expand(&[b"logout form"]))
}

fn refused(app: &App, headers: &HeaderMap) -> Response {
    problem(app, Occasion::of(headers), StatusCode::BAD_REQUEST, WhatWentWrong::BadRequest, "P120")
}
