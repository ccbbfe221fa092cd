//! What relying parties were granted. Each change is journalled in the transaction that makes it, and counted with the
//! changes of clients: every node reads both anew.

use domain::habilitation::acting::Author;
use domain::habilitation::acts::Effect;
use domain::habilitation::grant::{Environment, Habilitation, HabilitationState};
use domain::habilitation::homologation::Homologation;
use domain::habilitation::switches::{Deed, Reason};
use domain::habilitation::webhook::TakenBack;
use domain::id::{ClientId, HabilitationId, HabilitationRequestId};
use domain::journal::{Act, HabilitationChange};
use domain::level::Level;
use domain::organisation::siret::Siret;
use domain::time::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use super::clients::{changed, count};
use super::{Registry, Updated, failed, from_json, to_json};
use crate::StoreError;

const CORRUPT: StoreError = StoreError::Corrupt { what: "a habilitation" };

/// What the schema marks clients with that are of before there were habilitations.
const OF_BEFORE: &str = "of-before";

/// A habilitation as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptHabilitation {
    /// What was granted.
    pub habilitation: Habilitation,
    /// The clients that have it.
    pub clients: Vec<ClientId>,
    /// Who brought its state about, and why.
    pub deed: Deed,
    /// When.
    pub updated: Timestamp,
    /// What it was granted on besides a form.
    pub homologation: Option<Homologation>,
}

/// What became of a change of state.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HabilitationMoved {
    /// It was made.
    Done,
    /// There is none of that name.
    Missing,
    /// Nothing leads there from the state that it is in.
    Not(HabilitationState),
}

impl Registry {
    /// Gives a client a habilitation in the place of the one that it has, which nobody has then. Journals it.
    pub async fn grant_habilitation(
        &self,
        client: &ClientId,
        habilitation: &Habilitation,
        deed: &Deed,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let held: Option<Option<String>> = sqlx::query_scalar("SELECT habilitation FROM clients WHERE id = $1")
            .bind(client.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed)?;
        let Some(held) = held else { return Ok(Updated::Missing) };
        sqlx::query("UPDATE clients SET habilitation = $2, changed = -1 WHERE id = $1")
            .bind(client.as_str())
            .bind(habilitation.id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let mut acts = Vec::new();
        if let Some(held) = held.filter(|held| held != habilitation.id.as_str()) {
            acts.extend(retire(&mut transaction, &held, habilitation, deed, now).await?);
        }
        acts.push(give(&mut transaction, habilitation, client, deed, now).await?);
        changed(transaction, &self.journal_key, &acts, now).await?;
        Ok(Updated::Done)
    }

    /// Puts a habilitation in the place of another one, for every client that has that one. Journals it.
    /// [`HabilitationMoved::Not`] when the other one is over.
    pub async fn replace_habilitation(
        &self,
        held: &HabilitationId,
        next: &Habilitation,
        deed: &Deed,
        now: Timestamp,
    ) -> Result<HabilitationMoved, StoreError> {
        let mut transaction = self.write().await?;
        match state(&mut transaction, held).await? {
            None => return Ok(HabilitationMoved::Missing),
            Some(state) if !HabilitationState::Obsolete.reached_from().contains(&state) => {
                return Ok(HabilitationMoved::Not(state));
            }
            Some(_) => {}
        }
        let clients = clients(&mut transaction, held).await?;
        sqlx::query("UPDATE clients SET habilitation = $2, changed = -1 WHERE habilitation = $1")
            .bind(held.as_str())
            .bind(next.id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let mut acts: Vec<Act> = retire(&mut transaction, held.as_str(), next, deed, now).await?.into_iter().collect();
        for client in &clients {
            acts.push(give(&mut transaction, next, client, deed, now).await?);
        }
        // With less, it rests on the same.
        let same = "UPDATE habilitations SET homologation = (SELECT o.homologation FROM habilitations o WHERE o.id = $1) \
                    WHERE id = $2";
        sqlx::query(same)
            .bind(held.as_str())
            .bind(next.id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        changed(transaction, &self.journal_key, &acts, now).await?;
        Ok(HabilitationMoved::Done)
    }

    /// Suspends, resumes or revokes a habilitation. Journals it.
    pub async fn move_habilitation(
        &self,
        id: &HabilitationId,
        to: HabilitationState,
        deed: &Deed,
        now: Timestamp,
    ) -> Result<HabilitationMoved, StoreError> {
        let change = match to {
            HabilitationState::Active => HabilitationChange::Resumed,
            HabilitationState::Suspended => HabilitationChange::Suspended,
            HabilitationState::Revoked => HabilitationChange::Revoked,
            // Only another one makes it so.
            HabilitationState::Obsolete => return Ok(HabilitationMoved::Not(to)),
        };
        let mut transaction = self.write().await?;
        match state(&mut transaction, id).await? {
            None => return Ok(HabilitationMoved::Missing),
            Some(state) if !to.reached_from().contains(&state) => return Ok(HabilitationMoved::Not(state)),
            Some(_) => {}
        }
        set_state(&mut transaction, id.as_str(), to, deed, now).await?;
        mark(&mut transaction, id).await?;
        if to == HabilitationState::Revoked {
            let row = sqlx::query("SELECT * FROM habilitations WHERE id = $1")
                .bind(id.as_str())
                .fetch_one(&mut *transaction)
                .await
                .map_err(failed)?;
            let end = TakenBack { habilitation: &read(&row)?, by: &deed.by, at: now };
            self.tell_webhooks_of_end(&mut transaction, &end).await?;
        }
        let act = Act::HabilitationChanged { habilitation: id.clone(), change, deed: deed.clone() };
        changed(transaction, &self.journal_key, &[act], now).await?;
        Ok(HabilitationMoved::Done)
    }

    /// One habilitation.
    pub async fn habilitation(&self, id: &HabilitationId) -> Result<Option<KeptHabilitation>, StoreError> {
        let row = sqlx::query("SELECT * FROM habilitations WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let mut kept = read_kept(&row)?;
        let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM clients WHERE habilitation = $1 ORDER BY id")
            .bind(id.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        kept.clients = ids.iter().map(|id| client_id(id)).collect::<Result<_, _>>()?;
        Ok(Some(kept))
    }

    /// Every habilitation, the newest first.
    pub async fn habilitations(&self) -> Result<Vec<KeptHabilitation>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let rows = sqlx::query("SELECT * FROM habilitations ORDER BY created DESC, id")
            .fetch_all(&mut *snapshot)
            .await
            .map_err(failed)?;
        let held: Vec<(String, String)> =
            sqlx::query_as("SELECT habilitation, id FROM clients WHERE habilitation IS NOT NULL ORDER BY id")
                .fetch_all(&mut *snapshot)
                .await
                .map_err(failed)?;
        let mut all: Vec<KeptHabilitation> = rows.iter().map(read_kept).collect::<Result<_, _>>()?;
        let mut clients = std::collections::HashMap::<&str, Vec<ClientId>>::new();
        for (habilitation, client) in &held {
            clients.entry(habilitation).or_default().push(client_id(client)?);
        }
        for kept in &mut all {
            kept.clients = clients.remove(kept.habilitation.id.as_str()).unwrap_or_default();
        }
        Ok(all)
    }

    /// Gives the clients that are of before there were habilitations one of an operator, each its own, to what it is
    /// registered for. Whoever comes second finds nothing left to do.
    pub async fn habilitate_clients_of_before(&self, now: Timestamp) -> Result<(), StoreError> {
        let waiting: Vec<String> = sqlx::query_scalar("SELECT id FROM clients WHERE habilitation = $1 ORDER BY id")
            .bind(OF_BEFORE)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        if waiting.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write().await?;
        let mut acts = Vec::new();
        for id in &waiting {
            let kept: Option<(String, i64)> =
                sqlx::query_as("SELECT metadata, created FROM clients WHERE id = $1 AND habilitation = $2")
                    .bind(id)
                    .bind(OF_BEFORE)
                    .fetch_optional(&mut *transaction)
                    .await
                    .map_err(failed)?;
            let Some((metadata, created)) = kept else { continue };
            let client = from_json(&metadata, "a client")?;
            // The same on every node that may do this at the same time.
            let secret = self.vault.derive(&format!("habilitation of {id}"));
            let mut name = [0; 16];
            name.copy_from_slice(&secret[..16]);
            let from = Timestamp::from_epoch(created.min(now.epoch()));
            let habilitation = Habilitation::of_operator(&client, HabilitationId::from_random(name), from);
            sqlx::query("UPDATE clients SET habilitation = $2, changed = -1 WHERE id = $1")
                .bind(id)
                .bind(habilitation.id.as_str())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
            acts.push(give(&mut transaction, &habilitation, &client.id, &Deed::OPERATOR, now).await?);
        }
        changed(transaction, &self.journal_key, &acts, now).await
    }
}

/// What an act on a request does to habilitations, in its transaction; `None` when one of the request was stopped apart from
/// its review, which nothing that is granted anew may undo. Every node learns of it within a second.
///
/// It is about all habilitations of the request: one that was narrowed at the command line is another than the one that
/// the review granted.
pub(super) async fn apply(
    transaction: &mut Transaction<'static, Any>,
    (request, effect): (&HabilitationRequestId, &Effect),
    by: &Author,
    now: Timestamp,
) -> Result<Option<Vec<Act>>, StoreError> {
    let deed = Deed { by: by.clone(), why: None };
    let mut acts = Vec::new();
    match effect {
        Effect::None => return Ok(Some(acts)),
        Effect::Granted(grant) => {
            let next = Habilitation::of_grant(grant);
            let held = of_request(transaction, request).await?;
            let stopped = |(_, state): &(HabilitationId, HabilitationState)| match state {
                HabilitationState::Suspended => true,
                // One that a review took back is no obstacle to another review; the review says so itself.
                HabilitationState::Revoked => grant.replaces.is_some(),
                HabilitationState::Active | HabilitationState::Obsolete => false,
            };
            if held.iter().any(stopped) {
                return Ok(None);
            }
            insert(transaction, &next, &deed, now).await?;
            rest_on(transaction, &next.id, grant.homologation.as_ref()).await?;
            for (held, _) in held.iter().filter(|(_, state)| *state == HabilitationState::Active) {
                let having = clients(transaction, held).await?;
                sqlx::query("UPDATE clients SET habilitation = $2, changed = -1 WHERE habilitation = $1")
                    .bind(held.as_str())
                    .bind(next.id.as_str())
                    .execute(&mut **transaction)
                    .await
                    .map_err(failed)?;
                acts.extend(retire(transaction, held.as_str(), &next, &deed, now).await?);
                for client in &having {
                    acts.push(give(transaction, &next, client, &deed, now).await?);
                }
            }
        }
        Effect::Revoked(_) => {
            for (held, state) in of_request(transaction, request).await? {
                if !HabilitationState::Revoked.reached_from().contains(&state) {
                    continue;
                }
                set_state(transaction, held.as_str(), HabilitationState::Revoked, &deed, now).await?;
                mark(transaction, &held).await?;
                let (habilitation, change) = (held, HabilitationChange::Revoked);
                acts.push(Act::HabilitationChanged { habilitation, change, deed: deed.clone() });
            }
        }
    }
    count(transaction).await?;
    Ok(Some(acts))
}

/// Keeps what a habilitation rests on, and with it the reports for as long as it is there.
async fn rest_on(
    transaction: &mut Transaction<'static, Any>,
    id: &HabilitationId,
    on: Option<&Homologation>,
) -> Result<(), StoreError> {
    let Some(on) = on else { return Ok(()) };
    sqlx::query("UPDATE habilitations SET homologation = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(to_json(on, "a habilitation")?)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    let Homologation::Reports(reports) = on else { return Ok(()) };
    for report in reports {
        sqlx::query("UPDATE bench_runs SET habilitation = $2 WHERE hash = $1")
            .bind(&report.report)
            .bind(id.as_str())
            .execute(&mut **transaction)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// The habilitations that a request led to, each with its state; nobody else changes them until the transaction ends.
async fn of_request(
    transaction: &mut Transaction<'static, Any>,
    request: &HabilitationRequestId,
) -> Result<Vec<(HabilitationId, HabilitationState)>, StoreError> {
    sqlx::query("UPDATE habilitations SET updated = updated WHERE request = $1")
        .bind(request.as_str())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, state FROM habilitations WHERE request = $1 ORDER BY created, id")
            .bind(request.as_str())
            .fetch_all(&mut **transaction)
            .await
            .map_err(failed)?;
    rows.iter()
        .map(|(id, state)| {
            let id = HabilitationId::parse(id).map_err(|_| CORRUPT)?;
            Ok((id, HabilitationState::parse(state).ok_or(CORRUPT)?))
        })
        .collect()
}

/// Revokes a habilitation; [`Updated::Missing`] when it is over already.
pub(super) async fn take_back(
    transaction: &mut Transaction<'static, Any>,
    id: &HabilitationId,
    deed: &Deed,
    now: Timestamp,
) -> Result<Updated, StoreError> {
    let to = HabilitationState::Revoked;
    match state(transaction, id).await? {
        Some(state) if to.reached_from().contains(&state) => {
            set_state(transaction, id.as_str(), to, deed, now).await?;
            mark(transaction, id).await?;
            Ok(Updated::Done)
        }
        Some(_) | None => Ok(Updated::Missing),
    }
}

/// Marks the clients that have a habilitation: every node reads them anew.
async fn mark(transaction: &mut Transaction<'static, Any>, id: &HabilitationId) -> Result<(), StoreError> {
    sqlx::query("UPDATE clients SET changed = -1 WHERE habilitation = $1")
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Keeps a habilitation unless it is kept, for a client that has it from now on.
pub(super) async fn give(
    transaction: &mut Transaction<'static, Any>,
    habilitation: &Habilitation,
    client: &ClientId,
    deed: &Deed,
    now: Timestamp,
) -> Result<Act, StoreError> {
    insert(transaction, habilitation, deed, now).await?;
    let change = HabilitationChange::Granted { client: client.clone(), snapshot: Box::new(habilitation.clone()) };
    Ok(Act::HabilitationChanged { habilitation: habilitation.id.clone(), change, deed: deed.clone() })
}

async fn insert(
    transaction: &mut Transaction<'static, Any>,
    habilitation: &Habilitation,
    deed: &Deed,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO habilitations (id, environment, organisation, request, scopes, level, starts, ends, state, author, \
         reason, updated, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(habilitation.id.as_str())
    .bind(habilitation.environment.name())
    .bind(habilitation.organisation.map(Siret::digits))
    .bind(habilitation.request.as_ref().map(HabilitationRequestId::as_str))
    .bind(to_json(&habilitation.scopes, "a habilitation")?)
    .bind(habilitation.level.acr())
    .bind(habilitation.from.epoch())
    .bind(habilitation.until.map(Timestamp::epoch))
    .bind(habilitation.state.name())
    .bind(to_json(&deed.by, "a habilitation")?)
    .bind(deed.why.as_ref().map(Reason::as_str))
    .bind(now.epoch())
    .execute(&mut **transaction)
    .await
    .map(|_| ())
    .map_err(failed)
}

/// A habilitation that another one took the place of: obsolete once nobody has it any more.
async fn retire(
    transaction: &mut Transaction<'static, Any>,
    held: &str,
    next: &Habilitation,
    deed: &Deed,
    now: Timestamp,
) -> Result<Option<Act>, StoreError> {
    let Ok(id) = HabilitationId::parse(held) else { return Ok(None) };
    let over = match state(transaction, &id).await? {
        Some(state) => !HabilitationState::Obsolete.reached_from().contains(&state),
        None => true,
    };
    if over || !clients(transaction, &id).await?.is_empty() {
        return Ok(None);
    }
    set_state(transaction, held, HabilitationState::Obsolete, deed, now).await?;
    let change = HabilitationChange::Replaced { by: next.id.clone() };
    Ok(Some(Act::HabilitationChanged { habilitation: id, change, deed: deed.clone() }))
}

/// The state that a change begins from: nobody else changes it until the transaction ends.
async fn state(
    transaction: &mut Transaction<'static, Any>,
    id: &HabilitationId,
) -> Result<Option<HabilitationState>, StoreError> {
    // An update is the lock that both engines know.
    sqlx::query("UPDATE habilitations SET updated = updated WHERE id = $1")
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    let name: Option<String> = sqlx::query_scalar("SELECT state FROM habilitations WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed)?;
    name.map(|name| HabilitationState::parse(&name).ok_or(CORRUPT)).transpose()
}

async fn set_state(
    transaction: &mut Transaction<'static, Any>,
    id: &str,
    state: HabilitationState,
    deed: &Deed,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE habilitations SET state = $2, author = $3, reason = $4, updated = $5 WHERE id = $1")
        .bind(id)
        .bind(state.name())
        .bind(to_json(&deed.by, "a habilitation")?)
        .bind(deed.why.as_ref().map(Reason::as_str))
        .bind(now.epoch())
        .execute(&mut **transaction)
        .await
        .map(|_| ())
        .map_err(failed)
}

async fn clients(
    transaction: &mut Transaction<'static, Any>,
    id: &HabilitationId,
) -> Result<Vec<ClientId>, StoreError> {
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM clients WHERE habilitation = $1 ORDER BY id")
        .bind(id.as_str())
        .fetch_all(&mut **transaction)
        .await
        .map_err(failed)?;
    ids.iter().map(|id| client_id(id)).collect()
}

fn client_id(text: &str) -> Result<ClientId, StoreError> {
    ClientId::parse(text).map_err(|_| StoreError::Corrupt { what: "a client" })
}

/// Reads the columns of a habilitation.
pub(super) fn read(row: &AnyRow) -> Result<Habilitation, StoreError> {
    let text = |name| row.try_get::<String, _>(name).map_err(failed);
    let perhaps = |name| row.try_get::<Option<String>, _>(name).map_err(failed);
    let until: Option<i64> = row.try_get("ends").map_err(failed)?;
    Ok(Habilitation {
        id: HabilitationId::parse(&text("id")?).map_err(|_| CORRUPT)?,
        environment: Environment::parse(&text("environment")?).ok_or(CORRUPT)?,
        organisation: perhaps("organisation")?.map(|text| Siret::parse(&text)).transpose().map_err(|_| CORRUPT)?,
        request: perhaps("request")?
            .map(|text| HabilitationRequestId::parse(&text))
            .transpose()
            .map_err(|_| CORRUPT)?,
        scopes: from_json(&text("scopes")?, "a habilitation")?,
        level: Level::from_acr(&text("level")?).ok_or(CORRUPT)?,
        from: Timestamp::from_epoch(row.try_get("starts").map_err(failed)?),
        until: until.map(Timestamp::from_epoch),
        state: HabilitationState::parse(&text("state")?).ok_or(CORRUPT)?,
    })
}

fn read_kept(row: &AnyRow) -> Result<KeptHabilitation, StoreError> {
    let author: String = row.try_get("author").map_err(failed)?;
    let reason: Option<String> = row.try_get("reason").map_err(failed)?;
    let on: Option<String> = row.try_get("homologation").map_err(failed)?;
    Ok(KeptHabilitation {
        habilitation: read(row)?,
        clients: Vec::new(),
        deed: Deed {
            by: from_json(&author, "a habilitation")?,
            why: reason.map(|text| Reason::parse(&text)).transpose().map_err(|_| CORRUPT)?,
        },
        updated: Timestamp::from_epoch(row.try_get("updated").map_err(failed)?),
        homologation: on.map(|on| from_json(&on, "a habilitation")).transpose()?,
    })
}
