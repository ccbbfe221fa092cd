//! `/carte/perte`: a card that is lost, or an identity to be deleted, without the phone.
//!
//! Whoever knows the number of a card and the address of its identity is sent a link to that address, and to no other. The
//! answer is made before anything is looked up: it is the same, and takes as long, whether there is such an identity.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use domain::cnie::card::CardKey;
use domain::cnie::identity::AnyIdentity;
use domain::cnie::link;
use domain::notice::CardMessage;
use domain::secret::base64url;
use http::StatusCode;
use http::header::HeaderMap;
use store::StoreError;
use store::ephemeral::Allowed;
use store::registry::Told as Telling;

use super::acts::Acts;
use super::home::Switch;
use super::telling::notice;
use crate::app::{App, Shared};
use crate::limits::LINKS;
use crate::pages::View as _;
use crate::pages::holder::{Done, Loss, Told, Wrong};
use crate::signin::form::{Sent, stale};
use crate::signin::page::Occasion;

const PATH: &str = "/carte/perte";
/// Who issues the cards (ICAO 9303-3 §5).
const FRANCE: &str = "FRA";
/// Characters of a document number (ICAO 9303-5 §4.2.2).
const NUMBER: usize = 9;

/// The form.
pub(crate) async fn get(State(app): State<Shared>, Query(switch): Query<Switch>, headers: HeaderMap) -> Response {
    form(&app, switch.occasion(&headers), ("", ""), None)
}

/// What was filled in.
pub(crate) async fn post(State(app): State<Shared>, headers: HeaderMap, sent: Sent) -> Response {
    let occasion = Occasion::of(&headers);
    let ours = |csrf| app.cnie.as_ref().is_some_and(|cnie| link::is_form(csrf, &cnie.link_secret, app.clock.now()));
    if !sent.field("csrf").is_some_and(ours) {
        return stale(&app, occasion);
    }
    let filled = (sent.field("number").unwrap_or_default(), sent.field("mail").unwrap_or_default());
    let Some(number) = document_number(filled.0) else { return form(&app, occasion, filled, Some(Wrong::Number)) };
    let mail = filled.1.trim().to_owned();
    if !domain::upstream::is_address(&mail) {
        return form(&app, occasion, filled, Some(Wrong::Mail));
    }
    let own = Arc::clone(&app);
    app.endings.spawn(async move {
        if let Err(error) = send_link(&own, &number, &mail).await {
            tracing::error!(%error, "the link to close an identity could not be sent");
        }
    });
    Told { page: occasion.page(&app).switch_at(PATH), what: Done::LinkSent }.answer(StatusCode::OK)
}

fn form(app: &App, occasion: Occasion, sent: (&str, &str), wrong: Option<Wrong>) -> Response {
    let csrf = app.cnie.as_ref().map(|cnie| link::form(&cnie.link_secret, app.clock.now())).unwrap_or_default();
    Loss { page: occasion.page(app).switch_at(PATH), csrf: &csrf, sent, wrong }.answer(StatusCode::OK)
}

/// The number as the card's zone has it, however it was typed.
fn document_number(typed: &str) -> Option<String> {
    let number: String =
        typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    let fits = number.len() == NUMBER && number.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    fits.then_some(number)
}

/// Sends the link, when number and address are those of one identity. Nobody can have more than a few sent.
async fn send_link(app: &App, number: &str, mail: &str) -> Result<(), StoreError> {
    let Some(cnie) = &app.cnie else { return Ok(()) };
    let card = CardKey::of(FRANCE, number, &cnie.card_secret);
    let Some(found) = app.registry.identity_of_card(&card).await? else { return Ok(()) };
    let acts = Acts::of(app, cnie);
    let Some(kept) = acts.find(found.identity.common().id()).await? else { return Ok(()) };
    let identity = &kept.identity;
    // Nobody confirmed that the address of one that was made only is theirs: it is not written to.
    let unconfirmed = matches!(identity, AnyIdentity::Created(_));
    let is_theirs = identity.common().mail().eq_ignore_ascii_case(mail);
    if unconfirmed || identity.is_closed() || !is_theirs {
        return Ok(());
    }
    if app.ephemeral.allow(LINKS, card.text().as_bytes()).await? == Allowed::No {
        return Ok(());
    }
    let link = acts.links.close(identity, acts.now);
    let notices = [notice(identity, CardMessage::CloseLink { link })];
    let name = base64url(&app.random.bytes::<16>());
    let telling = Telling { acts: &[], notices: &notices, at: acts.now };
    app.registry.tell_holder(identity.common().id(), &name, &telling).await?;
    app.mail_waiting.notify_one();
    Ok(())
}

#[cfg(test)]
#[path = "loss_tests.rs"]
mod tests;
