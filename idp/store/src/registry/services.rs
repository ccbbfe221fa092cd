//! The services of an organisation: what it registered by itself, and what it was granted and has no service for yet.

use domain::client::Registered;
use domain::habilitation::grant::{Environment, Habilitation, HabilitationState};
use domain::habilitation::service::MOST;
use domain::habilitation::switches::Deed;
use domain::id::ClientId;
use domain::journal::{Act, ClientChange};
use domain::organisation::siret::Siret;
use domain::time::Timestamp;
use sqlx::{Any, Transaction};

use super::clients::{self, changed};
use super::habilitations::{self, give};
use super::{Registry, failed};
use crate::StoreError;
use crate::ephemeral::Put;

/// What became of a new service.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceMade {
    /// It is registered.
    Done,
    /// Its identifier is in use.
    Taken,
    /// What it was granted is not in force any more, or never was granted.
    NotInForce,
    /// The organisation has as many as one may have.
    TooMany,
}

impl Registry {
    /// Registers a service of an organisation: one of the sandbox with its habilitation, one of the production under a
    /// habilitation that stands here already and is in force. Journals both, with who did it.
    pub async fn make_service(
        &self,
        service: &Registered,
        deed: &Deed,
        now: Timestamp,
    ) -> Result<ServiceMade, StoreError> {
        let Some(granted) = &service.habilitation else { return Ok(ServiceMade::NotInForce) };
        let mut transaction = self.write().await?;
        if granted.environment == Environment::Production && !stands(&mut transaction, granted).await? {
            return Ok(ServiceMade::NotInForce);
        }
        // Two who make one at the same time are counted one after the other.
        lock(&mut transaction).await?;
        if count(&mut transaction, granted).await? >= MOST {
            return Ok(ServiceMade::TooMany);
        }
        if clients::put(&mut transaction, service, now).await? == Put::Taken {
            return Ok(ServiceMade::Taken);
        }
        let client = &service.client.id;
        let registered = Act::ClientChanged { client: client.clone(), change: ClientChange::Registered };
        let given = give(&mut transaction, granted, client, deed, now).await?;
        changed(transaction, &self.journal_key, &[registered, given], now).await?;
        Ok(ServiceMade::Done)
    }

    /// The services of an organisation, by identifier.
    pub async fn services_of(&self, organisation: Siret) -> Result<Vec<Registered>, StoreError> {
        let rows = sqlx::query(concat!(clients::clients!(), " WHERE h.organisation = $1 ORDER BY c.id"))
            .bind(organisation.digits())
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(clients::read).collect()
    }

    /// What an organisation was granted for the production and has no service under, the newest first.
    pub async fn unused_grants(&self, organisation: Siret) -> Result<Vec<Habilitation>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM habilitations h WHERE h.organisation = $1 AND h.environment = 'production' \
             AND h.state = 'active' AND h.request IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM clients c WHERE c.habilitation = h.id) ORDER BY h.created DESC, h.id",
        )
        .bind(organisation.digits())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.iter().map(habilitations::read).collect()
    }

    /// When a service was registered.
    pub async fn service_since(&self, client: &ClientId) -> Result<Option<Timestamp>, StoreError> {
        let created: Option<i64> = sqlx::query_scalar("SELECT created FROM clients WHERE id = $1")
            .bind(client.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        Ok(created.map(Timestamp::from_epoch))
    }
}

async fn lock(transaction: &mut Transaction<'static, Any>) -> Result<(), StoreError> {
    // What every change of clients counts itself in, after its own rows.
    sqlx::query("UPDATE changes SET count = count WHERE topic = 'clients'")
        .execute(&mut **transaction)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Whether a habilitation is kept as it is presented, and in force.
async fn stands(transaction: &mut Transaction<'static, Any>, granted: &Habilitation) -> Result<bool, StoreError> {
    // Whoever revokes it waits until the service is there, and takes it along.
    sqlx::query("UPDATE habilitations SET updated = updated WHERE id = $1")
        .bind(granted.id.as_str())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    let row = sqlx::query("SELECT * FROM habilitations WHERE id = $1")
        .bind(granted.id.as_str())
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed)?;
    let kept = row.as_ref().map(habilitations::read).transpose()?;
    Ok(kept.is_some_and(|kept| kept.state == HabilitationState::Active && kept == *granted))
}

async fn count(transaction: &mut Transaction<'static, Any>, granted: &Habilitation) -> Result<usize, StoreError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM clients c JOIN habilitations h ON h.id = c.habilitation \
         WHERE h.organisation = $1 AND h.environment = $2",
    )
    .bind(granted.organisation.map(Siret::digits))
    .bind(granted.environment.name())
    .fetch_one(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}
