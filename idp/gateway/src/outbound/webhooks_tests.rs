//! The courier of webhooks against receivers that answer, fail, send elsewhere, and lie where nobody may go.

use axum::Router;
use axum::body::Bytes;
use axum::response::Redirect;
use axum::routing::post;
use domain::habilitation::acting::{Acting, Author, Write};
use domain::habilitation::review::{Happened, Review};
use domain::habilitation::webhook::{HookEvent, SharedSecret, WebhookUri};
use domain::id::{HabilitationRequestId, WebhookId};
use domain::journal::{Act, WebhookChange};
use domain::organisation::siret::Siret;
use domain::time::Timestamp;
use http::{HeaderMap, StatusCode};
use store::ephemeral::Put;
use store::registry::{CallState, Event, KeptCall, Location, Told};
use store::seal::Vault;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::*;
use crate::outbound::tests::{Origin, sandbox_http};
use crate::random::Random;

const NOW: Timestamp = Timestamp::from_epoch(1_800_000_000);

struct Office {
    registry: Registry,
    clock: Clock,
    webhook: Webhook,
    _folder: TempDir,
}

impl Office {
    /// A registry with a webhook that is on, and a request that it hears of.
    async fn new(to: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let vault = Arc::new(Vault::new(&Random::system().bytes()));
        let location = Location::Sqlite(folder.path().join("registry.sqlite"));
        let registry = Registry::migrate(&location, vault).await.expect("a registry");
        let (uri, id) = (WebhookUri::parse(to).expect("an address"), WebhookId::from_random([1; 16]));
        let secret = SharedSecret::from_random(&[2; 32]);
        let webhook = Webhook::new(id.clone(), uri, [HookEvent::Create].into(), secret).tested();
        let webhook = webhook.enabled().expect("tested");
        let act = Act::WebhookChanged { webhook: id, change: WebhookChange::Enabled, by: Author::Operator };
        assert_eq!(registry.insert_webhook(&webhook, &act, NOW).await.expect("kept"), Put::Fresh);
        let siret = Siret::parse("21690123100011").expect("a SIRET");
        let request = HabilitationRequestId::from_random([3; 16]);
        let review = Review::open(request, siret, &Acting::<Write>::operator(), NOW).expect("the operator may");
        let event = Event { happened: Happened::Opened, by: Author::Operator, reason: None };
        let told = Told { acts: &[], notices: &[], at: NOW };
        assert_eq!(registry.make_request(&review.into(), None, &event, &told).await.expect("kept"), Put::Fresh);
        Self { registry, clock: Clock::manual(NOW), webhook, _folder: folder }
    }

    /// Makes the calls that are due, and gives back what became of the one there is.
    async fn round(&self, http: Http) -> KeptCall {
        let issuer = Issuer::parse("http://127.0.0.1:8401").expect("an issuer");
        let (registry, clock) = (self.registry.clone(), self.clock.clone());
        let caller = Caller::new(http, &issuer);
        let courier = WebhookCourier { registry, clock, waiting: Arc::new(Notify::new()), caller };
        for outgoing in courier.line().take(10).await {
            courier.deliver(outgoing).await;
        }
        self.registry.webhook_calls(&self.webhook.id, 10).await.expect("read").remove(0)
    }
}

#[tokio::test]
async fn a_receiver_reads_a_body_and_its_signature() {
    let (heard, mut hears) = mpsc::unbounded_channel();
    let listen = move |headers: HeaderMap, body: Bytes| {
        heard.send((headers, body)).expect("the test listens");
        async { (StatusCode::CREATED, "merci") }
    };
    let origin = Origin::serve(Router::new().route("/crochet", post(listen))).await;
    let office = Office::new(&origin.url("/crochet")).await;
    let call = office.round(sandbox_http()).await;
    assert_eq!((call.state, call.status, call.answer.as_deref()), (CallState::Taken, Some(201), Some("merci")));
    let (headers, body) = hears.recv().await.expect("it was called");
    assert_eq!(body, call.body.as_bytes());
    let signature = headers[SIGNATURE].to_str().expect("text");
    assert!(office.webhook.secret.signed(&body, signature) && !office.webhook.secret.signed(b"{}", signature));
    assert_eq!(
        (&headers["x-app-environment"] == "sandbox", &headers[CONTENT_TYPE] == "application/json"),
        (true, true)
    );
}

#[tokio::test]
async fn what_is_sent_elsewhere_or_to_a_private_network_is_not_followed() {
    let sends = Router::new().route("/crochet", post(|| async { Redirect::temporary("/ailleurs") }));
    let elsewhere = sends.route("/ailleurs", post(|| async { StatusCode::OK }));
    let origin = Origin::serve(elsewhere).await;
    let office = Office::new(&origin.url("/crochet")).await;
    let call = office.round(sandbox_http()).await;
    assert_eq!((call.state, call.status), (CallState::Waiting, Some(307)));
    let inside = Office::new("https://10.0.0.1/crochet").await;
    let call = inside.round(sandbox_http()).await;
    assert_eq!((call.state, call.status, call.attempts), (CallState::Waiting, None, 1));
    assert!(call.answer.expect("why").contains("private network"));
}

#[tokio::test]
async fn a_webhook_that_was_turned_off_meanwhile_is_not_called() {
    let (called, mut calls) = mpsc::unbounded_channel();
    let listen = move || {
        called.send(()).expect("the test listens");
        async { StatusCode::OK }
    };
    let origin = Origin::serve(Router::new().route("/crochet", post(listen))).await;
    let office = Office::new(&origin.url("/crochet")).await;
    let kept = office.registry.webhook(&office.webhook.id).await.expect("read").expect("is there");
    let off = kept.webhook.clone().disabled();
    let act = Act::WebhookChanged { webhook: off.id.clone(), change: WebhookChange::Disabled, by: Author::Operator };
    let _ = office.registry.change_webhook(&kept, &off, &act, NOW).await.expect("kept");
    let call = office.round(sandbox_http()).await;
    assert_eq!((call.state, call.attempts), (CallState::Left, 0));
    assert!(calls.try_recv().is_err());
}
