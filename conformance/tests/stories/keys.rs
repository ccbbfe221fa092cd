//! The signing keys: rotated during traffic without a token lost, by hand and by schedule, sealed or on a token.

use conformance::or_skip;
use conformance::process::Signals;
use conformance::relying_party::{Ask, RelyingParty, Tokens};
use conformance::scene::Setting;
use conformance::site::free_port;
use conformance::token::{Presence, Token};
use conformance::tools::Tool;
use conformance::upstream::ProviderId;
use futures_util::future::join_all;
use jsonwebtoken::jwk::{JwkSet, PublicKeyUse};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::journey::{Journey, eventually};

/// How long a key is announced before it signs, and how long it verifies after, in seconds.
const LEAD: i64 = 900;
const VERIFIES: i64 = 86_400;
const ALGORITHMS: [&str; 4] = ["ES256", "PS256", "EdDSA", "RS256"];

/// Lets time go by for the signing keys alone: their dates move back, and the gateway reads them anew.
fn let_pass(journey: &Journey, seconds: i64) {
    let text = format!(
        "BEGIN IMMEDIATE; \
         UPDATE signing_keys SET announced = announced - {seconds}, signs_from = signs_from - {seconds}; \
         UPDATE changes SET count = count + 1 WHERE topic = 'keys'; COMMIT"
    );
    journey.sql(&text).unwrap();
}

async fn idp(journey: &Journey, arguments: &[&str]) -> String {
    let output = journey.scene.gateway.installation().run(arguments).await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn listed(journey: &Journey) -> Vec<Value> {
    serde_json::from_str(&idp(journey, &["keys", "list", "--json"]).await).unwrap()
}

/// The `kid` of the key of an algorithm in a state.
async fn kid(journey: &Journey, algorithm: &str, state: &str) -> Option<String> {
    let keys = listed(journey).await;
    let found = keys.iter().find(|key| key["algorithm"] == algorithm && key["state"] == state);
    found.map(|key| key["kid"].as_str().unwrap().to_owned())
}

/// What the journal tells of a key.
fn told(journey: &Journey, kid: &str) -> Vec<String> {
    let text =
        format!("SELECT details FROM journal WHERE kind = 'key_changed' AND details LIKE '%{kid}%' ORDER BY number");
    let details = journey.sql(&text).unwrap();
    let words = details.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    words.map(|act| format!("{} {}", act["change"], act["cause"]).replace('"', "")).collect()
}

/// The published keys that verify, as a relying party keeps them, and for how long it may.
async fn published(service: &RelyingParty) -> (JwkSet, String) {
    let answer = reqwest::get(&service.metadata.jwks_uri).await.unwrap();
    let cache = answer.headers()["cache-control"].to_str().unwrap().to_owned();
    let mut set: JwkSet = answer.json().await.unwrap();
    set.keys.retain(|key| key.common.public_key_use == Some(PublicKeyUse::Signature));
    (set, cache)
}

fn kids(keys: &JwkSet) -> Vec<&str> {
    keys.keys.iter().filter_map(|key| key.common.key_id.as_deref()).collect()
}

/// Verifies with keys that were kept, without looking for others; the `kid`.
fn verifies(keys: &JwkSet, service: &RelyingParty, tokens: &Tokens) -> Result<String, String> {
    let header = decode_header(&tokens.id_token).unwrap();
    let kid = header.kid.unwrap();
    let key = keys.find(&kid).ok_or_else(|| format!("{kid} is unknown"))?;
    let mut strict = Validation::new(header.alg);
    strict.set_audience(&[&service.client_id]);
    let claims = decode::<Value>(&tokens.id_token, &DecodingKey::from_jwk(key).unwrap(), &strict);
    claims.map(|_| kid).map_err(|error| error.to_string())
}

async fn tokens(journey: &Journey) -> (Ask, Tokens) {
    journey.tokens(ProviderId::Impots, "angela").await
}

#[tokio::test]
async fn attack_g14_keys_are_rotated_during_traffic_and_no_kept_jwks_lacks_the_key_of_a_token() {
    or_skip!(Tool::Sqlite.find());
    let mut journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Archives");
    metadata["id_token_signed_response_alg"] = json!("ES256");
    journey.service = journey.register(&metadata).await;
    let old = kid(&journey, "ES256", "signing").await.unwrap();
    let (_, first) = tokens(&journey).await;
    let (before, cache) = published(&journey.service).await;
    assert_eq!(cache, "public, max-age=600");

    idp(&journey, &["keys", "rotate", "--algorithm", "ES256"]).await;
    let new = kid(&journey, "ES256", "announced").await.unwrap();
    let kept = eventually("the announced key", async || {
        let (keys, _) = published(&journey.service).await;
        kids(&keys).contains(&new.as_str()).then_some(keys)
    })
    .await;
    assert!(!kids(&before).contains(&new.as_str()));
    let (_, announced) = tokens(&journey).await;
    assert_eq!(verifies(&before, &journey.service, &announced), Ok(old.clone()), "what is announced does not sign");

    let_pass(&journey, LEAD);
    eventually("a token by the new key, each on the way verified with the kept JWKS", async || {
        let (_, tokens) = tokens(&journey).await;
        (verifies(&kept, &journey.service, &tokens).unwrap() == new).then_some(())
    })
    .await;
    let (after, _) = published(&journey.service).await;
    assert_eq!(verifies(&after, &journey.service, &first), Ok(old.clone()), "what it signed still verifies");

    let_pass(&journey, VERIFIES);
    // The first thing that a gateway does beside its requests is to look after its keys.
    journey.scene.gateway.restart().await.unwrap();
    let whole = ["announced first_use", "signing clock", "verifying clock", "retired clock", "erased clock"];
    eventually("the erased key", async || (told(&journey, &old) == whole).then_some(())).await;
    assert_eq!(told(&journey, &new), ["announced operator", "signing clock"]);
    let (last, _) = published(&journey.service).await;
    assert!(!kids(&last).contains(&old.as_str()) && kids(&last).contains(&new.as_str()));
    assert_eq!(journey.sql(&format!("SELECT count(*) FROM signing_keys WHERE kid = '{old}'")).unwrap(), "0");
    idp(&journey, &["journal", "verify"]).await;
}

#[tokio::test]
async fn a_key_that_is_withdrawn_signs_and_verifies_nothing_any_more() {
    or_skip!(Tool::Sqlite.find());
    let mut journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Archives");
    metadata["id_token_signed_response_alg"] = json!("ES256");
    journey.service = journey.register(&metadata).await;
    let beside = journey.scene.gateway.installation().beside(free_port()).unwrap();
    let _second = beside.serve(Signals::Shared).await.unwrap();
    let stolen = kid(&journey, "ES256", "signing").await.unwrap();
    let (_, first) = tokens(&journey).await;
    idp(&journey, &["keys", "rotate", "--algorithm", "ES256"]).await;
    let next = kid(&journey, "ES256", "announced").await.unwrap();

    // The next one was announced a moment ago; without a next one, one is made.
    for (withdrawn, follows) in [(stolen.clone(), Some(next.clone())), (next.clone(), None)] {
        let said = idp(&journey, &["keys", "withdraw", "--", &withdrawn]).await;
        let signs = kid(&journey, "ES256", "signing").await.unwrap();
        assert!(follows.is_none_or(|follows| follows == signs) && said.contains(&signs), "{said}");
        let keys = eventually("a token by the next key", async || {
            let (_, again) = tokens(&journey).await;
            let (keys, _) = published(&journey.service).await;
            (verifies(&keys, &journey.service, &again) == Ok(signs.clone())).then_some(keys)
        })
        .await;
        assert!(!kids(&keys).contains(&withdrawn.as_str()));
        assert!(verifies(&keys, &journey.service, &first).is_err(), "what it signed is worth nothing");
        eventually("the other node without it", async || {
            let set: JwkSet = reqwest::get(format!("{}/jwks", beside.base())).await.unwrap().json().await.unwrap();
            (!kids(&set).contains(&withdrawn.as_str()) && kids(&set).contains(&signs.as_str())).then_some(())
        })
        .await;
        assert_eq!(told(&journey, &withdrawn).last().map(String::as_str), Some("withdrawn operator"));
        assert_eq!(journey.sql(&format!("SELECT count(*) FROM signing_keys WHERE kid = '{withdrawn}'")).unwrap(), "0");
    }
    let nobody = journey.scene.gateway.installation().run(&["keys", "withdraw", "--", &stolen]).await.unwrap();
    assert!(!nobody.status.success() && String::from_utf8_lossy(&nobody.stderr).contains("there is no key"));
    idp(&journey, &["journal", "verify"]).await;
}

#[tokio::test]
async fn the_schedule_announces_the_next_key_of_each_algorithm() {
    or_skip!(Tool::Sqlite.find());
    let mut journey = Journey::start().await;
    let_pass(&journey, 90 * 86_400);
    journey.scene.gateway.restart().await.unwrap();
    let announced = eventually("a new key of each algorithm", async || {
        let keys = listed(&journey).await;
        let announced: Vec<Value> = keys.into_iter().filter(|key| key["state"] == "announced").collect();
        (announced.len() == ALGORITHMS.len()).then_some(announced)
    })
    .await;
    for key in &announced {
        assert_eq!(told(&journey, key["kid"].as_str().unwrap()), ["announced schedule"]);
    }
    eventually("all of them in the JWKS", async || {
        let (keys, _) = published(&journey.service).await;
        (keys.keys.len() == 2 * ALGORITHMS.len()).then_some(())
    })
    .await;
}

/// A scene whose signing keys are made on a token.
async fn on(token: &Token) -> Journey {
    let environment = vec![token.environment(), token.pin()];
    Journey::set(Setting { overrides: token.configuration(), environment, ..Setting::default() }).await
}

#[tokio::test]
async fn keys_on_a_token_sign_citizens_in_by_every_algorithm() {
    let token = or_skip!(Token::make());
    let mut journey = on(&token).await;
    assert!(listed(&journey).await.iter().all(|key| key["holder"] == "pkcs11"));
    assert_eq!(token.objects(), 2 * ALGORITHMS.len());
    let discovery = format!("{}/.well-known/openid-configuration", journey.scene.gateway.issuer());
    let discovery: Value = reqwest::get(discovery).await.unwrap().json().await.unwrap();
    assert_eq!(discovery["id_token_signing_alg_values_supported"], json!(ALGORITHMS));
    for algorithm in ALGORITHMS {
        let mut metadata = RelyingParty::ordinary(algorithm);
        metadata["id_token_signed_response_alg"] = json!(algorithm);
        metadata["userinfo_signed_response_alg"] = json!(algorithm);
        journey.service = journey.register(&metadata).await;
        let (ask, tokens) = tokens(&journey).await;
        assert_eq!(decode_header(&tokens.id_token).unwrap().kid, kid(&journey, algorithm, "signing").await);
        journey.service.verify(&ask, &tokens).await.unwrap();
        // More at once than the token has sessions: the others wait.
        let userinfo = join_all((0..24).map(|_| journey.service.userinfo(&tokens.access_token))).await;
        for answer in userinfo {
            let jwt = answer.unwrap().error_for_status().unwrap().text().await.unwrap();
            let claims = journey.service.verify_jwt(&jwt).await.unwrap();
            assert_eq!(claims["iss"], journey.scene.gateway.issuer());
        }
    }
}

#[tokio::test]
async fn while_the_token_is_away_nothing_is_signed_and_everything_else_goes_on() {
    let token = or_skip!(Token::make());
    let mut journey = on(&token).await;
    let mut metadata = RelyingParty::ordinary("Archives");
    metadata["userinfo_signed_response_alg"] = json!("ES256");
    journey.service = journey.register(&metadata).await;
    let (_, tokens) = tokens(&journey).await;
    let status = async || journey.service.userinfo(&tokens.access_token).await.unwrap().status().as_u16();
    assert_eq!(status().await, 200);
    token.set(Presence::Away);
    for _ in 0..12 {
        assert_eq!(status().await, 503);
    }
    let ready = format!("{}/readyz", journey.scene.gateway.issuer());
    assert!(reqwest::get(ready).await.unwrap().status().is_success());
    assert_eq!(published(&journey.service).await.0.keys.len(), ALGORITHMS.len(), "what was signed still verifies");
    token.set(Presence::Here);
    eventually("a signature by the token that is back", async || (status().await == 200).then_some(())).await;
}

#[tokio::test]
async fn keys_on_a_token_are_rotated_on_it_and_destroyed_there() {
    or_skip!(Tool::Sqlite.find());
    let token = or_skip!(Token::make());
    let mut journey = on(&token).await;
    let (ask, old) = tokens(&journey).await;
    let algorithm = format!("{:?}", decode_header(&old.id_token).unwrap().alg);
    idp(&journey, &["keys", "rotate", "--algorithm", &algorithm]).await;
    assert_eq!(token.objects(), 2 * (ALGORITHMS.len() + 1));
    let new = kid(&journey, &algorithm, "announced").await.unwrap();
    let_pass(&journey, LEAD);
    eventually("a token by the new key", async || {
        let (ask, tokens) = tokens(&journey).await;
        journey.service.verify(&ask, &tokens).await.unwrap();
        (decode_header(&tokens.id_token).unwrap().kid.as_deref() == Some(new.as_str())).then_some(())
    })
    .await;
    journey.service.verify(&ask, &old).await.unwrap();
    let_pass(&journey, VERIFIES);
    journey.scene.gateway.restart().await.unwrap();
    eventually("the end of the old pair", async || (token.objects() == 2 * ALGORITHMS.len()).then_some(())).await;
    tokens(&journey).await;
}

#[tokio::test]
async fn keys_move_to_a_token_and_back_and_a_wrong_pin_is_said_clearly() {
    let token = or_skip!(Token::make());
    let environment = vec![token.environment(), token.pin()];
    let mut overrides = token.configuration();
    overrides["keys"]["holder"] = "registry".into();
    let journey = Journey::set(Setting { overrides, environment, ..Setting::default() }).await;
    let installation = journey.scene.gateway.installation();
    let edit = |from: &str, to: &str| {
        let text = std::fs::read_to_string(installation.config()).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(installation.config(), text.replace(from, to)).unwrap();
    };
    edit("holder = \"registry\"", "holder = \"pkcs11\"");
    idp(&journey, &["keys", "rotate", "--algorithm", "ES256"]).await;
    edit("holder = \"pkcs11\"", "holder = \"registry\"");
    idp(&journey, &["keys", "rotate", "--algorithm", "EdDSA"]).await;
    let keys = listed(&journey).await;
    let count =
        |state: &str, holder: &str| keys.iter().filter(|key| key["state"] == state && key["holder"] == holder).count();
    assert_eq!([count("signing", "registry"), count("announced", "registry"), count("announced", "pkcs11")], [4, 1, 1]);
    assert_eq!(token.objects(), 2);

    std::fs::write(installation.config().with_file_name("pin"), "another").unwrap();
    edit("[keys.pkcs11]", "[keys.pkcs11]\npin_file = \"pin\"");
    let output = installation.without("PASSERELLE_PKCS11_PIN").run(&["keys", "check"]).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("the PIN is not the token's"), "{said}");
    assert!(!said.contains("another"), "{said}");
}
