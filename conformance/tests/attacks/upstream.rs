//! Group E: an identity provider that is wrong, broken or hostile.

use conformance::clock;
use conformance::or_skip;
use conformance::people::PASSWORD;
use conformance::scene::Setting;
use conformance::tools::Tool;
use conformance::upstream::{Fault, ProviderId};

use crate::journey::{Journey, accept, choose, expect};

/// The code under which a fault of a provider is accounted for.
fn code_of(fault: Fault) -> &'static str {
    if fault == Fault::AcrLower {
        "signin.P340"
    } else if matches!(fault, Fault::AcrMissing | Fault::MissingClaim | Fault::WrongTypeClaim | Fault::HugeClaim) {
        "signin.P330"
    } else {
        "signin.P213"
    }
}

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
    let event = page.refusals().pop().unwrap_or_else(|| panic!("{fault:?} is accounted for"));
    assert_eq!(event.code, code_of(fault), "{fault:?}");
    assert_eq!(event.provider, Some(provider.to_string()), "{fault:?}");
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
        Fault::ClockSkew61,
        Fault::IssMissing,
        Fault::SubMissing,
        Fault::AudMissing,
        Fault::ExpMissing,
        Fault::IatMissing,
        Fault::NonceMissing,
        Fault::WrongAtHash,
    ] {
        let redeemed = journey.scene.providers.token_requests(ProviderId::Poste);
        ends_without_a_code(&journey, ProviderId::Poste, fault).await;
        assert!(journey.scene.providers.token_requests(ProviderId::Poste) > redeemed, "{fault:?}: its token was seen");
        assert_eq!(journey.scene.providers.userinfo_requests(ProviderId::Poste), 0, "{fault:?}: nothing more is asked");
    }
}

#[tokio::test]
async fn a_level_that_is_too_low_or_not_said_gives_no_code() {
    let journey = Journey::start().await;
    for fault in [Fault::AcrLower, Fault::AcrMissing] {
        ends_without_a_code(&journey, ProviderId::Poste, fault).await;
    }
}

#[tokio::test]
async fn an_authentication_older_than_asked_gives_no_code() {
    let journey = Journey::start().await;
    journey.scene.providers.set(ProviderId::Impots, Fault::OldAuthTime);
    for (case, ask) in [
        ("prompt=login", journey.ask().and("prompt", "login")),
        ("max_age=600", journey.ask().and("max_age", "600")),
        ("max_age=0", journey.ask().and("max_age", "0")),
    ] {
        let mut citizen = journey.citizen();
        let page = journey.to_arrival(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let chooser = expect(page, "choose");
        assert!(chooser.has("[data-banner]") && !chooser.body.contains("DUBOIS"), "{case}: {}", chooser.brief());
        assert_eq!(chooser.refusal(), "signin.P215", "{case}");
        // Another provider may do what this one did not, and the request is still the same.
        let login = choose(&mut citizen, &chooser, ProviderId::Msa).await;
        let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
        let back = accept(&mut citizen, &inform).await;
        journey.service.finish(&ask, &back).await.unwrap();
    }
    // An hour is no fault where nobody asked for less; and it is told as it was.
    let ask = journey.ask().and("max_age", "7200");
    let asked = clock::now();
    let back = journey.to_return(&mut journey.citizen(), &ask, ProviderId::Impots, "angela").await;
    let tokens = journey.service.finish(&ask, &back).await.unwrap();
    let authenticated = journey.service.verify(&ask, &tokens).await.unwrap()["auth_time"].as_i64().unwrap();
    assert!((asked - 3600..asked - 3500).contains(&authenticated), "{authenticated} for {asked}");
}

#[tokio::test]
async fn an_address_of_somebody_else_makes_nobody_somebody_else() {
    or_skip!(Tool::Sqlite.find());
    let journey = Journey::start().await;
    let signed_in = async |provider, username| {
        let (ask, tokens) = journey.tokens(provider, username).await;
        let subject = journey.service.verify(&ask, &tokens).await.unwrap()["sub"].clone();
        (subject, journey.service.claims(&tokens).await.unwrap())
    };
    let (victim, before) = signed_in(ProviderId::Impots, "angela").await;
    journey.scene.providers.set(ProviderId::Msa, Fault::AnothersAddress);
    let (attacker, told) = signed_in(ProviderId::Msa, "keiko").await;
    assert_eq!(told["email"], before["email"], "the address is the victim's");
    assert_ne!(attacker, victim, "E17: the citizen is not");
    assert_eq!(told["family_name"], "TANAKA");
    assert_eq!(journey.sql("SELECT count(*) FROM accounts").unwrap(), "2");
    let (again, after) = signed_in(ProviderId::Poste, "angela").await;
    assert_eq!((again, &after["family_name"]), (victim, &before["family_name"]), "nor is the victim the attacker");
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
    assert_eq!(page.refusal(), "signin.P211", "E13");
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
        let page = journey.to_arrival(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        assert_eq!(page.refusal(), "signin.P213", "E11");
    }
    let fetched = journey.scene.providers.jwks_fetches(ProviderId::Impots) - before;
    assert!(fetched <= 2, "{fetched} fetches for ten unknown keys");
}

#[tokio::test]
async fn keys_that_are_not_right_are_refused_and_the_last_good_set_is_kept() {
    let journey = Journey::start().await;
    journey.tokens(ProviderId::Msa, "angela").await;
    let before = journey.scene.providers.jwks_fetches(ProviderId::Msa);
    ends_without_a_code(&journey, ProviderId::Msa, Fault::NoKeys).await;
    assert!(journey.scene.providers.jwks_fetches(ProviderId::Msa) > before, "the bad set was read");
    for fault in [Fault::Ok, Fault::ManyKeys] {
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
        if !chooser.has(&button) {
            let shut = format!("[data-provider={provider}][data-why=unavailable]");
            assert!(chooser.has(&shut), "{fault:?}: shut for this reason alone, and said so: {}", chooser.brief());
            continue;
        }
        let mut page = citizen.press(&chooser, &button, &[]).await.unwrap();
        if page.name().as_deref() == Some("login") {
            page = citizen.sign_in(&page, "angela", PASSWORD).await.unwrap();
        }
        assert!(page.url.as_str().starts_with(issuer), "{fault:?}: {}", page.brief());
        let told = page.name().as_deref() == Some("choose") && page.has("[data-banner]");
        assert!(told && !page.body.contains("DUBOIS"), "{fault:?}: {}", page.brief());
    }
    let ask = journey.ask();
    let back = journey.to_return(&mut journey.citizen(), &ask, ProviderId::Poste, "angela").await;
    journey.service.finish(&ask, &back).await.unwrap();
}
