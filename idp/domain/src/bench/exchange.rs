//! The exact request and answer, as the report shows them: secrets and tokens masked, but for what a token says.

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::secret::from_base64url;

/// The longest text that is kept of a request or an answer, in bytes.
pub const LONGEST: usize = 4096;

/// Parameters that are worth something to whoever reads them.
const SECRET: [&str; 10] = [
    "code",
    "client_secret",
    "client_assertion",
    "code_verifier",
    "access_token",
    "refresh_token",
    "id_token",
    "id_token_hint",
    "logout_token",
    "password",
];

/// Who sent the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// A browser.
    Browser,
    /// The site, from its server.
    Site,
    /// The gateway.
    Gateway,
}

/// One request and its answer, fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Who sent the request.
    pub sender: Sender,
    /// The request.
    pub request: String,
    /// The answer.
    pub answer: String,
}

impl Exchange {
    /// Keeps both, cut to [`LONGEST`].
    pub fn new(sender: Sender, request: &str, answer: &str) -> Self {
        Self { sender, request: cut(request, LONGEST), answer: cut(answer, LONGEST) }
    }
}

/// The beginning of a text, of so many bytes at most.
pub fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}…", &text[..end])
}

/// A value that must not be read: its beginning and its length. Of a signed token, all but the signature.
pub fn masked(value: &str) -> String {
    if let Some(told) = told(value) {
        return told;
    }
    let shown: String = value.chars().take(4).filter(char::is_ascii_graphic).collect();
    let shown = if value.chars().count() < 16 { "" } else { shown.as_str() };
    format!("{shown}…[{}]", value.chars().count())
}

/// What a token in compact form says: header and claims, never the signature.
fn told(token: &str) -> Option<String> {
    let mut parts = token.split('.');
    let (header, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let json = |part: &str| {
        let value: serde_json::Value = serde_json::from_slice(&from_base64url(part)?).ok()?;
        value.is_object().then(|| value.to_string())
    };
    parts.next().is_none().then_some(())?;
    Some(format!("{}.{}.…", json(header)?, json(payload)?))
}

/// Parameters in the order sent, one a line, what is secret masked.
pub fn parameters(encoded: &str) -> String {
    let lines = form_urlencoded::parse(encoded.as_bytes()).take(100).map(|(name, value)| {
        let value = if SECRET.contains(&name.as_ref()) { masked(&value) } else { value.into_owned() };
        format!("  {name} = {value}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An address with its query as [`parameters`].
pub fn address(url: &str) -> String {
    match url.split_once('?') {
        Some((place, query)) => format!("{place}\n{}", parameters(query)),
        None => url.to_owned(),
    }
}

/// A JSON answer, one member a line, what is secret masked.
pub fn document(value: &serde_json::Value) -> String {
    let Some(members) = value.as_object() else { return String::new() };
    let lines = members.iter().map(|(name, member)| match member.as_str() {
        Some(text) if SECRET.contains(&name.as_str()) => format!("  {name} = {}", masked(text)),
        Some(text) => format!("  {name} = {text}"),
        None => format!("  {name} = {member}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::base64url;

    #[test]
    fn secrets_are_not_shown_and_tokens_only_without_their_signature() {
        let token = format!("{}.{}.c2lnbmF0dXJl", base64url(br#"{"alg":"ES256"}"#), base64url(br#"{"sub":"a"}"#));
        let shown = parameters(&format!(
            "code=0123456789abcdefXYZ&state=s-1&client_secret=abcdefghijklmnopqrst&id_token_hint={token}"
        ));
        assert!(shown.contains("code = 0123…[19]") && shown.contains("state = s-1"), "{shown}");
        assert!(shown.contains(r#"{"alg":"ES256"}.{"sub":"a"}.…"#), "{shown}");
        for hidden in ["56789abcdef", "efghijkl", "c2lnbmF0dXJl"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        let answer = document(&serde_json::json!({"access_token": "0123456789abcdefXYZ", "expires_in": 60}));
        assert!(answer.contains("access_token = 0123…[19]") && answer.contains("expires_in = 60"), "{answer}");
        assert_eq!(masked("short"), "…[5]", "of a short one even the beginning says much");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("éé", 3), "é…");
        assert_eq!(cut("éé", 4), "éé");
        assert_eq!(Exchange::new(Sender::Site, &"x".repeat(5000), "").request.len(), LONGEST + "…".len());
    }
}
