//! A partner: somebody with an account in the partners' space, and what they may do by the seats they have. The one place
//! where a permission is found held.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::lineage::Lineage;
use super::organisation::Organisation;
use super::permission::{About, Held, Holder, NotHeld, Over, Own, Permission, Permit, Reach};
use super::role::{OperatorRole, OperatorRoles, OrganisationRole, Seat};
use crate::id::{PartnerId, PasskeyId};
use crate::organisation::siret::Siret;
use crate::people::name::{MailAddress, Name};

/// How far an account has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerState {
    /// It has a passkey, and a mail address that was confirmed.
    Active,
    /// It is gone, for good.
    Removed,
}

/// The way back in for whoever lost every passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayBack {
    /// None was made.
    None,
    /// A recovery code was made, and not used.
    RecoveryCode,
}

/// A partner, as the registry has them now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Who.
    pub id: PartnerId,
    /// Their name, as others see it.
    pub name: Name,
    /// Where they are written to: an address that was confirmed.
    pub mail: MailAddress,
    /// How far the account has come.
    pub state: PartnerState,
    /// The organisations they act for, and as what.
    pub memberships: BTreeMap<Siret, OrganisationRole>,
    /// The organisations they acted for once, and were taken out of or left: they decide on none of those.
    pub left: BTreeSet<Siret>,
    /// Their roles with the operator.
    pub operator: OperatorRoles,
    /// Their passkeys.
    pub passkeys: Vec<PasskeyId>,
    /// The way back for when all of those are lost.
    pub way_back: WayBack,
    /// Who brought the account in.
    pub lineage: Lineage,
}

/// Whether whoever loses a passkey still gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safeguard {
    /// They do: a second passkey, or a recovery code.
    Held,
    /// They do not.
    Missing,
}

impl Partner {
    /// Whether they would still get in after losing the passkey they hold.
    pub fn safeguard(&self) -> Safeguard {
        match (self.passkeys.len(), self.way_back) {
            (2.., _) | (_, WayBack::RecoveryCode) => Safeguard::Held,
            (0 | 1, WayBack::None) => Safeguard::Missing,
        }
    }

    /// The seat they have in a team, when they have one.
    pub fn seats(&self) -> impl Iterator<Item = Seat> {
        let memberships = self.memberships.iter().map(|(siret, role)| Seat::Organisation(*siret, *role));
        let operator = Some(Seat::Operator(self.operator.clone())).filter(Seat::is_any);
        memberships.chain(operator)
    }

    /// Whether they act for an organisation, or did once.
    pub fn is_or_was_of(&self, siret: &Siret) -> bool {
        self.memberships.contains_key(siret) || self.left.contains(siret)
    }

    /// Whether they hold a permission about something, with the proof of it.
    pub fn may<P: Permit>(&self, _: P, about: About<'_>) -> Result<Held<P>, NotHeld> {
        match self.state {
            PartnerState::Active => {}
            PartnerState::Removed => return Err(NotHeld::Removed),
        }
        match self.reach(P::PERMISSION, about) {
            Some(reach) => {
                let organisation = match about {
                    About::Organisation(organisation) => Some(organisation.siret),
                    About::Space => None,
                };
                let theirs = organisation.as_ref().is_some_and(|siret| self.is_or_was_of(siret));
                let own = if theirs { Own::Theirs } else { Own::Another };
                let (partner, lineage) = (self.id.clone(), self.lineage.clone());
                Ok(Held { partner, lineage, organisation, reach, own, permission: PhantomData })
            }
            None if self.sees(about) => Err(NotHeld::Role),
            None => Err(NotHeld::Unseen),
        }
    }

    /// Whether the pages show them that it exists.
    fn sees(&self, about: About<'_>) -> bool {
        match about {
            About::Space => true,
            About::Organisation(_) => self.reach(Permission::ReadOrganisation, about).is_some(),
        }
    }

    /// How far a permission reaches for them; `None` when no role of theirs holds it.
    fn reach(&self, permission: Permission, about: About<'_>) -> Option<Reach> {
        let organisation = match (permission.over(), about) {
            (Over::Space, About::Space) => None,
            (Over::Organisation, About::Organisation(organisation)) => Some(organisation),
            (Over::Space, About::Organisation(_)) | (Over::Organisation, About::Space) => return None,
        };
        let reaches = permission.holders().iter().filter_map(|holder| self.holds(*holder, organisation));
        reaches.reduce(widest)
    }

    fn holds(&self, holder: Holder, organisation: Option<&Organisation>) -> Option<Reach> {
        match holder {
            Holder::Anyone | Holder::SignedIn => Some(Reach::Everywhere),
            Holder::Organisation(role) => {
                let held = self.memberships.get(&organisation?.siret)?;
                (*held == role).then_some(Reach::Everywhere)
            }
            Holder::Operator(kind) => {
                let reaches = self.operator.iter().filter(|role| role.kind() == kind).filter_map(|role| match role {
                    OperatorRole::Admin | OperatorRole::Instructor | OperatorRole::Reporter => Some(Reach::Everywhere),
                    OperatorRole::Prefecture(departement) => {
                        let own = Reach::Within([departement.clone()].into());
                        let elsewhere = organisation.is_some_and(|one| !own.covers(one.departement().as_ref()));
                        (!elsewhere).then_some(own)
                    }
                });
                reaches.reduce(widest)
            }
        }
    }
}

fn widest(one: Reach, other: Reach) -> Reach {
    match (one, other) {
        (Reach::Within(one), Reach::Within(other)) => Reach::Within(one.into_iter().chain(other).collect()),
        (Reach::Everywhere, _) | (_, Reach::Everywhere) => Reach::Everywhere,
    }
}

#[cfg(test)]
#[path = "partner_tests.rs"]
pub(super) mod tests;
