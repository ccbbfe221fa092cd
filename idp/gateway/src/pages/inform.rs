//! Step 3: what will be sent. Public services inform, private parties need the citizen's consent.

use askama::Template;
use domain::claims::claim::Claim;
use domain::claims::release::{self, GrantedScopes, Identity};
use domain::claims::scopes::{Scope, Source};
use domain::client::Label;
use domain::id::SignInId;
use domain::identity::pivot::{Birthdate, FRANCE, Gender, Name};
use domain::oidc::sharing::Reach;
use serde_json::Value;

use super::paris::birthdate_in_words;
use super::{Forms, Page, View};

/// The page that tells what will be sent, and asks for consent where it is needed.
///
/// It is posted to `/signin/{id}/inform` as `csrf`, with `consent=yes` where consent is asked. Another account is
/// asked for at `/signin/{id}/change`, the cancellation at `/signin/{id}/cancel`, both with `csrf`.
#[derive(Debug, Template)]
#[template(path = "inform.html")]
pub(crate) struct Inform<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The sign-in.
    pub(crate) sign_in: &'a SignInId,
    /// The token of its forms.
    pub(crate) csrf: &'a str,
    /// The service the citizen goes to.
    pub(crate) service: &'a Label,
    /// Who vouched.
    pub(crate) provider: &'a Label,
    /// Who the citizen is.
    pub(crate) identity: &'a Identity,
    /// What may be released.
    pub(crate) granted: &'a GrantedScopes,
    /// The data providers that the service could ask.
    pub(crate) data_providers: &'a [DataProvider],
    /// Whether consent is asked.
    pub(crate) consent: Consent,
    /// For how many days the service may ask again while the citizen is away, when it asks for that.
    pub(crate) offline_days: Option<u32>,
}

/// A data provider that the service could ask with this sign-in.
#[derive(Debug)]
pub(crate) struct DataProvider {
    /// Its name; its address when nobody is registered there.
    pub(crate) name: Label,
    /// What it could be asked, and what it learns.
    pub(crate) reach: Reach,
}

/// Whether the page asks for consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// It informs: a public service, or nothing personal is sent.
    NotAsked,
    /// It asks.
    Asked,
    /// It asked, and the box was not ticked.
    Missing,
}

/// What is listed under one heading.
#[derive(Debug)]
struct Group {
    title: String,
    note: Option<String>,
    /// What whoever holds the data learns from us.
    told: Option<String>,
    lines: Vec<Line>,
}

/// One fact that is sent.
#[derive(Debug)]
struct Line {
    /// The claim, or the scope where another administration holds the data.
    name: &'static str,
    label: String,
    value: Option<String>,
}

impl Inform<'_> {
    /// The first given name and the family name.
    fn citizen(&self) -> String {
        let pivot = &self.identity.pivot;
        let given = pivot.given_names.first().map_or("", Name::as_str);
        format!("{given} {}", pivot.family_name.as_str())
    }

    /// Nothing about the person leaves, neither from here nor from a data provider.
    fn is_anonymous(&self) -> bool {
        self.granted.is_anonymous() && self.data_providers.is_empty()
    }

    fn asks_consent(&self) -> bool {
        self.consent != Consent::NotAsked && !self.is_anonymous()
    }

    fn consent_is_missing(&self) -> bool {
        self.consent == Consent::Missing && self.asks_consent()
    }

    fn groups(&self) -> Vec<Group> {
        let t = self.page.t;
        let (mut identity, mut contact) = (Vec::new(), Vec::new());
        let claims = self.granted.claims();
        for &claim in &claims {
            // Given names also travel as a list: the same fact, read once.
            let read_already = (claim == Claim::GivenNameArray && claims.contains(&Claim::GivenName))
                || (claim == Claim::RnippGivenNameArray && claims.contains(&Claim::RnippGivenName));
            if read_already {
                continue;
            }
            let label = self.page.name(&claim.label()).to_owned();
            let line = Line { name: claim.name(), label, value: Some(self.value(claim)) };
            if claim == Claim::Email { contact.push(line) } else { identity.push(line) }
        }
        if self.granted.tells_amr() {
            identity.push(Line { name: "amr", label: t.claim_amr().to_owned(), value: None });
        }
        let mut groups = Vec::new();
        for (title, lines) in [(t.group_identity(), identity), (t.group_contact(), contact)] {
            if !lines.is_empty() {
                groups.push(Group { title: title.to_owned(), note: None, told: None, lines });
            }
        }
        groups.extend(self.data_providers.iter().map(|provider| self.at(provider)));
        groups.extend(self.elsewhere());
        groups
    }

    /// What the service may read at a data provider, and what that one learns.
    fn at(&self, provider: &DataProvider) -> Group {
        let (t, service) = (self.page.t, self.page.name(self.service));
        let line = |scope: &Scope| {
            let label = self.page.name(&scope.label()).to_owned();
            Line { name: scope.name(), label, value: None }
        };
        let lines: Vec<Line> = provider.reach.datatypes.iter().map(line).collect();
        let told = &provider.reach.told;
        let twins = [(Claim::GivenNameArray, Claim::GivenName), (Claim::RnippGivenNameArray, Claim::RnippGivenName)];
        let once = |claim: &&Claim| !twins.iter().any(|(list, plain)| list == *claim && told.contains(plain));
        let names: Vec<String> =
            told.iter().filter(once).map(|claim| self.page.name(&claim.label()).to_string()).collect();
        Group {
            title: t.group_data_provider(self.page.name(&provider.name)),
            note: Some(if lines.is_empty() {
                t.group_data_provider_bare(service)
            } else {
                t.group_data_provider_note(service)
            }),
            told: (!names.is_empty()).then(|| t.group_data_provider_told(&names.join(", "))),
            lines,
        }
    }

    /// What the service may ask of other administrations, a group each.
    fn elsewhere(&self) -> Vec<Group> {
        let t = self.page.t;
        let mut held: Vec<(Source, Group)> = Vec::new();
        let shown = |scope: &Scope| self.data_providers.iter().any(|at| at.reach.datatypes.contains(scope));
        for scope in self.granted.elsewhere().filter(|scope| !shown(scope)) {
            let line = Line { name: scope.name(), label: self.page.name(&scope.label()).to_owned(), value: None };
            match held.iter_mut().find(|(source, _)| *source == scope.source()) {
                Some((_, group)) => group.lines.push(line),
                None => held.push((
                    scope.source(),
                    Group {
                        title: t.group_elsewhere(self.page.name(&scope.source().label())),
                        note: Some(t.group_elsewhere_note(self.page.name(self.service))),
                        told: None,
                        lines: vec![line],
                    },
                )),
            }
        }
        held.into_iter().map(|(_, group)| group).collect()
    }

    /// The value of a claim as a citizen reads it: what is sent, with dates and genders in words.
    fn value(&self, claim: Claim) -> String {
        let t = self.page.t;
        let sent = match release::value(claim, self.identity) {
            Some(Value::String(text)) if !text.is_empty() => text,
            Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
            _ if matches!(claim, Claim::Birthplace | Claim::RnippBirthplace) => {
                return t.claim_born_abroad().to_owned();
            }
            _ => return t.claim_none().to_owned(),
        };
        match claim {
            Claim::Gender | Claim::RnippGender => Gender::parse(&sent).map_or(sent, |gender| {
                match gender {
                    Gender::Female => t.gender_female(),
                    Gender::Male => t.gender_male(),
                    Gender::Unspecified => t.gender_unspecified(),
                }
                .to_owned()
            }),
            Claim::Birthdate | Claim::RnippBirthdate | Claim::IdpBirthdate => {
                Birthdate::parse(&sent).map_or(sent, |date| birthdate_in_words(date, t))
            }
            Claim::Birthcountry | Claim::RnippBirthcountry if sent == FRANCE => t.country_france().to_owned(),
            Claim::IdpId => self.page.name(self.provider).to_owned(),
            Claim::FamilyName
            | Claim::PreferredUsername
            | Claim::GivenName
            | Claim::GivenNameArray
            | Claim::Birthplace
            | Claim::Birthcountry
            | Claim::Email
            | Claim::RnippFamilyName
            | Claim::RnippGivenName
            | Claim::RnippGivenNameArray
            | Claim::RnippBirthplace
            | Claim::RnippBirthcountry => sent,
        }
    }
}

impl View for Inform<'_> {
    const FORMS: Forms = Forms::Leave;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
