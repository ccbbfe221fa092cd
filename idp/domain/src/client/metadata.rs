//! Client metadata, read strictly: a field that nobody knows, or of the wrong JSON type, refuses the whole.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::redirect::{RedirectFault, check_redirect_uri};
use super::{
    AmrRule, Authentication, Client, Kind, Label, PkceRule, ProviderFilter, PushRule, UserinfoFormat, default_algorithm,
};
use crate::claims::scopes::Scope;
use crate::id::{BadId, ClientId, ProviderId, Sector};
use crate::jose::{BadKeySet, KeySet, SigningAlgorithm};
use crate::level::Level;

impl Client {
    /// Reads client metadata. `id` is used when the metadata names no `client_id`.
    pub fn from_metadata(metadata: &Value, id: impl FnOnce() -> ClientId) -> Result<Self, MetadataError> {
        let fields = Fields::new(metadata, "", KNOWN)?;
        let own = match fields.map.get("passerelle") {
            None => Fields { map: &Map::new(), path: "passerelle." }.own(),
            Some(value) => Fields::new(value, "passerelle.", KNOWN_OWN)?.own(),
        }?;
        let id = match fields.text("client_id")? {
            Some(text) => ClientId::parse(text).map_err(|cause| MetadataError::Id("client_id", cause))?,
            None => id(),
        };
        let name = fields.text("client_name")?.ok_or(MetadataError::Missing("client_name"))?.to_owned();
        let en = fields.text("client_name#en")?.unwrap_or(&name).to_owned();
        let fr = fields.text("client_name#fr")?.unwrap_or(&name).to_owned();

        let redirect_uris = fields.uris("redirect_uris")?;
        if redirect_uris.is_empty() {
            return Err(MetadataError::Missing("redirect_uris"));
        }
        let authentication = match fields.text("token_endpoint_auth_method")?.unwrap_or("client_secret_basic") {
            "client_secret_basic" => Authentication::ClientSecretBasic,
            "client_secret_post" => Authentication::ClientSecretPost,
            "private_key_jwt" => {
                let jwks = fields.map.get("jwks").ok_or(MetadataError::Missing("jwks"))?;
                Authentication::PrivateKeyJwt(KeySet::parse(jwks).map_err(MetadataError::Keys)?)
            }
            _ => return Err(MetadataError::Unknown("token_endpoint_auth_method", AUTH_METHODS)),
        };
        if fields.text("subject_type")?.is_some_and(|kind| kind != "pairwise") {
            return Err(MetadataError::Unknown("subject_type", "pairwise"));
        }
        for (field, supported) in [("grant_types", "authorization_code"), ("response_types", "code")] {
            if fields.texts(field)?.iter().any(|asked| asked != supported) {
                return Err(MetadataError::Unknown(field, supported));
            }
        }
        let mut scopes = BTreeSet::new();
        for word in fields.text("scope")?.unwrap_or("openid").split(' ').filter(|word| !word.is_empty()) {
            scopes.insert(Scope::parse(word).ok_or_else(|| MetadataError::Scope(word.to_owned()))?);
        }
        if !scopes.contains(&Scope::OPENID) {
            return Err(MetadataError::Scope("openid is missing: every client has it".to_owned()));
        }
        let userinfo = match fields.algorithm("userinfo_signed_response_alg")? {
            None => UserinfoFormat::Json,
            Some(algorithm) => UserinfoFormat::Signed(algorithm),
        };
        let default_level = match fields.texts("default_acr_values")?.first() {
            None => own.minimum_level,
            Some(acr) => Level::from_acr(acr).ok_or(MetadataError::Unknown("default_acr_values", ACRS))?,
        };
        let sector = match own.sector {
            Some(sector) => sector,
            None => Sector::parse(id.as_str()).map_err(|cause| MetadataError::Id("passerelle.sector", cause))?,
        };
        Ok(Self {
            id,
            name: Label { fr, en },
            uri: fields.uris_or_text("client_uri")?,
            kind: own.kind,
            sector,
            authentication,
            scopes,
            amr: own.amr,
            id_token_algorithm: fields.algorithm("id_token_signed_response_alg")?.unwrap_or(SigningAlgorithm::Rs256),
            authorization_algorithm: fields
                .algorithm("authorization_signed_response_alg")?
                .unwrap_or(default_algorithm()),
            userinfo,
            default_level: default_level.max(own.minimum_level),
            minimum_level: own.minimum_level,
            providers: own.providers,
            pkce: own.pkce,
            pushing: match fields.map.get("require_pushed_authorization_requests") {
                None | Some(Value::Bool(false)) => PushRule::Optional,
                Some(Value::Bool(true)) => PushRule::Required,
                Some(_) => return Err(fields.wrong("require_pushed_authorization_requests", "true or false")),
            },
            redirect_uris,
            post_logout_redirect_uris: fields.uris("post_logout_redirect_uris")?,
        })
    }
}

/// Why client metadata was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A field that must be there is not.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field has the wrong JSON type.
    #[error("`{field}` must be {expected}")]
    Type {
        /// The field.
        field: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A field that nobody knows.
    #[error("`{field}` is not a field of client metadata; known: {known}")]
    Field {
        /// The field.
        field: String,
        /// The known ones.
        known: String,
    },
    /// A value that is not among those supported.
    #[error("`{0}` holds a value that is not supported; supported: {1}")]
    Unknown(&'static str, &'static str),
    /// A scope that does not exist.
    #[error("scope: {0}")]
    Scope(String),
    /// A redirect URI that cannot be registered.
    #[error("`{uri}` in `{field}`: {fault}")]
    Redirect {
        /// The field.
        field: String,
        /// The URI.
        uri: String,
        /// What is wrong with it.
        fault: RedirectFault,
    },
    /// An identifier of the wrong form.
    #[error("`{0}`: {1}")]
    Id(&'static str, BadId),
    /// A key set that cannot be used.
    #[error("jwks: {0}")]
    Keys(BadKeySet),
}

const AUTH_METHODS: &str = "client_secret_basic, client_secret_post, private_key_jwt";
const ACRS: &str = "eidas1, eidas2, eidas3";
const KNOWN: &[&str] = &[
    "client_id",
    "client_name",
    "client_name#fr",
    "client_name#en",
    "client_uri",
    "redirect_uris",
    "post_logout_redirect_uris",
    "token_endpoint_auth_method",
    "grant_types",
    "response_types",
    "jwks",
    "scope",
    "id_token_signed_response_alg",
    "authorization_signed_response_alg",
    "userinfo_signed_response_alg",
    "default_acr_values",
    "require_pushed_authorization_requests",
    "subject_type",
    "contacts",
    "passerelle",
];
const KNOWN_OWN: &[&str] =
    &["kind", "sector", "minimum_acr", "providers_only", "providers_except", "claims", "require_pkce"];

/// The `passerelle` object.
struct Own {
    kind: Kind,
    sector: Option<Sector>,
    minimum_level: Level,
    providers: ProviderFilter,
    amr: AmrRule,
    pkce: PkceRule,
}

/// Reads JSON fields so that a wrong type is an error and never an absence.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: &'static str,
}

impl<'a> Fields<'a> {
    fn new(value: &'a Value, path: &'static str, known: &[&str]) -> Result<Self, MetadataError> {
        let map = value.as_object().ok_or_else(|| MetadataError::Type {
            field: if path.is_empty() { "client metadata".to_owned() } else { path.trim_end_matches('.').to_owned() },
            expected: "a JSON object",
        })?;
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(field) => Err(MetadataError::Field { field: format!("{path}{field}"), known: known.join(", ") }),
            None => Ok(Self { map, path }),
        }
    }

    fn wrong(&self, field: &str, expected: &'static str) -> MetadataError {
        MetadataError::Type { field: format!("{}{field}", self.path), expected }
    }

    fn text(&self, field: &'static str) -> Result<Option<&'a str>, MetadataError> {
        match self.map.get(field) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(self.wrong(field, "a text that is not empty")),
        }
    }

    fn texts(&self, field: &'static str) -> Result<Vec<String>, MetadataError> {
        match self.map.get(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| self.wrong(field, "a list of texts")))
                .collect(),
            Some(_) => Err(self.wrong(field, "a list of texts")),
        }
    }

    fn uris(&self, field: &'static str) -> Result<Vec<String>, MetadataError> {
        let uris = self.texts(field)?;
        for uri in &uris {
            check_redirect_uri(uri).map_err(|fault| MetadataError::Redirect {
                field: field.to_owned(),
                uri: uri.clone(),
                fault,
            })?;
        }
        Ok(uris)
    }

    fn uris_or_text(&self, field: &'static str) -> Result<Option<String>, MetadataError> {
        let Some(uri) = self.text(field)? else { return Ok(None) };
        check_redirect_uri(uri).map_err(|fault| MetadataError::Redirect {
            field: field.to_owned(),
            uri: uri.to_owned(),
            fault,
        })?;
        Ok(Some(uri.to_owned()))
    }

    fn algorithm(&self, field: &'static str) -> Result<Option<SigningAlgorithm>, MetadataError> {
        self.text(field)?
            .map(|name| {
                SigningAlgorithm::parse(name).ok_or(MetadataError::Unknown(field, "ES256, PS256, EdDSA, RS256"))
            })
            .transpose()
    }

    fn providers(&self, field: &'static str) -> Result<BTreeSet<ProviderId>, MetadataError> {
        self.texts(field)?
            .iter()
            .map(|id| ProviderId::parse(id).map_err(|cause| MetadataError::Id(field, cause)))
            .collect()
    }

    fn own(&self) -> Result<Own, MetadataError> {
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
        let pkce = match self.map.get("require_pkce") {
            None | Some(Value::Bool(true)) => PkceRule::Required,
            Some(Value::Bool(false)) => PkceRule::Optional,
            Some(_) => return Err(self.wrong("require_pkce", "true or false")),
        };
        Ok(Own { kind, sector, minimum_level, providers, amr, pkce })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metadata(extra: &Value) -> Value {
        let mut base = json!({ "client_name": "Ville", "redirect_uris": ["https://ville.example/retour"] });
        for (key, value) in extra.as_object().expect("an object") {
            base[key] = value.clone();
        }
        base
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads as a literal at every call")]
    fn read(extra: Value) -> Result<Client, MetadataError> {
        Client::from_metadata(&metadata(&extra), || ClientId::parse("made").expect("plain"))
    }

    #[test]
    fn a_minimal_client_gets_the_careful_defaults() {
        let client = read(json!({})).expect("enough");
        assert_eq!(client.id.as_str(), "made");
        assert_eq!(client.sector.as_str(), "made");
        assert_eq!(client.pkce, PkceRule::Required);
        assert_eq!(client.id_token_algorithm, SigningAlgorithm::Rs256);
        assert_eq!(client.scopes.len(), 1);
        assert_eq!(client.default_level, Level::Low);
    }

    #[test]
    fn metadata_of_the_wrong_form_is_refused_with_its_field() {
        for (bad, field) in [
            (json!({"client_nam": "x"}), "client_nam"),
            (json!({"redirect_uris": "https://x.example/"}), "redirect_uris"),
            (json!({"redirect_uris": []}), "redirect_uris"),
            (json!({"scope": "openid everything"}), "everything"),
            (json!({"scope": "profile"}), "openid"),
            (json!({"grant_types": ["implicit"]}), "grant_types"),
            (json!({"subject_type": "public"}), "subject_type"),
            (json!({"token_endpoint_auth_method": "none"}), "token_endpoint_auth_method"),
            (json!({"token_endpoint_auth_method": "private_key_jwt"}), "jwks"),
            (json!({"id_token_signed_response_alg": "none"}), "id_token_signed_response_alg"),
            (json!({"passerelle": {"minimum_acr": "eidas9"}}), "minimum_acr"),
            (json!({"passerelle": {"require_pkce": "no"}}), "require_pkce"),
            (json!({"passerelle": {"providers_only": ["a"], "providers_except": ["b"]}}), "providers_only"),
            (json!({"passerelle": {"kin": "public"}}), "passerelle.kin"),
        ] {
            let error = read(bad.clone()).expect_err(&bad.to_string()).to_string();
            assert!(error.contains(field), "{error} names {field}");
        }
    }

    #[test]
    fn a_default_level_never_lies_below_the_minimum() {
        let client = read(json!({"default_acr_values": ["eidas1"], "passerelle": {"minimum_acr": "eidas2"}}))
            .expect("both known");
        assert_eq!(client.default_level, Level::Substantial);
    }

    #[test]
    fn redirect_uris_that_could_hide_something_cannot_be_registered() {
        for bad in [
            "http://ville.example/",
            "https://ville.example/#x",
            "https://VILLE.example/",
            "https://ville.example:443/",
            "https://ville.example./",
            "https://ville.example/a/../b",
            "https://ville.example/%2e%2e/b",
            "https://ville.example\\@evil.example/",
            "https://user@ville.example/",
            "https://*.example/",
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "https://ville.example/a b",
            "https://vîlle.example/",
            "/relative",
            "",
        ] {
            assert!(check_redirect_uri(bad).is_err(), "{bad:?}");
        }
        for good in [
            "https://ville.example/retour?a=b",
            "https://ville.example",
            "http://127.0.0.1:8400/cb",
            "http://[::1]:1/cb",
            "http://localhost/cb",
        ] {
            assert_eq!(check_redirect_uri(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn redirects_are_compared_byte_for_byte() {
        let client = read(json!({})).expect("enough");
        assert!(client.redirect("https://ville.example/retour").is_some());
        for other in [
            "https://ville.example/retour/",
            "https://ville.example/retour?x=1",
            "https://VILLE.example/retour",
            "https://ville.example:443/retour",
            "https://ville.example./retour",
            "https://ville.example/retour#",
            "https://ville.example.evil.tld/retour",
            "https://ville.example/x/..;/retour",
            "",
        ] {
            assert!(client.redirect(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_registered_query_is_kept_when_parameters_are_added() {
        let client = read(json!({"redirect_uris": ["https://v.example/r?a=b", "https://v.example/s"]})).expect("fine");
        let with = |uri: &str, pairs: &[(&str, &str)]| client.redirect(uri).expect("own").with_parameters(pairs);
        assert_eq!(with("https://v.example/r?a=b", &[("code", "x y")]), "https://v.example/r?a=b&code=x+y");
        assert_eq!(with("https://v.example/s", &[("code", "x")]), "https://v.example/s?code=x");
        assert_eq!(with("https://v.example/s", &[]), "https://v.example/s");
    }
}
