//! Group E, the way back: the answer of a provider counts in one browser, for one attempt, from one provider, and only
//! as long as provider and service still want each other.

use conformance::citizen::{Citizen, Page};
use conformance::engines::Redis;
use conformance::gateway::Ephemeral;
use conformance::or_skip;
use conformance::relying_party::{Ask, RelyingParty};
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use serde_json::json;
use url::Url;

use crate::journey::{Journey, accept, choose, citizen_of, expect};

/// The same answer with another value of one parameter, or without it.
fn changed(answer: &Url, name: &str, value: Option<&str>) -> Url {
    let kept: Vec<_> = answer.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
    let mut url = answer.clone();
    url.query_pairs_mut().clear().extend_pairs(kept);
    value.map_or(url.clone(), |value| doubled(&url, name, value))
}

/// The same answer with one parameter more.
fn doubled(answer: &Url, name: &str, value: &str) -> Url {
    let mut url = answer.clone();
    url.query_pairs_mut().append_pair(name, value);
    url
}

fn parameter(answer: &Url, name: &str) -> String {
    answer.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// The honest answer leads to the information page and to a code.
async fn counts(journey: &Journey, citizen: &mut Citizen, ask: &Ask, answer: &Url) {
    let inform = expect(citizen.open(answer.as_str()).await.unwrap(), "inform");
    let back = accept(citizen, &inform).await;
    journey.service.finish(ask, &back).await.unwrap();
}

#[tokio::test]
async fn an_answer_to_no_attempt_of_this_browser_spends_nothing() {
    let journey = Journey::start().await;
    for case in ["no state", "wrong state", "state twice", "state of another tab", "another provider's callback"] {
        let (ask, mut citizen) = (journey.ask(), journey.citizen());
        let honest = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let state = parameter(&honest, "state");
        let (id, _) = state.split_once('.').unwrap();
        let forged = match case {
            "no state" => changed(&honest, "state", None),
            "wrong state" => changed(&honest, "state", Some(&format!("{id}.wrong"))),
            "state twice" => doubled(&honest, "state", &state),
            "state of another tab" => {
                let login = journey.to_login(&mut citizen, &journey.ask(), ProviderId::Poste).await;
                let other = login.attribute("input[name=state]", "value").unwrap();
                changed(&honest, "state", Some(&other))
            }
            _ => {
                let mut url = honest.clone();
                url.set_path("/callback/poste");
                url
            }
        };
        let asked = journey.scene.providers.token_requests(ProviderId::Impots);
        let page = expect(citizen.open(forged.as_str()).await.unwrap(), "problem");
        assert!(["P201", "P202"].contains(&page.code().unwrap().as_str()), "E04, E01 {case}: {}", page.brief());
        assert_eq!(journey.scene.providers.token_requests(ProviderId::Impots), asked, "{case}: nobody was asked");
        // That it was accounted for under its code, `expect` saw.
        counts(&journey, &mut citizen, &ask, &honest).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_not_its_providers_is_given_up_and_the_next_try_counts() {
    let journey = Journey::start().await;
    let elsewhere = journey.scene.providers.issuer(ProviderId::Poste).to_owned();
    let own = journey.scene.providers.issuer(ProviderId::Impots).to_owned();
    for case in ["no issuer", "another issuer", "issuer twice", "no code", "code twice", "code and error"] {
        let (ask, mut citizen) = (journey.ask(), journey.citizen());
        let honest = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let forged = match case {
            "no issuer" => changed(&honest, "iss", None),
            "another issuer" => changed(&honest, "iss", Some(&elsewhere)),
            "issuer twice" => doubled(&honest, "iss", &own),
            "no code" => changed(&honest, "code", None),
            "code twice" => doubled(&honest, "code", "x"),
            _ => doubled(&honest, "error", "server_error"),
        };
        let asked = journey.scene.providers.token_requests(ProviderId::Impots);
        let chooser = expect(citizen.open(forged.as_str()).await.unwrap(), "choose");
        assert!(chooser.has("[data-banner]"), "E02 {case}: the page says what happened");
        let code = if case == "code and error" { "signin.P211" } else { "signin.P213" };
        assert_eq!(chooser.refusal(), code, "E02 {case}");
        assert_eq!(chooser.refusals()[0].provider.as_deref(), Some("impots"), "E02 {case}");
        assert_eq!(journey.scene.providers.token_requests(ProviderId::Impots), asked, "{case}: nobody was asked");
        let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
        let honest = journey.answer(&citizen, &login, "angela").await;
        counts(&journey, &mut citizen, &ask, &honest).await;
    }
}

#[tokio::test]
async fn a_code_of_one_attempt_is_worth_nothing_in_another() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let stolen = journey.held(&mut Citizen::new(), &journey.ask(), ProviderId::Impots, "keiko").await;
    let own = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let injected = changed(&own, "code", Some(&parameter(&stolen, "code")));
    let chooser = expect(citizen.open(injected.as_str()).await.unwrap(), "choose");
    assert!(!chooser.body.contains("TANAKA"));
    assert_eq!(chooser.refusal(), "signin.P213", "E01");

    let honest_code = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let attacker = journey.to_login(&mut citizen, &ask, ProviderId::Msa).await;
    let (state, iss) =
        (attacker.attribute("input[name=state]", "value").unwrap(), journey.scene.providers.issuer(ProviderId::Msa));
    let mut mixed = changed(&changed(&honest_code, "state", Some(&state)), "iss", Some(iss));
    mixed.set_path("/callback/msa");
    let page = citizen.open(mixed.as_str()).await.unwrap();
    assert_eq!(page.name().as_deref(), Some("choose"), "E01 {}", page.brief());
    assert_eq!(page.refusal(), "signin.P213", "E01");
    counts(&journey, &mut citizen, &ask, &honest_code).await;
}

#[tokio::test]
async fn an_answer_that_is_replayed_asks_nobody_again() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let honest = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    expect(citizen.open(honest.as_str()).await.unwrap(), "inform");
    let asked = journey.scene.providers.token_requests(ProviderId::Impots);
    let inform = expect(citizen.open(honest.as_str()).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
    let replayed = citizen.open(honest.as_str()).await.unwrap();
    assert_eq!(replayed.name().as_deref(), Some("ended"), "E04 {}", replayed.brief());
    assert_eq!(journey.scene.providers.token_requests(ProviderId::Impots), asked);
}

#[tokio::test]
async fn an_answer_counts_in_the_browser_that_left_alone() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let honest = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let asked = journey.scene.providers.token_requests(ProviderId::Impots);
    let nowhere = |page: Page, case: &str, code: &str| {
        assert_eq!(page.name().as_deref(), Some("ended"), "E05 {case}: {}", page.brief());
        assert_eq!(page.code().as_deref(), Some(code), "E05 {case}");
        let told = if code == "cookie_lost" { "signin.cookie_lost" } else { "signin.expired" };
        assert_eq!(page.refusal(), told, "E05 {case}");
        assert!(!page.body.contains("DUBOIS"));
    };
    nowhere(Citizen::new().open(honest.as_str()).await.unwrap(), "no cookie", "cookie_lost");
    // A victim with a sign-in of their own is not signed in as whoever sent the link.
    let mut victim = journey.citizen();
    expect(victim.open(&journey.ask().url()).await.unwrap(), "choose");
    nowhere(victim.open(honest.as_str()).await.unwrap(), "another browser", "sign_in_expired");
    assert_eq!(journey.scene.providers.token_requests(ProviderId::Impots), asked, "nobody was asked");
    counts(&journey, &mut citizen, &ask, &honest).await;
}

#[tokio::test]
async fn a_provider_that_the_service_gave_up_meanwhile_brings_nobody() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Guichet");
    let service = journey.register(&metadata).await;
    let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(&service));
    let honest = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    metadata["passerelle"]["providers_only"] = json!(["msa"]);
    journey.reimport(&service, &metadata, "[data-provider=impots][data-why=service]").await;
    let chooser = expect(citizen.open(honest.as_str()).await.unwrap(), "choose");
    assert!(chooser.has("[data-banner]") && chooser.has("[data-provider=impots][data-why=service]"), "E16");
    assert_eq!(chooser.refusal(), "signin.P214", "E16");
    let login = choose(&mut citizen, &chooser, ProviderId::Msa).await;
    let honest = journey.answer(&citizen, &login, "angela").await;
    let inform = expect(citizen.open(honest.as_str()).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    service.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn a_level_that_the_service_raised_meanwhile_must_be_met() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Guichet");
    let service = journey.register(&metadata).await;
    let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(&service));
    let honest = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    metadata["passerelle"]["minimum_acr"] = json!("eidas2");
    journey.reimport(&service, &metadata, "main[data-page=choose][data-level=eidas2]").await;
    let page = citizen.open(honest.as_str()).await.unwrap();
    assert_eq!(page.refusal(), "signin.P340");
    assert_ne!(page.name().as_deref(), Some("inform"), "{}", page.brief());
    let refused = expect(page, "refused");
    assert_eq!(refused.code().as_deref(), Some("P340"));
    let back = citizen.press(&refused, "form[data-step=cancel] button", &[]).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("unmet_authentication_requirements"));
}

#[tokio::test]
async fn a_provider_that_was_switched_off_meanwhile_brings_nobody() {
    let redis = or_skip!(Redis::start().await);
    let setting = Setting { ephemeral: Ephemeral::Redis(redis.url()), ..Setting::default() };
    let mut journey = Journey::set(setting).await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let honest = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    journey.scene.gateway.installation().change_provider("impots", |file| {
        file.insert("active".into(), false.into());
    });
    journey.scene.gateway.restart().await.unwrap();
    let chooser = expect(citizen.open(honest.as_str()).await.unwrap(), "choose");
    assert!(chooser.has("[data-banner]") && chooser.has("[data-provider=impots][data-why=switched-off]"), "E15");
    assert_eq!(chooser.refusal(), "signin.P214", "E15");
    let login = choose(&mut citizen, &chooser, ProviderId::Msa).await;
    let honest = journey.answer(&citizen, &login, "angela").await;
    counts(&journey, &mut citizen, &ask, &honest).await;
}

#[tokio::test]
async fn a_provider_that_the_service_never_took_cannot_be_forced() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Guichet");
    metadata["passerelle"]["providers_except"] = json!(["msa"]);
    let service = journey.register(&metadata).await;
    let mut citizen = citizen_of(&service);
    let chooser = expect(citizen.open(&service.ask("openid profile").url()).await.unwrap(), "choose");
    assert!(chooser.has("[data-provider=msa][data-why=service]"));
    let csrf = chooser.attribute("form[data-step=choose] input[name=csrf]", "value").unwrap();
    let url = chooser.url.join(&chooser.attribute("form[data-step=choose]", "action").unwrap()).unwrap();
    let own = url.origin().ascii_serialization();
    let page = citizen.post_from(&own, url.as_str(), &format!("csrf={csrf}&provider=msa")).await.unwrap();
    let chooser = expect(page, "choose");
    assert!(chooser.has("[data-banner]"), "E16, A18: the page says that it is not offered");
    assert_eq!(chooser.refusal(), "signin.P214", "E16, A18");
    choose(&mut citizen, &chooser, ProviderId::Impots).await;
}

#[tokio::test]
async fn a_flood_of_bogus_codes_does_not_switch_a_provider_off() {
    let journey = Journey::start().await;
    let mut citizen = journey.citizen();
    let issuer = journey.scene.providers.issuer(ProviderId::Impots).to_owned();
    let mut chooser = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
    for _ in 0..12 {
        let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
        let state = login.attribute("input[name=state]", "value").unwrap();
        let mut bogus = Url::parse(&login.attribute("input[name=redirect_uri]", "value").unwrap()).unwrap();
        bogus.query_pairs_mut().extend_pairs([("code", "bogus"), ("state", &state), ("iss", &issuer)]);
        chooser = expect(citizen.open(bogus.as_str()).await.unwrap(), "choose");
        assert!(!chooser.has("[data-provider=impots][data-why=unavailable]"), "{}", chooser.brief());
        assert_eq!(chooser.refusal(), "signin.P213");
    }
    assert!(journey.scene.providers.token_requests(ProviderId::Impots) >= 12, "the codes did reach the provider");
    journey.tokens(ProviderId::Impots, "angela").await;
}
