//! Two things about one card in the same moment (cnie.md §16, concurrency): whatever comes first, nothing is given twice, and
//! nothing outlives what it rests on.

use std::time::{Duration, Instant};

use conformance::agent::Agent;
use conformance::desk_reader::DeskReader;
use conformance::or_skip;
use conformance::phone::{Act, Phone};
use conformance::relying_party::Tokens;
use conformance::tools::Tool;
use serde_json::Value;

use super::counter::{Counter, ask_again, enter, refused, state};
use crate::journey::{eventually, expect};

/// How often a code is redeemed in the very moment of a revocation.
const ROUNDS: usize = 12;
/// How long tokens may live on after what they rest on is over.
const MOMENT: Duration = Duration::from_secs(1);

/// The tokens of an answer to a code; none where it was refused, which it may be in one way alone.
async fn given(answer: reqwest::Response) -> Option<Tokens> {
    let (status, body) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
    if status == 200 {
        return Some(serde_json::from_value(body).unwrap());
    }
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")), "{body}");
    None
}

/// Either nothing was given, or it is worth nothing any more to whoever asks after a moment.
async fn is_worthless(counter: &Counter, tokens: Option<Tokens>) {
    let (Some(tokens), ended) = (tokens, Instant::now()) else { return };
    eventually("the end of the tokens", async || {
        let asked = ended.elapsed();
        let told = counter.journey.service.userinfo(&tokens.access_token).await.unwrap().status().as_u16();
        assert!(told == 401 || told == 200 && asked < MOMENT, "{told} after {asked:?}");
        (told == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_code_redeemed_while_the_certification_is_suspended_gives_nothing_that_lives() {
    let mut counter = Counter::open().await;
    let mut phone = counter.certified("angela").await;
    let id = counter.identity().await;
    let suspend = ["cards", "suspend", id.as_str(), "--word", "essai"];
    let service = &counter.journey.service;
    let installation = counter.journey.scene.gateway.installation();

    // One after the other, both ways: what no race might show is shown here.
    let (ask, back) = counter.back(&mut phone).await;
    let later = back.parameter("code").unwrap();
    let (_, tokens) = counter.tokens(&mut phone).await;
    assert_eq!(service.userinfo(&tokens.access_token).await.unwrap().status().as_u16(), 200);
    assert!(installation.run(&suspend).await.unwrap().status.success());
    is_worthless(&counter, Some(tokens)).await;
    let nothing = given(service.redeem(&ask, &later).await.unwrap()).await;
    assert!(nothing.is_none(), "a code of a certification that is suspended");
    assert_eq!(phone.act(Act::Restore).await.unwrap().state(), "certified");

    for round in 0..ROUNDS {
        let (ask, back) = counter.back(&mut phone).await;
        let code = back.parameter("code").unwrap();
        let redeemed = async {
            // The command needs some time to begin: requests that change nothing pass it, more of them each round.
            for _ in 0..round {
                service.keys().await.unwrap();
            }
            service.redeem(&ask, &code).await.unwrap()
        };
        let (answer, suspended) = tokio::join!(redeemed, installation.run(&suspend));
        assert!(suspended.unwrap().status.success());
        is_worthless(&counter, given(answer).await).await;
        // And not a second time, whatever came of the first.
        assert!(given(service.redeem(&ask, &code).await.unwrap()).await.is_none());
        assert_eq!(phone.act(Act::Restore).await.unwrap().state(), "certified");
    }
    let (_, tokens) = counter.tokens(&mut phone).await;
    assert_eq!(service.userinfo(&tokens.access_token).await.unwrap().status().as_u16(), 200, "it goes on");
}

#[tokio::test]
async fn a_code_redeemed_while_the_citizen_deletes_the_identity_gives_nothing_that_lives() {
    let mut counter = Counter::open().await;
    for name in ["angela", "keiko", "angela", "keiko"] {
        let mut phone = counter.certified(name).await;
        let (ask, back) = counter.back(&mut phone).await;
        let code = back.parameter("code").unwrap();
        let mut visit = phone.begin(Act::Delete).await.unwrap();
        let parcel = phone.prepare(&mut visit, None).await.unwrap();
        // Everything is ready: two requests, sent together.
        let deleted = phone.submit(&mut visit, parcel);
        let (answer, deleted) = tokio::join!(counter.journey.service.redeem(&ask, &code), deleted);
        assert_eq!(deleted.unwrap().state(), "closed");
        is_worthless(&counter, given(answer.unwrap()).await).await;
        assert_eq!(refused(phone.act(Act::Show).await), "card.no_identity");
    }
}

#[tokio::test]
async fn of_two_last_answers_one_makes_an_identity_and_one_mail_is_sent() {
    let counter = Counter::open().await;
    let mut phone = counter.phone("angela");
    let terms = phone.terms().await.unwrap();
    let act = Act::Create { email: "angela@exemple.fr".into(), language: "fr".into(), terms };
    let mut visit = phone.begin(act).await.unwrap();
    let parcel = phone.prepare(&mut visit, None).await.unwrap();
    let [one, other] = phone.submit_twice(&visit, &parcel).await;
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let code = refused(if one.is_ok() { other } else { one });
    assert!(["card.out_of_turn", "card.transaction_unknown"].contains(&code.as_str()), "{code}");
    assert_eq!(state(&mut phone).await, "created");
    let mail = counter.journey.scene.mail_to("angela@exemple.fr", 0).await;
    let link = mail.text.split_whitespace().find(|word| word.contains("/carte/confirmer/")).unwrap();
    let mut browser = counter.journey.citizen();
    let page = expect(browser.open(link).await.unwrap(), "holder-ask");
    expect(browser.press(&page, "button[value=yes]", &[]).await.unwrap(), "holder-told");
    // What comes next is the mail of what is done next.
    ask_again(&mut phone).await;
    let next = counter.journey.scene.mail_to("angela@exemple.fr", mail.id).await;
    assert_eq!(next.subject, "Votre demande de certification");
}

#[tokio::test]
async fn of_two_agents_who_scan_one_code_at_once_one_has_the_case() {
    or_skip!(Tool::Sqlite.find());
    let mut counter = Counter::open().await;
    let mut second = DeskReader::new(&counter.origin);
    counter.register("Guichet 2", &mut second).await;
    let mut samir = enter(&counter.journey.scene, &counter.origin, "Samir", &["--agent"]).await;
    let (mut phone, qr): (Phone, String) = counter.asks("angela").await;
    let scan = async |agent: &mut Agent, at: usize, qr: &str| {
        let home = expect(agent.open("/guichet").await.unwrap(), "desk-home");
        let reader = home.attribute(&format!("select[name=reader] option:nth-of-type({at})"), "value").unwrap();
        agent.browser.press(&home, "form[data-step=scan] button", &[("qr", qr), ("reader", &reader)]).await.unwrap()
    };
    let (one, other) = tokio::join!(scan(&mut counter.nadia, 1, &qr), scan(&mut samir, 2, &qr));
    let (case, late) = if one.name().as_deref() == Some("desk-card") { (one, other) } else { (other, one) };
    assert_eq!(expect(case, "desk-card").status.as_u16(), 200);
    assert_eq!(late.refusal(), "card.request_used", "{}", late.brief());
    assert_eq!(counter.journey.sql("SELECT COUNT(*) FROM desk_cases").unwrap(), "1");
    assert_eq!(state(&mut phone).await, "at_desk");
}
