//! Where a service may stand, and where citizens may go back to: by environment.

use url::{Host, Url};

use crate::client::{RedirectFault, check_redirect_uri};

/// Why an address cannot be one of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It cannot be registered at all.
    #[error(transparent)]
    Redirect(#[from] RedirectFault),
    /// It is of this machine, or of a name kept for tests (RFC 6761): no citizen reaches it.
    #[error("is an address that citizens cannot reach")]
    NotPublic,
    /// It is not of this machine, nor of a name kept for tests (RFC 6761): it has no place in a sandbox.
    #[error("is not of this machine or a test name: 127.0.0.1, localhost, .localhost, .test")]
    NotATest,
}

/// Judges an address of a service itself.
pub fn production(uri: &str) -> Result<(), BadAddress> {
    check_redirect_uri(uri)?;
    if is_for_tests(uri) { Err(BadAddress::NotPublic) } else { Ok(()) }
}

/// Judges an address of a place where a service is tried out.
pub fn sandbox(uri: &str) -> Result<(), BadAddress> {
    check_redirect_uri(uri)?;
    if is_for_tests(uri) { Ok(()) } else { Err(BadAddress::NotATest) }
}

fn is_for_tests(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => ["localhost", "test", "invalid"]
            .iter()
            .any(|kept| name == *kept || name.strip_suffix(kept).is_some_and(|before| before.ends_with('.'))),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
