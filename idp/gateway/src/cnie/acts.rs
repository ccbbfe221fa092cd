//! One act on an identity: read, settled, decided, kept with what is told of it, and begun again when somebody else was
//! faster.

use domain::cnie::identity::{AnyIdentity, Settled};
use domain::id::IdentityId;
use domain::time::Timestamp;
use store::StoreError;
use store::registry::{Changed, Kept, Registry};
use tokio::sync::Notify;

use super::Cnie;
use super::links::Links;
use super::telling::{Cause, Telling, Turn};
use crate::app::App;

/// Acts on identities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Acts<'a> {
    /// Where they are kept.
    pub(crate) registry: &'a Registry,
    /// The links of mails.
    pub(crate) links: Links<'a>,
    /// Wakes the mail worker, where there is one.
    pub(crate) mail: Option<&'a Notify>,
    /// The moment.
    pub(crate) now: Timestamp,
}

impl<'a> Acts<'a> {
    /// In a gateway that serves, now.
    pub(crate) fn of(app: &'a App, cnie: &'a Cnie) -> Self {
        let mail = Some(app.mail_waiting.as_ref());
        Self { registry: &app.registry, links: Links::of(app, cnie), mail, now: app.clock.now() }
    }

    /// The identity as it is now; what time made of it is kept. None once it is erased.
    pub(crate) async fn find(self, id: &IdentityId) -> Result<Option<Kept>, StoreError> {
        while let Some(kept) = self.registry.identity(id).await? {
            if let Some(kept) = self.settle(kept).await? {
                return Ok(Some(kept));
            }
        }
        Ok(None)
    }

    /// Acts on it as it is now, and gives what became of it. None once it is erased.
    ///
    /// A lost swap is tried again: it is lost only because another act was kept, so that somebody always goes on.
    pub(crate) async fn act(
        self,
        id: &IdentityId,
        cause: Cause<'_>,
        act: impl Fn(AnyIdentity) -> AnyIdentity,
    ) -> Result<Option<AnyIdentity>, StoreError> {
        while let Some(kept) = self.find(id).await? {
            let next = act(kept.identity.clone());
            if next == kept.identity || self.keep(&kept, &next, cause).await? == Changed::Done {
                return Ok(Some(next));
            }
        }
        Ok(None)
    }

    /// What time made of an identity: kept and told. None when it has to be read again.
    pub(crate) async fn settle(self, kept: Kept) -> Result<Option<Kept>, StoreError> {
        match kept.identity.clone().settle(self.now) {
            Settled::Same(_) => Ok(Some(kept)),
            Settled::Changed(next) => {
                let _: Changed = self.keep(&kept, &next, Cause::Itself).await?;
                Ok(None)
            }
        }
    }

    async fn keep(self, kept: &Kept, next: &AnyIdentity, cause: Cause<'_>) -> Result<Changed, StoreError> {
        let telling = Telling::of(Turn { before: Some(&kept.identity), after: next }, cause, (self.links, self.now));
        let changed = self.registry.change_identity(kept, next, &telling.told()).await?;
        if let (Changed::Done, Some(mail)) = (changed, self.mail) {
            mail.notify_one();
        }
        Ok(changed)
    }
}
