//! Parts that fail: each for itself, said clearly, and over when it is over.

use std::time::Duration;

use conformance::engines::Redis;
use conformance::gateway::Ephemeral;
use conformance::or_skip;
use conformance::registry::Mode;
use conformance::scene::Setting;
use conformance::upstream::{Fault, ProviderId};
use futures_util::future::join_all;

use crate::journey::{Journey, choose, eventually, expect, within};

/// The one that fails in these stories.
const SICK: ProviderId = ProviderId::AssuranceMaladie;

/// How long a provider may take to be offered again once it is back.
const RECOVERY: Duration = Duration::from_secs(40);

/// Waits until a citizen is offered the sick provider again and gets to its login page.
async fn recovers(journey: &Journey) {
    let button = format!("form[data-step=choose] button[name=provider][value={SICK}]");
    within(RECOVERY, "the provider that is back", async || {
        let mut citizen = journey.citizen();
        let chooser = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
        if !chooser.has(&button) {
            return None;
        }
        let page = citizen.press(&chooser, &button, &[]).await.unwrap();
        (page.name().as_deref() == Some("login")).then_some(())
    })
    .await;
    journey.tokens(SICK, "angela").await;
}

#[tokio::test]
async fn a_provider_that_hangs_holds_up_its_own_citizens_alone_and_is_then_left_alone() {
    let slow = "timeout_ms = 5000".parse().unwrap();
    let journey = Journey::set(Setting { provider_overrides: vec![(SICK, slow)], ..Setting::default() }).await;
    // Five citizens come back from it, each in their own browser, and it hangs.
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let mut citizen = journey.citizen();
        let answer = journey.held(&mut citizen, &journey.ask(), SICK, "angela").await;
        waiting.push((citizen, answer));
    }
    journey.scene.providers.set(SICK, Fault::Hang);
    let before = journey.scene.providers.token_requests(SICK);
    let mut stuck = Box::pin(join_all(waiting.iter_mut().map(|(citizen, answer)| citizen.open(answer.as_str()))));
    let others = async {
        eventually("five calls that hang", async || {
            (journey.scene.providers.token_requests(SICK) >= before + 5).then_some(())
        })
        .await;
        journey.tokens(ProviderId::Impots, "keiko").await;
        journey.tokens(ProviderId::Poste, "angela").await;
    };
    tokio::select! {
        _ = &mut stuck => panic!("the other providers were slower than the time-out of the one that hangs"),
        () = others => {}
    }
    for page in stuck.await {
        let page = expect(page.unwrap(), "choose");
        assert!(page.has("[data-banner]"), "the page says what happened: {}", page.brief());
    }

    // From now on nobody is sent there, and whoever forges the form is told.
    let mut citizen = journey.citizen();
    let chooser = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
    assert!(chooser.has(&format!("[data-provider={SICK}][data-why=unavailable]")), "{}", chooser.brief());
    let csrf = chooser.attribute("form[data-step=choose] input[name=csrf]", "value").unwrap();
    let own = chooser.url.origin().ascii_serialization();
    let forged = citizen.post_from(&own, chooser.url.as_str(), &format!("csrf={csrf}&provider={SICK}")).await.unwrap();
    assert!(expect(forged, "choose").has("[data-banner]"));

    journey.scene.providers.set(SICK, Fault::Ok);
    recovers(&journey).await;
}

#[tokio::test]
async fn a_provider_that_answers_nonsense_is_told_to_its_citizens_and_disturbs_no_other() {
    let journey = Journey::start().await;
    for fault in [Fault::Garbage, Fault::Error500] {
        let mut citizen = journey.citizen();
        let answer = journey.held(&mut citizen, &journey.ask(), SICK, "angela").await;
        journey.scene.providers.set(SICK, fault);
        let chooser = expect(citizen.open(answer.as_str()).await.unwrap(), "choose");
        assert!(chooser.has("[data-banner]"), "{fault:?}");
        journey.tokens(ProviderId::Impots, "angela").await;
        journey.scene.providers.set(SICK, Fault::Ok);
        let login = choose(&mut citizen, &chooser, SICK).await;
        let answer = journey.answer(&citizen, &login, "angela").await;
        expect(citizen.open(answer.as_str()).await.unwrap(), "inform");
    }
}

#[tokio::test]
async fn a_provider_that_was_down_from_the_start_is_offered_when_it_is_back() {
    let journey = Journey::set(Setting { faults: vec![(SICK, Fault::Error500)], ..Setting::default() }).await;
    let shut = format!("[data-provider={SICK}][data-why=unavailable]");
    let mut citizen = journey.citizen();
    eventually("the word that it does not answer", async || {
        let chooser = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
        chooser.has(&shut).then_some(())
    })
    .await;
    journey.scene.providers.set(SICK, Fault::Ok);
    recovers(&journey).await;
}

#[tokio::test]
async fn a_registry_that_is_down_refuses_and_says_to_try_later() {
    let journey = Journey::start().await;
    for mode in [Mode::Hang, Mode::Error, Mode::Garbage, Mode::Schema, Mode::Rejected] {
        journey.scene.registry.set(mode);
        let (ask, mut citizen) = (journey.ask(), journey.citizen());
        let page = journey.to_arrival(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let page = expect(page, "refused");
        let code = page.code().unwrap();
        let back = citizen.press(&page, "form[data-step=cancel] button", &[]).await.unwrap();
        let told = back.parameter("error").unwrap();
        if mode == Mode::Rejected {
            assert_eq!((code.as_str(), told.as_str()), ("P305", "access_denied"), "{mode:?}");
        } else {
            assert_eq!((code.as_str(), told.as_str()), ("P310", "temporarily_unavailable"), "{mode:?}");
        }
    }
    journey.scene.registry.set(Mode::Ok);
    journey.tokens(ProviderId::Impots, "angela").await;
}

#[tokio::test]
async fn a_store_that_is_down_is_told_to_services_and_citizens_who_may_try_again() {
    let mut redis = or_skip!(Redis::start().await);
    let setting = Setting { ephemeral: Ephemeral::Redis(redis.url()), ..Setting::default() };
    let journey = Journey::set(setting).await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let tokens = journey.service.finish(&ask, &back).await.unwrap();
    let inform = expect(citizen.open(&journey.ask().url()).await.unwrap(), "inform");
    redis.stop().await.unwrap();

    let again = journey.ask();
    let back = citizen.open(&again.url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("temporarily_unavailable"), "{}", back.brief());
    assert_eq!(back.parameter("state").as_deref(), Some(again.state.as_str()));
    assert_eq!(back.parameter("iss").as_deref(), Some(journey.scene.gateway.issuer()));
    let page = expect(citizen.open(inform.url.as_str()).await.unwrap(), "problem");
    assert_eq!((page.status.as_u16(), page.code().as_deref()), (503, Some("P500")));
    for answer in [
        journey.service.userinfo(&tokens.access_token).await.unwrap(),
        journey.service.redeem(&ask, "any").await.unwrap(),
    ] {
        assert!([400, 503].contains(&answer.status().as_u16()), "{}", answer.status());
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    let get = async |path: &str| {
        let url = format!("{}/{path}", journey.scene.gateway.issuer());
        reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap().status().as_u16()
    };
    assert_eq!((get("healthz").await, get("readyz").await), (200, 503));
}
