//! `GET /app/v1/openapi.json`: the description that a phone can be written from (OpenAPI 3.1). The words are
//! `openapi.md`; types and routes are the handlers' own, and the codes are those of the domain.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use domain::cnie::refusal::Refusal;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{answers, begin, card, claim, problem, refuse, terms};
use crate::audit::Code;

/// Codes of what is refused before a transaction is looked at.
const BEFORE: [(&str, u16, &str, &str); 5] = [
    (
        "dpop.nonce_due",
        400,
        "the proof holds no nonce of ours that counts",
        "repeat the call with the nonce of `DPoP-Nonce`",
    ),
    ("dpop.proof_invalid", 400, "the proof is missing or wrong", "put it right"),
    ("dpop.proof_reused", 400, "the proof was used before", "make a new one"),
    ("client.too_many_calls", 429, "too many calls from this address", "wait for as long as `Retry-After` says"),
    ("server.store", 503, "a part of the gateway does not answer", "begin again in a moment"),
];

#[derive(OpenApi)]
#[openapi(
    info(title = "Passerelle: identity cards", version = "1", description = "…"),
    paths(claim::post, begin::post, card::post, answers::post, refuse::post, terms::get, get),
    components(schemas(problem::Problem))
)]
struct Description;

/// This description.
#[utoipa::path(get, path = "/app/v1/openapi.json", tag = "terms", responses((status = 200, description = "OpenAPI 3.1")))]
pub(super) async fn get() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| described().to_string());
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
    ];
    (headers, TEXT.as_str()).into_response()
}

/// The description, whole.
pub(super) fn described() -> Value {
    let mut value = serde_json::to_value(Description::openapi()).expect("a description is JSON");
    let rows = codes();
    let rows_of = |(code, status, meaning, remedy): &(String, u16, String, &str)| {
        format!("| `{code}` | {status} | {meaning} | {remedy} |")
    };
    let table = rows.iter().map(rows_of).collect::<Vec<_>>().join("\n");
    let text = format!(
        "{}\n| code | status | meaning | what to do |\n|---|---|---|---|\n{table}\n",
        include_str!("openapi.md")
    );
    value["info"]["description"] = json!(text);
    let names: Vec<&str> = rows.iter().map(|(code, ..)| code.as_str()).collect();
    value["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] = json!(names);
    value
}

/// Each code that a phone can meet, with its status, its meaning and what to do.
fn codes() -> Vec<(String, u16, String, &'static str)> {
    let before = BEFORE
        .iter()
        .map(|(code, status, meaning, remedy)| ((*code).to_owned(), *status, (*meaning).to_owned(), *remedy));
    let refusals = Refusal::ALL.iter().filter_map(|refusal| {
        let (status, remedy) = problem::told(*refusal)?;
        Some((Code::from(*refusal).to_string(), status.as_u16(), refusal.to_string(), remedy.words()))
    });
    before.chain(refusals).collect()
}
