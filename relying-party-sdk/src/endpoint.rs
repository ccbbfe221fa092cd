//! A call of this site to the gateway in its own name: the client authentication that is registered, a proof of
//! its key when tokens are to be bound, and a second attempt when the gateway wants its nonce in the proof.

use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::client::Client;
use crate::clock;
use crate::credentials::{self, Method};
use crate::error::{Document, Error};
use crate::http::{Answer, SecretHeaders};
use crate::refusal::Refusal;

/// Parameters of a request, in their order.
pub(crate) type Parameters = Vec<(&'static str, String)>;

impl Client {
    /// Posts a form with the client authentication of the registration (OpenID Connect Core 1.0 §9).
    pub(crate) async fn post_authenticated(&self, url: &Url, parameters: &Parameters) -> Result<Answer, Error> {
        let answer = self.post_once(url, parameters).await?;
        // once and no more (RFC 9449 §8): a server that is never content must not be called for ever
        if self.wants_nonce(&answer) { self.post_once(url, parameters).await } else { Ok(answer) }
    }

    async fn post_once(&self, url: &Url, parameters: &Parameters) -> Result<Answer, Error> {
        let (form, mut headers) = self.authenticated(parameters);
        headers.extend(self.proof("POST", url, None).map(|proof| ("dpop", Zeroizing::new(proof))));
        let answer = self.http().post_form(url, form, headers).await?;
        if let Some(nonce) = &answer.dpop_nonce {
            self.nonces().remember(url, nonce);
        }
        Ok(answer)
    }

    /// Whether the call was refused for want of the nonce that came with the refusal.
    fn wants_nonce(&self, answer: &Answer) -> bool {
        self.registration().dpop.is_some()
            && matches!(answer.status, 400 | 401)
            && answer.dpop_nonce.is_some()
            && Claims::parse(&answer.body).is_ok_and(|it| matches!(it.text("error"), Ok(Some("use_dpop_nonce"))))
    }

    /// The form and headers of a request; each has an assertion of its own.
    fn authenticated(&self, parameters: &Parameters) -> (String, SecretHeaders) {
        let registration = self.registration();
        let client_id = &registration.client_id;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(parameters.iter().filter(|(name, _)| *name != "client_id"));
        let mut headers = SecretHeaders::new();
        match &registration.credentials.0 {
            Method::SecretBasic(secret) => {
                headers.push(("authorization", credentials::basic_authorization(client_id, secret)));
            }
            Method::SecretPost(secret) => {
                form.append_pair("client_id", client_id).append_pair("client_secret", secret);
            }
            Method::PrivateKey(key) => {
                let assertion = credentials::client_assertion(key, client_id, &registration.issuer, clock::now());
                form.append_pair("client_id", client_id)
                    .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                    .append_pair("client_assertion", &assertion);
            }
        }
        (form.finish(), headers)
    }
}

/// The members of an error answer (RFC 6749 §5.2), or that it is none.
pub(crate) fn refusal(document: Document, json: &[u8]) -> Result<Refusal, Error> {
    Claims::parse(json)
        .and_then(|answer| Ok(Refusal::new(answer.required_text("error")?, answer.text("error_description")?)))
        .map_err(|reason| Error::malformed(document, reason))
}
