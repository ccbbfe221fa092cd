//! Both kinds of client, and what each sends.

use axum::http::{HeaderName, Method, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance::fapi::{ASSERTION_TYPE, FapiParty, Proof};
use conformance::jose::SigningKey;
use conformance::relying_party::RelyingParty;
use conformance::{clock, random};
use serde_json::json;

use crate::Operation;
use crate::load::Prepared;
use crate::stage::Redeemable;

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// A client of one kind, and a data provider of the same.
#[derive(Debug)]
pub(crate) enum Client {
    /// `client_secret_basic` and bearer tokens.
    Secret(Secret),
    /// `private_key_jwt` and tokens bound by DPoP.
    Fapi(Fapi),
}

/// With a secret.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) party: RelyingParty,
    pub(crate) resource: String,
    /// Id and secret of the data provider.
    pub(crate) asker: (String, String),
}

/// With keys.
#[derive(Debug)]
pub(crate) struct Fapi {
    pub(crate) service: FapiParty,
    /// The key of its proofs.
    pub(crate) proofs: SigningKey,
    pub(crate) resource: String,
    /// Id of the data provider, whose assertions the same key signs.
    pub(crate) asker: String,
}

impl Client {
    /// What it is called in the figures.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Secret(_) => "secret",
            Self::Fapi(_) => "FAPI",
        }
    }

    pub(crate) fn party(&self) -> &RelyingParty {
        match self {
            Self::Secret(client) => &client.party,
            Self::Fapi(client) => &client.service.party,
        }
    }

    pub(crate) fn resource(&self) -> &str {
        match self {
            Self::Secret(client) => &client.resource,
            Self::Fapi(client) => &client.resource,
        }
    }

    /// A code to redeem.
    pub(crate) fn redemption(&self, redeemable: &Redeemable) -> Prepared {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &redeemable.code),
            ("redirect_uri", &self.party().redirect_uri),
            ("code_verifier", &redeemable.ask.verifier),
        ];
        self.post(Operation::Token, &form)
    }

    /// A request to push.
    pub(crate) fn pushed(&self) -> Prepared {
        self.post(Operation::Push, &self.ask().form())
    }

    /// Userinfo for a token.
    pub(crate) fn userinfo(&self, token: &str) -> Prepared {
        let headers = match self {
            Self::Secret(_) => vec![(header::AUTHORIZATION, format!("Bearer {token}"))],
            Self::Fapi(client) => {
                let proof = client.proof(Operation::Userinfo, &Method::GET).with_token(token).signed(&client.proofs);
                vec![(header::AUTHORIZATION, format!("DPoP {token}")), (DPOP, proof)]
            }
        };
        Prepared { operation: Operation::Userinfo, headers, form: None }
    }

    /// The data provider's question about a token.
    pub(crate) fn introspection(&self, token: &str) -> Prepared {
        let form = [("token", token), ("token_type_hint", "access_token")];
        match self {
            Self::Secret(client) => {
                let (id, secret) = &client.asker;
                Prepared {
                    operation: Operation::Introspection,
                    headers: vec![basic(id, secret)],
                    form: Some(encoded(&form)),
                }
            }
            Self::Fapi(client) => {
                let form = client.asserted(&client.asker, &form);
                Prepared { operation: Operation::Introspection, headers: Vec::new(), form: Some(form) }
            }
        }
    }

    fn post(&self, operation: Operation, form: &[(&str, &str)]) -> Prepared {
        match self {
            Self::Secret(client) => {
                let secret = client.party.secret.as_deref().unwrap_or_default();
                let headers = vec![basic(&client.party.client_id, secret)];
                Prepared { operation, headers, form: Some(encoded(form)) }
            }
            Self::Fapi(client) => {
                let proof = client.proof(operation, &Method::POST).signed(&client.proofs);
                let form = client.asserted(&client.service.party.client_id, form);
                Prepared { operation, headers: vec![(DPOP, proof)], form: Some(form) }
            }
        }
    }
}

impl Fapi {
    fn proof(&self, operation: Operation, method: &Method) -> Proof {
        let url = format!("{}{}", self.service.party.metadata.issuer, operation.path());
        Proof::new(&self.proofs, method, &url)
    }

    /// The form with an assertion of `id`.
    fn asserted(&self, id: &str, form: &[(&str, &str)]) -> String {
        let (issuer, now) = (&self.service.party.metadata.issuer, clock::now());
        let claims =
            json!({ "iss": id, "sub": id, "aud": issuer, "jti": random::token(), "iat": now, "exp": now + 60 });
        let assertion = self.service.key.sign("JWT", &claims);
        let own = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
        encoded(&[form, &own].concat())
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

fn basic(id: &str, secret: &str) -> (HeaderName, String) {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(id), encode(secret));
    (header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)))
}
