//! What a telephone may send wrongly (cnie.md §14): each is refused under a code of its own, in the answer and in the log. What
//! is wrong with a call leaves the transaction as it was; what is wrong with a proof ends it, and the citizen begins anew.

use conformance::jose;
use conformance::phone::{Act, Client, Failure, Parcel, Phone, Visit};
use serde_json::{Value, json};

use super::card_provider::Cards;
use super::counter::refused;

const ANSWERS: &str = "/app/v1/transactions/answers";

/// A card that was shown for an act, and its answers, which are not sent.
async fn shown(cards: &Cards, name: &str) -> (Phone, Visit, Parcel) {
    let mut phone = cards.phone(name);
    let mut visit = phone.begin(Act::Show).await.unwrap();
    let parcel = phone.prepare(&mut visit, None).await.unwrap();
    (phone, visit, parcel)
}

/// What is handed in instead of the honest answers.
enum Change<'a> {
    /// They, changed.
    Answers(fn(&mut Vec<Value>)),
    /// Others, under the same transaction.
    Other(&'a Parcel),
}

impl Change<'_> {
    fn of(&self, honest: &Parcel) -> Parcel {
        match self {
            Self::Answers(change) => honest.with(|body| change(body["relay"].as_array_mut().unwrap())),
            Self::Other(other) => other.under(&honest.transaction()),
        }
    }
}

#[tokio::test]
async fn a_call_that_is_none_costs_nothing_and_is_told_apart_from_a_proof_that_is_none() {
    let cards = Cards::set().await;
    cards.phone("angela").create("angela@exemple.fr").await.unwrap();
    let (mut phone, mut visit, honest) = shown(&cards, "angela").await;

    // Cut short, too long, no octets, a part left out, an answer too many rounds: the transaction is as it was.
    let whole = honest.text();
    let mut client = Client::new(cards.issuer());
    let cut = client.post_octets(ANSWERS, &whole.as_bytes()[..whole.len() / 2]).await;
    assert_eq!(refused(cut), "card.malformed", "cut short");
    let log = &cards.journey.scene.gateway.ledger;
    let before = log.count("wire.too_long");
    let long = json!({ "transaction": visit.opened.transaction, "relay": ["A".repeat(600 << 10)] });
    match client.post(ANSWERS, &long).await {
        Err(Failure::Refused(refusal)) => assert_eq!(refusal.status, 413),
        // Closed before all of it was sent.
        Err(Failure::Wire(_)) => {}
        other => panic!("{other:?}"),
    }
    log.after("wire.too_long", before);
    for (what, parcel, code) in [
        ("no octets", honest.with(|body| body["relay"] = json!(["="])), "card.malformed"),
        ("no answers", honest.with(|body| body["relay"] = Value::Null), "card.malformed"),
        ("half of the holder", honest.with(|body| body["certificate"] = Value::Null), "card.malformed"),
        ("no transaction", honest.under("x"), "card.transaction_unknown"),
    ] {
        assert_eq!(refused(phone.submit(&mut visit, parcel).await), code, "{what}");
    }
    // Of another session: another phone's key, and another's transaction under one's own.
    let (mut stranger, mut theirs, foreign) = shown(&cards, "pierre").await;
    let stolen = honest.under(&visit.opened.transaction);
    assert_eq!(refused(stranger.submit(&mut theirs, stolen).await), "card.other_phone");
    assert_eq!(phone.submit(&mut visit, honest.clone()).await.unwrap().state(), "created", "it went on");
    assert_eq!(refused(phone.submit(&mut visit, honest).await), "card.transaction_unknown", "replayed");
    assert_eq!(refused(stranger.submit(&mut theirs, foreign).await), "card.no_identity", "and so did the other");
}

#[tokio::test]
async fn answers_out_of_order_of_another_card_or_of_another_dialogue_prove_nothing() {
    let cards = Cards::set().await;
    cards.phone("angela").create("angela@exemple.fr").await.unwrap();
    let (mut earlier, mut visit, old) = shown(&cards, "angela").await;
    earlier.submit(&mut visit, old.clone()).await.unwrap();
    let (_, _, of_another) = shown(&cards, "pierre").await;
    for (what, change) in [
        ("out of order", Change::Answers(|relay| relay.reverse())),
        ("one missing", Change::Answers(|relay| drop(relay.pop()))),
        ("one twice", Change::Answers(|relay| relay.push(relay[0].clone()))),
        (
            "one cut short",
            Change::Answers(|relay| {
                let octets = jose::decode(relay[0].as_str().unwrap()).unwrap();
                relay[0] = jose::encode(&octets[..octets.len() / 2]).into();
            }),
        ),
        ("of an earlier dialogue", Change::Other(&old)),
        ("of another card", Change::Other(&of_another)),
    ] {
        let (mut phone, mut visit, honest) = shown(&cards, "angela").await;
        let wrong = change.of(&honest);
        let code = "card.chip_not_genuine";
        assert_eq!(refused(phone.submit(&mut visit, wrong).await), code, "{what}");
        assert_eq!(refused(phone.submit(&mut visit, honest).await), code, "{what}: that transaction is over");
    }
    // A signature of the holder's that was forged.
    let (mut phone, mut visit, honest) = shown(&cards, "angela").await;
    let forged = honest.with(|body| {
        let mut signature = jose::decode(body["signature"].as_str().unwrap()).unwrap();
        signature[9] ^= 1;
        body["signature"] = jose::encode(signature).into();
    });
    assert_eq!(refused(phone.submit(&mut visit, forged).await), "card.holder_not_proven");
    // Nothing of the identity was lost by any of it.
    assert_eq!(cards.phone("angela").act(Act::Show).await.unwrap().state(), "created");
}
