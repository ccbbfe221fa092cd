use super::super::acting::{Acting, Write};
use super::super::form::Form;
use super::super::review::{Draft, Review};
use super::*;
use crate::id::HabilitationRequestId;
use crate::organisation::siret::Siret;

fn secret(of: u8) -> SharedSecret {
    SharedSecret::from_random(&[of; 32])
}

fn webhook() -> Webhook {
    let uri = WebhookUri::parse("https://supervision.example.fr/crochet").expect("an address");
    let events = [HookEvent::Approve, HookEvent::Revoke].into();
    Webhook::new(WebhookId::from_random([1; 16]), uri, events, secret(1))
}

#[test]
fn a_signature_is_that_of_these_bytes_under_this_secret() {
    // A key longer than a block; then RFC 4231 §4.3.
    let long = SharedSecret(Zeroizing::new("\u{2a}".repeat(131)));
    assert!(long.signed(b"x", &long.sign(b"x")));
    let known = SharedSecret(Zeroizing::new("Jefe".to_owned()));
    let of_rfc = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(known.sign(b"what do ya want for nothing?"), of_rfc);
    assert!(known.signed(b"what do ya want for nothing?", of_rfc));
    assert!(known.signed(b"what do ya want for nothing?", &format!("sha256={}", of_rfc[7..].to_uppercase())));
    let short = &of_rfc[..of_rfc.len() - 2];
    for bad in ["", "sha256=", &of_rfc[7..], short, &of_rfc.replace("sha256", "sha1"), &of_rfc.replace('5', "é")] {
        assert!(!known.signed(b"what do ya want for nothing?", bad), "{bad}");
    }
    assert!(!known.signed(b"what do ya want for nothing!", of_rfc));
    assert!(!secret(1).signed(b"x", &secret(2).sign(b"x")));
}

#[test]
fn a_secret_that_anybody_may_guess_is_none() {
    assert_eq!(SharedSecret::parse(&"x".repeat(31)), Err(ShortSecret));
    assert!(SharedSecret::parse(&"x".repeat(32)).is_ok());
    assert!(!format!("{:?}", secret(7)).contains(secret(7).expose()));
}

#[test]
fn a_webhook_is_called_only_where_a_test_was_passed() {
    let hears = |hook: &Webhook| hook.hears(Happened::Granted);
    assert_eq!(webhook().enabled(), Err(NotTested));
    let on = webhook().tested().enabled().expect("tested");
    assert_eq!((hears(&on), hears(&webhook()), hears(&webhook().tested())), (Some(HookEvent::Approve), None, None));
    assert_eq!(on.clone().disabled().enabled().expect("tested before"), on);
    let elsewhere = WebhookUri::parse("https://ailleurs.example.fr/").expect("an address");
    for changed in [on.clone().at(elsewhere), on.clone().with_secret(secret(2)), on.clone().given_up()] {
        assert_eq!(hears(&changed), None);
        assert_eq!(changed.clone().disabled().enabled(), Err(NotTested));
        assert_eq!(hears(&changed.tested().enabled().expect("tested anew")), Some(HookEvent::Approve));
    }
    let here = on.uri.clone();
    assert_eq!(on.clone().at(here), on, "the same address is no other");
}

#[test]
fn a_webhook_is_told_of_what_it_asked_for_alone() {
    let on = webhook().tested().enabled().expect("tested");
    let heard: Vec<_> = Happened::ALL.into_iter().filter_map(|happened| on.hears(happened)).collect();
    assert_eq!(heard, [HookEvent::Approve, HookEvent::Revoke]);
    let told: BTreeSet<_> = Happened::ALL.into_iter().filter_map(HookEvent::of).collect();
    assert_eq!(told.into_iter().collect::<Vec<_>>(), HookEvent::ALL, "every event has a change that it tells of");
    for event in HookEvent::ALL {
        assert_eq!(HookEvent::parse(event.name()), Some(*event));
        assert_eq!(json!(event), json!(event.name()));
    }
}

#[test]
fn a_body_has_the_members_that_datapass_sends() {
    let siret = Siret::parse("21690123100011").expect("a SIRET");
    let mut form = Form::default();
    form.set(Field::Title, "Cantine").expect("fit");
    let scope = Scope::parse("email").expect("a scope");
    form.set(Field::Asks(scope), "on").expect("fit");
    let (by, at) = (Acting::<Write>::operator(), Timestamp::from_epoch(1000));
    let id = HabilitationRequestId::from_random([3; 16]);
    let review: Review<Draft> = Review::open(id, siret, &by, at).expect("the operator may");
    let review = review.write(&by, form, at).expect("the operator may").into();
    let told = Occurrence {
        review: &review,
        number: 2,
        happened: Happened::Written,
        by: by.author(),
        at: Timestamp::from_epoch(1010),
        organisation: Some("Commune de Lyon"),
    };
    let call = WebhookCallId::from_random([4; 16]);
    let body: Value = serde_json::from_str(&told.body(HookEvent::Update, &call)).expect("JSON");
    assert_eq!((&body["event"], &body["fired_at"], &body["number"]), (&json!("update"), &json!(1010), &json!(2)));
    assert_eq!(
        (&body["model_id"], &body["call"], &body["test"]),
        (&json!("03".repeat(16)), &json!(call), &json!(false))
    );
    let data = &body["data"];
    assert_eq!((&data["state"], &data["organization"]["siret"]), (&json!("draft"), &json!("21690123100011")));
    assert_eq!(data["organization"]["name"], "Commune de Lyon");
    assert_eq!(data["data"], json!({"title": "Cantine", "scopes": ["email"]}));
    let test: Value = serde_json::from_str(&test_body(&call, at)).expect("JSON");
    assert_eq!((&test["test"], &test["timestamp"]), (&json!(true), &json!(1000)));
}

#[test]
fn calls_in_vain_come_further_and_further_apart() {
    let waits: Vec<_> = (1..=5).map(|attempt| wait_after(attempt).as_seconds()).collect();
    assert_eq!(waits, [3, 18, 83, 258, 627]);
    assert_eq!(wait_after(i64::MAX), wait_after(5));
    assert!([200, 201, 204].into_iter().all(is_taken));
    assert!(![199, 202, 203, 205, 301, 302, 400, 404, 500].into_iter().any(is_taken));
    assert_eq!(kept_answer("é".repeat(20_000).as_bytes()).chars().count(), 10_000);
}
