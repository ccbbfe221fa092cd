//! Profiles: strictness is a switch of each client, never of the gateway. The rules of the profiles collide, so a client
//! lives under exactly one.

use serde::{Deserialize, Serialize};

use super::{Authentication, Client, MetadataError, PkceRule, PushRule, SenderConstraint, UserinfoFormat};
use crate::jose::SigningAlgorithm;

/// What a client lives under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// OpenID Connect Core as certified, PKCE on top.
    #[default]
    Standard,
    /// FAPI 2.0 Security Profile (final), and Message Signing where the client registers it.
    Fapi2,
    /// As FranceConnect asks of its relying parties.
    FranceConnect,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Fapi2, Self::FranceConnect];

    /// Reads the name of a profile.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// The name of the profile.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Fapi2 => "fapi2",
            Self::FranceConnect => "franceconnect",
        }
    }

    /// The algorithms that a client may sign with (FAPI 2.0 §5.4.1-1).
    pub fn algorithms(self) -> impl Iterator<Item = SigningAlgorithm> {
        SigningAlgorithm::ALL.into_iter().filter(move |algorithm| match self {
            Self::Standard | Self::FranceConnect => true,
            Self::Fapi2 => algorithm.suits_fapi(),
        })
    }

    /// Refuses a client whose metadata the profile does not allow.
    pub(super) fn check(self, client: &Client) -> Result<(), MetadataError> {
        match self {
            Self::Standard | Self::FranceConnect => Ok(()),
            Self::Fapi2 => fapi2(client),
        }
    }
}

/// FAPI 2.0 Security Profile, as far as registration can tell (§5.3.2.1-4, -5, -6; §5.3.2.2-2, -5; §5.4.1-1).
fn fapi2(client: &Client) -> Result<(), MetadataError> {
    let refuse = |field, must| Err(MetadataError::Profile { profile: Profile::Fapi2, field, must });
    match client.authentication {
        Authentication::ClientSecretBasic | Authentication::ClientSecretPost => {
            return refuse("token_endpoint_auth_method", "private_key_jwt or a method by certificate");
        }
        Authentication::PrivateKeyJwt | Authentication::TlsClientAuth(_) | Authentication::SelfSignedTlsClientAuth => {}
    }
    if client.constraint == SenderConstraint::None {
        let must = "`dpop_bound_access_tokens` or `tls_client_certificate_bound_access_tokens`";
        return refuse("dpop_bound_access_tokens", must);
    }
    if client.pushing == PushRule::Optional {
        return refuse("require_pushed_authorization_requests", "true");
    }
    if client.pkce == PkceRule::Optional {
        return refuse("passerelle.require_pkce", "true");
    }
    let algorithms = "PS256, ES256 or EdDSA";
    if !client.id_token_algorithm.suits_fapi() {
        return refuse("id_token_signed_response_alg", algorithms);
    }
    if !client.authorization_algorithm.suits_fapi() {
        return refuse("authorization_signed_response_alg", algorithms);
    }
    if client.request_objects.signing.is_some_and(|algorithm| !algorithm.suits_fapi()) {
        return refuse("request_object_signing_alg", algorithms);
    }
    if !client.introspection.algorithm().suits_fapi() {
        return refuse("introspection_signed_response_alg", algorithms);
    }
    match client.userinfo {
        UserinfoFormat::Signed(algorithm) if !algorithm.suits_fapi() => {
            refuse("userinfo_signed_response_alg", algorithms)
        }
        UserinfoFormat::Signed(_) | UserinfoFormat::Json => Ok(()),
    }
}
