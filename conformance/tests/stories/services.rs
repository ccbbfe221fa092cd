//! Services of every registered kind: how they prove themselves, how what they receive is signed, what is withdrawn.

use conformance::citizen::Citizen;
use conformance::relying_party::{RelyingParty, SecretIn};
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::journey::{Journey, citizen_of, eventually};

fn header(token: &str) -> Value {
    let header = jsonwebtoken::decode_header(token).unwrap();
    json!({ "alg": header.alg, "typ": header.typ })
}

#[tokio::test]
async fn a_service_that_posts_its_secret_is_served_and_in_no_other_way() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Crèche");
    metadata["token_endpoint_auth_method"] = "client_secret_post".into();
    let service = journey.register(&metadata).await;
    assert_eq!(service.shows_secret, SecretIn::Body);
    let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(&service));
    let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let code = back.parameter("code").unwrap();
    let (mut in_header, mut wrong) = (service.clone(), service.clone());
    in_header.shows_secret = SecretIn::Header;
    wrong.secret = Some("wrong".into());
    for stranger in [in_header, wrong] {
        let refused = stranger.redeem(&ask, &code).await.unwrap();
        assert_eq!(refused.status(), 401);
        assert_eq!(refused.json::<Value>().await.unwrap()["error"], "invalid_client");
    }
    let tokens = service.finish(&ask, &back).await.unwrap();
    assert_eq!(service.claims(&tokens).await.unwrap()["family_name"], "DUBOIS");
}

#[tokio::test]
async fn tokens_and_userinfo_are_signed_as_each_service_registered() {
    let journey = Journey::start().await;
    for algorithm in ["RS256", "ES256", "PS256", "EdDSA"] {
        let mut metadata = RelyingParty::ordinary("Ville");
        metadata["id_token_signed_response_alg"] = algorithm.into();
        metadata["userinfo_signed_response_alg"] = algorithm.into();
        let service = journey.register(&metadata).await;
        let (ask, mut citizen) = (service.ask("openid profile email"), citizen_of(&service));
        let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let tokens = service.finish(&ask, &back).await.unwrap();
        assert_eq!(header(&tokens.id_token)["alg"], algorithm);
        let id_token = service.verify(&ask, &tokens).await.unwrap();

        let answer = service.userinfo(&tokens.access_token).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/jwt", "{algorithm}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let signed = answer.text().await.unwrap();
        assert_eq!(header(&signed)["alg"], algorithm);
        let claims = service.verify_jwt(&signed).await.unwrap();
        assert_eq!((&claims["sub"], &claims["family_name"]), (&id_token["sub"], &json!("DUBOIS")), "{algorithm}");
        assert_eq!(claims["email"], "angela@exemple.fr");
        let (rest, signature) = signed.rsplit_once('.').unwrap();
        let broken = format!("{rest}.{}", signature.chars().rev().collect::<String>());
        assert!(service.verify_jwt(&broken).await.is_err(), "{algorithm}: this test can tell a bad signature");
    }
}

#[tokio::test]
async fn userinfo_takes_its_token_from_a_posted_form_too_but_never_twice() {
    let journey = Journey::start().await;
    let (_, tokens) = journey.tokens(ProviderId::Impots, "angela").await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = || http.post(&journey.service.metadata.userinfo_endpoint);
    let form = [("access_token", tokens.access_token.as_str())];
    let claims: Value = post().form(&form).send().await.unwrap().json().await.unwrap();
    assert_eq!(claims["family_name"], "DUBOIS");
    for (case, request) in [
        ("header and form", post().bearer_auth(&tokens.access_token).form(&form)),
        ("two in the form", post().form(&[form[0], form[0]])),
        ("nothing", post()),
        ("in JSON", post().json(&json!({ "access_token": tokens.access_token }))),
    ] {
        let answer = request.send().await.unwrap();
        assert!([400, 401].contains(&answer.status().as_u16()), "{case}: {}", answer.status());
        assert!(!answer.text().await.unwrap().contains("DUBOIS"), "{case}");
    }
}

#[tokio::test]
async fn a_scope_that_is_withdrawn_is_not_released_to_a_token_given_before() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Ville");
    let service = journey.register(&metadata).await;
    let (ask, mut citizen) = (service.ask("openid profile email"), citizen_of(&service));
    let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let tokens = service.finish(&ask, &back).await.unwrap();
    assert_eq!(service.claims(&tokens).await.unwrap()["email"], "angela@exemple.fr");

    metadata["scope"] = "openid profile".into();
    metadata["client_id"] = service.client_id.clone().into();
    journey.scene.gateway.installation().import(&metadata).await.unwrap();
    let claims = eventually("a release without the scope", async || {
        let claims = service.claims(&tokens).await.unwrap();
        claims["email"].is_null().then_some(claims)
    })
    .await;
    assert_eq!(claims["family_name"], "DUBOIS", "what is left is released");
    let back = citizen.open(&service.ask("openid email").url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_scope"), "{}", back.brief());
}

#[tokio::test]
async fn a_scope_that_is_withdrawn_while_the_citizen_reads_is_neither_shown_nor_sent() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Ville");
    let service = journey.register(&metadata).await;
    let (ask, mut citizen): (_, Citizen) = (service.ask("openid profile email"), citizen_of(&service));
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    assert!(inform.has("[data-claim=email]"));
    metadata["scope"] = "openid profile".into();
    metadata["client_id"] = service.client_id.clone().into();
    journey.scene.gateway.installation().import(&metadata).await.unwrap();
    eventually("a page without the scope", async || {
        let page = citizen.open(inform.url.as_str()).await.unwrap();
        (!page.has("[data-claim=email]")).then_some(())
    })
    .await;
    let back = crate::journey::accept(&mut citizen, &inform).await;
    let tokens = service.finish(&ask, &back).await.unwrap();
    assert_eq!(service.claims(&tokens).await.unwrap()["email"], Value::Null);
    metadata["scope"] = "openid profile email".into();
    journey.scene.gateway.installation().import(&metadata).await.unwrap();
    eventually("a service that may ask again, of a citizen who was not informed of it", async || {
        let back = citizen.open(&service.ask("openid email").with("prompt", "none").url()).await.unwrap();
        (back.parameter("error").unwrap() == "interaction_required").then_some(())
    })
    .await;
    assert_eq!(service.claims(&tokens).await.unwrap()["email"], Value::Null, "the token never had it");
}
