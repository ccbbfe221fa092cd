//! Calling data providers in the citizen's name: what to send with a call, and what an answer means.

use url::Url;

use crate::challenge::Challenge;
use crate::client::Client;
use crate::clock;
use crate::dpop::Call;
use crate::error::Error;
use crate::issuer::is_protected;
use crate::step_up::StepUp;
use crate::tokens::{AccessToken, Scheme};

/// What the answer of a data provider says about the token that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceAnswer {
    /// Nothing: the status and body are the provider's own matter.
    Taken,
    /// The provider wants its nonce in the proof, and it is remembered now: send the call once more with new
    /// headers, and take a second such answer as a refusal (RFC 9449 §9).
    NonceWanted,
    /// The token has expired or was withdrawn: [`Client::refresh`], or sign the citizen in again (RFC 6750 §3.1).
    TokenRefused,
    /// The citizen has to sign in again, more surely or more recently: [`crate::Login::stepped_up`] (RFC 9470).
    StepUp(StepUp),
}

impl Client {
    /// The headers of one call to a data provider: name and value, for any HTTP client. Ask for new ones for each
    /// call, also for the same one again.
    ///
    /// # Errors
    /// [`Error::Setting`] when the address is not `https` (`http` on loopback), or when the token is bound and this
    /// client is registered without the key.
    pub fn resource_headers(
        &self,
        token: &AccessToken,
        method: &str,
        url: &Url,
    ) -> Result<Vec<(&'static str, String)>, Error> {
        let wrong = |wanted| Error::Setting { name: "resource", seen: url.to_string(), wanted };
        if !is_protected(url) {
            return Err(wrong("a token is shown over https only; http is taken on loopback only"));
        }
        let mut headers = vec![("authorization", format!("{} {}", token.scheme.name(), *token.value))];
        match token.scheme {
            Scheme::Bearer => {}
            Scheme::Dpop => {
                let proof = self.proof(method, url, Some(&token.value));
                headers.push(("dpop", proof.ok_or(wrong("the token is bound: register the client with its key"))?));
            }
        }
        Ok(headers)
    }

    /// What an answer means for the token; `headers` are those of the answer, names in any case. Give every answer
    /// to it, also good ones: a new nonce of the provider is remembered.
    pub fn resource_answer<'a>(
        &self,
        url: &Url,
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> ResourceAnswer {
        let (mut challenges, mut nonce) = (String::new(), None);
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("www-authenticate") {
                challenges.push_str(value);
                challenges.push_str(", ");
            } else if name.eq_ignore_ascii_case("dpop-nonce") {
                nonce = Some(value);
            }
        }
        if let Some(nonce) = nonce {
            self.nonces().remember(url, nonce);
        }
        if status != 401 && status != 403 {
            return ResourceAnswer::Taken;
        }
        if let Some(step_up) = StepUp::parse(&challenges) {
            return ResourceAnswer::StepUp(step_up);
        }
        if status == 401 && nonce.is_some() && Challenge::with_error(&challenges, "use_dpop_nonce").is_some() {
            return ResourceAnswer::NonceWanted;
        }
        if Challenge::with_error(&challenges, "invalid_token").is_some() {
            return ResourceAnswer::TokenRefused;
        }
        ResourceAnswer::Taken
    }

    /// A proof for one call, when this client has its tokens bound.
    pub(crate) fn proof(&self, method: &str, url: &Url, access_token: Option<&str>) -> Option<String> {
        let key = self.registration().dpop.as_ref()?;
        let nonce = self.nonces().of(url);
        Some(key.proof(&Call { method, url, nonce: nonce.as_deref(), access_token, now: clock::now() }))
    }
}
