//! Group E: an identity provider that is wrong, broken or hostile.

use conformance::people::PASSWORD;
use conformance::scene::Setting;
use conformance::upstream::{Fault, ProviderId};

use crate::journey::{Journey, expect};

/// After a provider answered wrongly: a page of the gateway that explains, no code for the service.
async fn ends_without_a_code(journey: &Journey, provider: ProviderId, fault: Fault) {
    journey.scene.providers.set(provider, fault);
    let mut ask = journey.ask();
    if provider == ProviderId::Poste {
        ask = ask.with("acr_values", "eidas2");
    }
    let mut citizen = journey.citizen();
    let page = journey.to_arrival(&mut citizen, &ask, provider, "angela").await;
    let name = page.name().unwrap_or_default();
    assert!(["choose", "refused", "problem"].contains(&name.as_str()), "{fault:?}: {}", page.brief());
    assert!(page.url.as_str().starts_with(journey.scene.gateway.issuer()), "{fault:?}: {}", page.brief());
    assert!(!page.body.contains("DUBOIS"), "{fault:?}: no claim is shown");
    assert!(!page.body.contains("<script>alert"), "{fault:?}");
    journey.scene.providers.set(provider, Fault::Ok);
    journey.tokens(ProviderId::Impots, "angela").await;
}

#[tokio::test]
async fn an_id_token_that_is_not_right_gives_no_code() {
    let journey = Journey::start().await;
    for fault in [
        Fault::WrongIss,
        Fault::WrongAud,
        Fault::WrongAzp,
        Fault::WrongNonce,
        Fault::Expired,
        Fault::AlgNone,
        Fault::Hs256PublicKey,
        Fault::WrongTypeExp,
        Fault::UnknownKid,
        Fault::AcrLower,
        Fault::AcrMissing,
        Fault::ClockSkew61,
    ] {
        ends_without_a_code(&journey, ProviderId::Poste, fault).await;
    }
}

#[tokio::test]
async fn userinfo_that_is_not_right_gives_no_code() {
    let journey = Journey::start().await;
    for (provider, fault) in [
        (ProviderId::Impots, Fault::SubMismatch),
        (ProviderId::Impots, Fault::MissingClaim),
        (ProviderId::Impots, Fault::WrongTypeClaim),
        (ProviderId::Impots, Fault::HugeClaim),
        (ProviderId::Poste, Fault::UserinfoUnsigned),
        (ProviderId::Msa, Fault::UserinfoUnsigned),
    ] {
        ends_without_a_code(&journey, provider, fault).await;
    }
}

#[tokio::test]
async fn a_return_with_a_wrong_or_missing_issuer_gives_no_code() {
    let journey = Journey::start().await;
    for fault in [Fault::ResponseIssMissing, Fault::ResponseIssWrong] {
        ends_without_a_code(&journey, ProviderId::Impots, fault).await;
        let after = journey.scene.providers.token_requests(ProviderId::Impots);
        ends_without_a_code(&journey, ProviderId::Poste, fault).await;
        assert!(journey.scene.providers.token_requests(ProviderId::Impots) > after, "the honest sign-in in between");
    }
}

#[tokio::test]
async fn a_hostile_error_description_is_shown_nowhere() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    journey.scene.providers.set(ProviderId::Msa, Fault::HtmlInError);
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let button = "form[data-step=choose] button[name=provider][value=msa]";
    let page = citizen.press(&chooser, button, &[]).await.unwrap();
    assert!(page.url.as_str().starts_with(journey.scene.gateway.issuer()), "{}", page.brief());
    assert!(!page.body.contains("alert(1)") && !page.body.contains('\u{1b}'));
    let log = journey.scene.gateway.process.last_lines(200).join("\n");
    assert!(!log.contains('\u{202e}') && !log.contains("\u{1b}[31m<"), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("X-Injected")), "{log}");
}

#[tokio::test]
async fn a_clock_ten_seconds_ahead_and_a_new_key_are_forgiven() {
    let journey = Journey::start().await;
    journey.tokens(ProviderId::Impots, "angela").await;
    for fault in [Fault::ClockSkew10, Fault::RotateKeys] {
        journey.scene.providers.set(ProviderId::Impots, fault);
        journey.tokens(ProviderId::Impots, "angela").await;
    }
}

#[tokio::test]
async fn a_flood_of_unknown_keys_reaches_the_provider_a_few_times_only() {
    let journey = Journey::start().await;
    journey.tokens(ProviderId::Impots, "angela").await;
    let before = journey.scene.providers.jwks_fetches(ProviderId::Impots);
    journey.scene.providers.set(ProviderId::Impots, Fault::UnknownKid);
    for _ in 0..10 {
        let (ask, mut citizen) = (journey.ask(), journey.citizen());
        journey.to_arrival(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    }
    let fetched = journey.scene.providers.jwks_fetches(ProviderId::Impots) - before;
    assert!(fetched <= 2, "{fetched} fetches for ten unknown keys");
}

#[tokio::test]
async fn keys_that_are_not_right_are_refused_and_the_last_good_set_is_kept() {
    let journey = Journey::start().await;
    journey.tokens(ProviderId::Msa, "angela").await;
    for fault in [Fault::NoKeys, Fault::ManyKeys] {
        journey.scene.providers.set(ProviderId::Msa, fault);
        journey.tokens(ProviderId::Msa, "angela").await;
    }
}

#[tokio::test]
async fn a_provider_that_was_never_right_is_not_believed() {
    let faults = vec![
        (ProviderId::Impots, Fault::WrongDiscoveryIssuer),
        (ProviderId::AssuranceMaladie, Fault::NoKeys),
        (ProviderId::Mobile, Fault::ManyKeys),
        (ProviderId::Msa, Fault::Garbage),
    ];
    let journey = Journey::set(Setting { faults: faults.clone(), ..Setting::default() }).await;
    let issuer = journey.scene.gateway.issuer();
    for (provider, fault) in faults {
        let (ask, mut citizen) = (journey.ask(), journey.citizen());
        let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
        let button = format!("form[data-step=choose] button[name=provider][value={provider}]");
        if !chooser.has(&format!("{button}:not([disabled])")) {
            continue;
        }
        let mut page = citizen.press(&chooser, &button, &[]).await.unwrap();
        if page.name().as_deref() == Some("login") {
            page = citizen.sign_in(&page, "angela", PASSWORD).await.unwrap();
        }
        assert!(page.url.as_str().starts_with(issuer), "{fault:?}: {}", page.brief());
        assert_ne!(page.name().as_deref(), Some("inform"), "{fault:?}: {}", page.brief());
    }
    let ask = journey.ask();
    let back = journey.to_return(&mut journey.citizen(), &ask, ProviderId::Poste, "angela").await;
    journey.service.finish(&ask, &back).await.unwrap();
}
