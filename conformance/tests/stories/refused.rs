//! A citizen who turns back, or is turned back, is never at a dead end.

use conformance::people::PASSWORD;
use conformance::upstream::ProviderId;

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
