//! Errors as relying parties read them: registered codes, and sentences in the restricted ASCII of RFC 6749 §4.1.2.1.
//! They never repeat what was sent.

use serde::{Deserialize, Serialize};

use crate::habilitation::grant::NotLive;

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
    /// Every code.
    pub const ALL: [Self; 18] = [
        Self::InvalidRequest,
        Self::UnauthorizedClient,
        Self::AccessDenied,
        Self::UnsupportedResponseType,
        Self::InvalidScope,
        Self::ServerError,
        Self::TemporarilyUnavailable,
        Self::LoginRequired,
        Self::InteractionRequired,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
        Self::RegistrationNotSupported,
        Self::UnmetAuthenticationRequirements,
        Self::InvalidIdpHint,
        Self::InvalidAcr,
        Self::InvalidTarget,
        Self::InvalidAuthorizationDetails,
        Self::InvalidRequestObject,
    ];

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

/// Why a code or a refresh token gives nothing. Some are told alike: who presents a code again learns no more than who
/// guesses one; the audit log tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantFault {
    /// Nobody knows the code: never issued, or expired.
    CodeUnknown,
    /// The code was presented before: what it gave is revoked (RFC 6749 §4.1.2).
    CodeReplayed,
    /// The code was issued to another client.
    CodeOfAnother,
    /// The redirect URI is missing, or not that of the request.
    RedirectUri,
    /// The verifier is not the one of the challenge.
    Verifier,
    /// A challenge was sent, and no verifier.
    VerifierMissing,
    /// A verifier was sent, and no challenge before (RFC 9700 §4.8.2).
    VerifierUnasked,
    /// The client has to use PKCE.
    PkceRequired,
    /// The code is bound to a key that was not proven.
    CodeOfAnotherKey,
    /// Nobody knows the refresh token: never issued, expired, revoked.
    RefreshUnknown,
    /// The refresh token was replaced before: its family is revoked (RFC 9700 §4.14.2).
    RefreshReplayed,
    /// The refresh token was issued to another client.
    RefreshOfAnother,
    /// Its access tokens are bound in another way than the call is: to a key, to a certificate, or to nothing.
    RefreshBoundOtherwise,
    /// Account, provider or relying party no longer stand as they did when the citizen granted.
    NoLonger,
    /// What was granted is outside what the client is habilitated to now, or rests on what is switched off.
    NotLive(NotLive),
}

impl GrantFault {
    /// Every cause.
    pub const ALL: [Self; 17] = [
        Self::CodeUnknown,
        Self::CodeReplayed,
        Self::CodeOfAnother,
        Self::RedirectUri,
        Self::Verifier,
        Self::VerifierMissing,
        Self::VerifierUnasked,
        Self::PkceRequired,
        Self::CodeOfAnotherKey,
        Self::RefreshUnknown,
        Self::RefreshReplayed,
        Self::RefreshOfAnother,
        Self::RefreshBoundOtherwise,
        Self::NoLonger,
        Self::NotLive(NotLive::ProviderOff),
        Self::NotLive(NotLive::LevelOff),
        Self::NotLive(NotLive::AboveLevel),
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CodeUnknown => "code_unknown",
            Self::CodeReplayed => "code_replayed",
            Self::CodeOfAnother => "code_of_another_client",
            Self::RedirectUri => "redirect_uri_differs",
            Self::Verifier => "verifier_wrong",
            Self::VerifierMissing => "verifier_missing",
            Self::VerifierUnasked => "verifier_unasked",
            Self::PkceRequired => "pkce_required",
            Self::CodeOfAnotherKey => "code_of_another_key",
            Self::RefreshUnknown => "refresh_unknown",
            Self::RefreshReplayed => "refresh_replayed",
            Self::RefreshOfAnother => "refresh_of_another_client",
            Self::RefreshBoundOtherwise => "refresh_bound_otherwise",
            Self::NoLonger => "no_longer",
            Self::NotLive(why) => why.name(),
        }
    }

    /// The sentence for the integrator.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::CodeUnknown | Self::CodeReplayed => "the code is unknown, expired or was used before",
            Self::CodeOfAnother => "the code was issued to another client",
            Self::RedirectUri => "redirect_uri is missing or not the one of the authorization request",
            Self::Verifier => "code_verifier does not fit the code_challenge",
            Self::VerifierMissing => "code_verifier is missing",
            Self::VerifierUnasked => "code_verifier was sent, but the request had no code_challenge",
            Self::PkceRequired => "PKCE is required of this client",
            Self::CodeOfAnotherKey => "the code is bound to another DPoP key (RFC 9449 10)",
            Self::RefreshUnknown | Self::RefreshReplayed => {
                "the refresh token is unknown, expired, revoked or replaced"
            }
            Self::RefreshOfAnother => "the refresh token was issued to another client",
            Self::RefreshBoundOtherwise => "the access tokens of this refresh token are bound in another way",
            Self::NoLonger => "what the citizen granted does not hold any more: sign the citizen in again",
            Self::NotLive(why) => why.sentence(),
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
    /// The client assertion was good, and was used before (RFC 7523 §3). Told like [`Self::InvalidClient`].
    AssertionReused,
    /// The code or the refresh token gives nothing.
    InvalidGrant(GrantFault),
    /// The grant type is not offered.
    UnsupportedGrantType,
    /// The grant type, or what is asked with it, is not for this client.
    UnauthorizedClient(&'static str),
    /// The client proved who it is, and has no habilitation that is in force.
    NotHabilitated(NotLive),
    /// More is asked than was granted (RFC 6749 §6).
    InvalidScope(&'static str),
    /// The resource is unknown, or not for this client (RFC 8707 §2).
    InvalidTarget(&'static str),
    /// The authorization details are malformed, or more than was granted (RFC 9396 §6).
    InvalidAuthorizationDetails(&'static str),
    /// The DPoP proof is missing or wrong (RFC 9449 §5).
    InvalidDpopProof(&'static str),
    /// The DPoP proof was good, and was used before (RFC 9449 §11.1).
    DpopProofReused,
    /// The DPoP proof holds no nonce of ours that still counts (RFC 9449 §8).
    UseDpopNonce,
}

impl TokenError {
    /// The code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient | Self::AssertionReused => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnauthorizedClient(_) | Self::NotHabilitated(_) => "unauthorized_client",
            Self::InvalidScope(_) => "invalid_scope",
            Self::InvalidTarget(_) => "invalid_target",
            Self::InvalidAuthorizationDetails(_) => "invalid_authorization_details",
            Self::InvalidDpopProof(_) | Self::DpopProofReused => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
        }
    }

    /// The sentence for the integrator.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(sentence)
            | Self::UnauthorizedClient(sentence)
            | Self::InvalidScope(sentence)
            | Self::InvalidTarget(sentence)
            | Self::InvalidAuthorizationDetails(sentence)
            | Self::InvalidDpopProof(sentence) => sentence,
            Self::InvalidGrant(fault) => fault.sentence(),
            Self::NotHabilitated(why) => why.sentence(),
            Self::DpopProofReused => "the proof was used before",
            Self::UseDpopNonce => "repeat the DPoP proof with the nonce of the DPoP-Nonce header",
            Self::InvalidClient | Self::AssertionReused => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_cause_has_its_own_name_and_a_legal_sentence() {
        let names: BTreeSet<_> = GrantFault::ALL.into_iter().map(GrantFault::name).collect();
        assert_eq!(names.len(), GrantFault::ALL.len());
        let codes: BTreeSet<_> = AuthorizeError::ALL.into_iter().map(AuthorizeError::code).collect();
        assert_eq!(codes.len(), AuthorizeError::ALL.len());
        assert!(GrantFault::ALL.into_iter().all(|fault| is_legal_description(fault.sentence())));
    }
}
