//! Authorization details (RFC 9396): who may fetch which data where, finer than scopes say it.
//!
//! One type is shipped, `data_sharing`: the relying party may read these data of the citizen at these data providers.
//!
//! ```json
//! [{"type": "data_sharing", "locations": ["https://api.impots.example"], "actions": ["read"],
//!   "datatypes": ["dgfip_rfr", "dgfip_nbpart"]}]
//! ```
//!
//! A datatype is a scope of the table that another administration holds the data of. What the gateway releases itself
//! is never widened by it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::resource::{Resource, Resources};
use crate::claims::scopes::{Scope, Source};
use crate::habilitation::grant::LiveHabilitation;

/// The longest `authorization_details` that is read, in bytes.
pub const MAX_DETAILS: usize = 8 * 1024;

/// How many entries `authorization_details` may hold.
pub const MAX_ENTRIES: usize = 16;

/// A type of authorization details that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetailType {
    /// The relying party reads data at a data provider.
    DataSharing,
}

impl DetailType {
    /// Every type.
    pub const ALL: [Self; 1] = [Self::DataSharing];

    /// The name of the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DataSharing => "data_sharing",
        }
    }

    /// Reads the name of a type.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Detail {
    /// `data_sharing`.
    DataSharing(DataSharing),
}

/// The relying party may do this with these data at these data providers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSharing {
    /// Where: the data providers.
    locations: Resources,
    /// What it may do there; reading, when it says nothing.
    #[serde(default = "reading")]
    actions: BTreeSet<Action>,
    /// The data, each the scope of another administration.
    datatypes: BTreeSet<Scope>,
}

/// What may be done with data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    /// They may be read.
    Read,
}

fn reading() -> BTreeSet<Action> {
    [Action::Read].into()
}

/// Why authorization details are refused (RFC 9396 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub enum BadDetails {
    /// Longer than [`MAX_DETAILS`], or more than [`MAX_ENTRIES`].
    TooLong,
    /// Not a JSON array of entries of a known type, each with its own fields alone.
    Malformed,
    /// A list that must not be empty is.
    Empty,
    /// A datatype whose data the gateway holds itself: that is asked for by scope.
    NotElsewhere,
    /// The type, a location or a datatype is outside what the client is registered for.
    NotHabilitated,
}

impl BadDetails {
    /// The sentence for the integrator.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::TooLong => "authorization_details may hold 16 entries and 8 KiB",
            Self::Malformed => {
                "authorization_details must be a JSON array of data_sharing entries: type, locations, actions, datatypes"
            }
            Self::Empty => "locations, actions and datatypes of an entry must not be empty",
            Self::NotElsewhere => "a datatype must be a scope whose data another administration holds",
            Self::NotHabilitated => "a type, location or datatype is outside what this client was granted",
        }
    }
}

/// The authorization details of one request, checked for form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizationDetails(Vec<Detail>);

impl AuthorizationDetails {
    /// Reads the parameter. Nothing is ignored: what is not known is refused (RFC 9396 §5).
    pub fn parse(text: &str) -> Result<Self, BadDetails> {
        if text.len() > MAX_DETAILS {
            return Err(BadDetails::TooLong);
        }
        let entries: Vec<Detail> = serde_json::from_str(text).map_err(|_| BadDetails::Malformed)?;
        if entries.len() > MAX_ENTRIES {
            return Err(BadDetails::TooLong);
        }
        for Detail::DataSharing(sharing) in &entries {
            if sharing.locations.is_empty() || sharing.actions.is_empty() || sharing.datatypes.is_empty() {
                return Err(BadDetails::Empty);
            }
            if sharing.datatypes.iter().any(|scope| scope.source() == Source::Identity) {
                return Err(BadDetails::NotElsewhere);
            }
        }
        if entries.is_empty() { Err(BadDetails::Malformed) } else { Ok(Self(entries)) }
    }

    /// The details, if the client is registered for all of it.
    pub fn habilitated(self, live: &LiveHabilitation<'_>) -> Result<Self, BadDetails> {
        if self.narrowed(live) == self { Ok(self) } else { Err(BadDetails::NotHabilitated) }
    }

    /// The part that the client is registered for now.
    #[must_use]
    pub fn narrowed(&self, live: &LiveHabilitation<'_>) -> Self {
        if !live.client().detail_types.contains(&DetailType::DataSharing) {
            return Self::default();
        }
        self.within(&live.client().resources, live.scopes())
    }

    /// The part at these data providers.
    #[must_use]
    pub fn toward(&self, resources: &Resources) -> Self {
        self.kept(|sharing| DataSharing {
            locations: sharing.locations.intersection(resources).cloned().collect(),
            ..sharing.clone()
        })
    }

    /// The part at these data providers that is of these data.
    #[must_use]
    pub fn within(&self, resources: &Resources, datatypes: &BTreeSet<Scope>) -> Self {
        self.toward(resources).kept(|sharing| DataSharing {
            datatypes: sharing.datatypes.intersection(datatypes).copied().collect(),
            ..sharing.clone()
        })
    }

    /// Each entry changed; one that says nothing any more is left out.
    fn kept(&self, change: impl Fn(&DataSharing) -> DataSharing) -> Self {
        let changed = self.0.iter().map(|Detail::DataSharing(sharing)| change(sharing));
        let says = |sharing: &DataSharing| !sharing.locations.is_empty() && !sharing.datatypes.is_empty();
        Self(changed.filter(says).map(Detail::DataSharing).collect())
    }

    /// Whether all of this lies within `granted`: what a later request may ask for (RFC 9396 §6.1).
    pub fn is_within(&self, granted: &Self) -> bool {
        let mut facts = self.facts();
        facts.all(|fact| granted.facts().any(|held| held == fact))
    }

    /// The same as single facts: this action, on these data, there.
    fn facts(&self) -> impl Iterator<Item = (&Resource, Action, Scope)> {
        self.0.iter().flat_map(|Detail::DataSharing(sharing)| {
            let data = || sharing.datatypes.iter().copied();
            sharing.locations.iter().flat_map(move |place| {
                sharing.actions.iter().flat_map(move |action| data().map(move |scope| (place, *action, scope)))
            })
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every data provider they name.
    pub fn locations(&self) -> Resources {
        self.0.iter().flat_map(|Detail::DataSharing(sharing)| sharing.locations.iter().cloned()).collect()
    }

    /// The data that may be fetched at a data provider.
    pub fn datatypes_at(&self, resource: &Resource) -> BTreeSet<Scope> {
        self.facts().filter(|(place, ..)| *place == resource).map(|(.., scope)| scope).collect()
    }
}

#[cfg(test)]
#[path = "authorization_details_tests.rs"]
mod tests;
