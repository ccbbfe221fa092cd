//! The cookies: their names, their attributes, and a session cut to the size that browsers keep.
//!
//! Over HTTPS every name begins with `__Host-`, so that no sibling domain and no plain page can plant one
//! (RFC 6265bis §4.1.3). On loopback over plain HTTP there is neither prefix nor `Secure`. `SameSite=Lax` lets
//! them come along when the gateway sends the citizen back, and keeps them from posts of other sites. Where answers
//! are posted, the cookie of a login under way alone is `SameSite=None`: the gateway's page is another site.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::answer::LOGIN_MINUTES;
use crate::error::Error;
use crate::registration::Registration;

/// Browsers keep 4096 bytes of name, value and attributes.
const PIECE: usize = 3600;
const MOST_PIECES: usize = 3;
/// A browser's honest cookie headers are far below this many bytes.
const HEADER_LIMIT: usize = 32 * 1024;

#[derive(Clone)]
pub(crate) struct Cookies {
    prefix: &'static str,
    attributes: &'static str,
    /// Those of a login under way.
    login_attributes: &'static str,
    /// Tells apart the cookies of two clients on one host: cookies know no ports.
    client: String,
}

impl Cookies {
    pub(crate) fn of(registration: &Registration) -> Self {
        let (prefix, attributes) = match registration.redirect_uri.scheme() {
            "https" => ("__Host-", "Path=/; HttpOnly; SameSite=Lax; Secure"),
            _ => ("", "Path=/; HttpOnly; SameSite=Lax"),
        };
        // a posted answer comes from a page of the gateway: `Lax` would keep the cookie at home
        let login_attributes =
            if registration.answers_are_posted() { "Path=/; HttpOnly; SameSite=None; Secure" } else { attributes };
        let client = short_hash(&format!("{} {}", registration.issuer.as_str(), registration.client_id));
        Self { prefix, attributes, login_attributes, client }
    }

    /// One cookie for each login under way: two tabs do not disturb each other.
    pub(crate) fn login_name(&self, state: &str) -> String {
        format!("{}{}", self.login_prefix(), short_hash(state))
    }

    pub(crate) fn login_prefix(&self) -> String {
        format!("{}rp-login-{}-", self.prefix, self.client)
    }

    pub(crate) fn logout_name(&self) -> String {
        format!("{}rp-logout-{}", self.prefix, self.client)
    }

    fn session_name(&self, piece: usize) -> String {
        format!("{}rp-session-{}-{piece}", self.prefix, self.client)
    }

    /// A cookie that lives as long as a login may take.
    pub(crate) fn set_for_login(&self, name: &str, value: &str) -> HeaderValue {
        self.set(name, value, LOGIN_MINUTES.saturating_mul(60))
    }

    pub(crate) fn clear(&self, name: &str) -> HeaderValue {
        self.set(name, "", 0)
    }

    fn set(&self, name: &str, value: &str, seconds: i64) -> HeaderValue {
        let of_login = name.starts_with(&self.login_prefix());
        let attributes = if of_login { self.login_attributes } else { self.attributes };
        let text = format!("{name}={value}; Max-Age={seconds}; {attributes}");
        HeaderValue::from_str(&text).expect("names and values are base64url and hyphens")
    }

    /// The session in as many cookies as it needs; the first says how many, the rest of them are cleared.
    pub(crate) fn set_session(&self, sealed: &str, seconds: i64) -> Result<Vec<HeaderValue>, Error> {
        let limit = PIECE.saturating_mul(MOST_PIECES);
        if sealed.len() > limit {
            return Err(Error::SessionTooLarge { bytes: sealed.len(), limit });
        }
        let mut rest = sealed;
        let pieces = sealed.len().div_ceil(PIECE);
        let mut cookies = Vec::new();
        for piece in 0..MOST_PIECES {
            let (now, later) = rest.split_at_checked(PIECE).unwrap_or((rest, ""));
            rest = later;
            let name = self.session_name(piece);
            cookies.push(match (piece, now) {
                (0, _) => self.set(&name, &format!("{pieces}.{now}"), seconds),
                (_, "") => self.clear(&name),
                (_, _) => self.set(&name, now, seconds),
            });
        }
        Ok(cookies)
    }

    pub(crate) fn clear_session(&self) -> impl Iterator<Item = HeaderValue> + '_ {
        (0..MOST_PIECES).map(|piece| self.clear(&self.session_name(piece)))
    }

    /// The sealed session of this request, if its cookies are all there.
    pub(crate) fn session(&self, headers: &HeaderMap) -> Option<String> {
        let (pieces, first) = value(headers, &self.session_name(0))?.split_once('.')?;
        let pieces: usize = pieces.parse().ok().filter(|pieces| (1..=MOST_PIECES).contains(pieces))?;
        let mut sealed = first.to_owned();
        for piece in 1..pieces {
            sealed.push_str(value(headers, &self.session_name(piece))?);
        }
        Some(sealed)
    }
}

/// Every cookie of the request, as name and value.
pub(crate) fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter(|header| header.len() <= HEADER_LIMIT)
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

pub(crate) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    all(headers).find(|(seen, _)| *seen == name).map(|(_, value)| value)
}

fn short_hash(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref().split_at(9).0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credentials;

    fn cookies(redirect_uri: &str) -> Cookies {
        let registration =
            Registration::new("https://gateway.example", "commune", Credentials::secret_basic("s"), redirect_uri);
        Cookies::of(&registration.expect("a good registration"))
    }

    /// What a browser sends after these `Set-Cookie` headers.
    fn sent_back(set: &[HeaderValue]) -> HeaderMap {
        let kept: Vec<&str> = set
            .iter()
            .filter_map(|header| header.to_str().ok())
            .filter(|header| !header.contains("Max-Age=0"))
            .filter_map(|header| header.split(';').next())
            .collect();
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&kept.join("; ")).expect("a header"))])
    }

    #[test]
    fn over_https_a_cookie_is_bound_to_the_host() {
        let secure = cookies("https://commune.example/callback");
        let header = secure.set_for_login(&secure.login_name("state"), "v");
        let text = header.to_str().expect("ASCII");
        assert!(text.starts_with("__Host-rp-login-"), "{text}");
        assert!(text.ends_with("; Max-Age=1800; Path=/; HttpOnly; SameSite=Lax; Secure"), "{text}");
        let plain = cookies("http://localhost:8400/callback");
        let header = plain.set_for_login(&plain.login_name("state"), "v");
        let text = header.to_str().expect("ASCII");
        assert!(text.starts_with("rp-login-") && text.ends_with("; HttpOnly; SameSite=Lax"), "{text}");
    }

    #[test]
    fn where_answers_are_posted_only_the_login_cookie_crosses_sites() {
        let registration = Registration::new(
            "https://gateway.example",
            "commune",
            Credentials::secret_basic("s"),
            "https://commune.example/callback",
        );
        let cookies = Cookies::of(&registration.expect("a good registration").with_posted_answers());
        let header = cookies.set_for_login(&cookies.login_name("state"), "v");
        assert!(header.to_str().expect("ASCII").ends_with("; SameSite=None; Secure"), "{header:?}");
        let mut others = cookies.set_session("s", 60).expect("it fits");
        others.push(cookies.set_for_login(&cookies.logout_name(), "v"));
        assert!(others.iter().all(|it| it.to_str().is_ok_and(|it| it.contains("SameSite=Lax"))), "{others:?}");
    }

    #[test]
    fn a_session_of_any_size_comes_back_whole_or_not_at_all() {
        let cookies = cookies("https://commune.example/callback");
        for length in [1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE] {
            let sealed = "s".repeat(length);
            let set = cookies.set_session(&sealed, 60).expect("it fits");
            assert_eq!(set.len(), MOST_PIECES, "the pieces of a longer session before are cleared");
            assert!(set.iter().all(|header| header.len() < 4096));
            assert_eq!(cookies.session(&sent_back(&set)), Some(sealed));
        }
        let set = cookies.set_session(&"s".repeat(2 * PIECE), 60).expect("it fits");
        assert_eq!(cookies.session(&sent_back(&set[..1])), None, "a piece is missing");
        assert!(matches!(cookies.set_session(&"s".repeat(3 * PIECE + 1), 60), Err(Error::SessionTooLarge { .. })));
    }

    #[test]
    fn two_logins_and_two_clients_have_cookies_of_their_own() {
        let one = cookies("http://localhost:8400/callback");
        assert_ne!(one.login_name("a"), one.login_name("b"));
        let other = Registration::new(
            "https://gateway.example",
            "other",
            Credentials::secret_basic("s"),
            "http://localhost:8500/callback",
        );
        let other = Cookies::of(&other.expect("a good registration"));
        assert_ne!(one.session_name(0), other.session_name(0));
    }
}
