//! The claims of a verified token, read strictly: a claim of the wrong JSON type is an error and never an absence.

use serde_json::{Map, Value};

use super::SKEW;
use crate::time::Timestamp;

/// What is wrong with a claim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadClaim {
    /// It is not there.
    #[error("claim `{0}` is missing")]
    Missing(&'static str),
    /// It has another JSON type than the standard gives it.
    #[error("claim `{0}` has the wrong JSON type")]
    Type(&'static str),
    /// It has the wrong value.
    #[error("claim `{0}` has the wrong value")]
    Value(&'static str),
    /// The token has ended.
    #[error("the token has expired")]
    Expired,
    /// The token is from the future.
    #[error("the token is not valid yet")]
    Early,
}

/// The claims of a token whose signature was verified.
#[derive(Debug, Clone)]
pub struct Claims(Map<String, Value>);

impl Claims {
    pub(super) fn new(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// A text that must be there.
    pub fn text(&self, name: &'static str) -> Result<&str, BadClaim> {
        self.optional_text(name)?.ok_or(BadClaim::Missing(name))
    }

    /// A text that may be absent.
    pub fn optional_text(&self, name: &'static str) -> Result<Option<&str>, BadClaim> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(BadClaim::Type(name)),
        }
    }

    /// A whole number that must be there (a NumericDate in practice, RFC 7519 §2).
    pub fn integer(&self, name: &'static str) -> Result<i64, BadClaim> {
        self.optional_integer(name)?.ok_or(BadClaim::Missing(name))
    }

    /// A whole number that may be absent.
    pub fn optional_integer(&self, name: &'static str) -> Result<Option<i64>, BadClaim> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or(BadClaim::Type(name)),
        }
    }

    /// A list of texts that may be absent.
    pub fn optional_texts(&self, name: &'static str) -> Result<Option<Vec<String>>, BadClaim> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or(BadClaim::Type(name)))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(BadClaim::Type(name)),
        }
    }

    /// Requires a text to have a value.
    pub fn require(&self, name: &'static str, value: &str) -> Result<(), BadClaim> {
        if self.text(name)? == value { Ok(()) } else { Err(BadClaim::Value(name)) }
    }

    /// Requires the audience to be `own` alone, as a text or a list of one; extra audiences are refused
    /// (OIDC Core §3.1.3.7: values that are not trusted).
    pub fn require_audience(&self, own: &str) -> Result<(), BadClaim> {
        let alone = match self.0.get("aud") {
            None => return Err(BadClaim::Missing("aud")),
            Some(Value::String(text)) => text == own,
            Some(Value::Array(items)) => match items.as_slice() {
                [Value::String(text)] => text == own,
                _ => false,
            },
            Some(_) => return Err(BadClaim::Type("aud")),
        };
        if alone { Ok(()) } else { Err(BadClaim::Value("aud")) }
    }

    /// Requires the audience to be `own`, alone or in a list with others.
    pub fn require_among_audience(&self, own: &str) -> Result<(), BadClaim> {
        let among = match self.0.get("aud") {
            None => return Err(BadClaim::Missing("aud")),
            Some(Value::String(text)) => text == own,
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => items.iter().any(|item| item == own),
            Some(_) => return Err(BadClaim::Type("aud")),
        };
        if among { Ok(()) } else { Err(BadClaim::Value("aud")) }
    }

    /// Requires the audience to be a text, not a list, equal to `own` (FAPI 2.0 §5.3.2.1-8).
    pub fn require_audience_text(&self, own: &str) -> Result<(), BadClaim> {
        self.require("aud", own)
    }

    /// Requires `exp` in the future, `iat` (when there) and `nbf` (when there) not ahead, within [`SKEW`].
    pub fn require_fresh(&self, now: Timestamp) -> Result<(), BadClaim> {
        if self.integer("exp")? <= now.epoch().saturating_sub(SKEW) {
            return Err(BadClaim::Expired);
        }
        for name in ["iat", "nbf"] {
            if self.optional_integer(name)?.is_some_and(|at| at > now.epoch().saturating_add(SKEW)) {
                return Err(BadClaim::Early);
            }
        }
        Ok(())
    }

    /// The claims as JSON.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// The claims as JSON, kept.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(value: Value) -> Claims {
        match value {
            Value::Object(map) => Claims(map),
            _ => panic!("an object"),
        }
    }

    #[test]
    fn a_wrong_type_is_never_an_absence() {
        let bad = claims(json!({"exp": "never", "nbf": "1", "iss": 3, "aud": 4, "iat": 1.5, "amr": "pwd"}));
        assert_eq!(bad.integer("exp"), Err(BadClaim::Type("exp")));
        assert_eq!(bad.optional_integer("nbf"), Err(BadClaim::Type("nbf")));
        assert_eq!(bad.optional_integer("iat"), Err(BadClaim::Type("iat")));
        assert_eq!(bad.optional_text("iss"), Err(BadClaim::Type("iss")));
        assert_eq!(bad.require_audience("4"), Err(BadClaim::Type("aud")));
        assert_eq!(bad.optional_texts("amr"), Err(BadClaim::Type("amr")));
        assert_eq!(bad.require_fresh(Timestamp::from_epoch(0)), Err(BadClaim::Type("exp")));
    }

    #[test]
    fn extra_audiences_are_refused() {
        assert_eq!(claims(json!({"aud": "me"})).require_audience("me"), Ok(()));
        assert_eq!(claims(json!({"aud": ["me"]})).require_audience("me"), Ok(()));
        for bad in [json!("you"), json!(["me", "you"]), json!([]), json!([["me"]])] {
            assert!(claims(json!({"aud": bad})).require_audience("me").is_err());
        }
        assert!(claims(json!({"aud": ["me"]})).require_audience_text("me").is_err());
    }

    #[test]
    fn ten_seconds_of_skew_are_accepted_and_sixty_are_not() {
        let now = Timestamp::from_epoch(1000);
        let with = |exp: i64, iat: i64| claims(json!({"exp": exp, "iat": iat})).require_fresh(now);
        assert_eq!(with(1300, 1008), Ok(()));
        assert_eq!(with(1300, 1061), Err(BadClaim::Early));
        assert_eq!(with(992, 900), Ok(()));
        assert_eq!(with(939, 900), Err(BadClaim::Expired));
        assert_eq!(claims(json!({})).require_fresh(now), Err(BadClaim::Missing("exp")));
    }
}
