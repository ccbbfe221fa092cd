//! A relying party as it is registered: who it is, where it may be answered, what it may ask.
//!
//! The registration is the client metadata of OIDC Registration §2 and RFC 7591 §2, with a `passerelle` object for
//! what the standards have no name for. It is parsed once, here; what does not parse is never kept.

mod backchannel;
mod encryption;
mod fields;
mod keys;
mod metadata;
mod objects;
mod own;
pub mod pins;
mod profile;
mod redirect;
mod rules;
mod sector;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::claims::scopes::Scope;
use crate::habilitation::credentials::Secrets;
use crate::habilitation::grant::Habilitation;
use crate::id::{ClientId, ProviderId, Sector};
use crate::jose::SigningAlgorithm;
use crate::language::Language;
use crate::level::Level;
use crate::oidc::authorization_details::DetailType;
use crate::oidc::certificate::CertificateName;
use crate::oidc::resource::{Resource, Resources};
use crate::people::name::MailAddress;

pub use backchannel::{BackchannelLogout, LogoutUri, SessionRule};
pub use encryption::Encryption;
pub use fields::MetadataError;
pub use keys::{ClientKeys, KeysUri};
pub use objects::{ObjectRule, RequestObjects};
pub use profile::Profile;
use redirect::find;
pub use redirect::{RedirectFault, RegisteredRedirect, check_redirect_uri};
pub use rules::{Audience, Generation, Handles, Levels, Longest, Prompts, Rules, UnknownScopes};
pub use sector::{NotAList, SectorList, SectorSource, SectorUri};

/// A relying party as registered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Client {
    /// Its `client_id`.
    pub id: ClientId,
    /// Its name, as citizens read it.
    pub name: Label,
    /// Its home page, where a citizen can start again.
    pub uri: Option<String>,
    /// Whether it is a public service or a private party; private parties need the citizen's consent.
    pub kind: Kind,
    /// The sector its pairwise subjects belong to.
    pub sector: Sector,
    /// Where it has its sector from.
    #[serde(default)]
    pub sector_source: SectorSource,
    /// How it proves who it is at the token endpoint.
    pub authentication: Authentication,
    /// The scopes it is habilitated to ask for.
    pub scopes: BTreeSet<Scope>,
    /// Whether it may ask which authentication methods were used (`amr`).
    pub amr: AmrRule,
    /// The algorithm of its ID tokens.
    pub id_token_algorithm: SigningAlgorithm,
    /// The algorithm of signed authorization responses (JARM §3).
    #[serde(default = "default_algorithm")]
    pub authorization_algorithm: SigningAlgorithm,
    /// How it receives userinfo.
    pub userinfo: UserinfoFormat,
    /// The level asked for when a request names none.
    pub default_level: Level,
    /// The level it never goes below, whatever a request says.
    pub minimum_level: Level,
    /// The identity providers it accepts.
    pub providers: ProviderFilter,
    /// Whether PKCE is required of it (RFC 7636); it is unless lifted for an old client.
    pub pkce: PkceRule,
    /// Whether it must push its authorization requests (RFC 9126 §6).
    #[serde(default)]
    pub pushing: PushRule,
    /// What it lives under: the rules of one profile.
    #[serde(default)]
    pub profile: Profile,
    /// Its public keys.
    #[serde(default)]
    pub keys: ClientKeys,
    /// What is encrypted to it.
    #[serde(default)]
    pub encryption: Encryption,
    /// How it sends requests as objects.
    #[serde(default)]
    pub request_objects: RequestObjects,
    /// What its access tokens are bound to.
    #[serde(default)]
    pub constraint: SenderConstraint,
    /// Whether it may be given refresh tokens.
    #[serde(default)]
    pub refresh: RefreshRule,
    /// The data providers that it may ask for access tokens to.
    #[serde(default)]
    pub resources: Resources,
    /// The resource server it is itself, when it is a data provider: it introspects the tokens meant for it.
    #[serde(default)]
    pub data_provider: Option<Resource>,
    /// The types of authorization details that it may ask for (RFC 9396 §10).
    #[serde(default)]
    pub detail_types: BTreeSet<DetailType>,
    /// How introspection is answered to it.
    #[serde(default)]
    pub introspection: IntrospectionFormat,
    /// How it is told that a session has ended.
    #[serde(default)]
    pub backchannel_logout: Option<BackchannelLogout>,
    /// Who is told by mail of what concerns its credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<MailAddress>,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
}

/// A registered relying party, with what is kept beside its metadata.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Its metadata.
    pub client: Client,
    /// Its secrets: two while one takes the place of the other.
    pub secrets: Secrets,
    /// Whether it is served.
    pub state: ClientState,
    /// What it was granted; without one nothing is released to it.
    pub habilitation: Option<Habilitation>,
}

/// Whether a client is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientState {
    /// It is.
    Active,
    /// It is not: its requests, codes and tokens are refused.
    Disabled,
}

/// A text in the two languages of the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// French.
    pub fr: String,
    /// English.
    pub en: String,
}

impl Label {
    /// The text in a language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::French => &self.fr,
            Language::English => &self.en,
        }
    }
}

/// Public service or private party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A public service: the citizen is informed of what is sent.
    Public,
    /// A private party: the citizen consents to what is sent.
    Private,
}

/// Whether `amr` may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AmrRule {
    /// It may.
    Granted,
    /// It may not.
    Withheld,
}

/// Whether authorization requests must be pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PushRule {
    /// They may.
    #[default]
    Optional,
    /// They must.
    Required,
}

/// Whether PKCE is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PkceRule {
    /// Required, with S256.
    Required,
    /// Accepted with S256, not required.
    Optional,
}

/// What the access tokens of a client are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SenderConstraint {
    /// Nothing, unless it proves a key on its own.
    #[default]
    None,
    /// A key that it proves at each use (RFC 9449 §5.2, `dpop_bound_access_tokens`).
    Dpop,
    /// Its certificate (RFC 8705 §3.4, `tls_client_certificate_bound_access_tokens`).
    Certificate,
}

/// Whether refresh tokens may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefreshRule {
    /// They may, when the citizen grants `offline_access` (OIDC Core §11).
    Granted,
    /// They may not.
    #[default]
    Withheld,
}

/// How a client authenticates (OIDC Core §9). One method each: a client that registered one cannot use another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// The secret in the Authorization header (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// The secret in the body.
    ClientSecretPost,
    /// An assertion signed by one of its keys (RFC 7523).
    PrivateKeyJwt,
    /// A certificate of a trusted authority that bears this name (RFC 8705 §2.1).
    TlsClientAuth(CertificateName),
    /// A certificate that stands in its key set, of whatever authority (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
}

impl Authentication {
    /// The registered name of the method.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth(_) => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
        }
    }

    /// Whether the gateway has to make a secret.
    pub const fn needs_secret(&self) -> bool {
        match self {
            Self::ClientSecretBasic | Self::ClientSecretPost => true,
            Self::PrivateKeyJwt | Self::TlsClientAuth(_) | Self::SelfSignedTlsClientAuth => false,
        }
    }
}

/// How userinfo is answered (OIDC Core §5.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserinfoFormat {
    /// `application/json`.
    Json,
    /// `application/jwt`, signed.
    Signed(SigningAlgorithm),
}

/// How introspection is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntrospectionFormat {
    /// As JSON, or signed with this algorithm when the request asks for that (RFC 9701 §4).
    OnRequest(SigningAlgorithm),
    /// Signed, whatever the request asks for: `introspection_signed_response_alg` is registered (RFC 9701 §6).
    Signed(SigningAlgorithm),
}

impl IntrospectionFormat {
    /// The algorithm of a signed answer.
    pub const fn algorithm(self) -> SigningAlgorithm {
        match self {
            Self::OnRequest(algorithm) | Self::Signed(algorithm) => algorithm,
        }
    }
}

impl Default for IntrospectionFormat {
    /// What the standard makes the default (RFC 9701 §6).
    fn default() -> Self {
        Self::OnRequest(default_algorithm())
    }
}

/// Which identity providers a client accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderFilter {
    /// All.
    All,
    /// These alone.
    Only(BTreeSet<ProviderId>),
    /// All but these.
    Except(BTreeSet<ProviderId>),
}

impl ProviderFilter {
    /// Whether the filter lets a provider pass.
    pub fn admits(&self, provider: &ProviderId) -> bool {
        match self {
            Self::All => true,
            Self::Only(list) => list.contains(provider),
            Self::Except(list) => !list.contains(provider),
        }
    }
}

impl Client {
    /// The client's own redirect URI equal to `uri`, compared byte for byte (RFC 9700 §4.1.3).
    pub fn redirect(&self, uri: &str) -> Option<RegisteredRedirect> {
        find(&self.redirect_uris, uri)
    }

    /// The client's own post-logout redirect URI equal to `uri`, compared byte for byte (RP-Initiated Logout §3).
    pub fn post_logout_redirect(&self, uri: &str) -> Option<RegisteredRedirect> {
        find(&self.post_logout_redirect_uris, uri)
    }

    /// The registered redirect URIs.
    pub fn redirect_uris(&self) -> &[String] {
        &self.redirect_uris
    }

    /// The registered post-logout redirect URIs.
    pub fn post_logout_redirect_uris(&self) -> &[String] {
        &self.post_logout_redirect_uris
    }
}

/// What the standard makes the default (JARM §3). Clients kept before the field existed have it too.
const fn default_algorithm() -> SigningAlgorithm {
    SigningAlgorithm::Rs256
}
