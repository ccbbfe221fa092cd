//! Request objects (RFC 9101; FAPI 2.0 Message Signing §5.3): an authorization request that its client signed.
//!
//! ```text
//!  request=… ──▶ [decrypt with our key] ──▶ verify with the client's keys ──▶ claims ──▶ parameters ──▶ the same checks
//!                     not so: a page             not so: a page                not so: told to the relying party
//! ```
//!
//! Only what stands inside counts; of what stands outside, `client_id` alone is read, and must be the same. Before the
//! signature is good there is nobody to answer: neither the redirect URI nor `state` is known to be the client's.
//!
//! OIDC Core §6.1 leaves `iss`, `aud` and `exp` to the client. They are required of every profile here: an object without
//! them could be used at another server, or for ever. `nbf` is required under FAPI alone; where it is missing, `exp` lies
//! within the hour. An object may come again while it counts, as a reload brings it.

use serde_json::Value;

use super::error::AuthorizeError;
use super::parameters::Parameters;
use super::request::{Form, Incoming};
use crate::client::{Client, Profile, Registered};
use crate::jose::jwe::{DecryptionKey, KeyAlgorithm};
use crate::jose::{self, BadToken, Claims, KeySet, SKEW};
use crate::time::Timestamp;

/// The longest life of a request object, and the greatest age of its `nbf`, in seconds (FAPI 2.0 Message Signing
/// §5.3.1-3, -4).
const LONGEST: i64 = 3600;

/// What a request object is opened with.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// Our issuer, which `aud` must hold.
    pub issuer: &'a str,
    /// Our keys, which objects are encrypted to.
    pub own: &'a RequestKeys,
    /// The keys of a client that keeps its own elsewhere.
    pub fetched: Option<&'a KeySet>,
    /// The time.
    pub now: Timestamp,
}

/// The keys that clients encrypt their request objects to: one for each kind of key algorithm.
#[derive(Debug)]
pub struct RequestKeys {
    /// P-256.
    pub agreement: DecryptionKey,
    /// RSA.
    pub transport: DecryptionKey,
}

impl RequestKeys {
    /// The algorithms that one of them serves.
    pub const ALGORITHMS: [KeyAlgorithm; 3] = KeyAlgorithm::ALL;

    /// The key of an algorithm.
    pub const fn serving(&self, algorithm: KeyAlgorithm) -> &DecryptionKey {
        match algorithm {
            KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA256kw => &self.agreement,
            KeyAlgorithm::RsaOaep256 => &self.transport,
        }
    }
}

/// Why nothing in a request object can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It is empty, or came twice.
    #[error("`request` is empty or was sent more than once")]
    Missing,
    /// The client has no keys that could verify it.
    #[error("the client has no keys, or they cannot be fetched")]
    NoKeys,
    /// It is encrypted although the client did not register that, in another way, or not to our key.
    #[error("the request object cannot be decrypted as registered")]
    Encryption,
    /// The signature or its header is not good.
    #[error("the request object: {0}")]
    Signature(#[from] BadToken),
    /// It is a JWT of another kind.
    #[error("the typ of the request object is another")]
    Type,
}

impl Unopened {
    /// Whether newer keys of the client could open it.
    pub const fn may_be_a_newer_key(&self) -> bool {
        match self {
            Self::Signature(fault) => fault.may_be_a_newer_key(),
            Self::Missing | Self::NoKeys | Self::Encryption | Self::Type => false,
        }
    }
}

/// What is wrong with a request object whose client is known: told to the relying party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ObjectFault {
    pub(super) error: AuthorizeError,
    pub(super) description: &'static str,
}

impl Incoming {
    /// Whether the request comes as an object.
    pub fn is_object(&self) -> bool {
        self.form() == Form::Plain && self.parameters().has("request")
    }

    /// The request inside the object. Every parameter outside is gone.
    pub fn opened(&self, found: &Registered, with: &Opening<'_>) -> Result<Self, Unopened> {
        let client = &found.client;
        let token = self.parameters().one("request").ok().flatten().ok_or(Unopened::Missing)?;
        let decrypted = decrypted(token, client, with.own)?;
        let token = decrypted.as_deref().unwrap_or(token);
        let keys = client.keys.set(with.fetched).ok_or(Unopened::NoKeys)?;
        let claims = jose::verify_among(token, client.request_object_algorithms(), keys)?;
        if !is_request_type(jose::declared_type(token)?.as_deref()) {
            return Err(Unopened::Type);
        }
        let (parameters, typed) = parameters(&claims);
        let fault = check(&claims, client, with).and(typed).err();
        Ok(Self::from_object(client.id.clone(), parameters, fault))
    }
}

/// The signed object inside an encrypted one; `None` for one that is not encrypted. The algorithm is the registered one.
fn decrypted(token: &str, client: &Client, own: &RequestKeys) -> Result<Option<String>, Unopened> {
    if token.bytes().filter(|byte| *byte == b'.').count() != 4 {
        return Ok(None);
    }
    let algorithm = client.request_objects.encryption.ok_or(Unopened::Encryption)?;
    let plain = own.serving(algorithm).decrypt(token, algorithm).map_err(|_| Unopened::Encryption)?;
    std::str::from_utf8(&plain).map(|text| Some(text.to_owned())).map_err(|_| Unopened::Encryption)
}

/// RFC 9101 §10.8: `oauth-authz-req+jwt`. Without one, or as a plain JWT, it is what OIDC Core §6.1 sends; what else is
/// in the claims tells it from other tokens of the client. Media types know no case (RFC 7515 §4.1.9).
fn is_request_type(declared: Option<&str>) -> bool {
    declared.is_none_or(|declared| {
        let declared = declared.to_ascii_lowercase();
        let name = declared.strip_prefix("application/").unwrap_or(&declared);
        name == "jwt" || name == "oauth-authz-req+jwt"
    })
}

fn check(claims: &Claims, client: &Client, with: &Opening<'_>) -> Result<(), ObjectFault> {
    let bad = |description| ObjectFault { error: AuthorizeError::InvalidRequestObject, description };
    let id = client.id.as_str();
    let has = |name: &str| claims.as_map().contains_key(name);
    if has("request") || has("request_uri") {
        let description = "a request object must hold neither request nor request_uri (RFC 9101 4)";
        return Err(ObjectFault { error: AuthorizeError::InvalidRequest, description });
    }
    claims.require("iss", id).map_err(|_| bad("iss of the request object must be the client_id"))?;
    claims.require("client_id", id).map_err(|_| bad("client_id inside and outside the request object differ"))?;
    // An assertion that authenticates the client has the same issuer and audience (RFC 9101 §10.8).
    if claims.as_map().get("sub").is_some_and(|sub| sub.as_str() == Some(id)) {
        return Err(bad("sub of the request object must not be the client_id: that is a client assertion"));
    }
    let issuer = with.issuer;
    claims.require_among_audience(issuer).map_err(|_| bad("aud of the request object must hold the issuer"))?;
    claims
        .require_fresh(with.now)
        .map_err(|_| bad("exp, nbf or iat of the request object is missing, malformed, past or ahead"))?;
    let exp = claims.integer("exp").map_err(|_| bad("exp of the request object is missing"))?;
    let nbf = claims.optional_integer("nbf").map_err(|_| bad("nbf of the request object is no number"))?;
    let now = with.now.epoch();
    match (nbf, client.profile) {
        (None, Profile::Fapi2) => Err(bad("nbf of the request object is missing (FAPI 2.0 Message Signing 5.3.1)")),
        (Some(nbf), _) if now.saturating_sub(nbf) > LONGEST + SKEW => {
            Err(bad("nbf of the request object is more than 60 minutes old"))
        }
        (Some(nbf), _) if exp.saturating_sub(nbf) > LONGEST => {
            Err(bad("exp of the request object is more than 60 minutes after nbf"))
        }
        (None, Profile::Standard | Profile::FranceConnect) if exp.saturating_sub(now) > LONGEST => {
            Err(bad("exp of the request object is more than 60 minutes ahead"))
        }
        (Some(_) | None, _) => Ok(()),
    }
}

/// Claims that speak of the object and are no parameters of the request (RFC 7519 §4.1).
const OF_THE_OBJECT: [&str; 9] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "request", "request_uri"];

/// Parameters that are texts. One of another JSON type refuses the object: it is never taken for absent.
const TEXTS: [&str; 20] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "acr_values",
    "prompt",
    "login_hint",
    "id_token_hint",
    "idp_hint",
    "ui_locales",
    "claims_locales",
    "display",
    "max_age",
    "registration",
];

/// The parameters inside, in the form that the checks read: `max_age` may be a number, `claims` and
/// `authorization_details` are JSON (RFC 9101 §4, RFC 9396 §2), `resource` may be a list (RFC 8707 §2).
fn parameters(claims: &Claims) -> (Parameters, Result<(), ObjectFault>) {
    let mut pairs = Vec::new();
    let mut typed = Ok(());
    for (name, value) in claims.as_map() {
        let mut take = |text: String| pairs.push((name.clone(), text));
        match (name.as_str(), value) {
            (own, _) if OF_THE_OBJECT.contains(&own) => {}
            (_, Value::String(text)) => take(text.clone()),
            ("max_age", Value::Number(number)) => take(number.to_string()),
            ("claims", Value::Object(_)) | ("authorization_details", Value::Array(_)) => take(value.to_string()),
            ("resource", Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).for_each(|text| take(text.to_owned()));
            }
            (name, _) if TEXTS.contains(&name) || ["claims", "authorization_details", "resource"].contains(&name) => {
                let description = "a parameter inside the request object has the wrong JSON type";
                typed = Err(ObjectFault { error: AuthorizeError::InvalidRequestObject, description });
            }
            // A parameter that nobody knows is ignored (RFC 6749 §3.1).
            _ => {}
        }
    }
    (Parameters::of(pairs), typed)
}

#[cfg(test)]
#[path = "request_object_tests.rs"]
mod tests;
