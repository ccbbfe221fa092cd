//! One gateway, one registration: what every login of this site shares.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use url::Url;

use crate::clock;
use crate::error::{Document, Error};
use crate::http::Http;
use crate::keys::Keys;
use crate::login::{Departure, Login, Towards};
use crate::refusal::harmless;
use crate::registration::Registration;

/// This site as a client of its gateway. Make one at start-up and clone it freely: clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    registration: Registration,
    endpoints: Endpoints,
    keys: Keys,
    http: Http,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let registration = self.registration();
        write!(f, "Client({} at {})", registration.client_id, registration.issuer.as_str())
    }
}

/// Where the gateway is called, as discovery told and once checked.
#[derive(Debug)]
pub(crate) struct Endpoints {
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) userinfo: Url,
    pub(crate) end_session: Option<Url>,
}

impl Client {
    /// Reads the gateway's discovery document and keys, and checks that it is the one registered with and offers
    /// what this client needs: code flow, PKCE with S256, `iss` in its answers, userinfo, and the client
    /// authentication and signature of the registration.
    ///
    /// # Errors
    /// [`Error::DiscoveryIssuer`] when another gateway answers, [`Error::Unsupported`] when something needed is
    /// missing, [`Error::Unreachable`] and its like when there is no proper answer: then try again later.
    pub async fn discover(registration: Registration) -> Result<Self, Error> {
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
        Ok(Self(Arc::new(Inner { registration, endpoints, keys, http })))
    }

    /// Begins a login: the address to send the browser to, and what to keep until it is back.
    pub fn login(&self, login: &Login) -> Departure {
        login.depart(&Towards {
            authorization_endpoint: &self.endpoints().authorization,
            issuer: self.registration().issuer.as_str(),
            client_id: &self.registration().client_id,
            redirect_uri: &self.registration().redirect_uri,
            now: clock::now(),
        })
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

    pub(crate) fn http(&self) -> &Http {
        &self.0.http
    }
}

/// The members of the discovery document that this client acts on (OpenID Connect Discovery 1.0 §3, RFC 9207 §3);
/// one of the wrong type makes the document unusable.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    userinfo_endpoint: Url,
    jwks_uri: Url,
    end_session_endpoint: Option<Url>,
    response_types_supported: Vec<String>,
    id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    userinfo_signing_alg_values_supported: Vec<String>,
    #[serde(default = "default_authentication")]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What an absent `token_endpoint_auth_methods_supported` means.
fn default_authentication() -> Vec<String> {
    vec!["client_secret_basic".to_owned()]
}

impl Metadata {
    fn check(self, registration: &Registration) -> Result<Endpoints, Error> {
        if self.issuer != registration.issuer.as_str() {
            return Err(Error::DiscoveryIssuer {
                expected: registration.issuer.as_str().to_owned(),
                seen: harmless(&self.issuer),
            });
        }
        let endpoints = [&self.authorization_endpoint, &self.token_endpoint, &self.userinfo_endpoint, &self.jwks_uri];
        if let Some(bad) =
            endpoints.into_iter().chain(&self.end_session_endpoint).find(|it| !registration.issuer.may_use(it))
        {
            return Err(Error::malformed(
                Document::Discovery,
                format!("the endpoint `{bad}` is not https, or has a fragment"),
            ));
        }
        let lists = |list: &[String], value: &str| list.iter().any(|it| it == value);
        let method = registration.credentials.method();
        let needed = [
            (lists(&self.response_types_supported, "code"), "the authorization code flow"),
            (lists(&self.code_challenge_methods_supported, "S256"), "PKCE with S256"),
            (self.authorization_response_iss_parameter_supported, "`iss` in its answers (RFC 9207)"),
            (lists(&self.token_endpoint_auth_methods_supported, method), method),
            (
                method != "private_key_jwt"
                    || self.token_endpoint_auth_signing_alg_values_supported.is_empty()
                    || lists(&self.token_endpoint_auth_signing_alg_values_supported, "ES256"),
                "client assertions signed with ES256",
            ),
            (
                lists(&self.id_token_signing_alg_values_supported, registration.id_token_algorithm.name()),
                "ID tokens signed with the registered algorithm",
            ),
            (
                registration
                    .userinfo_algorithm
                    .is_none_or(|it| lists(&self.userinfo_signing_alg_values_supported, it.name())),
                "userinfo signed with the registered algorithm",
            ),
        ];
        if let Some((_, feature)) = needed.into_iter().find(|(offered, _)| !offered) {
            return Err(Error::Unsupported { feature });
        }
        Ok(Endpoints {
            authorization: self.authorization_endpoint,
            token: self.token_endpoint,
            userinfo: self.userinfo_endpoint,
            end_session: self.end_session_endpoint,
        })
    }
}
