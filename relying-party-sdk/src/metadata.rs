//! The gateway's discovery document, checked against the registration before anything of it is used.

use serde::Deserialize;
use url::Url;

use crate::algorithm::SigningAlgorithm;
use crate::decryption::DecryptionKey;
use crate::error::{Document, Error};
use crate::refusal::harmless;
use crate::registration::Registration;

/// Where the gateway is called, as discovery told and once checked.
#[derive(Debug)]
pub(crate) struct Endpoints {
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) userinfo: Url,
    pub(crate) end_session: Option<Url>,
    /// Where authorization requests are pushed; none when they travel with the browser.
    pub(crate) pushed: Option<Url>,
}

/// The members of the discovery document that this client acts on (OpenID Connect Discovery 1.0 §3, RFC 8414 §2,
/// RFC 9207 §3, RFC 9126 §5, RFC 9449 §5.1, RFC 9101 §10.5, JARM §4); one of the wrong type makes the document
/// unusable.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    userinfo_endpoint: Url,
    pub(crate) jwks_uri: Url,
    end_session_endpoint: Option<Url>,
    pushed_authorization_request_endpoint: Option<Url>,
    #[serde(default)]
    require_pushed_authorization_requests: bool,
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
    id_token_encryption_alg_values_supported: Vec<String>,
    #[serde(default)]
    id_token_encryption_enc_values_supported: Vec<String>,
    #[serde(default)]
    userinfo_encryption_alg_values_supported: Vec<String>,
    #[serde(default)]
    userinfo_encryption_enc_values_supported: Vec<String>,
    #[serde(default)]
    require_signed_request_object: bool,
    #[serde(default)]
    request_object_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    authorization_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    response_modes_supported: Vec<String>,
    #[serde(default)]
    dpop_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What an absent `token_endpoint_auth_methods_supported` means.
fn default_authentication() -> Vec<String> {
    vec!["client_secret_basic".to_owned()]
}

fn lists(list: &[String], value: &str) -> bool {
    list.iter().any(|it| it == value)
}

/// Whether an optional list offers something: a gateway that does not publish it says nothing against it.
fn may_list(list: &[String], value: &str) -> bool {
    list.is_empty() || lists(list, value)
}

impl Metadata {
    pub(crate) fn check(self, registration: &Registration) -> Result<Endpoints, Error> {
        if self.issuer != registration.issuer.as_str() {
            return Err(Error::DiscoveryIssuer {
                expected: registration.issuer.as_str().to_owned(),
                seen: harmless(&self.issuer),
            });
        }
        self.check_addresses(registration)?;
        let mut needed = self.always_needed(registration);
        needed.extend(self.needed_as_registered(registration));
        if let Some((_, feature)) = needed.into_iter().find(|(offered, _)| !offered) {
            return Err(Error::Unsupported { feature });
        }
        let pushed = self.require_pushed_authorization_requests || registration.pushes();
        Ok(Endpoints {
            authorization: self.authorization_endpoint,
            token: self.token_endpoint,
            userinfo: self.userinfo_endpoint,
            end_session: self.end_session_endpoint,
            pushed: self.pushed_authorization_request_endpoint.filter(|_| pushed),
        })
    }

    fn check_addresses(&self, registration: &Registration) -> Result<(), Error> {
        let always = [&self.authorization_endpoint, &self.token_endpoint, &self.userinfo_endpoint, &self.jwks_uri];
        let sometimes = [&self.end_session_endpoint, &self.pushed_authorization_request_endpoint];
        let mut all = always.into_iter().chain(sometimes.into_iter().flatten());
        match all.find(|it| !registration.issuer.may_use(it)) {
            None => Ok(()),
            Some(bad) => {
                let detail = format!("the endpoint `{bad}` is not https, or has a fragment");
                Err(Error::malformed(Document::Discovery, detail))
            }
        }
    }

    /// What every login needs.
    fn always_needed(&self, registration: &Registration) -> Vec<(bool, &'static str)> {
        let method = registration.credentials.method();
        let assertion = registration.credentials.key().map(|key| key.algorithm().name());
        vec![
            (lists(&self.response_types_supported, "code"), "the authorization code flow"),
            (lists(&self.code_challenge_methods_supported, "S256"), "PKCE with S256"),
            (self.authorization_response_iss_parameter_supported, "`iss` in its answers (RFC 9207)"),
            (lists(&self.token_endpoint_auth_methods_supported, method), method),
            (
                assertion.is_none_or(|it| may_list(&self.token_endpoint_auth_signing_alg_values_supported, it)),
                "client assertions signed as this site's key signs",
            ),
            (
                lists(&self.id_token_signing_alg_values_supported, registration.id_token_algorithm.name()),
                "ID tokens signed with the registered algorithm",
            ),
        ]
    }

    /// What this registration needs besides.
    fn needed_as_registered(&self, registration: &Registration) -> Vec<(bool, &'static str)> {
        let signs = |list: &[String], algorithm: Option<SigningAlgorithm>| {
            algorithm.is_none_or(|algorithm| lists(list, algorithm.name()))
        };
        let encrypts = |algorithms: &[String], contents: &[String], keys: &[DecryptionKey]| {
            keys.iter().all(|key| lists(algorithms, key.encryption().name()) && lists(contents, "A256GCM"))
        };
        let pushed = self.require_pushed_authorization_requests || registration.pushes();
        vec![
            (
                encrypts(
                    &self.id_token_encryption_alg_values_supported,
                    &self.id_token_encryption_enc_values_supported,
                    &registration.id_token_keys,
                ),
                "ID tokens encrypted as registered",
            ),
            (
                encrypts(
                    &self.userinfo_encryption_alg_values_supported,
                    &self.userinfo_encryption_enc_values_supported,
                    &registration.userinfo_keys,
                ),
                "userinfo encrypted as registered",
            ),
            (
                signs(&self.userinfo_signing_alg_values_supported, registration.userinfo_algorithm),
                "userinfo signed with the registered algorithm",
            ),
            (
                !self.require_signed_request_object || registration.request_key.is_some(),
                "requests that are not signed (`with_signed_requests`)",
            ),
            (
                registration.request_key.as_ref().is_none_or(|key| {
                    may_list(&self.request_object_signing_alg_values_supported, key.algorithm().name())
                }),
                "requests signed as this site's key signs",
            ),
            (
                signs(&self.authorization_signing_alg_values_supported, registration.answer_algorithm),
                "answers signed with the registered algorithm (JARM)",
            ),
            (
                registration.response_mode().is_none_or(|mode| lists(&self.response_modes_supported, mode)),
                "answers in the registered mode (`response_modes_supported`)",
            ),
            (
                registration.dpop.is_none() || lists(&self.dpop_signing_alg_values_supported, "ES256"),
                "tokens bound to a key (DPoP with ES256)",
            ),
            (
                !pushed || self.pushed_authorization_request_endpoint.is_some(),
                "pushed authorization requests (`pushed_authorization_request_endpoint`)",
            ),
        ]
    }
}
