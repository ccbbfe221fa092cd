//! `GET` and `POST /authorize` (OIDC Core §3.1.2): a request becomes a sign-in.

use std::collections::BTreeSet;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use domain::client::{Client, ClientState, Registered};
use domain::habilitation::grant::LiveHabilitation;
use domain::id::{ClientId, Reference, SignInId};
use domain::identity::account::Account;
use domain::language::Language;
use domain::level::Level;
use domain::oidc::error::AuthorizeError;
use domain::oidc::parameters::Parameters;
use domain::oidc::prompt::Prompt;
use domain::oidc::pushed::Pushed;
use domain::oidc::request::{AuthorizationRequest, Incoming, PageFault, Rejected};
use domain::secret::Bearer;
use domain::signin::offer::{Choosable, choose};
use domain::signin::session::{ProviderStanding, Session};
use domain::signin::{Acceptance, AnySignIn, Beginning, Choosing, Finishing, Informing, SignIn, Start, Verified};
use http::StatusCode;
use http::header::{ACCEPT_LANGUAGE, HeaderMap};
use store::StoreError;

use super::error::{rejected, see_other};
use super::form::is_form;
use super::{answer, request_object};
use crate::app::{App, Shared};
use crate::audit::{Code, Entry, Other};
use crate::cnie;
use crate::listen::address::ClientAddress;
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::signin::at::{Begun, Slot, to_page};
use crate::signin::page::{Occasion, problem};
use crate::signin::{depart, finish};

/// `GET /authorize`.
pub(crate) async fn get(
    State(app): State<Shared>,
    Extension(from): Extension<ClientAddress>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let Ok(parameters) = Parameters::parse(query.unwrap_or_default().as_bytes()) else {
        return unreadable(&app, &headers);
    };
    let incoming = match Incoming::read(parameters) {
        Ok(incoming) => incoming,
        Err(fault) => return rejected(&app, &headers, Rejected::Page(fault), None).await,
    };
    let found = app.client(incoming.client());
    let keys = app.keys();
    let asked = match incoming.pushed() {
        Some(reference) => opened(&app, incoming.client(), reference, found.as_deref()).await,
        None => match request_object::opened(&app, incoming, found.as_deref()).await {
            Ok(incoming) => incoming.check(found.as_deref(), app.clock.now(), &app.watched.switches()),
            Err(_) => Err(Rejected::Page(PageFault::ObjectUnusable)),
        },
    };
    let checked = asked.and_then(|(request, live)| match keys.own() {
        Some(own) => Ok((request.with_hint_read(app.issuer.as_str(), own)?, live)),
        None => Ok((request, live)),
    });
    let (request, live) = match checked {
        Ok(checked) => checked,
        Err(fault) => return rejected(&app, &headers, fault, found.as_deref()).await,
    };
    let answer_to = request.answer_to.clone();
    match begin(&app, &headers, request, &live, from).await {
        Ok(response) => response,
        Err(error) => {
            // Client and redirect URI are good: the relying party is told, and can offer to try again.
            tracing::error!(%error, "a sign-in could not begin");
            app.figures.failed(&live.client().id, AuthorizeError::TemporarilyUnavailable, app.clock.now());
            let sentence = "the gateway cannot keep a sign-in now: try again in a moment";
            let response = answer_to.error(app.issuer.as_str(), AuthorizeError::TemporarilyUnavailable, sentence);
            let client = live.client();
            let answer = answer::send(&app, Occasion::of(&headers), &client.name, response).await;
            Entry::new(Other::Store).of(Some(&client.id)).on(answer)
        }
    }
}

/// The request that was pushed under a reference, for the client that pushed it (RFC 9126 §4). One that expired, was
/// used, or is another client's makes a page: there is no redirect URI to trust.
async fn opened<'a>(
    app: &App,
    client: &ClientId,
    reference: Bearer<Pushed>,
    found: Option<&'a Registered>,
) -> Result<(AuthorizationRequest, LiveHabilitation<'a>), Rejected> {
    let served = found.filter(|found| found.state == ClientState::Active);
    let registered = served.ok_or(Rejected::Page(PageFault::ClientUnknown))?;
    let unknown = || Rejected::Page(PageFault::ReferenceUnknown);
    let kept = app.ephemeral.look(&reference).await.map_err(|error| {
        tracing::error!(%error, "a pushed request could not be looked up");
        unknown()
    })?;
    let (pushed, _) = kept.ok_or_else(unknown)?;
    let request = pushed.request_for(client, reference).ok_or_else(unknown)?;
    // Granted less, stopped or over since it was pushed: the relying party is told.
    let live = request.still_of(registered, app.clock.now(), &app.watched.switches())?;
    Ok((request, live))
}

/// The page for what is no form at all.
fn unreadable(app: &App, headers: &HeaderMap) -> Response {
    let (status, what) = (StatusCode::BAD_REQUEST, WhatWentWrong::BadRequest);
    problem(app, Occasion::of(headers), status, what, ProblemCode::P100)
}

/// `POST /authorize`: the same request by GET. A cross-site POST carries no `SameSite=Lax` cookie, the GET that
/// follows does, and so finds the browser's session and its other sign-ins.
pub(crate) async fn post(State(app): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let body = str::from_utf8(&body).unwrap_or("#");
    if !is_form(&headers) || body.bytes().any(|byte| !(0x21..=0x7e).contains(&byte) || byte == b'#') {
        return unreadable(&app, &headers);
    }
    see_other(&app.issuer.at(&format!("/authorize?{body}")))
}

async fn begin(
    app: &Shared,
    headers: &HeaderMap,
    request: AuthorizationRequest,
    live: &LiveHabilitation<'_>,
    from: ClientAddress,
) -> Result<Response, StoreError> {
    let client = live.client();
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
        let account = app.account(&session.citizen().account).await?;
        Some((session, standing(app, session.citizen(), account.as_ref(), (live, request.level)).await))
    } else {
        None
    };
    let answer_to = request.answer_to.clone();
    let hint = request.idp_hint.clone();
    let silent = request.prompt == Prompt::None;
    let told = async |error, description| {
        let response = answer_to.error(app.issuer.as_str(), error, description);
        app.figures.failed(&client.id, error, app.clock.now());
        let entry = Entry::new(Code::Request(error)).because(description).of(Some(&client.id));
        entry.on(answer::send(app, Occasion::of(headers), &client.name, response).await)
    };
    let first: AnySignIn = match (SignIn::start(request, live, standing, start), hint) {
        (Beginning::Answer(error, description), _) => return Ok(told(error, description).await),
        (Beginning::Inform(signin), _) if silent => {
            return match accepted_silently(app, headers, signin, live).await? {
                Some(finishing) => finish_at_once(app, headers, finishing).await,
                None => Ok(told(AuthorizeError::InteractionRequired, "the citizen has to be asked").await),
            };
        }
        (Beginning::Choose(signin), Some(hint)) => {
            let level = signin.request().level;
            let health = |id: &_| app.upstreams.health(id);
            let none = BTreeSet::new();
            let chosen = choose(app.upstreams.all(), health, live, level, &none, &hint);
            return if let Ok(choosable) = chosen {
                leave_at_once(app, headers, signin, choosable, from).await
            } else {
                // No upstream call is made for a wrong hint.
                let sentence = "idp_hint names no provider that can serve this request";
                Ok(told(AuthorizeError::InvalidIdpHint, sentence).await)
            };
        }
        (Beginning::Inform(signin), _) => {
            let known = AnySignIn::from(signin);
            let (_, secret) = Slot::open_known(app, &known).await?;
            return Ok(secret.hand_over(app, to_page(&known)));
        }
        (Beginning::Choose(signin), None) => signin.into(),
    };
    let (_, new_browser) = Slot::open(app, headers, &first).await?.into_parts();
    Ok(Begun::hand_over(app, new_browser.as_ref(), to_page(&first)))
}

/// A hint leads straight to its provider.
async fn leave_at_once(
    app: &App,
    headers: &HeaderMap,
    signin: SignIn<Choosing>,
    to: Choosable,
    from: ClientAddress,
) -> Result<Response, StoreError> {
    let (slot, new_browser) = Slot::open(app, headers, &signin.clone().into()).await?.into_parts();
    let response = depart::leave(app, slot, signin, to, from).await;
    Ok(Begun::hand_over(app, new_browser.as_ref(), response))
}

/// `prompt=none` with a session that fits: accepted in the citizen's name where they were informed of it all before.
async fn accepted_silently(
    app: &App,
    headers: &HeaderMap,
    signin: SignIn<Informing>,
    live: &LiveHabilitation<'_>,
) -> Result<Option<SignIn<Finishing>>, StoreError> {
    let session = session(app, headers).await?;
    let account = app.account(&signin.citizen().account).await?;
    let standing = standing(app, signin.citizen(), account.as_ref(), (live, signin.request().level)).await;
    let Ok(still) = signin.still_holds(live, session.as_ref(), account.as_ref(), standing) else { return Ok(None) };
    let accepted = signin.accept(live, Acceptance::WentOn, still, &app.random.bytes(), app.clock.now());
    Ok(accepted.ok())
}

/// The code at once, and the notice all the same.
async fn finish_at_once(app: &Shared, headers: &HeaderMap, signin: SignIn<Finishing>) -> Result<Response, StoreError> {
    // Nothing is left to come back to: the browser needs no secret of this sign-in.
    let (slot, _) = Slot::open_known(app, &signin.clone().into()).await?;
    Ok(finish::complete(app, headers, slot, signin).await)
}

/// The browser's session, when it has one that still serves.
pub(crate) async fn session(app: &App, headers: &HeaderMap) -> Result<Option<Session>, StoreError> {
    let Some(secret): Option<Bearer<Session>> = app.cookies.session(headers) else { return Ok(None) };
    Ok(app.ephemeral.look(&secret).await?.and_then(|(session, _)| session.open_still()))
}

/// Whether the session is of the citizen that the request expects, when it expects one.
fn fits(app: &App, session: &Session, request: &AuthorizationRequest, client: &Client) -> bool {
    request
        .expected_subject
        .as_ref()
        .is_none_or(|expected| app.subject(&session.citizen().account, client).as_str() == expected)
}

/// Whether the provider of an earlier sign-in, or of one on its way, could be chosen now, the account still admits it, and
/// the identity on a card behind it still stands.
pub(crate) async fn standing(
    app: &App,
    citizen: &Verified,
    account: Option<&Account>,
    (live, level): (&LiveHabilitation<'_>, Level),
) -> ProviderStanding {
    match cnie::standing::stands(app, citizen.identity.card.as_ref()).await {
        Ok(true) => {}
        Ok(false) => return ProviderStanding::NotAccepted,
        Err(error) => {
            tracing::error!(%error, "the identity behind a session could not be looked up");
            return ProviderStanding::NotAccepted;
        }
    }
    let provider = &citizen.identity.provider;
    let Some(account) = account.filter(|account| account.admits(provider).is_ok()) else {
        return ProviderStanding::NotAccepted;
    };
    // An earlier sign-in does not need the provider to answer now.
    let answering = |_: &_| domain::signin::offer::Health::Answering;
    let chosen = choose(app.upstreams.all(), answering, live, level, &account.blocked_providers, provider);
    if chosen.is_ok() { ProviderStanding::Accepted } else { ProviderStanding::NotAccepted }
}
