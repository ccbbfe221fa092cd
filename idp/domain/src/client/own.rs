//! The `passerelle` object of client metadata: what the standards have no name for.

use super::fields::{Fields, MetadataError};
use super::metadata::ACRS;
use super::{AmrRule, Kind, PkceRule, Profile, ProviderFilter};
use crate::id::Sector;
use crate::level::Level;
use crate::oidc::resource::{Resource, Resources};

pub(super) const KNOWN: &[&str] = &[
    "kind",
    "profile",
    "sector",
    "minimum_acr",
    "providers_only",
    "providers_except",
    "claims",
    "require_pkce",
    "resources",
    "data_provider",
];

/// The `passerelle` object.
pub(super) struct Own {
    pub(super) kind: Kind,
    pub(super) sector: Option<Sector>,
    pub(super) minimum_level: Level,
    pub(super) providers: ProviderFilter,
    pub(super) amr: AmrRule,
    pub(super) pkce: PkceRule,
    pub(super) profile: Profile,
    pub(super) resources: Resources,
    pub(super) data_provider: Option<Resource>,
}

impl Fields<'_> {
    /// Reads the object.
    pub(super) fn own(&self) -> Result<Own, MetadataError> {
        let kind = match self.text("kind")?.unwrap_or("public") {
            "public" => Kind::Public,
            "private" => Kind::Private,
            _ => return Err(MetadataError::Unknown("passerelle.kind", "public, private")),
        };
        let sector = self
            .text("sector")?
            .map(|text| Sector::parse(text).map_err(|cause| MetadataError::Id("passerelle.sector", cause)))
            .transpose()?;
        let minimum_level = self
            .text("minimum_acr")?
            .map_or(Some(Level::Low), Level::from_acr)
            .ok_or(MetadataError::Unknown("passerelle.minimum_acr", ACRS))?;
        let only = self.map.contains_key("providers_only").then(|| self.providers("providers_only")).transpose()?;
        let except = self.providers("providers_except")?;
        let providers = match (only, except.is_empty()) {
            (Some(only), true) => ProviderFilter::Only(only),
            (None, false) => ProviderFilter::Except(except),
            (None, true) => ProviderFilter::All,
            (Some(_), false) => {
                return Err(self.wrong("providers_only", "alone: it goes without `passerelle.providers_except`"));
            }
        };
        let amr = match self.texts("claims")?.as_slice() {
            [] => AmrRule::Withheld,
            [claim] if claim == "amr" => AmrRule::Granted,
            _ => return Err(MetadataError::Unknown("passerelle.claims", "amr")),
        };
        let profile = self.text("profile")?.map_or(Some(Profile::default()), Profile::parse);
        let profile = profile.ok_or(MetadataError::Unknown("passerelle.profile", "standard, fapi2, franceconnect"))?;
        let pkce = match (self.flag("require_pkce")?, profile) {
            (Some(true), _) | (None, Profile::Standard | Profile::Fapi2) => PkceRule::Required,
            // FranceConnect has never taken a challenge. Its nonce, which is due here, protects the code of a
            // confidential client as well (RFC 9700 §2.1.1).
            (Some(false), _) | (None, Profile::FranceConnect) => PkceRule::Optional,
        };
        let (resources, data_provider) = (self.resources("resources")?, self.resource("data_provider")?);
        Ok(Own { kind, sector, minimum_level, providers, amr, pkce, profile, resources, data_provider })
    }
}
