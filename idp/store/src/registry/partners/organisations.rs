//! Organisations.

use domain::id::PartnerId;
use domain::journal::{Act, OrganisationChange, PartnerChange};
use domain::organisation::siret::Siret;
use domain::partners::organisation::Organisation;
use domain::partners::role::{OrganisationRole, Seat, TeamName};
use domain::time::Timestamp;
use sqlx::{Any, AnyConnection, Transaction};
use zeroize::Zeroizing;

use super::{Posting, act, lock_active, post, teams};
use crate::ephemeral::Put;
use crate::registry::{Registry, Updated, commit, failed, from_json, to_json};
use crate::seal::Vault;
use crate::{StoreError, journal};

const TABLE: &str = "organisations";

impl Registry {
    /// Brings an organisation in, with its first person as its admin; [`Put::Taken`] when it is here already. Journals both.
    pub async fn insert_organisation(
        &self,
        organisation: &Organisation,
        first: &PartnerId,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let seat = Seat::Organisation(organisation.siret, OrganisationRole::Admin);
        let mut transaction = self.write().await?;
        if teams::create(&mut transaction, &seat.team()).await? == Put::Taken
            || lock_active(&mut transaction, &self.vault, first).await?.is_none()
        {
            return Ok(Put::Taken);
        }
        let siret = organisation.siret.digits();
        sqlx::query("INSERT INTO organisations (siret, sealed, created, updated, proved) VALUES ($1, $2, $3, $3, $4)")
            .bind(siret)
            .bind(seal(&self.vault, organisation)?)
            .bind(now.epoch())
            .bind(organisation.verified().ok().map(|_| now.epoch()))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        teams::seat(&mut transaction, &self.vault, first, &seat, now).await?;
        let change = OrganisationChange::Created { kind: organisation.kind, belonging: organisation.belonging };
        let created = Act::OrganisationChanged { siret: organisation.siret, by: Some(first.clone()), change };
        let acts = [created, act(first, Some(first), PartnerChange::Seated(seat))];
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// One organisation.
    pub async fn organisation(&self, siret: &Siret) -> Result<Option<Organisation>, StoreError> {
        read(&mut *self.readers.acquire().await.map_err(failed)?, &self.vault, siret).await
    }

    /// All organisations, by SIRET.
    pub async fn organisations(&self) -> Result<Vec<Organisation>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT siret, sealed FROM organisations ORDER BY siret")
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(|(siret, sealed)| open(&self.vault, siret, sealed)).collect()
    }

    /// Keeps an organisation that an operator accepted; [`Updated::Missing`] when it was verified meanwhile. Journals it.
    pub async fn accept_organisation(
        &self,
        accepted: &Organisation,
        by: Option<&PartnerId>,
        told: &[Posting],
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let siret = &accepted.siret;
        let mut transaction = self.write().await?;
        teams::lock(&mut transaction, &TeamName::Organisation(*siret)).await?;
        let found = read(&mut transaction, &self.vault, siret).await?;
        if found.is_none_or(|found| found.verified().is_ok()) {
            return Ok(Updated::Missing);
        }
        sqlx::query("UPDATE organisations SET sealed = $2, updated = $3, proved = $3 WHERE siret = $1")
            .bind(siret.digits())
            .bind(seal(&self.vault, accepted)?)
            .bind(now.epoch())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        for posting in told {
            post(&mut transaction, &self.vault, posting, now).await?;
        }
        let change = OrganisationChange::Accepted;
        let act = Act::OrganisationChanged { siret: *siret, by: by.cloned(), change };
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }
}

/// One organisation, as a transaction finds it.
pub(in crate::registry) async fn organisation_in(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    siret: &Siret,
) -> Result<Option<Organisation>, StoreError> {
    read(&mut *transaction, vault, siret).await
}

pub(super) async fn read(
    connection: &mut AnyConnection,
    vault: &Vault,
    siret: &Siret,
) -> Result<Option<Organisation>, StoreError> {
    let sealed: Option<String> = sqlx::query_scalar("SELECT sealed FROM organisations WHERE siret = $1")
        .bind(siret.digits())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    sealed.map(|sealed| open(vault, &siret.digits(), &sealed)).transpose()
}

fn seal(vault: &Vault, organisation: &Organisation) -> Result<String, StoreError> {
    let plain = Zeroizing::new(to_json(organisation, TABLE)?);
    vault.seal(TABLE, &organisation.siret.digits(), plain.as_bytes())
}

/// A row that was moved to another SIRET opens nothing.
pub(in crate::registry) fn open(vault: &Vault, siret: &str, sealed: &str) -> Result<Organisation, StoreError> {
    let corrupt = || StoreError::Corrupt { what: TABLE };
    let plain = vault.open(TABLE, siret, sealed)?;
    let organisation: Organisation = from_json(std::str::from_utf8(&plain).map_err(|_| corrupt())?, TABLE)?;
    if organisation.siret.digits() == siret { Ok(organisation) } else { Err(corrupt()) }
}
