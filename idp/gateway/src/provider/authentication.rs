//! Who calls: client authentication, the same at every endpoint that asks for it.

use std::sync::Arc;

use domain::client::{ClientState, Registered};
use domain::jose::KeySet;
use domain::oidc::client_auth::{AuthenticatedClient, HabilitatedClient, Presented};
use domain::oidc::error::TokenError;
use domain::oidc::parameters::Parameters;
use http::header::{AUTHORIZATION, HeaderMap};
use store::ephemeral::{Kind, Put};

use super::call::Call;
use super::error::Refused;
use crate::app::{App, Shared};
use crate::credentials;

/// What a request presents.
pub(super) fn presented(call: &Call, form: &Parameters) -> Result<Presented, Refused> {
    Ok(Presented::read(authorization(&call.headers)?, form, call.certificate.0.as_ref())?)
}

/// The client that a request names, when it is registered.
pub(super) fn named(app: &App, call: &Call, presented: &Presented) -> Option<Arc<Registered>> {
    let found = app.client(presented.client())?;
    call.concerns(&found.client.id);
    Some(found)
}

/// The client that proved who it is. An assertion counts once, on all nodes (RFC 7523 §3).
pub(super) async fn verified<'a>(
    app: &Shared,
    presented: &Presented,
    found: Option<&'a Registered>,
) -> Result<AuthenticatedClient<'a>, Refused> {
    let client = verify(app, presented, found).await?;
    count(app, &client).await?;
    if let Some(secret) = client.secret() {
        credentials::note(app, &client.client().id, secret);
    }
    // Counted last: whoever shows an assertion that was used empties nobody's bucket.
    app.limits.call(&client.client().id)?;
    Ok(client)
}

/// The client that proved who it is, and may be given something: it has a habilitation that is in force.
pub(super) fn habilitated<'a>(app: &App, client: AuthenticatedClient<'a>) -> Result<HabilitatedClient<'a>, Refused> {
    Ok(client.habilitated(app.clock.now(), &app.watched.switches())?)
}

/// As [`verified`], with what it proved to hold. Its assertion is not spent on a proof that was not good: a client that is asked
/// for a nonce may repeat the whole request.
pub(super) async fn holding<'a>(
    app: &Shared,
    call: &Call,
    presented: &Presented,
    found: Option<&'a Registered>,
) -> Result<AuthenticatedClient<'a>, Refused> {
    let client = verify(app, presented, found).await?;
    let client = client.holding(call.possession(app, None).await?);
    count(app, &client).await?;
    if let Some(secret) = client.secret() {
        credentials::note(app, &client.client().id, secret);
    }
    app.limits.call(&client.client().id)?;
    Ok(client)
}

async fn verify<'a>(
    app: &App,
    presented: &Presented,
    found: Option<&'a Registered>,
) -> Result<AuthenticatedClient<'a>, Refused> {
    let fetched = match found.filter(|found| found.state == ClientState::Active && presented.needs_keys(&found.client))
    {
        Some(found) => app.client_keys.of(&found.client).await,
        None => None,
    };
    let verify = |keys: Option<&KeySet>| presented.verify(found, keys, app.issuer.as_str(), app.clock.now());
    match (verify(fetched.as_deref()), found, &fetched) {
        // The client may have changed its keys since: one more look, as often as the cool-down allows.
        (Err(TokenError::InvalidClient), Some(found), Some(seen))
            if presented.wants_newer_keys(&found.client, seen, app.clock.now()) =>
        {
            let newer = app.client_keys.newer(&found.client, seen).await;
            verify(newer.as_deref())
        }
        (verdict, _, _) => verdict,
    }
    .map_err(Refused::from)
}

/// Counts the assertion that the client authenticated with.
async fn count(app: &App, client: &AuthenticatedClient<'_>) -> Result<(), Refused> {
    let Some(assertion) = client.assertion() else { return Ok(()) };
    match app.ephemeral.once(Kind::ClientAssertion, &[&assertion.key], assertion.remember).await? {
        Put::Fresh => Ok(()),
        Put::Taken => Err(TokenError::AssertionReused.into()),
    }
}

/// The one `Authorization` header, as text.
pub(super) fn authorization(headers: &HeaderMap) -> Result<Option<&str>, TokenError> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (all.next(), all.next());
    if second.is_some() {
        return Err(TokenError::InvalidRequest("two Authorization headers"));
    }
    first.map(|value| value.to_str().map_err(|_| TokenError::InvalidClient)).transpose()
}
