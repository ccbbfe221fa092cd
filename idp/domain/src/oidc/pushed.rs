//! Pushed authorization requests (RFC 9126): a request that was checked behind the scenes, known to the browser by a
//! reference alone.
//!
//! ```text
//!  relying party ── POST /par, authenticated ──▶ checked request, kept ──▶ request_uri
//!  browser ──────── GET /authorize?client_id&request_uri ──▶ sign-in ──▶ completed: the reference is spent
//! ```
//!
//! The reference may be opened more than once before the sign-in completes (a reload, FAPI 2.0 §5.3.2.2 note 3), and
//! completes once.

use serde::{Deserialize, Serialize};

use super::binding::Thumbprint;
use super::client_auth::HabilitatedClient;
use super::error::AuthorizeError;
use super::parameters::Parameters;
use super::request::{AuthorizationRequest, Incoming, Rejected};
use crate::id::{ClientId, SignInId};
use crate::jose::KeySet;
use crate::secret::Bearer;

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// What is kept under a `request_uri`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pushed {
    request: Box<AuthorizationRequest>,
}

/// Which acceptance completed a pushed request: the only one that ever will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Completion(pub SignInId);

impl Completion {
    /// Where the completion of a reference is kept.
    pub fn of(reference: &Bearer<Pushed>) -> Bearer<Self> {
        reference.derive("completion")
    }
}

/// Why a request cannot be pushed: the code and sentence of the JSON answer (RFC 9126 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotPushed {
    /// The code.
    pub error: AuthorizeError,
    /// The sentence.
    pub description: &'static str,
}

impl NotPushed {
    /// The request object is not one of this client.
    pub const OBJECT: Self = Self {
        error: AuthorizeError::InvalidRequestObject,
        description: "the request object is not signed by a key of this client, with an algorithm it may use",
    };
}

impl Pushed {
    /// What the client that proved who it is pushes, before it is checked: plain, or an object to be opened.
    pub fn incoming(parameters: Parameters, client: &HabilitatedClient<'_>) -> Result<Incoming, NotPushed> {
        if parameters.has("request_uri") {
            let description = "a pushed request must not hold a request_uri (RFC 9126 2.1)";
            return Err(NotPushed { error: AuthorizeError::InvalidRequest, description });
        }
        Ok(Incoming::of(client.client().id.clone(), parameters))
    }

    /// Checks a pushed request as the authorization endpoint would, for the client that proved who it is.
    pub fn check(incoming: Incoming, client: &HabilitatedClient<'_>) -> Result<Self, NotPushed> {
        let bad = |description| NotPushed { error: AuthorizeError::InvalidRequest, description };
        let held = client.holds().key.clone();
        // The client was found and is served: authentication proved it.
        match incoming.checked(client.live()) {
            Ok(request) => bound(request, held.as_ref()).map(|request| Self { request: Box::new(request) }),
            Err(Rejected::Page(_)) => Err(bad("redirect_uri is missing or not registered, or state cannot be used")),
            Err(Rejected::Answer { error, description, .. }) => Err(NotPushed { error, description }),
        }
    }

    /// The request with its hint read: what is kept is whom the relying party expects, not the token that says so.
    pub fn with_hint_read(self, issuer: &str, own: &KeySet) -> Result<Self, NotPushed> {
        match self.request.with_hint_read(issuer, own) {
            Ok(request) => Ok(Self { request: Box::new(request) }),
            Err(Rejected::Answer { error, description, .. }) => Err(NotPushed { error, description }),
            Err(Rejected::Page(_)) => {
                Err(NotPushed { error: AuthorizeError::InvalidRequest, description: "id_token_hint cannot be read" })
            }
        }
    }

    /// The request, for the client that the browser names.
    pub fn request_for(self, client: &ClientId, reference: Bearer<Self>) -> Option<AuthorizationRequest> {
        (self.request.client == *client).then(|| AuthorizationRequest { pushed: Some(reference), ..*self.request })
    }
}

/// Binds the code to the key that was proven with the push, which must be the one that is named, if one is (RFC 9449
/// §10.1).
fn bound(request: AuthorizationRequest, held: Option<&Thumbprint>) -> Result<AuthorizationRequest, NotPushed> {
    match (&request.key, held) {
        (Some(named), Some(held)) if !named.is(held) => Err(NotPushed {
            error: AuthorizeError::InvalidRequest,
            description: "dpop_jkt is not the key of the DPoP proof",
        }),
        (_, Some(held)) => Ok(AuthorizationRequest { key: Some(held.clone()), ..request }),
        (_, None) => Ok(request),
    }
}

/// Writes the `request_uri` of a reference.
pub fn request_uri(reference: &Bearer<Pushed>) -> String {
    format!("{PREFIX}{}", *reference.expose())
}

/// Reads a `request_uri`; `None` for any other kind, which is never fetched.
pub fn reference(request_uri: &str) -> Option<Bearer<Pushed>> {
    Bearer::parse(request_uri.strip_prefix(PREFIX)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::client::{Client, Registered};
    use crate::id::HabilitationId;
    use crate::oidc::client_auth::Presented;
    use crate::secret::SecretDigest;
    use crate::time::Timestamp;
    use serde_json::json;

    const NOW: Timestamp = Timestamp::from_epoch(0);

    fn registered(id: &str) -> Registered {
        let metadata = json!({
            "client_id": id, "client_name": "V", "redirect_uris": ["https://v.example/"],
            "token_endpoint_auth_method": "client_secret_post", "require_pushed_authorization_requests": true,
        });
        let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
        Registered::operated(client, Some(SecretDigest::of("s")), HabilitationId::from_random([7; 16]), NOW)
    }

    fn form(pairs: &[(&str, &str)]) -> Parameters {
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Parameters::parse(encoded.as_bytes()).expect("well formed")
    }

    fn push(owner: &Registered, changes: &[(&str, &str)]) -> Result<Pushed, NotPushed> {
        let credentials = form(&[("client_id", owner.client.id.as_str()), ("client_secret", "s")]);
        let presented = Presented::read(None, &credentials, None).expect("readable");
        let now = NOW;
        let client = presented.verify(Some(owner), None, "https://i.example", now).expect("right secret");
        let client = client.habilitated(now, &Arc::default()).expect("in force");
        let mut pairs = vec![
            ("redirect_uri", "https://v.example/"),
            ("response_type", "code"),
            ("scope", "openid"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            pairs.retain(|(held, _)| held != name);
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        Pushed::check(Pushed::incoming(form(&pairs), &client)?, &client)
    }

    #[test]
    fn a_pushed_request_is_opened_by_its_own_client_under_its_own_reference() {
        let pushed = push(&registered("ville"), &[]).expect("a good request");
        let key = Bearer::from_random([4; 32]);
        let read = reference(&request_uri(&key)).expect("its own form");
        assert_eq!(*read.expose(), *key.expose());
        let (ville, autre) = (ClientId::parse("ville").expect("plain"), ClientId::parse("autre").expect("plain"));
        assert!(pushed.clone().request_for(&autre, key.clone()).is_none());
        assert!(pushed.request_for(&ville, key).expect("its own").pushed.is_some());
    }

    #[test]
    fn what_the_authorization_endpoint_refuses_cannot_be_pushed() {
        let owner = registered("ville");
        for (changes, error) in [
            (vec![("request_uri", "urn:x")], AuthorizeError::InvalidRequest),
            (vec![("redirect_uri", "")], AuthorizeError::InvalidRequest),
            (vec![("redirect_uri", "https://evil.example/")], AuthorizeError::InvalidRequest),
            (vec![("code_challenge", ""), ("code_challenge_method", "")], AuthorizeError::InvalidRequest),
            (vec![("code_challenge_method", "plain")], AuthorizeError::InvalidRequest),
            (vec![("response_type", "token")], AuthorizeError::UnsupportedResponseType),
            (vec![("scope", "openid email")], AuthorizeError::InvalidScope),
            (vec![("request", "x.y.z")], AuthorizeError::RequestNotSupported),
        ] {
            let refused = push(&owner, &changes).expect_err("refused");
            assert_eq!(refused.error, error, "{changes:?}");
            assert!(crate::oidc::error::is_legal_description(refused.description));
        }
    }

    #[test]
    fn other_kinds_of_request_uri_are_no_reference() {
        for bad in
            ["", "https://v.example/r", "urn:ietf:params:oauth:request_uri:", "urn:ietf:params:oauth:request_uri:x"]
        {
            assert!(reference(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_client_that_must_push_is_refused_in_the_front_channel() {
        let owner = registered("ville");
        let plain = form(&[
            ("client_id", "ville"),
            ("redirect_uri", "https://v.example/"),
            ("response_type", "code"),
            ("scope", "openid"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ]);
        let refused =
            Incoming::read(plain).expect("names a client").check(Some(&owner), NOW, &Arc::default()).map(|_| ());
        assert!(matches!(refused, Err(Rejected::Answer { error: AuthorizeError::InvalidRequest, .. })));
    }
}
