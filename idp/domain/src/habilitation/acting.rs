//! Who acts on a request, and in which capacity.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::id::PartnerId;
use crate::organisation::siret::Siret;
use crate::partners::lineage::Lineage;
use crate::partners::permission::{
    ApproveRequests, EditRequests, Held, Own, Permit, ReviewRequests, RevokeHabilitations, SubmitRequests,
};

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
/// let forged: Acting<Instruct> = Acting { author: Author::Operator, belongs: Default::default(), lineage: Default::default(), capacity: std::marker::PhantomData };
/// ```
#[derive(Debug)]
pub struct Acting<C> {
    author: Author,
    belongs: BTreeSet<Siret>,
    lineage: Lineage,
    capacity: PhantomData<fn() -> C>,
}

/// The permissions that give a capacity. The closed list below.
pub trait Gives<C>: Permit {}

impl Gives<Write> for EditRequests {}
impl Gives<Write> for SubmitRequests {}
impl Gives<Instruct> for ReviewRequests {}
impl Gives<Instruct> for ApproveRequests {}
impl Gives<Revoke> for RevokeHabilitations {}

impl<P: Gives<C>, C> From<&Held<P>> for Acting<C> {
    fn from(held: &Held<P>) -> Self {
        let own = held.organisation().filter(|_| held.own() == Own::Theirs);
        let acting = Self::partner(held.partner().clone(), own.into_iter().collect());
        Self { lineage: held.lineage().clone(), ..acting }
    }
}

impl<C> Acting<C> {
    /// A person, who belongs to these organisations.
    pub(crate) const fn partner(partner: PartnerId, belongs: BTreeSet<Siret>) -> Self {
        Self { author: Author::Partner(partner), belongs, lineage: Lineage::none(), capacity: PhantomData }
    }

    /// Whoever runs the gateway, at its command line: they hold every capacity, and count as one person.
    pub const fn operator() -> Self {
        Self { author: Author::Operator, belongs: BTreeSet::new(), lineage: Lineage::none(), capacity: PhantomData }
    }

    /// Another platform, whose message was signed: what it decided was reviewed there.
    pub const fn platform() -> Self {
        Self { author: Author::Platform, belongs: BTreeSet::new(), lineage: Lineage::none(), capacity: PhantomData }
    }

    /// Who.
    pub const fn author(&self) -> &Author {
        &self.author
    }

    /// Who brought them in.
    pub const fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// The same, as somebody whom these brought in.
    #[cfg(test)]
    pub(crate) fn brought_in_by(self, lineage: Lineage) -> Self {
        Self { lineage, ..self }
    }

    /// Whether they belong to an organisation.
    pub fn belongs_to(&self, organisation: &Siret) -> bool {
        self.belongs.contains(organisation)
    }
}
