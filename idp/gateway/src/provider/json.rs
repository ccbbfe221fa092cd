//! The form of the token endpoint, sent as JSON: what much French software does, and FranceConnect takes. On its paths a
//! flat object of texts is read as the form it stands for; everywhere else the standard holds (RFC 6749 §4.1.3).

use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request};
use axum::middleware::Next;
use axum::response::Response;
use domain::oidc::error::TokenError;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use url::form_urlencoded::Serializer;

use super::error;

/// Turns a JSON body into a form; leaves every other request as it is.
pub(crate) async fn as_form(request: Request, next: Next) -> Response {
    if !is_json(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let Ok(body) = Bytes::from_request(whole, &()).await else {
        return refuse("the body cannot be read or is too large");
    };
    let Ok(Texts(pairs)) = serde_json::from_slice(&body) else {
        return refuse("send a form, or a JSON object of texts");
    };
    let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    next.run(Request::from_parts(parts, form.into())).await
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn refuse(sentence: &'static str) -> Response {
    error::json(StatusCode::BAD_REQUEST, TokenError::InvalidRequest(sentence))
}

/// The members of a flat object of texts, each as often as it was sent, so that one sent twice is refused like a
/// parameter sent twice.
struct Texts(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flat object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Texts(pairs))
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::post;
    use tower::ServiceExt as _;

    use super::*;

    async fn sent(kind: &str, body: &'static str) -> (StatusCode, String) {
        let echo = async |headers: HeaderMap, body: String| format!("{:?} {body}", headers[CONTENT_TYPE]);
        let router = Router::new().route("/token", post(echo).layer(from_fn(as_form)));
        let request = Request::post("/token").header(CONTENT_TYPE, kind).body(Body::from(body)).expect("a request");
        let Ok(answer) = router.oneshot(request).await;
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.expect("whole");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn an_object_of_texts_is_the_form_it_stands_for() {
        let form = "\"application/x-www-form-urlencoded\"";
        for kind in ["application/json", "Application/JSON; charset=utf-8"] {
            let (status, body) = sent(kind, r#"{"code":"a&b=é","client_id":"v","code":"2"}"#).await;
            assert_eq!((status, body), (StatusCode::OK, format!("{form} code=a%26b%3D%C3%A9&client_id=v&code=2")));
        }
        for bad in ["", "{", "[]", r#"{"code":1}"#, r#"{"code":{"a":"b"}}"#, r#"{"code":null}"#, r#"{"a":"b"}x"#] {
            let (status, body) = sent("application/json", bad).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{bad}");
            assert!(body.contains("invalid_request"), "{bad}: {body}");
        }
    }

    #[tokio::test]
    async fn a_form_passes_untouched() {
        let (_, body) = sent("application/x-www-form-urlencoded", "code={\"a\":1}").await;
        assert_eq!(body, "\"application/x-www-form-urlencoded\" code={\"a\":1}");
        let (_, body) = sent("text/plain", "{}").await;
        assert_eq!(body, "\"text/plain\" {}");
    }
}
