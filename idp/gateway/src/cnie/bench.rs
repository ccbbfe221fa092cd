//! A gateway with the card provider, and identities in every state, for tests.

use domain::cnie::Thumbprint;
use domain::cnie::card::CardKey;
use domain::cnie::identity::AnyIdentity;
use domain::id::{CaseId, IdentityId, RequestId};
use domain::journal::Entry;
use domain::notice::{CardMessage, Message, Notice};
use domain::time::{Lifetime, Timestamp};
use serde_json::{Value, json};
use store::registry::{Made, Told};
use tempfile::TempDir;

use super::Cnie;
use super::tests::{now, place};
use crate::app::{App, Shared};
use crate::clock::Clock;

/// The address of all identities.
pub(crate) const MAIL: &str = "angela@exemple.fr";

/// A gateway, its clock, and the folders it lives in.
pub(crate) struct Gateway {
    pub(crate) app: Shared,
    pub(crate) clock: Clock,
    _folders: [TempDir; 2],
}

impl Gateway {
    pub(crate) async fn standing() -> Self {
        Self::standing_with("").await
    }

    /// The same with tables of the configuration more.
    pub(crate) async fn standing_with(tables: &str) -> Self {
        let (place, clock) = (place(), Clock::manual(now()));
        let folder = |name: &str| place.path().join(name).display().to_string();
        let text = format!(
            "issuer = \"http://127.0.0.1:8401\"\n[cnie]\ntrust = \"{}\"\neid_trust = \"{}\"\nstatus_url = \
             \"http://127.0.0.1:9/cards\"\n{tables}",
            folder("cnie"),
            folder("eid")
        );
        let (app, own) = crate::serve::standing_at(&text, &clock).await;
        Self { app, clock, _folders: [place, own] }
    }

    pub(crate) fn cnie(&self) -> &Cnie {
        self.app.cnie.as_ref().expect("configured")
    }

    /// Keeps an identity on a card of this number.
    pub(crate) async fn keep(&self, number: &str, state: &Value) -> IdentityId {
        let card = CardKey::of("FRA", number, &self.cnie().card_secret);
        let identity = identity(&IdentityId::from_random(self.app.random.bytes()), card, state);
        let told = Told { acts: &[], notices: &[], at: self.clock.now() };
        assert_eq!(self.app.registry.make_identity(&identity, &told).await.expect("kept"), Made::Fresh);
        identity.common().id().clone()
    }

    pub(crate) async fn identity(&self, id: &IdentityId) -> AnyIdentity {
        self.app.registry.identity(id).await.expect("reads").expect("kept").identity
    }

    /// Takes all mails that wait; all about cards.
    pub(crate) async fn mails(&self) -> Vec<(String, CardMessage)> {
        taken(&self.app).await.into_iter().map(|notice| (notice.to.clone(), about(&notice).clone())).collect()
    }

    /// What the journal says of identities.
    pub(crate) async fn journal(&self) -> Vec<Value> {
        let entries = self.app.registry.entries(0, 1000).await.expect("reads");
        let of_cards = |entry: &&Entry| entry.kind == "card_identity_changed";
        entries.iter().filter(of_cards).map(|entry| serde_json::from_str(&entry.details).expect("JSON")).collect()
    }

    pub(crate) fn after(&self, seconds: u32) -> Timestamp {
        self.clock.now().plus(Lifetime::seconds(seconds))
    }
}

fn about(notice: &Notice) -> &CardMessage {
    let Message::Card(message) = &notice.message else { panic!("{notice:?}") };
    message
}

async fn taken(app: &App) -> Vec<Notice> {
    let far = Lifetime::seconds(100 * 86_400);
    let leased = app.registry.lease::<Notice>(1000, far, app.clock.now()).await.expect("reads");
    leased.into_iter().map(|outgoing| outgoing.parcel).collect()
}

/// The request of those that have one.
pub(crate) fn request() -> RequestId {
    RequestId::from_random([2; 16])
}

/// The key of the code of all.
pub(crate) fn code() -> Thumbprint {
    Thumbprint::new([4; 32])
}

/// States as they are kept.
pub(crate) mod states {
    use super::{CaseId, Timestamp, Value, json, request};

    fn case() -> CaseId {
        CaseId::from_random([3; 16])
    }

    pub(crate) fn created(until: Timestamp) -> Value {
        json!({"created": {"until": until}})
    }

    pub(crate) fn active() -> Value {
        json!({"active": {}})
    }

    pub(crate) fn requested(until: Timestamp) -> Value {
        json!({"requested": {"request": request(), "until": until}})
    }

    pub(crate) fn at_desk(since: Timestamp) -> Value {
        json!({"at_desk": {"request": request(), "case": case(), "since": since}})
    }

    pub(crate) fn approved(until: Timestamp) -> Value {
        json!({"approved": {"case": case(), "until": until}})
    }

    pub(crate) fn certified(since: Timestamp, until: Timestamp) -> Value {
        json!({"certified": {"case": case(), "since": since, "until": until}})
    }
}

/// An identity as it is kept.
pub(crate) fn identity(id: &IdentityId, card: CardKey, state: &Value) -> AnyIdentity {
    let (name, state) = state.as_object().and_then(|object| object.iter().next()).expect("one state");
    let created = now().epoch() - 86_400;
    let base = json!({
        "id": id, "card": card, "chip": Thumbprint::new([5; 32]), "code": code(), "mail": MAIL,
        "language": "french", "terms": "2026-11", "created": created, "card_expires": now().epoch() + 9 * 31_557_600,
        "history": [{"at": created, "happened": "created"}],
    });
    let whole = json!({name: {"base": base, "state": state}});
    serde_json::from_value(whole).expect("an identity as it is kept")
}
