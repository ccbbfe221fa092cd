//! Cases for the relying parties.

use domain::client::{Client, ClientState, Registered};
use domain::id::{ClientId, HabilitationId};
use domain::secret::SecretDigest;
use domain::time::Timestamp;
use serde_json::json;

use super::{Offices, for_each_engine, now};
use crate::ephemeral::Put;
use crate::journal::Verdict;
use crate::registry::{SecretChange, Updated};

for_each_engine!(offices: sqlite, postgres; {
    a_client_comes_back_as_it_was_kept,
    a_change_is_counted_and_journalled_with_it,
});

fn client(name: &str) -> Client {
    let metadata = json!({
        "client_id": "ville", "client_name": name, "redirect_uris": ["https://ville.example/retour"],
        "scope": "openid profile",
    });
    Client::from_metadata(&metadata, || unreachable!("it is named")).expect("valid")
}

fn registered(name: &str) -> Registered {
    let id = HabilitationId::from_random([7; 16]);
    Registered::operated(client(name), Some(SecretDigest::of("first")), id, Timestamp::from_epoch(1))
}

async fn a_client_comes_back_as_it_was_kept(offices: Offices) {
    let (one, two, id) = (&offices.one, &offices.two, ClientId::parse("ville").expect("plain"));
    assert!(one.client(&id).await.expect("reads").is_none());
    assert_eq!(one.insert_client(&registered("Ville"), now()).await.expect("writes"), Put::Fresh);
    assert_eq!(two.insert_client(&registered("Autre"), now()).await.expect("writes"), Put::Taken);

    let read = async || two.client(&id).await.expect("reads").expect("is there");
    let kept = read().await;
    assert_eq!(kept.client.name.fr, "Ville");
    assert_eq!(kept.client.redirect_uris(), ["https://ville.example/retour"]);
    assert_eq!(kept.state, ClientState::Active);
    assert!(kept.secrets.accept("first", now()).is_some());
    assert_eq!(kept.habilitation.expect("an operator's").scopes, kept.client.scopes);

    let update = async |name, secret| one.update_client(&client(name), &secret, now()).await.expect("writes");
    assert_eq!(update("Ville 2", SecretChange::Keep).await, Updated::Done);
    assert!(read().await.secrets.accept("first", now()).is_some());
    assert_eq!(read().await.client.name.fr, "Ville 2");
    assert_eq!(update("Ville", SecretChange::Replace(SecretDigest::of("second"))).await, Updated::Done);
    assert!(read().await.secrets.accept("second", now()).is_some());
    assert!(read().await.secrets.accept("first", now()).is_none());
    assert_eq!(update("Ville", SecretChange::Drop).await, Updated::Done);
    assert!(read().await.secrets.is_empty());

    assert_eq!(one.set_client_state(&id, ClientState::Disabled, now()).await.expect("writes"), Updated::Done);
    assert_eq!(read().await.state, ClientState::Disabled);
    assert_eq!(two.clients().await.expect("reads").len(), 1);

    let nobody = ClientId::parse("nobody").expect("plain");
    let missing = one.set_client_state(&nobody, ClientState::Disabled, now()).await.expect("writes");
    assert_eq!(missing, Updated::Missing);
    let mut unknown = client("Ville");
    unknown.id = nobody;
    assert_eq!(one.update_client(&unknown, &SecretChange::Keep, now()).await.expect("writes"), Updated::Missing);
}

async fn a_change_is_counted_and_journalled_with_it(offices: Offices) {
    let (one, id) = (&offices.one, ClientId::parse("ville").expect("plain"));
    let before = offices.two.changes().await.expect("reads");
    let _ = one.insert_client(&registered("Ville"), now()).await.expect("writes");
    let _ = one.insert_client(&registered("Ville"), now()).await.expect("is taken");
    let replace = SecretChange::Replace(SecretDigest::of("second"));
    let _ = one.update_client(&client("Ville 2"), &replace, now()).await.expect("writes");
    for state in [ClientState::Disabled, ClientState::Disabled, ClientState::Active] {
        let _ = one.set_client_state(&id, state, now()).await.expect("writes");
    }
    let after = offices.two.changes().await.expect("reads");
    assert_eq!((after.clients - before.clients, after.keys - before.keys), (4, 0));
    let entries = one.entries(0, 100).await.expect("reads");
    let told: Vec<serde_json::Value> =
        entries.iter().map(|entry| serde_json::from_str(&entry.details).expect("JSON")).collect();
    let changes = ["registered", "granted", "updated", "secret_made", "disabled", "enabled"];
    assert_eq!(told.iter().map(|told| &told["change"]).collect::<Vec<_>>(), changes);
    assert!(told.iter().all(|told| told["client"] == "ville"));
    assert_eq!(one.verify_journal().await.expect("walks"), Verdict::Whole { entries: 6 });
}
