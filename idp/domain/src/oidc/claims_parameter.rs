//! The `claims` of an authorization request (OIDC Core §5.5): single claims, by where they are wanted, and what it demands
//! of the sign-in.

use serde_json::Value;

use crate::claims::claim::Claim;
use crate::claims::release::{AmrAsked, Asked};

/// What the `claims` parameter asks beside claims.
#[derive(Default)]
pub(super) struct ClaimsParameter {
    /// The levels of which one is essential (§5.5.1.1).
    pub(super) essential_acr: Option<Vec<String>>,
    /// The subject that is expected.
    pub(super) subject: Option<String>,
}

const MALFORMED: &str = "claims must be a JSON object of userinfo and id_token objects (OIDC Core 5.5)";

impl ClaimsParameter {
    /// Reads the parameter, and adds the claims to what is asked; the sentence for the relying party when it is none. What
    /// is unknown is passed over.
    pub(super) fn parse(text: &str, asked: &mut Asked) -> Result<Self, &'static str> {
        let mut found = Self::default();
        let Ok(Value::Object(parts)) = serde_json::from_str(text) else { return Err(MALFORMED) };
        for (part, members) in &parts {
            if part != "userinfo" && part != "id_token" {
                continue;
            }
            let Value::Object(members) = members else { return Err(MALFORMED) };
            for (name, wish) in members {
                if !(wish.is_null() || wish.is_object()) {
                    return Err(MALFORMED);
                }
                let known = Claim::parse(name);
                match (part.as_str(), name.as_str(), known) {
                    ("id_token", "acr", _) if wish.get("essential") == Some(&Value::Bool(true)) => {
                        found.essential_acr = Some(texts_of(wish));
                    }
                    ("id_token", "amr", _) => asked.amr = AmrAsked::Yes,
                    (_, "sub", _) => found.subject = subject_of(wish).map(str::to_owned),
                    ("userinfo", _, Some(claim)) => {
                        asked.userinfo.insert(claim);
                    }
                    (_, _, Some(claim)) => {
                        asked.id_token.insert(claim);
                    }
                    (_, _, None) => {}
                }
            }
        }
        found.essential_acr = found.essential_acr.filter(|values| !values.is_empty());
        Ok(found)
    }
}

/// A subject that is asked for. One that is too long to be a subject (OIDC Core §2: 255 characters) is not kept.
fn subject_of(wish: &Value) -> Option<&str> {
    wish.get("value").and_then(Value::as_str).filter(|subject| subject.len() <= 255)
}

fn texts_of(wish: &Value) -> Vec<String> {
    let one = wish.get("value").and_then(Value::as_str).map(str::to_owned);
    let many = wish.get("values").and_then(Value::as_array).into_iter().flatten();
    one.into_iter().chain(many.filter_map(|value| value.as_str().map(str::to_owned))).collect()
}
