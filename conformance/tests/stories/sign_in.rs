//! The whole sign-in by a citizen without JavaScript, through every provider.

use conformance::gateway::RegistryForm;
use conformance::people::{PEOPLE, Person};
use conformance::relying_party::RelyingParty;
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use serde_json::Value;

use crate::journey::{Journey, citizen_of};

#[tokio::test]
async fn every_provider_brings_a_citizen_to_the_service_with_name_and_claims() {
    let journey = Journey::start().await;
    for provider in ProviderId::ALL {
        let level = provider.profile().acr;
        let ask = journey.ask().with("acr_values", level);
        let mut citizen = journey.citizen();
        let inform = journey.to_inform(&mut citizen, &ask, provider, "angela").await;
        for claim in ["family_name", "given_name", "birthdate", "gender", "birthplace", "birthcountry", "email"] {
            assert!(inform.has(&format!("[data-claim={claim}]")), "{provider}: {claim} is listed");
        }
        let back = crate::journey::accept(&mut citizen, &inform).await;
        let tokens = journey.service.finish(&ask, &back).await.unwrap();
        let id_token = journey.service.verify(&ask, &tokens).await.unwrap();
        assert_eq!(id_token["acr"], level, "{provider}");
        assert_eq!(id_token["family_name"], Value::Null, "identity comes from userinfo, not from the ID token");
        let claims = journey.service.claims(&tokens).await.unwrap();
        assert_eq!(claims["sub"], id_token["sub"]);
        assert_eq!(claims["family_name"], "DUBOIS");
        assert_eq!(claims["given_name"], "Angela Claire Louise");
        assert_eq!(claims["birthdate"], "1962-08-24");
        assert_eq!(claims["gender"], "female");
        assert_eq!(claims["birthplace"], "75107");
        assert_eq!(claims["birthcountry"], "99100");
        assert_eq!(claims["email"], "angela@exemple.fr");
    }
}

#[tokio::test]
async fn every_citizen_of_both_registry_forms_ends_where_the_registry_says() {
    for registry_form in [RegistryForm::Json, RegistryForm::Xml] {
        let journey = Journey::set(Setting { registry_form, ..Setting::default() }).await;
        for person in &PEOPLE {
            let (ask, mut citizen) = (journey.ask(), journey.citizen());
            let page = journey.to_arrival(&mut citizen, &ask, ProviderId::Impots, person.username).await;
            if !person.signs_in() {
                assert_eq!(page.name().as_deref(), Some("refused"), "{}: {}", person.username, page.brief());
                continue;
            }
            let back = crate::journey::accept(&mut citizen, &crate::journey::expect(page, "inform")).await;
            let tokens = journey.service.finish(&ask, &back).await.unwrap();
            let claims = journey.service.claims(&tokens).await.unwrap();
            assert_eq!(claims["family_name"], person.family_name, "{registry_form:?}");
            assert_eq!(claims["given_name"], person.registered_given_name, "{registry_form:?}");
            assert_eq!(claims["birthcountry"], person.birthcountry, "{registry_form:?}");
        }
    }
}

#[tokio::test]
async fn a_notice_by_mail_follows_every_sign_in() {
    let journey = Journey::start().await;
    journey.tokens(ProviderId::Impots, "angela").await;
    let first = journey.scene.mail_to("angela@exemple.fr", 0).await;
    assert!(first.text.contains("Ville d’essai"), "the notice names the service: {}", first.text);
    assert!(!first.source.contains("DUBOIS") || !first.source.contains("1962"), "no identity beyond need");
    journey.tokens(ProviderId::Poste, "angela").await;
    journey.scene.mail_to("angela@exemple.fr", first.id).await;
}

#[tokio::test]
async fn a_sub_is_stable_for_a_service_and_another_for_another_service() {
    let journey = Journey::start().await;
    let sub = async |provider, username| {
        let (ask, tokens) = journey.tokens(provider, username).await;
        journey.service.verify(&ask, &tokens).await.unwrap()["sub"].clone()
    };
    let angela = sub(ProviderId::Impots, "angela").await;
    assert_eq!(angela, sub(ProviderId::Msa, "angela").await, "whichever provider");
    assert_ne!(angela, sub(ProviderId::Impots, "keiko").await);

    let other = journey.register(&RelyingParty::ordinary("Autre ville")).await;
    let (ask, mut citizen) = (other.ask("openid profile birth email"), citizen_of(&other));
    let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let tokens = other.finish(&ask, &back).await.unwrap();
    assert_ne!(angela, other.verify(&ask, &tokens).await.unwrap()["sub"]);
}

#[tokio::test]
async fn a_service_receives_only_what_it_asked_for_and_may_have() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Piscine");
    metadata["scope"] = "openid given_name email".into();
    let pool = journey.register(&metadata).await;
    let (ask, mut citizen) = (pool.ask("openid given_name"), citizen_of(&pool));
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    assert!(inform.has("[data-claim=given_name]") && !inform.has("[data-claim=family_name]"));
    let back = crate::journey::accept(&mut citizen, &inform).await;
    let tokens = pool.finish(&ask, &back).await.unwrap();
    let claims = pool.claims(&tokens).await.unwrap();
    let names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(names.contains(&"given_name"), "{names:?}");
    for withheld in ["family_name", "birthdate", "gender", "email", "birthplace", "birthcountry"] {
        assert!(!names.contains(&withheld), "{withheld} must not be released: {names:?}");
    }
}

#[tokio::test]
async fn a_presumed_birth_date_is_completed_as_the_pivot_says() {
    let journey = Journey::start().await;
    let (_, tokens) = journey.tokens(ProviderId::Impots, "pierre").await;
    let claims = journey.service.claims(&tokens).await.unwrap();
    assert_eq!(Person::named("pierre").map(|person| person.birthdate), Some("1985-03-00"));
    assert_eq!(claims["birthdate"], "1985-03-01");
}
