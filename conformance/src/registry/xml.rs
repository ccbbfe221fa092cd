//! The HTTP/XML form: a question in the address, an answer in three namespaces.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::{Desk, Gender, Mode, Question};
use crate::people::{self, Life, Person};

#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    #[serde(rename = "rechercheType")]
    kind: Kind,
    #[serde(rename = "nom")]
    family_name: String,
    #[serde(rename = "prenoms")]
    given_name: String,
    #[serde(rename = "dateNaissance")]
    birthdate: String,
    #[serde(rename = "sexe")]
    gender: Gender,
    #[serde(rename = "codeLieuNaissance")]
    place: String,
}

/// The strict search is the only one.
#[derive(Debug, Deserialize)]
enum Kind {
    S,
}

impl Parameters {
    fn is_well_formed(&self) -> bool {
        let Kind::S = self.kind;
        !self.family_name.is_empty()
            && self.birthdate.len() == 8
            && self.birthdate.bytes().all(|byte| byte.is_ascii_digit())
            && self.place.len() == 5
    }
}

#[derive(Template)]
#[template(path = "registry_answer.xml")]
struct Answer {
    number: u8,
    person: Option<&'static Person>,
    life: Life,
}

impl Answer {
    fn sex(person: &Person) -> &'static str {
        match person.gender {
            people::Gender::Female => "F",
            people::Gender::Male => "M",
        }
    }

    /// The registered birth date: parts that are not known are left out.
    fn birthdate(person: &Person) -> &'static str {
        let date = person.birthdate;
        let without_day = date.strip_suffix("-00").unwrap_or(date);
        without_day.strip_suffix("-00").unwrap_or(without_day)
    }

    /// Name of the country abroad; the registry names countries in capitals.
    fn country(person: &Person) -> &'static str {
        if person.birthcountry == "99217" { "JAPON" } else { "PAYS" }
    }
}

/// `GET /individus`.
pub(super) async fn answer(
    State(desk): State<Arc<Desk>>,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
) -> Response {
    if let Some(answer) = desk.misbehaves().await {
        return answer;
    }
    let Some(Query(asked)) = parameters.ok().filter(|asked| asked.is_well_formed()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let finding = desk.look_up(&Question {
        family_name: &asked.family_name,
        given_name: &asked.given_name,
        birthdate: &asked.birthdate,
        gender: asked.gender,
        place: &asked.place,
    });
    let xml = [(header::CONTENT_TYPE, "application/xml; charset=utf-8")];
    if desk.mode() == Mode::Schema {
        return (xml, "<?xml version=\"1.0\"?><inattendu/>").into_response();
    }
    let document = Answer { number: finding.outcome.number(), person: finding.person, life: finding.life };
    match document.render() {
        Ok(body) => (xml, body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
