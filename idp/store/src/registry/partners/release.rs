//! An organisation that nothing proves gives up its place: whoever squats a SIRET holds it from nobody.

use domain::habilitation::acting::Author;
use domain::habilitation::grant::Environment;
use domain::habilitation::switches::Deed;
use domain::id::{HabilitationId, PartnerId};
use domain::journal::{Act, HabilitationChange, InvitationChange, OrganisationChange, PartnerChange};
use domain::organisation::siret::Siret;
use domain::partners::organisation::{NotReleased, Organisation};
use domain::partners::role::TeamName;
use domain::time::Timestamp;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Transaction};

use super::{Posting, act, organisations, post, teams};
use crate::StoreError;
use crate::registry::clients::changed;
use crate::registry::{Registry, Updated, failed, habilitations};
use crate::seal::Vault;

/// Who takes the place away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Releasing {
    /// The operator: somebody else is known to be it.
    Operator,
    /// Time alone: nobody worked on it for long.
    Idle,
}

/// What became of it.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// It is free: as it was, and whom it was taken from.
    Done(Box<Organisation>),
    /// It is not here.
    Missing,
    /// The rules say no.
    Not(NotReleased),
}

impl Registry {
    /// Takes an organisation away that nothing proves, with its seats, invitations, requests, and what it has of the sandbox.
    /// Journals it.
    pub async fn release_organisation(
        &self,
        siret: Siret,
        why: Releasing,
        told: &[Posting],
        now: Timestamp,
    ) -> Result<Released, StoreError> {
        let team = TeamName::Organisation(siret);
        let mut transaction = self.write().await?;
        teams::lock(&mut transaction, &team).await?;
        let Some(organisation) = organisations::read(&mut transaction, &self.vault, &siret).await? else {
            return Ok(Released::Missing);
        };
        let judged = match why {
            Releasing::Operator => organisation.release(),
            Releasing::Idle => organisation.release_idle(touched(&mut transaction, siret).await?, now),
        };
        if let Err(why) = judged {
            return Ok(Released::Not(why));
        }
        let by = match why {
            Releasing::Operator => Author::Operator,
            Releasing::Idle => Author::Clock,
        };
        let mut acts = empty(&mut transaction, &self.vault, &team).await?;
        acts.extend(stop_services(&mut transaction, siret, &Deed { by, why: None }, now).await?);
        drop_requests(&mut transaction, siret).await?;
        for (statement, name) in [
            ("DELETE FROM organisations WHERE siret = $1", siret.digits()),
            ("DELETE FROM teams WHERE name = $1", team.text()),
        ] {
            sqlx::query(statement).bind(name).execute(&mut *transaction).await.map_err(failed)?;
        }
        for posting in told {
            post(&mut transaction, &self.vault, posting, now).await?;
        }
        acts.push(Act::OrganisationChanged { siret, by: None, change: OrganisationChange::Released });
        changed(transaction, &self.journal_key, &acts, now).await?;
        Ok(Released::Done(Box::new(organisation)))
    }

    /// The organisations that nothing proves and that nobody worked on for long. For an hourly round: what is proved is noted
    /// when it is met, and not opened again.
    pub async fn idle_organisations(&self, now: Timestamp) -> Result<Vec<Organisation>, StoreError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT siret, created FROM organisations WHERE proved IS NULL ORDER BY created, siret")
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        let mut idle = Vec::new();
        for (siret, created) in rows {
            if !Organisation::is_long(Timestamp::from_epoch(created), now) {
                break;
            }
            let corrupt = StoreError::Corrupt { what: "organisations" };
            let siret = Siret::parse(&siret).map_err(|_| corrupt)?;
            let Some(organisation) = self.organisation(&siret).await? else { continue };
            if organisation.verified().is_ok() {
                sqlx::query("UPDATE organisations SET proved = $2 WHERE siret = $1")
                    .bind(siret.digits())
                    .bind(now.epoch())
                    .execute(&self.writers)
                    .await
                    .map_err(failed)?;
                continue;
            }
            let mut connection = self.readers.acquire().await.map_err(failed)?;
            let touched = touched(&mut connection, siret).await?;
            drop(connection);
            if organisation.release_idle(touched, now).is_ok() {
                idle.push(organisation);
            }
        }
        Ok(idle)
    }
}

/// When one of its requests was last worked on.
async fn touched(connection: &mut AnyConnection, siret: Siret) -> Result<Option<Timestamp>, StoreError> {
    let latest: Option<i64> =
        sqlx::query_scalar("SELECT MAX(touched) FROM habilitation_requests WHERE organisation = $1")
            .bind(siret.digits())
            .fetch_one(connection)
            .await
            .map_err(failed)?;
    Ok(latest.map(Timestamp::from_epoch))
}

/// Takes everybody out, and every invitation back.
async fn empty(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    team: &TeamName,
) -> Result<Vec<Act>, StoreError> {
    let mut acts = Vec::new();
    let members: Vec<String> = sqlx::query_scalar("SELECT partner FROM members WHERE team = $1 ORDER BY partner")
        .bind(team.text())
        .fetch_all(&mut **transaction)
        .await
        .map_err(failed)?;
    for member in members {
        let member = PartnerId::parse(&member).map_err(|_| StoreError::Corrupt { what: "members" })?;
        acts.push(act(&member, None, PartnerChange::Left(team.clone())));
    }
    for (place, invitation) in teams::invitations(transaction, vault, Some(team)).await? {
        acts.push(teams::invited(place, &invitation, None, InvitationChange::Ended));
    }
    for statement in ["DELETE FROM members WHERE team = $1", "DELETE FROM partner_invitations WHERE team = $1"] {
        sqlx::query(statement).bind(team.text()).execute(&mut **transaction).await.map_err(failed)?;
    }
    Ok(acts)
}

/// What it has of the sandbox is revoked, and belongs to nobody: whoever the SIRET is given to finds nothing of a stranger's.
/// What another platform granted to the SIRET is not theirs, and stays.
async fn stop_services(
    transaction: &mut Transaction<'static, Any>,
    siret: Siret,
    deed: &Deed,
    now: Timestamp,
) -> Result<Vec<Act>, StoreError> {
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM habilitations WHERE organisation = $1 AND environment = $2 ORDER BY id")
            .bind(siret.digits())
            .bind(Environment::Sandbox.name())
            .fetch_all(&mut **transaction)
            .await
            .map_err(failed)?;
    let mut acts = Vec::new();
    for id in ids {
        let id = HabilitationId::parse(&id).map_err(|_| StoreError::Corrupt { what: "a habilitation" })?;
        if habilitations::take_back(transaction, &id, deed, now).await? == Updated::Done {
            let change = HabilitationChange::Revoked;
            acts.push(Act::HabilitationChanged { habilitation: id, change, deed: deed.clone() });
        }
    }
    sqlx::query("UPDATE habilitations SET organisation = NULL WHERE organisation = $1 AND environment = $2")
        .bind(siret.digits())
        .bind(Environment::Sandbox.name())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(acts)
}

/// Its drafts name people, and are a stranger's to whoever comes next. What was ever granted is another platform's request:
/// nothing else is before an organisation is verified.
async fn drop_requests(transaction: &mut Transaction<'static, Any>, siret: Siret) -> Result<(), StoreError> {
    const OF: &str = "SELECT id FROM habilitation_requests WHERE organisation = $1 AND id NOT IN \
                      (SELECT request FROM habilitations WHERE request IS NOT NULL)";
    for (table, column) in [
        ("habilitation_looks", "request"),
        ("habilitation_messages", "request"),
        ("habilitation_events", "request"),
        ("habilitation_forms", "request"),
        ("habilitation_requests", "id"),
    ] {
        let statement = AssertSqlSafe(format!("DELETE FROM {table} WHERE {column} IN ({OF})"));
        sqlx::query(statement).bind(siret.digits()).execute(&mut **transaction).await.map_err(failed)?;
    }
    Ok(())
}
