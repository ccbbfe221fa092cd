//! `GET /admin/v1/openapi.json`: the description that a program can be written from (OpenAPI 3.1). The words are `openapi.md`;
//! types and routes are the handlers' own, scopes those of the table of routes, codes those of the log.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use domain::partners::token::TokenScope;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
#[cfg(test)]
use serde_json::Map;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{drafts, habilitations, problem, requests, reviews, routes, services, switches};
use crate::audit::Admin;

#[derive(OpenApi)]
#[openapi(
    info(title = "Passerelle: administration", version = "1", description = "…"),
    paths(
        requests::list,
        requests::of_organisation,
        requests::one,
        requests::versions,
        requests::differences,
        requests::messages,
        drafts::begin,
        drafts::write,
        drafts::submit,
        drafts::reopen,
        drafts::cancel_reopening,
        reviews::look,
        reviews::request_changes,
        reviews::refuse,
        reviews::approve,
        reviews::revoke,
        habilitations::list,
        habilitations::of_organisation,
        habilitations::one,
        habilitations::suspend,
        habilitations::resume,
        habilitations::revoke,
        services::of_organisation,
        services::one,
        services::figures,
        services::make,
        switches::list,
        get,
    ),
    components(schemas(problem::Problem))
)]
struct Description;

/// This description: for whoever reaches the door.
#[utoipa::path(get, path = "/admin/v1/openapi.json", tag = "description", responses((status = 200, description = "OpenAPI 3.1")))]
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
    let codes = Admin::ALL.iter().map(|code| {
        let (status, meaning) = problem::told(*code);
        format!("| `{}` | {} | {meaning} |", code.name(), status.as_u16())
    });
    let store = "| `server.store` | 503 | a part of the gateway does not answer: try again in a moment |";
    let scopes = TokenScope::ALL.iter().map(|scope| {
        let permissions: Vec<&str> = scope.permissions().iter().map(|permission| permission.name()).collect();
        format!("| `{}` | {} |", scope.name(), permissions.join(", "))
    });
    let text = format!(
        "{}\n| scope | permissions |\n|---|---|\n{}\n\n| code | status | meaning |\n|---|---|---|\n{}\n{store}\n",
        include_str!("openapi.md"),
        scopes.collect::<Vec<_>>().join("\n"),
        codes.collect::<Vec<_>>().join("\n"),
    );
    value["info"]["description"] = json!(text);
    value["info"]["license"] = json!({"name": "Apache-2.0", "identifier": "Apache-2.0"});
    let names: Vec<&str> = Admin::ALL.iter().map(|code| code.name()).chain(["server.store"]).collect();
    value["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] = json!(names);
    value["components"]["securitySchemes"] = json!({"token": {
        "type": "http", "scheme": "bearer", "description": "A token of `idp tokens create`; the scope that a route needs stands by it.",
    }});
    value["paths"][routes::DESCRIPTION]["get"]["security"] = json!([]);
    for route in routes::table() {
        let scope = TokenScope::giving(route.permission).map(TokenScope::name);
        let method = route.method.as_str().to_ascii_lowercase();
        value["paths"][route.path][method]["security"] = json!([{"token": scope.into_iter().collect::<Vec<_>>()}]);
    }
    let paths = value["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in paths.filter_map(Value::as_object_mut).flat_map(|methods| methods.values_mut()) {
        finish(operation);
    }
    value
}

/// What the specification asks of an operation and the macros leave out: a name of its own, words by each answer.
fn finish(operation: &mut Value) {
    let name = format!("{}_{}", word(&operation["tags"][0]), word(&operation["operationId"]));
    operation["operationId"] = json!(name);
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        if word(&answer["description"]).is_empty() {
            answer["description"] = json!(match status.as_str() {
                "201" => "Made",
                "default" => "Refused (RFC 9457)",
                _ => "Done",
            });
        }
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The routes that are described: method and path.
#[cfg(test)]
pub(super) fn routes_described() -> impl Iterator<Item = (String, String)> {
    let paths = serde_json::to_value(Description::openapi()).expect("JSON")["paths"].take();
    let paths: Map<String, Value> = paths.as_object().cloned().unwrap_or_default();
    paths.into_iter().flat_map(|(path, methods)| {
        let methods: Map<String, Value> = methods.as_object().cloned().unwrap_or_default();
        methods.into_iter().map(move |(method, _)| (method.to_ascii_uppercase(), path.clone()))
    })
}
