//! `GET` and `POST /authorize` (OIDC Core §3.1.2): a request becomes a sign-in.

use std::collections::BTreeSet;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use domain::client::Client;
use domain::id::{Reference, SignInId};
use domain::language::Language;
use domain::oidc::error::AuthorizeError;
use domain::oidc::parameters::Parameters;
use domain::oidc::request::{AuthorizationRequest, Incoming, Rejected};
use domain::secret::Bearer;
use domain::signin::offer::choose;
use domain::signin::session::{ProviderStanding, Session};
use domain::signin::{Acceptance, AnySignIn, Beginning, Choosing, Informing, SignIn, Start};
use http::StatusCode;
use http::header::{ACCEPT_LANGUAGE, HeaderMap};
use store::StoreError;

use super::error::{rejected, see_other};
use super::form::is_form;
use crate::app::{App, Shared};
use crate::pages::problem::WhatWentWrong;
use crate::signin::at::Slot;
use crate::signin::page::{Occasion, problem};
use crate::signin::{depart, finish};

/// `GET /authorize`.
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let Ok(parameters) = Parameters::parse(query.unwrap_or_default().as_bytes()) else {
        return problem(&app, Occasion::of(&headers), StatusCode::BAD_REQUEST, WhatWentWrong::BadRequest, "P100");
    };
    let request = match Incoming::read(parameters) {
        Ok(incoming) => {
            let found = app.client(incoming.client());
            incoming.check(found.as_deref()).map(|request| (request, found))
        }
        Err(fault) => Err(Rejected::Page(fault)),
    };
    match request {
        Ok((request, Some(found))) => match begin(&app, &headers, request, &found.client).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(%error, "a sign-in could not begin");
                let what = WhatWentWrong::Unavailable;
                problem(&app, Occasion::of(&headers), StatusCode::SERVICE_UNAVAILABLE, what, "P500")
            }
        },
        Ok((_, None)) => unreachable!("an accepted request has a client"),
        Err(fault) => rejected(&app, &headers, fault),
    }
}

/// `POST /authorize`: the same request by GET. A cross-site POST carries no `SameSite=Lax` cookie, the GET that
/// follows does, and so finds the browser's session and its other sign-ins.
pub(crate) async fn post(State(app): State<Shared>, headers: HeaderMap, body: String) -> Response {
    if !is_form(&headers) || body.bytes().any(|byte| !(0x21..=0x7e).contains(&byte) || byte == b'#') {
        return problem(&app, Occasion::of(&headers), StatusCode::BAD_REQUEST, WhatWentWrong::BadRequest, "P100");
    }
    see_other(&app.issuer.at(&format!("/authorize?{body}")))
}

async fn begin(
    app: &App,
    headers: &HeaderMap,
    request: AuthorizationRequest,
    client: &Client,
) -> Result<Response, StoreError> {
    let language = request
        .language
        .or_else(|| headers.get(ACCEPT_LANGUAGE)?.to_str().ok().and_then(Language::from_accept_language))
        .unwrap_or_default();
    let start = Start {
        id: SignInId::from_random(app.random.bytes()),
        csrf: app.random.bytes(),
        reference: Reference::from_random(app.random.bytes()),
        language,
        at: app.clock.now(),
    };
    let session = session(app, headers).await?;
    let session = session.filter(|session| fits(app, session, &request, client));
    let standing = if let Some(session) = &session {
        Some((session, standing(app, session, &request, client).await?))
    } else {
        None
    };
    let answer_to = request.answer_to.clone();
    let hint = request.idp_hint.clone();
    let silent = request.prompt == domain::oidc::request::Prompt::None;
    let first: AnySignIn = match (SignIn::start(request, client, standing, start), hint) {
        (Beginning::Answer(error, description), _) => {
            return Ok(see_other(&answer_to.error(app.issuer.as_str(), error, description)));
        }
        (Beginning::Inform(signin), _) if silent => return silently(app, headers, signin, client).await,
        (Beginning::Choose(signin), Some(hint)) => return hinted(app, headers, signin, client, &hint).await,
        (Beginning::Inform(signin), _) => signin.into(),
        (Beginning::Choose(signin), None) => signin.into(),
    };
    let (_, response) = Slot::open(app, headers, first).await?;
    Ok(response)
}

/// A hint leads straight to its provider, or back to the relying party: no upstream call is made for a wrong one.
async fn hinted(
    app: &App,
    headers: &HeaderMap,
    signin: SignIn<Choosing>,
    client: &Client,
    hint: &domain::id::ProviderId,
) -> Result<Response, StoreError> {
    let level = signin.request().level;
    let health = |id: &_| app.upstreams.health(id);
    let chosen = choose(app.upstreams.all(), health, client, level, &BTreeSet::new(), hint);
    let Ok(choosable) = chosen else {
        let description = "idp_hint names no identity provider that can serve this request";
        let error = AuthorizeError::InvalidIdpHint;
        return Ok(see_other(&signin.answer_to().error(app.issuer.as_str(), error, description)));
    };
    let (slot, opened) = Slot::open(app, headers, signin.clone().into()).await?;
    let response = depart::leave(app, slot, signin, choosable).await;
    Ok(keep_cookies(&opened, response))
}

/// `prompt=none` with a session that fits: the code at once, and the notice all the same.
async fn silently(
    app: &App,
    headers: &HeaderMap,
    signin: SignIn<Informing>,
    client: &Client,
) -> Result<Response, StoreError> {
    match signin.accept(client, Acceptance::WentOn, app.random.bytes(), app.clock.now()) {
        Ok(finishing) => {
            let (slot, opened) = Slot::open(app, headers, AnySignIn::Finishing(finishing.clone())).await?;
            let response = finish::complete(app, headers, slot, finishing).await;
            Ok(keep_cookies(&opened, response))
        }
        Err((signin, _)) => {
            let description = "the citizen has to consent";
            let error = AuthorizeError::InteractionRequired;
            Ok(see_other(&signin.answer_to().error(app.issuer.as_str(), error, description)))
        }
    }
}

/// The cookies of one answer on another.
fn keep_cookies(from: &Response, mut to: Response) -> Response {
    for cookie in from.headers().get_all(http::header::SET_COOKIE) {
        to.headers_mut().append(http::header::SET_COOKIE, cookie.clone());
    }
    to
}

/// The browser's session, when it has one that is still kept.
pub(crate) async fn session(app: &App, headers: &HeaderMap) -> Result<Option<Session>, StoreError> {
    let Some(secret): Option<Bearer<Session>> = app.cookies.session(headers) else { return Ok(None) };
    Ok(app.ephemeral.look(&secret).await?.map(|(session, _)| session))
}

/// Whether the session is of the citizen that the request expects, when it expects one.
fn fits(app: &App, session: &Session, request: &AuthorizationRequest, client: &Client) -> bool {
    request
        .expected_subject
        .as_ref()
        .is_none_or(|expected| app.subject(&session.citizen().account, client).as_str() == expected)
}

/// Whether the session's provider could be chosen for this request now, and the account still admits it.
async fn standing(
    app: &App,
    session: &Session,
    request: &AuthorizationRequest,
    client: &Client,
) -> Result<ProviderStanding, StoreError> {
    let provider = &session.citizen().identity.provider;
    let Some(account) = app.registry.account(&session.citizen().account).await? else {
        return Ok(ProviderStanding::NotAccepted);
    };
    if account.admits(provider).is_err() {
        return Ok(ProviderStanding::NotAccepted);
    }
    // An earlier sign-in does not need the provider to answer now.
    let answering = |_: &_| domain::signin::offer::Health::Answering;
    let chosen = choose(app.upstreams.all(), answering, client, request.level, &account.blocked_providers, provider);
    Ok(if chosen.is_ok() { ProviderStanding::Accepted } else { ProviderStanding::NotAccepted })
}
