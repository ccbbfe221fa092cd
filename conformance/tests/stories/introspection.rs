//! Data providers: a relying party brings a token, and the data provider asks the gateway about it (RFC 7662).

use conformance::data_provider::{DataProvider, Demand, SIGNED};
use conformance::fapi::Proof;
use conformance::gateway::Standing;
use conformance::jose::{Algorithm, SigningKey};
use conformance::or_skip;
use conformance::relying_party::{ASSERTION_TYPE, RelyingParty, assertion_claims};
use conformance::scene::Setting;
use http::Method;
use serde_json::{Value, json};

use crate::administrations::{Administrations, access, inactive};
use crate::journey::{accept, citizen_of, eventually};

#[tokio::test]
async fn a_data_provider_answers_once_the_gateway_vouched_for_the_token_and_learns_its_own_part() {
    let all = Administrations::open().await;
    let ask = all.town.ask("openid profile dgfip_rfr cnam_caisse").and("resource", all.tax.resource());
    let mut citizen = all.citizen();
    let inform = all.informed(&mut citizen, &ask).await;
    let told = inform.text("main").unwrap();
    assert!(told.contains("API Impôts") && !told.contains("API Santé"), "who may be asked is told: {told}");
    assert!(inform.has("[data-claim=dgfip_rfr]") && inform.has("[data-claim=cnam_caisse]"), "and what for");
    let back = accept(&mut citizen, &inform).await;
    let (_, tokens) = all.redeem(&ask, &back.parameter("code").unwrap(), &[]).await;
    let token = access(&tokens);
    let own = all.town.verify_jwt(tokens["id_token"].as_str().unwrap()).await.unwrap();

    let said = all.tax.introspect(&token).await.unwrap();
    let mut names: Vec<&str> = said.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected =
        ["acr", "active", "aud", "auth_time", "client_id", "exp", "iat", "iss", "scope", "sub", "token_type"];
    assert_eq!(names, expected, "no name, no session, no other data: {said}");
    assert_eq!((&said["active"], &said["aud"]), (&json!(true), &json!(all.tax.resource())));
    assert_eq!((&said["client_id"], &said["scope"]), (&json!(all.town.client_id), &json!("openid dgfip_rfr")));
    assert_eq!((&said["iss"], &said["token_type"]), (&json!(all.town.metadata.issuer), &json!("Bearer")));
    assert_eq!((&said["acr"], &said["auth_time"]), (&json!("eidas1"), &own["auth_time"]));
    let life = said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap();
    assert_eq!(tokens["expires_in"], json!(life));
    assert_ne!(said["sub"], own["sub"], "the citizen's number at the data provider, not the town's");

    let answer = all.town.fetch(all.tax.resource(), &token).await.unwrap();
    assert_eq!(answer.status(), 200);
    let data: Value = answer.json().await.unwrap();
    assert_eq!((&data["citizen"], &data["data"]), (&said["sub"], &json!(["dgfip_rfr"])));
    // The same citizen is the same number there, through another sign-in.
    let again = all.tax.introspect(&all.tax_token().await).await.unwrap();
    assert_eq!(again["sub"], said["sub"]);
    // A token for a data provider is good at userinfo, too.
    assert_eq!(all.town.userinfo(&token).await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_answer_is_signed_on_request_and_always_for_whom_it_was_registered() {
    let all = Administrations::open().await;
    let token = all.tax_token().await;
    for token in [token.as_str(), "nobody's"] {
        let plain = all.tax.introspect(token).await.unwrap();
        assert_eq!(all.tax.introspect_signed(token).await.unwrap(), plain, "signed, it says the same");
    }
    for accept in ["application/json", "*/*", "application/token-introspection+jwt;q=0"] {
        let answer = all.tax.ask(&token, accept).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/json", "{accept}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{accept}");
    }
    let installation = all.journey.scene.gateway.installation();
    let more = json!({ "introspection_signed_response_alg": "ES256" });
    let strict = DataProvider::open(installation, "API stricte", "openid", &more).await.unwrap();
    let answer = strict.ask(&token, "application/json").await.unwrap();
    assert_eq!(answer.headers()["content-type"], SIGNED, "what was registered cannot be talked down");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer = answer.text().await.unwrap();
    assert_eq!(jsonwebtoken::decode_header(&answer).unwrap().alg, jsonwebtoken::Algorithm::ES256);
    assert_eq!(strict.verify(&answer).await.unwrap(), inactive(), "the token is another's");
    assert!(all.tax.verify(&answer).await.is_err(), "the answer is for who asked alone");
}

#[tokio::test]
async fn a_token_is_narrowed_to_one_of_the_data_providers_that_were_granted() {
    let all = Administrations::open().await;
    let (tax, health) = (all.tax.resource(), all.health.resource());
    let ask = || all.town.ask("openid dgfip_rfr cnam_caisse").and("resource", tax).and("resource", health);
    let wide = access(&all.tokens(&ask()).await);
    for provider in [&all.tax, &all.health] {
        assert_eq!(provider.introspect(&wide).await.unwrap()["aud"], json!(provider.resource()));
    }
    let honest = ask();
    let code = all.code(&honest).await;
    let (status, tokens) = all.redeem(&honest, &code, &[("resource", health)]).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(all.health.introspect(&access(&tokens)).await.unwrap()["active"], json!(true));
    assert_eq!(all.tax.introspect(&access(&tokens)).await.unwrap(), inactive());

    let greedy = all.town.ask("openid").and("resource", tax);
    let code = all.code(&greedy).await;
    let (status, answer) = all.redeem(&greedy, &code, &[("resource", health)]).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_target")), "{answer}");
    for bad in ["https://nobody.example/api", "not-a-uri", "http://127.0.0.1:9/api#x"] {
        let back = all.citizen().open(&all.town.ask("openid").and("resource", bad).url()).await.unwrap();
        assert_eq!(back.parameter("error").as_deref(), Some("invalid_target"), "{bad}: {}", back.brief());
    }
}

#[tokio::test]
async fn identity_leaves_where_the_citizen_was_told_and_both_are_habilitated() {
    let all = Administrations::open().await;
    let installation = all.journey.scene.gateway.installation();
    let scope = "openid identite_pivot cnam_caisse";
    let finder = DataProvider::open(installation, "Caisse", scope, &json!({})).await.unwrap();
    let mut metadata = RelyingParty::ordinary("CCAS");
    metadata["scope"] = json!("openid profile email cnam_caisse");
    metadata["passerelle"]["resources"] = json!([finder.resource()]);
    let centre = all.journey.register(&metadata).await;
    let ask = centre.ask("openid profile email cnam_caisse").and("resource", finder.resource());
    let mut citizen = citizen_of(&centre);
    let inform = all.informed(&mut citizen, &ask).await;
    let told = inform.text("[data-told]").unwrap();
    assert!(told.contains("Nom de naissance") && !told.contains("Adresse"), "{told}");
    let back = accept(&mut citizen, &inform).await;
    let tokens = centre.finish(&ask, &back).await.unwrap();
    let said = finder.introspect(&tokens.access_token).await.unwrap();
    assert_eq!((&said["family_name"], &said["birthdate"]), (&json!("DUBOIS"), &json!("1962-08-24")));
    for beyond in ["birthplace", "email", "username", "sid"] {
        assert!(said[beyond].is_null(), "{beyond}: {said}");
    }
    assert!(all.tax.introspect(&all.tax_token().await).await.unwrap()["family_name"].is_null());
}

#[tokio::test]
async fn a_service_may_ask_about_its_own_token_and_no_other() {
    let all = Administrations::open().await;
    let token = all.tax_token().await;
    let ask = async |service: &RelyingParty| -> Value {
        let answer = service.post(&service.metadata.introspection_endpoint, &[("token", &token)]).await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    };
    let said = ask(&all.town).await;
    assert_eq!((&said["active"], &said["client_id"]), (&json!(true), &json!(all.town.client_id)));
    assert_eq!(said["aud"], json!([all.town.metadata.issuer, all.tax.resource()]));
    assert!(said["family_name"].is_null(), "identity comes from userinfo");
    assert_eq!(ask(&all.journey.service).await, inactive());
}

#[tokio::test]
async fn a_token_of_a_service_that_is_not_served_or_a_frozen_account_is_inactive() {
    let all = Administrations::open().await;
    let token = all.tax_token().await;
    let installation = all.journey.scene.gateway.installation();
    for (verb, standing, active) in
        [("disable", Standing::Unknown, json!(false)), ("enable", Standing::Served, json!(true))]
    {
        assert!(installation.run(&["clients", verb, &all.town.client_id]).await.unwrap().status.success());
        installation.until(&all.town.client_id, standing).await.unwrap();
        assert_eq!(all.tax.introspect(&token).await.unwrap()["active"], active, "{verb}");
    }
    or_skip!(all.journey.sql("UPDATE accounts SET state = 'frozen'"));
    eventually("the freeze", async || (all.tax.introspect(&token).await.unwrap() == inactive()).then_some(())).await;
}

#[tokio::test]
async fn a_data_provider_proves_itself_by_a_key_as_anywhere_else() {
    let all = Administrations::open().await;
    let key = SigningKey::generate(Algorithm::Es256);
    let metadata = json!({
        "client_name": "API à clé", "token_endpoint_auth_method": "private_key_jwt",
        "jwks": { "keys": [key.public_jwk()] }, "passerelle": { "data_provider": all.tax.resource() },
    });
    let installation = all.journey.scene.gateway.installation();
    let client = installation.import(&metadata).await.unwrap().client_id;
    installation.until(&client, Standing::Served).await.unwrap();
    let token = all.tax_token().await;
    let assertion = key.sign("JWT", &assertion_claims(client.as_str(), &all.town.metadata.issuer));
    let form = [("token", token.as_str()), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion)];
    let ask = || reqwest::Client::new().post(&all.town.metadata.introspection_endpoint).form(&form).send();
    let said: Value = ask().await.unwrap().error_for_status().unwrap().json().await.unwrap();
    assert_eq!((&said["active"], &said["aud"]), (&json!(true), &json!(all.tax.resource())));
    assert_eq!(ask().await.unwrap().status(), 401, "an assertion counts once");
}

#[tokio::test]
async fn a_token_ends_at_a_data_provider_when_it_ends() {
    let setting = Setting { overrides: "[lifetimes]\naccess_token = 3".parse().unwrap(), ..Setting::default() };
    let all = Administrations::set(setting, &json!({})).await;
    let token = all.tax_token().await;
    assert_eq!(all.tax.introspect(&token).await.unwrap()["active"], json!(true));
    eventually("the end of the token", async || {
        (all.tax.introspect(&token).await.unwrap() == inactive()).then_some(())
    })
    .await;
    let answer = all.town.fetch(all.tax.resource(), &token).await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
}

#[tokio::test]
async fn a_bound_token_is_introspected_with_its_key_and_opens_with_its_proof_alone() {
    let setting = Setting { overrides: "[dpop]\nrequire_nonce = false".parse().unwrap(), ..Setting::default() };
    let all = Administrations::set(setting, &json!({ "dpop_bound_access_tokens": true })).await;
    let (key, thief) = (SigningKey::generate(Algorithm::Es256), SigningKey::generate(Algorithm::Es256));
    let (resource, town) = (all.tax.resource(), &all.town);
    let ask = town.ask("openid dgfip_rfr").and("resource", resource);
    let code = all.code(&ask).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &town.redirect_uri),
        ("code_verifier", &ask.verifier),
    ];
    let http = reqwest::Client::new();
    let request = http.post(&town.metadata.token_endpoint).basic_auth(&town.client_id, town.secret.as_deref());
    let request = request.header("dpop", Proof::new(&key, &Method::POST, &town.metadata.token_endpoint).signed(&key));
    let tokens: Value = request.form(&form).send().await.unwrap().json().await.unwrap();
    let token = access(&tokens);
    let said = all.tax.introspect(&token).await.unwrap();
    assert_eq!(said["token_type"], "DPoP");
    assert_eq!(said["cnf"]["jkt"].as_str().map(str::len), Some(43), "{said}");

    let call = async |scheme: &str, proof: Option<String>| {
        let request = http.get(resource).header("authorization", format!("{scheme} {token}"));
        let request = proof.into_iter().fold(request, |request, proof| request.header("dpop", proof));
        let answer = request.send().await.unwrap();
        let challenge = answer.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), challenge.unwrap_or_default())
    };
    let proof =
        |key: &SigningKey, token: &str, place: &str| Proof::new(key, &Method::GET, place).with_token(token).signed(key);
    let good = proof(&key, &token, resource);
    assert_eq!(call("DPoP", Some(good.clone())).await.0, 200);
    for (case, scheme, proof) in [
        ("D05 the same proof", "DPoP", Some(good)),
        ("D06 as Bearer", "Bearer", None),
        ("no proof", "DPoP", None),
        ("another key", "DPoP", Some(proof(&thief, &token, resource))),
        ("another token", "DPoP", Some(proof(&key, "x", resource))),
        ("another place", "DPoP", Some(proof(&key, &token, all.health.resource()))),
    ] {
        let (status, challenge) = call(scheme, proof).await;
        assert_eq!(status, 401, "{case}");
        assert!(challenge.starts_with(scheme) && challenge.contains("invalid_token"), "{case}: {challenge}");
    }
    all.tax.demand(Demand { acr: Some("eidas2"), max_age: None });
    let (status, challenge) = call("DPoP", Some(proof(&key, &token, resource))).await;
    assert_eq!(status, 401);
    let expected = "DPoP error=\"insufficient_user_authentication\", acr_values=\"eidas2\"";
    assert_eq!(challenge, expected, "with the scheme of the token");
}
