//! The `prompt` of an authorization request (OIDC Core §3.1.2.1).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What the relying party wants of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prompt {
    /// Nothing particular.
    Any,
    /// No page may be shown.
    None,
    /// The citizen signs in anew.
    Login,
    /// The citizen is informed, or consents, anew.
    Consent,
    /// The citizen signs in anew and is informed anew.
    LoginAndConsent,
}

impl Prompt {
    /// Reads the parameter; the sentence for the relying party when it is none.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let words: BTreeSet<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        if words.contains("none") {
            return if words.len() == 1 { Ok(Self::None) } else { Err("prompt none stands alone") };
        }
        if words.iter().any(|word| !["login", "consent", "select_account"].contains(word)) {
            return Err("prompt may hold none, or login, consent, select_account");
        }
        let login = words.contains("login") || words.contains("select_account");
        Ok(match (login, words.contains("consent")) {
            (true, true) => Self::LoginAndConsent,
            (true, false) => Self::Login,
            (false, true) => Self::Consent,
            (false, false) => Self::Any,
        })
    }

    /// Whether the citizen is shown what is sent, whatever they were shown before.
    pub(super) const fn wants_consent(self) -> bool {
        match self {
            Self::Consent | Self::LoginAndConsent => true,
            Self::Any | Self::None | Self::Login => false,
        }
    }

    /// Whether an earlier sign-in must not be reused.
    pub const fn wants_login(self) -> bool {
        match self {
            Self::Login | Self::LoginAndConsent => true,
            Self::Any | Self::None | Self::Consent => false,
        }
    }
}
