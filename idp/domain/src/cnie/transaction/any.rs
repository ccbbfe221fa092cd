//! A transaction at any step, as the store keeps it.

use serde::{Deserialize, Serialize};

use super::{Base, Claimed, Dead, Proved, Purpose, Reading, Spent, Transaction, Waiting};
use crate::cnie::refusal::Refusal;
use crate::id::TransactionId;
use crate::time::{Lifetime, Timestamp};

/// A transaction at any step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnyTransaction {
    /// Shown by a browser.
    Waiting(Transaction<Waiting>),
    /// Claimed by a phone.
    Claimed(Transaction<Claimed>),
    /// Its chip is asked.
    Reading(Transaction<Reading>),
    /// Proved.
    Proved(Transaction<Proved>),
    /// Used.
    Spent(Transaction<Spent>),
    /// Killed.
    Dead(Transaction<Dead>),
}

macro_rules! any {
    ($($step:ident),*) => {
        $(impl From<Transaction<$step>> for AnyTransaction {
            fn from(transaction: Transaction<$step>) -> Self {
                Self::$step(transaction)
            }
        }

        impl TryFrom<AnyTransaction> for Transaction<$step> {
            type Error = AnyTransaction;

            fn try_from(any: AnyTransaction) -> Result<Self, AnyTransaction> {
                if let AnyTransaction::$step(transaction) = any { Ok(transaction) } else { Err(any) }
            }
        })*

        impl AnyTransaction {
            const fn base(&self) -> &Base {
                match self {
                    $(Self::$step(transaction) => &transaction.base,)*
                }
            }
        }
    };
}

any!(Waiting, Claimed, Reading, Proved, Spent, Dead);

impl AnyTransaction {
    /// Its identifier.
    pub const fn id(&self) -> &TransactionId {
        &self.base().id
    }

    /// What card and code are shown for.
    pub const fn purpose(&self) -> &Purpose {
        &self.base().purpose
    }

    /// What is left of its life.
    pub fn left(&self, at: Timestamp) -> Option<Lifetime> {
        self.base().expires.left(at)
    }

    /// Kills it; what was used or killed before stays as it is.
    #[must_use]
    pub fn kill(self, refusal: Refusal) -> Self {
        match self {
            Self::Waiting(transaction) => transaction.dead(refusal, |_| None).into(),
            Self::Claimed(transaction) => transaction.dead(refusal, |step| Some(step.jkt)).into(),
            Self::Reading(transaction) => transaction.dead(refusal, |step| Some(step.jkt)).into(),
            Self::Proved(transaction) => transaction.dead(refusal, |step| Some(step.jkt)).into(),
            Self::Spent(_) | Self::Dead(_) => self,
        }
    }
}
