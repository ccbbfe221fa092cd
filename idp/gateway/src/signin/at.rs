//! Where a citizen is: the sign-in named by the path, opened with the secret of the browser, at the step asked for.

use axum::extract::{FromRequestParts, Path, Query};
use axum::response::Response;
use domain::habilitation::figures::Figure;
use domain::id::SignInId;
use domain::language::Language;
use domain::secret::Bearer;
use domain::signin::{AnySignIn, Informing, SignIn};
use domain::time::Lifetime;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use store::StoreError;
use store::ephemeral::{Swap, Version};

use super::page::{Occasion, problem};
use crate::app::{App, Shared};
use crate::cookies::Browser;
use crate::pages::ended::{Ended, HowEnded};
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::provider::error::see_other;

/// A sign-in at step `S`, to be shown. As an extractor it sends a citizen who is at another step to the page of that
/// step.
#[derive(Debug)]
pub(crate) struct At<S> {
    /// The sign-in.
    pub(crate) signin: SignIn<S>,
}

/// A sign-in at whatever step it is.
#[derive(Debug)]
pub(crate) struct AtAny {
    /// The sign-in.
    pub(crate) signin: AnySignIn,
    /// Its place in the store.
    pub(crate) slot: Slot,
}

/// How long a return finds its way again after its answer was lost.
const LOST_ANSWER: Lifetime = Lifetime::seconds(20);

/// How long a sign-in is kept whose citizen has not clicked anything yet.
const UNTOUCHED: Lifetime = Lifetime::seconds(900);

/// The place of a sign-in in the store, with the version that was seen.
#[derive(Debug)]
pub(crate) struct Slot {
    bearer: Bearer<AnySignIn>,
    version: Version,
}

/// A sign-in that was begun, and the secret to hand to a browser that had none.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Its place in the store.
    pub(crate) slot: Slot,
    new_browser: Option<Bearer<Browser>>,
}

impl Begun {
    /// Hands the browser its secret, with whatever answer comes of the beginning.
    pub(crate) fn hand_over(app: &App, new_browser: Option<&Bearer<Browser>>, mut answer: Response) -> Response {
        if let Some(secret) = new_browser {
            app.cookies.set_browser(answer.headers_mut(), secret);
        }
        answer
    }

    /// The place, and the secret.
    pub(crate) fn into_parts(self) -> (Slot, Option<Bearer<Browser>>) {
        (self.slot, self.new_browser)
    }
}

/// The secret of a sign-in that knows its citizen from the first step on.
#[derive(Debug)]
pub(crate) struct KnownSecret {
    id: SignInId,
    bearer: Bearer<AnySignIn>,
}

impl KnownSecret {
    /// Hands the browser the secret, with whatever answer comes of the beginning.
    pub(crate) fn hand_over(&self, app: &App, mut answer: Response) -> Response {
        app.cookies.set_arrived(answer.headers_mut(), &self.id, &self.bearer, app.lifetimes.sign_in);
        answer
    }
}

/// The secret of a sign-in: derived from the browser's, so that the path alone opens nothing.
fn bearer(browser: &Bearer<Browser>, id: &SignInId) -> Bearer<AnySignIn> {
    browser.derive(&format!("signin {id}"))
}

impl Slot {
    /// Keeps a new sign-in.
    pub(crate) async fn open(app: &App, headers: &HeaderMap, signin: &AnySignIn) -> Result<Begun, StoreError> {
        let held = app.cookies.browser(headers);
        let new_browser = held.is_none().then(|| Bearer::from_random(app.random.bytes()));
        let browser = held.as_ref().or(new_browser.as_ref()).expect("one is made where none is held");
        let bearer = bearer(browser, signin.common().id());
        // A choice that nobody touches is not kept for long; each step gives the sign-in its whole life.
        let life = app.lifetimes.sign_in.min(UNTOUCHED);
        let version = app.ephemeral.put_versioned(&bearer, signin, life).await?;
        let version = version.ok_or(StoreError::Corrupt { what: "the place of a new sign-in" })?;
        app.figures.count(signin.common().client(), Figure::Started, app.clock.now());
        Ok(Begun { slot: Self { bearer, version }, new_browser })
    }

    /// Keeps a new sign-in that holds who the citizen is from its first step on: under a secret of its own, which the
    /// browser's opens no way to.
    pub(crate) async fn open_known(app: &App, signin: &AnySignIn) -> Result<(Self, KnownSecret), StoreError> {
        let bearer = Bearer::from_random(app.random.bytes());
        let version = app.ephemeral.put_under_way(&bearer, signin, app.lifetimes.sign_in).await?;
        let version = version.ok_or(StoreError::Corrupt { what: "the place of a new sign-in" })?;
        app.figures.count(signin.common().client(), Figure::Started, app.clock.now());
        let secret = KnownSecret { id: signin.common().id().clone(), bearer: bearer.clone() };
        Ok((Self { bearer, version }, secret))
    }

    /// Moves a sign-in whose citizen has arrived under a new secret, and answers with a redirect that hands it to the
    /// browser. What was known before the arrival opens nothing any more, but for a moment, with the attempt that
    /// brought the citizen: an answer may be lost on its way.
    pub(crate) async fn arrive(self, app: &App, attempt: &str, next: SignIn<Informing>) -> Response {
        let secret = Bearer::from_random(app.random.bytes());
        let behind = AnySignIn::from(next.leave_behind(secret.clone(), attempt));
        let next = AnySignIn::from(next);
        match self.move_to(app, &secret, &next, &behind).await {
            Ok(lifetime) => hand_over_arrival(app, &next, &secret, lifetime),
            Err(response) => response,
        }
    }

    async fn move_to(
        self,
        app: &App,
        secret: &Bearer<AnySignIn>,
        next: &AnySignIn,
        behind: &AnySignIn,
    ) -> Result<Lifetime, Response> {
        let lifetime = remaining(app, next).ok_or_else(|| ended(app, next, HowEnded::Expired))?;
        let fails = |error: StoreError| unavailable(app, Occasion::in_language(next.common().language()), &error);
        app.ephemeral.put_under_way(secret, next, lifetime).await.map_err(fails)?;
        match app.ephemeral.swap(&self.bearer, self.version, behind, LOST_ANSWER.min(lifetime)).await.map_err(fails)? {
            Swap::Done(_) => Ok(lifetime),
            Swap::Lost => {
                let _: Option<AnySignIn> = app.ephemeral.take(secret).await.map_err(fails)?;
                match app.ephemeral.look(&self.bearer).await.map_err(fails)? {
                    Some((current, _)) => Err(to_page(&current)),
                    None => Err(ended(app, next, HowEnded::Expired)),
                }
            }
        }
    }

    /// Puts the next step in the place of the one that was seen. When another click was faster, its step comes back.
    pub(crate) async fn advance(self, app: &App, next: AnySignIn) -> Result<Self, Response> {
        match self.try_advance(app, &next).await? {
            Ok(slot) => Ok(slot),
            Err(current) => Err(to_page(&current)),
        }
    }

    /// Puts the next step in the place of the one that was seen, or gives the step that another click put there.
    pub(crate) async fn try_advance(
        self,
        app: &App,
        next: &AnySignIn,
    ) -> Result<Result<Self, Box<AnySignIn>>, Response> {
        let lifetime = remaining(app, next).ok_or_else(|| ended(app, next, HowEnded::Expired))?;
        let fails = |error: StoreError| unavailable(app, Occasion::in_language(next.common().language()), &error);
        match app.ephemeral.swap(&self.bearer, self.version, next, lifetime).await.map_err(fails)? {
            Swap::Done(version) => Ok(Ok(Self { version, ..self })),
            Swap::Lost => match app.ephemeral.look(&self.bearer).await.map_err(fails)? {
                Some((current, _)) => Ok(Err(Box::new(current))),
                None => Err(ended(app, next, HowEnded::Expired)),
            },
        }
    }
}

/// The answer to a return whose first answer was lost on its way: the attempt it comes back with opens what the arrival
/// left behind.
pub(crate) async fn arrived_before(app: &App, headers: &HeaderMap, id: &SignInId, attempt: &str) -> Option<Response> {
    let old = bearer(&app.cookies.browser(headers)?, id);
    let (AnySignIn::Moved(moved), _) = app.ephemeral.look(&old).await.ok()?? else { return None };
    let secret = moved.to(attempt)?;
    let (signin, _) = app.ephemeral.look(secret).await.ok()??;
    let lifetime = remaining(app, &signin)?;
    Some(hand_over_arrival(app, &signin, secret, lifetime))
}

fn hand_over_arrival(app: &App, signin: &AnySignIn, secret: &Bearer<AnySignIn>, lifetime: Lifetime) -> Response {
    let mut response = to_page(signin);
    app.cookies.set_arrived(response.headers_mut(), signin.common().id(), secret, lifetime);
    response
}

fn lost(app: &App, occasion: Occasion) -> Response {
    Ended { page: occasion.page(app), how: HowEnded::CookieLost, service: None }.refuse()
}

/// What is left of a sign-in's life; `None` when it is over. No click prolongs it.
fn remaining(app: &App, signin: &AnySignIn) -> Option<Lifetime> {
    signin.common().started().plus(app.lifetimes.sign_in).left(app.clock.now())
}

/// Finds a sign-in, or answers with the page that says why it cannot be found.
pub(crate) async fn find(app: &App, headers: &HeaderMap, id: &SignInId) -> Result<AtAny, Response> {
    let occasion = Occasion::of(headers);
    let bearer = match app.cookies.arrived(headers, id) {
        Some(arrived) => arrived,
        None => bearer(&app.cookies.browser(headers).ok_or_else(|| lost(app, occasion))?, id),
    };
    match app.ephemeral.look(&bearer).await {
        // It went on under another secret, which this browser does not show.
        Ok(Some((AnySignIn::Moved(_), _))) => Err(lost(app, occasion)),
        Ok(Some((signin, version))) => Ok(AtAny { signin, slot: Slot { bearer, version } }),
        Ok(None) => Err(Ended { page: occasion.page(app), how: HowEnded::Expired, service: None }.refuse()),
        Err(error) => Err(unavailable(app, occasion, &error)),
    }
}

/// A redirect to the page of the step the citizen is at.
pub(crate) fn to_page(signin: &AnySignIn) -> Response {
    see_other(&format!("/signin/{}/{}", signin.common().id(), signin.page()))
}

fn ended(app: &App, signin: &AnySignIn, how: HowEnded) -> Response {
    let page = Occasion::in_language(signin.common().language()).page(app);
    Ended { page, how, service: None }.refuse()
}

/// The page for a store that fails. Logged here, once.
pub(crate) fn unavailable(app: &App, occasion: Occasion, error: &StoreError) -> Response {
    tracing::error!(%error, "a store failed");
    problem(app, occasion, StatusCode::SERVICE_UNAVAILABLE, WhatWentWrong::Unavailable, ProblemCode::P500)
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Switch {
    lang: Option<String>,
}

impl FromRequestParts<Shared> for AtAny {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let not_found = |headers: &HeaderMap| {
            problem(app, Occasion::of(headers), StatusCode::NOT_FOUND, WhatWentWrong::NotFound, ProblemCode::P404)
        };
        let named = Path::<Named>::from_request_parts(parts, app).await.map_err(|_| not_found(&parts.headers))?;
        let id = SignInId::parse(&named.id).map_err(|_| not_found(&parts.headers))?;
        let at = find(app, &parts.headers, &id).await?;
        let switch = Query::<Switch>::from_request_parts(parts, app).await.ok().and_then(|query| query.0.lang);
        match switch.as_deref().and_then(Language::from_ui_locales) {
            Some(language) if language != at.signin.common().language() => at.in_language(app, language).await,
            Some(_) | None => Ok(at),
        }
    }
}

impl AtAny {
    async fn in_language(self, app: &App, language: Language) -> Result<Self, Response> {
        let signin = self.signin.in_language(language);
        let slot = self.slot.advance(app, signin.clone()).await?;
        Ok(Self { signin, slot })
    }
}

impl<S> FromRequestParts<Shared> for At<S>
where
    SignIn<S>: TryFrom<AnySignIn, Error = AnySignIn>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let AtAny { signin, .. } = AtAny::from_request_parts(parts, app).await?;
        match SignIn::try_from(signin) {
            Ok(signin) => Ok(Self { signin }),
            Err(elsewhere) => Err(to_page(&elsewhere)),
        }
    }
}
