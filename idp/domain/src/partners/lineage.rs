//! Who brought an account in: whoever sent the invitations that it took, and whoever brought those in. Where two people are
//! asked for, an account and one that it brought in are not two: somebody may have invited a second mailbox of their own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::PartnerId;

/// Those who brought an account in, directly or through a chain. Nobody, for one that came by itself or was invited at the
/// operator's command line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lineage(BTreeSet<PartnerId>);

impl Lineage {
    /// That of an account which nobody brought in.
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// The same once an invitation was taken: whoever sent it stands in it from then on, and all who stand in theirs.
    #[must_use]
    pub fn with(mut self, sender: Option<&PartnerId>, theirs: &Self) -> Self {
        if let Some(sender) = sender {
            self.0.insert(sender.clone());
            self.0.extend(theirs.0.iter().cloned());
        }
        self
    }

    /// Whether this account is one of those who brought it in.
    pub fn holds(&self, partner: &PartnerId) -> bool {
        self.0.contains(partner)
    }

    /// Whether nobody brought it in.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn partners(&self) -> impl Iterator<Item = &PartnerId> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> PartnerId {
        PartnerId::from_random([number; 16])
    }

    #[test]
    fn whoever_invites_stands_in_it_and_whoever_invited_them() {
        let second = Lineage::none().with(Some(&id(1)), &Lineage::none());
        let third = Lineage::none().with(Some(&id(2)), &second);
        assert!(second.holds(&id(1)) && !second.holds(&id(2)));
        assert!(third.holds(&id(2)) && third.holds(&id(1)), "through a chain");
        let twice = third.with(Some(&id(9)), &Lineage::none());
        assert_eq!(twice.partners().count(), 3, "a later invitation takes nobody away");
        assert!(Lineage::none().with(None, &second).is_none(), "the command line is nobody");
    }
}
