//! The lines of the Basic and Form Post profiles of an OpenID provider that no other story tells: each by its clause,
//! answered in the query and by a posted form (OAuth 2.0 Form Post Response Mode §2).

use conformance::citizen::{Citizen, Page};
use conformance::people::PASSWORD;
use conformance::relying_party::{Ask, RelyingParty, Tokens};
use conformance::upstream::ProviderId;
use conformance::{clock, jose};
use serde_json::{Map, Value, json};

use super::request_object::Signing;
use crate::journey::{Journey, accept, choose, citizen_of, eventually, expect};

const MODES: [&str; 2] = ["query", "form_post"];

/// The response that a page carries: in its address, or in the form that it posts; never in both.
fn response(page: &Page, mode: &str) -> Value {
    let names = ["code", "state", "iss", "error", "error_description", "access_token", "id_token"];
    let read = |name: &str| match mode {
        "query" => page.parameter(name),
        _ => page.attribute(&format!("form[data-step=form-post] input[name={name}]"), "value").ok(),
    };
    if mode == "form_post" {
        assert_eq!(page.name().as_deref(), Some("form-post"), "{}", page.brief());
        for name in ["code", "error", "iss"] {
            assert_eq!(page.parameter(name), None, "nothing of it in the address: {}", page.url);
        }
    } else {
        assert!(page.url.fragment().is_none(), "{}", page.url);
    }
    let found = names.iter().filter_map(|name| Some(((*name).to_owned(), read(name)?.into())));
    Value::Object(found.collect::<Map<_, _>>())
}

/// From the login page of the sandbox provider to the response.
async fn signed_in(citizen: &mut Citizen, login: &Page, mode: &str) -> Value {
    let inform = expect(citizen.sign_in(login, "angela", PASSWORD).await.unwrap(), "inform");
    response(&accept(citizen, &inform).await, mode)
}

/// A whole sign-in of this browser at a provider: the response.
async fn fresh(journey: &Journey, citizen: &mut Citizen, ask: &Ask, mode: &str) -> Value {
    let login = journey.to_login(citizen, ask, ProviderId::Impots).await;
    signed_in(citizen, &login, mode).await
}

async fn redeemed(service: &RelyingParty, ask: &Ask, response: &Value) -> Value {
    let tokens = service.take(ask, response).await.unwrap();
    service.verify(ask, &tokens).await.unwrap()
}

#[tokio::test]
async fn the_code_flow_gives_what_oidc_core_3_1_promises() {
    let journey = Journey::start().await;
    let service = &journey.service;
    for mode in MODES {
        let ask = journey.ask().and("response_mode", mode);
        let given = fresh(&journey, &mut journey.citizen(), &ask, mode).await;
        let code = given["code"].as_str().unwrap();
        assert!(code.len() >= 43 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{code}");
        assert_eq!(given["state"], ask.state.as_str());
        assert_eq!(given["iss"], service.metadata.issuer.as_str());
        assert_eq!(given.as_object().unwrap().len(), 3, "nothing else: {given}");

        let answer = service.redeem(&ask, code).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["cache-control"], "no-store", "RFC 6749 5.1");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["token_type"], "Bearer");
        assert!(body["expires_in"].as_u64().is_some_and(|seconds| seconds > 0), "{body}");
        let tokens: Tokens = serde_json::from_value(body).unwrap();

        // OIDC Core §2, §15.1: RS256 for a client that registered no algorithm, and a kid.
        let header = jsonwebtoken::decode_header(&tokens.id_token).unwrap();
        assert_eq!(json!(header.alg), "RS256");
        assert!(header.kid.is_some());
        let claims = service.verify(&ask, &tokens).await.unwrap();
        let (now, moment) = (clock::now(), |name: &str| claims[name].as_i64().unwrap());
        assert!((now - 300..=now + 5).contains(&moment("iat")) && moment("exp") > now, "{claims}");
        assert!(moment("auth_time") <= moment("iat"), "{claims}");
        let subject = claims["sub"].as_str().unwrap();
        assert!(subject.is_ascii() && (1..=255).contains(&subject.len()), "{subject}");
        assert!(claims["c_hash"].is_null() || claims["c_hash"] == jose::half_hash(code));
        for unasked in ["given_name", "family_name", "email", "birthdate", "amr"] {
            assert_eq!(claims[unasked], Value::Null, "{unasked} was not asked for in the ID token (OIDC Core 5.4)");
        }

        // OIDC Core §5.3: by GET and by POST, in the header and in a form (RFC 6750 §2.1, §2.2).
        let (http, endpoint) = (reqwest::Client::new(), &service.metadata.userinfo_endpoint);
        let form = [("access_token", &tokens.access_token)];
        for (case, request) in [
            ("GET", http.get(endpoint).bearer_auth(&tokens.access_token)),
            ("POST, header", http.post(endpoint).bearer_auth(&tokens.access_token)),
            ("POST, body", http.post(endpoint).form(&form)),
        ] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{case}");
            assert!(answer.headers().contains_key("date"), "{case}");
            let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
            assert!(kind.starts_with("application/json"), "{case}: {kind}");
            let userinfo: Value = answer.json().await.unwrap();
            assert_eq!(userinfo["sub"], subject, "{case}");
            for (claim, value) in userinfo.as_object().unwrap() {
                let typed = if claim == "given_name_array" { value.is_array() } else { value.is_string() };
                assert!(typed, "{case}: {claim} is {value} (OIDC Core 5.1)");
            }
        }
    }
}

#[tokio::test]
async fn what_may_be_left_out_reordered_or_unknown_never_fails_a_request() {
    let journey = Journey::start().await;
    let reordered = |scope: &str| {
        let ask = journey.ask();
        let mut turned = ask.clone();
        for name in ["scope", "state", "redirect_uri", "client_id", "response_type"] {
            let value = if name == "scope" { scope.to_owned() } else { ask.value(name).unwrap().to_owned() };
            turned = turned.with(name, &value);
        }
        turned
    };
    let essential = json!({ "userinfo": { "name": { "essential": true } } }).to_string();
    let cases: Vec<(&str, Ask)> = vec![
        ("no state (RFC 6749 4.1.1)", journey.ask().without("state")),
        ("another order (RFC 6749 3.3)", reordered("email birth openid profile")),
        ("display page (OIDC Core 3.1.2.1)", journey.ask().and("display", "page")),
        ("display popup", journey.ask().and("display", "popup")),
        ("display unknown", journey.ask().and("display", "hologram")),
        ("unknown parameter (RFC 6749 3.1)", journey.ask().and("extra", "foobar")),
        ("unknown user in login_hint", journey.ask().and("login_hint", "nobody@exemple.fr")),
        ("known ui_locales", journey.ask().and("ui_locales", "fr-FR en")),
        ("unknown ui_locales", journey.ask().and("ui_locales", "se tlh-Klingon x")),
        ("unknown claims_locales (OIDC Core 5.2)", journey.ask().and("claims_locales", "se tlh")),
        ("every acr (OIDC Core 3.1.2.1)", journey.ask().with("acr_values", "eidas1 eidas2 eidas3")),
        ("unknown acr", journey.ask().with("acr_values", "urn:mace:incommon:iap:silver 1 2")),
        ("no acr", journey.ask().without("acr_values")),
        ("scopes that are not offered (OIDC Core 5.4)", journey.ask().with("scope", "openid address phone")),
        ("an essential claim that is not held (OIDC Core 5.5)", journey.ask().and("claims", &essential)),
        ("max_age long past (OIDC Core 3.1.2.1)", journey.ask().and("max_age", "10000")),
        ("empty parameters (RFC 6749 3.1)", journey.ask().and("prompt", "").and("max_age", "").and("claims", "")),
    ];
    for mode in MODES {
        for (case, ask) in &cases {
            let ask = ask.clone().and("response_mode", mode);
            let given = fresh(&journey, &mut journey.citizen(), &ask, mode).await;
            assert_eq!(given["state"].as_str(), ask.value("state"), "{mode}, {case}: {given}");
            let code = given["code"].as_str().unwrap_or_else(|| panic!("{mode}, {case}: {given}"));
            let answer = journey.service.redeem(&ask, code).await.unwrap();
            let tokens: Tokens = answer.json().await.unwrap();
            let claims = journey.service.verify(&ask, &tokens).await.unwrap();
            assert_eq!(claims["acr"], "eidas1", "{mode}, {case}");
            assert_eq!(claims["name"], Value::Null, "{mode}, {case}");
        }
    }
}

#[tokio::test]
async fn a_nonce_comes_back_if_and_only_if_it_was_sent() {
    let journey = Journey::start().await;
    for mode in MODES {
        let ask = journey.ask().without("nonce").and("response_mode", mode);
        let given = fresh(&journey, &mut journey.citizen(), &ask, mode).await;
        let tokens = journey.service.take(&ask, &given).await.unwrap();
        let claims = journey.service.verify_jwt(&tokens.id_token).await.unwrap();
        assert_eq!(claims.get("nonce"), None, "OIDC Core 3.1.2.1: optional in the code flow");
    }
}

#[tokio::test]
async fn errors_come_the_way_that_responses_come() {
    let journey = Journey::start().await;
    for mode in MODES {
        let ask = || journey.ask().and("response_mode", mode);
        for (case, ask, errors) in [
            ("RFC 6749 3.1.1: no response_type", ask().without("response_type"), &["invalid_request"][..]),
            ("OIDC Core 3.1.2.6: prompt=none", ask().and("prompt", "none"), &["login_required"]),
            ("RFC 6749 4.1.2.1: no such type", ask().with("response_type", "sms"), &["unsupported_response_type"]),
            ("not habilitated", ask().with("scope", "openid dgfip_rfr"), &["invalid_scope"]),
        ] {
            let told = response(&journey.citizen().open(&ask.url()).await.unwrap(), mode);
            assert!(errors.contains(&told["error"].as_str().unwrap()), "{mode}, {case}: {told}");
            assert_eq!(told["state"], ask.state.as_str(), "{mode}, {case}");
            assert_eq!(told["iss"], journey.service.metadata.issuer.as_str(), "{mode}, {case}");
            assert_eq!(told.as_object().unwrap().len(), 4, "{mode}, {case}: {told}");
            let sentence = told["error_description"].as_str().unwrap();
            let legal = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(sentence.bytes().all(legal), "{mode}, {case}: RFC 6749 4.1.2.1: {sentence}");
        }
        let mut citizen = journey.citizen();
        let chooser = expect(citizen.open(&ask().url()).await.unwrap(), "choose");
        let left = citizen.press(&chooser, "form[data-step=cancel] button", &[]).await.unwrap();
        assert_eq!(response(&left, mode)["error"], "access_denied", "{mode}");
    }
}

#[tokio::test]
async fn a_session_is_silent_while_it_fits_and_moves_when_a_login_is_asked() {
    let journey = Journey::start().await;
    for mode in MODES {
        let ask = || journey.ask().and("response_mode", mode);
        let mut citizen = journey.citizen();
        let first = ask();
        let given = fresh(&journey, &mut citizen, &first, mode).await;
        let tokens = journey.service.take(&first, &given).await.unwrap();
        let before = journey.service.verify(&first, &tokens).await.unwrap();

        for (case, ask) in [
            ("prompt=none (OIDC Core 3.1.2.1)", ask().and("prompt", "none")),
            ("max_age=10000", ask().and("prompt", "none").and("max_age", "10000")),
            ("id_token_hint", ask().and("prompt", "none").and("id_token_hint", &tokens.id_token)),
        ] {
            let silent = response(&citizen.open(&ask.url()).await.unwrap(), mode);
            let claims = redeemed(&journey.service, &ask, &silent).await;
            assert_eq!(claims["sub"], before["sub"], "{mode}, {case}");
            assert_eq!(claims["auth_time"], before["auth_time"], "{mode}, {case}: identical, not near");
        }

        // The clock moves on, so that a later second can be told from the first.
        let authenticated = before["auth_time"].as_i64().unwrap();
        eventually("two seconds more", async || (clock::now() > authenticated + 1).then_some(())).await;
        for (case, ask) in [
            ("max_age=1 (OIDC Core 3.1.2.1)", ask().and("max_age", "1")),
            ("prompt=login", ask().and("prompt", "login")),
        ] {
            let asked = clock::now();
            let mut again = citizen.clone();
            let chooser = expect(again.open(&ask.url()).await.unwrap(), "choose");
            let login = choose(&mut again, &chooser, ProviderId::Impots).await;
            let claims = redeemed(&journey.service, &ask, &signed_in(&mut again, &login, mode).await).await;
            assert_eq!(claims["sub"], before["sub"], "{mode}, {case}");
            let moved = claims["auth_time"].as_i64().unwrap();
            assert!(moved > authenticated && moved >= asked, "{mode}, {case}: {moved} after {authenticated}");
        }
    }
}

#[tokio::test]
async fn a_client_that_posts_its_secret_and_one_without_pkce_are_served_as_registered() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Ancienne ville");
    metadata["token_endpoint_auth_method"] = "client_secret_post".into();
    metadata["passerelle"]["require_pkce"] = false.into();
    let old = journey.register(&metadata).await;
    for mode in MODES {
        let ask = || old.ask("openid profile").and("response_mode", mode);
        let bare = ask().without("code_challenge").without("code_challenge_method");
        for (case, ask, verifier) in [("with S256 (RFC 7636 4)", ask(), true), ("without", bare, false)] {
            let given = fresh(&journey, &mut citizen_of(&old), &ask, mode).await;
            let mut form = vec![
                ("grant_type", "authorization_code"),
                ("code", given["code"].as_str().unwrap()),
                ("redirect_uri", old.redirect_uri.as_str()),
            ];
            if verifier {
                form.push(("code_verifier", &ask.verifier));
            }
            let answer = old.token_request(&form).await.unwrap();
            assert_eq!(answer.status(), 200, "{mode}, {case}: {}", answer.text().await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_posted_request_and_a_refreshed_sign_in_are_the_same_in_every_mode() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Médiathèque");
    metadata["grant_types"] = json!(["authorization_code", "refresh_token"]);
    let service = journey.register(&metadata).await;
    for mode in MODES {
        let ask = service.ask("openid offline_access").and("prompt", "consent").and("response_mode", mode);
        let mut citizen = citizen_of(&service);
        let (from, to) = (&service.redirect_uri, &service.metadata.authorization_endpoint);
        let chooser = expect(citizen.post_from(from, to, &ask.body()).await.unwrap(), "choose");
        let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
        let tokens = service.take(&ask, &signed_in(&mut citizen, &login, mode).await).await.unwrap();
        let before = service.verify(&ask, &tokens).await.unwrap();
        let form = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_deref().unwrap())];
        let second: Tokens = service.token_request(&form).await.unwrap().json().await.unwrap();
        let after = service.verify_jwt(&second.id_token).await.unwrap();
        for claim in ["iss", "sub", "aud", "auth_time"] {
            assert_eq!(after[claim], before[claim], "{mode}: OIDC Core 12.2: {claim}");
        }
        assert_eq!(after["at_hash"], jose::half_hash(&second.access_token), "{mode}");
    }
}

#[tokio::test]
async fn request_objects_count_and_are_refused_alike_in_every_mode() {
    let signing = Signing::start(&json!({})).await;
    let service = &signing.service;
    for mode in MODES {
        let ask = || service.ask("openid").and("response_mode", mode);
        let elsewhere = ask().and("request_uri", "https://ailleurs.example/object");
        let told = response(&citizen_of(service).open(&elsewhere.url()).await.unwrap(), mode);
        assert_eq!((&told["error"], &told["code"]), (&json!("request_uri_not_supported"), &Value::Null), "{mode}");
        assert_eq!(told["state"], elsewhere.state, "{mode}");
        // Nothing in an object that nobody signed is followed, not even to tell.
        let unsigned = jose::unsigned(&signing.claims(&ask(), &json!({})));
        let page = citizen_of(service).open(&signing.url(&unsigned, &[("response_mode", mode)])).await.unwrap();
        assert_eq!(expect(page, "problem").code().as_deref(), Some("P107"), "{mode}");
        // OIDC Core §6.1: the redirect URI inside the object counts, and no other is needed.
        let ask = ask();
        let mut citizen = citizen_of(service);
        let chooser = expect(citizen.open(&signing.url(&signing.object(&ask), &[])).await.unwrap(), "choose");
        let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
        redeemed(service, &ask, &signed_in(&mut citizen, &login, mode).await).await;
    }
}
