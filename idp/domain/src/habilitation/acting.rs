//! Who acts on a request, and in which capacity.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::id::{AdminTokenId, PartnerId};
use crate::organisation::siret::Siret;
use crate::partners::lineage::Lineage;
use crate::partners::permission::{
    ApproveRequests, EditRequests, Held, Own, Permit, ReviewRequests, RevokeHabilitations, SubmitRequests,
};
use crate::partners::token::Granted;

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
    /// A program, by a token of the admin API.
    Token(Machine),
}

/// A program that acts, and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Machine {
    /// Its token.
    pub token: AdminTokenId,
    /// Who answers for it; whoever runs the gateway without.
    pub issuer: Option<PartnerId>,
}

impl Author {
    /// The person behind an act: whoever did it, or answers for the program that did.
    pub const fn person(&self) -> Option<&PartnerId> {
        match self {
            Self::Partner(partner) => Some(partner),
            Self::Token(machine) => machine.issuer.as_ref(),
            Self::Operator | Self::Platform | Self::Clock => None,
        }
    }

    /// Whether two authors count as one where two people must agree. All programs and the command line are one together, so
    /// that one of the two is always a person; and nobody agrees beside a program that they answer for.
    pub fn is_one_with(&self, other: &Self) -> bool {
        let one_person = self.person().is_some_and(|person| other.person() == Some(person));
        self == other || one_person || self.is_operated() && other.is_operated()
    }

    const fn is_operated(&self) -> bool {
        match self {
            Self::Operator | Self::Token(_) => true,
            Self::Partner(_) | Self::Platform | Self::Clock => false,
        }
    }
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

impl<P: Gives<C>, C> From<&Granted<P>> for Acting<C> {
    fn from(granted: &Granted<P>) -> Self {
        let own = granted.organisation().filter(|_| granted.own() == Own::Theirs);
        let acting = Self::of(Author::Token(granted.machine().clone()), own.into_iter().collect());
        Self { lineage: granted.lineage().clone(), ..acting }
    }
}

impl<C> Acting<C> {
    /// A person, who belongs to these organisations.
    pub(crate) const fn partner(partner: PartnerId, belongs: BTreeSet<Siret>) -> Self {
        Self::of(Author::Partner(partner), belongs)
    }

    /// An author, who belongs to these organisations.
    pub(crate) const fn of(author: Author, belongs: BTreeSet<Siret>) -> Self {
        Self { author, belongs, lineage: Lineage::none(), capacity: PhantomData }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_the_command_line_are_one_and_nobody_agrees_beside_their_own_program() {
        let person = |number| PartnerId::from_random([number; 16]);
        let program = |number, issuer: Option<u8>| {
            Author::Token(Machine { token: AdminTokenId::from_random([number; 16]), issuer: issuer.map(person) })
        };
        let (nadia, ines) = (Author::Partner(person(1)), Author::Partner(person(2)));
        for (one, other, same) in [
            (&nadia, &nadia, true),
            (&nadia, &ines, false),
            (&nadia, &Author::Operator, false),
            (&Author::Operator, &Author::Operator, true),
            (&program(7, None), &Author::Operator, true),
            (&program(7, Some(1)), &Author::Operator, true),
            (&program(7, Some(1)), &program(8, Some(2)), true),
            (&program(7, Some(1)), &nadia, true),
            (&program(7, Some(1)), &ines, false),
            (&program(7, None), &ines, false),
            (&program(7, None), &Author::Platform, false),
        ] {
            assert_eq!((one.is_one_with(other), other.is_one_with(one)), (same, same), "{one:?} {other:?}");
        }
    }
}
