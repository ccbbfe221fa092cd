//! Redirect URIs: what may be registered, and the type that only a registered one has.

use serde::{Deserialize, Serialize};
use url::Url;

/// A redirect URI that stands in the client's own list. The only way to one is [`Client::redirect`](super::Client::redirect) or
/// [`Client::post_logout_redirect`](super::Client::post_logout_redirect), so an open redirect cannot be written.
///
/// ```compile_fail,E0451
/// let evil = domain::client::RegisteredRedirect { uri: "https://evil.example/".into() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegisteredRedirect {
    uri: String,
}

impl RegisteredRedirect {
    /// The URI, byte for byte as registered.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// The URI with parameters added to its query. A registered query is kept (RFC 6749 §3.1.2).
    pub fn with_parameters(&self, parameters: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        let query = query.finish();
        let separator = match (query.is_empty(), self.uri.split_once('?')) {
            (true, _) => "",
            // A second question mark is part of the registered query.
            (false, Some((_, own))) if own.is_empty() || own.ends_with('&') => "",
            (false, Some(_)) => "&",
            (false, None) => "?",
        };
        format!("{}{separator}{query}", self.uri)
    }
}

pub(super) fn find(list: &[String], uri: &str) -> Option<RegisteredRedirect> {
    list.iter().find(|registered| *registered == uri).map(|uri| RegisteredRedirect { uri: uri.clone() })
}

/// Why a redirect URI cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectFault {
    /// Not an absolute URI, or one that parsing would rewrite, so that what is compared is not what is followed.
    #[error("not an absolute URI in its canonical form (lower-case host, no default port, no dot segments, ASCII)")]
    NotCanonical,
    /// Neither https nor http on the loopback interface (RFC 9700 §2.6).
    #[error("must be https, or http on 127.0.0.1, [::1] or localhost")]
    Scheme,
    /// It has a fragment (RFC 6749 §3.1.2).
    #[error("must not have a fragment")]
    Fragment,
    /// It has a user name or password.
    #[error("must not hold a user name or password")]
    UserInfo,
    /// Longer than 2048 bytes.
    #[error("is longer than 2048 bytes")]
    TooLong,
}

/// Checks that a redirect URI may be registered.
pub fn check_redirect_uri(uri: &str) -> Result<(), RedirectFault> {
    if uri.len() > 2048 {
        return Err(RedirectFault::TooLong);
    }
    let parsed = Url::parse(uri).map_err(|_| RedirectFault::NotCanonical)?;
    let loopback = matches!(parsed.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    if !(parsed.scheme() == "https" || parsed.scheme() == "http" && loopback) {
        return Err(RedirectFault::Scheme);
    }
    if parsed.fragment().is_some() {
        return Err(RedirectFault::Fragment);
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(RedirectFault::UserInfo);
    }
    // `https://host` is the same as `https://host/`; anything else that parsing changes hides something.
    let dotted_host = parsed.host_str().is_none_or(|host| host.ends_with('.') || host.contains('*'));
    if dotted_host || uri.contains('\\') || (parsed.as_str() != uri && parsed.as_str() != format!("{uri}/")) {
        return Err(RedirectFault::NotCanonical);
    }
    Ok(())
}
