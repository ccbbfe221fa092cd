//! A service whose redirect URI is open: what browsers bring there is kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use conformance::relying_party::RelyingParty;
use conformance::site::{Site, listen};
use serde_json::{Map, Value, json};

use crate::journey::Journey;

/// What the browser is given after it brought something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A page.
    Page,
    /// Nothing: it stays where it is, and can be looked at.
    Nothing,
}

/// A service that takes its answers by POST.
pub(crate) struct Desk {
    pub(crate) service: RelyingParty,
    brought: Arc<Mutex<Vec<Value>>>,
    _site: Site,
}

impl Desk {
    /// Opens one and registers it at the gateway of a journey, with `more` in its metadata.
    pub(crate) async fn open(journey: &Journey, reply: Reply, more: &Value) -> Self {
        let listener = listen(0).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let brought = Arc::<Mutex<Vec<Value>>>::default();
        let router = axum::Router::new()
            .route("/callback", post(take).get(show))
            .route("/bye", get(show))
            .with_state((Arc::clone(&brought), reply));
        let site = Site::serve(listener, router);
        let mut metadata = RelyingParty::ordinary("Guichet");
        metadata["redirect_uris"] = json!([format!("http://localhost:{port}/callback")]);
        metadata["post_logout_redirect_uris"] = json!([format!("http://localhost:{port}/bye")]);
        for (name, value) in more.as_object().into_iter().flatten() {
            metadata[name] = value.clone();
        }
        let service = journey.register(&metadata).await;
        Self { service, brought, _site: site }
    }

    /// The last thing that was brought: the fields of its form.
    pub(crate) fn last(&self) -> Option<Value> {
        self.brought.lock().unwrap().last().cloned()
    }
}

type Fields = BTreeMap<String, String>;

async fn take(State((kept, reply)): State<(Arc<Mutex<Vec<Value>>>, Reply)>, Form(fields): Form<Fields>) -> Response {
    let fields: Map<String, Value> = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
    kept.lock().unwrap().push(Value::Object(fields));
    match reply {
        Reply::Page => show().await.into_response(),
        Reply::Nothing => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn show() -> Html<&'static str> {
    Html("<!doctype html><title>x</title><main data-page=received>Thank you</main>")
}
