//! Leaving: ends the citizen's session at the gateway too, and recognises them when they are back
//! (OpenID Connect RP-Initiated Logout 1.0).

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use crate::client::Client;
use crate::error::Error;
use crate::random;
use crate::session::Session;

/// A logout about to leave: end the session of this site, send the browser to [`LogoutDeparture::url`], keep
/// [`LogoutDeparture::pending`] until it is back.
#[derive(Debug)]
pub struct LogoutDeparture {
    /// Where to send the browser, by a redirect with status 303.
    pub url: Url,
    /// What to check the return with; none when no post-logout redirect URI is registered, for then the citizen
    /// ends on a page of the gateway.
    pub pending: Option<PendingLogout>,
}

/// A logout under way. It is spent by the check of the return.
pub struct PendingLogout(pub(crate) PendingReturn);

#[derive(Serialize, Deserialize)]
pub(crate) struct PendingReturn {
    state: String,
}

impl Client {
    /// Begins a logout at the gateway of this citizen's session.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the gateway has no logout: then only the session of this site can be ended.
    pub fn logout(&self, session: &Session) -> Result<LogoutDeparture, Error> {
        let unsupported = Error::Unsupported { feature: "logout (`end_session_endpoint`)" };
        let mut url = self.endpoints().end_session.clone().ok_or(unsupported)?;
        url.query_pairs_mut().append_pair("id_token_hint", &session.id_token().text);
        let pending = self.registration().post_logout_redirect_uri.as_ref().map(|back| {
            let state = random::token();
            url.query_pairs_mut().append_pair("post_logout_redirect_uri", back.as_str()).append_pair("state", &state);
            PendingLogout(PendingReturn { state })
        });
        Ok(LogoutDeparture { url, pending })
    }
}

impl PendingLogout {
    /// Whether the request at the post-logout redirect URI ends this logout; `query` is its raw query string.
    ///
    /// # Errors
    /// [`Error::Answer`] when the `state` is missing or comes twice, [`Error::StateDiffers`] when it is another.
    pub fn check(self, query: &str) -> Result<(), Error> {
        let mut states = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "state");
        let (_, state) = states.next().ok_or(Error::Answer { detail: "the state is missing" })?;
        if states.next().is_some() {
            return Err(Error::Answer { detail: "a parameter comes twice" });
        }
        if random::same(&state, &self.0.state) { Ok(()) } else { Err(Error::StateDiffers) }
    }
}

/// Shows nothing: the state is a secret of this browser.
impl fmt::Debug for PendingLogout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingLogout(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str) -> Result<(), Error> {
        PendingLogout(PendingReturn { state: "right".into() }).check(query)
    }

    #[test]
    fn only_the_state_that_was_sent_ends_a_logout() {
        assert!(check("state=right").is_ok());
        assert!(check("x=y&state=right").is_ok());
        assert!(matches!(check("state=wrong"), Err(Error::StateDiffers)));
        assert!(matches!(check("state="), Err(Error::StateDiffers)));
        assert!(matches!(check(""), Err(Error::Answer { .. })));
        assert!(matches!(check("state=right&state=right"), Err(Error::Answer { .. })));
    }
}
