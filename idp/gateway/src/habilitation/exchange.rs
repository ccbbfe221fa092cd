//! The thread of a request: `GET` and `POST /espace/demandes/{request}/echanges`.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::habilitation::acting::Author;
use domain::habilitation::thread::{Message, Side, Words};
use domain::journal::Act;
use domain::notice::RequestTold;
use domain::partners::permission::{About, ReadRequests, ReviewRequests, WriteMessages};
use domain::secret::delimited;
use http::StatusCode;
use store::StoreError;
use store::ephemeral::Allowed;
use store::registry::{KeptReview, Told};

use super::keep::{self, Letters, Office, author_name};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::limits::MESSAGES;
use crate::pages::View as _;
use crate::pages::requests::{Exchange, Said, address};
use crate::partners::refusal;
use crate::partners::session::{CheckedForm, Holder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// `GET /espace/demandes/{request}/echanges`. What is there counts as read by the side of whoever looks.
pub(crate) async fn get(
    holder: Holder<ReadRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
) -> Response {
    match shown(&app, &holder, &request, None).await {
        Ok(answer) => answer,
        Err(error) => unavailable(&app, holder.here.occasion, &error),
    }
}

/// On which side of the counter somebody stands; none for who only looks.
fn side<P>(holder: &Holder<P>) -> Option<Side> {
    let organisation = holder.organisation.as_ref()?;
    let about = About::Organisation(organisation);
    let here = &holder.here;
    if here.partner.memberships.contains_key(&organisation.siret) {
        return here.partner.may(WriteMessages, about).ok().map(|_| Side::Applicant);
    }
    here.partner.may(ReviewRequests, about).ok().map(|_| Side::Review)
}

async fn shown<P>(app: &App, holder: &Holder<P>, request: &str, typed: Option<&str>) -> Result<Response, StoreError> {
    let here = &holder.here;
    let Some(kept) = keep::find(app, request).await? else {
        return Ok(refusal::inside(app, here, Space::Unseen));
    };
    let (id, side) = (&kept.review.about().id, side(holder));
    let messages = app.registry.messages(id).await?;
    let mut said: Vec<Said> = Vec::with_capacity(messages.len());
    for message in messages {
        let by = author_name(app, &message.by).await?;
        said.push(Said { by, message });
    }
    if let Some(side) = side {
        app.registry.looked(id, side, app.clock.now()).await?;
    }
    let page = here.page(app);
    let view = Exchange {
        page,
        shell: here.shell(page.words().exchange_title()).below([address(&page, &kept.review)]),
        request: &kept.review,
        csrf: &here.csrf,
        said: &said,
        side,
        typed,
    };
    Ok(match typed {
        Some(_) => Entry::new(Space::InputInvalid).on(view.answer(refusal::status(Space::InputInvalid))),
        None => view.answer(StatusCode::OK),
    })
}

/// `POST /espace/demandes/{request}/echanges`.
pub(crate) async fn post(
    holder: Holder<WriteMessages>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    form: CheckedForm,
) -> Response {
    let text = form.text("message");
    let Ok(words) = Words::parse(text) else {
        return match shown(&app, &holder, &request, Some(text)).await {
            Ok(answer) => answer,
            Err(error) => unavailable(&app, holder.here.occasion, &error),
        };
    };
    match write(&app, &holder, &request, words).await {
        Ok(answer) => answer,
        Err(error) => unavailable(&app, holder.here.occasion, &error),
    }
}

async fn write(app: &App, holder: &Holder<WriteMessages>, request: &str, text: Words) -> Result<Response, StoreError> {
    let here = &holder.here;
    let (Some(kept), Some(side)) = (keep::find(app, request).await?, side(holder)) else {
        return Ok(refusal::inside(app, here, Space::Unseen));
    };
    let KeptReview { review, .. } = &kept;
    let (id, now) = (&review.about().id, app.clock.now());
    let own: &[u8] = match side {
        Side::Applicant => b"applicant",
        Side::Review => b"review",
    };
    let whose = delimited(&[id.as_str().as_bytes(), own]);
    match app.ephemeral.allow(MESSAGES, &whose).await? {
        Allowed::Yes => {}
        Allowed::No => return Ok(refusal::inside(app, here, Space::TooOften)),
    }
    let by = Author::Partner(holder.held.partner().clone());
    let mut letters = Letters::about(Office::of(app), review).await?;
    match side {
        Side::Applicant => letters.tell_reviewers(&app.registry, &RequestTold::Said).await?,
        Side::Review => letters.tell_writers(&app.registry, review, &RequestTold::Said).await?,
    }
    let acts = [Act::RequestMessage { request: id.clone(), by: by.clone() }];
    let notices = letters.into_notices();
    let told = Told { acts: &acts, notices: &notices, at: now };
    let message = Message { by, side, at: now, text };
    app.registry.say(id, &message, app.random.bytes(), &told).await?;
    app.mail_waiting.notify_one();
    Ok(see_other(&format!("/espace/demandes/{id}/echanges")))
}
