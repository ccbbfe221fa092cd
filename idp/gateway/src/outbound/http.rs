//! The one HTTP client. No redirects, no proxy from the environment, no cookies, bounded bodies, bounded time, and
//! the egress rule on every connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Certificate, redirect};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::egress::{self, GuardedResolver, Refused};
use crate::config::Egress;

/// A request to make. The body is empty for GET.
pub(crate) type Request = ::http::Request<Vec<u8>>;
/// An answer, its body read to its end.
pub(crate) type Answer = ::http::Response<Vec<u8>>;

/// The largest body that is read, in bytes.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// The one HTTP client. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    egress: Arc<Egress>,
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// There is no certificate authority to trust.
    #[error(
        "no certificate authority was found: install the platform's (package `ca-certificates`), or name a PEM file in \
         `egress.authorities`"
    )]
    NoAuthorities,
    /// The file of further authorities cannot be used.
    #[error("egress.authorities: {path}: {fault}")]
    Authorities {
        /// The file.
        path: String,
        /// What is wrong with it.
        fault: String,
    },
    /// The client's own set-up failed.
    #[error("the HTTP client could not be made")]
    Client(#[from] reqwest::Error),
}

/// Why a call brought no answer. No message holds a URL, whose query may be personal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The egress rule refuses the destination.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The request could not be made: a bad URL or header.
    #[error("the request cannot be made")]
    Unsendable,
    /// The time ran out.
    #[error("no answer in time")]
    TimedOut,
    /// There was no connection, or it broke.
    #[error("unreachable: {detail}")]
    Unreachable {
        /// What the network said.
        detail: String,
    },
    /// The body is larger than [`BODY_LIMIT`].
    #[error("the answer is too large")]
    TooLarge,
}

impl Http {
    /// Makes the client, trusting the platform's certificate authorities and those of the configuration.
    pub(crate) fn new(egress: &Egress) -> Result<Self, SetupError> {
        let authorities = authorities(egress)?;
        let certificates = authorities.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
        let egress = Arc::new(egress.clone());
        #[expect(clippy::disallowed_methods, reason = "the one HTTP client is made here")]
        let builder = reqwest::Client::builder();
        let client = builder
            .tls_backend_rustls()
            .tls_certs_only(certificates)
            .dns_resolver(GuardedResolver::new(Arc::clone(&egress)))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_mins(1))
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(16)
            .user_agent(concat!("passerelle/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, egress })
    }

    /// Makes a call and reads the answer, whatever its status. Redirects are not followed: they come back as answers.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, HttpError> {
        let request: reqwest::Request = request.try_into().map_err(|_| HttpError::Unsendable)?;
        egress::check(&self.egress, request.url())?;
        let mut response = self.client.execute(request).await.map_err(|error| HttpError::of(&error))?;
        if response.content_length().is_some_and(|length| length > BODY_LIMIT as u64) {
            return Err(HttpError::TooLarge);
        }
        let mut answer = ::http::Response::new(Vec::new());
        *answer.version_mut() = response.version();
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        while let Some(part) = response.chunk().await.map_err(|error| HttpError::of(&error))? {
            keep(answer.body_mut(), &part)?;
        }
        Ok(answer)
    }
}

fn keep(body: &mut Vec<u8>, part: &Bytes) -> Result<(), HttpError> {
    if body.len() + part.len() > BODY_LIMIT {
        return Err(HttpError::TooLarge);
    }
    body.extend_from_slice(part);
    Ok(())
}

/// The platform's certificate authorities and those of the configuration, in DER. None at all is an error unless the
/// gateway only ever speaks to its own machine.
pub(crate) fn authorities(egress: &Egress) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let mut found = rustls_native_certs::load_native_certs().certs;
    if let Some(path) = &egress.authorities {
        let fault = |fault: String| SetupError::Authorities { path: path.display().to_string(), fault };
        let own = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| fault(error.to_string()))?;
        if own.is_empty() {
            return Err(fault("holds no certificate".to_owned()));
        }
        found.extend(own);
    }
    if found.is_empty() && egress.loopback == crate::config::Loopback::Refused {
        return Err(SetupError::NoAuthorities);
    }
    Ok(found)
}

impl HttpError {
    fn of(error: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref::<Refused>() {
                return Self::Refused(*refused);
            }
            cause = error.source();
        }
        if error.is_timeout() {
            return Self::TimedOut;
        }
        let mut root: &(dyn std::error::Error + 'static) = error;
        while let Some(deeper) = root.source() {
            root = deeper;
        }
        Self::Unreachable { detail: root.to_string() }
    }
}
