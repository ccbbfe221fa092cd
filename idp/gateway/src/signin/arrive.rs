//! `/callback/{provider}`: the citizen is back. Level, identity, civil registry, account; then the information page.

use std::collections::BTreeSet;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use domain::habilitation::figures::Reason;
use domain::id::{ProviderId, SessionId, SignInId};
use domain::identity::account::AccountKey;
use domain::identity::civil::Confirmed;
use domain::journal::Act;
use domain::level::LevelRefused;
use domain::oidc::parameters::Parameters;
use domain::signin::offer::{self, Health};
use domain::signin::refusal::{Failure, Refusal, Setback};
use domain::signin::{AnySignIn, Arriving, Away, Fresh, Informing, SignIn};
use domain::upstream::{Assertion, Attempt};
use http::StatusCode;
use http::header::HeaderMap;
use store::StoreError;

use super::at::{AtAny, arrived_before, find, to_page, unavailable};
use super::page::{Occasion, problem_at};
use crate::app::{App, Shared};
use crate::audit::{self, Code, Entry};
use crate::outbound::civil_registry::Unconfirmed;
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::provider::error::with_own_fragment;
use crate::upstream::{ArrivalError, answer};

/// `GET /callback/{provider}`.
pub(crate) async fn get(
    State(app): State<Shared>,
    headers: HeaderMap,
    provider: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Response {
    let provider = provider.ok().and_then(|Path(provider)| ProviderId::parse(&provider).ok());
    with_own_fragment(returned(&app, &headers, provider, query).await)
}

async fn returned(app: &App, headers: &HeaderMap, provider: Option<ProviderId>, query: Option<String>) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let (Ok(parameters), Some(provider)) = (parameters, provider) else {
        return unexpected(app, Occasion::of(headers));
    };
    let Some((id, secret)) = answer::state(&parameters) else {
        return unexpected(app, Occasion::of(headers));
    };
    match find(app, headers, &id).await {
        Ok(AtAny { signin: AnySignIn::Away(away), slot }) => {
            let language = away.language();
            match away.callback(&provider, secret) {
                Ok((arriving, attempt)) => {
                    // The attempt is spent before anything is asked: a replay of this answer finds another step.
                    let slot = match slot.advance(app, arriving.clone().into()).await {
                        Ok(slot) => slot,
                        Err(response) => return response,
                    };
                    let next = match verify(app, arriving, &attempt, &parameters).await {
                        Ok(next) => next,
                        Err(error) => return unavailable(app, Occasion::in_language(language), &error),
                    };
                    // From here on the sign-in holds who the citizen is: it goes on under a secret made now.
                    let next = match SignIn::<Informing>::try_from(next) {
                        Ok(informing) => return slot.arrive(app, secret, informing).await,
                        Err(next) => next,
                    };
                    match slot.advance(app, next.clone()).await {
                        Ok(_) => set_back(app, &next, &attempt.provider),
                        Err(response) => response,
                    }
                }
                Err(away) => {
                    // An answer to an attempt that was given up, or of another provider. Nothing is lost: the page of
                    // the step goes on from where the citizen is.
                    let away: SignIn<Away> = away;
                    let page = audit::about(unexpected_in(app, &away), away.client());
                    match app.upstreams.find(&provider) {
                        Some(known) => audit::about_provider(page, &known.id),
                        None => page,
                    }
                }
            }
        }
        // A reload: the answer was taken already, and what came of it may never have reached the browser.
        Ok(AtAny { signin, .. }) => match arrived_before(app, headers, &id, secret).await {
            Some(response) => response,
            None => to_page(&signin),
        },
        Err(response) => arrived_before(app, headers, &id, secret).await.unwrap_or(response),
    }
}

/// Every check of an arrival, in order. What comes out is the next step.
async fn verify(
    app: &App,
    arriving: SignIn<Arriving>,
    attempt: &Attempt,
    parameters: &Parameters,
) -> Result<AnySignIn, StoreError> {
    let now = app.clock.now();
    let assertion = match app.upstreams.arrive(attempt, parameters, now).await {
        Ok(assertion) => assertion,
        Err(error) => return failed(app, arriving, error).await,
    };
    let registered = app.client(arriving.client());
    let live = registered.as_deref().and_then(|registered| app.live(registered).ok());
    // Who is not habilitated any more is told on the page of the choice.
    let (Some(provider), Some(live)) = (app.upstreams.find(&attempt.provider), live) else {
        return Ok(arriving.set_back(Setback::NotOffered).into());
    };
    // Asked again: the provider or the relying party may have been closed to the other while the citizen was away.
    let level = arriving.request().level;
    let answering = |_: &_| Health::Answering;
    let none = BTreeSet::new();
    if offer::choose(app.upstreams.all(), answering, &live, level, &none, &attempt.provider).is_err() {
        return Ok(arriving.set_back(Setback::NotOffered).into());
    }
    let met = match arriving.meets(&assertion, provider, live.client()) {
        Ok(met) => met,
        Err(refused) => {
            tracing::warn!(provider = %attempt.provider, %refused, "a provider did not meet the level");
            let refusal = match refused {
                LevelRefused::TooLow { .. } => Refusal::LevelTooLow,
                LevelRefused::AboveCeiling { .. } => Refusal::LevelAboveCeiling,
            };
            return refuse(app, arriving, refusal).await;
        }
    };
    if live.takes(&attempt.provider, met.level()).is_err() {
        return Ok(arriving.set_back(Setback::NotOffered).into());
    }
    if !arriving.is_recent_enough(&assertion, attempt, now) {
        let provider = provider.title.clone();
        return Ok(arriving.set_back(Setback::Failed { provider, code: Failure::Reused }).into());
    }
    let confirmed = match confirm(app, &assertion).await {
        Ok(confirmed) => confirmed,
        Err(refusal) => return refuse(app, arriving, refusal).await,
    };
    let key = AccountKey::of(confirmed.pivot(), &app.account_secret);
    if !arriving.expects(&app.subject(&key, live.client())) {
        return refuse(app, arriving, Refusal::AnotherPerson).await;
    }
    let account = app.registry.touch_account(&key, now).await?;
    match account.admit(&attempt.provider, confirmed, &app.account_secret) {
        Ok(admitted) => {
            let fresh = Fresh { session: SessionId::from_random(app.random.bytes()), at: now };
            Ok(arriving.verified(met, admitted, assertion, fresh).into())
        }
        Err(reason) => refuse(app, arriving, Refusal::Account(reason)).await,
    }
}

/// Asks the civil registry.
async fn confirm(app: &App, assertion: &Assertion) -> Result<Confirmed, Refusal> {
    app.civil_registry.confirm(assertion.pivot.clone()).await.map_err(|unconfirmed| match unconfirmed {
        Unconfirmed::Refused(outcome) => Refusal::Civil(outcome),
        Unconfirmed::Failed(error) => {
            tracing::warn!(%error, "the civil registry could not be asked");
            Refusal::CivilUnavailable
        }
    })
}

async fn failed(app: &App, arriving: SignIn<Arriving>, error: ArrivalError) -> Result<AnySignIn, StoreError> {
    let provider = app.provider_title(arriving.provider());
    match &error {
        ArrivalError::Unavailable(_) | ArrivalError::Untrusted(_) | ArrivalError::Identity(_) => {
            tracing::warn!(provider = %arriving.provider(), %error, "an arrival failed");
        }
        // Nothing that the event of the request does not tell.
        ArrivalError::Cancelled | ArrivalError::NotOffered | ArrivalError::Refused | ArrivalError::Card(_) => {}
    }
    match error {
        ArrivalError::Cancelled => Ok(arriving.set_back(Setback::Cancelled { provider }).into()),
        ArrivalError::Unavailable(_) => Ok(arriving.set_back(Setback::Unavailable { provider }).into()),
        ArrivalError::NotOffered => Ok(arriving.set_back(Setback::NotOffered).into()),
        ArrivalError::Refused => Ok(arriving.set_back(Setback::Failed { provider, code: Failure::Refused }).into()),
        ArrivalError::Untrusted(_) => {
            Ok(arriving.set_back(Setback::Failed { provider, code: Failure::Untrusted }).into())
        }
        ArrivalError::Identity(_) => refuse(app, arriving, Refusal::IdentityInvalid).await,
        ArrivalError::Card(refusal) => Ok(arriving.set_back(Setback::Card { provider, refusal }).into()),
    }
}

/// Ends an arrival at a refusal, which is accounted for.
async fn refuse(app: &App, arriving: SignIn<Arriving>, refusal: Refusal) -> Result<AnySignIn, StoreError> {
    let act = Act::SignInRefused {
        client: arriving.client().clone(),
        provider: arriving.provider().clone(),
        code: refusal.code().to_owned(),
    };
    app.registry.append(&[act], app.clock.now()).await?;
    Ok(arriving.refuse(refusal).into())
}

/// To the page of a step to which an arrival fell back.
fn set_back(app: &App, next: &AnySignIn, provider: &ProviderId) -> Response {
    let why = match next {
        AnySignIn::Choosing(choosing) => choosing.setback().map(|setback| (Code::from(setback), Reason::from(setback))),
        AnySignIn::Refused(refused) => Some((Code::from(refused.refusal()), Reason::from(refused.refusal()))),
        AnySignIn::Away(_)
        | AnySignIn::Arriving(_)
        | AnySignIn::Informing(_)
        | AnySignIn::Finishing(_)
        | AnySignIn::Moved(_)
        | AnySignIn::Ended(_) => None,
    };
    let page = to_page(next);
    match why {
        Some((code, reason)) => {
            app.figures.failed(next.common().client(), reason, app.clock.now());
            Entry::new(code).of(Some(next.common().client())).at(Some(provider)).on(page)
        }
        None => page,
    }
}

fn unexpected(app: &App, occasion: Occasion) -> Response {
    problem_at(app, occasion, StatusCode::BAD_REQUEST, WhatWentWrong::UnexpectedReturn, ProblemCode::P201, None)
}

fn unexpected_in(app: &App, away: &SignIn<Away>) -> Response {
    let id: &SignInId = away.id();
    let path = app.issuer.at(&format!("/signin/{id}"));
    let service = crate::pages::Service { name: away.service(), link: Some(&path) };
    let occasion = Occasion::in_language(away.language());
    problem_at(
        app,
        occasion,
        StatusCode::BAD_REQUEST,
        WhatWentWrong::UnexpectedReturn,
        ProblemCode::P202,
        Some(service),
    )
}
