//! The same sign-in with unmodified libraries of other people at both ends of the gateway.

use conformance::gateway::ProviderFile;
use conformance::library::{FapiLibrary, Library, OidcProvider, OidcProviderSettings, Party};
use conformance::or_skip;
use conformance::people::{PASSWORD, Person};
use conformance::random;
use conformance::relying_party::RelyingParty;
use conformance::scene::{Places, Scene, Setting};
use conformance::site::free_port;
use conformance::tools::{Tool, node_file};
use conformance::upstream::ProviderId;
use serde_json::json;

use crate::fapi::Secured;
use crate::journey::{Journey, accept, choose, citizen_of, expect};
use crate::witness::{refused_by_others, verified_by_others};

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

/// A sign-in, a refresh and userinfo with the response in plain or signed form.
async fn signs_in_under_fapi_with(library: FapiLibrary, journey: &Journey) {
    let service = Secured::register(journey).await;
    for response_mode in ["query", "jwt"] {
        let scope = "openid profile birth email offline_access";
        let party = Party::start_fapi(library, &service.party, scope, response_mode).await.unwrap();
        let mut citizen = service.citizen();
        let chooser = expect(citizen.open(&party.address).await.unwrap(), "choose");
        let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
        let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
        assert!(inform.has("[data-offline]"));
        let back = accept(&mut citizen, &inform).await;
        assert_eq!(back.parameter("response").is_some(), response_mode == "jwt", "{}", back.brief());
        let learnt = party.finish(back.url.as_str()).await.unwrap();
        assert!(learnt["token_type"].as_str().unwrap().eq_ignore_ascii_case("DPoP"), "{learnt}");
        assert_eq!(learnt["id_token"]["acr"], "eidas1");
        assert_eq!(learnt["refreshed"]["sub"], learnt["id_token"]["sub"]);
        assert!(learnt["refreshed"]["nonce"].is_null(), "{learnt}");
        assert_eq!(learnt["userinfo"]["family_name"], "DUBOIS");
        if library == FapiLibrary::Oauth4webapi {
            assert_eq!(learnt["asked"], 1, "a nonce is asked for once and then handed from answer to answer: {learnt}");
        }
    }
}

#[tokio::test]
async fn a_service_under_fapi_made_with_openid_client_signs_a_citizen_in() {
    or_skip!(node_file("openid-client/package.json"));
    signs_in_under_fapi_with(FapiLibrary::OpenidClient, &Journey::start().await).await;
}

#[tokio::test]
async fn a_service_under_fapi_made_with_oauth4webapi_signs_a_citizen_in() {
    or_skip!(node_file("oauth4webapi/package.json"));
    signs_in_under_fapi_with(FapiLibrary::Oauth4webapi, &Journey::start().await).await;
}

#[tokio::test]
async fn every_token_is_read_alike_by_implementations_that_share_nothing() {
    or_skip!(node_file("jose/package.json"));
    or_skip!(Tool::Python.find());
    let journey = Journey::start().await;
    for algorithm in ["RS256", "ES256", "PS256", "EdDSA"] {
        let mut metadata = RelyingParty::ordinary("Ville");
        for name in ["id_token", "userinfo", "authorization"] {
            metadata[format!("{name}_signed_response_alg")] = algorithm.into();
        }
        let service = journey.register(&metadata).await;
        let (ask, mut citizen) = (service.ask("openid profile").and("response_mode", "jwt"), citizen_of(&service));
        let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let response = back.parameter("response").unwrap_or_else(|| panic!("{}", back.brief()));
        let response = or_skip!(verified_by_others(&service, &response, algorithm).await);
        let tokens = service.take(&ask, &response).await.unwrap();
        let id_token = or_skip!(verified_by_others(&service, &tokens.id_token, algorithm).await);
        assert_eq!(id_token["nonce"], ask.nonce.as_str(), "{algorithm}");
        let userinfo = service.userinfo(&tokens.access_token).await.unwrap().text().await.unwrap();
        let userinfo = or_skip!(verified_by_others(&service, &userinfo, algorithm).await);
        assert_eq!((&userinfo["sub"], &userinfo["family_name"]), (&id_token["sub"], &json!("DUBOIS")), "{algorithm}");

        let (rest, signature) = tokens.id_token.rsplit_once('.').unwrap();
        let broken = format!("{rest}.{}", signature.chars().rev().collect::<String>());
        or_skip!(refused_by_others("a broken signature", &service, &broken, algorithm).await);
        let other = if algorithm == "ES256" { "RS256" } else { "ES256" };
        or_skip!(refused_by_others("another algorithm", &service, &tokens.id_token, other).await);
        or_skip!(refused_by_others("another audience", &journey.service, &tokens.id_token, algorithm).await);
    }
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
