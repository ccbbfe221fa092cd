//! Transactions where they are kept: found by what a phone bears, and put back only over what was seen.

use domain::cnie::pairing::{Claim, Pairing};
use domain::cnie::refusal::Refusal;
use domain::cnie::transaction::AnyTransaction;
use domain::secret::Bearer;
use domain::time::Lifetime;
use store::StoreError;
use store::ephemeral::{Swap, Version};

use crate::app::App;

/// How often a killing is tried again over somebody else's change.
const TRIES: usize = 8;

/// Why something cannot be done with a transaction.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is refused; with the code of the check of the chip that failed, where one did.
    Refused(Refusal, Option<&'static str>),
    /// We are at fault.
    Store(StoreError),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal, None)
    }
}

impl From<super::reading::Refused> for Fault {
    fn from(refused: super::reading::Refused) -> Self {
        Self::Refused(refused.refusal, Some(refused.code))
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The place of a transaction, with the version that was seen.
#[derive(Debug)]
pub(crate) struct Slot {
    bearer: Bearer<AnyTransaction>,
    version: Version,
}

/// A transaction and its place.
pub(crate) async fn find(
    app: &App,
    bearer: &Bearer<AnyTransaction>,
) -> Result<Option<(AnyTransaction, Slot)>, StoreError> {
    let found = app.ephemeral.look(bearer).await?;
    Ok(found.map(|(transaction, version)| (transaction, Slot { bearer: bearer.clone(), version })))
}

/// The transaction that a phone claimed or began, by what it bears.
pub(crate) async fn behind(app: &App, borne: &str) -> Result<(AnyTransaction, Slot), Fault> {
    let handle = Bearer::<Pairing>::parse(borne).ok_or(Refusal::TransactionUnknown)?;
    let pairing = app.ephemeral.look(&handle).await?.map(|(pairing, _)| pairing);
    let claimed = pairing.filter(|pairing| pairing.claim == Claim::Made).ok_or(Refusal::TransactionUnknown)?;
    find(app, &claimed.transaction).await?.ok_or_else(|| Refusal::TransactionUnknown.into())
}

/// Why a transaction is at no step that a call by a phone could go on from.
pub(crate) fn out_of_turn(transaction: &AnyTransaction, jkt: &str) -> Refusal {
    match transaction {
        AnyTransaction::Dead(dead) => dead.told_to(jkt),
        AnyTransaction::Spent(_) => Refusal::TransactionUnknown,
        AnyTransaction::Waiting(_)
        | AnyTransaction::Claimed(_)
        | AnyTransaction::Reading(_)
        | AnyTransaction::Proved(_) => Refusal::OutOfTurn,
    }
}

impl Slot {
    /// Puts the next step in the place of the one that was seen. Of two calls the second is out of turn.
    pub(crate) async fn put(self, app: &App, next: &AnyTransaction) -> Result<(), Fault> {
        match self.try_put(app, next).await? {
            Swap::Done(_) => Ok(()),
            Swap::Lost => Err(Refusal::OutOfTurn.into()),
        }
    }

    /// The same, telling whether somebody else was faster.
    pub(crate) async fn try_put(&self, app: &App, next: &AnyTransaction) -> Result<Swap, Fault> {
        let left: Lifetime = next.left(app.clock.now()).ok_or(Refusal::TransactionLate)?;
        Ok(app.ephemeral.swap(&self.bearer, self.version, next, left).await?)
    }

    /// Kills the transaction for a fault of whoever takes part, and gives the fault back. A store that fails kills nothing:
    /// the transaction then waits for its end.
    pub(crate) async fn kill(self, app: &App, fault: Fault) -> Fault {
        match &fault {
            Fault::Refused(refusal, _) => match kill(app, &self.bearer, *refusal).await {
                Ok(()) => fault,
                Err(error) => Fault::Store(error),
            },
            Fault::Store(_) => fault,
        }
    }
}

/// Kills a transaction at whatever step it is.
pub(crate) async fn kill(app: &App, bearer: &Bearer<AnyTransaction>, refusal: Refusal) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let Some((transaction, version)) = app.ephemeral.look(bearer).await? else { return Ok(()) };
        if matches!(transaction, AnyTransaction::Spent(_) | AnyTransaction::Dead(_)) {
            return Ok(());
        }
        let Some(left) = transaction.left(app.clock.now()) else { return Ok(()) };
        match app.ephemeral.swap(bearer, version, &transaction.kill(refusal), left).await? {
            Swap::Done(_) => return Ok(()),
            Swap::Lost => {}
        }
    }
    // Whoever changes it so often is taking part: it ends by itself within minutes.
    tracing::warn!("a card transaction could not be killed");
    Ok(())
}
