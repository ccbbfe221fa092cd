//! What a service may say in its request beyond the scope: hints, whom it expects, single claims, by GET or by POST.

use conformance::citizen::Citizen;
use conformance::people::PASSWORD;
use conformance::relying_party::{Ask, RelyingParty, Tokens};
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::journey::{Journey, accept, choose, citizen_of, expect};

/// A whole sign-in for a request: the tokens.
async fn tokens(journey: &Journey, ask: &Ask, username: &str) -> Tokens {
    let back = journey.to_return(&mut journey.citizen(), ask, ProviderId::Impots, username).await;
    journey.service.finish(ask, &back).await.unwrap()
}

async fn id_token(journey: &Journey, ask: &Ask, username: &str) -> Value {
    journey.service.verify(ask, &tokens(journey, ask, username).await).await.unwrap()
}

#[tokio::test]
async fn a_posted_request_is_the_same_request() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let endpoint = &journey.service.metadata.authorization_endpoint;
    let from = journey.service.redirect_uri.clone();
    let chooser = expect(citizen.post_from(&from, endpoint, &ask.body()).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
    let again = journey.ask();
    let inform = expect(citizen.post_from(&from, endpoint, &again.body()).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&again, &back).await.unwrap();
}

#[tokio::test]
async fn a_hint_leads_straight_to_its_provider_or_is_told_to_be_wrong() {
    let hidden = "display = false".parse().unwrap();
    let closed = "active = false".parse().unwrap();
    let provider_overrides = vec![(ProviderId::Msa, hidden), (ProviderId::Mobile, closed)];
    let journey = Journey::set(Setting { provider_overrides, ..Setting::default() }).await;
    let mut citizen = journey.citizen();
    let chooser = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
    assert!(!chooser.body.contains("value=\"msa\""), "a hidden provider is not shown");
    for provider in [ProviderId::Poste, ProviderId::Msa] {
        let (ask, mut citizen) = (journey.ask().and("idp_hint", provider.as_str()), journey.citizen());
        let login = expect(citizen.open(&ask.url()).await.unwrap(), "login");
        assert!(login.url.path().starts_with(&format!("/{provider}/")), "{}", login.url);
        let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
        let back = accept(&mut citizen, &inform).await;
        journey.service.finish(&ask, &back).await.unwrap();
    }
    let substantial = journey.ask().with("acr_values", "eidas2");
    for (case, ask) in [
        ("unknown", journey.ask().and("idp_hint", "nobody")),
        ("no id", journey.ask().and("idp_hint", "../x")),
        ("switched off", journey.ask().and("idp_hint", "mobile")),
        ("too low", substantial.and("idp_hint", "impots")),
    ] {
        let back = journey.citizen().open(&ask.url()).await.unwrap();
        assert_eq!(back.parameter("error").as_deref(), Some("invalid_idp_hint"), "A18 {case}: {}", back.brief());
    }
}

#[tokio::test]
async fn a_login_hint_reaches_the_provider() {
    let journey = Journey::start().await;
    let ask = journey.ask().and("login_hint", "keiko & \"co\" <k@exemple.fr>");
    let login = journey.to_login(&mut journey.citizen(), &ask, ProviderId::Impots).await;
    assert_eq!(login.attribute("input[name=username]", "value").unwrap(), "keiko & \"co\" <k@exemple.fr>");
    let long = journey.ask().and("login_hint", &"x".repeat(300));
    let login = journey.to_login(&mut journey.citizen(), &long, ProviderId::Impots).await;
    assert_eq!(login.attribute("input[name=username]", "value").unwrap_or_default(), "", "too long: left out");
}

#[tokio::test]
async fn single_claims_are_released_where_they_were_asked_and_are_covered() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Piscine");
    metadata["scope"] = "openid given_name birthdate".into();
    metadata["passerelle"]["claims"] = json!(["amr"]);
    let pool = journey.register(&metadata).await;
    let claims = json!({
        "userinfo": { "given_name": { "essential": true }, "email": null, "unheard_of": null },
        "id_token": { "birthdate": null, "family_name": null, "amr": null, "acr": { "values": ["eidas1"] } },
    });
    let ask = pool.ask("openid").and("claims", &claims.to_string());
    let mut citizen = citizen_of(&pool);
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    assert!(inform.has("[data-claim=given_name]") && inform.has("[data-claim=birthdate]"), "{}", inform.body);
    assert!(!inform.has("[data-claim=email]") && !inform.has("[data-claim=family_name]"), "no scope covers them");
    let back = accept(&mut citizen, &inform).await;
    let tokens = pool.finish(&ask, &back).await.unwrap();
    let id_token = pool.verify(&ask, &tokens).await.unwrap();
    assert_eq!(id_token["birthdate"], "1962-08-24");
    assert_eq!(id_token["amr"], json!(["pwd"]));
    assert_eq!(id_token["family_name"], Value::Null);
    let userinfo = pool.claims(&tokens).await.unwrap();
    assert_eq!(userinfo["given_name"], "Angela Claire Louise");
    assert_eq!((&userinfo["email"], &userinfo["family_name"]), (&Value::Null, &Value::Null));

    let essential = json!({ "id_token": { "acr": { "essential": true, "values": ["unheard_of"] } } }).to_string();
    for (case, claims, error) in [
        ("no JSON", "{", "invalid_request"),
        ("no object", "[]", "invalid_request"),
        ("no member", "{\"userinfo\":[]}", "invalid_request"),
        ("no such level", essential.as_str(), "unmet_authentication_requirements"),
    ] {
        let back = citizen_of(&pool).open(&pool.ask("openid").and("claims", claims).url()).await.unwrap();
        assert_eq!(back.parameter("error").as_deref(), Some(error), "{case}: {}", back.brief());
    }
}

#[tokio::test]
async fn a_service_that_expects_one_citizen_gets_no_other() {
    let journey = Journey::start().await;
    let ask = journey.ask();
    let received = tokens(&journey, &ask, "angela").await;
    let angela = journey.service.verify(&ask, &received).await.unwrap();
    let expected = json!({ "id_token": { "sub": { "value": angela["sub"] } } }).to_string();
    for (name, value) in [("claims", expected.as_str()), ("id_token_hint", received.id_token.as_str())] {
        let expecting = || journey.ask().and(name, value);
        let ask = expecting();
        assert_eq!(id_token(&journey, &ask, "angela").await["sub"], angela["sub"], "{name}");

        let (ask, mut citizen) = (expecting(), journey.citizen());
        let page = journey.to_arrival(&mut citizen, &ask, ProviderId::Impots, "keiko").await;
        let refused = expect(page, "refused");
        assert_eq!(refused.code().as_deref(), Some("P342"), "{name}");
        assert!(!refused.body.contains("DUBOIS"), "{name}: whom the service expects is not told");
        let back = citizen.press(&refused, "form[data-step=cancel] button", &[]).await.unwrap();
        assert_eq!(back.parameter("error").as_deref(), Some("login_required"), "{name}");

        // A session of somebody else is not offered, silently or not; one of theirs is.
        let mut keiko = journey.citizen();
        journey.to_return(&mut keiko, &journey.ask(), ProviderId::Impots, "keiko").await;
        expect(keiko.open(&expecting().url()).await.unwrap(), "choose");
        let silent = keiko.open(&expecting().and("prompt", "none").url()).await.unwrap();
        assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{name}");
        let mut angela = journey.citizen();
        journey.to_return(&mut angela, &journey.ask(), ProviderId::Impots, "angela").await;
        let silent = angela.open(&expecting().and("prompt", "none").url()).await.unwrap();
        assert!(silent.parameter("code").is_some(), "{name}: {}", silent.brief());
    }

    let other = journey.register(&RelyingParty::ordinary("Autre ville")).await;
    for (case, ask) in [
        ("nonsense", journey.ask().and("id_token_hint", "a.b.c")),
        ("of another service", other.ask("openid").and("id_token_hint", &received.id_token)),
        (
            "against `sub`",
            journey
                .ask()
                .and("id_token_hint", &received.id_token)
                .and("claims", &json!({ "id_token": { "sub": { "value": "somebody else" } } }).to_string()),
        ),
    ] {
        let back = citizen_of(&other).stopping_at("http://localhost").open(&ask.url()).await.unwrap();
        assert_eq!(back.parameter("error").as_deref(), Some("invalid_request"), "{case}: {}", back.brief());
    }
}

/// Asks for claims one by one: those of the ID token and of userinfo.
async fn asked(service: &RelyingParty, citizen: &mut Citizen, claims: &Value) -> (Value, Value) {
    let ask = service.ask("openid").and("claims", &claims.to_string());
    let mut page = citizen.open(&ask.url()).await.unwrap();
    if page.name().as_deref() == Some("inform") {
        page = accept(citizen, &page).await;
    }
    let tokens =
        service.finish(&ask, &page).await.unwrap_or_else(|error| panic!("{claims}: {}: {error:#}", page.brief()));
    (service.verify(&ask, &tokens).await.unwrap(), service.claims(&tokens).await.unwrap())
}

#[tokio::test]
async fn every_published_claim_can_be_asked_for_by_name_in_each_place_and_each_way() {
    let journey = Journey::set(Setting {
        overrides: "[limits]\nauthorize_per_minute = 0".parse().unwrap(),
        ..Setting::default()
    })
    .await;
    let issuer = journey.scene.gateway.issuer();
    let document: Value =
        reqwest::get(format!("{issuer}/.well-known/openid-configuration")).await.unwrap().json().await.unwrap();
    let list = |name: &str| -> Vec<String> { serde_json::from_value(document[name].clone()).unwrap() };
    let mut metadata = RelyingParty::ordinary("Mairie qui peut tout");
    let scopes = list("scopes_supported").into_iter().filter(|scope| scope != "offline_access");
    metadata["scope"] = scopes.collect::<Vec<_>>().join(" ").into();
    metadata["passerelle"]["claims"] = json!(["amr"]);
    let service = journey.register(&metadata).await;
    // What there is of angela, by scopes; from then on her session answers without a page.
    let (ask, mut citizen) = (service.ask(metadata["scope"].as_str().unwrap()), citizen_of(&service));
    let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let whole = service.claims(&service.finish(&ask, &back).await.unwrap()).await.unwrap();

    // Of the token, not of the citizen: in the ID token, whatever was asked for.
    let own = ["iss", "aud", "exp", "iat", "auth_time", "acr", "nonce", "at_hash", "sid"];
    let names = list("claims_supported");
    let about: Vec<_> = names.iter().filter(|name| !own.contains(&name.as_str()) && *name != "amr").collect();
    assert!(about.iter().filter(|name| !whole[name.as_str()].is_null()).count() >= 10, "{whole}");
    for name in &names {
        for place in ["id_token", "userinfo"] {
            let same = if name == "acr" { json!("eidas1") } else { whole[name].clone() };
            for way in
                [Value::Null, json!({ "essential": true }), json!({ "value": same }), json!({ "values": [same] })]
            {
                let case = json!({ place: { name: way } });
                let (id_token, userinfo) = asked(&service, &mut citizen, &case).await;
                if own.contains(&name.as_str()) {
                    assert!(!id_token[name].is_null() && userinfo[name].is_null(), "{case}: {id_token} {userinfo}");
                } else if name == "amr" {
                    let expected = if place == "id_token" { json!(["pwd"]) } else { Value::Null };
                    assert_eq!((&id_token[name], &userinfo[name]), (&expected, &Value::Null), "{case}");
                } else {
                    assert_eq!(userinfo[name], whole[name], "{case}");
                    let expected = if place == "id_token" || name == "sub" { &whole[name] } else { &Value::Null };
                    assert_eq!(&id_token[name], expected, "{case}");
                    let others = about.iter().filter(|other| **other != name && *other != &"sub");
                    for other in others {
                        assert!(id_token[*other].is_null() && userinfo[*other].is_null(), "{case} brings {other}");
                    }
                }
            }
        }
    }
    // Another value than the one there is: nothing of the citizen changes for it, and nothing fails.
    for name in about.iter().filter(|name| **name != "sub") {
        let (_, userinfo) =
            asked(&service, &mut citizen, &json!({ "userinfo": { *name: { "value": "autre" } } })).await;
        assert!([&whole[*name], &Value::Null].contains(&&userinfo[*name]), "{name}: {userinfo}");
    }
}
