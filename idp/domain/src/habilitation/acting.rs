//! Who acts on a request, and in which capacity.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::id::PartnerId;
use crate::organisation::siret::Siret;

/// The author of an act, as the journal and the thread name them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// Someone with an account in the partners' space.
    Partner(PartnerId),
    /// Whoever runs the gateway, at its command line.
    Operator,
    /// Another platform of habilitations, by a signed message.
    Platform,
    /// Time alone.
    Clock,
}

/// The capacity of writing a request for an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write;

/// The capacity of reviewing requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruct;

/// The capacity of taking a habilitation back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoke;

/// Proof that someone may act in a capacity, at the moment it was asked. For a person it is made from their roles alone
/// ([`crate::partners`]).
///
/// ```compile_fail
/// use domain::habilitation::acting::{Acting, Author, Instruct};
/// let forged: Acting<Instruct> = Acting { author: Author::Operator, belongs: Default::default(), capacity: std::marker::PhantomData };
/// ```
#[derive(Debug)]
pub struct Acting<C> {
    author: Author,
    belongs: BTreeSet<Siret>,
    capacity: PhantomData<fn() -> C>,
}

impl<C> Acting<C> {
    /// A person, who belongs to these organisations.
    #[cfg_attr(not(test), expect(dead_code, reason = "the roles that make it come with the partners' space"))]
    pub(crate) const fn partner(partner: PartnerId, belongs: BTreeSet<Siret>) -> Self {
        Self { author: Author::Partner(partner), belongs, capacity: PhantomData }
    }

    /// Whoever runs the gateway, at its command line: they hold every capacity, and count as one person.
    pub const fn operator() -> Self {
        Self { author: Author::Operator, belongs: BTreeSet::new(), capacity: PhantomData }
    }

    /// Another platform, whose message was signed: what it decided was reviewed there.
    pub const fn platform() -> Self {
        Self { author: Author::Platform, belongs: BTreeSet::new(), capacity: PhantomData }
    }

    /// Who.
    pub const fn author(&self) -> &Author {
        &self.author
    }

    /// Whether they belong to an organisation.
    pub fn belongs_to(&self, organisation: &Siret) -> bool {
        self.belongs.contains(organisation)
    }
}
