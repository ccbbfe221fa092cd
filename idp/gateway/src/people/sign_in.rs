//! In and out: `GET` and `POST /guichet/connexion`, `POST /guichet/deconnexion`.
//!
//! The page asks any passkey of this origin for a signature; who it is of, the answer says. No name is typed, so nobody
//! can find out who is an agent.

use axum::extract::{Query, State};
use axum::response::Response;
use domain::people::passkey::Purpose;
use domain::people::session::AgentSession;
use domain::secret::Bearer;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use store::StoreError;
use store::registry::Updated;

use super::ceremony;
use super::passkeys::Refused;
use super::refusal::{refuse_outside, status};
use super::session::{AgentHere, begin};
use crate::app::{App, Shared};
use crate::audit::{Desk, Entry};
use crate::pages::View as _;
use crate::pages::people::SignIn;
use crate::provider::error::see_other;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;
use crate::signin::page::Occasion;

/// Where an agent goes who came from nowhere.
const HOME: &str = "/guichet";

/// Where to go after the sign-in, and what is told before.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    retour: Option<String>,
    #[serde(default)]
    fait: Option<String>,
}

/// `GET /guichet/connexion`.
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    let told = (asked.fait.as_deref() == Some("cle")).then_some(Told::PasskeyReady);
    show(&app, &headers, &way_back(asked.retour.as_deref()), told).await
}

/// What stands above the button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The passkey is registered: here it is tried for the first time.
    PasskeyReady,
    /// The last attempt came to nothing.
    Refused(Desk),
}

async fn show(app: &App, headers: &HeaderMap, back: &str, told: Option<Told>) -> Response {
    let occasion = Occasion::of(headers);
    let asked = match app.desk().passkeys.sign_in() {
        Ok(asked) => asked,
        Err(error) => return broken(app, occasion, &error),
    };
    let begun = match ceremony::begin(app, headers, Purpose::SignIn, asked).await {
        Ok(begun) => begun,
        Err(error) => return unavailable(app, occasion, &error),
    };
    let view = SignIn { page: occasion.page(app), csrf: &begun.name, options: &begun.options, back, told };
    let answer = match told {
        Some(Told::Refused(code)) => Entry::new(code).on(view.answer(status(code))),
        Some(Told::PasskeyReady) | None => view.answer(StatusCode::OK),
    };
    begun.hand_over(app, answer)
}

/// `POST /guichet/connexion`: what a passkey signed.
pub(crate) async fn post(State(app): State<Shared>, headers: HeaderMap, form: Sent) -> Response {
    let back = way_back(form.field("retour"));
    match judge(&app, &headers, &form).await {
        Ok(Ok(session)) => enter(&app, &headers, &session, &back).await,
        // Outside their dates another try changes nothing; all else is told where it can be tried again.
        Ok(Err(code @ (Desk::NotAuthorised | Desk::NotActive))) => refuse_outside(&app, Occasion::of(&headers), code),
        Ok(Err(code)) => show(&app, &headers, &back, Some(Told::Refused(code))).await,
        Err(error) => unavailable(&app, Occasion::of(&headers), &error),
    }
}

async fn judge(app: &App, headers: &HeaderMap, form: &Sent) -> Result<Result<AgentSession, Desk>, StoreError> {
    let Some(ceremony) = ceremony::take::<Purpose>(app, headers, form.field("csrf")).await? else {
        return Ok(Err(Desk::CeremonyUnknown));
    };
    let Purpose::SignIn = ceremony.purpose else { return Ok(Err(Desk::CeremonyUnknown)) };
    let passkeys = &app.desk().passkeys;
    let claimed = match passkeys.identify(form.field("credential").unwrap_or_default()) {
        Ok(claimed) => claimed,
        Err(why) => return Ok(Err(refused(&why))),
    };
    let kept = app.registry.passkey(&claimed.passkey).await?;
    let Some(kept) = kept.filter(|kept| kept.owner.octets() == claimed.handle) else {
        return Ok(Err(Desk::PasskeyUnknown));
    };
    let used = match passkeys.signed_in(&ceremony.state, &claimed, kept) {
        Ok(used) => used,
        Err(why) => return Ok(Err(refused(&why))),
    };
    let now = app.clock.now();
    let Some(post) = app.registry.post(&used.owner).await? else { return Ok(Err(Desk::NotActive)) };
    if let Err(why) = post.agent.may_enter(&post.commune, now) {
        return Ok(Err(why.into()));
    }
    // Nobody stays in under a secret of before.
    if let Some(old) = app.desk().cookies.agent(headers) {
        leave(app, &old).await?;
    }
    match app.registry.agent_signed_in(&post.agent, &used, now).await? {
        Updated::Done => Ok(Ok(AgentSession::begin(used.owner, used.id, now))),
        Updated::Missing => Ok(Err(Desk::PasskeyUnknown)),
    }
}

fn refused(why: &Refused) -> Desk {
    tracing::info!(%why, "a signature of a passkey is refused");
    Desk::AssertionRefused
}

async fn enter(app: &App, headers: &HeaderMap, session: &AgentSession, back: &str) -> Response {
    let occasion = Occasion::of(headers);
    match begin(app, session).await {
        Ok(secret) => {
            let mut answer = see_other(back);
            app.desk().cookies.set_agent(answer.headers_mut(), &secret);
            answer
        }
        Err(error) => unavailable(app, occasion, &error),
    }
}

/// Ends the session that a browser had before: who it was of is out.
async fn leave(app: &App, old: &Bearer<AgentSession>) -> Result<(), StoreError> {
    let Some(ended) = app.ephemeral.take(old).await? else { return Ok(()) };
    match app.registry.post(&ended.agent).await? {
        Some(post) => app.registry.agent_signed_out(&post.agent, app.clock.now()).await,
        None => Ok(()),
    }
}

/// `POST /guichet/deconnexion`.
pub(crate) async fn sign_out(State(app): State<Shared>, here: AgentHere, form: Sent) -> Response {
    if let Err(refused) = here.check(&app, &form) {
        return refused;
    }
    if let Err(error) = here.end(&app).await {
        return unavailable(&app, here.occasion, &error);
    }
    let mut answer = see_other("/guichet/connexion");
    app.desk().cookies.clear_agent(answer.headers_mut());
    answer
}

/// The page for a library that does not do its part: nothing that anybody sent.
pub(crate) fn broken(app: &App, occasion: Occasion, error: &Refused) -> Response {
    tracing::error!(%error, "a passkey ceremony cannot begin");
    unavailable(app, occasion, &StoreError::Corrupt { what: "the passkeys of an agent" })
}

/// A path of the desk to go back to, or its first page: an open redirect cannot be written.
fn way_back(wanted: Option<&str>) -> String {
    let ours = |path: &&str| {
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>".contains(&byte));
        let rest = path.strip_prefix(HOME);
        path.len() <= 512 && plain && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    wanted.filter(ours).unwrap_or(HOME).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_to_the_desk_alone() {
        for good in ["/guichet", "/guichet/agents", "/guichet/q/AAAA?x=1", "/guichet?x"] {
            assert_eq!(way_back(Some(good)), good);
        }
        let long = format!("/guichet/{}", "a".repeat(512));
        for bad in [
            "",
            "/",
            "//evil.example",
            "https://evil.example/guichet",
            "/guichetx",
            "/guichet\\@evil.example",
            "/guichet/\r\nSet-Cookie: x",
            "/guichet/é",
            "/signin/x",
            " /guichet",
            &long,
        ] {
            assert_eq!(way_back(Some(bad)), "/guichet", "{bad}");
        }
        assert_eq!(way_back(None), "/guichet");
    }
}
