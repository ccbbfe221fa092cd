//! The release: the one place where an identity becomes claims.
//!
//! `asked ∩ habilitated` is computed once, as [`GrantedScopes`], and again when the citizen accepts, so that a scope
//! withdrawn in between is not released. Every function that tells something of a citizen asks for the
//! [`LiveHabilitation`] of who is told, as it is at that moment.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::claim::Claim;
use super::scopes::{Scope, Source};
use crate::client::AmrRule;
use crate::cnie::assertion::Vouched;
use crate::habilitation::grant::LiveHabilitation;
use crate::id::ProviderId;
use crate::identity::pivot::{Birthdate, Pivot};

/// Everything known of a citizen in one sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The confirmed pivot.
    pub pivot: Pivot,
    /// The date of birth as the provider gave it.
    pub provider_birthdate: Birthdate,
    /// The name in use, when the provider gave one.
    pub preferred_username: Option<String>,
    /// The e-mail address that the provider gave.
    pub email: String,
    /// Who vouched.
    pub provider: ProviderId,
    /// The identity on a card behind it, when our own provider vouched.
    #[serde(default)]
    pub card: Option<Vouched>,
}

/// What one sign-in may release: the scopes asked for that the relying party is habilitated to, and single claims
/// asked through the `claims` parameter (OIDC Core §5.5) that one of its habilitated scopes covers.
///
/// ```compile_fail,E0451
/// use std::collections::BTreeSet;
/// let all = domain::claims::release::GrantedScopes {
///     scopes: BTreeSet::new(), single: BTreeSet::new(), in_id_token: BTreeSet::new(), amr: true,
/// };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedScopes {
    scopes: BTreeSet<Scope>,
    single: BTreeSet<Claim>,
    in_id_token: BTreeSet<Claim>,
    amr: bool,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// Known scopes of the `scope` parameter.
    pub scopes: BTreeSet<Scope>,
    /// Claims asked for userinfo through `claims`.
    pub userinfo: BTreeSet<Claim>,
    /// Claims asked for the ID token through `claims`.
    pub id_token: BTreeSet<Claim>,
    /// Whether `amr` is asked for, by scope or through `claims`.
    pub amr: AmrAsked,
}

/// Whether `amr` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AmrAsked {
    /// It is.
    Yes,
    /// It is not.
    #[default]
    No,
}

/// A scope was asked for that the relying party is not habilitated to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is not habilitated")]
pub struct NotHabilitated;

impl GrantedScopes {
    /// Grants what is asked if the relying party is habilitated to all of its scopes.
    pub fn grant(asked: &Asked, live: &LiveHabilitation<'_>) -> Result<Self, NotHabilitated> {
        if asked.scopes.is_subset(live.scopes()) { Ok(Self::intersect(asked, live)) } else { Err(NotHabilitated) }
    }

    /// Grants the part of what is asked that the relying party is habilitated to now.
    pub fn intersect(asked: &Asked, live: &LiveHabilitation<'_>) -> Self {
        let covered = |claim: &&Claim| covers(live.scopes(), **claim);
        Self {
            scopes: asked.scopes.intersection(live.scopes()).copied().collect(),
            single: asked.userinfo.union(&asked.id_token).filter(covered).copied().collect(),
            in_id_token: asked.id_token.iter().filter(covered).copied().collect(),
            amr: asked.amr == AmrAsked::Yes && live.client().amr == AmrRule::Granted,
        }
    }

    /// The part of the grant that the relying party is still habilitated to.
    #[must_use]
    pub fn narrowed(&self, live: &LiveHabilitation<'_>) -> Self {
        let still = |claims: &BTreeSet<Claim>| under(live.scopes(), claims);
        Self {
            scopes: self.scopes.intersection(live.scopes()).copied().collect(),
            single: still(&self.single),
            in_id_token: still(&self.in_id_token),
            amr: self.amr && live.client().amr == AmrRule::Granted,
        }
    }

    /// The part of the grant under some of its scopes; `None` when they are not all of it, or `openid` is missing. Claims
    /// that were asked one by one stay where a remaining scope covers them.
    pub fn reduced(&self, scopes: &BTreeSet<Scope>) -> Option<Self> {
        if !scopes.is_subset(&self.scopes) || !scopes.contains(&Scope::OPENID) {
            return None;
        }
        let still = |claims: &BTreeSet<Claim>| under(scopes, claims);
        Some(Self {
            scopes: scopes.clone(),
            single: still(&self.single),
            in_id_token: still(&self.in_id_token),
            amr: self.amr,
        })
    }

    /// The scopes, in the order of the table.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.scopes.iter().copied()
    }

    /// The scopes as the `scope` of a token answer (RFC 6749 §3.3).
    pub fn to_scope_text(&self) -> String {
        self.scopes().map(Scope::name).collect::<Vec<_>>().join(" ")
    }

    /// The claims of userinfo, in the order a citizen reads them.
    pub fn claims(&self) -> Vec<Claim> {
        let of_scopes: BTreeSet<Claim> = self.scopes().flat_map(|scope| scope.claims().iter().copied()).collect();
        of_scopes.union(&self.single).copied().collect()
    }

    /// The scopes that let the relying party ask another administration.
    pub fn elsewhere(&self) -> impl Iterator<Item = Scope> {
        self.scopes().filter(|scope| scope.source() != Source::Identity)
    }

    /// Whether nothing about the person is released: the relying party only recognises who comes back.
    pub fn is_anonymous(&self) -> bool {
        self.claims().is_empty() && self.elsewhere().next().is_none()
    }

    /// Whether the ID token tells how the citizen authenticated.
    pub const fn tells_amr(&self) -> bool {
        self.amr
    }

    /// Whether everything released under this grant was already released under `earlier`.
    pub fn is_within(&self, earlier: &Self) -> bool {
        self.scopes.is_subset(&earlier.scopes) && self.single.is_subset(&earlier.single)
    }

    /// The claims of userinfo, without `sub`: of what was granted, what the relying party is habilitated to now.
    pub fn release(&self, identity: &Identity, live: &LiveHabilitation<'_>) -> Map<String, Value> {
        released(self.narrowed(live).claims(), identity)
    }

    /// The claims that a data provider is told of the citizen: those granted to the relying party that the data
    /// provider's own habilitation covers, too.
    pub fn claims_for(&self, provider: &LiveHabilitation<'_>) -> Vec<Claim> {
        self.claims().into_iter().filter(|claim| covers(provider.scopes(), *claim)).collect()
    }

    /// What a data provider is told, with values: of what was granted, what both the relying party and the data provider
    /// are habilitated to now.
    pub fn release_to(
        &self,
        provider: &LiveHabilitation<'_>,
        identity: &Identity,
        live: &LiveHabilitation<'_>,
    ) -> Map<String, Value> {
        released(self.narrowed(live).claims_for(provider), identity)
    }

    /// The claims of the ID token that were asked for there.
    pub fn release_in_id_token(&self, identity: &Identity, live: &LiveHabilitation<'_>) -> Map<String, Value> {
        released(self.narrowed(live).in_id_token, identity)
    }
}

/// Whether one of the scopes covers a claim.
fn covers(scopes: &BTreeSet<Scope>, claim: Claim) -> bool {
    scopes.iter().any(|scope| scope.claims().contains(&claim))
}

/// The claims that the scopes cover.
fn under(scopes: &BTreeSet<Scope>, claims: &BTreeSet<Claim>) -> BTreeSet<Claim> {
    claims.iter().filter(|claim| covers(scopes, **claim)).copied().collect()
}

fn released(claims: impl IntoIterator<Item = Claim>, identity: &Identity) -> Map<String, Value> {
    claims
        .into_iter()
        .filter_map(|claim| value(claim, identity).map(|value| (claim.name().to_owned(), value)))
        .collect()
}

/// The value of a claim; `None` when the citizen has none, as a name in use.
pub fn value(claim: Claim, identity: &Identity) -> Option<Value> {
    let pivot = &identity.pivot;
    Some(match claim {
        Claim::FamilyName | Claim::RnippFamilyName => json!(pivot.family_name),
        Claim::PreferredUsername => json!(identity.preferred_username.as_ref()?),
        Claim::GivenName | Claim::RnippGivenName => json!(pivot.given_name()),
        Claim::GivenNameArray | Claim::RnippGivenNameArray => json!(pivot.given_names),
        Claim::Gender | Claim::RnippGender => json!(pivot.gender),
        Claim::Birthdate | Claim::RnippBirthdate => json!(pivot.birthdate.completed()),
        Claim::IdpBirthdate => json!(identity.provider_birthdate),
        // Relying parties expect the claim to be there and empty for those born abroad.
        Claim::Birthplace | Claim::RnippBirthplace => json!(pivot.birthplace.as_ref().map_or("", |code| code.as_str())),
        Claim::Birthcountry | Claim::RnippBirthcountry => {
            json!(pivot.birthcountry.as_ref().map_or("", |code| code.as_str()))
        }
        Claim::Email => json!(identity.email),
        Claim::IdpId => json!(identity.provider),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;
    use crate::habilitation::grant::tests::leaked;
    use crate::id::ClientId;
    use crate::identity::pivot::RawPivot;
    use proptest::prelude::*;

    fn identity() -> Identity {
        Identity {
            pivot: Pivot::parse(&RawPivot {
                family_name: Some("MARTIN-LEFÈVRE"),
                given_name: Some("Pierre Etienne"),
                birthdate: Some("1985-03-00"),
                gender: Some("male"),
                birthplace: Some("2A004"),
                birthcountry: Some("99100"),
            })
            .expect("complete"),
            provider_birthdate: Birthdate::parse("1985-03-00").expect("presumed"),
            preferred_username: None,
            email: "pierre@exemple.fr".to_owned(),
            provider: ProviderId::parse("impots").expect("plain"),
            card: None,
        }
    }

    fn client(scope: &str, claims: &[&str]) -> LiveHabilitation<'static> {
        leaked(registration(scope, claims))
    }

    fn registration(scope: &str, claims: &[&str]) -> Client {
        let metadata = json!({
            "client_name": "V", "redirect_uris": ["https://v.example/"], "scope": scope,
            "passerelle": {"claims": claims},
        });
        Client::from_metadata(&metadata, || ClientId::parse("v").expect("plain")).expect("fine")
    }

    fn ask(words: &str) -> Asked {
        Asked { scopes: words.split(' ').filter_map(Scope::parse).collect(), ..Asked::default() }
    }

    #[test]
    fn a_scope_that_is_not_habilitated_is_refused_whole() {
        assert_eq!(GrantedScopes::grant(&ask("openid email"), &client("openid", &[])), Err(NotHabilitated));
        assert!(GrantedScopes::grant(&ask("openid email"), &client("openid email", &[])).is_ok());
    }

    #[test]
    fn presumed_dates_are_completed_and_kept_as_given_beside() {
        let client = client("openid birthdate idp_birthdate", &[]);
        let granted = GrantedScopes::intersect(&ask("openid birthdate idp_birthdate"), &client);
        let claims = granted.release(&identity(), &client);
        assert_eq!(claims["birthdate"], "1985-03-01");
        assert_eq!(claims["idp_birthdate"], "1985-03-00");
        assert_eq!(claims.len(), 2);
    }

    #[test]
    fn openid_alone_is_anonymous_and_releases_nothing() {
        let client = client("openid profile", &[]);
        let granted = GrantedScopes::intersect(&ask("openid"), &client);
        assert!(granted.is_anonymous());
        assert!(granted.release(&identity(), &client).is_empty());
    }

    #[test]
    fn a_single_claim_needs_a_habilitated_scope_that_covers_it() {
        let asked = Asked { id_token: [Claim::FamilyName, Claim::Email].into(), amr: AmrAsked::Yes, ..ask("openid") };
        let plain = client("openid profile", &[]);
        let granted = GrantedScopes::intersect(&asked, &plain);
        assert_eq!(granted.claims(), [Claim::FamilyName]);
        assert_eq!(granted.release_in_id_token(&identity(), &plain).keys().collect::<Vec<_>>(), ["family_name"]);
        assert!(!granted.tells_amr());
        assert!(GrantedScopes::intersect(&asked, &client("openid", &["amr"])).tells_amr());
    }

    #[test]
    fn a_name_in_use_that_is_not_there_is_left_out() {
        let client = client("openid profile", &[]);
        let granted = GrantedScopes::intersect(&ask("openid profile"), &client);
        assert!(!granted.release(&identity(), &client).contains_key("preferred_username"));
    }

    fn scopes() -> impl Strategy<Value = BTreeSet<Scope>> {
        let all: Vec<Scope> = Scope::all().collect();
        prop::collection::btree_set(prop::sample::select(all), 0..12)
    }

    fn claims() -> impl Strategy<Value = BTreeSet<Claim>> {
        prop::collection::btree_set(prop::sample::select(Claim::ALL.to_vec()), 0..8)
    }

    proptest! {
        #[test]
        fn nothing_leaves_that_was_not_both_asked_and_habilitated(
            habilitated in scopes(), asked in scopes(), userinfo in claims(), id_token in claims(),
        ) {
            let words: Vec<&str> = std::iter::once("openid").chain(habilitated.iter().map(|s| s.name())).collect();
            let client = client(&words.join(" "), &[]);
            let (live, client) = (&client, client.client());
            let asked = Asked { scopes: asked, userinfo, id_token, amr: AmrAsked::Yes };
            let granted = GrantedScopes::intersect(&asked, live);
            let covered: BTreeSet<Claim> = client.scopes.iter().flat_map(|s| s.claims().iter().copied()).collect();
            let wanted: BTreeSet<Claim> = asked.scopes.intersection(&client.scopes).flat_map(|s| s.claims().iter().copied())
                .chain(asked.userinfo.iter().copied()).chain(asked.id_token.iter().copied()).collect();
            for name in granted.release(&identity(), live).keys().chain(granted.release_in_id_token(&identity(), live).keys()) {
                let claim = Claim::parse(name).expect("only claims leave");
                prop_assert!(covered.contains(&claim) && wanted.contains(&claim));
            }
            prop_assert!(granted.scopes().all(|scope| client.scopes.contains(&scope) && asked.scopes.contains(&scope)));
            prop_assert!(!granted.tells_amr());
            prop_assert_eq!(&granted.narrowed(live), &granted);
            let mut closed = client.clone();
            closed.scopes = [Scope::OPENID].into();
            let closed = leaked(closed);
            prop_assert!(granted.release(&identity(), &closed).is_empty());
            prop_assert!(granted.release_in_id_token(&identity(), &closed).is_empty());
        }
    }
}
