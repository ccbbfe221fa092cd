//! Leaving for an identity provider.

use axum::response::Response;
use domain::signin::offer::Choosable;
use domain::signin::refusal::Setback;
use domain::signin::{AnySignIn, Choosing, SignIn};

use super::at::{Slot, to_page};
use crate::app::App;
use crate::audit::Entry;
use crate::listen::address::ClientAddress;
use crate::provider::error::see_other;
use crate::upstream::{Departure, Purpose};

/// Makes an attempt, keeps it, and sends the citizen to the provider. When the provider cannot be asked, the citizen
/// chooses again and reads why.
pub(crate) async fn leave(
    app: &App,
    slot: Slot,
    signin: SignIn<Choosing>,
    to: Choosable,
    from: ClientAddress,
) -> Response {
    let provider = to.provider().clone();
    let away = signin.depart(to, &app.random.bytes(), app.clock.now());
    let registered = app.client(away.client());
    let live = registered.as_deref().and_then(|registered| app.live(registered).ok());
    let purpose = Purpose { request: away.request(), service: away.service(), client: live.as_ref(), from };
    let departure = Departure {
        sign_in: away.id(),
        attempt: away.attempt(),
        login_hint: away.request().login_hint.as_deref(),
        language: away.language(),
        purpose: &purpose,
    };
    let (next, answer) = match app.upstreams.depart(&departure).await {
        Ok(url) => (AnySignIn::from(away), see_other(&url)),
        Err(error) => {
            tracing::warn!(%provider, %error, "a provider could not be left for");
            let setback = Setback::Unavailable { provider: app.provider_title(&provider) };
            app.figures.failed(away.client(), &setback, app.clock.now());
            let entry = Entry::new(&setback).of(Some(away.client())).at(Some(&provider));
            let choosing = AnySignIn::from(away.reconsider().after(setback));
            let answer = entry.on(to_page(&choosing));
            (choosing, answer)
        }
    };
    match slot.advance(app, next).await {
        Ok(_) => answer,
        Err(response) => response,
    }
}
