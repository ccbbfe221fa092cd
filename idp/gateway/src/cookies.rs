//! The cookies of the gateway, each holding one bearer secret and nothing else; but for the language.
//!
//! | cookie | opens | lives |
//! |---|---|---|
//! | `browser` | the sign-ins that this browser has under way, each derived from it | as long as the browser |
//! | the sign-in's id | one sign-in from the citizen's arrival on, under a secret made there and then | as long as the sign-in |
//! | `session` | the session that may be reused; a new secret at every sign-in | as long as the browser |
//! | `desk` | the passkey ceremonies that this browser has under way at the desk, each derived from it | as long as the browser |
//! | `agent` | the session of an agent at the desk; a new secret at every sign-in | as long as the browser |
//! | `space` | the same as `desk`, in the partners' space | as long as the browser |
//! | `partner` | the session of a partner; a new secret at every sign-in | as long as the browser |
//! | `language` | nothing: `fr` or `en`, as chosen at the desk or in the partners' space | a year |
//!
//! Whoever planted a cookie before the citizen signed in knows nothing that opens anything after (CVE-2024-7341 is the
//! class). Over https all have the `__Host-` prefix, so that no sibling domain can plant one (RFC 6265bis §4.1.3), and all are
//! `SameSite=Lax`: the way back from a provider is a cross-site navigation.

use domain::id::SignInId;
use domain::language::Language;
use domain::partners::session::PartnerSession;
use domain::people::session::AgentSession;
use domain::secret::Bearer;
use domain::signin::AnySignIn;
use domain::signin::session::Session;
use domain::time::Lifetime;
use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use crate::config::Issuer;

/// What the `browser` cookie opens: nothing itself; the sign-ins under way are derived from it.
#[derive(Debug)]
pub(crate) enum Browser {}

/// What the `desk` cookie opens: nothing itself; the ceremonies under way are derived from it.
#[derive(Debug)]
pub(crate) enum DeskBrowser {}

/// What the `space` cookie opens: nothing itself; the ceremonies under way are derived from it.
#[derive(Debug)]
pub(crate) enum SpaceBrowser {}

/// How cookies are written for this issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookies {
    /// Over https: `__Host-` and `Secure`.
    Secure,
    /// Over http on loopback.
    Loopback,
}

/// At most so many bytes of cookies are looked at.
const BOUND: usize = 32 * 1024;

/// The language that was chosen in this browser, over either scheme.
pub(crate) fn language(headers: &HeaderMap) -> Option<Language> {
    let names = [Cookies::Secure, Cookies::Loopback].map(Cookies::language_name);
    let (_, chosen) = pairs(headers).find(|(name, _)| names.contains(name))?;
    Language::from_ui_locales(chosen)
}

impl Cookies {
    /// The way of an issuer.
    pub(crate) fn of(issuer: &Issuer) -> Self {
        if issuer.as_str().starts_with("https://") { Self::Secure } else { Self::Loopback }
    }

    /// The browser's secret.
    pub(crate) fn browser(self, headers: &HeaderMap) -> Option<Bearer<Browser>> {
        Self::read(headers, self.browser_name())
    }

    /// The session's secret.
    pub(crate) fn session(self, headers: &HeaderMap) -> Option<Bearer<Session>> {
        Self::read(headers, self.session_name())
    }

    /// The secret of one sign-in whose citizen has arrived.
    pub(crate) fn arrived(self, headers: &HeaderMap, id: &SignInId) -> Option<Bearer<AnySignIn>> {
        Self::read(headers, &self.arrived_name(id))
    }

    /// Hands the secret of a sign-in to the browser, for as long as the sign-in lives.
    pub(crate) fn set_arrived(
        self,
        headers: &mut HeaderMap,
        id: &SignInId,
        secret: &Bearer<AnySignIn>,
        life: Lifetime,
    ) {
        let (name, value, seconds) = (self.arrived_name(id), secret.expose(), life.as_seconds());
        let cookie = format!("{name}={}; {}; Max-Age={seconds}", *value, self.attributes());
        headers.append(SET_COOKIE, HeaderValue::try_from(cookie).expect("plain ASCII"));
    }

    fn arrived_name(self, id: &SignInId) -> String {
        format!("{}{id}", self.arrived_prefix())
    }

    /// Hands a secret to the browser.
    pub(crate) fn set_browser(self, headers: &mut HeaderMap, secret: &Bearer<Browser>) {
        self.set(headers, self.browser_name(), &secret.expose());
    }

    /// Hands a session to the browser.
    pub(crate) fn set_session(self, headers: &mut HeaderMap, secret: &Bearer<Session>) {
        self.set(headers, self.session_name(), &secret.expose());
    }

    /// Takes from the browser its session, the secret of the sign-ins it has under way, and those that arrived: the next
    /// person at this machine begins with nothing.
    pub(crate) fn clear(self, sent: &HeaderMap, headers: &mut HeaderMap) {
        let arrived = self.all_arrived(sent).into_iter().map(|(id, _)| self.arrived_name(&id));
        for name in [self.session_name().to_owned(), self.browser_name().to_owned()].into_iter().chain(arrived) {
            let cookie = format!("{name}=; {}; Max-Age=0", self.attributes());
            headers.append(SET_COOKIE, HeaderValue::try_from(cookie).expect("plain ASCII"));
        }
    }

    /// The sign-ins of this browser whose citizen has arrived.
    pub(crate) fn all_arrived(self, headers: &HeaderMap) -> Vec<(SignInId, Bearer<AnySignIn>)> {
        let prefix = self.arrived_prefix();
        pairs(headers)
            .filter_map(|(name, value)| {
                Some((SignInId::parse(name.strip_prefix(prefix)?).ok()?, Bearer::parse(value)?))
            })
            .collect()
    }

    /// The secret of a browser at the desk.
    pub(crate) fn desk_browser(self, headers: &HeaderMap) -> Option<Bearer<DeskBrowser>> {
        Self::read(headers, self.desk_name())
    }

    /// Hands a secret to a browser at the desk.
    pub(crate) fn set_desk_browser(self, headers: &mut HeaderMap, secret: &Bearer<DeskBrowser>) {
        self.set(headers, self.desk_name(), &secret.expose());
    }

    /// The secret of an agent's session.
    pub(crate) fn agent(self, headers: &HeaderMap) -> Option<Bearer<AgentSession>> {
        Self::read(headers, self.agent_name())
    }

    /// Hands a session to an agent's browser.
    pub(crate) fn set_agent(self, headers: &mut HeaderMap, secret: &Bearer<AgentSession>) {
        self.set(headers, self.agent_name(), &secret.expose());
    }

    /// Takes its session from an agent's browser, and the ceremonies under way.
    pub(crate) fn clear_agent(self, headers: &mut HeaderMap) {
        for name in [self.agent_name(), self.desk_name()] {
            let cookie = format!("{name}=; {}; Max-Age=0", self.attributes());
            headers.append(SET_COOKIE, HeaderValue::try_from(cookie).expect("plain ASCII"));
        }
    }

    /// The secret of a browser in the partners' space.
    pub(crate) fn space_browser(self, headers: &HeaderMap) -> Option<Bearer<SpaceBrowser>> {
        Self::read(headers, self.space_name())
    }

    /// Hands a secret to a browser in the partners' space.
    pub(crate) fn set_space_browser(self, headers: &mut HeaderMap, secret: &Bearer<SpaceBrowser>) {
        self.set(headers, self.space_name(), &secret.expose());
    }

    /// The secret of a partner's session.
    pub(crate) fn partner(self, headers: &HeaderMap) -> Option<Bearer<PartnerSession>> {
        Self::read(headers, self.partner_name())
    }

    /// Hands a session to a partner's browser.
    pub(crate) fn set_partner(self, headers: &mut HeaderMap, secret: &Bearer<PartnerSession>) {
        self.set(headers, self.partner_name(), &secret.expose());
    }

    /// Takes its session from a partner's browser, and the ceremonies under way.
    pub(crate) fn clear_partner(self, headers: &mut HeaderMap) {
        for name in [self.partner_name(), self.space_name()] {
            let cookie = format!("{name}=; {}; Max-Age=0", self.attributes());
            headers.append(SET_COOKIE, HeaderValue::try_from(cookie).expect("plain ASCII"));
        }
    }

    /// The language chosen in the partners' space.
    pub(crate) fn language(self, headers: &HeaderMap) -> Option<Language> {
        let (_, tag) = pairs(headers).find(|(name, _)| *name == self.language_name())?;
        [Language::French, Language::English].into_iter().find(|language| language.tag() == tag)
    }

    /// Keeps the language chosen in the partners' space.
    pub(crate) fn set_language(self, headers: &mut HeaderMap, language: Language) {
        let cookie = format!("{}={}; {}; Max-Age=31536000", self.language_name(), language.tag(), self.attributes());
        headers.append(SET_COOKIE, HeaderValue::try_from(cookie).expect("plain ASCII"));
    }

    const fn space_name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-passerelle-space",
            Self::Loopback => "passerelle-space",
        }
    }

    const fn partner_name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-passerelle-partner",
            Self::Loopback => "passerelle-partner",
        }
    }

    const fn language_name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-passerelle-language",
            Self::Loopback => "passerelle-language",
        }
    }

    const fn desk_name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-passerelle-desk",
            Self::Loopback => "passerelle-desk",
        }
    }

    const fn agent_name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-passerelle-agent",
            Self::Loopback => "passerelle-agent",
        }
    }

    const fn arrived_prefix(self) -> &'static str {
        match self {
            Self::Secure => "__Host-passerelle-",
            Self::Loopback => "passerelle-",
        }
    }

    const fn browser_name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-passerelle-browser",
            Self::Loopback => "passerelle-browser",
        }
    }

    const fn session_name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-passerelle-session",
            Self::Loopback => "passerelle-session",
        }
    }

    const fn attributes(self) -> &'static str {
        match self {
            Self::Secure => "Path=/; Secure; HttpOnly; SameSite=Lax",
            Self::Loopback => "Path=/; HttpOnly; SameSite=Lax",
        }
    }

    /// The one value of that name. Two different values of one name mean that someone planted one: neither is used.
    fn read<R>(headers: &HeaderMap, name: &str) -> Option<Bearer<R>> {
        let mut found: Option<&str> = None;
        for (_, value) in pairs(headers).filter(|(key, _)| *key == name) {
            if found.is_some_and(|held| held != value) {
                return None;
            }
            found = Some(value);
        }
        Bearer::parse(found?)
    }

    fn set(self, headers: &mut HeaderMap, name: &str, value: &str) {
        let cookie = format!("{name}={value}; {}", self.attributes());
        headers.append(SET_COOKIE, HeaderValue::try_from(cookie).expect("plain ASCII"));
    }
}

/// The cookies of a request, as far as [`BOUND`] goes.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let mut read = 0;
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .take_while(move |pair| {
            read += pair.len() + 1;
            read <= BOUND
        })
        .filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::try_from(cookie).expect("plain"));
        headers
    }

    #[test]
    fn a_cookie_that_was_set_is_read_back() {
        for cookies in [Cookies::Secure, Cookies::Loopback] {
            let secret = Bearer::from_random([7; 32]);
            let mut headers = HeaderMap::new();
            cookies.set_browser(&mut headers, &secret);
            let set = headers[SET_COOKIE].to_str().expect("plain").to_owned();
            assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"));
            assert_eq!(set.starts_with("__Host-") && set.contains("; Secure"), cookies == Cookies::Secure);
            let pair = set.split(';').next().expect("a pair");
            let read = cookies.browser(&sent(&format!("a=b; {pair}; c=d"))).expect("its own cookie");
            assert_eq!(*read.expose(), *secret.expose());
            assert!(cookies.session(&sent(pair)).is_none());
        }
    }

    #[test]
    fn doubtful_cookies_count_as_none() {
        let one = Bearer::<Browser>::from_random([1; 32]).expose();
        let two = Bearer::<Browser>::from_random([2; 32]).expose();
        for bad in [
            String::new(),
            "__Host-passerelle-browser=".to_owned(),
            "__Host-passerelle-browser=short".to_owned(),
            format!("passerelle-browser={}", *one),
            format!("__Host-passerelle-browser={}; __Host-passerelle-browser={}", *one, *two),
            format!("{}; __Host-passerelle-browser={}", "x=y; ".repeat(8000), *one),
        ] {
            assert!(Cookies::Secure.browser(&sent(&bad)).is_none(), "{}", &bad[..bad.len().min(80)]);
        }
    }
}
