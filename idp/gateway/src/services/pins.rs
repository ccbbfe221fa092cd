//! The keys at the address of a client, taken where one of before is among them ([`domain::client::pins`]); and the word of a
//! person for those that have none: `POST /espace/services/{client_id}/cles`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use domain::client::KeysUri;
use domain::client::pins::{Rotation, Thumbprints};
use domain::id::ClientId;
use domain::jose::KeySet;
use domain::notice::ServiceTold;
use domain::partners::permission::ChangeCredentials;
use domain::time::Timestamp;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::{Changed, PinnedKeys, Registry, Updated};
use tokio::sync::Notify;

use super::deadlines::notices;
use super::{deed, unseen};
use crate::app::Shared;
use crate::audit::Space;
use crate::pages::services::path_of;
use crate::partners::refusal;
use crate::partners::session::{CheckedForm, FreshHolder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// What is pinned, for all nodes.
#[derive(Debug, Clone)]
pub(crate) struct Pins {
    pub(crate) registry: Registry,
    /// The origin of the partners' space.
    pub(crate) space: Option<String>,
    pub(crate) mail_waiting: Arc<Notify>,
}

/// A set was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// It has none of the keys of before.
    #[error("the set has none of the keys that were there before: somebody must accept it")]
    Strange {
        /// The set of before, and when it was there last.
        before: Box<PinnedKeys>,
    },
    /// Another node was faster.
    #[error("another node pins the keys of this client")]
    Contended,
    /// The registry failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Pins {
    /// Takes a set that was read at the address of a client.
    pub(crate) async fn take(
        &self,
        client: &ClientId,
        uri: &KeysUri,
        set: &KeySet,
        now: Timestamp,
    ) -> Result<(), NotTaken> {
        let before = self.registry.pinned_keys(client).await?;
        let seen = Thumbprints::of(set);
        // Another address was registered by who may: it begins anew.
        let same_place = before.as_ref().filter(|before| before.uri == uri.url().as_str());
        match (seen.after(same_place.map(|before| &before.pinned)), same_place) {
            (Rotation::Strange, Some(before)) => {
                self.refuse(client, &seen, now).await?;
                Err(NotTaken::Strange { before: Box::new(before.clone()) })
            }
            (Rotation::First | Rotation::Same | Rotation::Next | Rotation::Strange, _) => {
                let new = (uri.url().as_str(), set.source(), &seen);
                match self.registry.pin_keys(client, new, before.as_ref(), now).await? {
                    Changed::Done => Ok(()),
                    Changed::Lost => Err(NotTaken::Contended),
                }
            }
        }
    }

    async fn refuse(&self, client: &ClientId, seen: &Thumbprints, now: Timestamp) -> Result<(), StoreError> {
        let Some(service) = self.registry.client(client).await? else { return Ok(()) };
        let told = ServiceTold::KeysRefused(now);
        let notices = notices(&self.registry, &service, self.space.as_deref(), &told).await?;
        match self.registry.refuse_keys(client, seen, &notices, now).await? {
            Put::Fresh => self.mail_waiting.notify_one(),
            Put::Taken => {}
        }
        Ok(())
    }
}

/// `POST /espace/services/{client_id}/cles`: accepts the set that was refused, which is the one that the page showed.
pub(crate) async fn accept(
    holder: FreshHolder<ChangeCredentials>,
    State(app): State<Shared>,
    Path(id): Path<String>,
    form: CheckedForm,
) -> Response {
    let here = &holder.here;
    let Ok(client) = ClientId::parse(&id) else { return unseen(&app, here) };
    let shown = form.field("set").unwrap_or_default();
    let accepted = async {
        let kept = app.registry.pinned_keys(&client).await?;
        let Some((set, _)) = kept.and_then(|kept| kept.refused).filter(|(set, _)| set.digest() == shown) else {
            return Ok(Updated::Missing);
        };
        app.registry.accept_keys(&client, &set, &deed(&holder.held, None), app.clock.now()).await
    };
    match accepted.await {
        Ok(Updated::Done) => see_other(&path_of(&client)),
        Ok(Updated::Missing) => refusal::inside(&app, here, Space::ChangedMeanwhile),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}
