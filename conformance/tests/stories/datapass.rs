//! What another platform of habilitations decides is decided here: DataPass tells it, signed, and what is repeated, late or
//! forged changes nothing.

use std::time::Duration;

use conformance::audit;
use conformance::citizen::Citizen;
use conformance::clock;
use conformance::gateway::Standing;
use conformance::hook::{Hook, sign};
use conformance::partner::Partner;
use conformance::people::PASSWORD;
use conformance::relying_party::RelyingParty;
use conformance::scene::{Scene, Setting};
use conformance::upstream::ProviderId;
use http::StatusCode;
use serde_json::{Value, json};

use super::partners::{LYON, Space};
use super::reviews::Town;
use crate::journey::{accept, choose, eventually, expect, within};

const SECRET: &str = "un secret que DataPass et la passerelle partagent";
const REDIRECT: &str = "https://cantine.ville-de-lyon.fr/retour";
/// What is promised: a revocation is in force within a second.
const SECOND: Duration = Duration::from_secs(1);

fn setting() -> Setting {
    Setting { environment: vec![("PASSERELLE_DATAPASS_SECRET", SECRET.to_owned())], ..Setting::default() }
}

/// A message of DataPass about one request, fired then.
fn message(event: &str, fired: i64) -> Value {
    json!({
        "event": event, "fired_at": fired, "model_type": "authorization_request/france_connect",
        "model_id": 9001,
        "data": {
            "id": 9001, "public_id": "3f4c8a52-0d3c-4c1e-a7a5-0b8f6f3f5e11", "state": "validated",
            "form_uid": "france-connect-collectivite-administration", "something_new": [{"deep": null}],
            "organization": {"id": 7, "name": "COMMUNE DE LYON", "siret": LYON, "insee_payload": {"etablissement": {}}},
            "applicant": {"id": 3, "email": "agent@lyon.exemple.fr"},
            "service_provider": null,
            "data": {
                "intitule": "Cantine scolaire", "description": "Les parents inscrivent leurs enfants.",
                "scopes": ["openid", "family_name", "given_name", "email"], "france_connect_eidas": "eidas_1",
                "cadre_juridique_nature": "Arrêté du 8 novembre 2018",
                "destinataire_donnees_caractere_personnel": "Le service scolaire",
                "duree_conservation_donnees_caractere_personnel": 12,
                "contact_technique_email": "dsi@lyon.exemple.fr", "redirect_uris": [REDIRECT],
            },
        },
    })
}

async fn send(scene: &Scene, body: Vec<u8>, signature: Option<&str>) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/datapass/webhook", scene.gateway.issuer());
    let mut request = http.post(url).header("content-type", "application/json").body(body);
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    let answer = request.send().await.unwrap();
    let (status, kind) = (answer.status().as_u16(), answer.headers().get("content-type").cloned());
    let body = answer.text().await.unwrap();
    if status >= 400 && status != 404 {
        assert_eq!(kind.unwrap(), "application/problem+json", "{status} {body}");
    }
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

async fn tell(scene: &Scene, message: &Value) -> (u16, Value) {
    let body = message.to_string().into_bytes();
    let signature = sign(SECRET, &body);
    send(scene, body, Some(&signature)).await
}

/// What `idp habilitations list` says of Lyon, by state.
async fn states(town: &Town) -> Vec<String> {
    let mut states: Vec<String> =
        town.habilitations().await.iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect();
    states.sort();
    states
}

/// The client of the production that the commune makes of what was granted.
async fn make_service(scene: &Scene, nadia: &mut Partner) -> RelyingParty {
    let page = nadia.open(&format!("/espace/organisations/{LYON}")).await.unwrap();
    let path = page.attribute("a[href$='/client']", "href").unwrap();
    let form = expect(nadia.open(&path).await.unwrap(), "service-production");
    let button = "form[data-step=make-production] button";
    let fields = [("uri0", "oui"), ("proof", "client_secret_basic")];
    let mut shown = nadia.press(&form, button, &fields).await.unwrap();
    if shown.name().as_deref() == Some("space-confirm") {
        nadia.confirm(&shown).await.unwrap();
        let form = expect(nadia.open(&path).await.unwrap(), "service-production");
        shown = nadia.press(&form, button, &fields).await.unwrap();
    }
    let shown = expect(shown, "service-secret");
    let (id, secret) = (shown.text("[data-client-id]").unwrap(), shown.text("[data-client-secret]").unwrap());
    audit::secret(&secret);
    scene.gateway.installation().until(&id, Standing::Served).await.unwrap();
    RelyingParty::known(scene.gateway.issuer(), id, Some(secret), REDIRECT.to_owned()).await.unwrap()
}

#[tokio::test]
async fn what_datapass_grants_signs_a_citizen_in_until_it_is_revoked() {
    let mut town = Town::set(setting()).await;
    let start = clock::now() - 60;
    let hook = Hook::start(StatusCode::OK).await;
    let printed = town.space.idp(&["webhooks", "add", &hook.uri(), "--json"]).await;
    let webhook = serde_json::from_str::<Value>(&printed).unwrap();
    audit::secret(webhook["secret"].as_str().unwrap());
    town.space.idp(&["webhooks", "test", webhook["id"].as_str().unwrap()]).await;
    town.space.idp(&["webhooks", "enable", webhook["id"].as_str().unwrap()]).await;

    let approval = message("approve", start + 10);
    let (status, answer) = tell(&town.space.scene, &approval).await;
    assert_eq!(status, 201, "{answer}");
    let [habilitation] = &town.habilitations().await[..] else { panic!("one") };
    assert_eq!((&habilitation["habilitation"], &habilitation["state"]), (&answer["token_id"], &json!("active")));
    assert_eq!(habilitation["level"], "eidas1");
    // The same bytes once more: the same answer, and nothing else.
    assert_eq!(tell(&town.space.scene, &approval).await, (201, answer.clone()));
    assert_eq!(states(&town).await, ["active"]);

    let service = make_service(&town.space.scene, &mut town.nadia).await;
    let ask = service.ask("openid family_name email");
    let mut citizen = Citizen::new().stopping_at(REDIRECT);
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    let tokens = service.finish(&ask, &back).await.unwrap();
    assert_eq!(service.claims(&tokens).await.unwrap()["family_name"], "DUBOIS");

    // It is open again there: what was granted stays.
    assert_eq!(tell(&town.space.scene, &message("reopen", start + 15)).await.0, 200);
    assert_eq!(tell(&town.space.scene, &message("refuse", start + 20)).await.0, 200);
    assert_eq!(service.userinfo(&tokens.access_token).await.unwrap().status(), 200);

    assert_eq!(tell(&town.space.scene, &message("revoke", start + 25)).await.0, 200);
    within(SECOND, "nothing is told any more", async || {
        let answer = service.userinfo(&tokens.access_token).await.unwrap();
        (answer.status() == 401).then_some(())
    })
    .await;
    let page = Citizen::new().stopping_at(REDIRECT).open(&service.ask("openid").url()).await.unwrap();
    assert_eq!(page.parameter("error").as_deref(), Some("unauthorized_client"), "{}", page.brief());
    assert_eq!(states(&town).await, ["revoked"]);

    // What was older comes late, and what was recorded comes again: neither brings it back.
    let (status, answer) = tell(&town.space.scene, &message("approve", start + 18)).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("older")));
    let (status, answer) = tell(&town.space.scene, &approval).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("older")));
    assert_eq!(states(&town).await, ["revoked"]);
    let answer = service.userinfo(&tokens.access_token).await.unwrap();
    assert_eq!(answer.status(), 401);

    // Our own subscribers heard of it in the same words.
    let told = eventually("the revocation", async || {
        let heard: Vec<Value> = hook.heard().iter().map(conformance::hook::Heard::json).collect();
        heard.iter().any(|body| body["event"] == "revoke").then_some(heard)
    })
    .await;
    let mut told: Vec<_> = told
        .iter()
        .filter(|body| body["test"] == false)
        .map(|body| (body["number"].as_i64(), body["event"].clone()))
        .collect();
    told.sort_by_key(|(number, _)| *number);
    let names: Vec<_> = told.iter().map(|(_, event)| event.as_str().unwrap()).collect();
    assert_eq!(names, ["create", "approve", "reopen", "cancel_reopening", "revoke"]);
}

#[tokio::test]
async fn what_is_forged_late_wrong_or_too_large_is_refused_and_says_why() {
    let town = Town::set(setting()).await;
    let scene = &town.space.scene;
    let approval = message("approve", clock::now());
    let body = approval.to_string().into_bytes();
    let right = sign(SECRET, &body);
    let mut touched = body.clone();
    touched[30] ^= 1;
    let another = sign("un autre secret, tout aussi long que le premier", &body);
    let empty = sign("", &body);
    for (case, body, signature) in [
        ("no signature", &body, None),
        ("an empty one", &body, Some("")),
        ("another secret", &body, Some(another.as_str())),
        ("no secret", &body, Some(empty.as_str())),
        ("without its name", &body, right.strip_prefix("sha256=")),
        ("half of it", &body, Some(&right[..39])),
        ("another body", &touched, Some(right.as_str())),
    ] {
        let (status, answer) = send(scene, body.clone(), signature).await;
        assert_eq!((status, &answer["code"]), (403, &json!("datapass.unsigned")), "{case}");
    }
    // A body that is not signed is not even read: that it is no JSON is not told.
    assert_eq!(send(scene, b"{".to_vec(), Some(&right)).await.0, 403);
    let large = vec![b' '; 300 << 10];
    let signature = sign(SECRET, &large);
    let (status, answer) = send(scene, large, Some(&signature)).await;
    assert_eq!((status, &answer["code"]), (413, &json!("datapass.too_large")));

    for (pointer, value, field) in [
        ("/fired_at", json!(clock::now() - 4 * 86_400), "fired_at"),
        ("/fired_at", json!(clock::now() + 3_600), "fired_at"),
        ("/fired_at", json!("hier"), "fired_at"),
        ("/data/organization/siret", json!("12345678901234"), "data.organization.siret"),
        ("/data/data/scopes", json!(["tout"]), "data.data.scopes"),
        ("/data/data/redirect_uris", json!(["https://169.254.169.254/"]), "data.data.redirect_uris"),
        ("/data/data/intitule", json!(null), "data.data.intitule"),
    ] {
        let mut wrong = approval.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        let (status, answer) = tell(scene, &wrong).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{pointer}: {answer}");
    }
    let body = b"[]".to_vec();
    let signature = sign(SECRET, &body);
    assert_eq!(send(scene, body, Some(&signature)).await.0, 422);
    assert!(town.habilitations().await.is_empty());

    let test = json!({"test": true, "timestamp": clock::now()});
    assert_eq!(tell(scene, &test).await, (200, json!({"outcome": "test"})));
    let mut foreign = message("approve", clock::now());
    foreign["model_type"] = json!("authorization_request/api_entreprise");
    for ignored in [foreign, message("start_next_stage", clock::now()), message("submit", clock::now())] {
        assert_eq!(tell(scene, &ignored).await, (202, json!({"outcome": "ignored"})));
    }
    assert!(town.habilitations().await.is_empty());
}

#[tokio::test]
async fn the_order_in_which_things_were_decided_counts_and_not_that_in_which_they_arrive() {
    let town = Town::set(setting()).await;
    let start = clock::now() - 60;
    let scene = &town.space.scene;
    // The revocation overtakes the approval, and one of the same second loses too.
    let revocation = message("revoke", start + 25);
    assert_eq!(tell(scene, &revocation).await.0, 200);
    assert_eq!(tell(scene, &message("approve", start + 20)).await, (200, json!({"outcome": "older"})));
    let mut same = message("approve", start + 25);
    same["fired_at"] = revocation["fired_at"].clone();
    assert_eq!(tell(scene, &same).await, (200, json!({"outcome": "older"})));
    assert!(town.habilitations().await.is_empty());

    // What is newer counts; another one takes its place; the operator's word stands above.
    assert_eq!(tell(scene, &message("approve", start + 27)).await.0, 201);
    let mut second = message("approve", start + 28);
    second["data"]["data"]["scopes"] = json!(["openid", "email"]);
    let (status, answer) = tell(scene, &second).await;
    assert_eq!(status, 201);
    assert_eq!(states(&town).await, ["active", "obsolete"]);
    let id = answer["token_id"].as_str().unwrap();
    town.space.idp(&["habilitations", "suspend", id, "--why", "incident"]).await;
    let (status, answer) = tell(scene, &message("approve", start + 29)).await;
    assert_eq!((status, &answer["code"]), (409, &json!("datapass.conflict")));
    assert_eq!(states(&town).await, ["obsolete", "suspended"]);

    let mut other = message("approve", start + 30);
    other["data"]["organization"]["siret"] = json!(super::partners::TOULOUSE);
    let (status, answer) = tell(scene, &other).await;
    assert_eq!((status, &answer["code"]), (422, &json!("datapass.other_organisation")));
}

#[tokio::test]
async fn whoever_brings_in_a_siret_finds_nothing_of_what_datapass_granted_to_it() {
    let space = Space::set(setting()).await;
    assert_eq!(tell(&space.scene, &message("approve", clock::now())).await.0, 201);
    // Somebody with a mailbox: nothing proves that they are of the commune.
    let mut stranger = space.founder("Nadia", LYON).await;
    let listed: Value = serde_json::from_str(&space.idp(&["habilitations", "requests", "--json"]).await).unwrap();
    let request = listed[0]["request"].as_str().unwrap().to_owned();
    let list = stranger.open(&format!("/espace/organisations/{LYON}/demandes")).await.unwrap();
    assert!(!expect(list, "request-list").has("[data-request]"));
    let paths = ["", "/demande.json", "/client"].map(|part| format!("/espace/demandes/{request}{part}"));
    for path in &paths {
        let unseen = stranger.open(path).await.unwrap();
        assert_eq!(unseen.status, 404, "{path}");
    }
    let mut ines = space.operator("Ines", &["instructor"]).await;
    let page = ines.open(&format!("/espace/organisations/{LYON}")).await.unwrap();
    ines.press(&page, "form[data-step=accept-organisation] button", &[]).await.unwrap();
    for path in &paths {
        let seen = stranger.open(path).await.unwrap();
        assert_eq!(seen.status, 200, "{path}");
    }
}

#[tokio::test]
async fn where_no_platform_is_configured_there_is_no_such_address() {
    let scene = Scene::set(Setting::default()).await;
    assert_eq!(tell(&scene, &message("approve", clock::now())).await.0, 404);
}
