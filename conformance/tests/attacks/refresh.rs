//! Group C: refresh tokens, replayed, stolen, outlived by what they stand on.

use std::collections::BTreeSet;

use conformance::audit;
use conformance::engines::Redis;
use conformance::fapi::{FapiParty, Tokens};
use conformance::gateway::{Ephemeral, Standing};
use conformance::jose::{self, Algorithm, SigningKey};
use conformance::or_skip;
use conformance::relying_party::{self, Ask, RelyingParty};
use conformance::scene::Setting;
use conformance::tools::Tool;
use conformance::upstream::ProviderId;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::fapi::Secured;
use crate::journey::{Journey, accept, citizen_of, eventually};

/// Metadata of a service that holds no key, and may ask for refresh tokens: they are rotated.
fn plain(name: &str) -> Value {
    let mut metadata = RelyingParty::ordinary(name);
    metadata["grant_types"] = json!(["authorization_code", "refresh_token"]);
    metadata
}

fn offline(service: &RelyingParty) -> Ask {
    service.ask("openid profile offline_access").and("prompt", "consent")
}

/// A whole sign-in of angela.
async fn tokens(journey: &Journey, service: &RelyingParty, ask: &Ask) -> relying_party::Tokens {
    let back = journey.to_return(&mut citizen_of(service), ask, ProviderId::Impots, "angela").await;
    service.finish(ask, &back).await.unwrap()
}

/// Uses a refresh token.
async fn used(service: &RelyingParty, token: &str) -> reqwest::Response {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    service.token_request(&form).await.unwrap()
}

/// The status, and the tokens or the error.
async fn refresh(service: &RelyingParty, token: &str) -> (u16, Value) {
    let answer = used(service, token).await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("{name} in {answer}")).to_owned()
}

async fn opens(service: &RelyingParty, token: &str) -> u16 {
    let answer = service.userinfo(token).await.unwrap();
    let status = answer.status().as_u16();
    if status != 200 {
        assert_eq!(audit::refusal(&answer), "token.refused");
    }
    status
}

/// What a refusal is: told as `invalid_grant`, and accounted for under its code.
fn refused(code: &str) -> (u16, String, String) {
    (400, "invalid_grant".into(), format!("grant.{code}"))
}

/// Status, error and the code of the event of a refusal.
async fn told(answer: reqwest::Response) -> (u16, String, String) {
    let (status, code) = (answer.status().as_u16(), audit::refusal(&answer));
    let answer: Value = answer.json().await.unwrap();
    (status, answer["error"].as_str().unwrap_or_default().to_owned(), code)
}

#[tokio::test]
async fn of_fifty_parallel_uses_of_a_rotating_token_one_succeeds_and_the_family_ends() {
    let journey = Journey::start().await;
    let service = journey.register(&plain("Ville")).await;
    let first = tokens(&journey, &service, &offline(&service)).await;
    let (status, second) = refresh(&service, &first.refresh_token.unwrap()).await;
    assert_eq!(status, 200, "{second}");
    let (live, raced) = (text(&second, "access_token"), text(&second, "refresh_token"));
    assert_eq!((opens(&service, &first.access_token).await, opens(&service, &live).await), (200, 200));

    // Fifty connections that stand already: otherwise the first request is over before the last has one.
    join_all((0..50).map(|_| refresh(&service, "unknown"))).await;
    let answers = join_all((0..50).map(|_| used(&service, &raced))).await;
    let (mut good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 200);
    assert_eq!(good.len(), 1, "C17");
    let mut told_as = BTreeSet::new();
    for answer in bad {
        let told = told(answer).await;
        // Whoever came when the family was gone already found nothing to revoke.
        assert!([refused("refresh_replayed"), refused("refresh_unknown")].contains(&told), "C17: {told:?}");
        told_as.insert(told.2);
    }
    assert!(told_as.contains("grant.refresh_replayed"), "C17: the end of the family is accounted for: {told_as:?}");
    let newest: Value = good.remove(0).json().await.unwrap();
    let again = used(&service, &text(&newest, "refresh_token")).await;
    assert_eq!(told(again).await, refused("refresh_unknown"), "C17: the newest is revoked");
    for token in [&first.access_token, &live, &text(&newest, "access_token")] {
        assert_eq!(opens(&service, token).await, 401, "C17: every access token of the family is revoked");
    }
    // Another family of the same citizen at the same service is another matter.
    let other = tokens(&journey, &service, &offline(&service)).await;
    assert_eq!(told(used(&service, &raced).await).await, refused("refresh_replayed"));
    assert_eq!(opens(&service, &other.access_token).await, 200);
    assert_eq!(refresh(&service, &other.refresh_token.unwrap()).await.0, 200);
}

#[tokio::test]
async fn a_token_that_was_rotated_away_ends_its_family_when_it_comes_back() {
    let journey = Journey::start().await;
    let service = journey.register(&plain("Ville")).await;
    let first = tokens(&journey, &service, &offline(&service)).await;
    let mut chain = vec![first.refresh_token.unwrap()];
    for _ in 0..3 {
        let (status, next) = refresh(&service, chain.last().unwrap()).await;
        assert_eq!(status, 200, "{next}");
        let next = text(&next, "refresh_token");
        assert!(!chain.contains(&next), "each is new");
        chain.push(next);
    }
    assert_eq!(told(used(&service, &chain[1]).await).await, refused("refresh_replayed"));
    let last = told(used(&service, &chain[3]).await).await;
    assert_eq!(last, refused("refresh_unknown"), "nobody can tell who stole it");
    assert_eq!(opens(&service, &first.access_token).await, 401);
}

#[tokio::test]
async fn a_bound_token_stays_and_may_be_tried_again() {
    let journey = Journey::start().await;
    let service = Secured::register(&journey).await;
    let first = service.offline().await;
    let token = first.refresh_token.as_deref().unwrap();
    let refresh = || service.party.refresh(token, Some(&*service.holder), &[]);
    let answers = join_all((0..50).map(|_| refresh())).await;
    for answer in answers {
        let tokens = answer.unwrap().tokens().unwrap();
        assert!(tokens.refresh_token.is_none_or(|next| next == token), "FAPI 2.0 5.3.2.1-9: no rotation");
        assert_eq!((tokens.token_type.as_str(), tokens.scope.as_str()), ("DPoP", first.scope.as_str()));
        assert_ne!(tokens.access_token, first.access_token);
        assert_eq!(service.opens(&tokens.access_token).await, 200);
    }
    assert_eq!(service.opens(&first.access_token).await, 200);

    // The same for a service that need not prove a key, and did (RFC 9449 §5).
    let key = SigningKey::generate(Algorithm::Es256);
    let mut metadata = FapiParty::ordinary("Mairie", &key);
    metadata["passerelle"]["profile"] = json!("standard");
    metadata["dpop_bound_access_tokens"] = json!(false);
    metadata["require_pushed_authorization_requests"] = json!(false);
    let party = FapiParty::register(journey.scene.gateway.installation(), &metadata, key).await.unwrap();
    let service = Secured { party, holder: service.holder };
    let tokens = service.offline().await;
    let token = tokens.refresh_token.unwrap();
    for _ in 0..2 {
        let next = service.party.refresh(&token, Some(&*service.holder), &[]).await.unwrap().tokens().unwrap();
        assert!(next.token_type == "DPoP" && next.refresh_token.is_none(), "{next:?}");
    }
    let bare = service.party.refresh(&token, None, &[]).await.unwrap();
    let told = refused("refresh_bound_otherwise");
    assert_eq!(bare.refusal(), told, "who proves no key gets no token that needs none");
}

#[tokio::test]
async fn a_refresh_token_is_of_use_to_its_client_with_a_key_for_what_was_granted() {
    let journey = Journey::start().await;
    let (service, other) = (Secured::register(&journey).await, Secured::register(&journey).await);
    let tokens = service.tokens(&service.party.ask_offline("openid profile birth")).await;
    let (token, holder) = (tokens.refresh_token.as_deref().unwrap(), &service.holder);
    let next = SigningKey::generate(Algorithm::Es256);
    let with = async |more: &[(&str, &str)]| service.party.refresh(token, Some(&**holder), more).await.unwrap();

    let stolen = other.party.refresh(token, Some(&**holder), &[]).await.unwrap();
    assert_eq!(stolen.refusal(), refused("refresh_of_another_client"), "another client, even with the key");
    let bare = service.party.refresh(token, None, &[]).await.unwrap();
    assert_eq!(bare.refusal(), (400, "invalid_dpop_proof".into(), "dpop.proof_invalid".into()), "no key");
    // RFC 9449 §5: the client proves who it is; the access token is bound to the key that comes with the call.
    let anew = service.party.refresh(token, Some(&next), &[]).await.unwrap().tokens().unwrap();
    assert_eq!(service.party.userinfo(&anew.access_token, &next).await.unwrap().status, 200, "the next key");
    assert_eq!(service.party.userinfo(&anew.access_token, holder).await.unwrap().status, 401, "not the one before");
    for (case, scope, error) in [
        ("more than was granted", "openid profile birth email", "invalid_scope"),
        ("something else", "openid email", "invalid_scope"),
        ("no openid", "profile", "invalid_scope"),
        ("no scope at all", "openid nonsense", "invalid_scope"),
    ] {
        let told = with(&[("scope", scope)]).await.refusal();
        assert_eq!(told, (400, error.to_owned(), format!("request.{error}")), "{case}");
    }
    let malformed = || (400, "invalid_request".to_owned(), "request.invalid_request".to_owned());
    for (case, more) in [("two tokens", ("refresh_token", token)), ("two grants", ("grant_type", "refresh_token"))] {
        assert_eq!(with(&[more]).await.refusal(), malformed(), "{case}");
    }
    let twice = with(&[("scope", "openid profile"), ("scope", "openid profile")]).await;
    assert_eq!(twice.refusal(), malformed(), "two scopes");
    for (case, unknown, told) in [
        ("an access token", tokens.access_token.as_str(), refused("refresh_unknown")),
        ("an ID token", tokens.id_token.as_str(), refused("refresh_unknown")),
        ("nothing of ours", "abc", refused("refresh_unknown")),
        ("nothing", "", malformed()),
    ] {
        let answer = service.party.refresh(unknown, Some(&**holder), &[]).await.unwrap();
        assert_eq!(answer.refusal(), told, "{case}: {}", answer.body);
    }

    let narrow = with(&[("scope", "openid birth")]).await.tokens().unwrap();
    let claims = service.party.userinfo(&narrow.access_token, holder).await.unwrap().json();
    assert!(claims["family_name"].is_null() && claims["birthplace"] == "75107", "{claims}");
    let whole = with(&[]).await.tokens().unwrap();
    let claims = service.party.userinfo(&whole.access_token, holder).await.unwrap().json();
    assert_eq!(claims["family_name"], "DUBOIS", "what was left out once was not given up, and no stranger spoilt it");
}

#[tokio::test]
async fn a_replayed_code_ends_the_family_that_it_founded() {
    let journey = Journey::start().await;
    let service = journey.register(&plain("Ville")).await;
    let ask = offline(&service);
    let back = journey.to_return(&mut citizen_of(&service), &ask, ProviderId::Impots, "angela").await;
    let code = back.parameter("code").unwrap();
    let first: Value = service.redeem(&ask, &code).await.unwrap().json().await.unwrap();
    let (status, second) = refresh(&service, &text(&first, "refresh_token")).await;
    assert_eq!(status, 200, "{second}");
    assert_eq!(told(service.redeem(&ask, &code).await.unwrap()).await, refused("code_replayed"), "C01");
    for token in [text(&first, "access_token"), text(&second, "access_token")] {
        assert_eq!(opens(&service, &token).await, 401, "C01: the tokens of the first use are revoked");
    }
    let ended = used(&service, &text(&second, "refresh_token")).await;
    assert_eq!(told(ended).await, refused("refresh_unknown"));

    let service = Secured::register(&journey).await;
    let ask = service.party.ask_offline("openid");
    let code = service.code(&ask).await;
    let redeem = || service.party.redeem(&ask, &code, &service.holder);
    let tokens = redeem().await.unwrap().tokens().unwrap();
    assert_eq!(redeem().await.unwrap().refusal(), refused("code_replayed"));
    let (token, holder) = (tokens.refresh_token.unwrap(), Some(&*service.holder));
    let ended = service.party.refresh(&token, holder, &[]).await.unwrap();
    assert_eq!(ended.refusal(), refused("refresh_unknown"), "bound tokens too");
    assert_eq!(service.opens(&tokens.access_token).await, 401);
}

#[tokio::test]
async fn a_refresh_token_that_is_given_back_takes_its_family_along() {
    let journey = Journey::start().await;
    let (service, other) = (Secured::register(&journey).await, Secured::register(&journey).await);
    let first = service.offline().await;
    let token = first.refresh_token.as_deref().unwrap();
    let again = || service.party.refresh(token, Some(&*service.holder), &[]);
    let second = again().await.unwrap().tokens().unwrap();
    assert_eq!(other.party.revoke(token).await.unwrap().status, 200);
    assert_eq!(service.opens(&second.access_token).await, 200, "another client gives nothing back");
    assert_eq!(service.party.revoke(&second.access_token).await.unwrap().status, 200);
    assert_eq!((service.opens(&second.access_token).await, service.opens(&first.access_token).await), (401, 200));
    let third = again().await.unwrap().tokens().unwrap();
    assert_eq!(service.party.revoke(token).await.unwrap().status, 200, "an access token ends alone");
    assert_eq!((service.opens(&first.access_token).await, service.opens(&third.access_token).await), (401, 401));
    assert_eq!(again().await.unwrap().refusal(), refused("refresh_unknown"));
}

#[tokio::test]
async fn a_token_that_was_rotated_away_still_ends_its_family_when_it_is_given_back() {
    let journey = Journey::start().await;
    let (service, other) = (journey.register(&plain("Ville")).await, journey.register(&plain("Autre")).await);
    let first = tokens(&journey, &service, &offline(&service)).await;
    let old = first.refresh_token.unwrap();
    let (_, next) = refresh(&service, &old).await;
    let revoke = async |service: &RelyingParty| {
        let request = reqwest::Client::new().post(format!("{}/revoke", journey.scene.gateway.issuer()));
        let request = request.basic_auth(&service.client_id, service.secret.as_deref());
        request.form(&[("token", old.as_str())]).send().await.unwrap().status().as_u16()
    };
    assert_eq!(revoke(&other).await, 200);
    assert_eq!(opens(&service, &first.access_token).await, 200, "another client gives nothing back");
    assert_eq!(revoke(&service).await, 200);
    assert_eq!(opens(&service, &first.access_token).await, 401);
    let ended = used(&service, &text(&next, "refresh_token")).await;
    assert_eq!(told(ended).await, refused("refresh_unknown"));
}

#[tokio::test]
async fn no_refresh_token_comes_unasked_unannounced_or_to_whom_may_not_have_it() {
    let journey = Journey::start().await;
    let (service, without) = (journey.register(&plain("Ville")).await, journey.service.clone());
    let ask = |scope: &str| service.ask(scope);
    for (case, service, ask, comes) in [
        ("not asked", &service, ask("openid").and("prompt", "consent"), false),
        ("without consent", &service, ask("openid offline_access"), false),
        ("with a login instead", &service, ask("openid offline_access").and("prompt", "login"), false),
        ("asked", &service, ask("openid offline_access").and("prompt", "consent"), true),
        ("asked with a login too", &service, ask("openid offline_access").and("prompt", "login consent"), true),
        ("may not", &without, offline(&without), false),
    ] {
        let mut citizen = citizen_of(service);
        let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        assert_eq!(inform.has("[data-offline]"), comes, "{case}: the citizen reads it before, and only then");
        let back = accept(&mut citizen, &inform).await;
        let answer: Value = service.redeem(&ask, &back.parameter("code").unwrap()).await.unwrap().json().await.unwrap();
        assert_eq!(!answer["refresh_token"].is_null(), comes, "{case}: {answer}");
        assert_eq!(text(&answer, "scope").contains("offline_access"), comes, "{case}");
    }
    // An earlier consent does not stand for a new one: silence gives no refresh token.
    let mut citizen = citizen_of(&service);
    journey.to_return(&mut citizen, &offline(&service), ProviderId::Impots, "angela").await;
    let silent = ask("openid profile offline_access").and("prompt", "none");
    let back = citizen.open(&silent.url()).await.unwrap();
    assert!(service.finish(&silent, &back).await.unwrap().refresh_token.is_none());
}

#[tokio::test]
async fn a_refreshed_id_token_is_about_the_same_sign_in_and_holds_no_nonce() {
    let journey = Journey::start().await;
    let service = Secured::register(&journey).await;
    let ask = service.party.ask_offline("openid profile");
    let first: Tokens = service.tokens(&ask).await;
    let verify = async |token: &str| service.party.party.verify_jwt(token).await.unwrap();
    let before = verify(&first.id_token).await;
    assert_eq!(before["nonce"], ask.nonce.as_str());
    let token = first.refresh_token.unwrap();
    let refreshed = service.party.refresh(&token, Some(&*service.holder), &[]).await.unwrap().tokens().unwrap();
    let after = verify(&refreshed.id_token).await;
    for name in ["iss", "sub", "aud", "auth_time", "acr", "sid"] {
        assert!(!before[name].is_null(), "{name}: {before}");
        assert_eq!(after[name], before[name], "OIDC Core 12.2: {name}");
    }
    assert!(after["nonce"].is_null(), "OIDC Core 12.2: {after}");
    assert!(after["iat"].as_i64() >= before["iat"].as_i64());
    assert_eq!(after["at_hash"], jose::half_hash(&refreshed.access_token));
}

#[tokio::test]
async fn nothing_is_refreshed_for_an_account_that_is_frozen_or_refuses_the_provider() {
    or_skip!(Tool::Sqlite.find());
    let journey = Journey::start().await;
    let service = Secured::register(&journey).await;
    let token = service.offline().await.refresh_token.unwrap();
    let refreshed = async || service.party.refresh(&token, Some(&*service.holder), &[]).await.unwrap();
    for (case, ends, restores) in [
        ("frozen", "UPDATE accounts SET state = 'frozen'", "UPDATE accounts SET state = 'active'"),
        (
            "the citizen blocked the provider",
            "UPDATE accounts SET blocked_providers = '[\"impots\"]'",
            "UPDATE accounts SET blocked_providers = '[]'",
        ),
    ] {
        journey.sql(ends).unwrap();
        // Within a second: what was read of an account counts for so long (decisions/0015).
        eventually(case, async || (refreshed().await.status == 400).then_some(())).await;
        assert_eq!(refreshed().await.refusal(), refused("no_longer"), "C18 {case}");
        journey.sql(restores).unwrap();
        eventually("it was for this reason", async || (refreshed().await.status == 200).then_some(())).await;
    }
    journey.sql("DELETE FROM accounts").unwrap();
    eventually("the account is gone", async || (refreshed().await.status == 400).then_some(())).await;
    assert_eq!(refreshed().await.refusal(), refused("no_longer"), "C18 the account is gone");
}

#[tokio::test]
async fn nothing_is_refreshed_while_its_provider_is_switched_off() {
    let redis = or_skip!(Redis::start().await);
    let setting = Setting { ephemeral: Ephemeral::Redis(redis.url()), ..Setting::default() };
    let mut journey = Journey::set(setting).await;
    let (bound, rotating) = (Secured::register(&journey).await, journey.register(&plain("Ville")).await);
    let held = bound.offline().await.refresh_token.unwrap();
    let kept = tokens(&journey, &rotating, &offline(&rotating)).await;
    let token = kept.refresh_token.unwrap();
    let mut switch = async |active: bool| {
        journey.scene.gateway.installation().change_provider("impots", |file| {
            file.insert("active".into(), active.into());
        });
        journey.scene.gateway.restart().await.unwrap();
    };
    let refreshed = async || bound.party.refresh(&held, Some(&*bound.holder), &[]).await.unwrap();
    switch(false).await;
    assert_eq!(refreshed().await.refusal(), refused("no_longer"), "C18 a bound token");
    assert_eq!(told(used(&rotating, &token).await).await, refused("no_longer"), "C18 a rotating one");
    assert_eq!(opens(&rotating, &kept.access_token).await, 200, "what was given before lives out its minutes");
    switch(true).await;
    assert_eq!(refreshed().await.status, 200, "it was for this reason");
    assert_eq!(refresh(&rotating, &token).await.0, 200, "and refusing spent nothing");
}

#[tokio::test]
async fn nothing_is_refreshed_once_the_service_may_not_have_it_any_more() {
    let journey = Journey::start().await;
    let key = SigningKey::generate(Algorithm::Es256);
    let mut metadata = FapiParty::ordinary("Préfecture", &key);
    let installation = journey.scene.gateway.installation();
    let party = FapiParty::register(installation, &metadata, key).await.unwrap();
    metadata["client_id"] = json!(party.party.client_id);
    let service = Secured { party, holder: SigningKey::generate(Algorithm::Es256).into() };
    let tokens = service.tokens(&service.party.ask_offline("openid profile email")).await;
    let token = tokens.refresh_token.unwrap();
    let refreshed = async || service.party.refresh(&token, Some(&*service.holder), &[]).await.unwrap();
    let change = |change: &dyn Fn(&mut Value)| {
        let mut changed = metadata.clone();
        change(&mut changed);
        changed
    };
    let no_grant = change(&|metadata| metadata["grant_types"] = json!(["authorization_code"]));
    let no_provider = change(&|metadata| metadata["passerelle"]["providers_except"] = json!(["impots"]));
    let no_level = change(&|metadata| {
        metadata["passerelle"]["minimum_acr"] = json!("eidas2");
        metadata["default_acr_values"] = json!(["eidas2"]);
    });
    let withheld = (400, "unauthorized_client".to_owned(), "request.unauthorized_client".to_owned());
    for (case, changed, told) in [
        ("no refresh tokens", no_grant, withheld),
        ("not this provider", no_provider, refused("no_longer")),
        ("not this level", no_level, refused("no_longer")),
    ] {
        installation.import(&changed).await.unwrap();
        let answer = eventually(case, async || {
            let answer = refreshed().await;
            (answer.status != 200).then_some(answer)
        })
        .await;
        assert_eq!(answer.refusal(), told, "C18 {case}");
        installation.import(&metadata).await.unwrap();
        eventually(case, async || (refreshed().await.status == 200).then_some(())).await;
    }

    // A scope that is withdrawn is neither refreshed nor shown with what was given before.
    installation.import(&change(&|metadata| metadata["scope"] = json!("openid profile"))).await.unwrap();
    let less = eventually("a refresh without the scope", async || {
        let tokens = refreshed().await.tokens().unwrap();
        (!tokens.scope.contains("email")).then_some(tokens)
    })
    .await;
    for token in [&less.access_token, &tokens.access_token] {
        let claims = service.party.userinfo(token, &service.holder).await.unwrap().json();
        assert!(claims["email"].is_null() && claims["family_name"] == "DUBOIS", "C18 {claims}");
    }

    let disabled = installation.run(&["clients", "disable", &service.party.party.client_id]).await.unwrap();
    assert!(disabled.status.success());
    installation.until(&service.party.party.client_id, Standing::Unknown).await.unwrap();
    let told = (401, "invalid_client".into(), "client.unauthenticated".into());
    assert_eq!(refreshed().await.refusal(), told, "C18 disabled");
    assert_eq!(service.opens(&less.access_token).await, 401, "C18 disabled");
}

#[tokio::test]
async fn an_access_token_that_ended_opens_nothing() {
    let overrides = "[lifetimes]\naccess_token = 3".parse().unwrap();
    let journey = Journey::set(Setting { overrides, ..Setting::default() }).await;
    let service = journey.register(&plain("Ville")).await;
    let tokens = tokens(&journey, &service, &offline(&service)).await;
    assert_eq!((tokens.expires_in, opens(&service, &tokens.access_token).await), (3, 200));
    eventually("its end", async || (opens(&service, &tokens.access_token).await == 401).then_some(())).await;
    let (status, next) = refresh(&service, &tokens.refresh_token.unwrap()).await;
    assert_eq!(
        (status, opens(&service, &text(&next, "access_token")).await),
        (200, 200),
        "D11: refreshed, not revived"
    );
    assert_eq!(opens(&service, &tokens.access_token).await, 401, "D11");
}
