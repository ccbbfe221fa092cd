//! The authorization request on its way: in the browser's address, or pushed to the gateway beforehand.
//!
//! ```text
//! Login ─▶ parameters ─▶ signed, if registered ─┬──────────────────────▶ address with all of it
//!                                               └─▶ pushed (RFC 9126) ─▶ address with client_id and request_uri
//! ```

use url::Url;

use crate::claims::Claims;
use crate::client::Client;
use crate::clock;
use crate::endpoint::{self, Parameters};
use crate::error::{Document, Error};
use crate::login::{Departure, Login, PendingLogin, Towards};
use crate::request_object;

impl Client {
    /// Begins a login: the address to send the browser to, and what to keep until it is back.
    ///
    /// # Errors
    /// None when the request travels with the browser. When it is pushed first: [`Error::RequestRefused`] when the
    /// gateway refuses it, [`Error::Unreachable`] and its like when there is no proper answer.
    pub async fn login(&self, login: &Login) -> Result<Departure, Error> {
        let registration = self.registration();
        let (mut parameters, pending) = login.request(&Towards {
            issuer: registration.issuer.as_str(),
            client_id: &registration.client_id,
            redirect_uri: &registration.redirect_uri,
            now: clock::now(),
        });
        parameters.extend(registration.response_mode().map(|mode| ("response_mode", mode.to_owned())));
        let parameters = match (&self.endpoints().pushed, &registration.dpop) {
            // the code is bound to the key by the proof of the push (RFC 9449 §10.1)
            (Some(url), _) => self.push(url, &self.signed(parameters)).await?,
            (None, Some(key)) => {
                parameters.push(("dpop_jkt", key.thumbprint()));
                self.signed(parameters)
            }
            (None, None) => self.signed(parameters),
        };
        let mut url = self.endpoints().authorization.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        Ok(Departure { url, pending: PendingLogin(pending) })
    }

    /// The request as an object that this site signed, when that is registered (RFC 9101 §5.1).
    fn signed(&self, parameters: Parameters) -> Parameters {
        let registration = self.registration();
        let Some(key) = &registration.request_key else { return parameters };
        let client_id = &registration.client_id;
        let object = request_object::sign(key, &registration.issuer, client_id, &parameters, clock::now());
        vec![("client_id", client_id.clone()), ("request", object)]
    }

    /// Pushes a request; the browser then carries its handle and the client id alone (RFC 9126 §4).
    async fn push(&self, url: &Url, parameters: &Parameters) -> Result<Parameters, Error> {
        let document = Document::PushedAnswer;
        let answer = self.post_authenticated(url, parameters).await?;
        match answer.status {
            // RFC 9126 §2.2 says 201; some gateways answer 200
            200 | 201 if answer.media_type == "application/json" => {
                let malformed = |reason| Error::malformed(document, reason);
                let answer = Claims::parse(&answer.body).map_err(malformed)?;
                let handle = answer.required_token("request_uri").map_err(malformed)?;
                Ok(vec![("client_id", self.registration().client_id.clone()), ("request_uri", handle.to_owned())])
            }
            200 | 201 => Err(Error::malformed(document, format!("its type is `{}`", answer.media_type))),
            400 | 401 | 403 => Err(Error::RequestRefused { refusal: endpoint::refusal(document, &answer.body)? }),
            status => Err(Error::Status { url: url.clone(), status }),
        }
    }
}
