//! Towards the gateway: what is asked, the address the browser is sent to, and what is remembered meanwhile.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::button::Language;
use crate::endpoint::Parameters;
use crate::error::Error;
use crate::identity::Level;
use crate::local_path::LocalPath;
use crate::random;
use crate::scope::Scope;

/// What to ask of the gateway at a login. `openid` is always asked.
#[derive(Debug, Clone)]
pub struct Login {
    pub(crate) level: Level,
    scopes: Vec<Scope>,
    prompt: Option<Prompt>,
    pub(crate) max_age: Option<i64>,
    language: Option<Language>,
    hint: Option<String>,
    methods: Methods,
    resources: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Methods {
    NotAsked,
    Asked,
}

impl Login {
    /// A login that reaches this level or a higher one; a lower one is refused at the callback.
    pub fn at_least(level: Level) -> Self {
        Self {
            level,
            scopes: Vec::new(),
            prompt: None,
            max_age: None,
            language: None,
            hint: None,
            methods: Methods::NotAsked,
            resources: Vec::new(),
        }
    }

    /// Asks these scopes; the gateway releases those that this site is habilitated for.
    #[must_use]
    pub fn with_scopes(mut self, scopes: impl IntoIterator<Item = Scope>) -> Self {
        self.scopes.extend(scopes);
        self
    }

    /// Asks for a page to be shown, or for none. A wish only: to be sure of a fresh sign-in, ask
    /// [`Login::with_max_age`] too, which is verified.
    #[must_use]
    pub fn with_prompt(mut self, prompt: Prompt) -> Self {
        self.prompt = Some(prompt);
        self
    }

    /// Asks that the citizen signed in no longer ago than this, in whole seconds; verified at the callback.
    #[must_use]
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
        self
    }

    /// Asks for an access token to a data provider too, by its resource identifier (RFC 8707 §2); one call for each. The
    /// token is kept with [`with_tokens_kept`](crate::Registration::with_tokens_kept). With [`Scope::OFFLINE_ACCESS`] and
    /// [`Prompt::Consent`] it can be renewed.
    ///
    /// # Errors
    /// [`Error::Setting`] when it is no absolute URI, or has a fragment.
    pub fn with_resource(mut self, identifier: &str) -> Result<Self, Error> {
        if !Url::parse(identifier).is_ok_and(|url| url.fragment().is_none()) {
            let wanted = "a resource identifier is an absolute URI without a fragment";
            return Err(Error::Setting { name: "resource", seen: identifier.to_owned(), wanted });
        }
        // as it was registered, not as it would be written anew
        self.resources.push(identifier.to_owned());
        Ok(self)
    }

    /// Asks for pages in this language.
    #[must_use]
    pub fn with_language(mut self, language: Language) -> Self {
        self.language = Some(language);
        self
    }

    /// Tells the gateway who is expected, as an e-mail address; it may use it to fill a form in.
    #[must_use]
    pub fn with_login_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Asks how the citizen signed in, for [`crate::Identity::methods`].
    #[must_use]
    pub fn with_methods(mut self) -> Self {
        self.methods = Methods::Asked;
        self
    }
}

/// Which pages the gateway shows (OpenID Connect Core 1.0 §3.1.2.1 `prompt`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// No page at all: a citizen who is not signed in comes back with `login_required`.
    None,
    /// The citizen signs in again.
    Login,
    /// The citizen agrees again.
    Consent,
    /// The citizen signs in and agrees again.
    LoginAndConsent,
    /// The citizen chooses among accounts.
    SelectAccount,
}

impl Prompt {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::LoginAndConsent => "login consent",
            Self::SelectAccount => "select_account",
        }
    }
}

/// A login about to leave: send the browser to [`Departure::url`], keep [`Departure::pending`] until it is back.
#[derive(Debug)]
pub struct Departure {
    /// Where to send the browser, by a redirect with status 303.
    pub url: Url,
    /// What [`crate::Client::callback`] needs, to be kept where only this browser can bring it back: sealed in a
    /// cookie (`CookieKey`) or in a session of this site.
    pub pending: PendingLogin,
}

/// A login under way. It is spent by the callback: two answers cannot be taken for one login.
pub struct PendingLogin(pub(crate) Pending);

/// Kept apart so that nobody outside can make a [`PendingLogin`] but by a login.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) acr: String,
    pub(crate) max_age: Option<i64>,
    pub(crate) began: i64,
    pub(crate) return_to: LocalPath,
}

impl PendingLogin {
    /// Remembers the page to show when the citizen is back.
    #[must_use]
    pub fn returning_to(mut self, page: LocalPath) -> Self {
        self.0.return_to = page;
        self
    }

    /// The page to show when the citizen is back; the front page unless said otherwise.
    pub fn return_to(&self) -> &LocalPath {
        &self.0.return_to
    }
}

/// Shows nothing: the verifier and the nonce are secrets.
impl fmt::Debug for PendingLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingLogin(…)")
    }
}

/// The gateway's side of a departure.
pub(crate) struct Towards<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a Url,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

impl Login {
    /// The parameters of the request (OpenID Connect Core 1.0 §3.1.2.1), and what to remember of it.
    pub(crate) fn request(&self, towards: &Towards<'_>) -> (Parameters, Pending) {
        let pending = Pending {
            issuer: towards.issuer.to_owned(),
            client_id: towards.client_id.to_owned(),
            state: random::token(),
            nonce: random::token(),
            verifier: random::token(),
            acr: self.level.acr().to_owned(),
            max_age: self.max_age,
            began: towards.now,
            return_to: LocalPath::root(),
        };
        let mut scope = String::from("openid");
        for other in self.scopes.iter().filter(|scope| scope.as_str() != "openid") {
            scope.push(' ');
            scope.push_str(other.as_str());
        }
        let mut parameters = vec![
            ("response_type", "code".to_owned()),
            ("client_id", towards.client_id.to_owned()),
            ("redirect_uri", towards.redirect_uri.to_string()),
            ("scope", scope),
            ("acr_values", self.level.acr().to_owned()),
            ("state", pending.state.clone()),
            ("nonce", pending.nonce.clone()),
            ("code_challenge", challenge(&pending.verifier)),
            ("code_challenge_method", "S256".to_owned()),
        ];
        parameters.extend(self.prompt.map(|prompt| ("prompt", prompt.name().to_owned())));
        parameters.extend(self.max_age.map(|seconds| ("max_age", seconds.to_string())));
        parameters.extend(self.language.map(|language| ("ui_locales", language.tag().to_owned())));
        parameters.extend(self.hint.as_ref().map(|hint| ("login_hint", hint.clone())));
        parameters.extend(self.resources.iter().map(|resource| ("resource", resource.clone())));
        match self.methods {
            Methods::NotAsked => {}
            Methods::Asked => parameters.push(("claims", r#"{"id_token":{"amr":null}}"#.to_owned())),
        }
        (parameters, pending)
    }
}

/// RFC 7636 §4.2, method S256.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn asked(login: &Login) -> (HashMap<&'static str, String>, Pending) {
        let (parameters, pending) = login.request(&Towards {
            issuer: "https://gateway.example",
            client_id: "commune",
            redirect_uri: &Url::parse("https://commune.example/callback").expect("a URL"),
            now: 0,
        });
        (parameters.into_iter().collect(), pending)
    }

    #[test]
    fn a_request_carries_all_that_was_asked_and_nothing_secret() {
        let login = Login::at_least(Level::Substantial)
            .with_scopes([Scope::PROFILE, Scope::EMAIL])
            .with_prompt(Prompt::LoginAndConsent)
            .with_max_age(Duration::from_mins(1))
            .with_language(Language::English)
            .with_login_hint("angela@exemple.fr")
            .with_methods();
        let (query, pending) = asked(&login);
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "commune"),
            ("redirect_uri", "https://commune.example/callback"),
            ("scope", "openid profile email"),
            ("acr_values", "eidas2"),
            ("state", &pending.state),
            ("nonce", &pending.nonce),
            ("code_challenge_method", "S256"),
            ("prompt", "login consent"),
            ("max_age", "60"),
            ("ui_locales", "en"),
            ("login_hint", "angela@exemple.fr"),
            ("claims", r#"{"id_token":{"amr":null}}"#),
        ] {
            assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(!query.values().any(|value| value.contains(&pending.verifier)));
        let (plain, _) = asked(&Login::at_least(Level::Low));
        for name in ["prompt", "max_age", "ui_locales", "login_hint", "claims"] {
            assert!(!plain.contains_key(name), "{name}");
        }
    }

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn each_data_provider_is_named_and_only_by_a_whole_address() {
        let login = Login::at_least(Level::Low);
        let two = login.clone().with_resource("https://a.example").and_then(|it| it.with_resource("urn:x:b"));
        let (query, _) = two.expect("two URIs").request(&Towards {
            issuer: "https://gateway.example",
            client_id: "commune",
            redirect_uri: &Url::parse("https://commune.example/callback").expect("a URL"),
            now: 0,
        });
        let named: Vec<_> = query.iter().filter(|(name, _)| *name == "resource").map(|(_, value)| value).collect();
        assert_eq!(named, ["https://a.example", "urn:x:b"]);
        for wrong in ["/api", "a.example", "https://a.example/#part", ""] {
            assert!(login.clone().with_resource(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn two_logins_share_no_secret() {
        let (_, one) = asked(&Login::at_least(Level::Low));
        let (_, other) = asked(&Login::at_least(Level::Low));
        assert!(one.state != other.state && one.nonce != other.nonce && one.verifier != other.verifier);
        assert!(one.state != one.nonce && one.nonce != one.verifier);
        assert!(one.state.len() >= 43, "256 bits");
    }
}
