//! Group C: codes, PKCE, client authentication, the token and userinfo endpoints.

use conformance::audit;
use conformance::citizen::Citizen;
use conformance::gateway::Standing;
use conformance::jose::{Algorithm, SigningKey};
use conformance::relying_party::{ASSERTION_TYPE, RelyingParty, assertion_claims};
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use conformance::{clock, random};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::journey::{Journey, eventually, expect, to_login};

/// The OAuth error of an answer, which must be JSON, uncacheable, in plain ASCII; and the code of the one event that
/// accounts for it.
async fn error(case: &str, answer: reqwest::Response) -> (u16, String, String) {
    let code = audit::refusal(&answer);
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    let body: Value = answer.json().await.unwrap_or_else(|error| panic!("{case}: {status}: {error}"));
    assert_eq!(headers["cache-control"], "no-store", "{case}");
    assert_eq!(headers["content-type"], "application/json", "{case}: RFC 6749 5.2");
    assert_eq!(status == 401, body["error"] == "invalid_client", "{case}: RFC 6749 5.2: {status} {body}");
    let description = body["error_description"].as_str().unwrap_or_default();
    assert!(description.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'), "{case}");
    (status, body["error"].as_str().unwrap_or_default().to_owned(), code)
}

fn refused(error: &str, code: &str) -> (u16, String, String) {
    (400, error.to_owned(), code.to_owned())
}

/// The access token opens nothing, and that is accounted for.
async fn opens_nothing(service: &RelyingParty, token: &str) {
    let answer = service.userinfo(token).await.unwrap();
    assert_eq!((answer.status().as_u16(), audit::refusal(&answer).as_str()), (401, "token.refused"));
}

#[tokio::test]
async fn a_code_is_spent_once_and_its_second_use_revokes_its_tokens() {
    let journey = Journey::start().await;
    let (ask, code) = journey.code(&journey.service).await;
    let tokens: Value = journey.service.redeem(&ask, &code).await.unwrap().json().await.unwrap();
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(journey.service.userinfo(access_token).await.unwrap().status(), 200);
    let again = journey.service.redeem(&ask, &code).await.unwrap();
    assert_eq!(error("C01", again).await, refused("invalid_grant", "grant.code_replayed"));
    opens_nothing(&journey.service, access_token).await;
}

#[tokio::test]
async fn a_code_that_comes_too_late_gives_nothing_whether_it_was_used_before_or_not() {
    let setting = Setting { overrides: "[lifetimes]\ncode = 10".parse().unwrap(), ..Setting::default() };
    let journey = Journey::set(setting).await;
    let unused = journey.code(&journey.service).await;
    let (ask, code) = journey.code(&journey.service).await;
    assert!(journey.service.redeem(&ask, &code).await.unwrap().status().is_success(), "in its time it counts");
    let end = clock::now() + 11;
    eventually("the end of the codes", async || (clock::now() > end).then_some(())).await;
    for (case, (ask, code), told) in
        [("C03 never used", &unused, "grant.code_unknown"), ("used before", &(ask, code), "grant.code_replayed")]
    {
        for time in ["first", "second"] {
            let late = journey.service.redeem(ask, code).await.unwrap();
            assert_eq!(error(case, late).await, refused("invalid_grant", told), "{case}, {time} time");
        }
    }
}

#[tokio::test]
async fn of_a_hundred_parallel_redemptions_one_succeeds() {
    let journey = Journey::start().await;
    let (ask, code) = journey.code(&journey.service).await;
    let answers = join_all((0..100).map(|_| journey.service.redeem(&ask, &code))).await;
    let (good, bad): (Vec<_>, Vec<_>) =
        answers.into_iter().map(Result::unwrap).partition(|answer| answer.status().is_success());
    assert_eq!(good.len(), 1, "C02");
    for answer in bad {
        assert_eq!(error("C02", answer).await, refused("invalid_grant", "grant.code_replayed"));
    }
}

#[tokio::test]
async fn a_code_is_redeemed_by_its_client_with_its_verifier_and_its_redirect_uri() {
    let journey = Journey::start().await;
    let uri = journey.service.redirect_uri.clone();
    let verifier = random::token();
    let elsewhere = "http://localhost:1/callback";
    let cases: [(&str, (&str, &str), &str); 6] = [
        ("C06 another redirect_uri", ("redirect_uri", elsewhere), "grant.redirect_uri_differs"),
        ("C06 no redirect_uri", ("redirect_uri", ""), "grant.redirect_uri_differs"),
        ("C07 no verifier", ("code_verifier", ""), "grant.verifier_missing"),
        ("another verifier", ("code_verifier", &verifier), "grant.verifier_wrong"),
        ("short verifier", ("code_verifier", "abc"), "grant.verifier_wrong"),
        ("another code", ("code", "abc"), "grant.code_unknown"),
    ];
    for (case, change, told) in cases {
        let (ask, code) = journey.code(&journey.service).await;
        let honest = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &uri),
            ("code_verifier", &ask.verifier),
        ];
        let changed = |name| (change.0 == name).then_some(change.1);
        let form: Vec<_> = honest
            .iter()
            .map(|(name, value)| (*name, changed(*name).unwrap_or(value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let answer = error(case, journey.service.token_request(&form).await.unwrap()).await;
        assert_eq!(answer, refused("invalid_grant", told), "{case}");
    }
    let mut other = journey.register(&RelyingParty::ordinary("Autre")).await;
    let (ask, code) = journey.code(&journey.service).await;
    other.redirect_uri = uri;
    let stolen = error("C04", other.redeem(&ask, &code).await.unwrap()).await;
    assert_eq!(stolen, refused("invalid_grant", "grant.code_of_another_client"));
    let burnt = journey.service.redeem(&ask, &code).await.unwrap();
    assert_eq!(error("C04 burnt", burnt).await, refused("invalid_grant", "grant.code_replayed"));
}

#[tokio::test]
async fn parameters_sent_twice_and_other_grants_are_refused() {
    let journey = Journey::start().await;
    let (ask, code) = journey.code(&journey.service).await;
    let twice = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("code", &code),
        ("redirect_uri", &journey.service.redirect_uri),
        ("code_verifier", &ask.verifier),
    ];
    let malformed = refused("invalid_request", "request.invalid_request");
    assert_eq!(error("twice", journey.service.token_request(&twice).await.unwrap()).await, malformed);
    for grant in ["password", "implicit", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x"] {
        let answer = error("C19", journey.service.token_request(&[("grant_type", grant)]).await.unwrap()).await;
        assert_eq!(answer, refused("unsupported_grant_type", "grant.unsupported_type"), "{grant}");
    }
    // With all that the right grant needs: the name of the grant alone decides, and spends nothing.
    let (ask, code) = journey.code(&journey.service).await;
    let named = |grant| {
        let redirect_uri = journey.service.redirect_uri.as_str();
        [
            ("grant_type", grant),
            ("code", code.as_str()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", ask.verifier.as_str()),
        ]
    };
    let other = journey.service.token_request(&named("password")).await.unwrap();
    assert_eq!(error("C19", other).await, refused("unsupported_grant_type", "grant.unsupported_type"));
    let right = journey.service.token_request(&named("authorization_code")).await.unwrap();
    assert_eq!(right.status(), 200, "C19: the code is still good");
    assert_eq!(error("none", journey.service.token_request(&[]).await.unwrap()).await, malformed);
}

#[tokio::test]
async fn a_client_proves_itself_by_its_own_method_alone() {
    let journey = Journey::start().await;
    let (service, http) = (&journey.service, reqwest::Client::new());
    let secret = service.secret.clone().unwrap();
    let (ask, code) = journey.code(&journey.service).await;
    let form = |extra: &[(&'static str, String)]| {
        let honest = [
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.clone()),
            ("redirect_uri", service.redirect_uri.clone()),
            ("code_verifier", ask.verifier.clone()),
        ];
        honest.into_iter().chain(extra.iter().cloned()).collect::<Vec<_>>()
    };
    let post = || http.post(&service.metadata.token_endpoint);
    let (id, wrong) = (service.client_id.clone(), random::token());
    let posted = [("client_id", id.clone()), ("client_secret", secret.clone())];
    let cases = [
        ("no proof", post().form(&form(&[]))),
        ("id alone", post().form(&form(&[("client_id", id.clone())]))),
        ("C10 wrong secret", post().basic_auth(&id, Some(&wrong)).form(&form(&[]))),
        ("C10 empty secret", post().basic_auth(&id, Some("")).form(&form(&[]))),
        ("unknown client", post().basic_auth("nobody", Some(&secret)).form(&form(&[]))),
        ("C11 not the registered method", post().form(&form(&posted))),
        ("C11 two methods", post().basic_auth(&id, Some(&secret)).form(&form(&posted))),
        ("two clients", post().basic_auth(&id, Some(&secret)).form(&form(&[("client_id", "other".into())]))),
    ];
    for (case, request) in cases {
        let (status, name, code) = error(case, request.send().await.unwrap()).await;
        let expected = if case == "C11 two methods" {
            (400, "invalid_request", "request.invalid_request")
        } else {
            (401, "invalid_client", "client.unauthenticated")
        };
        assert_eq!((status, name.as_str(), code.as_str()), expected, "{case}");
    }
    assert!(service.redeem(&ask, &code).await.unwrap().status().is_success(), "the code was not burnt by strangers");
}

#[tokio::test]
async fn a_client_assertion_is_strict_and_used_once() {
    let journey = Journey::start().await;
    let key = SigningKey::generate(Algorithm::Es256);
    let mut metadata = RelyingParty::ordinary("Département");
    metadata["token_endpoint_auth_method"] = json!("private_key_jwt");
    metadata["jwks"] = json!({ "keys": [key.public_jwk()] });
    let service = journey.register(&metadata).await;
    let issuer = journey.scene.gateway.issuer().to_owned();
    let honest = || assertion_claims(&service.client_id, &issuer);
    let changed = |name: &str, value: Value| {
        let mut claims = honest();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        key.sign("JWT", &claims)
    };
    let send = async |assertion: String, code: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &service.redirect_uri),
            ("code_verifier", verifier),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ];
        reqwest::Client::new().post(&service.metadata.token_endpoint).form(&form).send().await.unwrap()
    };
    let (now, stranger) = (clock::now(), SigningKey::generate(Algorithm::Es256));
    let cases = [
        ("C13 aud is the token endpoint", changed("aud", json!(service.metadata.token_endpoint))),
        ("C13 aud is an array", changed("aud", json!([issuer, "x"]))),
        ("C13 aud is another", changed("aud", json!("http://127.0.0.1:9"))),
        ("C14 no sub", changed("sub", Value::Null)),
        ("C14 another sub", changed("sub", json!("other"))),
        ("C14 no exp", changed("exp", Value::Null)),
        ("C14 exp as text", changed("exp", json!("never"))),
        ("C14 expired", changed("exp", json!(now - 120))),
        ("C14 exp in a year", changed("exp", json!(now + 365 * 86_400))),
        ("C14 iat 61 s ahead", changed("iat", json!(now + 61))),
        ("no jti", changed("jti", Value::Null)),
        ("C15 another key", stranger.sign("JWT", &honest())),
        (
            "C15 another key under the registered kid",
            stranger.sign_under(&json!({ "alg": "ES256", "kid": key.kid(), "typ": "JWT" }), &honest()),
        ),
        ("C16 alg none", conformance::jose::unsigned(&honest())),
        (
            "C16 HMAC with the public key",
            conformance::jose::hmac_signed(key.kid(), key.public_pem().as_bytes(), &honest()),
        ),
        (
            "C16 jwk in the header",
            stranger.sign_under(&json!({ "alg": "ES256", "jwk": stranger.public_jwk(), "typ": "JWT" }), &honest()),
        ),
        ("not a token", "a.b.c".to_owned()),
    ];
    let (ask, code) = journey.code(&service).await;
    for (case, assertion) in cases {
        let answer = error(case, send(assertion, &code, &ask.verifier).await).await;
        assert_eq!(answer, (401, "invalid_client".into(), "client.unauthenticated".into()), "{case}");
    }
    let good = changed("iat", json!(now + 8));
    let answer = send(good.clone(), &code, &ask.verifier).await;
    assert!(answer.status().is_success(), "iat 8 s ahead is accepted: {}", answer.text().await.unwrap());
    let (ask, code) = journey.code(&service).await;
    let replayed = send(good, &code, &ask.verifier).await;
    assert_eq!(error("C12", replayed).await, (401, "invalid_client".into(), "client.assertion_reused".into()));
}

#[tokio::test]
async fn userinfo_wants_a_live_token_in_the_header() {
    let journey = Journey::start().await;
    let (_, tokens) = journey.tokens(ProviderId::Impots, "angela").await;
    let (http, endpoint) = (reqwest::Client::new(), &journey.service.metadata.userinfo_endpoint);
    let good = http.post(endpoint).bearer_auth(&tokens.access_token).send().await.unwrap();
    assert_eq!(good.status(), 200, "POST too");
    let lower = http.get(endpoint).header("authorization", format!("bearer {}", tokens.access_token));
    assert_eq!(lower.send().await.unwrap().status(), 200, "the scheme has no case");
    let basic = http.get(endpoint).header("authorization", format!("Basic {}", tokens.access_token));
    for (case, request, code) in [
        ("none", http.get(endpoint), "token.missing"),
        ("wrong", http.get(endpoint).bearer_auth("wrong"), "token.refused"),
        ("D04 ID token", http.get(endpoint).bearer_auth(&tokens.id_token), "token.refused"),
        ("D01 in the address", http.get(format!("{endpoint}?access_token={}", tokens.access_token)), "token.missing"),
        ("D11 another scheme", basic, "token.missing"),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!((answer.status().as_u16(), audit::refusal(&answer).as_str()), (401, code), "{case}");
        assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"), "{case}");
        assert!(!answer.text().await.unwrap().contains("DUBOIS"), "{case}");
    }
}

#[tokio::test]
async fn a_code_of_a_disabled_client_is_worth_nothing() {
    let journey = Journey::start().await;
    let (ask, code) = journey.code(&journey.service).await;
    let (_, tokens) = journey.tokens(ProviderId::Impots, "angela").await;
    let installation = journey.scene.gateway.installation();
    let disabled = installation.run(&["clients", "disable", &journey.service.client_id]).await.unwrap();
    assert!(disabled.status.success());
    journey.scene.gateway.installation().until(&journey.service.client_id, Standing::Unknown).await.unwrap();
    let answer = error("disabled", journey.service.redeem(&ask, &code).await.unwrap()).await;
    assert_eq!(answer, (401, "invalid_client".into(), "client.unauthenticated".into()));
    let told = journey.service.userinfo(&tokens.access_token).await.unwrap();
    assert_eq!((told.status().as_u16(), audit::refusal(&told).as_str()), (401, "habilitation.disabled"));
    let enabled = installation.run(&["clients", "enable", &journey.service.client_id]).await.unwrap();
    assert!(enabled.status.success());
    installation.until(&journey.service.client_id, Standing::Served).await.unwrap();
    journey.tokens(ProviderId::Impots, "angela").await;
}

#[tokio::test]
async fn hostile_bodies_are_bounded_refusals() {
    let journey = Journey::start().await;
    let http = reqwest::Client::new();
    let issuer = journey.scene.gateway.issuer();
    for path in ["authorize", "token", "userinfo", "end-session", "signin/x/choose", "callback/impots", "callback/none"]
    {
        for body in [vec![0xff; 64], b"%%%=%ff&=&&&".to_vec(), vec![b'a'; 2 << 20]] {
            let sent = http
                .post(format!("{issuer}/{path}"))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
                .send()
                .await;
            if let Ok(answer) = sent {
                assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
                // What was too long never became a request of the router, and has no number.
                if answer.headers().contains_key("x-request-id") {
                    audit::refusal(&answer);
                }
            }
        }
    }
    journey.scene.gateway.ledger.after("wire.too_long", 0);
    let mut citizen = Citizen::new();
    let page = citizen.open(&format!("{issuer}/authorize?%ff=%fe&client_id=%00")).await.unwrap();
    expect(page, "problem");
    to_login(&mut journey.citizen(), &journey.ask(), ProviderId::Impots).await;
}
