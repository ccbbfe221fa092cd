//! A request of a relying party's server, and what its sender proved to hold.

use std::convert::Infallible;
use std::sync::OnceLock;

use axum::body::Body;
use axum::extract::{FromRequestParts, OriginalUri};
use domain::id::ClientId;
use domain::oidc::binding::{Possession, Thumbprint};
use domain::oidc::dpop::{self, NonceRule, Proven};
use domain::oidc::error::TokenError;
use domain::oidc::token::Scheme;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response};
use store::ephemeral::{Kind, Put};

use super::error::Refused;
use crate::app::App;
use crate::audit;
use crate::config::Issuer;
use crate::listen::certificate::PeerCertificate;

const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// How an endpoint was called.
#[derive(Debug)]
pub(crate) struct Call {
    /// The client that a refusal is about, once it is known.
    client: OnceLock<ClientId>,
    method: Method,
    path: String,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The certificate of the sender.
    pub(super) certificate: PeerCertificate,
}

/// A DPoP proof that is good, and of which nobody knows yet whether it was seen before.
#[derive(Debug)]
#[must_use]
pub(crate) struct Proved {
    proven: Proven,
    /// The one address of the endpoint, so that a proof does not count at its alias again.
    url: String,
}

impl Proved {
    /// The key that it is of.
    pub(crate) const fn key(&self) -> &Thumbprint {
        &self.proven.key
    }

    /// Counts it, once on all nodes (RFC 9449 §11.1), among those of a kind.
    pub(crate) async fn count(self, app: &App, kind: Kind) -> Result<Thumbprint, Refused> {
        let Proven { key, jti, remember } = self.proven;
        let seen = [key.as_str().as_bytes(), self.url.as_bytes(), jti.as_bytes()];
        match app.ephemeral.once(kind, &seen, remember).await? {
            Put::Fresh => Ok(key),
            Put::Taken => Err(TokenError::DpopProofReused.into()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let OriginalUri(uri) = OriginalUri::from_request_parts(parts, state).await?;
        let certificate = PeerCertificate::from_request_parts(parts, state).await?;
        let (method, headers) = (parts.method.clone(), parts.headers.clone());
        Ok(Self { client: OnceLock::new(), method, path: uri.path().to_owned(), headers, certificate })
    }
}

impl Call {
    /// What the sender proved to hold: its certificate, and the key of its DPoP proof, which counts once on all nodes
    /// (RFC 9449 §11.1). `token` is the access token that goes with the request, at a resource.
    pub(crate) async fn possession(&self, app: &App, token: Option<&str>) -> Result<Possession, Refused> {
        let key = match self.proved(app, &app.issuer, token)? {
            Some(proved) => Some(proved.count(app, Kind::DpopProof).await?),
            None => None,
        };
        Ok(Possession { key, certificate: self.certificate.thumbprint() })
    }

    /// The DPoP proof for this endpoint at an origin of the gateway, if it is good (RFC 9449 §4.3). Anybody can make one,
    /// with a key of their own: nothing is remembered before it is counted.
    pub(crate) fn proved(&self, app: &App, origin: &Issuer, token: Option<&str>) -> Result<Option<Proved>, TokenError> {
        let Some(proof) = self.proof()? else { return Ok(None) };
        let url = origin.at(&self.path);
        let check = |url: &str| {
            let call = dpop::Call { method: self.method.as_str(), url, token };
            dpop::check(proof, call, (app.dpop.rule, &app.dpop.secret), app.clock.now())
        };
        // Who calls the alias of an endpoint proves it for that address (RFC 8705 §5).
        let proven = match (check(&url), &app.mtls.public_url) {
            (Err(fault @ TokenError::InvalidDpopProof(_)), Some(alias)) => match check(&alias.at(&self.path)) {
                // What is wrong with it for both is told for the one that everybody knows.
                Err(TokenError::InvalidDpopProof(_)) => Err(fault),
                proven => proven,
            },
            (proven, _) => proven,
        }?;
        Ok(Some(Proved { proven, url }))
    }

    /// What the sender proved to hold at a resource: with the scheme `DPoP` a proof is due, with `Bearer` none counts.
    pub(super) async fn possession_at_resource(
        &self,
        app: &App,
        scheme: Scheme,
        token: &str,
    ) -> Result<Possession, Refused> {
        match scheme {
            Scheme::Bearer => Ok(Possession { key: None, certificate: self.certificate.thumbprint() }),
            Scheme::Dpop if self.headers.contains_key(DPOP) => self.possession(app, Some(token)).await,
            Scheme::Dpop => Err(TokenError::InvalidDpopProof("a DPoP proof is due with this scheme").into()),
        }
    }

    fn proof(&self) -> Result<Option<&str>, TokenError> {
        let mut all = self.headers.get_all(DPOP).iter();
        match (all.next(), all.next()) {
            (None, _) => Ok(None),
            (Some(proof), None) => {
                proof.to_str().map(Some).map_err(|_| TokenError::InvalidDpopProof("the proof is not a compact JWS"))
            }
            (Some(_), Some(_)) => Err(TokenError::InvalidDpopProof("two DPoP headers")),
        }
    }

    /// The registered client that a request names or shows the token of.
    pub(super) fn concerns(&self, client: &ClientId) {
        self.client.get_or_init(|| client.clone());
    }

    /// A refusal, accounted for with the client that it is about.
    pub(super) fn refused(&self, answer: Response<Body>) -> Response<Body> {
        match self.client.get() {
            Some(client) => audit::about(answer, client),
            None => answer,
        }
    }

    /// Gives whoever sends proofs the nonce for the next one, where nonces are required (RFC 9449 §8.2).
    pub(crate) fn answered<B>(&self, app: &App, mut response: Response<B>) -> Response<B> {
        if app.dpop.rule == NonceRule::Required && self.headers.contains_key(DPOP) {
            let nonce = app.dpop.secret.nonce(app.clock.now());
            let value = HeaderValue::try_from(nonce).expect("base64url is visible ASCII");
            response.headers_mut().insert(DPOP_NONCE, value);
        }
        response
    }
}
