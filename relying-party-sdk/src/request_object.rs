//! Authorization requests signed by this site (RFC 9101, FAPI 2.0 Message Signing §5.3.2): neither the browser nor
//! anything on its way can alter them.

use serde_json::{Map, Value, json};

use crate::client_key::ClientKey;
use crate::endpoint::Parameters;
use crate::issuer::Issuer;
use crate::random;

/// Seconds a signed request may be used: it is pushed or carried at once, and the profile allows an hour.
const LIFETIME: i64 = 300;

/// The request as a signed object; `now` in seconds since 1970.
pub(crate) fn sign(key: &ClientKey, issuer: &Issuer, client_id: &str, asked: &Parameters, now: i64) -> String {
    let mut claims = Map::new();
    for (name, value) in asked {
        match claims.get_mut(*name) {
            // a parameter that may come several times, as `resource`, is an array in a JSON object (RFC 8707 §2)
            Some(Value::Array(all)) => all.push(typed(name, value)),
            Some(first) => *first = json!([first.take(), typed(name, value)]),
            None => {
                claims.insert((*name).to_owned(), typed(name, value));
            }
        }
    }
    for (name, value) in [
        ("iss", json!(client_id)),
        ("aud", json!(issuer.as_str())),
        ("jti", json!(random::token())),
        ("iat", json!(now)),
        ("nbf", json!(now)),
        ("exp", json!(now.saturating_add(LIFETIME))),
    ] {
        claims.insert(name.to_owned(), value);
    }
    key.sign("oauth-authz-req+jwt", &Value::Object(claims))
}

/// A parameter as JSON: texts but for those that are numbers or objects (RFC 9101 §4, OpenID Connect Core 1.0 §6.1).
fn typed(name: &str, value: &str) -> Value {
    match name {
        "max_age" | "claims" => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
        _ => json!(value),
    }
}
