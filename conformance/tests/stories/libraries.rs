//! The same sign-in with unmodified libraries of other people at both ends of the gateway.

use conformance::gateway::ProviderFile;
use conformance::library::{Library, OidcProvider, OidcProviderSettings, Party};
use conformance::or_skip;
use conformance::people::{PASSWORD, Person};
use conformance::random;
use conformance::scene::{Places, Scene, Setting};
use conformance::site::free_port;
use conformance::tools::{Tool, node_file};
use conformance::upstream::ProviderId;
use serde_json::json;

use crate::journey::{Journey, accept, choose, expect};

async fn signs_in_with(library: Library, journey: &Journey) {
    let party = Party::start(library, &journey.service, "openid profile birth email").await.unwrap();
    let mut citizen = journey.citizen();
    let chooser = expect(citizen.open(&party.address).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    let learnt = party.finish(back.url.as_str()).await.unwrap();
    assert_eq!(learnt["id_token"]["acr"], "eidas1");
    assert_eq!(learnt["userinfo"]["family_name"], "DUBOIS");
    assert_eq!(learnt["userinfo"]["birthdate"], "1962-08-24");
}

#[tokio::test]
async fn a_service_made_with_openid_client_signs_a_citizen_in() {
    or_skip!(node_file("openid-client/package.json"));
    signs_in_with(Library::OpenidClient, &Journey::start().await).await;
}

#[tokio::test]
async fn a_service_made_with_authlib_signs_a_citizen_in() {
    or_skip!(Tool::Python.find());
    signs_in_with(Library::Authlib, &Journey::start().await).await;
}

#[tokio::test]
async fn a_provider_made_with_oidc_provider_is_one_file_away() {
    or_skip!(node_file("oidc-provider/package.json"));
    let (port, secret) = (free_port(), random::token());
    let file = ProviderFile {
        id: "autre".into(),
        table: format!(
            "issuer = 'http://127.0.0.1:{port}'\nclient_id = 'passerelle'\ntitle_fr = 'Autre'\ntitle_en = 'Other'\n\
             order = 99\nlevels = ['eidas1']\nid_token_signed_response_alg = 'RS256'"
        )
        .parse()
        .unwrap(),
        secret: secret.clone(),
    };
    let places = Places::free().await.unwrap();
    let angela = Person::named("angela").unwrap();
    let claims = json!({ "given_name": angela.given_name, "family_name": angela.family_name,
        "birthdate": angela.birthdate, "gender": angela.gender.claim(), "birthplace": angela.birthplace,
        "birthcountry": angela.birthcountry, "email": angela.email });
    let _provider = or_skip!(
        OidcProvider::start(&OidcProviderSettings {
            port,
            client_id: "passerelle".into(),
            client_secret: secret,
            redirect_uri: format!("{}/callback/autre", places.issuer()),
            person: json!({ "username": "angela", "claims": claims }),
            password: PASSWORD.into(),
        })
        .await
    );
    let setting = Setting { more_providers: vec![file], ..Setting::default() };
    let journey = Journey::in_scene(Scene::set_in(places, setting).await).await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let button = "form[data-step=choose] button[name=provider][value=autre]";
    let login = expect(citizen.press(&chooser, button, &[]).await.unwrap(), "login");
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    let tokens = journey.service.finish(&ask, &back).await.unwrap();
    assert_eq!(journey.service.claims(&tokens).await.unwrap()["family_name"], "DUBOIS");
}
