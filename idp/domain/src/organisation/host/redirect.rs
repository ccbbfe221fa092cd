//! Redirect URIs of a habilitation: those of production lie on the commune's host, those of the sandbox on test hosts.
//!
//! Every client's URIs pass [`check_redirect_uri`] already; here is what a habilitation asks for beyond it.

use url::{Url, form_urlencoded};

use super::{HostFault, ProductionHost, SandboxHost};
use crate::client::{RedirectFault, check_redirect_uri};

/// A redirect URI that a production client may register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductionRedirect {
    uri: String,
    host: ProductionHost,
}

/// A redirect URI that a sandbox client may register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxRedirect {
    uri: String,
    host: SandboxHost,
}

/// Why a redirect URI cannot stand in a habilitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectRefusal {
    /// No client may have it.
    #[error("the redirect URI {0}")]
    Registration(#[from] RedirectFault),
    /// Production is https, on loopback too.
    #[error("the redirect URI must be https")]
    Http,
    /// Its host may not stand there.
    #[error("{0}")]
    Host(#[from] HostFault),
    /// `..;` or another path parameter, which some servers cut off before they look at the dots.
    #[error("the path has a semicolon: servers differ in what they read after it")]
    PathParameter,
    /// Two slashes in a row, which some servers take for one and browsers for the beginning of another host.
    #[error("the path has two slashes in a row")]
    DoubleSlash,
    /// A dot, slash, backslash, percent sign or control character written as an escape, which some servers undo.
    #[error("the path hides a separator or a dot behind a percent sign")]
    HiddenSeparator,
    /// A parameter that the answer brings: there would be two.
    #[error("the query has a parameter that the answer brings itself")]
    ResponseParameter,
}

/// Checks a redirect URI of a production client.
pub fn production_redirect(uri: &str) -> Result<ProductionRedirect, RedirectRefusal> {
    let parsed = checked(uri)?;
    if parsed.scheme() != "https" {
        return Err(RedirectRefusal::Http);
    }
    let host = ProductionHost::parse(parsed.host_str().unwrap_or_default())?;
    Ok(ProductionRedirect { uri: uri.to_owned(), host })
}

/// Checks a redirect URI of a sandbox client.
pub fn sandbox_redirect(uri: &str) -> Result<SandboxRedirect, RedirectRefusal> {
    let host = SandboxHost::parse(checked(uri)?.host_str().unwrap_or_default())?;
    Ok(SandboxRedirect { uri: uri.to_owned(), host })
}

impl ProductionRedirect {
    /// The URI, byte for byte.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// Its host.
    pub const fn host(&self) -> &ProductionHost {
        &self.host
    }
}

impl SandboxRedirect {
    /// The URI, byte for byte.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// Its host.
    pub const fn host(&self) -> &SandboxHost {
        &self.host
    }
}

/// What the answer of an authorization request may carry (RFC 6749 §4.1.2, RFC 9207, JARM, session management).
const ANSWERED: [&str; 8] =
    ["code", "state", "iss", "error", "error_description", "error_uri", "response", "session_state"];

fn checked(uri: &str) -> Result<Url, RedirectRefusal> {
    check_redirect_uri(uri)?;
    let parsed = Url::parse(uri).map_err(|_| RedirectFault::NotCanonical)?;
    let path = parsed.path();
    if path.contains(';') {
        return Err(RedirectRefusal::PathParameter);
    }
    if path.contains("//") {
        return Err(RedirectRefusal::DoubleSlash);
    }
    if path.split('%').skip(1).any(hides) {
        return Err(RedirectRefusal::HiddenSeparator);
    }
    let query = parsed.query().unwrap_or_default();
    if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| ANSWERED.contains(&name.as_ref())) {
        return Err(RedirectRefusal::ResponseParameter);
    }
    Ok(parsed)
}

/// Whether what follows a percent sign stands for something that a path is divided or climbed by, or is no escape.
fn hides(after: &str) -> bool {
    let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    byte.is_none_or(|byte| matches!(byte, b'.' | b'/' | b'\\' | b'%' | b';') || byte.is_ascii_control())
}
