//! What holds the private halves of the gateway's own keys. For those that sign, a closed set: the registry's vault or a
//! token.

use std::sync::Arc;

use domain::id::Kid;
use domain::jose::{KeyError, PublicJwk, SigningAlgorithm, SigningKey, Unsigned};
use domain::keys::Timetable;
use serde_json::Value;
use store::registry::{HeldKey, Registry};
use store::seal::Vault;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::request::{NoRequestKeys, PublishedKeys};
use super::token::{Token, TokenError};
use crate::clock::Clock;
use crate::config::{Holder, Keys};

/// What holds keys, and how long they live. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Keyholder {
    /// How long keys live.
    pub(crate) timetable: Timetable,
    holder: Holder,
    token: Option<Arc<Token>>,
    request: Arc<PublishedKeys>,
}

/// The keys cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpened {
    /// The token is not there, or does not let us in.
    #[error("the token of the signing keys: {0}")]
    Token(#[from] TokenError),
    /// The keys of request objects are not there.
    #[error("the keys of request objects: {0}")]
    Request(#[from] NoRequestKeys),
}

/// A key could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotMade {
    /// The cryptographic provider did not make it.
    #[error(transparent)]
    Provider(#[from] KeyError),
    /// The token did not make it.
    #[error("the token: {0}")]
    Token(#[from] TokenError),
    /// Keys are to be made on a token, and there is none.
    #[error("no token is configured ([keys.pkcs11])")]
    NoToken,
}

impl Keyholder {
    /// Opens the token, when there is one, and the keys of request objects, which are made when there are none.
    pub(crate) async fn open(
        keys: &Keys,
        vault: &Vault,
        registry: &Registry,
        clock: &Clock,
    ) -> Result<Self, NotOpened> {
        let token = keys.token.as_ref().map(Token::open).transpose()?.map(Arc::new);
        let request = Arc::new(PublishedKeys::obtain(registry, vault, clock).await?);
        Ok(Self { timetable: keys.timetable, holder: keys.holder, token, request })
    }

    /// The algorithms of which keys can be made here.
    pub(crate) fn algorithms(&self) -> Vec<SigningAlgorithm> {
        let makes = |algorithm: &SigningAlgorithm| match self.holder {
            Holder::Registry => true,
            Holder::Token => self.token.as_ref().is_some_and(|token| token.makes(*algorithm)),
        };
        SigningAlgorithm::ALL.into_iter().filter(makes).collect()
    }

    /// Makes a key. Takes a while, on a token or for RSA: not for a request.
    pub(crate) fn make(&self, algorithm: SigningAlgorithm, kid: Kid) -> Result<HeldKey, NotMade> {
        off_the_runtime(|| match self.holder {
            Holder::Registry => Ok(HeldKey::Sealed(SigningKey::generate(algorithm, kid)?)),
            Holder::Token => {
                let token = self.token.as_ref().ok_or(NotMade::NoToken)?;
                Ok(HeldKey::OnToken(token.make(algorithm, &kid)?))
            }
        })
    }

    /// Destroys the private half, where it is held apart from the registry.
    pub(crate) fn destroy(&self, key: &HeldKey) -> Result<(), NotMade> {
        match key {
            HeldKey::Sealed(_) => Ok(()),
            HeldKey::OnToken(key) => {
                let token = self.token.as_ref().ok_or(NotMade::NoToken)?;
                Ok(off_the_runtime(|| token.destroy(key.kid()))?)
            }
        }
    }

    /// The keys that request objects are encrypted to.
    pub(crate) fn request_keys(&self) -> &PublishedKeys {
        &self.request
    }

    /// What signs with a key; `None` when it is on a token and none is configured.
    pub(crate) fn signer(&self, key: &HeldKey) -> Option<Signer> {
        match key {
            HeldKey::Sealed(key) => Some(Signer::Here(key.clone())),
            HeldKey::OnToken(key) => {
                self.token.as_ref().map(|token| Signer::OnToken { key: key.clone(), token: Arc::clone(token) })
            }
        }
    }
}

/// A key that can sign.
#[derive(Clone)]
pub(crate) enum Signer {
    /// Its private half is in this process.
    Here(SigningKey),
    /// Its private half is on a token.
    OnToken {
        /// The public half.
        key: PublicJwk,
        /// The token.
        token: Arc<Token>,
    },
}

impl Signer {
    /// Signs claims as a compact JWS of that `typ`. A token may fail; a key in this process never does.
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> Result<String, TokenError> {
        match self {
            Self::Here(key) => Ok(key.sign(typ, claims)),
            Self::OnToken { key, token } => {
                let unsigned = Unsigned::new(key.algorithm(), key.kid(), typ, claims);
                let signature = off_the_runtime(|| token.sign(key.algorithm(), key.kid(), unsigned.message()))?;
                Ok(unsigned.signed(&signature))
            }
        }
    }
}

/// Does what blocks without holding up other tasks: on a worker of the runtime, the worker hands them over first. Calls
/// are bounded by the token itself, far below the threads that the runtime may have (decisions/0014).
fn off_the_runtime<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        Ok(_) | Err(_) => work(),
    }
}

impl std::fmt::Debug for Keyholder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyholder({:?})", self.holder)
    }
}
