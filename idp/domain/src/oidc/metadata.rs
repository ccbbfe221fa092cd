//! Discovery (OIDC Discovery §3, RFC 8414 §2), from the same constants that the checks use.

use serde_json::{Value, json};

use crate::claims::claim::Claim;
use crate::claims::scopes::Scope;
use crate::jose::SigningAlgorithm;
use crate::level::Level;
use crate::oidc::response::ResponseMode;

/// How clients may authenticate, at every endpoint that asks them to.
const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

/// The discovery document of an issuer.
pub fn discovery(issuer: &str) -> Value {
    let endpoint = |path: &str| format!("{issuer}{path}");
    let algorithms: Vec<&str> = SigningAlgorithm::ALL.into_iter().map(SigningAlgorithm::name).collect();
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
        "revocation_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "scopes_supported": Scope::all().map(Scope::name).collect::<Vec<_>>(),
        "claims_supported": claims,
        "acr_values_supported": Level::ALL.map(Level::acr),
        "response_types_supported": ["code"],
        "response_modes_supported": ResponseMode::NAMES,
        "authorization_signing_alg_values_supported": algorithms,
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": algorithms,
        "userinfo_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["fr-FR", "en-GB"],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discovery_satisfies_the_config_profile() {
        let document = discovery("https://issuer.example");
        let has = |list: &str, value: &str| {
            document[list].as_array().is_some_and(|items| items.iter().any(|item| item == value))
        };
        assert_eq!(document["issuer"], "https://issuer.example");
        assert!(has("id_token_signing_alg_values_supported", "RS256"));
        assert!(has("scopes_supported", "openid"));
        assert!(has("code_challenge_methods_supported", "S256"));
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
}
