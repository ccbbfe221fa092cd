//! Where a citizen is: the sign-in named by the path, opened with the secret of the browser, at the step asked for.

use axum::extract::{FromRequestParts, Path, Query};
use axum::response::Response;
use domain::id::SignInId;
use domain::language::Language;
use domain::secret::Bearer;
use domain::signin::{AnySignIn, SignIn};
use domain::time::{Lifetime, Timestamp};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use store::StoreError;
use store::ephemeral::{Put, Swap, Version};

use super::page::{Occasion, problem};
use crate::app::{App, Shared};
use crate::cookies::Browser;
use crate::pages::View as _;
use crate::pages::ended::{Ended, HowEnded};
use crate::pages::problem::WhatWentWrong;
use crate::provider::error::see_other;

/// A sign-in at step `S`. As an extractor it sends a citizen who is at another step to the page of that step.
#[derive(Debug)]
pub(crate) struct At<S> {
    /// The sign-in.
    pub(crate) signin: SignIn<S>,
    /// Its place in the store.
    pub(crate) slot: Slot,
}

/// A sign-in at whatever step it is.
#[derive(Debug)]
pub(crate) struct AtAny {
    /// The sign-in.
    pub(crate) signin: AnySignIn,
    /// Its place in the store.
    pub(crate) slot: Slot,
}

/// The place of a sign-in in the store, with the version that was seen.
#[derive(Debug)]
pub(crate) struct Slot {
    bearer: Bearer<AnySignIn>,
    version: Version,
}

/// The secret of a sign-in: derived from the browser's, so that the path alone opens nothing.
fn bearer(browser: &Bearer<Browser>, id: &SignInId) -> Bearer<AnySignIn> {
    browser.derive(&format!("signin {id}"))
}

impl Slot {
    /// Keeps a new sign-in and answers with a redirect to its page, and a browser secret when there was none.
    pub(crate) async fn open(
        app: &App,
        headers: &HeaderMap,
        signin: AnySignIn,
    ) -> Result<(Self, Response), StoreError> {
        let (browser, new) = match app.cookies.browser(headers) {
            Some(browser) => (browser, false),
            None => (Bearer::from_random(app.random.bytes()), true),
        };
        let bearer = bearer(&browser, signin.common().id());
        let _: Put = app.ephemeral.put(&bearer, &signin, app.lifetimes.sign_in).await?;
        let kept = app.ephemeral.look(&bearer).await?;
        let (_, version) = kept.ok_or(StoreError::Corrupt { what: "a sign-in that was kept just now" })?;
        let mut response = to_page(&signin);
        if new {
            app.cookies.set_browser(response.headers_mut(), &browser);
        }
        Ok((Self { bearer, version }, response))
    }

    /// Moves a sign-in whose citizen has arrived under a new secret, and answers with a redirect that hands it to the
    /// browser. What was known before the arrival opens nothing any more.
    pub(crate) async fn arrive(self, app: &App, next: AnySignIn) -> Response {
        let secret = Bearer::from_random(app.random.bytes());
        match self.move_to(app, &secret, &next).await {
            Ok(lifetime) => {
                let mut response = to_page(&next);
                app.cookies.set_arrived(response.headers_mut(), next.common().id(), &secret, lifetime);
                response
            }
            Err(response) => response,
        }
    }

    async fn move_to(self, app: &App, secret: &Bearer<AnySignIn>, next: &AnySignIn) -> Result<Lifetime, Response> {
        let lifetime = remaining(app, next).ok_or_else(|| ended(app, next, HowEnded::Expired))?;
        let fails = |error: StoreError| unavailable(app, Occasion::in_language(next.common().language()), &error);
        let _: Put = app.ephemeral.put(secret, next, lifetime).await.map_err(fails)?;
        // The old place loses its record with the next second, unless another click has changed it meanwhile.
        let Some((old, _)) = app.ephemeral.look(&self.bearer).await.map_err(fails)? else {
            return Err(ended(app, next, HowEnded::Expired));
        };
        match app.ephemeral.swap(&self.bearer, self.version, &old, Lifetime::seconds(1)).await.map_err(fails)? {
            Swap::Done(_) => Ok(lifetime),
            Swap::Lost => {
                let _: Option<AnySignIn> = app.ephemeral.take(secret).await.map_err(fails)?;
                Err(to_page(&old))
            }
        }
    }

    /// Puts the next step in the place of the one that was seen. When another click was faster, its page is the answer.
    pub(crate) async fn advance(self, app: &App, next: AnySignIn) -> Result<Self, Response> {
        let lifetime = remaining(app, &next).ok_or_else(|| ended(app, &next, HowEnded::Expired))?;
        match app.ephemeral.swap(&self.bearer, self.version, &next, lifetime).await {
            Ok(Swap::Done(version)) => Ok(Self { version, ..self }),
            Ok(Swap::Lost) => match app.ephemeral.look(&self.bearer).await {
                Ok(Some((current, _))) => Err(to_page(&current)),
                Ok(None) => Err(ended(app, &next, HowEnded::Expired)),
                Err(error) => Err(unavailable(app, Occasion::in_language(next.common().language()), &error)),
            },
            Err(error) => Err(unavailable(app, Occasion::in_language(next.common().language()), &error)),
        }
    }
}

/// What is left of a sign-in's life; `None` when it is over. No click prolongs it.
fn remaining(app: &App, signin: &AnySignIn) -> Option<Lifetime> {
    let ends: Timestamp = signin.common().started().plus(app.lifetimes.sign_in);
    let left = ends.seconds_since(app.clock.now());
    u32::try_from(left).ok().filter(|left| *left > 0).map(Lifetime::seconds)
}

/// Finds a sign-in, or answers with the page that says why it cannot be found.
pub(crate) async fn find(app: &App, headers: &HeaderMap, id: &SignInId) -> Result<AtAny, Response> {
    let occasion = Occasion::of(headers);
    let lost = |how| Ended { page: occasion.page(app), how, service: None }.answer(StatusCode::GONE);
    let bearer = match app.cookies.arrived(headers, id) {
        Some(arrived) => arrived,
        None => bearer(&app.cookies.browser(headers).ok_or_else(|| lost(HowEnded::CookieLost))?, id),
    };
    match app.ephemeral.look(&bearer).await {
        Ok(Some((signin, version))) => Ok(AtAny { signin, slot: Slot { bearer, version } }),
        Ok(None) => Err(lost(HowEnded::Expired)),
        Err(error) => Err(unavailable(app, occasion, &error)),
    }
}

/// A redirect to the page of the step the citizen is at.
pub(crate) fn to_page(signin: &AnySignIn) -> Response {
    see_other(&format!("/signin/{}/{}", signin.common().id(), signin.page()))
}

fn ended(app: &App, signin: &AnySignIn, how: HowEnded) -> Response {
    let page = Occasion::in_language(signin.common().language()).page(app);
    Ended { page, how, service: None }.answer(StatusCode::GONE)
}

/// The page for a store that fails. Logged here, once.
pub(crate) fn unavailable(app: &App, occasion: Occasion, error: &StoreError) -> Response {
    tracing::error!(%error, "a store failed");
    problem(app, occasion, StatusCode::SERVICE_UNAVAILABLE, WhatWentWrong::Unavailable, "P500")
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
            problem(app, Occasion::of(headers), StatusCode::NOT_FOUND, WhatWentWrong::NotFound, "P404")
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
        let AtAny { signin, slot } = AtAny::from_request_parts(parts, app).await?;
        match SignIn::try_from(signin) {
            Ok(signin) => Ok(Self { signin, slot }),
            Err(elsewhere) => Err(to_page(&elsewhere)),
        }
    }
}
