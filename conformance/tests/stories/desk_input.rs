//! What a desk's reader may send wrongly (cnie.md §13, §14): each is refused under a code of its own, in the answer and in the
//! log, and the case goes on as if nothing had been.

use conformance::agent::{self, Agent};
use conformance::card::{Card, Holder, Portrait};
use conformance::citizen::Page;
use conformance::clock;
use conformance::desk_reader::{DeskReader, Turn};
use conformance::jose;
use conformance::phone::Failure;
use serde_json::{Value, json};

use super::counter::{Counter, ask_again, refused, state};
use crate::journey::expect;

const CARD: &str = "/reader/v1/cases/card";
const ANSWERS: &str = "/reader/v1/cases/answers";
const FINGERPRINT: &str = "/reader/v1/cases/fingerprint";
const ELSEWHERE: &str = "13055";

/// A list without its last member.
fn shortened(list: &Value) -> Value {
    let list = list.as_array().unwrap();
    list[..list.len() - 1].into()
}

/// A list from its end to its beginning.
fn reversed(list: &Value) -> Value {
    list.as_array().unwrap().iter().rev().cloned().collect::<Vec<_>>().into()
}

/// The first half of octets.
fn halved(text: &Value) -> Value {
    let octets = jose::decode(text.as_str().unwrap()).unwrap();
    jose::encode(&octets[..octets.len() / 2]).into()
}

/// The agent sends the citizen home, so that tries are counted anew; what they show next time.
async fn begin_again(counter: &mut Counter, page: &Page, phone: &mut conformance::phone::Phone) -> (Page, Value) {
    let open = format!("{}?refuser=1", page.url.path());
    let asked = counter.nadia.open(&open).await.unwrap();
    let reason = [("raison", "card_unreadable")];
    let no = counter.nadia.browser.press(&asked, "form[data-step=refuse] button", &reason).await.unwrap();
    expect(no, "desk-outcome");
    let qr = ask_again(phone).await;
    let page = expect(counter.scan(&qr).await, "desk-card");
    (page, counter.waiting().await)
}

#[tokio::test]
async fn a_call_that_is_none_and_a_card_that_is_cut_short_cost_at_most_a_try() {
    let mut counter = Counter::open().await;
    let (mut phone, qr) = counter.asks("angela").await;
    let page = expect(counter.scan(&qr).await, "desk-card");
    counter.lay("angela");
    let case = counter.waiting().await;
    let files = counter.reader.files(&case).unwrap();

    // What cannot be read, or is too long: not even a try.
    let whole = files.to_string();
    let long = json!({ "case": case["case"], "sod": "A".repeat(600 << 10) }).to_string();
    for (path, body) in [(CARD, &whole[..whole.len() / 2]), (CARD, "[]"), (ANSWERS, "{}"), (FINGERPRINT, "\u{0}")] {
        assert_eq!(refused(counter.reader.post_octets(path, body.as_bytes()).await), "card.malformed", "{path}");
    }
    let log = &counter.journey.scene.gateway.ledger;
    let before = log.count("wire.too_long");
    let long = counter.reader.post_octets(CARD, long.as_bytes()).await;
    assert!(was_too_long(&long), "{long:?}");
    log.after("wire.too_long", before);
    for (path, body, code) in [
        (CARD, json!({ "case": case["case"], "sod": "=" }), "card.malformed"),
        (CARD, json!({ "case": "x", "sod": files["sod"] }), "desk.case_unknown"),
        (CARD, json!({ "case": "A".repeat(22), "sod": files["sod"] }), "desk.case_unknown"),
        (ANSWERS, json!({ "case": case["case"], "relay": [] }), "desk.out_of_turn"),
    ] {
        assert_eq!(refused(counter.reader.post(path, &body).await), code, "{path} {body}");
    }
    assert!(!counter.reload(&page).await.has("main[data-code]"), "the agent is not bothered with it");

    // Files that were cut, or that lie in each other's place: the card proves nothing, and each is one of six tries.
    let mut cut = files.clone();
    cut["sod"] = halved(&files["sod"]);
    let mut swapped = files.clone();
    (swapped["dg1"], swapped["dg13"]) = (files["dg13"].clone(), files["dg1"].clone());
    for body in [cut, swapped] {
        assert_eq!(refused(counter.reader.post(CARD, &body).await), "card.not_authentic");
    }
    assert_eq!(counter.reader.turn().await.unwrap(), Turn::CardRead, "the case goes on");
    let (page, case) = begin_again(&mut counter, &page, &mut phone).await;

    // Answers of the chip: one missing, out of order, of an earlier dialogue, sent twice.
    let earlier = counter.reader.answers(&case).await.unwrap();
    assert_eq!(refused(counter.reader.post(ANSWERS, &missing(&earlier)).await), "card.chip_not_genuine");
    assert_eq!(refused(counter.reader.post(ANSWERS, &earlier).await), "desk.out_of_turn", "answers count once");
    let mut disordered = counter.reader.answers(&case).await.unwrap();
    disordered["relay"] = reversed(&disordered["relay"]);
    assert_eq!(refused(counter.reader.post(ANSWERS, &disordered).await), "card.chip_not_genuine");
    counter.reader.answers(&case).await.unwrap();
    assert_eq!(refused(counter.reader.post(ANSWERS, &earlier).await), "card.chip_not_genuine", "of another dialogue");
    let told = expect(counter.reload(&page).await, "desk-card");
    assert_eq!(told.attribute("main", "data-code").unwrap(), "card.chip_not_genuine");

    // The very same card and finger lead on.
    assert_eq!(counter.reader.turn().await.unwrap(), Turn::CardRead);
    assert_eq!(counter.reader.turn().await.unwrap(), Turn::FingerprintSigned);
    let face = expect(counter.reload(&page).await, "desk-face");
    counter.approve(&face).await;
    assert_eq!(state(&mut phone).await, "awaiting_activation");
}

/// The answer, or the connection that was closed before all of it was sent.
fn was_too_long<T>(outcome: &Result<T, Failure>) -> bool {
    match outcome {
        Err(Failure::Refused(refusal)) => refusal.status == 413,
        Err(Failure::Wire(_)) => true,
        Ok(_) | Err(Failure::Card(_) | Failure::Form(_) | Failure::OtherText | Failure::Address) => false,
    }
}

fn missing(answers: &Value) -> Value {
    let mut answers = answers.clone();
    answers["relay"] = shortened(&answers["relay"]);
    answers
}

#[tokio::test]
async fn a_verdict_counts_of_now_from_the_reader_of_the_case_alone() {
    let mut counter = Counter::open().await;
    let (_, qr) = counter.asks("angela").await;
    let page = expect(counter.scan(&qr).await, "desk-card");
    counter.lay("angela");
    assert_eq!(counter.reader.turn().await.unwrap(), Turn::CardRead);
    let case = counter.waiting().await;
    let said = |verdict: String| json!({ "case": case["case"], "verdict": verdict });
    let now = clock::now();
    for (made, what) in [(now - 3_600, "an hour old"), (now + 3_600, "of the next hour")] {
        let late = said(counter.reader.verdict_made_at(&case, made));
        assert_eq!(refused(counter.reader.post(FINGERPRINT, &late).await), "desk.verdict_late", "{what}");
    }
    // One octet of it changed; signed with a key that nobody knows; cut short.
    let good = counter.reader.verdict(&case);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let mut forged = jose::decode(signature).unwrap();
    forged[9] ^= 1;
    let stranger = DeskReader::new(&counter.origin);
    for verdict in [format!("{signed}.{}", jose::encode(forged)), stranger.verdict(&case)] {
        assert_eq!(refused(counter.reader.post(FINGERPRINT, &said(verdict)).await), "desk.verdict_signature");
    }
    let cut = said(signed.to_owned());
    assert_eq!(refused(counter.reader.post(FINGERPRINT, &cut).await), "desk.verdict_malformed");
    expect(counter.reload(&page).await, "desk-finger");
    counter.reader.post(FINGERPRINT, &said(good)).await.unwrap();
    expect(counter.reload(&page).await, "desk-face");
}

#[tokio::test]
async fn a_reader_that_was_withdrawn_and_one_of_another_commune_are_not_heard() {
    let mut counter = Counter::open().await;
    let installation = counter.journey.scene.gateway.installation();
    agent::enrol(installation, ELSEWHERE, "Ailleurs").await.unwrap();
    let invited = agent::invite(installation, ELSEWHERE, "Lea", &["--admin", "--agent"]).await.unwrap();
    let mut lea = Agent::at(&counter.origin);
    expect(lea.come(&invited.link).await.unwrap(), "desk-home");
    let mut far = DeskReader::new(&counter.origin);
    let readers = expect(lea.open("/guichet/lecteurs").await.unwrap(), "desk-readers");
    let key = far.public_key().to_string();
    let fields = [("name", "Guichet 1"), ("key", key.as_str())];
    let button = "form[data-step=register-reader] button";
    let listed = expect(lea.browser.press(&readers, button, &fields).await.unwrap(), "desk-readers");
    let id = listed.attribute("[data-reader]", "data-reader").unwrap();
    assert_eq!(refused(far.turn().await), "desk.reader_proposed");
    let installation = counter.journey.scene.gateway.installation();
    agent::run(installation, &["readers", "accept", "--commune", ELSEWHERE, &id]).await.unwrap();

    let (_, qr) = counter.asks("angela").await;
    let page = expect(counter.scan(&qr).await, "desk-card");
    counter.lay("angela");
    let case = counter.waiting().await;
    let files = counter.reader.files(&case).unwrap();
    assert_eq!(refused(far.post(CARD, &files).await), "desk.reader_elsewhere");
    assert_eq!(far.turn().await.unwrap(), Turn::Idle, "no case of another commune is handed out");
    let verdict = json!({ "case": case["case"], "verdict": far.verdict(&case) });
    assert_eq!(refused(far.post(FINGERPRINT, &verdict).await), "desk.reader_elsewhere");
    // Nor does the agent of another commune learn that there is such a case.
    assert_eq!(lea.open(page.url.path()).await.unwrap().refusal(), "desk.case_unknown");
    assert_eq!(lea.open("/guichet/dossiers/nul").await.unwrap().refusal(), "desk.case_unknown");

    // A second reader of the commune, which another case waits for, and which is then withdrawn.
    let before = expect(counter.nadia.open("/guichet/lecteurs").await.unwrap(), "desk-readers");
    let first = before.attribute("[data-reader]", "data-reader").unwrap();
    let mut second = DeskReader::new(&counter.origin);
    counter.register("Guichet 2", &mut second).await;
    assert_eq!(second.turn().await.unwrap(), Turn::Idle);
    let listed = expect(counter.nadia.open("/guichet/lecteurs").await.unwrap(), "desk-readers");
    let withdraw = format!("[data-reader]:not([data-reader='{first}']) form[data-step=withdraw-reader] button");
    expect(counter.nadia.browser.press(&listed, &withdraw, &[]).await.unwrap(), "desk-readers");
    assert_eq!(refused(second.turn().await), "desk.reader_withdrawn");
    assert_eq!(refused(second.post(CARD, &files).await), "desk.reader_withdrawn");
    assert_eq!(counter.reader.turn().await.unwrap(), Turn::CardRead, "the case goes on with its own");
}

#[tokio::test]
async fn a_reader_serves_one_case_at_a_time_and_a_card_without_a_face_is_none() {
    let mut counter = Counter::open().await;
    assert_eq!(counter.scan("bonjour").await.refusal(), "card.request_unknown");
    let (_, of_hugo) = counter.asks("hugo").await;
    // Another version, another identity, another mark than ours: none opens a case, and the request is still there.
    let (before, token) = of_hugo.rsplit_once('/').unwrap();
    let octets = jose::decode(token).unwrap();
    for at in [0, 5, octets.len() - 1] {
        let mut made_up = octets.clone();
        made_up[at] ^= 1;
        let made_up = format!("{before}/{}", jose::encode(made_up));
        assert_eq!(counter.scan(&made_up).await.refusal(), "card.request_unknown", "octet {at}");
    }

    // Somebody whose card was signed with a photo that is none.
    let faceless = Holder {
        portrait: Portrait { jpeg: b"no picture", jpeg_2000: b"no picture" },
        ..Holder::named("angela").unwrap()
    };
    counter.card_of("angela", faceless);
    let (_, qr) = counter.asks("angela").await;
    let page = expect(counter.scan(&qr).await, "desk-card");
    assert_eq!(counter.scan(&of_hugo).await.refusal(), "desk.reader_busy");
    counter.lay("angela");
    assert_eq!(refused(counter.reader.turn().await), "desk.no_face");
    let told = expect(counter.reload(&page).await, "desk-card");
    assert_eq!(told.attribute("main", "data-code").unwrap(), "desk.no_face");

    // The request of the other was not spent by that: as soon as the reader is free, it serves.
    let asked = counter.nadia.open(&format!("{}?refuser=1", page.url.path())).await.unwrap();
    let reason = [("raison", "card_unreadable")];
    let no = counter.nadia.browser.press(&asked, "form[data-step=refuse] button", &reason).await.unwrap();
    expect(no, "desk-outcome");
    let page = expect(counter.scan(&of_hugo).await, "desk-card");
    // A card of the same number and another chip is not the one of the request.
    let (_, holder) = counter.card("hugo");
    counter.reader.insert(Card::genuine(&counter.pki, &holder), holder.can);
    assert_eq!(refused(counter.reader.turn().await), "card.other_card");
    counter.lay("hugo");
    assert_eq!(counter.reader.turn().await.unwrap(), Turn::CardRead);
    expect(counter.reload(&page).await, "desk-finger");
}
