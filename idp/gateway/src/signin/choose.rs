//! `/signin/{id}/choose`: the choice of an identity provider.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use domain::id::ProviderId;
use domain::signin::offer::{Offer, Standing, offers};
use domain::signin::refusal::Setback;
use domain::signin::{AnySignIn, Choosing, SignIn, offer};
use http::StatusCode;
use http::header::HeaderMap;

use super::at::{At, AtAny, to_page};
use super::depart;
use super::form::{Sent, stale};
use super::page::Occasion;
use super::withdrawn::{live, withdrawn};
use crate::app::{App, Shared};
use crate::audit::Entry;
use crate::listen::address::ClientAddress;
use crate::pages::View as _;
use crate::pages::choose::{Banner, Choose, Shut, Usable, WhyShut};
use crate::provider::authorize::session;

/// `GET /signin/{id}/choose`. A citizen who comes back from a provider by the back button chooses again.
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap, at: AtAny) -> Response {
    let reconsidered = match at.signin {
        AnySignIn::Choosing(signin) => signin,
        AnySignIn::Away(signin) => signin.reconsider(),
        AnySignIn::Arriving(signin) => signin.reconsider(),
        elsewhere @ (AnySignIn::Informing(_)
        | AnySignIn::Finishing(_)
        | AnySignIn::Refused(_)
        | AnySignIn::Moved(_)
        | AnySignIn::Ended(_)) => return to_page(&elsewhere),
    };
    let blocked = blocked(&app, &headers).await;
    page(&app, &reconsidered, &blocked, None)
}

/// The providers that the citizen of the browser's session blocked. Without a session nobody is known yet: the account
/// says its word at the arrival. A store that fails here only leaves the reason unsaid.
async fn blocked(app: &App, headers: &HeaderMap) -> BTreeSet<ProviderId> {
    let Ok(Some(session)) = session(app, headers).await else { return BTreeSet::new() };
    let account = app.account(&session.citizen().account).await;
    account.ok().flatten().map(|account| account.blocked_providers).unwrap_or_default()
}

/// `POST /signin/{id}/choose` with `provider` and `csrf`.
pub(crate) async fn post(
    State(app): State<Shared>,
    Extension(from): Extension<ClientAddress>,
    headers: HeaderMap,
    at: AtAny,
    sent: Sent,
) -> Response {
    if !sent.field("csrf").is_some_and(|csrf| at.signin.common().owns_form(csrf)) {
        return stale(&app, Occasion::of(&headers));
    }
    let signin = match at.signin {
        AnySignIn::Choosing(signin) => signin,
        AnySignIn::Away(signin) => signin.reconsider(),
        AnySignIn::Arriving(signin) => signin.reconsider(),
        AnySignIn::Refused(signin) => signin.retry(),
        elsewhere @ (AnySignIn::Moved(_) | AnySignIn::Informing(_) | AnySignIn::Finishing(_) | AnySignIn::Ended(_)) => {
            return to_page(&elsewhere);
        }
    };
    let blocked = blocked(&app, &headers).await;
    let Some(wanted) = sent.field("provider").and_then(|id| ProviderId::parse(id).ok()) else {
        app.figures.failed(signin.client(), &Setback::NotOffered, app.clock.now());
        let page = page(&app, &signin, &blocked, Some(&Setback::NotOffered));
        return Entry::new(&Setback::NotOffered).of(Some(signin.client())).on(page);
    };
    let registered = app.client(signin.client());
    let live = match live(&app, registered.as_deref()) {
        Ok(live) => live,
        Err(why) => return withdrawn(&app, &signin, why),
    };
    let health = |id: &_| app.upstreams.health(id);
    let level = signin.request().level;
    match offer::choose(app.upstreams.all(), health, &live, level, &blocked, &wanted) {
        Ok(choosable) => depart::leave(&app, at.slot, signin, choosable, from).await,
        Err(standing) => {
            app.figures.failed(signin.client(), &Setback::NotOffered, app.clock.now());
            // Who forges a form may name any provider: only one that is configured is told.
            let known = app.upstreams.find(&wanted).map(|provider| &provider.id);
            let entry = Entry::new(&Setback::NotOffered).because(standing.why()).of(Some(signin.client())).at(known);
            entry.on(page(&app, &signin, &blocked, Some(&Setback::NotOffered)))
        }
    }
}

/// `POST /signin/{id}/change` with `csrf`: another account, from the information page or a refusal. The session that
/// was offered is left alone: it is the other person's, and ends with their own logout.
pub(crate) async fn change(State(app): State<Shared>, headers: HeaderMap, at: AtAny, sent: Sent) -> Response {
    if !sent.field("csrf").is_some_and(|csrf| at.signin.common().owns_form(csrf)) {
        return stale(&app, Occasion::of(&headers));
    }
    let signin: SignIn<Choosing> = match at.signin {
        AnySignIn::Informing(signin) => signin.change_account(),
        AnySignIn::Refused(signin) => signin.retry(),
        elsewhere @ (AnySignIn::Choosing(_)
        | AnySignIn::Away(_)
        | AnySignIn::Arriving(_)
        | AnySignIn::Finishing(_)
        | AnySignIn::Moved(_)
        | AnySignIn::Ended(_)) => return to_page(&elsewhere),
    };
    let next = AnySignIn::from(signin);
    match at.slot.advance(&app, next.clone()).await {
        Ok(_) => to_page(&next),
        Err(response) => response,
    }
}

fn page(app: &App, signin: &SignIn<Choosing>, blocked: &BTreeSet<ProviderId>, setback: Option<&Setback>) -> Response {
    let registered = app.client(signin.client());
    let live = match live(app, registered.as_deref()) {
        Ok(live) => live,
        Err(why) => return withdrawn(app, signin, why),
    };
    let health = |id: &_| app.upstreams.health(id);
    let offers = offers(app.upstreams.all(), health, &live, signin.request().level, blocked);
    let setback = setback.or(signin.setback());
    let path = format!("/signin/{}/choose", signin.id());
    Choose {
        page: Occasion::in_language(signin.language()).page(app).switch_at(&path),
        sign_in: signin.id(),
        csrf: signin.csrf(),
        service: signin.service(),
        asked: signin.request().level,
        usable: offers.iter().filter_map(|offer| usable(app, offer)).collect(),
        shut: offers.iter().filter_map(|offer| shut(app, offer)).collect(),
        banner: setback.map(banner),
    }
    .answer(StatusCode::OK)
}

fn usable<'a>(app: &'a App, offer: &Offer<'a>) -> Option<Usable<'a>> {
    let provider = offer.provider;
    (offer.standing == Standing::Open).then(|| Usable {
        id: &provider.id,
        title: &provider.title,
        logo: app.upstreams.logo(&provider.id),
    })
}

fn shut<'a>(app: &'a App, offer: &Offer<'a>) -> Option<Shut<'a>> {
    let why = match offer.standing {
        Standing::Open => return None,
        Standing::LevelTooLow => WhyShut::LevelTooLow,
        Standing::NotForThisService => WhyShut::NotForThisService,
        Standing::Closed => WhyShut::SwitchedOff,
        Standing::Unavailable => WhyShut::Unavailable,
        Standing::BlockedByCitizen => WhyShut::BlockedByCitizen,
    };
    let provider = offer.provider;
    Some(Shut { id: &provider.id, title: &provider.title, logo: app.upstreams.logo(&provider.id), why })
}

const fn banner(setback: &Setback) -> Banner<'_> {
    match setback {
        Setback::Cancelled { provider } => Banner::Cancelled(provider),
        Setback::Failed { provider, .. } => Banner::Failed(provider),
        Setback::Unavailable { provider } => Banner::Unreachable(provider),
        Setback::NotOffered => Banner::NoLongerOffered,
        Setback::Card { provider, refusal } => Banner::Card(provider, *refusal),
    }
}

/// `GET /signin/{id}`: to the page of the step.
pub(crate) async fn resume(at: AtAny) -> Response {
    to_page(&at.signin)
}

/// `GET /signin/{id}/arriving`: the checks are under way in another request.
pub(crate) async fn arriving(State(app): State<Shared>, at: At<domain::signin::Arriving>) -> Response {
    let path = format!("/signin/{}/arriving", at.signin.id());
    let page = Occasion::in_language(at.signin.language()).page(&app).switch_at(&path);
    crate::pages::wait::Wait { page, sign_in: at.signin.id(), service: at.signin.service() }.answer(StatusCode::OK)
}
