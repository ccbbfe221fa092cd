//! Errors as relying parties read them: registered codes, and sentences in the restricted ASCII of RFC 6749 §4.1.2.1.
//! They never repeat what was sent.

use serde::{Deserialize, Serialize};

/// An error code of the authorization response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizeError {
    /// RFC 6749 §4.1.2.1.
    InvalidRequest,
    /// RFC 6749 §4.1.2.1.
    UnauthorizedClient,
    /// RFC 6749 §4.1.2.1: the citizen said no, or may not.
    AccessDenied,
    /// RFC 6749 §4.1.2.1.
    UnsupportedResponseType,
    /// RFC 6749 §4.1.2.1.
    InvalidScope,
    /// RFC 6749 §4.1.2.1.
    ServerError,
    /// RFC 6749 §4.1.2.1.
    TemporarilyUnavailable,
    /// OIDC Core §3.1.2.6.
    LoginRequired,
    /// OIDC Core §3.1.2.6.
    InteractionRequired,
    /// OIDC Core §3.1.2.6.
    RequestNotSupported,
    /// OIDC Core §3.1.2.6.
    RequestUriNotSupported,
    /// OIDC Core §3.1.2.6.
    RegistrationNotSupported,
    /// OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
    UnmetAuthenticationRequirements,
    /// The provider named in `idp_hint` cannot serve this request.
    InvalidIdpHint,
    /// The level named in `acr_values` does not exist, as FranceConnect tells it.
    InvalidAcr,
    /// The resource is unknown, or not for this client (RFC 8707 §2).
    InvalidTarget,
    /// The authorization details cannot be granted (RFC 9396 §5).
    InvalidAuthorizationDetails,
    /// The request object is not good (RFC 9101 §6.2).
    InvalidRequestObject,
}

impl AuthorizeError {
    /// The code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::LoginRequired => "login_required",
            Self::InteractionRequired => "interaction_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::InvalidIdpHint => "invalid_idp_hint",
            Self::InvalidAcr => "invalid_acr",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidRequestObject => "invalid_request_object",
        }
    }
}

/// An error of the token endpoint and its like (RFC 6749 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// Something is missing or sent twice.
    InvalidRequest(&'static str),
    /// The client is unknown, disabled, or did not prove who it is.
    InvalidClient,
    /// The code is unknown, spent, expired, of another client, or does not fit what came with it.
    InvalidGrant(&'static str),
    /// The grant type is not offered.
    UnsupportedGrantType,
    /// The grant type, or what is asked with it, is not for this client.
    UnauthorizedClient(&'static str),
    /// More is asked than was granted (RFC 6749 §6).
    InvalidScope(&'static str),
    /// The resource is unknown, or not for this client (RFC 8707 §2).
    InvalidTarget(&'static str),
    /// The authorization details are malformed, or more than was granted (RFC 9396 §6).
    InvalidAuthorizationDetails(&'static str),
    /// The DPoP proof is missing or wrong (RFC 9449 §5).
    InvalidDpopProof(&'static str),
    /// The DPoP proof holds no nonce of ours that still counts (RFC 9449 §8).
    UseDpopNonce,
}

impl TokenError {
    /// The code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnauthorizedClient(_) => "unauthorized_client",
            Self::InvalidScope(_) => "invalid_scope",
            Self::InvalidTarget(_) => "invalid_target",
            Self::InvalidAuthorizationDetails(_) => "invalid_authorization_details",
            Self::InvalidDpopProof(_) => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
        }
    }

    /// The sentence for the integrator.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(sentence)
            | Self::InvalidGrant(sentence)
            | Self::UnauthorizedClient(sentence)
            | Self::InvalidScope(sentence)
            | Self::InvalidTarget(sentence)
            | Self::InvalidAuthorizationDetails(sentence)
            | Self::InvalidDpopProof(sentence) => sentence,
            Self::UseDpopNonce => "repeat the DPoP proof with the nonce of the DPoP-Nonce header",
            Self::InvalidClient => {
                "client authentication failed: unknown client, wrong secret or key, or a method that is not the registered one"
            }
            Self::UnsupportedGrantType => "grant_type must be authorization_code or refresh_token",
        }
    }
}

/// Whether a sentence may stand in `error_description` (RFC 6749 §4.1.2.1).
pub fn is_legal_description(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}
