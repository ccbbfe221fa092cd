//! What a sandbox provider can be told to do wrong.

use serde::{Deserialize, Serialize};

/// One way of misbehaving; everything else stays as an honest provider does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// None.
    #[default]
    Ok,
    /// Back-channel endpoints (discovery, JWKS, token, userinfo) accept the request and never answer.
    Hang,
    /// Back-channel endpoints answer 200 with bytes that are no JSON.
    Garbage,
    /// Back-channel endpoints answer 500.
    Error500,
    /// The discovery document names another issuer.
    WrongDiscoveryIssuer,
    /// `iss` of the ID token is another provider's.
    WrongIss,
    /// `aud` of the ID token is another client.
    WrongAud,
    /// `aud` of the ID token holds a second, unknown audience, and `azp` is it.
    WrongAzp,
    /// `nonce` of the ID token is not the one asked.
    WrongNonce,
    /// The ID token expired ten minutes ago.
    Expired,
    /// The ID token is not signed (`alg: none`).
    AlgNone,
    /// The ID token is HMAC-signed with the public key as the secret.
    Hs256PublicKey,
    /// `acr` is below what the provider was asked for.
    AcrLower,
    /// The ID token has no `acr`.
    AcrMissing,
    /// The ID token has no `iss`.
    IssMissing,
    /// The ID token has no `sub`.
    SubMissing,
    /// The ID token has no `aud`.
    AudMissing,
    /// The ID token has no `exp`.
    ExpMissing,
    /// The ID token has no `iat`.
    IatMissing,
    /// The ID token has no `nonce`.
    NonceMissing,
    /// `at_hash` of the ID token is that of another access token.
    WrongAtHash,
    /// `auth_time` of the ID token is an hour before the citizen signed in: an old session, passed off as asked.
    OldAuthTime,
    /// `sub` of userinfo is another person's.
    SubMismatch,
    /// `email` of userinfo is the first sandbox citizen's, whoever signed in.
    AnothersAddress,
    /// Userinfo has no `birthdate`.
    MissingClaim,
    /// `family_name` is a number in userinfo.
    WrongTypeClaim,
    /// `exp` of the ID token is the text `"never"`.
    WrongTypeExp,
    /// The ID token names a key that the JWKS does not have.
    UnknownKid,
    /// The signing key was replaced when the fault was set: nothing else is wrong.
    RotateKeys,
    /// The JWKS holds ten thousand keys.
    ManyKeys,
    /// The JWKS is empty, and the ID token names a key that was never there: whoever kept the last good set reads it anew.
    NoKeys,
    /// The authorization response has no `iss` although discovery announces it (RFC 9207).
    ResponseIssMissing,
    /// The authorization response has another provider's `iss`.
    ResponseIssWrong,
    /// The provider's clock is ten seconds ahead.
    #[serde(rename = "clock_skew_10")]
    ClockSkew10,
    /// The provider's clock is sixty-one seconds ahead.
    #[serde(rename = "clock_skew_61")]
    ClockSkew61,
    /// The authorization response is an error whose description holds HTML and control characters.
    HtmlInError,
    /// Given names of ten thousand characters.
    HugeClaim,
    /// Userinfo is sent in clear JSON although a signed or encrypted answer is registered.
    UserinfoUnsigned,
    /// A fragment stands behind every address that the citizen is sent back to.
    Fragment,
}

impl Fault {
    /// Every fault, for tests that walk through all of them.
    pub const ALL: [Self; 39] = [
        Self::Ok,
        Self::Hang,
        Self::Garbage,
        Self::Error500,
        Self::WrongDiscoveryIssuer,
        Self::WrongIss,
        Self::WrongAud,
        Self::WrongAzp,
        Self::WrongNonce,
        Self::Expired,
        Self::AlgNone,
        Self::Hs256PublicKey,
        Self::AcrLower,
        Self::AcrMissing,
        Self::IssMissing,
        Self::SubMissing,
        Self::AudMissing,
        Self::ExpMissing,
        Self::IatMissing,
        Self::NonceMissing,
        Self::WrongAtHash,
        Self::OldAuthTime,
        Self::SubMismatch,
        Self::AnothersAddress,
        Self::MissingClaim,
        Self::WrongTypeClaim,
        Self::WrongTypeExp,
        Self::UnknownKid,
        Self::RotateKeys,
        Self::ManyKeys,
        Self::NoKeys,
        Self::ResponseIssMissing,
        Self::ResponseIssWrong,
        Self::ClockSkew10,
        Self::ClockSkew61,
        Self::HtmlInError,
        Self::HugeClaim,
        Self::UserinfoUnsigned,
        Self::Fragment,
    ];

    /// The claim that the ID token is without.
    pub(super) fn left_out(self) -> Option<&'static str> {
        let claims = [
            (Self::AcrMissing, "acr"),
            (Self::IssMissing, "iss"),
            (Self::SubMissing, "sub"),
            (Self::AudMissing, "aud"),
            (Self::ExpMissing, "exp"),
            (Self::IatMissing, "iat"),
            (Self::NonceMissing, "nonce"),
        ];
        claims.into_iter().find(|(fault, _)| *fault == self).map(|(_, claim)| claim)
    }

    /// Seconds by which the provider's clock is ahead of the true one.
    pub(super) fn clock_lead(self) -> i64 {
        if self == Self::ClockSkew10 {
            10
        } else if self == Self::ClockSkew61 {
            61
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_control_messages() {
        let read = |name: &str| serde_json::from_value::<Fault>(name.into());
        for (name, fault) in [
            ("ok", Fault::Ok),
            ("error500", Fault::Error500),
            ("hs256_public_key", Fault::Hs256PublicKey),
            ("clock_skew_10", Fault::ClockSkew10),
            ("clock_skew_61", Fault::ClockSkew61),
            ("response_iss_missing", Fault::ResponseIssMissing),
        ] {
            assert_eq!(read(name).unwrap(), fault, "{name}");
        }
        assert!(read("set_fire").is_err());
    }
}
