//! Back button, reload, double click, two tabs, lost cookies: each ends on a page that says what to do.

use conformance::people::PASSWORD;
use conformance::relying_party::RelyingParty;
use conformance::upstream::ProviderId;

use crate::journey::{Journey, accept, choose, expect};

#[tokio::test]
async fn pages_may_be_reloaded_and_an_earlier_page_leads_to_the_current_one() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let chooser = expect(citizen.open(chooser.url.as_str()).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    expect(citizen.open(inform.url.as_str()).await.unwrap(), "inform");
    let page = citizen.open(chooser.url.as_str()).await.unwrap();
    assert!(["inform", "choose"].contains(&page.name().as_deref().unwrap()), "back button: {}", page.brief());
    let inform = expect(citizen.open(inform.url.as_str()).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn going_back_from_the_provider_and_choosing_another_works() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    choose(&mut citizen, &chooser, ProviderId::Impots).await;
    let chooser = expect(citizen.open(chooser.url.as_str()).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Poste).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn a_double_click_gives_one_code() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let mut other = citizen.clone();
    let (first, second) = tokio::join!(accept(&mut citizen, &inform), accept(&mut other, &inform));
    let codes: Vec<_> = [&first, &second].into_iter().filter_map(|page| page.parameter("code")).collect();
    let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
    assert_eq!(distinct.len(), 1, "{} | {}", first.brief(), second.brief());
    let winner = if first.parameter("code").is_some() { first } else { second };
    journey.service.finish(&ask, &winner).await.unwrap();
}

#[tokio::test]
async fn two_tabs_for_two_services_never_disturb_each_other() {
    let journey = Journey::start().await;
    let library = journey.register(&RelyingParty::ordinary("Médiathèque")).await;
    let (first, second) = (journey.ask(), library.ask("openid profile"));
    let mut citizen = journey.citizen();
    let chooser_one = expect(citizen.open(&first.url()).await.unwrap(), "choose");
    let chooser_two = expect(citizen.open(&second.url()).await.unwrap(), "choose");
    let login_one = choose(&mut citizen, &chooser_one, ProviderId::Impots).await;
    let login_two = choose(&mut citizen, &chooser_two, ProviderId::Poste).await;
    let inform_two = expect(citizen.sign_in(&login_two, "keiko", PASSWORD).await.unwrap(), "inform");
    let inform_one = expect(citizen.sign_in(&login_one, "angela", PASSWORD).await.unwrap(), "inform");
    let mut at_library = citizen.clone().stopping_at(&library.redirect_uri);
    let back_two = accept(&mut at_library, &inform_two).await;
    let tokens = library.finish(&second, &back_two).await.unwrap();
    assert_eq!(library.claims(&tokens).await.unwrap()["family_name"], "TANAKA");
    let back_one = accept(&mut citizen, &inform_one).await;
    let tokens = journey.service.finish(&first, &back_one).await.unwrap();
    assert_eq!(journey.service.claims(&tokens).await.unwrap()["family_name"], "DUBOIS");
}

#[tokio::test]
async fn a_lost_cookie_ends_on_a_page_that_says_what_to_do() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    citizen.jar.forget(&inform.url);
    for page in [citizen.open(inform.url.as_str()).await.unwrap(), accept(&mut citizen, &inform).await] {
        assert!(!page.status.is_server_error(), "{}", page.brief());
        assert!(["ended", "problem"].contains(&page.name().as_deref().unwrap_or_default()), "{}", page.brief());
        assert!(!page.body.contains("DUBOIS"));
        assert_eq!(page.parameter("code"), None);
    }
}

#[tokio::test]
async fn a_finished_sign_in_cannot_be_finished_again() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
    let again = accept(&mut citizen, &inform).await;
    let code = again.parameter("code");
    assert!(code.is_none() || code == back.parameter("code"), "no second code: {}", again.brief());
    let page = citizen.open(inform.url.as_str()).await.unwrap();
    assert!(!page.status.is_server_error(), "{}", page.brief());
}
