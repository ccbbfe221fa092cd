//! What the gateway says when it refuses, made harmless before it is kept.

use std::fmt;

/// What the gateway said when it refused, made harmless: printable ASCII, at most 200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    error: String,
    description: String,
}

impl Refusal {
    pub(crate) fn new(error: &str, description: Option<&str>) -> Self {
        Self { error: harmless(error), description: harmless(description.unwrap_or_default()) }
    }

    /// The `error` code, as `access_denied`.
    pub fn error(&self) -> &str {
        &self.error
    }

    /// The `error_description`; empty when there was none.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whether the citizen cancelled, or was refused, at the gateway.
    pub fn is_access_denied(&self) -> bool {
        self.error == "access_denied"
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)?;
        if self.description.is_empty() { Ok(()) } else { write!(f, " ({})", self.description) }
    }
}

/// Keeps what RFC 6749 §5.2 allows in `error_description`, so that neither a page nor a log nor a terminal can
/// be attacked by it (CWE-79, CWE-117).
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' ' | '!' | '#'..='[' | ']'..='~') { c } else { '?' }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_description_cannot_reach_a_page_or_a_terminal() {
        let refusal = Refusal::new("access_denied", Some("<b>\"hi\"\\\u{1b}[31m\r\nSet-Cookie: é"));
        assert_eq!(refusal.description(), "<b>?hi???[31m??Set-Cookie: ?");
        assert_eq!(Refusal::new(&"x".repeat(10_000), None).error().len(), 200);
    }
}
