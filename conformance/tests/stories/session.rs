//! The session of a browser: an earlier sign-in reused for low and substantial, never for high, never unseen.

use conformance::citizen::{Citizen, Page};
use conformance::relying_party::{Ask, RelyingParty};
use conformance::upstream::ProviderId;
use serde_json::Value;

use crate::journey::{Journey, accept, citizen_of, eventually, expect, to_login};

/// A citizen who signed in through a provider, and the claims of the ID token.
async fn signed_in(journey: &Journey, provider: ProviderId) -> (Citizen, Value) {
    let mut citizen = journey.citizen();
    let ask = journey.ask().with("acr_values", provider.profile().acr);
    let back = journey.to_return(&mut citizen, &ask, provider, "angela").await;
    let tokens = journey.service.finish(&ask, &back).await.unwrap();
    (citizen, journey.service.verify(&ask, &tokens).await.unwrap())
}

/// What a service is told when it asks silently.
async fn silently(citizen: &mut Citizen, ask: &Ask) -> Page {
    citizen.open(&ask.clone().with("prompt", "none").url()).await.unwrap()
}

fn told(page: &Page) -> String {
    page.parameter("error").unwrap_or_else(|| panic!("{}", page.brief()))
}

#[tokio::test]
async fn a_second_service_is_reached_without_a_provider_but_not_without_a_word() {
    let journey = Journey::start().await;
    let other = journey.register(&RelyingParty::ordinary("Médiathèque")).await;
    for (provider, level) in [(ProviderId::Impots, "eidas1"), (ProviderId::Poste, "eidas2")] {
        let (citizen, first) = signed_in(&journey, provider).await;
        let asked = journey.scene.providers.token_requests(provider);
        let mut citizen = citizen.stopping_at(&other.redirect_uri);
        let ask = other.ask("openid profile").with("acr_values", level);
        assert_eq!(told(&silently(&mut citizen, &ask).await), "interaction_required", "not before they were informed");

        let inform = expect(citizen.open(&ask.url()).await.unwrap(), "inform");
        assert!(inform.has("[data-claim=family_name]"), "{level}: the page says what is sent");
        let back = accept(&mut citizen, &inform).await;
        let second = other.verify(&ask, &other.finish(&ask, &back).await.unwrap()).await.unwrap();
        assert_eq!(second["acr"], level);
        assert_ne!(second["sub"], first["sub"], "{level}: two services know two numbers");
        assert_ne!(second["sid"], first["sid"], "{level}: nor is the session one that they could compare");
        assert_eq!(second["auth_time"], first["auth_time"], "{level}: authenticated once");
        assert_eq!(journey.scene.providers.token_requests(provider), asked, "{level}: no visit to the provider");

        let again = other.ask("openid profile").with("acr_values", level);
        let back = silently(&mut citizen, &again).await;
        let third = other.verify(&again, &other.finish(&again, &back).await.unwrap()).await.unwrap();
        let names = |claims: &Value| (claims["sub"].clone(), claims["sid"].clone());
        assert_eq!(names(&third), names(&second), "{level}: silently, once informed, in one session");
        let more = other.ask("openid profile email").with("acr_values", level);
        assert_eq!(told(&silently(&mut citizen, &more).await), "interaction_required", "{level}: of more, anew");
    }
    // A notice follows each of them: two fresh, two reused, two silent.
    eventually("six notices", async || {
        let messages = journey.scene.mailbox.messages_to("angela@exemple.fr", 0, std::time::Duration::ZERO).await;
        (messages.len() == 6).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_session_meets_no_higher_level_and_never_the_highest() {
    let journey = Journey::start().await;
    let (mut low, _) = signed_in(&journey, ProviderId::Impots).await;
    let substantial = journey.ask().with("acr_values", "eidas2");
    assert_eq!(told(&silently(&mut low, &substantial).await), "login_required");
    expect(low.open(&substantial.url()).await.unwrap(), "choose");

    let (mut high, first) = signed_in(&journey, ProviderId::IdentiteNumerique).await;
    assert_eq!(first["acr"], "eidas3");
    let highest = journey.ask().with("acr_values", "eidas3");
    assert_eq!(told(&silently(&mut high, &highest).await), "login_required", "the highest is never reused");
    expect(high.open(&highest.url()).await.unwrap(), "choose");
    for level in ["eidas1", "eidas2"] {
        let ask = journey.ask().with("acr_values", level);
        let back = silently(&mut high, &ask).await;
        let reused = journey.service.verify(&ask, &journey.service.finish(&ask, &back).await.unwrap()).await.unwrap();
        assert_eq!(reused["acr"], "eidas2", "what is reused counts as substantial at most");
    }
}

#[tokio::test]
async fn a_session_is_not_reused_where_the_service_wants_it_otherwise() {
    let journey = Journey::start().await;
    let (mut citizen, _) = signed_in(&journey, ProviderId::Impots).await;
    let ask = || journey.ask();
    assert_eq!(told(&silently(&mut journey.citizen(), &ask()).await), "login_required", "no session at all");
    let mut metadata = RelyingParty::ordinary("Sans impôts");
    metadata["passerelle"]["providers_except"] = serde_json::json!(["impots"]);
    let picky = journey.register(&metadata).await;
    expect(citizen_at(&citizen, &picky).open(&picky.ask("openid profile").url()).await.unwrap(), "choose");

    for (case, ask) in [
        ("login", ask().with("prompt", "login")),
        ("select_account", ask().with("prompt", "select_account")),
        ("no age", ask().with("max_age", "0")),
    ] {
        let page = citizen.open(&ask.url()).await.unwrap();
        assert_eq!(page.name().as_deref(), Some("choose"), "{case}: {}", page.brief());
    }
    let page = expect(citizen.open(&ask().with("idp_hint", "poste").url()).await.unwrap(), "login");
    assert!(page.url.path().starts_with("/poste"), "another provider was asked for: {}", page.url);
    for (case, ask) in [
        ("consent", ask().with("prompt", "consent")),
        ("any age", ask().with("max_age", "3600")),
        ("the session's provider", ask().with("idp_hint", "impots")),
    ] {
        let page = citizen.open(&ask.url()).await.unwrap();
        assert_eq!(page.name().as_deref(), Some("inform"), "{case}: {}", page.brief());
    }
    assert_eq!(told(&silently(&mut citizen, &ask().with("max_age", "0")).await), "login_required");
    assert!(silently(&mut citizen, &ask().with("max_age", "3600")).await.parameter("code").is_some());
    // With the seconds, the session grows too old for a service that wants it young.
    eventually("a session older than a second", async || {
        let page = silently(&mut citizen, &ask().with("max_age", "1")).await;
        page.parameter("error").map(|error| assert_eq!(error, "login_required"))
    })
    .await;
}

/// The same browser, at another service.
fn citizen_at(citizen: &Citizen, service: &RelyingParty) -> Citizen {
    citizen.clone().stopping_at(&service.redirect_uri)
}

#[tokio::test]
async fn an_authentication_is_as_recent_as_the_service_asked() {
    let journey = Journey::start().await;
    for (name, value) in [("max_age", "0"), ("max_age", "1"), ("prompt", "login")] {
        let (ask, mut citizen) = (journey.ask().with(name, value), journey.citizen());
        let before = conformance::clock::now();
        let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let claims = journey.service.verify(&ask, &journey.service.finish(&ask, &back).await.unwrap()).await.unwrap();
        assert!(claims["auth_time"].as_i64().unwrap() >= before, "{name}={value}: {claims}");
    }
    for bad in ["-1", "soon", "", "1.5"] {
        let back = journey.citizen().open(&journey.ask().with("max_age", bad).url()).await.unwrap();
        if bad.is_empty() {
            expect(back, "choose");
        } else {
            assert_eq!(told(&back), "invalid_request", "{bad}");
        }
    }
}

#[tokio::test]
async fn a_private_service_is_never_answered_silently() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Assureur");
    metadata["passerelle"]["kind"] = "private".into();
    let insurer = journey.register(&metadata).await;
    let mut citizen = citizen_of(&insurer);
    let ask = insurer.ask("openid profile");
    let login = to_login(&mut citizen, &ask, ProviderId::Impots).await;
    let inform = citizen.sign_in(&login, "angela", conformance::people::PASSWORD).await.unwrap();
    let button = "form[data-step=inform] button[type=submit]";
    let back = citizen.press(&inform, button, &[("consent", "yes")]).await.unwrap();
    insurer.finish(&ask, &back).await.unwrap();
    let silent = silently(&mut citizen, &insurer.ask("openid profile")).await;
    assert_eq!(told(&silent), "interaction_required", "consent is given each time");
    let anonymous = insurer.ask("openid");
    let back = silently(&mut citizen, &anonymous).await;
    insurer.finish(&anonymous, &back).await.unwrap();
}
