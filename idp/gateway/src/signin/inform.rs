//! `/signin/{id}/inform`: what will be sent, and the citizen's word.

use axum::extract::State;
use axum::response::Response;
use domain::client::Label;
use domain::habilitation::grant::LiveHabilitation;
use domain::oidc::request::Offline;
use domain::oidc::sharing::Reach;
use domain::signin::{Acceptance, AnySignIn, Informing, SignIn};
use http::StatusCode;
use http::header::HeaderMap;

use super::at::{At, AtAny, Slot, to_page, unavailable};
use super::finish;
use super::form::{Sent, stale};
use super::page::Occasion;
use super::withdrawn::{live, withdrawn};
use crate::app::{App, Shared};
use crate::audit::{Entry, Other};
use crate::pages::View as _;
use crate::pages::inform::{Consent, DataProvider, Inform};
use crate::provider::authorize::{session, standing};
use store::StoreError;

/// `GET /signin/{id}/inform`.
pub(crate) async fn get(State(app): State<Shared>, at: At<Informing>) -> Response {
    page(&app, &at.signin, Ticked::NotYet)
}

/// `POST /signin/{id}/inform` with `csrf`, and `consent=yes` for a private party. A second click on the same button
/// gets the answer of the first.
pub(crate) async fn post(State(app): State<Shared>, headers: HeaderMap, at: AtAny, sent: Sent) -> Response {
    if !sent.field("csrf").is_some_and(|csrf| at.signin.common().owns_form(csrf)) {
        return stale(&app, Occasion::of(&headers));
    }
    let acceptance = if sent.field("consent") == Some("yes") { Acceptance::Consented } else { Acceptance::WentOn };
    let occasion = Occasion::in_language(at.signin.common().language());
    match SignIn::try_from(at.signin) {
        Ok(signin) => match accept(&app, &headers, at.slot, signin, acceptance).await {
            Ok(response) => response,
            Err(error) => unavailable(&app, occasion, &error),
        },
        Err(elsewhere) => finish::once_more(&app, &headers, AtAny { signin: elsewhere, slot: at.slot }).await,
    }
}

async fn accept(
    app: &Shared,
    headers: &HeaderMap,
    slot: Slot,
    signin: SignIn<Informing>,
    acceptance: Acceptance,
) -> Result<Response, StoreError> {
    let registered = app.client(signin.client());
    let live = match live(app, registered.as_deref()) {
        Ok(live) => live,
        Err(why) => return Ok(withdrawn(app, &signin, why)),
    };
    let held = session(app, headers).await?;
    let account = app.account(&signin.citizen().account).await?;
    let standing = standing(app, signin.citizen(), account.as_ref(), (&live, signin.request().level)).await;
    let still = match signin.still_holds(&live, held.as_ref(), account.as_ref(), standing) {
        Ok(still) => still,
        Err(no_longer) => {
            // Which of the reasons it is, the code does not tell.
            tracing::info!(%no_longer, "what was verified does not hold any more");
            let entry = Entry::new(Other::NoLonger).of(Some(signin.client()));
            let next = AnySignIn::from(signin.change_account());
            return Ok(match slot.advance(app, next.clone()).await {
                Ok(_) => entry.on(to_page(&next)),
                Err(response) => response,
            });
        }
    };
    match signin.accept(&live, acceptance, still, &app.random.bytes(), app.clock.now()) {
        Ok(finishing) => match slot.try_advance(app, &finishing.clone().into()).await {
            Ok(Ok(slot)) => Ok(finish::complete(app, headers, slot, finishing).await),
            // The other click accepted first: its code is the one, and its answer this one's too.
            Ok(Err(current)) => Ok(finish::same_answer(app, headers, &current).await),
            Err(response) => Ok(response),
        },
        Err((signin, _)) => {
            let entry = Entry::new(Other::ConsentMissing).of(Some(signin.client()));
            Ok(entry.on(page(app, &signin, Ticked::Missing)))
        }
    }
}

enum Ticked {
    NotYet,
    Missing,
}

fn page(app: &App, signin: &SignIn<Informing>, ticked: Ticked) -> Response {
    let registered = app.client(signin.client());
    let live = match live(app, registered.as_deref()) {
        Ok(live) => live,
        Err(why) => return withdrawn(app, signin, why),
    };
    let (consent, status) = match (signin.needs_consent(&live), ticked) {
        (false, _) => (Consent::NotAsked, StatusCode::OK),
        (true, Ticked::NotYet) => (Consent::Asked, StatusCode::OK),
        (true, Ticked::Missing) => (Consent::Missing, StatusCode::UNPROCESSABLE_ENTITY),
    };
    let path = format!("/signin/{}/inform", signin.id());
    Inform {
        page: Occasion::in_language(signin.language()).page(app).switch_at(&path),
        sign_in: signin.id(),
        csrf: signin.csrf(),
        service: signin.service(),
        provider: &app.provider_title(&signin.citizen().identity.provider),
        identity: &signin.citizen().identity,
        granted: &signin.granted(&live),
        data_providers: &data_providers(app, signin, &live),
        consent,
        offline_days: (signin.request().offline == Offline::Yes)
            .then(|| app.lifetimes.refresh_token.as_seconds().div_ceil(86_400)),
    }
    .answer(status)
}

/// Whom the service could ask with this sign-in: each data provider of the audience, by its name.
fn data_providers(app: &App, signin: &SignIn<Informing>, live: &LiveHabilitation<'_>) -> Vec<DataProvider> {
    let (sharing, granted) = (signin.sharing(live), signin.granted(live));
    let mut found = Vec::new();
    for resource in &sharing.resources {
        let registered = app.data_providers(resource);
        if registered.is_empty() {
            let address = resource.as_str().to_owned();
            let reach = Reach { datatypes: sharing.details.datatypes_at(resource), told: Vec::new() };
            found.push(DataProvider { name: Label { fr: address.clone(), en: address }, reach });
        }
        found.extend(registered.iter().filter_map(|registered| {
            let reach = sharing.reach(&granted, &app.live(registered).ok()?)?;
            Some(DataProvider { name: registered.client.name.clone(), reach })
        }));
    }
    found
}
