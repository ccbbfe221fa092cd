//! What a relying party may ask of data providers with its access token: the audience (RFC 8707), and the
//! authorization details (RFC 9396). A location of a detail belongs to the audience.
//!
//! ```text
//!  asked ──▶ narrowed to the client, when the citizen is told ──▶ granted ──▶ targeted at the token endpoint
//! ```

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::authorization_details::{AuthorizationDetails, BadDetails};
use super::error::{AuthorizeError, TokenError};
use super::parameters::Parameters;
use super::resource::{Resource, Resources};
use crate::claims::claim::Claim;
use crate::claims::release::GrantedScopes;
use crate::claims::scopes::{Scope, Source};
use crate::client::Audience;
use crate::habilitation::grant::LiveHabilitation;

/// What may be asked of whom.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sharing {
    /// The data providers.
    pub resources: Resources,
    /// What may be fetched there, where the request said so.
    pub details: AuthorizationDetails,
}

/// What a relying party could ask of one data provider, as a citizen is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The data it could fetch there.
    pub datatypes: BTreeSet<Scope>,
    /// What the data provider is told of the citizen when it asks about the token.
    pub told: Vec<Claim>,
}

/// Why a request for data providers is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub enum NotShared {
    /// A resource is malformed, or not registered for the client (RFC 8707 §2).
    Target,
    /// The authorization details cannot be granted.
    Details(BadDetails),
    /// `authorization_details` was sent more than once.
    Repeated,
}

impl NotShared {
    /// The code at the authorization endpoint.
    pub const fn authorize_error(self) -> AuthorizeError {
        match self {
            Self::Target => AuthorizeError::InvalidTarget,
            Self::Details(_) => AuthorizeError::InvalidAuthorizationDetails,
            Self::Repeated => AuthorizeError::InvalidRequest,
        }
    }

    /// The sentence for the integrator.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Target => "resource must name data providers that this client is registered for (RFC 8707)",
            Self::Details(bad) => bad.sentence(),
            Self::Repeated => "a parameter was sent more than once",
        }
    }
}

impl From<BadDetails> for NotShared {
    fn from(bad: BadDetails) -> Self {
        Self::Details(bad)
    }
}

impl From<NotShared> for TokenError {
    fn from(fault: NotShared) -> Self {
        match fault {
            NotShared::Target => Self::InvalidTarget(fault.sentence()),
            NotShared::Details(_) => Self::InvalidAuthorizationDetails(fault.sentence()),
            NotShared::Repeated => Self::InvalidRequest(fault.sentence()),
        }
    }
}

impl Sharing {
    /// Reads what an authorization request asks for; all of it must be registered for the client.
    pub fn asked(parameters: &Parameters, live: &LiveHabilitation<'_>) -> Result<Self, NotShared> {
        let client = live.client();
        let Target { resources, details } = Target::read(parameters)?;
        let details = details.unwrap_or_default().habilitated(live)?;
        let resources = match (resources, client.profile.rules().audience) {
            (Some(resources), _) => resources,
            (None, Audience::Implied) if details.is_empty() && asks_elsewhere(parameters) => client.resources.clone(),
            (None, Audience::Implied | Audience::Named) => Resources::new(),
        };
        if !resources.is_subset(&client.resources) {
            return Err(NotShared::Target);
        }
        Ok(Self::of(resources, details))
    }

    fn of(mut resources: Resources, details: AuthorizationDetails) -> Self {
        resources.extend(details.locations());
        Self { resources, details }
    }

    /// The part that the client is registered for now.
    #[must_use]
    pub fn narrowed(&self, live: &LiveHabilitation<'_>) -> Self {
        Self {
            resources: self.resources.intersection(&live.client().resources).cloned().collect(),
            details: self.details.narrowed(live),
        }
    }

    /// Whether all of this was shared in `earlier`.
    pub fn is_within(&self, earlier: &Self) -> bool {
        self.resources.is_subset(&earlier.resources) && self.details.is_within(&earlier.details)
    }

    /// Whether nothing may be asked of anybody.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.details.is_empty()
    }

    /// What a relying party that was granted `scopes` could ask of a data provider, and what that one is told.
    pub fn reach(&self, scopes: &GrantedScopes, provider: &LiveHabilitation<'_>) -> Option<Reach> {
        let resource =
            provider.client().data_provider.as_ref().filter(|resource| self.resources.contains(*resource))?;
        let asked: BTreeSet<Scope> = scopes.elsewhere().chain(self.details.datatypes_at(resource)).collect();
        let datatypes = asked.intersection(provider.scopes()).copied().collect();
        Some(Reach { datatypes, told: scopes.claims_for(provider) })
    }

    /// The names of all data that the details name, for accounts of what the citizen accepted.
    pub fn datatypes(&self) -> BTreeSet<Scope> {
        self.resources.iter().flat_map(|resource| self.details.datatypes_at(resource)).collect()
    }
}

/// Whether a scope is asked for whose data another administration holds.
fn asks_elsewhere(parameters: &Parameters) -> bool {
    let words = parameters.one("scope").ok().flatten().into_iter().flat_map(|text| text.split(' '));
    words.filter_map(Scope::parse).any(|scope| scope.source() != Source::Identity)
}

/// What a token request narrows its access token to: at most what was granted (RFC 8707 §2.2, RFC 9396 §6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    resources: Option<Resources>,
    details: Option<AuthorizationDetails>,
}

impl Target {
    /// Reads `resource`, which may be sent more than once, and `authorization_details`.
    pub fn read(parameters: &Parameters) -> Result<Self, NotShared> {
        let named: Resources =
            parameters.all("resource").map(Resource::parse).collect::<Result<_, _>>().map_err(|_| NotShared::Target)?;
        let details = parameters.one("authorization_details").map_err(|_| NotShared::Repeated)?;
        Ok(Self {
            resources: (!named.is_empty()).then_some(named),
            details: details.map(AuthorizationDetails::parse).transpose()?,
        })
    }

    /// What the token is for: all that was granted when nothing is named. Used for a code and, each time, for a refresh
    /// token, whose own grant stays as it is.
    pub fn narrow(&self, granted: &Sharing) -> Result<Sharing, NotShared> {
        let resources = match &self.resources {
            None => &granted.resources,
            Some(named) if named.is_subset(&granted.resources) => named,
            Some(_) => return Err(NotShared::Target),
        };
        let details = match &self.details {
            None => &granted.details,
            Some(asked) if asked.is_within(&granted.details) => asked,
            Some(_) => return Err(NotShared::Details(BadDetails::NotHabilitated)),
        };
        Ok(Sharing { resources: resources.clone(), details: details.toward(resources) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::release::Asked;
    use crate::client::Client;
    use crate::habilitation::grant::tests::habilitated;
    use crate::id::ClientId;
    use serde_json::json;

    const TAX: &str = "https://tax.example/api";
    const HEALTH: &str = "https://health.example/api";

    fn client() -> Client {
        let metadata = json!({
            "client_name": "V", "redirect_uris": ["https://v.example/"], "scope": "openid profile dgfip_rfr dgfip_aft",
            "authorization_details_types": ["data_sharing"], "passerelle": {"resources": [TAX, HEALTH]},
        });
        Client::from_metadata(&metadata, || ClientId::parse("v").expect("plain")).expect("fine")
    }

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Parameters::parse(encoded.as_bytes()).expect("well formed")
    }

    fn detail(location: &str, datatypes: &[&str]) -> String {
        json!([{"type": "data_sharing", "locations": [location], "datatypes": datatypes}]).to_string()
    }

    fn asked(pairs: &[(&str, &str)]) -> Result<Sharing, NotShared> {
        Sharing::asked(&parameters(pairs), &habilitated(&client()))
    }

    fn resources(list: &[&str]) -> Resources {
        list.iter().map(|text| Resource::parse(text).expect("one")).collect()
    }

    #[test]
    fn the_audience_is_what_was_named_and_registered_and_nothing_by_itself() {
        assert_eq!(asked(&[]), Ok(Sharing::default()));
        assert_eq!(asked(&[("resource", "")]), Ok(Sharing::default()));
        assert_eq!(asked(&[("resource", TAX)]).expect("one").resources, resources(&[TAX]));
        let both = asked(&[("resource", TAX), ("resource", HEALTH), ("resource", TAX)]).expect("two");
        assert_eq!(both.resources, resources(&[TAX, HEALTH]));
        for bad in ["https://other.example/api", "https://tax.example/api/", "https://TAX.example/api", "tax", "*"] {
            assert_eq!(asked(&[("resource", TAX), ("resource", bad)]), Err(NotShared::Target), "{bad}");
        }
    }

    #[test]
    fn software_that_knows_no_resources_means_those_of_its_client() {
        let mut french = client();
        french.profile = crate::client::Profile::FranceConnect;
        let asked =
            |pairs: &[(&str, &str)]| Sharing::asked(&parameters(pairs), &habilitated(&french)).expect("good").resources;
        assert_eq!(asked(&[("scope", "openid dgfip_rfr")]), resources(&[TAX, HEALTH]));
        assert_eq!(asked(&[("scope", "openid dgfip_rfr"), ("resource", TAX)]), resources(&[TAX]));
        assert_eq!(asked(&[("scope", "openid profile")]), resources(&[]));
        assert_eq!(
            Sharing::asked(&parameters(&[("scope", "openid dgfip_rfr")]), &habilitated(&client())),
            Ok(Sharing::default())
        );
    }

    #[test]
    fn a_location_of_a_detail_belongs_to_the_audience() {
        let details = detail(TAX, &["dgfip_rfr"]);
        let sharing = asked(&[("authorization_details", &details)]).expect("habilitated");
        assert_eq!(sharing.resources, resources(&[TAX]));
        assert_eq!(sharing.datatypes(), [Scope::parse("dgfip_rfr").expect("in the table")].into());
        let twice = [("authorization_details", details.as_str()), ("authorization_details", details.as_str())];
        assert_eq!(asked(&twice), Err(NotShared::Repeated));
    }

    #[test]
    fn a_token_is_narrowed_to_a_part_of_what_was_granted_and_never_widened() {
        let details = detail(TAX, &["dgfip_rfr", "dgfip_aft"]);
        let granted = asked(&[("resource", HEALTH), ("authorization_details", &details)]).expect("habilitated");
        let narrow = |pairs: &[(&str, &str)]| Target::read(&parameters(pairs))?.narrow(&granted);
        assert_eq!(narrow(&[]), Ok(granted.clone()));

        let health = narrow(&[("resource", HEALTH)]).expect("a part");
        assert_eq!((health.resources, health.details.is_empty()), (resources(&[HEALTH]), true));
        let less = detail(TAX, &["dgfip_rfr"]);
        let less = narrow(&[("resource", TAX), ("authorization_details", &less)]).expect("a part");
        assert_eq!(less.datatypes().len(), 1);
        assert!(less.is_within(&granted) && !granted.is_within(&less));

        assert_eq!(narrow(&[("resource", "https://other.example/api")]), Err(NotShared::Target));
        let elsewhere = detail(HEALTH, &["dgfip_rfr"]);
        let wider = narrow(&[("authorization_details", &elsewhere)]);
        assert_eq!(wider, Err(NotShared::Details(BadDetails::NotHabilitated)));
        let nothing = Target::read(&parameters(&[("resource", TAX)])).expect("read").narrow(&Sharing::default());
        assert_eq!(nothing, Err(NotShared::Target), "nothing was granted");
    }

    #[test]
    fn what_a_client_lost_meanwhile_is_shared_no_more() {
        let details = detail(TAX, &["dgfip_rfr", "dgfip_aft"]);
        let granted = asked(&[("resource", HEALTH), ("authorization_details", &details)]).expect("habilitated");
        let mut closed = client();
        closed.resources = resources(&[TAX]);
        closed.scopes.remove(&Scope::parse("dgfip_aft").expect("in the table"));
        let narrowed = granted.narrowed(&habilitated(&closed));
        assert_eq!(narrowed.resources, resources(&[TAX]));
        assert_eq!(narrowed.datatypes(), [Scope::parse("dgfip_rfr").expect("in the table")].into());
        closed.detail_types.clear();
        assert!(granted.narrowed(&habilitated(&closed)).details.is_empty());
        closed.resources.clear();
        assert!(granted.narrowed(&habilitated(&closed)).is_empty());
    }

    #[test]
    fn the_citizen_is_told_what_each_data_provider_could_be_asked_and_learns() {
        let metadata = |resource: &str| {
            let own = json!({"data_provider": resource});
            json!({"client_name": "D", "scope": "openid dgfip_rfr family_name birthplace", "passerelle": own})
        };
        let provider = |resource: &str| {
            Client::from_metadata(&metadata(resource), || ClientId::parse("d").expect("plain")).expect("fine")
        };
        let details = detail(TAX, &["dgfip_rfr", "dgfip_aft"]);
        let sharing = asked(&[("authorization_details", &details)]).expect("habilitated");
        let scopes = ["openid", "profile"].into_iter().filter_map(Scope::parse).collect();
        let granted = GrantedScopes::intersect(&Asked { scopes, ..Asked::default() }, &habilitated(&client()));
        let reach = sharing.reach(&granted, &habilitated(&provider(TAX))).expect("in the audience");
        assert_eq!(reach.datatypes, [Scope::parse("dgfip_rfr").expect("in the table")].into());
        assert_eq!(reach.told, [Claim::FamilyName]);
        assert_eq!(sharing.reach(&granted, &habilitated(&provider(HEALTH))), None);
    }

    #[test]
    fn every_fault_has_its_code_and_a_legal_sentence() {
        let faults = [
            (NotShared::Target, "invalid_target"),
            (NotShared::Details(BadDetails::TooLong), "invalid_authorization_details"),
            (NotShared::Details(BadDetails::Malformed), "invalid_authorization_details"),
            (NotShared::Details(BadDetails::Empty), "invalid_authorization_details"),
            (NotShared::Details(BadDetails::NotElsewhere), "invalid_authorization_details"),
            (NotShared::Details(BadDetails::NotHabilitated), "invalid_authorization_details"),
            (NotShared::Repeated, "invalid_request"),
        ];
        for (fault, code) in faults {
            assert_eq!(fault.authorize_error().code(), code);
            assert_eq!(TokenError::from(fault).code(), code);
            assert!(crate::oidc::error::is_legal_description(fault.sentence()), "{fault}");
            assert_eq!(fault.to_string(), fault.sentence());
        }
    }
}
