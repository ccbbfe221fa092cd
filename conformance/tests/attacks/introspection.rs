//! Group D: tokens at data providers, and what the gateway tells about them.

use conformance::audit;
use conformance::data_provider::SIGNED;
use conformance::engines::Redis;
use conformance::gateway::Ephemeral;
use conformance::or_skip;
use conformance::process::Signals;
use conformance::random;
use conformance::relying_party::RelyingParty;
use conformance::scene::Setting;
use conformance::site::free_port;
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::administrations::{Administrations, access, inactive};

/// What an answer is, but for what differs in each: status, sorted headers without the date, body.
async fn shape(answer: reqwest::Response) -> (u16, Vec<(String, String)>, String) {
    let status = answer.status().as_u16();
    let mut headers: Vec<_> = answer
        .headers()
        .iter()
        .filter(|(name, _)| *name != "date" && *name != "x-request-id")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (status, headers, answer.text().await.unwrap())
}

#[tokio::test]
async fn a_token_for_another_data_provider_opens_nothing() {
    let all = Administrations::open().await;
    let for_tax = all.tax_token().await;
    let (_, plain) = all.journey.tokens(ProviderId::Impots, "angela").await;
    assert_eq!(all.town.fetch(all.tax.resource(), &for_tax).await.unwrap().status(), 200);
    for (case, token) in [("D02 for the tax administration", &for_tax), ("for userinfo alone", &plain.access_token)] {
        assert_eq!(all.health.introspect(token).await.unwrap(), inactive(), "{case}");
        assert_eq!(all.town.fetch(all.health.resource(), token).await.unwrap().status(), 401, "{case}");
    }
}

#[tokio::test]
async fn introspection_wants_to_know_who_asks() {
    let all = Administrations::open().await;
    let token = all.tax_token().await;
    let (http, endpoint) = (reqwest::Client::new(), &all.town.metadata.introspection_endpoint);
    let form = [("token", token.as_str())];
    let (id, secret, wrong) = (all.tax.client_id(), all.tax.secret(), random::token());
    let posted = [("token", token.as_str()), ("client_id", id), ("client_secret", secret)];
    for (case, request) in [
        ("D03 nobody", http.post(endpoint).form(&form)),
        ("the token itself", http.post(endpoint).bearer_auth(&token).form(&form)),
        ("wrong secret", http.post(endpoint).basic_auth(id, Some(&wrong)).form(&form)),
        ("unknown", http.post(endpoint).basic_auth("nobody", Some(secret)).form(&form)),
        ("id alone", http.post(endpoint).form(&[("token", token.as_str()), ("client_id", id)])),
        ("another method", http.post(endpoint).form(&posted)),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), audit::refusal(&answer)),
            (401, "client.unauthenticated".into()),
            "{case}"
        );
        let body: Value = answer.json().await.unwrap();
        assert_eq!((&body["error"], &body["active"]), (&json!("invalid_client"), &Value::Null), "{case}");
    }
    let ask = || http.post(endpoint).basic_auth(id, Some(secret));
    let malformed = (400, "request.invalid_request");
    let in_address = http.get(format!("{endpoint}?token={token}")).basic_auth(id, Some(secret));
    for (case, request, told) in [
        ("no token", ask().form(&[("token", "")]), malformed),
        ("two tokens", ask().form(&[("token", token.as_str()), ("token", token.as_str())]), malformed),
        ("in the address", in_address, (405, "page.P405")),
        ("as JSON", ask().json(&json!({ "token": token })), malformed),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!((answer.status().as_u16(), audit::refusal(&answer).as_str()), told, "{case}");
    }
    let hinted = ask().form(&[("token", token.as_str()), ("token_type_hint", "urn:unknown")]).send().await.unwrap();
    assert_eq!(hinted.json::<Value>().await.unwrap()["active"], true, "a hint that nobody knows is ignored");
}

#[tokio::test]
async fn whatever_is_not_a_token_for_who_asks_is_answered_alike() {
    let all = Administrations::open().await;
    let (_, foreign) = all.journey.tokens(ProviderId::Impots, "angela").await;
    let ask = all.town.ask("openid dgfip_rfr").and("resource", all.tax.resource());
    let code = all.code(&ask).await;
    let (_, own) = all.redeem(&ask, &code, &[]).await;
    let live_code = all.code(&all.town.ask("openid")).await;
    let revoke = format!("{}/revoke", all.journey.scene.gateway.issuer());
    let revoked = access(&all.tokens(&ask).await);
    assert_eq!(all.town.post(&revoke, &[("token", &revoked)]).await.unwrap().status(), 200);
    let mut guess = access(&own);
    guess.replace_range(..1, if guess.starts_with('A') { "B" } else { "A" });
    let long = "a".repeat(4000);
    let id_token = own["id_token"].as_str().unwrap().to_owned();

    let unknown = all.tax.ask("never issued", "application/json").await.unwrap();
    assert_eq!(audit::of(unknown.headers()), None, "an answer that a provider may ask for: nothing is refused");
    let expected = shape(unknown).await;
    assert_eq!((expected.0, expected.2.as_str()), (200, "{\"active\":false}"));
    for (case, token) in [
        ("D03 for others", &foreign.access_token),
        ("D03 one character beside a live one", &guess),
        ("D04 an ID token", &id_token),
        ("D04 a code", &live_code),
        ("D04 a spent code", &code),
        ("revoked", &revoked),
        ("long", &long),
    ] {
        assert_eq!(shape(all.tax.ask(token, "application/json").await.unwrap()).await, expected, "{case}");
        assert_eq!(all.tax.introspect_signed(token).await.unwrap(), inactive(), "{case}");
    }
    assert_eq!(all.tax.introspect(&access(&own)).await.unwrap()["active"], true);
}

#[tokio::test]
async fn an_introspection_answer_is_no_token_of_any_other_kind() {
    let all = Administrations::open().await;
    let token = all.tax_token().await;
    let installation = all.journey.scene.gateway.installation();
    // A data provider that is a relying party, too: the audience of its answers is its own client id.
    let mut metadata = RelyingParty::ordinary("Les deux");
    metadata["introspection_signed_response_alg"] = json!("RS256");
    metadata["passerelle"]["data_provider"] = json!(all.tax.resource());
    let both = RelyingParty::register(installation, &metadata).await.unwrap();
    let signed = both.post(&both.metadata.introspection_endpoint, &[("token", &token)]).await.unwrap();
    assert_eq!(signed.headers()["content-type"], SIGNED);
    let signed = signed.text().await.unwrap();
    let claims = both.verify_jwt(&signed).await.unwrap();
    assert_eq!(claims["token_introspection"]["active"], true, "it is what it is said to be");
    assert_eq!((&claims["sub"], &claims["exp"]), (&Value::Null, &Value::Null), "D04");
    let refused = both.userinfo(&signed).await.unwrap();
    assert_eq!((refused.status().as_u16(), audit::refusal(&refused).as_str()), (401, "token.refused"), "D04");
    assert_eq!(all.tax.introspect(&signed).await.unwrap(), inactive(), "D04 as an access token");
    let hinted = both.ask("openid").with("id_token_hint", &signed);
    let back = crate::journey::citizen_of(&both).open(&hinted.url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_request"), "D04 as an ID token: {}", back.brief());
    assert_eq!(back.refusal(), "request.invalid_request", "D04 as an ID token");
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_inactive_from_the_next_question_on() {
    let all = Administrations::open().await;
    let revoke = format!("{}/revoke", all.journey.scene.gateway.issuer());
    let token = all.tax_token().await;
    assert_eq!(all.tax.introspect(&token).await.unwrap()["active"], true);
    let other = all.journey.service.post(&revoke, &[("token", &token)]).await.unwrap();
    assert_eq!(other.status(), 200);
    assert_eq!(all.tax.introspect(&token).await.unwrap()["active"], true, "another service takes nothing back");
    assert_eq!(all.town.post(&revoke, &[("token", &token)]).await.unwrap().status(), 200);
    assert_eq!(all.tax.introspect(&token).await.unwrap(), inactive(), "D10");
    assert_eq!(all.town.fetch(all.tax.resource(), &token).await.unwrap().status(), 401, "D10");

    let ask = all.town.ask("openid dgfip_rfr").and("resource", all.tax.resource());
    let code = all.code(&ask).await;
    let (_, tokens) = all.redeem(&ask, &code, &[]).await;
    assert_eq!(all.tax.introspect(&access(&tokens)).await.unwrap()["active"], true);
    let replayed = all.town.redeem(&ask, &code).await.unwrap();
    assert_eq!((replayed.status().as_u16(), audit::refusal(&replayed).as_str()), (400, "grant.code_replayed"));
    assert_eq!(all.tax.introspect(&access(&tokens)).await.unwrap(), inactive(), "C01: a replayed code takes it back");
}

#[tokio::test]
async fn a_refresh_token_that_is_taken_back_ends_its_access_tokens_at_data_providers() {
    let more = json!({ "grant_types": ["authorization_code", "refresh_token"] });
    let all = Administrations::set(Setting::default(), &more).await;
    let (tax, health) = (all.tax.resource(), all.health.resource());
    let ask = all.town.ask("openid dgfip_rfr offline_access").with("prompt", "consent");
    let ask = ask.and("resource", tax).and("resource", health);
    let tokens = all.tokens(&ask).await;
    let refresh = tokens["refresh_token"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned();
    assert_eq!(
        all.tax.introspect(&refresh).await.unwrap(),
        inactive(),
        "D04 a refresh token is not for data providers"
    );

    let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("resource", health)];
    let narrowed: Value = all.town.token_request(&form).await.unwrap().json().await.unwrap();
    assert_eq!(all.tax.introspect(&access(&narrowed)).await.unwrap(), inactive(), "narrowed to the other");
    assert_eq!(all.health.introspect(&access(&narrowed)).await.unwrap()["active"], true);
    let next = narrowed["refresh_token"].as_str().unwrap().to_owned();
    let greedy =
        [("grant_type", "refresh_token"), ("refresh_token", next.as_str()), ("resource", "https://nobody.example")];
    let refused = all.town.token_request(&greedy).await.unwrap();
    assert_eq!(audit::refusal(&refused), "request.invalid_target");
    assert_eq!(refused.json::<Value>().await.unwrap()["error"], "invalid_target");
    let form = [("grant_type", "refresh_token"), ("refresh_token", next.as_str())];
    let whole: Value = all.town.token_request(&form).await.unwrap().json().await.unwrap();
    assert_eq!(all.tax.introspect(&access(&whole)).await.unwrap()["active"], true, "the grant itself was not narrowed");

    let revoke = format!("{}/revoke", all.journey.scene.gateway.issuer());
    let last = whole["refresh_token"].as_str().unwrap();
    assert_eq!(all.town.post(&revoke, &[("token", last)]).await.unwrap().status(), 200);
    for token in [access(&tokens), access(&whole)] {
        assert_eq!(all.tax.introspect(&token).await.unwrap(), inactive(), "D10: its family is gone");
    }
}

#[tokio::test]
async fn a_token_taken_back_on_one_node_is_inactive_on_the_other_at_once() {
    let redis = or_skip!(Redis::start().await);
    let setting = Setting { ephemeral: Ephemeral::Redis(redis.url()), ..Setting::default() };
    let all = Administrations::set(setting, &json!({})).await;
    let beside = all.journey.scene.gateway.installation().beside(free_port()).unwrap();
    let _node = beside.serve(Signals::Shared).await.unwrap();
    let (here, there) = (all.town.metadata.introspection_endpoint.clone(), format!("{}/introspect", beside.base()));
    let revoke = format!("{}/revoke", beside.base());
    for (taken_at, asked_at) in [(format!("{}/revoke", all.journey.scene.gateway.issuer()), &there), (revoke, &here)] {
        let token = all.tax_token().await;
        let ask = async |endpoint: &str| -> Value {
            all.tax.ask_at(endpoint, &token, "application/json").await.unwrap().json().await.unwrap()
        };
        assert_eq!(ask(&here).await["active"], true);
        assert_eq!(ask(&there).await, ask(&here).await, "both nodes say the same");
        assert_eq!(all.town.post(&taken_at, &[("token", &token)]).await.unwrap().status(), 200);
        assert_eq!(ask(asked_at).await, inactive(), "D10");
    }
}
