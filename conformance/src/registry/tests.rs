use serde_json::{Value, json};

use super::*;
use crate::people;
use crate::site::listen;

async fn registry() -> Registry {
    Registry::start(listen(0).await.unwrap(), Control::Open)
}

async fn ask_json(registry: &Registry, body: &Value) -> reqwest::Response {
    reqwest::Client::new().post(registry.url()).json(body).send().await.unwrap()
}

fn question_about(person: &Person) -> Value {
    json!({
        "family_name": person.family_name,
        "given_names": person.given_name.split(' ').collect::<Vec<_>>(),
        "birthdate": person.birthdate,
        "gender": person.gender.claim(),
        "birthplace": person.birthplace,
        "birthcountry": person.birthcountry,
    })
}

fn address_about(registry: &Registry, person: &Person) -> url::Url {
    let sex = if person.gender == people::Gender::Female { "F" } else { "M" };
    let mut url = url::Url::parse(&registry.url()).unwrap();
    url.query_pairs_mut()
        .append_pair("rechercheType", "S")
        .append_pair("nom", person.family_name)
        .append_pair("prenoms", person.given_name)
        .append_pair("dateNaissance", &person.birthdate.replace('-', ""))
        .append_pair("sexe", sex)
        .append_pair("codeLieuNaissance", person.birthplace.unwrap_or(person.birthcountry));
    url
}

fn well_formed(xml: &str) -> bool {
    let mut reader = quick_xml::Reader::from_str(xml);
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

#[tokio::test]
async fn each_person_has_their_outcome_in_both_forms() {
    let registry = registry().await;
    for person in &PEOPLE {
        let answer: Value = ask_json(&registry, &question_about(person)).await.json().await.unwrap();
        assert_eq!(answer["outcome"], person.outcome.word(), "{}", person.username);
        assert_eq!(answer["deceased"], person.life == Life::Deceased);
        assert_eq!(answer["identity"].is_object(), person.outcome.identifies());

        let xml = reqwest::get(address_about(&registry, person)).await.unwrap();
        assert_eq!(xml.headers()["content-type"], "application/xml; charset=utf-8");
        let xml = xml.text().await.unwrap();
        let number = format!("<el:TypeReponseIdentification>{}<", person.outcome.number());
        assert!(xml.contains(&number), "{xml}");
        assert_eq!(xml.contains("NomFamille"), person.outcome.identifies());
        assert_eq!(xml.contains("Deces"), person.life == Life::Deceased);
        assert!(well_formed(&xml), "{xml}");
    }
}

#[tokio::test]
async fn a_rectified_identity_comes_with_the_registered_names() {
    let registry = registry().await;
    let pierre = Person::named("pierre").unwrap();
    let answer: Value = ask_json(&registry, &question_about(pierre)).await.json().await.unwrap();
    assert_eq!(answer["identity"]["given_names"], json!(["Pierre", "Etienne"]));
    assert_eq!(answer["identity"]["birthdate"], "1985-03-00");
    let xml = reqwest::get(address_about(&registry, pierre)).await.unwrap().text().await.unwrap();
    assert!(xml.contains("<ie:DateNaissance>1985-03</ie:DateNaissance>"), "{xml}");
    assert!(xml.contains("<ie:Localite code=\"2A004\">"));
}

#[tokio::test]
async fn one_differing_field_is_nobody() {
    let registry = registry().await;
    let angela = Person::named("angela").unwrap();
    for (field, value) in
        [("family_name", json!("DUPONT")), ("birthdate", json!("1962-08-25")), ("birthplace", json!("75108"))]
    {
        let mut question = question_about(angela);
        question[field] = value;
        let answer: Value = ask_json(&registry, &question).await.json().await.unwrap();
        assert_eq!(answer["outcome"], "not_found", "{field}");
        assert_eq!(answer["identity"], Value::Null);
    }
}

#[tokio::test]
async fn a_wrong_verb_or_a_malformed_question_is_400() {
    let registry = registry().await;
    let client = reqwest::Client::new();
    assert_eq!(client.put(registry.url()).send().await.unwrap().status(), 400);
    assert_eq!(client.get(registry.url()).send().await.unwrap().status(), 400);
    assert_eq!(client.post(registry.url()).body("{}").send().await.unwrap().status(), 400);
    let mut question = question_about(Person::named("angela").unwrap());
    question["colour"] = json!("green");
    assert_eq!(ask_json(&registry, &question).await.status(), 400);
    question.as_object_mut().unwrap().remove("colour");
    question["birthplace"] = Value::Null;
    assert_eq!(ask_json(&registry, &question).await.status(), 400);
}

#[tokio::test]
async fn it_misbehaves_when_told() {
    let registry = registry().await;
    let question = question_about(Person::named("angela").unwrap());
    registry.set(Mode::Error);
    assert_eq!(ask_json(&registry, &question).await.status(), 500);
    registry.set(Mode::Garbage);
    assert!(ask_json(&registry, &question).await.json::<Value>().await.is_err());
    let control = registry.url().replace("individus", "control");
    let told = reqwest::Client::new().post(control).json(&json!({ "mode": "rejected" })).send().await.unwrap();
    assert_eq!(told.status(), 204);
    let answer: Value = ask_json(&registry, &question).await.json().await.unwrap();
    assert_eq!(answer["outcome"], "rejected");
    registry.set(Mode::Ok);
    let answer: Value = ask_json(&registry, &question).await.json().await.unwrap();
    assert_eq!(answer["outcome"], "found");
    assert_eq!(registry.questions(), 4);
}
