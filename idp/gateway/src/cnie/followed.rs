//! The links of mails: `GET` shows what is asked, `POST` does it.
//!
//! | path | for | does |
//! |---|---|---|
//! | `/carte/confirmer` | an identity that was made | confirms the address |
//! | `/carte/fermer` | whoever lost the card, or wants to leave | closes it at once, or in two days |
//! | `/carte/garder` | whoever takes the latter back | keeps it |
//!
//! The token is the whole proof: it was sent to the address on record and is sent back by the form of its own page.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use domain::cnie::identity::{AnyIdentity, Closure};
use domain::cnie::link::{self, LinkFault, Named};
use domain::time::Timestamp;
use http::StatusCode;
use http::header::HeaderMap;

use super::Cnie;
use super::acts::Acts;
use super::home::Switch;
use super::telling::Cause;
use crate::app::{App, Shared};
use crate::pages::View as _;
use crate::pages::holder::{Ask, Done, Question, Told};
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::signin::at::unavailable;
use crate::signin::form::Sent;
use crate::signin::page::{Occasion, problem};

/// `GET /carte/confirmer/{token}`.
pub(crate) async fn confirm(
    app: State<Shared>,
    token: Path<String>,
    lang: Query<Switch>,
    headers: HeaderMap,
) -> Response {
    show(&app, Question::Confirm, (&token, lang.occasion(&headers))).await
}

/// `POST /carte/confirmer`.
pub(crate) async fn confirmed(app: State<Shared>, headers: HeaderMap, form: Sent) -> Response {
    answer(&app, Question::Confirm, &form, Occasion::of(&headers)).await
}

/// `GET /carte/fermer/{token}`.
pub(crate) async fn leave(
    app: State<Shared>,
    token: Path<String>,
    lang: Query<Switch>,
    headers: HeaderMap,
) -> Response {
    show(&app, Question::Leave, (&token, lang.occasion(&headers))).await
}

/// `POST /carte/fermer`.
pub(crate) async fn left(app: State<Shared>, headers: HeaderMap, form: Sent) -> Response {
    answer(&app, Question::Leave, &form, Occasion::of(&headers)).await
}

/// `GET /carte/garder/{token}`.
pub(crate) async fn stay(app: State<Shared>, token: Path<String>, lang: Query<Switch>, headers: HeaderMap) -> Response {
    show(&app, Question::Stay, (&token, lang.occasion(&headers))).await
}

/// `POST /carte/garder`.
pub(crate) async fn stayed(app: State<Shared>, headers: HeaderMap, form: Sent) -> Response {
    answer(&app, Question::Stay, &form, Occasion::of(&headers)).await
}

async fn show(app: &App, question: Question, (token, occasion): (&str, Occasion)) -> Response {
    let (cnie, named) = match opened(app, question, (token, occasion)) {
        Ok(opened) => opened,
        Err(response) => return *response,
    };
    let path = format!("{}/{token}", question.path());
    let page = occasion.page(app).switch_at(&path);
    match Acts::of(app, cnie).find(&named.identity).await {
        Ok(kept) if question == Question::Stay && is_of_another(&named, kept.as_ref().map(|kept| &kept.identity)) => {
            problem(app, occasion, StatusCode::GONE, WhatWentWrong::LateLink, ProblemCode::P131)
        }
        Ok(kept) => match already(question, kept.as_ref().map(|kept| &kept.identity)) {
            Some(what) => Told { page, what }.answer(StatusCode::OK),
            None => Ask { page, question, csrf: token }.answer(StatusCode::OK),
        },
        Err(error) => unavailable(app, occasion, &error),
    }
}

async fn answer(app: &App, question: Question, form: &Sent, occasion: Occasion) -> Response {
    let token = form.field("csrf").unwrap_or_default();
    let (cnie, named) = match opened(app, question, (token, occasion)) {
        Ok(opened) => opened,
        Err(response) => return *response,
    };
    let acts = Acts::of(app, cnie);
    let Some(wish) = Wish::read(question, form.field("answer").unwrap_or_default()) else {
        return problem(app, occasion, StatusCode::BAD_REQUEST, WhatWentWrong::StaleForm, ProblemCode::P111);
    };
    match acts.act(&named.identity, Cause::Itself, |identity| wish.on(identity, named.until, acts.now)).await {
        Ok(identity) if wish == Wish::Stay && is_of_another(&named, identity.as_ref()) => {
            problem(app, occasion, StatusCode::GONE, WhatWentWrong::LateLink, ProblemCode::P131)
        }
        Ok(identity) if wish == Wish::Delete && identity.as_ref().is_some_and(waits) => {
            problem(app, occasion, StatusCode::TOO_MANY_REQUESTS, WhatWentWrong::TooManyRequests, ProblemCode::P429)
        }
        Ok(identity) => Told { page: occasion.page(app), what: wish.outcome(identity.as_ref()) }.answer(StatusCode::OK),
        Err(error) => unavailable(app, occasion, &error),
    }
}

/// The identity that a link names, or the page that says why it names none.
fn opened<'a>(
    app: &'a App,
    question: Question,
    (token, occasion): (&str, Occasion),
) -> Result<(&'a Cnie, Named), Box<Response>> {
    let refuse = |status, what, code| Box::new(problem(app, occasion, status, what, code));
    let not_found = || refuse(StatusCode::NOT_FOUND, WhatWentWrong::NotFound, ProblemCode::P404);
    let cnie = app.cnie.as_ref().ok_or_else(not_found)?;
    match link::open(question.purpose(), token, &cnie.link_secret, app.clock.now()) {
        Ok(named) => Ok((cnie, named)),
        Err(LinkFault::Over) => Err(refuse(StatusCode::GONE, WhatWentWrong::LateLink, ProblemCode::P131)),
        Err(LinkFault::NotOurs) => Err(refuse(StatusCode::NOT_FOUND, WhatWentWrong::UnknownLink, ProblemCode::P130)),
    }
}

/// Whether the deletion that waits is another than the one that a link takes back.
fn is_of_another(named: &Named, identity: Option<&AnyIdentity>) -> bool {
    identity.and_then(|identity| identity.common().leaves()).is_some_and(|due| due != named.until)
}

/// Whether an identity stays though its deletion was asked for: that is done once a day.
fn waits(identity: &AnyIdentity) -> bool {
    !identity.is_closed() && identity.common().leaves().is_none()
}

/// What there is to say instead of asking. One that was erased was closed before.
fn already(question: Question, identity: Option<&AnyIdentity>) -> Option<Done> {
    let Some(identity) = identity.filter(|identity| !identity.is_closed()) else { return Some(Done::Over) };
    let waits = matches!(identity, AnyIdentity::Created(_));
    match question {
        Question::Confirm => (!waits).then_some(Done::Confirmed),
        Question::Stay => identity.common().leaves().is_none().then_some(Done::Stays),
        Question::Leave => None,
    }
}

/// What a citizen wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Confirm,
    CloseLost,
    Delete,
    Stay,
}

impl Wish {
    fn read(question: Question, answer: &str) -> Option<Self> {
        match (question, answer) {
            (Question::Confirm, "yes") => Some(Self::Confirm),
            (Question::Leave, "lost") => Some(Self::CloseLost),
            (Question::Leave, "delete") => Some(Self::Delete),
            (Question::Stay, "yes") => Some(Self::Stay),
            (Question::Confirm | Question::Leave | Question::Stay, _) => None,
        }
    }

    fn on(self, identity: AnyIdentity, until: Timestamp, now: Timestamp) -> AnyIdentity {
        match (self, identity) {
            (Self::Confirm, AnyIdentity::Created(created)) => {
                created.confirm(now).map_or_else(AnyIdentity::from, AnyIdentity::from)
            }
            (Self::Confirm, identity) => identity,
            (Self::CloseLost, identity) => identity.close(Closure::CardLost, now),
            (Self::Delete, identity) => identity.leave(now),
            (Self::Stay, identity) => identity.stay(until, now),
        }
    }

    /// What to say of what became of it.
    fn outcome(self, identity: Option<&AnyIdentity>) -> Done {
        let Some(identity) = identity else { return Done::Over };
        let lost = matches!(identity, AnyIdentity::Closed(closed) if closed.why() == Closure::CardLost);
        match self {
            Self::CloseLost if lost => Done::Closed,
            _ if identity.is_closed() => Done::Over,
            Self::Confirm => Done::Confirmed,
            Self::Delete => identity.common().leaves().map_or(Done::Over, Done::Leaves),
            Self::Stay | Self::CloseLost => Done::Stays,
        }
    }
}

#[cfg(test)]
#[path = "followed_tests.rs"]
mod tests;
