//! Claims as they came, read strictly: a claim of the wrong JSON type is an error, never an absent claim
//! (CVE-2026-25537 was that mistake).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::rejection::Rejection;

/// A text claim is never honestly longer than this many bytes.
const TEXT_LIMIT: usize = 2048;

#[derive(Clone)]
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Rejection> {
        serde_json::from_slice(json)
            .map_err(|_| Rejection::Unreadable { detail: "not one JSON object with each member once" })
    }

    pub(crate) fn from_map(map: Map<String, Value>) -> Self {
        Self(map)
    }

    pub(crate) fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// A text that may be absent. Empty is a text; `null` is not.
    pub(crate) fn text(&self, claim: &'static str) -> Result<Option<&str>, Rejection> {
        match self.0.get(claim) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() > TEXT_LIMIT || text.chars().any(char::is_control) => {
                Err(Rejection::Value { claim, expected: "a short text without control characters" })
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Rejection::Type { claim, expected: "a text" })
            }
        }
    }

    /// A text that must be there and say something.
    pub(crate) fn required_text(&self, claim: &'static str) -> Result<&str, Rejection> {
        match self.text(claim)? {
            None => Err(Rejection::Missing { claim }),
            Some("") => Err(Rejection::Value { claim, expected: "a text that says something" }),
            Some(text) => Ok(text),
        }
    }

    /// A token that must be there: visible ASCII, of any length the answer may have.
    pub(crate) fn required_token(&self, claim: &'static str) -> Result<&str, Rejection> {
        match self.0.get(claim) {
            None => Err(Rejection::Missing { claim }),
            Some(Value::String(text)) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(text)
            }
            Some(_) => Err(Rejection::Type { claim, expected: "a text of visible ASCII" }),
        }
    }

    /// A time in whole seconds since 1970 that may be absent (RFC 7519 §2 `NumericDate`, without fractions).
    pub(crate) fn seconds(&self, claim: &'static str) -> Result<Option<i64>, Rejection> {
        /// 9999-12-31T23:59:59Z
        const LAST: i64 = 253_402_300_799;
        match self.0.get(claim) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(seconds @ 0..=LAST) => Ok(Some(seconds)),
                Some(_) | None => Err(Rejection::Type { claim, expected: "a whole number of seconds since 1970" }),
            },
        }
    }

    pub(crate) fn required_seconds(&self, claim: &'static str) -> Result<i64, Rejection> {
        self.seconds(claim)?.ok_or(Rejection::Missing { claim })
    }

    /// A list of texts that may be absent.
    pub(crate) fn texts(&self, claim: &'static str) -> Result<Option<Vec<&str>>, Rejection> {
        let wrong = Rejection::Type { claim, expected: "a list of texts" };
        match self.0.get(claim) {
            None => Ok(None),
            Some(Value::Array(values)) => {
                values.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(Some).ok_or(wrong)
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => Err(wrong),
        }
    }

    /// `aud`: one text or a list of texts that is not empty (RFC 7519 §4.1.3).
    pub(crate) fn audiences(&self) -> Result<Vec<&str>, Rejection> {
        match self.0.get("aud") {
            None => Err(Rejection::Missing { claim: "aud" }),
            Some(Value::String(one)) => Ok(vec![one]),
            Some(_) => match self.texts("aud") {
                Ok(Some(all)) if !all.is_empty() => Ok(all),
                Ok(_) | Err(_) => Err(Rejection::Type { claim: "aud", expected: "a text or a list of texts" }),
            },
        }
    }
}

/// Reads one object and refuses a member that comes twice (RFC 7519 §4): of two readers one would believe the
/// first and the other the last.
impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Claims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Claims, A::Error> {
                let mut map = Map::new();
                while let Some((name, value)) = members.next_entry::<String, Value>()? {
                    if map.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member comes twice"));
                    }
                }
                Ok(Claims(map))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Claims {
        Claims::parse(json.as_bytes()).expect("a JSON object")
    }

    #[test]
    fn a_claim_of_the_wrong_type_is_an_error_and_never_absent() {
        for json in [
            r#"{"exp":"never"}"#,
            r#"{"exp":1.5}"#,
            r#"{"exp":1e3}"#,
            r#"{"exp":null}"#,
            r#"{"exp":-1}"#,
            r#"{"exp":[1]}"#,
            r#"{"exp":99999999999999}"#,
            r#"{"exp":true}"#,
        ] {
            assert!(matches!(claims(json).seconds("exp"), Err(Rejection::Type { claim: "exp", .. })), "{json}");
        }
        for json in [r#"{"sub":1}"#, r#"{"sub":null}"#, r#"{"sub":["a"]}"#, r#"{"sub":{}}"#, r#"{"sub":false}"#] {
            assert!(matches!(claims(json).text("sub"), Err(Rejection::Type { claim: "sub", .. })), "{json}");
        }
        for json in [r#"{"aud":1}"#, r#"{"aud":null}"#, r#"{"aud":[]}"#, r#"{"aud":["a",1]}"#, r#"{"aud":{"a":1}}"#] {
            assert!(matches!(claims(json).audiences(), Err(Rejection::Type { claim: "aud", .. })), "{json}");
        }
        assert_eq!(claims("{}").seconds("exp"), Ok(None));
        assert_eq!(claims(r#"{"exp":5}"#).seconds("exp"), Ok(Some(5)));
    }

    #[test]
    fn a_member_that_comes_twice_is_refused() {
        assert!(Claims::parse(br#"{"sub":"a","sub":"b"}"#).is_err());
        assert!(Claims::parse(br#"{"sub":"a","su\u0062":"b"}"#).is_err());
        assert!(Claims::parse(br#"{"sub":"a"}{"#).is_err());
        assert!(Claims::parse(br#"["sub"]"#).is_err());
        assert!(Claims::parse(br#"{"sub":1e400}"#).is_err());
    }

    #[test]
    fn a_text_with_control_characters_or_without_end_is_refused() {
        assert!(claims(r#"{"email":"a\r\nBcc: b"}"#).text("email").is_err());
        assert!(claims(&format!(r#"{{"email":"{}"}}"#, "a".repeat(5000))).text("email").is_err());
    }
}
