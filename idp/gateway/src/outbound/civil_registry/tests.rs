//! The client against registries that answer, and registries that do not: small real ones, in this process.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::routing::{get, post};
use domain::identity::civil::{Consultation, NotConfirmed, Sandbox};
use domain::time::{Lifetime, Timestamp};

use super::*;
use crate::outbound::tests::{Origin, sandbox_http};

fn angela() -> Pivot {
    Pivot::parse(&RawPivot {
        family_name: Some("DUBOIS"),
        given_name: Some("Angela Claire"),
        birthdate: Some("1962-08-24"),
        gender: Some("female"),
        birthplace: Some("75107"),
        birthcountry: Some("99100"),
    })
    .expect("complete")
}

fn client(origin: &Origin, form: CivilForm) -> CivilRegistryClient {
    client_with(origin, form, Duration::from_secs(20), &Clock::manual(Timestamp::from_epoch(0)))
}

fn client_with(origin: &Origin, form: CivilForm, timeout: Duration, clock: &Clock) -> CivilRegistryClient {
    let url = origin.url("/individus").parse().expect("a URL");
    CivilRegistryClient::new(&CivilRegistry::Consulted { url, form, timeout }, &sandbox_http(), clock)
}

/// A registry that answers every question with this.
async fn answering(kind: &'static str, body: impl Into<Bytes>) -> Origin {
    let body = body.into();
    let answer = move || async move { ([(CONTENT_TYPE, kind)], body) };
    Origin::serve(Router::new().route("/individus", get(answer.clone()).post(answer))).await
}

async fn failure(client: &CivilRegistryClient) -> CivilRegistryError {
    match client.confirm(angela()).await.expect_err("a failure") {
        Unconfirmed::Failed(error) => error,
        Unconfirmed::Refused(refused) => panic!("{refused}"),
    }
}

const INDIVIDUAL: &str = r#"<ec:Individu>
  <ie:Noms><ie:NomFamille>DUBOIS</ie:NomFamille><ie:NomUsage>ROUX</ie:NomUsage></ie:Noms>
  <ie:Prenoms><ie:Prenom>Angela Claire</ie:Prenom><ie:Prenom>Louise</ie:Prenom></ie:Prenoms>
  <ie:Naissance><ie:DateNaissance>1962-08-24</ie:DateNaissance>
    <ie:LieuNaissance><ie:Localite code="75107">Paris</ie:Localite></ie:LieuNaissance></ie:Naissance>
  <ie:Sexe>F</ie:Sexe></ec:Individu>"#;

fn document(outcome: &str, individual: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<el:IdentificationsIndividusCitoyens xmlns:el="http://xml.insee.fr/schema/electoral" xmlns:ec="e" xmlns:ie="i">
<el:TypeReponseIdentification>{outcome}</el:TypeReponseIdentification>
<el:IdentificationIndividuCitoyen><el:SituationActuelle>{individual}</el:SituationActuelle></el:IdentificationIndividuCitoyen>
</el:IdentificationsIndividusCitoyens>"#
    )
}

fn found(document: &str) -> Result<Pivot, CivilRegistryError> {
    let confirmed = xml::answer(document.as_bytes())?.confirm().expect("found");
    Ok(confirmed.pivot().clone())
}

#[tokio::test]
async fn the_json_form_posts_the_pivot_and_reads_the_correction() {
    let echo = |body: Bytes| async move {
        let asked: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let expected = serde_json::json!({"family_name": "DUBOIS", "given_names": ["Angela", "Claire"],
            "birthdate": "1962-08-24", "gender": "female", "birthplace": "75107", "birthcountry": "99100"});
        assert_eq!(asked, expected);
        axum::Json(serde_json::json!({"outcome": "rectified", "deceased": false, "identity": {
            "family_name": "DUBOIS", "given_names": ["Angéla", "Claire"], "gender": "female",
            "birthdate": "1962-08-00", "birthplace": null, "birthcountry": "99217"}}))
    };
    let origin = Origin::serve(Router::new().route("/individus", post(echo))).await;
    let confirmed = client(&origin, CivilForm::Json).confirm(angela()).await.expect("confirmed");
    assert_eq!(confirmed.consultation(), Consultation::Rectified);
    assert_eq!(confirmed.pivot().given_name(), "Angéla Claire");
    assert_eq!(confirmed.pivot().birthdate.to_string(), "1962-08-00");
    assert_eq!(confirmed.pivot().birthplace, None);
}

#[tokio::test]
async fn the_xml_form_asks_in_the_query_and_reads_by_local_names() {
    let told = |RawQuery(query): RawQuery| async move {
        assert_eq!(
            query.as_deref(),
            Some(
                "rechercheType=S&nom=DUBOIS&prenoms=Angela+Claire&dateNaissance=19620824&sexe=F&codeLieuNaissance=75107"
            )
        );
        ([(CONTENT_TYPE, "application/xml; charset=utf-8")], document("2", INDIVIDUAL))
    };
    let origin = Origin::serve(Router::new().route("/individus", get(told))).await;
    let confirmed = client(&origin, CivilForm::Xml).confirm(angela()).await.expect("confirmed");
    let pivot = confirmed.pivot();
    assert_eq!((pivot.family_name.as_str(), pivot.given_name().as_str()), ("DUBOIS", "Angela Claire Louise"));
    assert_eq!(pivot.birthplace.as_ref().map(Place::as_str), Some("75107"));
    assert_eq!(pivot.birthcountry.as_ref().map(Place::as_str), Some("99100"), "a place alone is in France");
}

#[test]
fn someone_born_abroad_or_nowhere_known_is_read_as_the_registry_says() {
    let place = r#"<ie:Localite code="75107">Paris</ie:Localite>"#;
    for (instead, birthplace, birthcountry) in [
        (r#"<ie:Pays code="99217">JAPON</ie:Pays>"#, None, Some("99217")),
        (r#"<ie:Localite code="99217">Tokyo</ie:Localite><ie:Pays code="99217">JAPON</ie:Pays>"#, None, Some("99217")),
        (r#"<ie:Localite code="75107"/><ie:Pays code="99100"/>"#, Some("75107"), Some("99100")),
        (r#"<ie:Pays code="99100"/>"#, None, Some("99100")),
        ("", None, None),
    ] {
        let pivot = found(&document("2", &INDIVIDUAL.replace(place, instead))).expect(instead);
        assert_eq!(pivot.birthplace.as_ref().map(Place::as_str), birthplace, "{instead}");
        assert_eq!(pivot.birthcountry.as_ref().map(Place::as_str), birthcountry, "{instead}");
    }
}

#[test]
fn parts_of_a_birth_date_that_the_registry_leaves_out_are_unknown() {
    for (told, read) in [("1962-08", "1962-08-00"), ("1962", "1962-00-00"), ("1962-08-24", "1962-08-24")] {
        let pivot = found(&document("2", &INDIVIDUAL.replace("1962-08-24", told))).expect(told);
        assert_eq!(pivot.birthdate.to_string(), read);
    }
}

#[test]
fn a_death_is_seen_wherever_it_stands_in_the_person() {
    for deceased in ["<ie:Deces/>", "<ie:Deces><ie:LieuDeces><ie:Localite code=\"13055\"/></ie:LieuDeces></ie:Deces>"] {
        let answer = xml::answer(document("2", &format!("{INDIVIDUAL}<x>{deceased}</x>")).as_bytes()).expect("read");
        assert_eq!(answer.confirm().err(), Some(NotConfirmed::Deceased));
    }
}

#[test]
fn every_type_of_answer_is_known() {
    for (number, refused) in [
        ("4", NotConfirmed::SingleEcho),
        ("6", NotConfirmed::Several),
        ("7", NotConfirmed::MarriedName),
        ("8", NotConfirmed::NotFound),
        ("9", NotConfirmed::Rejected),
    ] {
        let answer = xml::answer(document(number, "").as_bytes()).expect(number);
        assert_eq!(answer.confirm().err(), Some(refused));
    }
    for number in ["5", "", "two", "22"] {
        assert!(xml::answer(document(number, INDIVIDUAL).as_bytes()).is_err(), "{number}");
    }
}

#[test]
fn hostile_or_broken_xml_is_malformed_and_never_expanded() {
    let whole = document("2", INDIVIDUAL);
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a \"{}\"><!ENTITY b \"&a;&a;&a;&a;\">]>{}",
        "A".repeat(1000),
        whole.replace("DUBOIS", "&b;").split_once("?>").expect("a declaration").1
    );
    let file = whole.replace("?>", "?><!DOCTYPE x SYSTEM \"file:///etc/passwd\">");
    let cases = [
        ("an entity bomb", bomb),
        ("an external entity", file),
        ("an entity of its own", whole.replace("DUBOIS", "&dubois;")),
        ("cut off", whole[..whole.len() - 20].to_owned()),
        ("unbalanced", whole.replace("</ie:Noms>", "</ie:Nom>")),
        ("two roots", format!("{whole}<x/>")),
        ("text after the end", format!("{whole}x")),
        ("empty", String::new()),
        ("no XML", "HTTP 500: tout est cassé".to_owned()),
        ("another document", "<?xml version=\"1.0\"?><inattendu/>".to_owned()),
        ("deep", format!("{}{}", "<a>".repeat(1000), "</a>".repeat(1000))),
        ("large", whole.replace("DUBOIS", &"A".repeat(100_000))),
        ("two names", whole.replace("<ie:NomFamille>", "<ie:NomFamille>X</ie:NomFamille><ie:NomFamille>")),
        (
            "two types",
            whole.replace("<el:Ident", "<el:TypeReponseIdentification>2</el:TypeReponseIdentification><el:Ident"),
        ),
        (
            "two persons",
            whole.replace(
                "</el:IdentificationIndividuCitoyen>",
                "</el:IdentificationIndividuCitoyen><IdentificationIndividuCitoyen/>",
            ),
        ),
        ("no person", document("2", "")),
        ("no given name", whole.replace("Angela Claire", "").replace("Louise", "")),
        ("no gender", whole.replace("<ie:Sexe>F</ie:Sexe>", "")),
        ("a gender of its own", whole.replace(">F<", ">X<")),
        ("an impossible date", whole.replace("1962-08-24", "1962-13")),
        ("a name that is none", whole.replace("DUBOIS", "DUB\u{43E}IS")),
    ];
    for (what, body) in cases {
        let outcome = xml::answer(body.as_bytes());
        assert!(matches!(outcome, Err(CivilRegistryError::Malformed(_))), "{what}: {outcome:?}");
    }
    assert!(xml::answer(&[0xff, 0xfe, 0x3c, 0x00]).is_err(), "UTF-16");
    assert_eq!(
        found(&whole.replace("DUBOIS", "D&apos;ARC&#233;")).expect("its own five are fine").family_name.as_str(),
        "D'ARCé"
    );
}

#[tokio::test]
async fn json_of_another_shape_is_malformed() {
    for body in [
        "",
        "nonsense",
        "[]",
        "{}",
        r#"{"outcome":"found"}"#,
        r#"{"outcome":"found","deceased":"no"}"#,
        r#"{"outcome":"found","deceased":false}"#,
        r#"{"outcome":"found","deceased":false,"identity":null}"#,
        r#"{"outcome":"found","deceased":false,"identity":{"family_name":42}}"#,
        r#"{"outcome":"perhaps","deceased":false}"#,
        r#"{"outcome":"not_found","deceased":false} {}"#,
    ] {
        let origin = answering("application/json", body).await;
        let failed = failure(&client(&origin, CivilForm::Json)).await;
        assert!(matches!(failed, CivilRegistryError::Malformed(_)), "{body}: {failed:?}");
    }
}

#[tokio::test]
async fn an_answer_of_another_content_type_is_malformed() {
    let page = answering("text/html", document("2", INDIVIDUAL)).await;
    for form in [CivilForm::Json, CivilForm::Xml] {
        assert_eq!(failure(&client(&page, form)).await, CivilRegistryError::Malformed("it has another content type"));
    }
}

#[tokio::test]
async fn each_way_of_not_answering_has_its_own_name() {
    let fails =
        Origin::serve(Router::new().route("/individus", get(|| async { http::StatusCode::INTERNAL_SERVER_ERROR })))
            .await;
    assert_eq!(failure(&client(&fails, CivilForm::Xml)).await, CivilRegistryError::Status(500));

    let hangs = Origin::serve(Router::new().route("/individus", get(std::future::pending::<()>))).await;
    let clock = Clock::manual(Timestamp::from_epoch(0));
    let impatient = client_with(&hangs, CivilForm::Xml, Duration::from_millis(50), &clock);
    assert_eq!(failure(&impatient).await, CivilRegistryError::TimedOut);

    let broken =
        Origin::raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: 9999\r\n\r\n<x>").await;
    assert!(matches!(failure(&client(&broken, CivilForm::Xml)).await, CivilRegistryError::Unreachable(_)));
}

#[tokio::test]
async fn after_failures_in_a_row_it_is_left_alone_for_a_moment() {
    let garbage = answering("application/json", "nonsense").await;
    let clock = Clock::manual(Timestamp::from_epoch(0));
    let client = client_with(&garbage, CivilForm::Json, Duration::from_secs(20), &clock);
    for _ in 0..5 {
        assert!(matches!(failure(&client).await, CivilRegistryError::Malformed(_)));
    }
    assert_eq!(failure(&client).await, CivilRegistryError::Resting);
    clock.advance(Lifetime::seconds(5));
    assert!(matches!(failure(&client).await, CivilRegistryError::Malformed(_)));
    assert_eq!(failure(&client).await, CivilRegistryError::Resting);
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_never_opens_the_breaker() {
    let unknown = answering("application/json", r#"{"outcome":"not_found","deceased":false}"#).await;
    let client = client(&unknown, CivilForm::Json);
    for _ in 0..8 {
        let refused = client.confirm(angela()).await.expect_err("not found");
        assert!(matches!(refused, Unconfirmed::Refused(NotConfirmed::NotFound)));
    }
}

#[tokio::test]
async fn without_a_registry_nobody_is_asked() {
    let clock = Clock::manual(Timestamp::from_epoch(0));
    let sandbox = CivilRegistry::NotConsulted(Sandbox::of("http://127.0.0.1:1").expect("loopback"));
    let confirmed = CivilRegistryClient::new(&sandbox, &sandbox_http(), &clock).confirm(angela()).await.expect("taken");
    assert_eq!(confirmed.consultation(), Consultation::NotConsulted);
}
