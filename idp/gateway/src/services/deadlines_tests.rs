//! Who is told of what ends, and when, once from however many nodes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::client::Client;
use domain::habilitation::grant::{Environment, Habilitation, HabilitationState};
use domain::id::{HabilitationId, Kid};
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::level::Level;
use domain::time::Lifetime;
use serde_json::json;

use super::*;
use crate::habilitation::town::{NADIA, Town};

const TECHNICIAN: &str = "dsi@prestataire.fr";

fn after(now: Timestamp, days: u32) -> Timestamp {
    now.plus(Lifetime::seconds(days * 86_400))
}

/// A service of the commune with a key whose certificate ends.
async fn service(town: &Town, until: Timestamp, certificate: Timestamp) -> Registered {
    let key = SigningKey::generate(SigningAlgorithm::EdDsa, Kid::parse("cle").expect("plain")).expect("works");
    let mut params = rcgen::CertificateParams::new(vec!["cantine.lyon.fr".to_owned()]).expect("a name");
    params.not_after = time::OffsetDateTime::from_unix_timestamp(certificate.epoch()).expect("a moment");
    let own = params.self_signed(&rcgen::KeyPair::generate().expect("keys")).expect("signs");
    let mut jwk = serde_json::to_value(key.public_jwk()).expect("JSON");
    jwk["x5c"] = json!([STANDARD.encode(own.der())]);
    let metadata = json!({
        "client_id": "cantine", "client_name": "Cantine", "redirect_uris": ["https://cantine.lyon.fr/retour"],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk]}, "contacts": [TECHNICIAN, NADIA],
    });
    let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
    let habilitation = Habilitation {
        id: HabilitationId::from_random([1; 16]),
        environment: Environment::Production,
        organisation: Some(town.organisation.siret),
        request: None,
        scopes: client.scopes.clone(),
        level: Level::Low,
        from: town.clock.now(),
        until: Some(until),
        state: HabilitationState::Active,
    };
    let habilitation = Some(habilitation);
    let service = Registered { client, secrets: None.into(), state: ClientState::Active, habilitation };
    let kept = town.app.registry.insert_client(&service, town.clock.now()).await;
    assert_eq!(kept.expect("writes"), Put::Fresh);
    service
}

/// Two nodes look; who is told what.
async fn told(town: &Town) -> Vec<(String, ServiceTold)> {
    let space = Some("http://localhost:18405");
    let (one, other) =
        (warn_due(&town.app.registry, space, town.clock.now()), warn_due(&town.app.registry, space, town.clock.now()));
    let (one, other) = tokio::join!(one, other);
    one.and(other).expect("the store stands");
    let read = |notice: Notice| {
        let Message::Service(message) = notice.message else { panic!("{:?}", notice.message) };
        assert_eq!(message.link.as_deref(), Some("http://localhost:18405/espace/services/cantine"));
        (notice.to, message.told)
    };
    town.mails().await.into_iter().map(read).collect()
}

fn both(told: &ServiceTold) -> Vec<(String, ServiceTold)> {
    vec![(TECHNICIAN.to_owned(), told.clone()), (NADIA.to_owned(), told.clone())]
}

#[tokio::test]
async fn the_end_of_a_habilitation_is_told_sixty_thirty_and_seven_days_before_once() {
    let town = Town::standing().await;
    let until = after(town.clock.now(), 61);
    service(&town, until, after(town.clock.now(), 2000)).await;
    assert_eq!(told(&town).await, []);
    for days in [1, 30, 23] {
        town.days(days);
        assert_eq!(told(&town).await, both(&ServiceTold::HabilitationEnds(until)), "each once, whoever is named twice");
        assert_eq!(told(&town).await, []);
    }
    town.days(7);
    assert_eq!(told(&town).await, [], "it is over");
}

#[tokio::test]
async fn certificates_that_end_and_keys_of_a_year_are_told_of() {
    let town = Town::standing().await;
    let (start, certificate) = (town.clock.now(), after(town.clock.now(), 61));
    let service = service(&town, after(start, 2000), certificate).await;
    let name: String = service.client.inline_keys()[0].0.chars().take(8).collect();
    assert_eq!(told(&town).await, []);
    for days in [1, 30, 23] {
        town.days(days);
        assert_eq!(told(&town).await, both(&ServiceTold::CertificateEnds(name.clone(), certificate)));
    }
    town.days(310);
    assert_eq!(told(&town).await, [], "364 days");
    town.days(1);
    assert_eq!(told(&town).await, both(&ServiceTold::KeyIsOld(name, after(start, 365))));
    town.days(30);
    assert_eq!(told(&town).await, []);
    town.app
        .registry
        .set_client_state(&service.client.id, ClientState::Disabled, town.clock.now())
        .await
        .map(|_| ())
        .expect("writes");
}
