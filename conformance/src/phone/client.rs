//! The telephone's side of the app API: JSON, each call with a proof of one key (RFC 9449), errors as RFC 9457 has them.

use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::Value;

use crate::audit;
use crate::fapi::Proof;
use crate::jose::{Algorithm, SigningKey};

/// The gateway said no.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{status} {code}: {detail}")]
pub struct Refusal {
    /// Status of HTTP.
    pub status: u16,
    /// The code of the problem; empty where the answer has none.
    pub code: String,
    /// What it says.
    pub detail: String,
    /// Headers of the answer.
    pub headers: HeaderMap,
}

/// What an interface says: nothing, or an object.
pub type Said = Result<Value, Failure>;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The gateway refused.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The wire.
    #[error("the gateway cannot be reached: {0}")]
    Wire(#[from] reqwest::Error),
    /// The card.
    #[error(transparent)]
    Card(#[from] super::reading::Fault),
    /// An answer lacks what it must have.
    #[error("the answer of the gateway has no {0}")]
    Form(&'static str),
    /// The text to sign is not the one that follows from what was shown.
    #[error("the gateway asks for a signature over another text than the one that was shown")]
    OtherText,
    /// The address is not one of this gateway.
    #[error("the link is not one of this service")]
    Address,
}

impl Refusal {
    /// The code of the one event that accounts for the refusal.
    ///
    /// # Panics
    /// When there is not exactly one.
    pub fn audited(&self) -> String {
        audit::code(self.status, &self.headers)
    }
}

impl Failure {
    /// The code of the gateway's refusal, if it was one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(&refusal.code),
            Self::Wire(_) | Self::Card(_) | Self::Form(_) | Self::OtherText | Self::Address => None,
        }
    }
}

/// One end of the interface, with a key that all its calls prove.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: Arc<SigningKey>,
    nonce: Option<String>,
}

impl Client {
    /// A client under a fresh key, for addresses below `base`.
    ///
    /// # Panics
    /// When the HTTP library cannot make one.
    pub fn new(base: &str) -> Self {
        Self::with_key(base, SigningKey::generate(Algorithm::Es256))
    }

    /// The same under a key that is known already.
    ///
    /// # Panics
    /// When the HTTP library cannot make one.
    pub fn with_key(base: &str, key: SigningKey) -> Self {
        let key = Arc::new(key);
        let plain = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = plain.build().expect("a client without any special wish");
        Self { http, base: base.trim_end_matches('/').to_owned(), key, nonce: None }
    }

    /// The same by way of another HTTP client: one that trusts an authority of its own, for one.
    #[must_use]
    pub fn by_way_of(self, http: reqwest::Client) -> Self {
        Self { http, ..self }
    }

    /// A second connection under the same key.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { http: self.http.clone(), base: self.base.clone(), key: Arc::clone(&self.key), nonce: self.nonce.clone() }
    }

    /// The thumbprint of its key.
    pub fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    /// Its key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Posts an object; once more when a nonce is asked for (RFC 9449 §8, §9).
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn post(&mut self, path: &str, body: &Value) -> Said {
        self.post_octets(path, body.to_string().as_bytes()).await
    }

    /// Posts what need not be an object.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn post_octets(&mut self, path: &str, body: &[u8]) -> Said {
        let (answer, asks) = self.call(path, body).await?;
        if asks { self.call(path, body).await?.0 } else { answer }
    }

    /// One call, and whether its refusal only asks for a nonce.
    async fn call(&mut self, path: &str, body: &[u8]) -> Result<(Said, bool), reqwest::Error> {
        let url = format!("{}{path}", self.base);
        let proof = Proof::new(&self.key, &Method::POST, &url);
        let proof = match &self.nonce {
            Some(nonce) => proof.claim("nonce", nonce.clone()),
            None => proof,
        };
        let call = self.http.post(&url).header("dpop", proof.signed(&self.key));
        let answer = call.header("content-type", "application/json").body(body.to_vec()).send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        if let Some(nonce) = headers.get("dpop-nonce").and_then(|nonce| nonce.to_str().ok()) {
            self.nonce = Some(nonce.to_owned());
        }
        let text = answer.text().await?;
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        if status < 400 {
            return Ok((Ok(said), false));
        }
        let challenge = headers.get("www-authenticate").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let asks = challenge.contains("use_dpop_nonce") || text.contains("use_dpop_nonce");
        let member = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let refusal = Refusal { status, code: member("code"), detail: member("detail"), headers };
        Ok((Err(Failure::Refused(Box::new(refusal))), asks))
    }

    /// Gets an object, without a proof.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn get(&self, path: &str) -> Said {
        Ok(self.http.get(format!("{}{path}", self.base)).send().await?.error_for_status()?.json().await?)
    }
}
