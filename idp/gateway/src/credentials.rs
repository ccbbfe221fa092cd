//! The secrets of relying parties while the gateway serves: the day of their last use, and warnings before their end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::client::Registered;
use domain::habilitation::credentials::{ClientSecret, day_of};
use domain::id::ClientId;
use domain::language::Language;
use domain::notice::{Message, Notice};
use domain::time::Timestamp;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::Registry;

use crate::app::Shared;
use crate::services::deadlines::contacts;

/// The day on which this node noted each secret last, by half of its digest.
#[derive(Debug, Default)]
pub(crate) struct SecretUses(Mutex<HashMap<[u8; 16], Timestamp>>);

impl SecretUses {
    /// Whether a use is the first of its day here.
    fn is_first(&self, secret: &ClientSecret, day: Timestamp) -> bool {
        let mut half = [0; 16];
        half.copy_from_slice(&secret.digest.as_bytes()[..16]);
        // Whole after each change, so a poisoned lock still holds good days.
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.insert(half, day) != Some(day)
    }
}

/// Notes that a secret let its client in: once a day, beside the request.
pub(crate) fn note(app: &Shared, client: &ClientId, secret: &ClientSecret) {
    let day = day_of(app.clock.now());
    if !app.secret_uses.is_first(secret, day) {
        return;
    }
    let (registry, client, name) = (app.registry.clone(), client.clone(), secret.name());
    app.endings.spawn(async move {
        if let Err(error) = registry.note_secret_use(&client, &name, day).await {
            tracing::warn!(%error, %client, "the use of a secret could not be noted");
        }
    });
}

/// Puts the warnings that are due into the outbox; how many mails.
pub(crate) async fn warn_due(registry: &Registry, now: Timestamp) -> Result<usize, StoreError> {
    let mut mails = 0;
    let mut due = Vec::new();
    let is_due = |registered: &Registered| registered.secrets.all().iter().any(|secret| secret.warning(now).is_some());
    registry.each_client(|registered| due.extend(Some(registered).filter(is_due))).await?;
    for registered in due {
        let client = &registered.client;
        for secret in registered.secrets.all() {
            let (Some(days), Some(until)) = (secret.warning(now), secret.until) else { continue };
            let name = secret.name();
            let notice = |to: String| Notice {
                to,
                // Services have no language of their own: the space of partners is French.
                language: Language::French,
                message: Message::SecretEnds { service: client.name.clone(), secret: name.to_string(), until },
            };
            let notices: Vec<Notice> = contacts(registry, &registered).await?.into_iter().map(notice).collect();
            match registry.warn_of_secret(&client.id, (&name, days), &notices, now).await? {
                Put::Fresh => {
                    tracing::warn!(client = %client.id, secret = %name, days, "a secret ends soon");
                    mails += notices.len();
                }
                Put::Taken => {}
            }
        }
    }
    Ok(mails)
}
