//! Client metadata, read strictly: a field that nobody knows, or of the wrong JSON type, refuses the whole.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::fields::{Fields, MetadataError};
use super::keys::{ClientKeys, KeysUri};
use super::sector::{SectorList, SectorSource};
use super::{
    Authentication, Client, IntrospectionFormat, Label, Profile, PushRule, RefreshRule, SenderConstraint,
    UserinfoFormat, backchannel, default_algorithm, encryption, objects, own, sector,
};
use crate::claims::scopes::Scope;
use crate::id::{ClientId, Sector};
use crate::jose::{KeySet, SigningAlgorithm};
use crate::level::Level;
use crate::oidc::authorization_details::DetailType;
use crate::oidc::certificate::{CertificateName, RegisteredCertificates};
use crate::oidc::refresh::OFFLINE_ACCESS;
use crate::people::name::MailAddress;

impl Client {
    /// Reads client metadata. `id` is used when the metadata names no `client_id`.
    pub fn from_metadata(metadata: &Value, id: impl FnOnce() -> ClientId) -> Result<Self, MetadataError> {
        Self::in_sector(metadata, None, id)
    }

    /// Reads client metadata that may name the list of a sector (`sector_identifier_uri`), with that list.
    pub fn in_sector(
        metadata: &Value,
        list: Option<&SectorList>,
        id: impl FnOnce() -> ClientId,
    ) -> Result<Self, MetadataError> {
        let fields = Fields::new(metadata, "", KNOWN)?;
        let own = match fields.map.get("passerelle") {
            None => Fields::new(&Value::Object(Map::new()), "passerelle.", own::KNOWN)?.own(),
            Some(value) => Fields::new(value, "passerelle.", own::KNOWN)?.own(),
        }?;
        let id = match fields.text("client_id")? {
            Some(text) => ClientId::parse(text).map_err(|cause| MetadataError::Id("client_id", cause))?,
            None => id(),
        };
        let name = fields.text("client_name")?.ok_or(MetadataError::Missing("client_name"))?.to_owned();
        let en = fields.text("client_name#en")?.unwrap_or(&name).to_owned();
        let fr = fields.text("client_name#fr")?.unwrap_or(&name).to_owned();

        let redirect_uris = fields.uris("redirect_uris")?;
        // A data provider that signs nobody in has nowhere to be answered.
        if redirect_uris.is_empty() && own.data_provider.is_none() {
            return Err(MetadataError::Missing("redirect_uris"));
        }
        fields.only("subject_type", "pairwise")?;
        fields.all("response_types", &["code"], "code")?;
        let (sector, sector_source) = match (own.sector, sector::listed(metadata, list, &redirect_uris)?) {
            (Some(_), Some(_)) => return Err(MetadataError::Both("passerelle.sector", sector::FIELD)),
            (Some(sector), None) => (sector, SectorSource::Given),
            (None, Some(sector)) => (sector, SectorSource::Listed),
            (None, None) => {
                let own = Sector::parse(id.as_str()).map_err(|cause| MetadataError::Id("passerelle.sector", cause))?;
                (own, SectorSource::Given)
            }
        };
        let algorithms = fields.algorithms(own.profile)?;
        let client = Self {
            id,
            name: Label { fr, en },
            uri: fields.uris_or_text("client_uri")?,
            kind: own.kind,
            sector,
            sector_source,
            authentication: fields.authentication(own.profile)?,
            scopes: fields.scopes()?,
            amr: own.amr,
            id_token_algorithm: algorithms.id_token,
            authorization_algorithm: algorithms.authorization,
            userinfo: algorithms.userinfo,
            default_level: fields.default_level(own.minimum_level)?,
            minimum_level: own.minimum_level,
            providers: own.providers,
            pkce: own.pkce,
            pushing: fields.pushing(own.profile)?,
            profile: own.profile,
            keys: fields.keys()?,
            encryption: fields.encryption()?,
            request_objects: fields.request_objects()?,
            constraint: fields.constraint(own.profile)?,
            refresh: fields.refresh()?,
            resources: own.resources,
            data_provider: own.data_provider,
            detail_types: fields.detail_types()?,
            introspection: algorithms.introspection,
            backchannel_logout: fields.backchannel_logout()?,
            // Other ways to reach somebody may stand there (RFC 7591 §2): no mail is sent to those.
            contacts: fields
                .texts("contacts")?
                .iter()
                .filter_map(|text| MailAddress::parse(text).ok())
                .take(5)
                .collect(),
            redirect_uris,
            post_logout_redirect_uris: fields.uris("post_logout_redirect_uris")?,
        };
        encryption::check_keys(&client)?;
        objects::check_keys(&client)?;
        fields.authenticates(&client)?;
        client.profile.check(&client).map(|()| client)
    }
}

/// The algorithms that a client registers.
struct Algorithms {
    id_token: SigningAlgorithm,
    authorization: SigningAlgorithm,
    userinfo: UserinfoFormat,
    introspection: IntrospectionFormat,
}

impl Fields<'_> {
    fn authentication(&self, profile: Profile) -> Result<Authentication, MetadataError> {
        match (self.text("token_endpoint_auth_method")?, profile) {
            (Some("client_secret_basic"), _) | (None, Profile::Standard) => Ok(Authentication::ClientSecretBasic),
            // What French software does when it says nothing.
            (Some("client_secret_post"), _) | (None, Profile::FranceConnect) => Ok(Authentication::ClientSecretPost),
            (Some("private_key_jwt"), _) | (None, Profile::Fapi2) => Ok(Authentication::PrivateKeyJwt),
            (Some("tls_client_auth"), _) => {
                Ok(Authentication::TlsClientAuth(CertificateName::from_metadata(self.map)?))
            }
            (Some("self_signed_tls_client_auth"), _) => Ok(Authentication::SelfSignedTlsClientAuth),
            (Some(_), _) => Err(MetadataError::Unknown("token_endpoint_auth_method", AUTH_METHODS)),
        }
    }

    /// Whether there is what the method needs, and nothing of another.
    fn authenticates(&self, client: &Client) -> Result<(), MetadataError> {
        let name = CertificateName::FIELDS.into_iter().find(|field| self.map.contains_key(*field));
        match (&client.authentication, &client.keys, name) {
            (Authentication::PrivateKeyJwt | Authentication::SelfSignedTlsClientAuth, ClientKeys::None, _) => {
                Err(MetadataError::Missing("jwks or jwks_uri"))
            }
            (Authentication::TlsClientAuth(_), _, _) => Ok(()),
            (_, _, Some(field)) => Err(self.wrong(field, "absent: it goes with the method tls_client_auth")),
            (Authentication::SelfSignedTlsClientAuth, ClientKeys::Inline(keys), None) => {
                RegisteredCertificates::of(keys).map(drop).map_err(MetadataError::Certificates)
            }
            (
                Authentication::ClientSecretBasic
                | Authentication::ClientSecretPost
                | Authentication::PrivateKeyJwt
                | Authentication::SelfSignedTlsClientAuth,
                ClientKeys::None | ClientKeys::Inline(_) | ClientKeys::At(_),
                None,
            ) => Ok(()),
        }
    }

    fn keys(&self) -> Result<ClientKeys, MetadataError> {
        match (self.map.get("jwks"), self.text("jwks_uri")?) {
            (Some(_), Some(_)) => Err(MetadataError::Both("jwks", "jwks_uri")),
            (Some(jwks), None) => KeySet::parse(jwks).map(ClientKeys::Inline).map_err(MetadataError::Keys),
            (None, Some(uri)) => KeysUri::parse(uri).map(ClientKeys::At).map_err(|fault| MetadataError::Redirect {
                field: "jwks_uri".to_owned(),
                uri: uri.to_owned(),
                fault,
            }),
            (None, None) => Ok(ClientKeys::None),
        }
    }

    fn scopes(&self) -> Result<BTreeSet<Scope>, MetadataError> {
        let mut scopes = BTreeSet::new();
        for word in self.text("scope")?.unwrap_or("openid").split(' ').filter(|word| !word.is_empty()) {
            // It releases nothing by itself: `grant_types` decides on refresh tokens.
            if word == OFFLINE_ACCESS {
                continue;
            }
            scopes.insert(Scope::parse(word).ok_or_else(|| MetadataError::Scope(word.to_owned()))?);
        }
        if !scopes.contains(&Scope::OPENID) {
            return Err(MetadataError::Scope("openid is missing: every client has it".to_owned()));
        }
        Ok(scopes)
    }

    /// The defaults are those of the standards, or the nearest that the profile allows.
    fn algorithms(&self, profile: Profile) -> Result<Algorithms, MetadataError> {
        let default = match profile {
            Profile::Standard | Profile::FranceConnect => default_algorithm(),
            Profile::Fapi2 => SigningAlgorithm::Es256,
        };
        let id_token = self.algorithm("id_token_signed_response_alg")?.unwrap_or(default);
        let authorization = self.algorithm("authorization_signed_response_alg")?.unwrap_or(default);
        let userinfo = match (self.algorithm("userinfo_signed_response_alg")?, profile) {
            (Some(algorithm), _) => UserinfoFormat::Signed(algorithm),
            (None, Profile::Standard | Profile::Fapi2) => UserinfoFormat::Json,
            // What French software expects when it says nothing.
            (None, Profile::FranceConnect) => UserinfoFormat::Signed(id_token),
        };
        let introspection = match self.algorithm("introspection_signed_response_alg")? {
            Some(algorithm) => IntrospectionFormat::Signed(algorithm),
            None => IntrospectionFormat::OnRequest(default),
        };
        Ok(Algorithms { id_token, authorization, userinfo, introspection })
    }

    fn detail_types(&self) -> Result<BTreeSet<DetailType>, MetadataError> {
        let unknown = || MetadataError::Unknown("authorization_details_types", "data_sharing");
        let names = self.texts("authorization_details_types")?;
        names.iter().map(|name| DetailType::parse(name).ok_or_else(unknown)).collect()
    }

    fn default_level(&self, minimum: Level) -> Result<Level, MetadataError> {
        let level = match self.texts("default_acr_values")?.first() {
            None => minimum,
            Some(acr) => Level::from_acr(acr).ok_or(MetadataError::Unknown("default_acr_values", ACRS))?,
        };
        Ok(level.max(minimum))
    }

    fn pushing(&self, profile: Profile) -> Result<PushRule, MetadataError> {
        Ok(match (self.flag("require_pushed_authorization_requests")?, profile) {
            (Some(true), _) | (None, Profile::Fapi2) => PushRule::Required,
            (Some(false), _) | (None, Profile::Standard | Profile::FranceConnect) => PushRule::Optional,
        })
    }

    fn constraint(&self, profile: Profile) -> Result<SenderConstraint, MetadataError> {
        let (dpop, certificate) = ("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens");
        match (self.flag(dpop)?, self.flag(certificate)?.unwrap_or_default(), profile) {
            (Some(true), true, _) => Err(MetadataError::Both(dpop, certificate)),
            (_, true, _) => Ok(SenderConstraint::Certificate),
            (Some(true), false, _) | (None, false, Profile::Fapi2) => Ok(SenderConstraint::Dpop),
            (Some(false), false, _) | (None, false, Profile::Standard | Profile::FranceConnect) => {
                Ok(SenderConstraint::None)
            }
        }
    }

    fn refresh(&self) -> Result<RefreshRule, MetadataError> {
        self.all("grant_types", &["authorization_code", "refresh_token"], "authorization_code, refresh_token")?;
        let asked = self.texts("grant_types")?.iter().any(|grant| grant == "refresh_token");
        Ok(if asked { RefreshRule::Granted } else { RefreshRule::Withheld })
    }

    /// A field that can hold one value alone.
    fn only(&self, field: &'static str, value: &'static str) -> Result<(), MetadataError> {
        match self.text(field)? {
            Some(text) if text != value => Err(MetadataError::Unknown(field, value)),
            Some(_) | None => Ok(()),
        }
    }

    /// A list of some of these values.
    fn all(&self, field: &'static str, values: &[&str], shown: &'static str) -> Result<(), MetadataError> {
        if self.texts(field)?.iter().all(|text| values.contains(&text.as_str())) {
            Ok(())
        } else {
            Err(MetadataError::Unknown(field, shown))
        }
    }
}

const AUTH_METHODS: &str =
    "client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth";
pub(super) const ACRS: &str = "eidas1, eidas2, eidas3";
const KNOWN: &[&str] = &[
    "client_id",
    "client_name",
    "client_name#fr",
    "client_name#en",
    "client_uri",
    "redirect_uris",
    "post_logout_redirect_uris",
    backchannel::URI,
    backchannel::SESSION_REQUIRED,
    "token_endpoint_auth_method",
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
    "grant_types",
    "response_types",
    "jwks",
    "jwks_uri",
    "dpop_bound_access_tokens",
    "tls_client_certificate_bound_access_tokens",
    "scope",
    "id_token_signed_response_alg",
    "authorization_signed_response_alg",
    "userinfo_signed_response_alg",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "request_object_signing_alg",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "require_signed_request_object",
    "introspection_signed_response_alg",
    "authorization_details_types",
    "default_acr_values",
    "require_pushed_authorization_requests",
    "subject_type",
    sector::FIELD,
    "contacts",
    "passerelle",
];

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
