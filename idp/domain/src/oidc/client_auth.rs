//! Client authentication (OIDC Core §9): what was presented, and the proof that it was good.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::binding::Possession;
use super::certificate::{ClientCertificate, RegisteredCertificates};
use super::error::TokenError;
use super::parameters::Parameters;
use crate::client::{Authentication, Client, ClientState, Registered};
use crate::id::ClientId;
use crate::jose::{self, Claims, KeySet};
use crate::secret::{SecretDigest, from_base64url};
use crate::time::{Lifetime, Timestamp};

/// How far the clock of a node may be off, in seconds.
const CLOCKS: i64 = 60;

/// The longest life of a client assertion.
const ASSERTION_LIFE: i64 = 600;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client presented, before it was looked up.
pub struct Presented {
    client: ClientId,
    proof: Proof,
}

enum Proof {
    Basic(String),
    Post(String),
    Assertion(String),
    /// The certificate of the connection, and nothing else (RFC 8705 §2).
    Certificate(Arc<ClientCertificate>),
}

/// A client that proved who it is. The only constructor is [`Presented::verify`].
///
/// ```compile_fail,E0451
/// fn forge(client: &domain::client::Client) -> domain::oidc::client_auth::AuthenticatedClient<'_> {
///     domain::oidc::client_auth::AuthenticatedClient { client, assertion: None, holds: Default::default() }
/// }
/// ```
#[derive(Debug)]
pub struct AuthenticatedClient<'a> {
    client: &'a Client,
    assertion: Option<AssertionUse>,
    holds: Possession,
}

/// The single use of a client assertion, to be remembered until it ends (RFC 7523 §3, `jti`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionUse {
    /// Unique for the client and assertion.
    pub key: Vec<u8>,
    /// How long to remember it.
    pub remember: Lifetime,
}

impl Presented {
    /// Reads what a request presents: the `Authorization` header, the form, and the certificate of its connection. Two
    /// methods at once are refused (RFC 6749 §2.3); a certificate beside another method is none, because tokens may be
    /// bound to it whatever the method (RFC 8705 §3).
    pub fn read(
        authorization: Option<&str>,
        form: &Parameters,
        certificate: Option<&Arc<ClientCertificate>>,
    ) -> Result<Self, TokenError> {
        let one = |name| {
            form.one(name)
                .map_err(|_| TokenError::InvalidRequest("a client authentication parameter was sent more than once"))
        };
        let (named, secret) = (one("client_id")?, one("client_secret")?);
        let (assertion, kind) = (one("client_assertion")?, one("client_assertion_type")?);
        let id = || named.and_then(|id| ClientId::parse(id).ok()).ok_or(TokenError::InvalidClient);
        let (client, proof) = match (authorization, secret, assertion) {
            (Some(header), None, None) => {
                let (client, secret) = basic(header).ok_or(TokenError::InvalidClient)?;
                (client, Proof::Basic(secret))
            }
            (None, Some(secret), None) => (id()?, Proof::Post(secret.to_owned())),
            (None, None, Some(assertion)) if kind == Some(ASSERTION_TYPE) => {
                // The subject is read before the signature is verified, only to find the keys to verify with.
                let client = unverified_subject(assertion).ok_or(TokenError::InvalidClient)?;
                (client, Proof::Assertion(assertion.to_owned()))
            }
            (None, None, None) => match certificate {
                Some(certificate) => (id()?, Proof::Certificate(Arc::clone(certificate))),
                None => return Err(TokenError::InvalidClient),
            },
            (None, None, Some(_)) => return Err(TokenError::InvalidClient),
            _ => return Err(TokenError::InvalidRequest("send one client authentication method, not two")),
        };
        if named.is_some_and(|id| id != client.as_str()) {
            return Err(TokenError::InvalidClient);
        }
        Ok(Self { client, proof })
    }

    /// The client to look up.
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// Whether the client's public keys are needed to verify what was presented: by a signature, or by a certificate that
    /// stands beside a key (RFC 8705 §2.2).
    pub const fn needs_keys(&self, client: &Client) -> bool {
        match (&self.proof, &client.authentication) {
            (Proof::Assertion(_), Authentication::PrivateKeyJwt)
            | (Proof::Certificate(_), Authentication::SelfSignedTlsClientAuth) => true,
            (Proof::Basic(_) | Proof::Post(_) | Proof::Assertion(_) | Proof::Certificate(_), _) => false,
        }
    }

    /// Whether what was presented is proved by none of these keys, so that newer ones of the client could tell otherwise.
    pub fn wants_newer_keys(&self, client: &Client, keys: &KeySet, now: Timestamp) -> bool {
        match &self.proof {
            Proof::Assertion(assertion) => {
                let verdict = jose::verify_among(assertion, client.profile.algorithms(), keys);
                verdict.is_err_and(|fault| fault.may_be_a_newer_key())
            }
            Proof::Certificate(certificate) => {
                !RegisteredCertificates::of(keys).is_ok_and(|registered| certificate.is_one_of(&registered, now))
            }
            Proof::Basic(_) | Proof::Post(_) => false,
        }
    }

    /// Verifies what was presented against what was found. An unknown client costs as much as a wrong secret. `fetched`
    /// is the key set of a client that keeps its own elsewhere.
    pub fn verify<'a>(
        &self,
        found: Option<&'a Registered>,
        fetched: Option<&KeySet>,
        issuer: &str,
        now: Timestamp,
    ) -> Result<AuthenticatedClient<'a>, TokenError> {
        let Some(registered) = found.filter(|registered| registered.state == ClientState::Active) else {
            if let Proof::Basic(secret) | Proof::Post(secret) = &self.proof {
                let _ = SecretDigest::of("").matches(secret);
            }
            return Err(TokenError::InvalidClient);
        };
        let client = &registered.client;
        let secret_matches = |secret: &str| registered.secret.as_ref().is_some_and(|digest| digest.matches(secret));
        let assertion = match (&self.proof, &client.authentication) {
            (Proof::Basic(secret), Authentication::ClientSecretBasic)
            | (Proof::Post(secret), Authentication::ClientSecretPost)
                if secret_matches(secret) =>
            {
                None
            }
            (Proof::Assertion(assertion), Authentication::PrivateKeyJwt) => {
                let keys = client.keys.set(fetched).ok_or(TokenError::InvalidClient)?;
                let claims = jose::verify_among(assertion, client.profile.algorithms(), keys)
                    .map_err(|_| TokenError::InvalidClient)?;
                Some(check_assertion(&claims, client, issuer, now).ok_or(TokenError::InvalidClient)?)
            }
            (Proof::Certificate(certificate), Authentication::TlsClientAuth(name))
                if certificate.proves_name(name, now) =>
            {
                None
            }
            (Proof::Certificate(certificate), Authentication::SelfSignedTlsClientAuth) => {
                let keys = client.keys.set(fetched).ok_or(TokenError::InvalidClient)?;
                let registered = RegisteredCertificates::of(keys).map_err(|_| TokenError::InvalidClient)?;
                if !certificate.is_one_of(&registered, now) {
                    return Err(TokenError::InvalidClient);
                }
                None
            }
            _ => return Err(TokenError::InvalidClient),
        };
        Ok(AuthenticatedClient { client, assertion, holds: Possession::default() })
    }
}

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Presented({})", self.client)
    }
}

impl<'a> AuthenticatedClient<'a> {
    /// The client.
    pub const fn client(&self) -> &'a Client {
        self.client
    }

    /// What it proved to hold beside its credentials.
    pub const fn holds(&self) -> &Possession {
        &self.holds
    }

    /// The same client, with what it proved to hold.
    #[must_use]
    pub fn holding(self, holds: Possession) -> Self {
        Self { holds, ..self }
    }

    /// The assertion to remember; it counts only when it was not seen before.
    pub const fn assertion(&self) -> Option<&AssertionUse> {
        self.assertion.as_ref()
    }
}

/// `Basic` credentials: client_id and secret are form-encoded first (RFC 6749 §2.3.1).
fn basic(header: &str) -> Option<(ClientId, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let form = |text: &str| {
        let pair = Parameters::parse(format!("x={text}").as_bytes()).ok()?;
        pair.one("x").ok().flatten().map(str::to_owned)
    };
    Some((ClientId::parse(&form(id)?).ok()?, form(secret)?))
}

fn unverified_subject(assertion: &str) -> Option<ClientId> {
    /// Whatever else it claims is not even kept.
    #[derive(Deserialize)]
    struct Claimed {
        sub: String,
    }
    let payload = from_base64url(assertion.split('.').nth(1)?)?;
    let claimed: Claimed = serde_json::from_slice(&payload).ok()?;
    ClientId::parse(&claimed.sub).ok()
}

/// `iss` and `sub` are the client, `aud` is the issuer as one text, `exp` is near, `jti` is there (RFC 7523 §3;
/// FAPI 2.0 §5.3.2.1-8).
fn check_assertion(claims: &Claims, client: &Client, issuer: &str, now: Timestamp) -> Option<AssertionUse> {
    claims.require("iss", client.id.as_str()).ok()?;
    claims.require("sub", client.id.as_str()).ok()?;
    claims.require_audience_text(issuer).ok()?;
    claims.require_fresh(now).ok()?;
    let remaining = claims.integer("exp").ok()?.saturating_sub(now.epoch());
    if remaining > ASSERTION_LIFE {
        return None;
    }
    let jti = claims.text("jti").ok().filter(|jti| !jti.is_empty() && jti.len() <= 256)?;
    let key = crate::secret::delimited(&[b"client-assertion", client.id.as_str().as_bytes(), jti.as_bytes()]);
    // Through its last second, on nodes whose clocks are a minute apart either way.
    let remember = u32::try_from(remaining.saturating_add(jose::SKEW + 1 + 2 * CLOCKS).max(1)).ok()?;
    Some(AssertionUse { key, remember: Lifetime::seconds(remember) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Kid;
    use crate::jose::{SigningAlgorithm, SigningKey};
    use crate::oidc::certificate::Chain;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://issuer.example";
    const NOW: Timestamp = Timestamp::from_epoch(1_000_000);

    fn registered(method: &str, key: Option<&SigningKey>) -> Registered {
        let mut metadata = json!({
            "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
            "token_endpoint_auth_method": method,
        });
        if let Some(key) = key {
            metadata["jwks"] = json!({"keys": [key.public_jwk()]});
        }
        let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
        Registered { client, secret: Some(SecretDigest::of("s3cret")), state: ClientState::Active }
    }

    fn form(pairs: &[(&str, &str)]) -> Parameters {
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Parameters::parse(encoded.as_bytes()).expect("well formed")
    }

    fn header(id: &str, secret: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
    }

    fn by(authorization: Option<&str>, pairs: &[(&str, &str)], registered: &Registered) -> Result<(), TokenError> {
        Presented::read(authorization, &form(pairs), None)?.verify(Some(registered), None, ISSUER, NOW).map(|_| ())
    }

    #[test]
    fn each_method_works_for_the_client_that_registered_it_alone() {
        let (basic, post) = (registered("client_secret_basic", None), registered("client_secret_post", None));
        let good = header("ville", "s3cret");
        let pairs = [("client_id", "ville"), ("client_secret", "s3cret")];
        assert_eq!(by(Some(&good), &[], &basic), Ok(()));
        assert_eq!(by(Some(&good), &[("client_id", "ville")], &basic), Ok(()));
        assert_eq!(by(None, &pairs, &post), Ok(()));
        assert_eq!(by(None, &pairs, &basic), Err(TokenError::InvalidClient));
        assert_eq!(by(Some(&good), &[], &post), Err(TokenError::InvalidClient));
    }

    #[test]
    fn wrong_doubled_or_missing_credentials_are_refused() {
        let basic = registered("client_secret_basic", None);
        let good = header("ville", "s3cret");
        assert_eq!(by(Some(&header("ville", "wrong")), &[], &basic), Err(TokenError::InvalidClient));
        assert_eq!(by(Some(&good), &[("client_id", "other")], &basic), Err(TokenError::InvalidClient));
        assert_eq!(by(None, &[("client_id", "ville")], &basic), Err(TokenError::InvalidClient));
        assert_eq!(by(Some("Basic ???"), &[], &basic), Err(TokenError::InvalidClient));
        assert_eq!(by(Some("Bearer x"), &[], &basic), Err(TokenError::InvalidClient));
        assert!(matches!(by(Some(&good), &[("client_secret", "s3cret")], &basic), Err(TokenError::InvalidRequest(_))));
        let twice = [("client_secret", "a"), ("client_secret", "a")];
        assert!(matches!(by(None, &twice, &basic), Err(TokenError::InvalidRequest(_))));
        let disabled = Registered { state: ClientState::Disabled, ..registered("client_secret_basic", None) };
        assert_eq!(by(Some(&good), &[], &disabled), Err(TokenError::InvalidClient));
        let presented = Presented::read(Some(&good), &form(&[]), None).expect("readable");
        assert_eq!(presented.verify(None, None, ISSUER, NOW).err(), Some(TokenError::InvalidClient));
    }

    #[test]
    fn basic_credentials_are_form_decoded() {
        let mut client = registered("client_secret_basic", None);
        client.secret = Some(SecretDigest::of("a+b:c%"));
        assert_eq!(by(Some(&header("ville", "a%2Bb%3Ac%25")), &[], &client), Ok(()));
    }

    fn assertion(key: &SigningKey, change: &Value) -> String {
        let mut claims = json!({
            "iss": "ville", "sub": "ville", "aud": ISSUER, "jti": "one", "iat": NOW.epoch(), "exp": NOW.epoch() + 60,
        });
        for (name, value) in change.as_object().expect("an object") {
            if value.is_null() {
                claims.as_object_mut().expect("an object").remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        key.sign("JWT", &claims)
    }

    #[test]
    fn an_assertion_is_good_for_its_own_client_issuer_and_time() {
        let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
        let client = registered("private_key_jwt", Some(&key));
        let verify = |change: &Value| {
            let token = assertion(&key, change);
            by(None, &[("client_assertion", &token), ("client_assertion_type", ASSERTION_TYPE)], &client)
        };
        assert_eq!(verify(&json!({})), Ok(()));
        assert_eq!(verify(&json!({"iat": NOW.epoch() + 8})), Ok(()));
        let now = NOW.epoch();
        for bad in [
            json!({"aud": "https://issuer.example/token"}),
            json!({"aud": [ISSUER]}),
            json!({"aud": "https://other.example"}),
            json!({"aud": null}),
            json!({"iss": "other"}),
            json!({"sub": "other"}),
            json!({"sub": null}),
            json!({"exp": null}),
            json!({"exp": now - 60}),
            json!({"exp": now + 31_536_000}),
            json!({"exp": "never"}),
            json!({"iat": now + 61}),
            json!({"nbf": now + 61}),
            json!({"nbf": "1"}),
            json!({"jti": null}),
            json!({"jti": ""}),
        ] {
            assert_eq!(verify(&bad), Err(TokenError::InvalidClient), "{bad}");
        }
    }

    #[test]
    fn an_assertion_signed_by_rs256_is_refused_under_fapi() {
        let make = |algorithm: SigningAlgorithm| {
            SigningKey::generate(algorithm, Kid::parse(algorithm.name()).expect("plain")).expect("works")
        };
        let (good, weak) = (make(SigningAlgorithm::Es256), make(SigningAlgorithm::Rs256));
        let registered = |profile: &str| {
            let metadata = json!({
                "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
                "token_endpoint_auth_method": "private_key_jwt", "passerelle": {"profile": profile},
                "jwks": {"keys": [good.public_jwk(), weak.public_jwk()]},
            });
            let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
            Registered { client, secret: None, state: ClientState::Active }
        };
        let verify = |key: &SigningKey, profile| {
            let token = assertion(key, &json!({}));
            by(None, &[("client_assertion", &token), ("client_assertion_type", ASSERTION_TYPE)], &registered(profile))
        };
        assert_eq!(verify(&good, "fapi2"), Ok(()));
        assert_eq!(verify(&weak, "fapi2"), Err(TokenError::InvalidClient));
        assert_eq!(verify(&weak, "standard"), Ok(()));
    }

    #[test]
    fn an_assertion_of_another_key_or_type_is_refused() {
        let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
        let other = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
        let client = registered("private_key_jwt", Some(&key));
        let token = assertion(&other, &json!({}));
        let pairs = [("client_assertion", token.as_str()), ("client_assertion_type", ASSERTION_TYPE)];
        assert_eq!(by(None, &pairs, &client), Err(TokenError::InvalidClient));
        let token = assertion(&key, &json!({}));
        let pairs = [("client_assertion", token.as_str()), ("client_assertion_type", "other")];
        assert_eq!(by(None, &pairs, &client), Err(TokenError::InvalidClient));
    }

    #[test]
    fn newer_keys_are_wanted_for_a_signature_alone() {
        let make = || SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
        let (key, other) = (make(), make());
        let client = registered("private_key_jwt", Some(&key)).client;
        let keys = client.keys.set(None).expect("inline");
        let wants = |token: &str| {
            let pairs = [("client_assertion", token), ("client_assertion_type", ASSERTION_TYPE)];
            Presented::read(None, &form(&pairs), None).expect("readable").wants_newer_keys(&client, keys, NOW)
        };
        assert!(wants(&assertion(&other, &json!({}))));
        assert!(!wants(&assertion(&key, &json!({"exp": 1}))));
        let stranger = SigningKey::generate(SigningAlgorithm::EdDsa, Kid::parse("k2").expect("plain")).expect("works");
        assert!(wants(&assertion(&stranger, &json!({}))));
    }

    #[test]
    fn an_assertion_is_remembered_for_as_long_as_it_counts() {
        let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
        let client = registered("private_key_jwt", Some(&key));
        let token = assertion(&key, &json!({}));
        let pairs = [("client_assertion", token.as_str()), ("client_assertion_type", ASSERTION_TYPE)];
        let presented = Presented::read(None, &form(&pairs), None).expect("readable");
        let client = presented.verify(Some(&client), None, ISSUER, NOW).expect("good");
        assert_eq!(client.assertion().expect("one").remember, Lifetime::seconds(191));
    }

    fn certificate(trust: Chain) -> (Arc<ClientCertificate>, String) {
        let mut params = rcgen::CertificateParams::new(vec!["ville.example".to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(1970, 1, 1);
        let made = params.self_signed(&rcgen::KeyPair::generate().expect("a key")).expect("a certificate");
        let read = ClientCertificate::parse(made.der(), trust).expect("a certificate");
        (Arc::new(read), STANDARD.encode(made.der()))
    }

    /// A client of `tls_client_auth`, or with a certificate one of `self_signed_tls_client_auth`.
    fn by_certificate(own: Option<&str>) -> Registered {
        let mut client = registered("client_secret_basic", None);
        let mut metadata = json!({
            "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
            "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "ville.example",
        });
        if let Some(own) = own {
            let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
            let mut jwk = key.public_jwk();
            jwk["x5c"] = json!([own]);
            let fields = metadata.as_object_mut().expect("an object");
            fields.remove("tls_client_auth_san_dns");
            fields.insert("token_endpoint_auth_method".into(), json!("self_signed_tls_client_auth"));
            fields.insert("jwks".into(), json!({"keys": [jwk]}));
        }
        client.client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
        client
    }

    fn with(
        certificate: Option<&Arc<ClientCertificate>>,
        pairs: &[(&str, &str)],
        client: &Registered,
    ) -> Result<(), TokenError> {
        Presented::read(None, &form(pairs), certificate)?.verify(Some(client), None, ISSUER, NOW).map(|_| ())
    }

    #[test]
    fn a_certificate_proves_the_client_that_registered_its_name_or_itself() {
        let ((trusted, _), (unknown, own), (other, _)) =
            (certificate(Chain::Trusted), certificate(Chain::Unknown), certificate(Chain::Unknown));
        let (named, itself) = (by_certificate(None), by_certificate(Some(&own)));
        let id = [("client_id", "ville")];
        assert_eq!(with(Some(&trusted), &id, &named), Ok(()), "it bears the name");
        assert_eq!(with(Some(&unknown), &id, &itself), Ok(()), "it is registered");
        for (certificate, pairs, client) in [
            (Some(&unknown), &id[..], &named),
            (Some(&other), &id, &itself),
            (Some(&trusted), &id, &itself),
            (Some(&trusted), &[], &named),
            (None, &id, &named),
            (None, &id, &itself),
            (Some(&trusted), &id, &registered("client_secret_basic", None)),
            (Some(&trusted), &[("client_id", "ville"), ("client_secret", "s3cret")], &named),
        ] {
            assert_eq!(with(certificate, pairs, client), Err(TokenError::InvalidClient), "{certificate:?} {pairs:?}");
        }
    }

    #[test]
    fn a_certificate_beside_another_method_proves_nothing() {
        let (own, _) = certificate(Chain::Unknown);
        let post = registered("client_secret_post", None);
        let pairs = [("client_id", "ville"), ("client_secret", "s3cret")];
        assert_eq!(with(Some(&own), &pairs, &post), Ok(()), "by its secret");
        let wrong = [("client_id", "ville"), ("client_secret", "wrong")];
        assert_eq!(with(Some(&own), &wrong, &post), Err(TokenError::InvalidClient));
    }
}
