//! The ways out: giving up, and the page of a sign-in that is over.

use axum::extract::State;
use axum::response::Response;
use domain::habilitation::figures::{Figure, Step};
use domain::oidc::error::AuthorizeError;
use domain::signin::{self, AnySignIn, Outcome};
use http::StatusCode;
use http::header::HeaderMap;

use super::at::{At, AtAny, to_page};
use super::finish::same_answer;
use super::form::{Sent, stale};
use super::page::Occasion;
use super::withdrawn::live;
use crate::app::Shared;
use crate::pages::ended::{Ended, HowEnded};
use crate::pages::{Service, View as _};
use crate::provider::answer;

/// `POST /signin/{id}/cancel` with `csrf`: back to the relying party without a sign-in.
pub(crate) async fn cancel(State(app): State<Shared>, headers: HeaderMap, at: AtAny, sent: Sent) -> Response {
    if !sent.field("csrf").is_some_and(|csrf| at.signin.common().owns_form(csrf)) {
        return stale(&app, Occasion::of(&headers));
    }
    let service = at.signin.common().service().clone();
    let occasion = Occasion::in_language(at.signin.common().language());
    let (error, description) = match &at.signin {
        AnySignIn::Refused(signin) => signin.refusal().answer(),
        AnySignIn::Choosing(_) | AnySignIn::Away(_) | AnySignIn::Arriving(_) | AnySignIn::Informing(_) => {
            (AuthorizeError::AccessDenied, "the citizen cancelled the sign-in")
        }
        // A second click follows the first.
        AnySignIn::Ended(_) => return same_answer(&app, &headers, &at.signin).await,
        AnySignIn::Finishing(_) | AnySignIn::Moved(_) => return to_page(&at.signin),
    };
    // Who is not served any more reads why, whatever the citizen clicked.
    let registered = app.client(at.signin.common().client());
    let (error, description) = match live(&app, registered.as_deref()) {
        Ok(_) => (error, description),
        Err(why) => (why.authorize_error(), why.sentence()),
    };
    let step = Step::of(&at.signin);
    let client = at.signin.common().client().clone();
    let given_up = at.signin.give_up(app.issuer.as_str(), error, description, app.clock.now());
    match at.slot.try_advance(&app, &given_up.signin.into()).await {
        Ok(Ok(_)) => {
            if let Some(step) = step {
                app.figures.count(&client, Figure::GivenUp(step), app.clock.now());
            }
            answer::send(&app, occasion, &service, given_up.response).await
        }
        Ok(Err(current)) => same_answer(&app, &headers, &current).await,
        Err(response) => response,
    }
}

/// `GET /signin/{id}/ended`: a reload, the back button, or a second tab after the end.
pub(crate) async fn ended(State(app): State<Shared>, at: At<signin::Ended>) -> Response {
    let registered = app.client(at.signin.client());
    let link = registered.as_ref().and_then(|found| found.client.uri.as_deref());
    let path = format!("/signin/{}/ended", at.signin.id());
    let how = match at.signin.outcome() {
        Outcome::Finished => HowEnded::Finished,
        Outcome::GivenUp => HowEnded::Cancelled,
    };
    Ended {
        page: Occasion::in_language(at.signin.language()).page(&app).switch_at(&path),
        how,
        service: Some(Service { name: at.signin.service(), link }),
    }
    .answer(StatusCode::OK)
}
