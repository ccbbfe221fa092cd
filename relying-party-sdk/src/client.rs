//! One gateway, one registration: what every login of this site shares.

use std::fmt;
use std::sync::Arc;

use crate::backchannel_logout::Taken;
use crate::dpop::Nonces;
use crate::error::{Document, Error};
use crate::http::Http;
use crate::keys::Keys;
use crate::metadata::{Endpoints, Metadata};
use crate::registration::Registration;

/// This site as a client of its gateway. Make one at start-up and clone it freely: clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    registration: Registration,
    endpoints: Endpoints,
    keys: Keys,
    http: Http,
    nonces: Nonces,
    taken: Taken,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let registration = self.registration();
        write!(f, "Client({} at {})", registration.client_id, registration.issuer.as_str())
    }
}

impl Client {
    /// Reads the gateway's discovery document and keys, and checks that it is the one registered with and offers
    /// what this client needs: code flow, PKCE with S256, `iss` in its answers, userinfo, and the client
    /// authentication and signature of the registration.
    ///
    /// # Errors
    /// [`Error::Setting`] when two settings of the registration do not fit each other,
    /// [`Error::DiscoveryIssuer`] when another gateway answers, [`Error::Unsupported`] when something needed is
    /// missing, [`Error::Unreachable`] and its like when there is no proper answer: then try again later.
    pub async fn discover(registration: Registration) -> Result<Self, Error> {
        registration.check()?;
        let http = Http::new(registration.issuer.reach())?;
        let url = registration.issuer.discovery()?;
        let answer = http.get(&url, "application/json").await?;
        if answer.status != 200 {
            return Err(Error::Status { url, status: answer.status });
        }
        let metadata: Metadata =
            serde_json::from_slice(&answer.body).map_err(|error| Error::malformed(Document::Discovery, error))?;
        let jwks_uri = metadata.jwks_uri.clone();
        let endpoints = metadata.check(&registration)?;
        let keys = Keys::read(&http, jwks_uri).await?;
        Ok(Self(Arc::new(Inner {
            registration,
            endpoints,
            keys,
            http,
            nonces: Nonces::default(),
            taken: Taken::default(),
        })))
    }

    /// The origin of the gateway's pages, as `https://gateway.example`: a site whose content security policy has
    /// `form-action` allows it there, because its logout form is answered by a redirect to the gateway.
    pub fn gateway_origin(&self) -> String {
        let page = self.endpoints().end_session.as_ref().unwrap_or(&self.endpoints().authorization);
        page.origin().ascii_serialization()
    }

    pub(crate) fn registration(&self) -> &Registration {
        &self.0.registration
    }

    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.0.endpoints
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn nonces(&self) -> &Nonces {
        &self.0.nonces
    }

    /// The logout tokens that were taken.
    pub(crate) fn taken(&self) -> &Taken {
        &self.0.taken
    }

    pub(crate) fn http(&self) -> &Http {
        &self.0.http
    }
}
