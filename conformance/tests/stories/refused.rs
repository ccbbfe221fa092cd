//! A citizen who turns back, or is turned back, is never at a dead end.

use std::time::Duration;

use conformance::people::PASSWORD;
use conformance::registry::Mode;
use conformance::scene::Setting;
use conformance::upstream::{Fault, ProviderId};

use crate::journey::{Journey, accept, choose, expect};

#[tokio::test]
async fn going_back_at_the_provider_leads_to_the_choice_again() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let login = journey.to_login(&mut citizen, &ask, ProviderId::Impots).await;
    let chooser = expect(citizen.press(&login, "button[value=cancel]", &[]).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Poste).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn giving_up_at_the_choice_tells_the_service() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let back = citizen.press(&chooser, "form[action$='/cancel'] button", &[]).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("access_denied"), "{}", back.brief());
    assert_eq!(back.parameter("state").as_deref(), Some(ask.state.as_str()));
    assert_eq!(back.parameter("iss").as_deref(), Some(journey.scene.gateway.issuer()));
}

#[tokio::test]
async fn giving_up_when_told_what_is_sent_releases_nothing() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let back = citizen.press(&inform, "form[action$='/cancel'] button", &[]).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("access_denied"), "{}", back.brief());
    assert_eq!(back.parameter("code"), None);
}

#[tokio::test]
async fn a_refused_citizen_reads_why_and_can_go_back_to_the_service() {
    let journey = Journey::start().await;
    for username in ["paul", "nadia", "luc", "zoe", "hugo"] {
        let (ask, mut citizen) = (journey.ask(), journey.citizen());
        let page = journey.to_arrival(&mut citizen, &ask, ProviderId::Impots, username).await;
        let page = expect(page, "refused");
        assert!(page.code().is_some(), "{username}: a code to quote");
        let back = citizen.press(&page, "form[action$='/cancel'] button", &[]).await.unwrap();
        assert!(back.parameter("error").is_some() && back.parameter("code").is_none(), "{username}: {}", back.url);
        assert_eq!(back.parameter("state").as_deref(), Some(ask.state.as_str()));
    }
}

#[tokio::test]
async fn a_registry_that_is_down_refuses_and_says_to_try_later() {
    let journey = Journey::start().await;
    for mode in [Mode::Hang, Mode::Error, Mode::Garbage, Mode::Schema, Mode::Rejected] {
        journey.scene.registry.set(mode);
        let (ask, mut citizen) = (journey.ask(), journey.citizen());
        let page = journey.to_arrival(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let page = expect(page, "refused");
        assert!(page.code().is_some(), "{mode:?}");
    }
    journey.scene.registry.set(Mode::Ok);
    journey.tokens(ProviderId::Impots, "angela").await;
}

#[tokio::test]
async fn a_provider_that_is_down_does_not_disturb_the_others() {
    let journey = Journey::start().await;
    for fault in [Fault::Hang, Fault::Garbage, Fault::Error500] {
        journey.scene.providers.set(ProviderId::AssuranceMaladie, fault);
        journey.tokens(ProviderId::Impots, "angela").await;
    }
}

#[tokio::test]
async fn a_provider_that_was_down_is_offered_again_when_it_is_back() {
    let faults = vec![(ProviderId::Impots, Fault::Error500)];
    let journey = Journey::set(Setting { faults, ..Setting::default() }).await;
    let button = "form[data-step=choose] button[name=provider][value=impots]:not([disabled])";
    let mut citizen = journey.citizen();
    let chooser = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
    if chooser.has(button) {
        let page = citizen.press(&chooser, button, &[]).await.unwrap();
        assert!(page.url.as_str().starts_with(journey.scene.gateway.issuer()), "not to a dead end: {}", page.brief());
    }
    journey.scene.providers.set(ProviderId::Impots, Fault::Ok);
    let back = async {
        let mut pace = tokio::time::interval(Duration::from_millis(200));
        loop {
            pace.tick().await;
            let chooser = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
            if !chooser.has(button) {
                continue;
            }
            let page = citizen.press(&chooser, button, &[]).await.unwrap();
            if page.name().as_deref() == Some("login") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(40), back).await.expect("offered again within half a minute or so");
}
