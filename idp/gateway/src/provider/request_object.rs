//! Request objects (RFC 9101): opened with the client's keys, wherever those are, and with our own.

use domain::client::{ClientState, Registered};
use domain::jose::KeySet;
use domain::oidc::request::Incoming;
use domain::oidc::request_object::{Opening, Unopened};

use crate::app::App;

/// The request inside the object, when it comes as one. A client that is not served is told so by the checks.
pub(super) async fn opened(app: &App, incoming: Incoming, found: Option<&Registered>) -> Result<Incoming, Unopened> {
    let served = found.filter(|found| found.state == ClientState::Active && incoming.is_object());
    let Some(found) = served else { return Ok(incoming) };
    let fetched = app.client_keys.of(&found.client).await;
    let open = |keys: Option<&KeySet>| {
        let (own, now) = (app.keyholder.request_keys().private(), app.clock.now());
        incoming.opened(found, &Opening { issuer: app.issuer.as_str(), own, fetched: keys, now })
    };
    let mut verdict = open(fetched.as_deref());
    if let (Err(fault), Some(seen)) = (&verdict, &fetched)
        && fault.may_be_a_newer_key()
        && let Some(newer) = app.client_keys.newer(&found.client, seen).await
    {
        verdict = open(Some(&newer));
    }
    verdict.inspect_err(|fault| tracing::info!(client = %found.client.id, %fault, "a request object is refused"))
}
