//! Webhooks: a program hears what becomes of requests for habilitations, knows who told it, and puts it in order.

use conformance::audit;
use conformance::clock::Hands;
use conformance::hook::{Heard, Hook, sign};
use conformance::or_skip;
use conformance::scene::Setting;
use conformance::tools::Tool;
use http::StatusCode;
use serde_json::Value;

use super::reviews::{Town, approve, review, tick};
use crate::journey::{eventually, expect};

/// A webhook as its operator has it in hand.
struct Added {
    id: String,
    secret: String,
}

impl Town {
    async fn add_webhook(&self, hook: &Hook, events: &[&str]) -> Added {
        let uri = hook.uri();
        let mut arguments = vec!["webhooks", "add", &uri, "--json"];
        for event in events {
            arguments.extend(["--event", event]);
        }
        shown(&self.space.idp(&arguments).await)
    }

    /// The state of a webhook.
    async fn state_of(&self, added: &Added) -> String {
        let all: Value = serde_json::from_str(&self.space.idp(&["webhooks", "list", "--json"]).await).unwrap();
        let one = all.as_array().unwrap().iter().find(|one| one["id"] == added.id.as_str()).unwrap();
        one["state"].as_str().unwrap().to_owned()
    }

    async fn calls_of(&self, added: &Added) -> Vec<Value> {
        let printed = self.space.idp(&["webhooks", "deliveries", &added.id, "--json", "--limit", "100"]).await;
        serde_json::from_str::<Value>(&printed).unwrap().as_array().unwrap().clone()
    }

    /// What `idp ARGUMENTS` says that must fail.
    async fn refused(&self, arguments: &[&str]) -> String {
        let output = self.space.scene.gateway.installation().run(arguments).await.unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    async fn test_and_enable(&self, added: &Added) {
        self.space.idp(&["webhooks", "test", &added.id]).await;
        self.space.idp(&["webhooks", "enable", &added.id]).await;
    }
}

fn shown(printed: &str) -> Added {
    let printed: Value = serde_json::from_str(printed).unwrap();
    let text = |name: &str| printed[name].as_str().unwrap().to_owned();
    audit::secret(&text("secret"));
    Added { id: text("id"), secret: text("secret") }
}

/// What was heard of a request that is no test, in the order of its numbers.
fn told(hook: &Hook, request: &str) -> Vec<(i64, String)> {
    let heard: Vec<Value> = hook.heard().iter().map(Heard::json).collect();
    let mut told: Vec<_> = heard
        .iter()
        .filter(|body| body["model_id"] == request)
        .map(|body| (body["number"].as_i64().unwrap(), body["event"].as_str().unwrap().to_owned()))
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn a_program_hears_what_becomes_of_a_request_and_knows_who_told_it() {
    let mut town = Town::open().await;
    let hook = Hook::start(StatusCode::INTERNAL_SERVER_ERROR).await;
    let added = town.add_webhook(&hook, &[]).await;
    // Nothing is told before a test was passed.
    assert!(town.refused(&["webhooks", "enable", &added.id]).await.contains("test"));
    assert!(town.refused(&["webhooks", "test", &added.id]).await.contains("500"));
    assert!(town.refused(&["webhooks", "enable", &added.id]).await.contains("test"));
    let before = town.begin().await;
    hook.set(StatusCode::NO_CONTENT);
    town.test_and_enable(&added).await;
    assert_eq!(town.state_of(&added).await, "on");
    let [failed, test] = &hook.heard()[..] else { panic!("two tests and nothing else: {:?}", hook.heard()) };
    assert!(failed.json()["test"] == true && test.json()["test"] == true && test.json()["timestamp"].is_i64());
    assert!(test.is_signed_with(&added.secret));

    let (id, _) = town.submitted(&[]).await;
    tick(&mut town.ines, &id).await;
    expect(approve(&mut town.ines, &id).await, "request");
    let page = review(&mut town.ines, &id).await;
    let fields = [("reason", "Le service a fermé.")];
    town.ines.press(&page, "form[data-step=revoke] button", &fields).await.unwrap();
    let told = eventually("the end of the request", async || {
        let told = told(&hook, &id);
        (told.last()?.1 == "revoke" && told.len() >= 12).then_some(told)
    })
    .await;
    let names: Vec<&str> = told.iter().map(|(_, event)| event.as_str()).collect();
    assert_eq!((names[0], &names[names.len() - 3..]), ("create", &["submit", "approve", "revoke"][..]));
    assert!(names[1..names.len() - 3].iter().all(|name| *name == "update"), "{names:?}");
    assert!(told.windows(2).all(|two| two[0].0 < two[1].0), "each has a number of its own: {told:?}");
    let earlier = self::told(&hook, &before);
    assert!(earlier.is_empty(), "what was before is not told: {earlier:?}");

    for heard in hook.heard() {
        assert_eq!(heard.headers["content-type"], "application/json");
        assert_eq!(heard.headers["x-app-environment"], "sandbox");
        assert!(heard.is_signed_with(&added.secret), "{:?}", heard.json());
        let mut touched = heard.clone();
        touched.body[20] ^= 1;
        assert!(!touched.is_signed_with(&added.secret) && !heard.is_signed_with("another"));
    }
    let approved = hook.heard().into_iter().map(|heard| heard.json()).find(|body| body["event"] == "approve").unwrap();
    let data = &approved["data"];
    assert_eq!(
        (data["state"].as_str(), data["organization"]["siret"].as_str()),
        (Some("granted"), Some(super::partners::LYON))
    );
    assert_eq!(data["data"]["title"], "Cantine scolaire");
    assert_eq!(data["data"]["scopes"], serde_json::json!(["email"]));
    let habilitation = town.habilitations().await[0]["habilitation"].clone();
    assert_eq!(
        (&data["authorizations"][0]["id"], &approved["model_type"]),
        (&habilitation, &"habilitation_request".into())
    );

    // Another secret, another address: off until it passes a test there.
    let rotated = shown(&town.space.idp(&["webhooks", "rotate", &added.id, "--json"]).await);
    assert_eq!(town.state_of(&added).await, "untested");
    assert!(town.refused(&["webhooks", "enable", &added.id]).await.contains("test"));
    town.test_and_enable(&added).await;
    let last = hook.heard().pop().unwrap();
    assert!(last.is_signed_with(&rotated.secret) && !last.is_signed_with(&added.secret));
    let other = Hook::start(StatusCode::OK).await;
    town.space.idp(&["webhooks", "change", &added.id, "--url", &other.uri()]).await;
    assert_eq!(town.state_of(&added).await, "untested");
    for bad in
        ["https://10.0.0.1/crochet", "http://exemple.fr/crochet", "https://169.254.169.254/", "file:///etc/passwd"]
    {
        assert!(town.refused(&["webhooks", "add", bad]).await.contains("cannot be called"), "{bad}");
    }
    town.space.idp(&["webhooks", "remove", &added.id]).await;
    assert!(town.refused(&["webhooks", "deliveries", &added.id]).await.contains("no webhook"));
}

#[tokio::test]
async fn a_call_in_vain_is_made_again_until_the_webhook_is_off_and_by_hand_afterwards() {
    let hands = or_skip!(Hands::make());
    let mut town = Town::set(Setting { environment: hands.environment(), ..Setting::default() }).await;
    let hook = Hook::start(StatusCode::OK).await;
    let added = town.add_webhook(&hook, &["submit"]).await;
    town.test_and_enable(&added).await;
    hook.set(StatusCode::INTERNAL_SERVER_ERROR);
    let (id, _) = town.submitted(&[]).await;
    let count = |id: &str| told(&hook, id).len();
    eventually("a first call", async || (count(&id) == 1).then_some(())).await;
    hook.set(StatusCode::OK);
    eventually("a second call", async || (count(&id) == 2).then_some(())).await;
    let same: Vec<_> = hook.heard().into_iter().filter(|heard| heard.json()["model_id"] == id.as_str()).collect();
    assert_eq!((&same[0].body, same[0].signature()), (&same[1].body, same[1].signature()), "the same bytes");
    let call = same[0].json()["call"].as_str().unwrap().to_owned();
    let kept = eventually("what became of it", async || {
        town.calls_of(&added).await.into_iter().find(|kept| kept["id"] == call.as_str() && kept["state"] == "taken")
    })
    .await;
    assert_eq!(
        (kept["attempts"].as_i64(), kept["status"].as_i64(), &kept["answer"]),
        (Some(2), Some(200), &"reçu".into())
    );
    assert_eq!(kept["body"].as_str().unwrap().as_bytes(), same[0].body);

    hook.set(StatusCode::SERVICE_UNAVAILABLE);
    let (lost, _) = town.submitted(&[]).await;
    for attempt in 1..=5_i64 {
        // Time passes, and something else wakes the courier.
        hands.set(attempt * 400);
        town.begin().await;
        eventually("another call", async || (count(&lost) >= usize::try_from(attempt).unwrap()).then_some(())).await;
        eventually("what came of it", async || {
            let calls = town.calls_of(&added).await;
            let made = |call: &Value| call["request"] == lost.as_str() && call["attempts"].as_i64() >= Some(attempt);
            calls.iter().any(made).then_some(())
        })
        .await;
    }
    assert_eq!(town.state_of(&added).await, "given_up");
    let lost_call = town.calls_of(&added).await.into_iter().find(|call| call["request"] == lost.as_str()).unwrap();
    assert_eq!((lost_call["state"].as_str(), lost_call["status"].as_i64()), (Some("given_up"), Some(503)));
    assert!(town.refused(&["webhooks", "enable", &added.id]).await.contains("test"));
    hands.set(2_700);
    town.begin().await;

    hook.set(StatusCode::OK);
    town.test_and_enable(&added).await;
    assert_eq!(count(&lost), 5, "nothing is made again by itself");
    town.space.idp(&["webhooks", "replay", lost_call["id"].as_str().unwrap()]).await;
    town.begin().await;
    eventually("the lost call", async || (count(&lost) == 6).then_some(())).await;
    assert!(hook.heard().iter().all(|heard| heard.is_signed_with(&added.secret)));
}

#[tokio::test]
async fn the_standard_library_of_python_takes_the_signature_for_right() {
    let python = or_skip!(Tool::Python.find());
    let script = "import hashlib,hmac,sys; print('sha256='+hmac.new(sys.argv[1].encode(),sys.argv[2].encode(),hashlib.sha256).hexdigest())";
    let town = Town::open().await;
    let hook = Hook::start(StatusCode::OK).await;
    let added = town.add_webhook(&hook, &[]).await;
    town.space.idp(&["webhooks", "test", &added.id]).await;
    let heard = hook.heard().pop().unwrap();
    let body = String::from_utf8(heard.body.clone()).unwrap();
    let output =
        tokio::process::Command::new(python).args(["-c", script, &added.secret, &body]).output().await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), heard.signature());
    assert_eq!(sign(&added.secret, &heard.body), heard.signature());
}
