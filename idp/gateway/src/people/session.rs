//! Who is in at the desk: the session of the cookie, and then the registry, at each request. Whoever is removed, renewed or
//! no longer authorised is out with the next one.

use axum::extract::FromRequestParts;
use axum::response::Response;
use domain::id::PasskeyId;
use domain::people::agent::{Administer, Agent, Duty, OnDuty};
use domain::people::commune::Commune;
use domain::people::session::AgentSession;
use domain::secret::{Bearer, base64url, same};
use http::Method;
use http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use store::StoreError;
use store::ephemeral::{Put, Swap};
use store::registry::Post;

use super::refusal::{refuse, refuse_over};
use crate::app::{App, Shared};
use crate::audit::Desk;
use crate::pages::people::Here;
use crate::provider::error::see_other;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;
use crate::signin::page::Occasion;

/// An agent who is in: active, at their commune, authorised now, with the passkey they signed in with. As an extractor it
/// sends whoever is not in to the sign-in.
#[derive(Debug)]
pub(crate) struct AgentHere {
    /// The agent, their commune, their passkeys.
    pub(crate) post: Post,
    /// In which language they read.
    pub(crate) occasion: Occasion,
    session: AgentSession,
    secret: Bearer<AgentSession>,
}

/// An agent who is in, and on duty. As an extractor it refuses an agent who may not, with a page that says why.
#[derive(Debug)]
pub(crate) struct AgentOnDuty<D> {
    /// The proof.
    pub(crate) duty: OnDuty<D>,
    /// The agent.
    pub(crate) here: AgentHere,
}

impl AgentHere {
    /// The agent.
    pub(crate) fn agent(&self) -> &Agent {
        &self.post.agent
    }

    /// Their commune.
    pub(crate) fn commune(&self) -> &Commune {
        &self.post.commune
    }

    /// The passkey they signed in with.
    pub(crate) fn passkey(&self) -> &PasskeyId {
        &self.session.passkey
    }

    /// The secret of the forms that this session is shown.
    pub(crate) fn csrf(&self) -> String {
        base64url(&self.secret.expand(&[b"agent form"]))
    }

    /// Refuses a form that does not hold it.
    #[expect(clippy::result_large_err, reason = "the refusal is the answer, once a request")]
    pub(crate) fn check(&self, app: &App, form: &Sent) -> Result<(), Response> {
        let held = form.field("csrf").unwrap_or_default();
        if same(held.as_bytes(), self.csrf().as_bytes()) {
            Ok(())
        } else {
            Err(refuse(app, self.occasion, Desk::StaleForm))
        }
    }

    /// What the pages of the desk show of who is in.
    pub(crate) fn shown<'a>(&'a self, app: &App, csrf: &'a str) -> Here<'a> {
        let administers = self.agent().may(Administer, self.commune(), app.clock.now()).is_ok();
        Here { agent: self.agent(), commune: self.commune(), csrf, administers }
    }

    /// Ends the session, and accounts for it. Of two clicks one ends it.
    pub(crate) async fn end(&self, app: &App) -> Result<(), StoreError> {
        match app.ephemeral.take(&self.secret).await? {
            Some(AgentSession { .. }) => app.registry.agent_signed_out(self.agent(), app.clock.now()).await,
            None => Ok(()),
        }
    }
}

/// Begins a session, under a new secret.
pub(crate) async fn begin(app: &App, session: &AgentSession) -> Result<Bearer<AgentSession>, StoreError> {
    let secret = Bearer::from_random(app.random.bytes());
    let left = session.left(app.clock.now()).ok_or(StoreError::NoLifetime)?;
    match app.ephemeral.put(&secret, session, left).await? {
        Put::Fresh => Ok(secret),
        Put::Taken => Err(StoreError::Corrupt { what: "the place of a new session" }),
    }
}

/// A redirect to the sign-in. Who looked at a page comes back to it after.
fn to_sign_in(parts: &Parts) -> Response {
    let wanted = parts.uri.path_and_query().map_or("/guichet", |path| path.as_str());
    if parts.method != Method::GET {
        return see_other("/guichet/connexion");
    }
    see_other(&format!("/guichet/connexion?retour={}", utf8_percent_encode(wanted, NON_ALPHANUMERIC)))
}

/// Why the agent of a session is not in any more.
fn standing(session: &AgentSession, post: Option<Post>, app: &App) -> Result<Post, Desk> {
    let post = post.ok_or(Desk::NotActive)?;
    post.agent.may_enter(&post.commune, app.clock.now())?;
    if post.passkeys.contains(&session.passkey) { Ok(post) } else { Err(Desk::PasskeyWithdrawn) }
}

async fn find(app: &App, parts: &Parts) -> Result<AgentHere, Response> {
    let occasion = Occasion::of(&parts.headers);
    let fails = |error: StoreError| unavailable(app, occasion, &error);
    let Some(secret) = app.desk().cookies.agent(&parts.headers) else { return Err(to_sign_in(parts)) };
    let now = app.clock.now();
    let found = app.ephemeral.look(&secret).await.map_err(fails)?;
    let Some((session, version)) = found.filter(|(session, _)| session.left(now).is_some()) else {
        return Err(to_sign_in(parts));
    };
    let post = app.registry.post(&session.agent).await.map_err(fails)?;
    let post = match standing(&session, post, app) {
        Ok(post) => post,
        Err(code) => {
            let _: Option<AgentSession> = app.ephemeral.take(&secret).await.map_err(fails)?;
            return Err(refuse_over(app, occasion, code));
        }
    };
    if let Some(again) = session.again(now)
        && let Some(left) = again.left(now)
    {
        match app.ephemeral.swap(&secret, version, &again, left).await.map_err(fails)? {
            Swap::Done(_) => {}
            // Another request of this session was faster, or it was ended.
            Swap::Lost => {
                let still = app.ephemeral.look(&secret).await.map_err(fails)?;
                still.ok_or_else(|| to_sign_in(parts))?;
            }
        }
    }
    Ok(AgentHere { post, occasion, session, secret })
}

impl FromRequestParts<Shared> for AgentHere {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        find(app, parts).await
    }
}

impl<D: Duty + Send> FromRequestParts<Shared> for AgentOnDuty<D> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let here = find(app, parts).await?;
        match here.agent().may(D::default(), here.commune(), app.clock.now()) {
            Ok(duty) => Ok(Self { duty, here }),
            Err(why) => Err(refuse(app, here.occasion, Desk::from(why))),
        }
    }
}
