//! What the gateway and this site agreed on when the site was registered.

use std::collections::HashSet;

use serde_json::{Value, json};
use url::Url;

use crate::algorithm::SigningAlgorithm;
use crate::client_key::ClientKey;
use crate::credentials::Credentials;
use crate::decryption::DecryptionKey;
use crate::dpop::DpopKey;
use crate::error::Error;
use crate::id_token::AtHash;
use crate::issuer::{Issuer, is_protected};
use crate::tokens::Scheme;

/// The registration of this site at the gateway: who it is, how it proves it, where citizens come back.
#[derive(Debug, Clone)]
pub struct Registration {
    pub(crate) issuer: Issuer,
    pub(crate) client_id: String,
    pub(crate) credentials: Credentials,
    pub(crate) redirect_uri: Url,
    pub(crate) post_logout_redirect_uri: Option<Url>,
    pub(crate) id_token_algorithm: SigningAlgorithm,
    pub(crate) userinfo_algorithm: Option<SigningAlgorithm>,
    pub(crate) id_token_keys: Vec<DecryptionKey>,
    pub(crate) userinfo_keys: Vec<DecryptionKey>,
    requests: Requests,
    profile: Profile,
    pub(crate) request_key: Option<ClientKey>,
    pub(crate) answer_algorithm: Option<SigningAlgorithm>,
    answers: Answers,
    pub(crate) dpop: Option<DpopKey>,
    pub(crate) at_hash: AtHash,
    tokens: Tokens,
}

impl Registration {
    /// The four things every registration has: the gateway's issuer, the client id, the credentials and the
    /// redirect URI, each exactly as registered.
    ///
    /// The ID token is expected to be signed with RS256 and userinfo to be plain JSON, the defaults of OpenID
    /// Connect Registration 1.0 §2. Addresses are `https`; `http` is taken on loopback only.
    ///
    /// # Errors
    /// [`Error::Setting`] names the one that cannot be used.
    pub fn new(issuer: &str, client_id: &str, credentials: Credentials, redirect_uri: &str) -> Result<Self, Error> {
        let visible = !client_id.is_empty() && client_id.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
        if !visible {
            return Err(Error::Setting {
                name: "client_id",
                seen: client_id.to_owned(),
                wanted: "give the client id exactly as the gateway's operator gave it",
            });
        }
        Ok(Self {
            issuer: Issuer::parse(issuer)?,
            client_id: client_id.to_owned(),
            credentials,
            redirect_uri: own_address("redirect_uri", redirect_uri)?,
            post_logout_redirect_uri: None,
            id_token_algorithm: SigningAlgorithm::Rs256,
            userinfo_algorithm: None,
            id_token_keys: Vec::new(),
            userinfo_keys: Vec::new(),
            requests: Requests::AsTheGatewaySays,
            profile: Profile::Standard,
            request_key: None,
            answer_algorithm: None,
            answers: Answers::InTheQuery,
            dpop: None,
            at_hash: AtHash::Optional,
            tokens: Tokens::Dropped,
        })
    }

    /// Where citizens come back after a logout, exactly as registered.
    ///
    /// # Errors
    /// [`Error::Setting`] when it is not an address of the same rules as the redirect URI.
    pub fn with_post_logout_redirect_uri(mut self, address: &str) -> Result<Self, Error> {
        self.post_logout_redirect_uri = Some(own_address("post_logout_redirect_uri", address)?);
        Ok(self)
    }

    /// The algorithm registered as `id_token_signed_response_alg`.
    #[must_use]
    pub fn with_id_token_signed_by(mut self, algorithm: SigningAlgorithm) -> Self {
        self.id_token_algorithm = algorithm;
        self
    }

    /// The algorithm registered as `userinfo_signed_response_alg`; a plain answer is refused from then on.
    #[must_use]
    pub fn with_userinfo_signed_by(mut self, algorithm: SigningAlgorithm) -> Self {
        self.userinfo_algorithm = Some(algorithm);
        self
    }

    /// Expects ID tokens encrypted to this key; one that is not is refused from then on. Said again with the key
    /// before it, both are taken while the gateway changes from one to the other.
    #[must_use]
    pub fn with_id_token_encrypted_to(mut self, key: DecryptionKey) -> Self {
        self.id_token_keys.push(key);
        self
    }

    /// Expects userinfo signed ([`Registration::with_userinfo_signed_by`]) and then encrypted to this key, with the
    /// same rules as for ID tokens.
    #[must_use]
    pub fn with_userinfo_encrypted_to(mut self, key: DecryptionKey) -> Self {
        self.userinfo_keys.push(key);
        self
    }

    /// Everything that the FAPI 2.0 Security Profile asks of a client: pushed requests, tokens bound to a key (a new
    /// one unless [`Registration::with_dpop`] gave one), ES256 for ID tokens (PS256 and EdDSA may be chosen
    /// afterwards), `at_hash` required. The credentials must be a private key.
    #[must_use]
    pub fn with_fapi2(mut self) -> Self {
        self.profile = Profile::Fapi2;
        self.requests = Requests::Pushed;
        self.dpop.get_or_insert_with(DpopKey::generate);
        self.at_hash = AtHash::Required;
        self.id_token_algorithm = SigningAlgorithm::Es256;
        self
    }

    /// The public halves of this site's keys as a JWK set (RFC 7517 §5), to register or to publish under the
    /// registered `jwks_uri`. The key of bound tokens is not among them: it travels with each proof.
    pub fn public_keys(&self) -> Value {
        let signing = self.credentials.key().into_iter().chain(&self.request_key).map(ClientKey::public_jwk);
        let decrypting = self.id_token_keys.iter().chain(&self.userinfo_keys).map(|key| key.public_jwk().clone());
        let mut keys: Vec<Value> = Vec::new();
        for key in signing.chain(decrypting) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        json!({"keys": keys})
    }

    /// What only shows once everything is set.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |name, seen: String, wanted| Err(Error::Setting { name, seen, wanted });
        if !self.userinfo_keys.is_empty() && self.userinfo_algorithm.is_none() {
            return wrong("userinfo", "encrypted".into(), "register encrypted userinfo as signed too");
        }
        let keys = self.public_keys();
        let mut kids = HashSet::new();
        for kid in keys["keys"].as_array().into_iter().flatten().filter_map(|key| key["kid"].as_str()) {
            if !kids.insert(kid) {
                return wrong("kid", kid.to_owned(), "give each key of this site a name of its own");
            }
        }
        match self.profile {
            Profile::Standard => Ok(()),
            Profile::Fapi2 if self.credentials.key().is_none() => {
                let method = self.credentials.method().to_owned();
                wrong("credentials", method, "under FAPI 2.0 a client proves itself with `private_key_jwt`")
            }
            Profile::Fapi2 => {
                let algorithms = [Some(self.id_token_algorithm), self.userinfo_algorithm, self.answer_algorithm];
                match algorithms.into_iter().flatten().find(|it| *it == SigningAlgorithm::Rs256) {
                    None => Ok(()),
                    Some(found) => wrong("algorithm", found.to_string(), "under FAPI 2.0: ES256, PS256 or EdDSA"),
                }
            }
        }
    }

    /// Pushes every authorization request to the gateway first (RFC 9126), so that the browser carries nothing of
    /// it. Done without being asked when the gateway requires it.
    #[must_use]
    pub fn with_pushed_requests(mut self) -> Self {
        self.requests = Requests::Pushed;
        self
    }

    /// Signs every authorization request with this key (RFC 9101), pushed or not.
    #[must_use]
    pub fn with_signed_requests(mut self, key: ClientKey) -> Self {
        self.request_key = Some(key);
        self
    }

    /// Asks for answers signed with the algorithm registered as `authorization_signed_response_alg` (JARM); a plain
    /// answer is refused from then on.
    #[must_use]
    pub fn with_answers_signed_by(mut self, algorithm: SigningAlgorithm) -> Self {
        self.answer_algorithm = Some(algorithm);
        self
    }

    /// Has answers posted to the redirect URI (`form_post`) instead of written in its query. The browser posts from
    /// a page of the gateway: the login cookie has to be `SameSite=None; Secure`, as the ready routes set it then.
    #[must_use]
    pub fn with_posted_answers(mut self) -> Self {
        self.answers = Answers::Posted;
        self
    }

    #[cfg(feature = "axum")]
    pub(crate) fn answers_are_posted(&self) -> bool {
        self.answers == Answers::Posted
    }

    /// The `response_mode` to ask; none for the one that code has by itself.
    pub(crate) fn response_mode(&self) -> Option<&'static str> {
        match (self.answers, self.answer_algorithm) {
            (Answers::InTheQuery, None) => None,
            (Answers::InTheQuery, Some(_)) => Some("jwt"),
            (Answers::Posted, None) => Some("form_post"),
            (Answers::Posted, Some(_)) => Some("form_post.jwt"),
        }
    }

    /// Has access tokens bound to this key (RFC 9449): a stolen one is of no use. A token that comes unbound is
    /// refused from then on.
    #[must_use]
    pub fn with_dpop(mut self, key: DpopKey) -> Self {
        self.dpop = Some(key);
        self
    }

    /// Refuses an ID token that does not name the access token it came with (`at_hash`). One that names another is
    /// always refused.
    #[must_use]
    pub fn with_at_hash_required(mut self) -> Self {
        self.at_hash = AtHash::Required;
        self
    }

    /// Keeps the access token, and the refresh token if there is one, in the [`crate::Session`], for a site that
    /// calls data providers. Without it they are dropped as soon as the citizen is signed in: what is not kept
    /// cannot be stolen.
    #[must_use]
    pub fn with_tokens_kept(mut self) -> Self {
        self.tokens = Tokens::Kept;
        self
    }

    pub(crate) fn keeps_tokens(&self) -> bool {
        self.tokens == Tokens::Kept
    }

    /// How access tokens of this client are shown.
    pub(crate) fn scheme(&self) -> Scheme {
        if self.dpop.is_some() { Scheme::Dpop } else { Scheme::Bearer }
    }

    pub(crate) fn pushes(&self) -> bool {
        self.requests == Requests::Pushed
    }
}

/// What the site is held to besides what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    Standard,
    /// FAPI 2.0 Security Profile, Final.
    Fapi2,
}

/// How an authorization request travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Requests {
    /// With the browser, unless the gateway requires them to be pushed.
    AsTheGatewaySays,
    Pushed,
}

/// How answers reach this site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    InTheQuery,
    Posted,
}

/// What becomes of tokens once the citizen is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tokens {
    Dropped,
    Kept,
}

/// An address of this site to which the gateway sends browsers.
fn own_address(name: &'static str, text: &str) -> Result<Url, Error> {
    let wrong = |wanted| Error::Setting { name, seen: text.to_owned(), wanted };
    let url = Url::parse(text).map_err(|_| wrong("give an absolute URL, as registered at the gateway"))?;
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("an address the gateway sends browsers to has no user and no fragment"));
    }
    if !is_protected(&url) {
        return Err(wrong("use https; http is taken on loopback only"));
    }
    // the gateway compares byte for byte: what parsing would rewrite must be written the parsed way
    if url.as_str() != text {
        return Err(wrong("write it in its normal form (lower-case host, no default port, a path)"));
    }
    Ok(url)
}

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
