//! The JSON form: the question is the body of a POST, so nothing personal stands in an address or an access log.

use domain::identity::civil::{Answer, Life, Outcome};
use domain::identity::pivot::{Name, Pivot, Place, RawPivot};
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;

use super::{CivilRegistryError, Request};

pub(super) fn question(url: &url::Url, pivot: &Pivot) -> http::Result<Request> {
    let body = json!({
        "family_name": pivot.family_name.as_str(),
        "given_names": pivot.given_names.iter().map(Name::as_str).collect::<Vec<_>>(),
        "birthdate": pivot.birthdate.to_string(),
        "gender": pivot.gender.as_str(),
        "birthplace": pivot.birthplace.as_ref().map(Place::as_str),
        "birthcountry": pivot.birthcountry.as_ref().map(Place::as_str),
    });
    http::Request::builder()
        .method(Method::POST)
        .uri(url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .body(body.to_string().into_bytes())
}

#[derive(Deserialize)]
struct Document {
    outcome: Word,
    deceased: bool,
    #[serde(default)]
    identity: Option<Identity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Found,
    Rectified,
    SingleEcho,
    Several,
    MarriedName,
    NotFound,
    Rejected,
}

#[derive(Deserialize)]
struct Identity {
    family_name: String,
    given_names: Vec<String>,
    gender: String,
    birthdate: String,
    birthplace: Option<String>,
    birthcountry: Option<String>,
}

pub(super) fn answer(body: &[u8]) -> Result<Answer, CivilRegistryError> {
    let document: Document =
        serde_json::from_slice(body).map_err(|_| CivilRegistryError::Malformed("it is not the JSON of an answer"))?;
    let life = if document.deceased { Life::Deceased } else { Life::Living };
    let person = || {
        let identity =
            document.identity.as_ref().ok_or(CivilRegistryError::Malformed("it finds a person and names none"))?;
        super::person(&RawPivot {
            family_name: Some(&identity.family_name),
            given_name: Some(&identity.given_names.join(" ")),
            birthdate: Some(&identity.birthdate),
            gender: Some(&identity.gender),
            birthplace: identity.birthplace.as_deref(),
            birthcountry: identity.birthcountry.as_deref(),
        })
    };
    let outcome = match document.outcome {
        Word::Found => Outcome::Found(person()?),
        Word::Rectified => Outcome::Rectified(person()?),
        Word::SingleEcho => Outcome::SingleEcho,
        Word::Several => Outcome::Several,
        Word::MarriedName => Outcome::MarriedName,
        Word::NotFound => Outcome::NotFound,
        Word::Rejected => Outcome::Rejected,
    };
    Ok(Answer { outcome, life })
}
