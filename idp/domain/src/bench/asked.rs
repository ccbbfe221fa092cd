//! What the site asked: its authorization request, and what is wrong with it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::check::Check;
use crate::level::Level;
use crate::oidc::parameters::Parameters;
use crate::oidc::pkce::Challenge;

/// The characters that 128 bits take in base64url: what `state` and `nonce` have at least.
pub const SHORTEST: usize = 22;

/// What is wrong with an authorization request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// It is no form-encoded UTF-8, or too long.
    Unreadable,
    /// A parameter was sent more than once.
    Repeated,
    /// `response_type` is not `code`.
    ResponseType,
    /// `client_id` is not the one of the bench.
    Client,
    /// `redirect_uri` is missing or not registered, letter by letter.
    Redirect,
    /// `scope` has no `openid`.
    Scope,
    /// A request object was sent, which this issuer does not announce.
    RequestObject,
    /// There is no `state`.
    StateMissing,
    /// `state` has fewer than 22 characters.
    StateShort,
    /// `state` is the one of an earlier sign-in.
    StateReused,
    /// There is no `nonce`.
    NonceMissing,
    /// `nonce` has fewer than 22 characters.
    NonceShort,
    /// `nonce` is the one of an earlier sign-in, or the `state`.
    NonceReused,
    /// There is no `code_challenge`.
    ChallengeMissing,
    /// `code_challenge_method` is not `S256`.
    ChallengeMethod,
    /// `code_challenge` is not the base64url of 32 bytes.
    ChallengeForm,
    /// `code_challenge` is the one of an earlier sign-in.
    ChallengeReused,
    /// There is no `acr_values`.
    LevelMissing,
    /// `acr_values` names no level.
    LevelUnknown,
}

impl Flaw {
    /// The line that it turns red.
    pub const fn check(self) -> Check {
        match self {
            Self::Unreadable
            | Self::Repeated
            | Self::ResponseType
            | Self::Client
            | Self::Redirect
            | Self::Scope
            | Self::RequestObject => Check::Request,
            Self::StateMissing | Self::StateShort | Self::StateReused => Check::State,
            Self::NonceMissing | Self::NonceShort | Self::NonceReused => Check::Nonce,
            Self::ChallengeMissing | Self::ChallengeMethod | Self::ChallengeForm | Self::ChallengeReused => Check::Pkce,
            Self::LevelMissing | Self::LevelUnknown => Check::Level,
        }
    }
}

/// Who may ask, and where the answer may go.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The client id of the run.
    pub client_id: &'a str,
    /// Its redirect URIs.
    pub redirect_uris: &'a [String],
}

/// An authorization request, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Where the answer goes: registered, or nowhere.
    pub redirect_uri: Option<String>,
    /// Its `state`.
    pub state: Option<String>,
    /// Its `nonce`.
    pub nonce: Option<String>,
    /// Its PKCE challenge.
    pub challenge: Option<Challenge>,
    /// The lowest level that it asks for.
    pub level: Option<Level>,
    /// What is wrong with it.
    pub flaws: BTreeSet<Flaw>,
}

/// Every parameter that a request may have once.
const ONCE: [&str; 12] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "acr_values",
    "prompt",
    "max_age",
    "claims",
];

impl Asked {
    /// Reads the query of a request, beside those of earlier sign-ins.
    pub fn read(query: &str, expected: Expected<'_>, earlier: &[&Self]) -> Self {
        let Ok(parameters) = Parameters::parse(query.as_bytes()) else {
            return Self { flaws: BTreeSet::from([Flaw::Unreadable]), ..Self::default() };
        };
        let mut asked = Self::default();
        // The first of several, so that all else that is wrong is told at once.
        let one = |name: &'static str| parameters.all(name).next();
        if ONCE.into_iter().any(|name| parameters.one(name).is_err()) {
            asked.flaws.insert(Flaw::Repeated);
        }
        let scopes = one("scope").unwrap_or_default();
        let wrong = [
            (one("response_type") != Some("code"), Flaw::ResponseType),
            (one("client_id") != Some(expected.client_id), Flaw::Client),
            (!scopes.split(' ').any(|scope| scope == "openid"), Flaw::Scope),
            (parameters.has("request") || parameters.has("request_uri"), Flaw::RequestObject),
        ];
        asked.flaws.extend(wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, flaw)| flaw));
        asked.redirect_uri =
            one("redirect_uri").filter(|uri| expected.redirect_uris.iter().any(|own| own == uri)).map(str::to_owned);
        if asked.redirect_uri.is_none() {
            asked.flaws.insert(Flaw::Redirect);
        }
        asked.secrets(one("state"), one("nonce"), earlier);
        asked.read_challenge(one("code_challenge"), one("code_challenge_method"), earlier);
        asked.read_level(one("acr_values"));
        asked
    }

    fn secrets(&mut self, state: Option<&str>, nonce: Option<&str>, earlier: &[&Self]) {
        let before = |value: &str, of: fn(&Self) -> Option<&String>| {
            earlier.iter().any(|asked| of(asked).is_some_and(|seen| seen == value))
        };
        match state {
            None => _ = self.flaws.insert(Flaw::StateMissing),
            Some(state) if state.len() < SHORTEST => _ = self.flaws.insert(Flaw::StateShort),
            Some(state) if before(state, |asked| asked.state.as_ref()) => _ = self.flaws.insert(Flaw::StateReused),
            Some(_) => {}
        }
        match nonce {
            None => _ = self.flaws.insert(Flaw::NonceMissing),
            Some(nonce) if nonce.len() < SHORTEST => _ = self.flaws.insert(Flaw::NonceShort),
            Some(nonce) if Some(nonce) == state || before(nonce, |asked| asked.nonce.as_ref()) => {
                _ = self.flaws.insert(Flaw::NonceReused);
            }
            Some(_) => {}
        }
        (self.state, self.nonce) = (state.map(str::to_owned), nonce.map(str::to_owned));
    }

    fn read_challenge(&mut self, challenge: Option<&str>, method: Option<&str>, earlier: &[&Self]) {
        self.challenge = challenge.and_then(Challenge::parse);
        let flaw = match (challenge, method, &self.challenge) {
            (None, _, _) => Some(Flaw::ChallengeMissing),
            (Some(_), Some("S256"), None) => Some(Flaw::ChallengeForm),
            (Some(_), Some("S256"), Some(own)) => {
                let again = earlier.iter().any(|asked| asked.challenge.as_ref() == Some(own));
                again.then_some(Flaw::ChallengeReused)
            }
            (Some(_), Some(_) | None, _) => Some(Flaw::ChallengeMethod),
        };
        self.flaws.extend(flaw);
    }

    fn read_level(&mut self, values: Option<&str>) {
        let flaw = match values {
            None => Some(Flaw::LevelMissing),
            Some(values) => {
                self.level = values.split(' ').filter_map(Level::from_acr).min();
                self.level.is_none().then_some(Flaw::LevelUnknown)
            }
        };
        self.flaws.extend(flaw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "response_type=code&client_id=c&redirect_uri=https%3A%2F%2Fv.example%2Fcb&scope=openid+profile\
        &state=0123456789abcdefghijkl&nonce=lkjihgfedcba9876543210&code_challenge_method=S256\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&acr_values=eidas2+eidas1";

    fn read(query: &str, earlier: &[&Asked]) -> Asked {
        let uris = ["https://v.example/cb".to_owned()];
        Asked::read(query, Expected { client_id: "c", redirect_uris: &uris }, earlier)
    }

    #[test]
    fn a_good_request_has_no_flaw_and_is_read_whole() {
        let asked = read(GOOD, &[]);
        assert_eq!(asked.flaws, BTreeSet::new());
        assert_eq!(asked.level, Some(Level::Low), "the lowest that would do");
        assert_eq!(asked.redirect_uri.as_deref(), Some("https://v.example/cb"));
        assert!(asked.challenge.is_some());
    }

    #[test]
    fn every_flaw_is_told_alone() {
        let earlier = read(GOOD, &[]);
        let fresh = GOOD.replace("0123456789a", "z123456789a").replace("lkjihg", "zkjihg").replace("E9Mel", "E9Mex");
        let cases = [
            ("response_type=code", "response_type=token", Flaw::ResponseType),
            ("client_id=c", "client_id=d", Flaw::Client),
            ("example%2Fcb", "example%2Fcb%2F", Flaw::Redirect),
            ("scope=openid+profile", "scope=profile", Flaw::Scope),
            ("acr_values=eidas2+eidas1", "acr_values=loa9", Flaw::LevelUnknown),
            ("&acr_values=eidas2+eidas1", "", Flaw::LevelMissing),
            ("state=z123456789abcdefghijkl", "state=z123456789abcdefghijk", Flaw::StateShort),
            ("state=z123456789abcdefghijkl&", "", Flaw::StateMissing),
            ("state=z1", "state=01", Flaw::StateReused),
            ("nonce=zkjihgfedcba9876543210", "nonce=short", Flaw::NonceShort),
            ("nonce=zkjihgfedcba9876543210&", "", Flaw::NonceMissing),
            ("nonce=zk", "nonce=lk", Flaw::NonceReused),
            ("nonce=zkjihgfedcba9876543210", "nonce=z123456789abcdefghijkl", Flaw::NonceReused),
            ("code_challenge_method=S256", "code_challenge_method=plain", Flaw::ChallengeMethod),
            ("code_challenge_method=S256", "x=y", Flaw::ChallengeMethod),
            ("code_challenge=E9Mex", "code_challenge=E9Me", Flaw::ChallengeForm),
            ("code_challenge=E9Mex", "code_challenge=E9Mel", Flaw::ChallengeReused),
            ("scope=openid+profile", "scope=openid&scope=openid", Flaw::Repeated),
            ("scope=openid+profile", "scope=openid&request=x", Flaw::RequestObject),
        ];
        assert_eq!(read(&fresh, &[&earlier]).flaws, BTreeSet::new());
        for (from, to, flaw) in cases {
            let query = fresh.replace(from, to);
            assert_ne!(query, fresh, "{from}");
            assert_eq!(read(&query, &[&earlier]).flaws, BTreeSet::from([flaw]), "{from} -> {to}");
        }
        let without = fresh.replace("&code_challenge=E9Mexhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "");
        assert_eq!(read(&without, &[]).flaws, BTreeSet::from([Flaw::ChallengeMissing]));
        assert_eq!(read("a=%zz", &[]).flaws, BTreeSet::from([Flaw::Unreadable]));
    }
}
