//! Back button, reload, double click, two tabs, lost cookies: each ends on a page that says what to do.

use conformance::citizen::Page;
use conformance::people::PASSWORD;
use conformance::relying_party::RelyingParty;
use conformance::scene::Setting;
use conformance::upstream::{Fault, ProviderId};

use crate::journey::{Journey, accept, choose, eventually, expect};

#[tokio::test]
async fn pages_may_be_reloaded_and_an_earlier_page_leads_to_the_current_one() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let chooser = expect(citizen.open(chooser.url.as_str()).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    expect(citizen.open(inform.url.as_str()).await.unwrap(), "inform");
    let inform = expect(citizen.open(chooser.url.as_str()).await.unwrap(), "inform");
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
async fn a_second_click_gets_the_answer_of_the_first() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let first = accept(&mut citizen.clone(), &inform).await;
    let second = accept(&mut citizen, &inform).await;
    assert_eq!(first.url, second.url);
    journey.service.finish(&ask, &second).await.unwrap();
}

#[tokio::test]
async fn of_two_clicks_at_once_the_browser_follows_the_last_and_gets_the_answer_of_the_first() {
    let journey = Journey::start().await;
    for round in 0..5 {
        let (ask, mut citizen) = (journey.ask(), journey.citizen());
        let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let mut other = citizen.clone();
        let (first, second) = tokio::join!(accept(&mut other, &inform), accept(&mut citizen, &inform));
        assert!(second.parameter("code").is_some(), "round {round}: {}", second.brief());
        assert_eq!(first.url, second.url, "round {round}");
        journey.service.finish(&ask, &second).await.unwrap();
    }
}

#[tokio::test]
async fn of_two_clicks_on_cancel_the_second_tells_the_service_the_same() {
    let journey = Journey::start().await;
    let cancel = "form[data-step=cancel] button";
    for step in ["choose", "inform", "refused"] {
        let (ask, mut citizen) = (journey.ask(), journey.citizen());
        let page = match step {
            "choose" => citizen.open(&ask.url()).await.unwrap(),
            "inform" => journey.to_arrival(&mut citizen, &ask, ProviderId::Impots, "angela").await,
            _ => journey.to_arrival(&mut citizen, &ask, ProviderId::Impots, "nadia").await,
        };
        let page = expect(page, step);
        let mut other = citizen.clone();
        let (first, second) = tokio::join!(other.press(&page, cancel, &[]), citizen.press(&page, cancel, &[]));
        let third = citizen.press(&page, cancel, &[]).await.unwrap();
        for back in [first.unwrap(), second.unwrap(), third] {
            assert_eq!(back.parameter("error").as_deref(), Some("access_denied"), "{step}: {}", back.brief());
            assert_eq!(back.parameter("state").as_deref(), Some(ask.state.as_str()), "{step}");
        }
    }
}

#[tokio::test]
async fn an_arrival_whose_page_was_lost_on_the_way_is_not_lost() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let answer = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    // The gateway answered, and nothing of it came through: no page, no cookie.
    expect(citizen.clone().open(answer.as_str()).await.unwrap(), "inform");
    let asked = journey.scene.providers.token_requests(ProviderId::Impots);
    let inform = expect(citizen.open(answer.as_str()).await.unwrap(), "inform");
    assert_eq!(journey.scene.providers.token_requests(ProviderId::Impots), asked, "the provider is asked once");
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn an_arrival_that_was_cut_off_goes_on_from_a_page() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let answer = journey.held(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    journey.scene.providers.set(ProviderId::Impots, Fault::Hang);
    let before = journey.scene.providers.token_requests(ProviderId::Impots);
    let mut hasty = citizen.clone();
    let lost = {
        let answer = answer.clone();
        tokio::spawn(async move { hasty.open(answer.as_str()).await.map(|page| page.brief()) })
    };
    eventually("the call to the provider", async || {
        (journey.scene.providers.token_requests(ProviderId::Impots) > before).then_some(())
    })
    .await;
    // A second look while the checks are under way, then the connection of the first is gone.
    let wait = expect(citizen.open(answer.as_str()).await.unwrap(), "wait");
    lost.abort();
    journey.scene.providers.set(ProviderId::Impots, Fault::Ok);
    expect(citizen.click(&wait, "main a.main").await.unwrap(), "wait");
    let chooser = expect(citizen.click(&wait, "main a[href$='/choose']").await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
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
        let page = expect(page, "ended");
        assert_eq!(page.code().as_deref(), Some("cookie_lost"), "{}", page.brief());
        assert!(page.has("main h2 ~ *"), "it says what to do: {}", page.body);
        assert!(!page.body.contains("DUBOIS"));
    }
}

#[tokio::test]
async fn a_step_that_took_too_long_ends_on_a_page_that_says_what_to_do() {
    let overrides = "lifetimes.sign_in = 3".parse().unwrap();
    let journey = Journey::set(Setting { overrides, ..Setting::default() }).await;
    let mut at_choice = journey.citizen();
    let chooser = expect(at_choice.open(&journey.ask().url()).await.unwrap(), "choose");
    let mut away = journey.citizen();
    let answer = journey.held(&mut away, &journey.ask(), ProviderId::Impots, "angela").await;
    let mut informed = journey.citizen();
    let inform = journey.to_inform(&mut informed, &journey.ask(), ProviderId::Impots, "angela").await;
    let ended = |page: Page, case: &str| {
        assert_eq!(page.name().as_deref(), Some("ended"), "{case}: {}", page.brief());
        assert_eq!(page.code().as_deref(), Some("sign_in_expired"), "{case}");
        assert!(page.status == 410 && !page.body.contains("DUBOIS"), "{case}: {}", page.brief());
    };
    // The last one that began is over: all are. No click made it longer, not even one that changes the page.
    let mut languages = ["en", "fr"].into_iter().cycle();
    eventually("the end of the sign-in", async || {
        let switched = format!("{}?lang={}", inform.url, languages.next().unwrap());
        let page = informed.open(&switched).await.unwrap();
        (page.name().as_deref() != Some("inform")).then_some(())
    })
    .await;
    ended(informed.open(inform.url.as_str()).await.unwrap(), "reload");
    ended(accept(&mut informed, &inform).await, "going on");
    ended(away.open(answer.as_str()).await.unwrap(), "coming back");
    ended(at_choice.open(chooser.url.as_str()).await.unwrap(), "reload of the choice");
    let press = |selector| (selector, chooser.clone());
    for (button, page) in [press("button[value=impots]"), press("form[data-step=cancel] button")] {
        ended(at_choice.press(&page, button, &[]).await.unwrap(), button);
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
    assert_eq!(again.url, back.url, "the same code again, which is spent");
    assert!(!journey.service.redeem(&ask, &again.parameter("code").unwrap()).await.unwrap().status().is_success());
    let page = expect(citizen.open(inform.url.as_str()).await.unwrap(), "ended");
    assert_eq!(page.code().as_deref(), Some("sign_in_finished"));
}
