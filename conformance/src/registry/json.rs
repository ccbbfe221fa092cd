//! The JSON form: a question in the body, nothing personal in an address or a log line.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, Finding, Gender, Mode, Question};
use crate::people::{Life, Person};

/// COG code of France.
const FRANCE: &str = "99100";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    family_name: String,
    given_names: Vec<String>,
    birthdate: String,
    gender: Gender,
    birthplace: Option<String>,
    birthcountry: String,
}

impl Body {
    fn is_well_formed(&self) -> bool {
        let digits = self.birthdate.bytes().filter(u8::is_ascii_digit).count();
        !self.family_name.is_empty()
            && self.given_names.iter().all(|name| !name.is_empty())
            && digits == 8
            && self.birthdate.len() == 10
            && self.birthcountry.len() == 5
            && (self.birthcountry != FRANCE || self.birthplace.as_ref().is_some_and(|place| place.len() == 5))
    }
}

/// `POST /individus`.
pub(super) async fn answer(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(answer) = desk.misbehaves().await {
        return answer;
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|value| value.starts_with("application/json"));
    let Some(body) = serde_json::from_slice::<Body>(&body).ok().filter(|body| is_json && body.is_well_formed()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let place = if body.birthcountry == FRANCE { body.birthplace.as_deref() } else { None };
    let finding = desk.look_up(&Question {
        family_name: &body.family_name,
        given_name: &body.given_names.join(" "),
        birthdate: &body.birthdate.replace('-', ""),
        gender: body.gender,
        place: place.unwrap_or(&body.birthcountry),
    });
    if desk.mode() == Mode::Schema {
        return Json(json!({ "outcome": "found", "identity": { "family_name": 42 } })).into_response();
    }
    Json(document(&finding)).into_response()
}

fn document(finding: &Finding) -> Value {
    json!({
        "outcome": finding.outcome.word(),
        "deceased": finding.life == Life::Deceased,
        "identity": finding.person.map(identity),
    })
}

fn identity(person: &Person) -> Value {
    json!({
        "family_name": person.family_name,
        "given_names": person.registered_given_name.split(' ').collect::<Vec<_>>(),
        "gender": person.gender.claim(),
        "birthdate": person.birthdate,
        "birthplace": person.birthplace,
        "birthcountry": person.birthcountry,
    })
}
