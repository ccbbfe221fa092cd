//! Discovery (OIDC Discovery §3, RFC 8414 §2), from the same constants that the checks use.

use serde_json::{Map, Value, json};

use crate::claims::claim::Claim;
use crate::claims::scopes::Scope;
use crate::jose::SigningAlgorithm;
use crate::jose::jwe::{CONTENT_ENCRYPTION, KeyAlgorithm};
use crate::level::Level;
use crate::oidc::authorization_details::DetailType;
use crate::oidc::dpop;
use crate::oidc::refresh::OFFLINE_ACCESS;
use crate::oidc::request_object::RequestKeys;
use crate::oidc::response::ResponseMode;
use crate::oidc::token::GrantType;

/// How clients may authenticate, at every endpoint that asks them to; by certificate too, where they can present one.
const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

/// The endpoints that clients call themselves, and with a certificate perhaps elsewhere (RFC 8705 §5).
const ALIASED: [&str; 5] = [
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
    "userinfo_endpoint",
];

/// Whether clients can present certificates (RFC 8705).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates<'a> {
    /// Nobody asks them for one.
    NotAsked,
    /// They can.
    Asked {
        /// The address of the endpoints that ask for one, without a path, when it is another than the issuer.
        at: Option<&'a str>,
        /// Whether chains are judged.
        chains: Chains,
    },
}

/// Whether the chain of a certificate can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chains {
    /// It can: there are authorities.
    Judged,
    /// No authority is known, so that self-signed certificates alone prove something.
    NotJudged,
}

impl<'a> ClientCertificates<'a> {
    fn methods(self) -> Vec<&'static str> {
        let more: &[&str] = match self {
            Self::NotAsked => &[],
            Self::Asked { chains: Chains::NotJudged, .. } => &["self_signed_tls_client_auth"],
            Self::Asked { chains: Chains::Judged, .. } => &["tls_client_auth", "self_signed_tls_client_auth"],
        };
        [&METHODS, more].concat()
    }

    const fn elsewhere(self) -> Option<&'a str> {
        match self {
            Self::NotAsked => None,
            Self::Asked { at, .. } => at,
        }
    }
}

/// The discovery document of an issuer that can sign by these algorithms.
pub fn discovery(issuer: &str, signing: &[SigningAlgorithm], certificates: ClientCertificates<'_>) -> Value {
    let mut document = document(issuer, signing, &certificates.methods());
    for (name, value) in encryption_and_requests() {
        document[name] = value;
    }
    document["tls_client_certificate_bound_access_tokens"] = json!(certificates != ClientCertificates::NotAsked);
    if let Some(at) = certificates.elsewhere() {
        let alias = |name: &'static str| {
            let path = document[name].as_str()?.strip_prefix(issuer)?;
            Some((name.to_owned(), json!(format!("{at}{path}"))))
        };
        let aliases: Map<String, Value> = ALIASED.into_iter().filter_map(alias).collect();
        document["mtls_endpoint_aliases"] = Value::Object(aliases);
    }
    document
}

/// What can be encrypted, and how requests may be signed (OIDC Discovery §3, JARM §4, RFC 9101 §10.5).
fn encryption_and_requests() -> [(&'static str, Value); 10] {
    let algorithms = SigningAlgorithm::ALL.map(SigningAlgorithm::name);
    let (all, own) = (KeyAlgorithm::ALL.map(KeyAlgorithm::name), RequestKeys::ALGORITHMS.map(KeyAlgorithm::name));
    [
        ("authorization_encryption_alg_values_supported", json!(all)),
        ("authorization_encryption_enc_values_supported", json!([CONTENT_ENCRYPTION])),
        ("id_token_encryption_alg_values_supported", json!(all)),
        ("id_token_encryption_enc_values_supported", json!([CONTENT_ENCRYPTION])),
        ("userinfo_encryption_alg_values_supported", json!(all)),
        ("userinfo_encryption_enc_values_supported", json!([CONTENT_ENCRYPTION])),
        ("request_object_signing_alg_values_supported", json!(algorithms)),
        ("request_object_encryption_alg_values_supported", json!(own)),
        ("request_object_encryption_enc_values_supported", json!([CONTENT_ENCRYPTION])),
        ("require_signed_request_object", json!(false)),
    ]
}

fn document(issuer: &str, signing: &[SigningAlgorithm], methods: &[&str]) -> Value {
    let endpoint = |path: &str| format!("{issuer}{path}");
    let algorithms: Vec<&str> = SigningAlgorithm::ALL.into_iter().map(SigningAlgorithm::name).collect();
    let signing: Vec<&str> = signing.iter().copied().map(SigningAlgorithm::name).collect();
    let own = ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid"];
    let claims: Vec<&str> = own.into_iter().chain(Claim::ALL.into_iter().map(Claim::name)).collect();
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint("/authorize"),
        "token_endpoint": endpoint("/token"),
        "userinfo_endpoint": endpoint("/userinfo"),
        "jwks_uri": endpoint("/jwks"),
        "end_session_endpoint": endpoint("/end-session"),
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "pushed_authorization_request_endpoint": endpoint("/par"),
        "require_pushed_authorization_requests": false,
        "revocation_endpoint": endpoint("/revoke"),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint": endpoint("/introspect"),
        "introspection_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_signing_alg_values_supported": algorithms,
        "authorization_details_types_supported": DetailType::ALL.map(DetailType::name),
        "scopes_supported": Scope::all().map(Scope::name).chain([OFFLINE_ACCESS]).collect::<Vec<_>>(),
        "claims_supported": claims,
        "acr_values_supported": Level::ALL.map(Level::acr),
        "response_types_supported": ["code"],
        "response_modes_supported": ResponseMode::NAMES,
        "authorization_signing_alg_values_supported": signing,
        "grant_types_supported": GrantType::ALL.map(GrantType::name),
        "dpop_signing_alg_values_supported": dpop::algorithms().map(SigningAlgorithm::name).collect::<Vec<_>>(),
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": signing,
        "userinfo_signing_alg_values_supported": signing,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["fr-FR", "en-GB"],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_signed_is_announced() {
        let document = discovery("https://issuer.example", &[SigningAlgorithm::Es256], ClientCertificates::NotAsked);
        for list in ["id_token", "userinfo", "authorization"] {
            assert_eq!(document[format!("{list}_signing_alg_values_supported")], json!(["ES256"]));
        }
        let from_clients = document["token_endpoint_auth_signing_alg_values_supported"].as_array();
        assert_eq!(from_clients.map(Vec::len), Some(SigningAlgorithm::ALL.len()));
    }

    #[test]
    fn discovery_satisfies_the_config_profile() {
        let document = discovery("https://issuer.example", &SigningAlgorithm::ALL, ClientCertificates::NotAsked);
        let has = |list: &str, value: &str| {
            document[list].as_array().is_some_and(|items| items.iter().any(|item| item == value))
        };
        assert_eq!(document["issuer"], "https://issuer.example");
        assert!(has("id_token_signing_alg_values_supported", "RS256"));
        assert!(has("scopes_supported", "openid"));
        assert!(has("request_object_signing_alg_values_supported", "RS256"));
        assert!(has("code_challenge_methods_supported", "S256"));
        assert!(has("introspection_signing_alg_values_supported", "ES256"));
        assert!(has("authorization_details_types_supported", "data_sharing"));
        assert!(!document.to_string().contains("none\",\"HS256"));
        // OIDC Back-Channel Logout §2.1.
        assert_eq!(document["backchannel_logout_supported"], true);
        assert_eq!(document["backchannel_logout_session_supported"], true);
        for (name, value) in document.as_object().expect("an object") {
            if name.ends_with("_endpoint") || name == "jwks_uri" {
                assert!(value.as_str().is_some_and(|url| url.starts_with("https://issuer.example/")), "{name}");
            }
        }
    }

    #[test]
    fn discovery_tells_of_certificates_where_they_can_be_presented_alone() {
        let told = |certificates| discovery("https://issuer.example", &SigningAlgorithm::ALL, certificates);
        let methods = |document: &Value, name: &str| {
            let list = document[name].as_array().expect("a list").iter();
            list.filter_map(Value::as_str)
                .filter(|method| method.contains("tls"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let none = told(ClientCertificates::NotAsked);
        assert_eq!(none["tls_client_certificate_bound_access_tokens"], false);
        assert!(none.get("mtls_endpoint_aliases").is_none());
        let same = told(ClientCertificates::Asked { at: None, chains: Chains::NotJudged });
        assert_eq!(same["tls_client_certificate_bound_access_tokens"], true);
        assert!(same.get("mtls_endpoint_aliases").is_none());
        let at = Some("https://mtls.issuer.example");
        let apart = told(ClientCertificates::Asked { at, chains: Chains::Judged });
        let aliases = apart["mtls_endpoint_aliases"].as_object().expect("an object");
        for name in ALIASED.into_iter().filter(|name| apart.get(name).is_some()) {
            let own = apart[name].as_str().expect("an address");
            assert_eq!(aliases[name], own.replace("https://issuer", "https://mtls.issuer"), "{name}");
        }
        assert!(aliases.contains_key("token_endpoint") && !aliases.contains_key("authorization_endpoint"));
        for endpoint in ["token", "revocation", "introspection"] {
            let name = format!("{endpoint}_endpoint_auth_methods_supported");
            let name = name.as_str();
            assert!(methods(&none, name).is_empty());
            assert_eq!(methods(&same, name), ["self_signed_tls_client_auth"]);
            assert_eq!(methods(&apart, name), ["tls_client_auth", "self_signed_tls_client_auth"]);
        }
    }
}
