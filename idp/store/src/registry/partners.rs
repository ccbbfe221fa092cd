//! Partners, their teams, organisations, passkeys and sessions. Each change is journalled in the transaction that makes it.
//!
//! Who a partner is and what they may do lies sealed, each seat in a row of its own: whoever writes the database without the
//! master key can put an older state of one back, and make up none; and two organisations that change one partner at once do
//! not undo each other's change. The row of a team is the lock of all that concerns its people, the row of a partner that
//! of their ways in; a team is locked first.

mod domains;
mod organisations;
mod passkeys;
mod recoveries;
mod release;
mod sessions;
mod teams;

use std::collections::{BTreeMap, BTreeSet};

use domain::id::PartnerId;
use domain::journal::{Act, PartnerChange};
use domain::notice::Notice;
use domain::organisation::siret::Siret;
use domain::partners::invitation::PartnerInvitation;
use domain::partners::lineage::Lineage;
use domain::partners::partner::{Partner, PartnerState, WayBack};
use domain::partners::role::{OperatorRoles, Seat};
use domain::people::name::{MailAddress, Name};
use domain::secret::{Bearer, base64url, keyed_hash};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Any, AnyConnection, Transaction};
use zeroize::Zeroizing;

use super::passkeys::KeptPasskey;
use super::{Registry, Updated, commit, failed, from_json, outbox, to_json};
use crate::ephemeral::Put;
use crate::seal::Vault;
use crate::{StoreError, journal};

pub(in crate::registry) use organisations::open as open_organisation;
pub(super) use organisations::organisation_in;
pub use release::{Released, Releasing};
pub use sessions::KeptSession;
pub use teams::SeatChange;

const PARTNERS: &str = "partners";
const CORRUPT: StoreError = StoreError::Corrupt { what: PARTNERS };

/// A mail that is kept with the act it tells of, under a name that no other has.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Its name in the outbox.
    pub id: String,
    /// The mail.
    pub notice: Notice,
}

/// Somebody who gets an account.
#[derive(Debug, Clone, Copy)]
pub struct Joining<'a> {
    /// Under which identifier.
    pub id: &'a PartnerId,
    /// Their name.
    pub name: &'a Name,
    /// Their address, which was confirmed.
    pub mail: &'a MailAddress,
    /// Their first passkey.
    pub passkey: &'a KeptPasskey<PartnerId>,
    /// The invitation that they take, when it is by one.
    pub invitation: Option<&'a Bearer<PartnerInvitation>>,
}

/// What became of somebody who joins.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// They have it.
    Done,
    /// The invitation was taken, is over, or was sent to another address.
    Gone,
    /// There is an account of that address.
    MailTaken,
    /// The passkey is registered already.
    Known,
}

/// What is sealed of a partner.
#[derive(Serialize, Deserialize)]
struct Sealed {
    name: Name,
    mail: MailAddress,
    state: PartnerState,
    /// The hash of the recovery code, as the gateway writes it.
    #[serde(default)]
    recovery: Option<String>,
    /// Who brought the account in.
    #[serde(default)]
    lineage: Lineage,
    /// The organisations they acted for once.
    #[serde(default)]
    left: BTreeSet<Siret>,
}

impl Registry {
    /// A partner, as they are now: removed or not, with the seats and passkeys they have.
    pub async fn partner(&self, id: &PartnerId) -> Result<Option<Partner>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        read_partner(&mut snapshot, &self.vault, id).await
    }

    /// The partner of an address, who was not removed.
    pub async fn partner_of(&self, mail: &MailAddress) -> Result<Option<Partner>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let Some(id) = found(&mut snapshot, &self.vault, mail).await? else { return Ok(None) };
        read_partner(&mut snapshot, &self.vault, &id).await
    }

    /// All partners, removed ones among them, the oldest first.
    pub async fn partners(&self) -> Result<Vec<Partner>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM partners ORDER BY created, id")
            .fetch_all(&mut *snapshot)
            .await
            .map_err(failed)?;
        let mut partners = Vec::with_capacity(ids.len());
        for id in ids {
            let id = PartnerId::parse(&id).map_err(|_| CORRUPT)?;
            partners.extend(read_partner(&mut snapshot, &self.vault, &id).await?);
        }
        Ok(partners)
    }

    /// Makes an account with its first passkey; takes an invitation, once, when it is by one. Journals it.
    pub async fn join(&self, joining: &Joining<'_>, told: &Posting, now: Timestamp) -> Result<Joined, StoreError> {
        let mut transaction = self.write().await?;
        let (seat, lineage) = match joining.invitation {
            None => (None, Lineage::none()),
            Some(secret) => match teams::take(&mut transaction, &self.vault, secret, joining.mail, now).await? {
                Some(invitation) => {
                    let by = invitation.by.as_ref();
                    let lineage = brought_in(&mut transaction, &self.vault, Lineage::none(), by).await?;
                    (Some(invitation.seat), lineage)
                }
                None => return Ok(Joined::Gone),
            },
        };
        let Joining { id, name, mail, passkey, .. } = *joining;
        let (name, mail, left) = (name.clone(), mail.clone(), BTreeSet::new());
        let sealed = Sealed { name, mail, state: PartnerState::Active, recovery: None, lineage, left };
        if insert(&mut transaction, &self.vault, id, &sealed, now).await? == Put::Taken {
            return Ok(Joined::MailTaken);
        }
        if passkeys::insert(&mut transaction, &self.vault, passkey).await? == Put::Taken {
            return Ok(Joined::Known);
        }
        let mut changes = vec![PartnerChange::Joined, PartnerChange::PasskeyAdded(passkey.id.clone())];
        if let Some(seat) = seat {
            teams::seat(&mut transaction, &self.vault, id, &seat, now).await?;
            changes.push(PartnerChange::Seated(seat));
        }
        post(&mut transaction, &self.vault, told, now).await?;
        let acts: Vec<Act> = changes.into_iter().map(|change| act(id, Some(id), change)).collect();
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Joined::Done)
    }

    /// Removes an account, for good: its seats, passkeys and sessions go with it. Journals it.
    pub async fn remove_partner(&self, id: &PartnerId, now: Timestamp) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let Some(before) = read_partner(&mut transaction, &self.vault, id).await? else { return Ok(Updated::Missing) };
        for seat in before.seats() {
            teams::lock(&mut transaction, &seat.team()).await?;
        }
        let ended = teams::end_invitations(&mut transaction, &self.vault, None, (&before.id, &before.mail, None));
        let mut acts = ended.await?;
        let Some(sealed) = lock(&mut transaction, &self.vault, id).await? else { return Ok(Updated::Missing) };
        if sealed.state == PartnerState::Removed {
            return Ok(Updated::Missing);
        }
        for statement in [
            "DELETE FROM members WHERE partner = $1",
            "DELETE FROM partner_passkeys WHERE partner = $1",
            "DELETE FROM partner_sessions WHERE partner = $1",
            "DELETE FROM partner_recoveries WHERE partner = $1",
        ] {
            sqlx::query(statement).bind(id.as_str()).execute(&mut *transaction).await.map_err(failed)?;
        }
        let gone = Sealed { state: PartnerState::Removed, recovery: None, ..sealed };
        keep(&mut transaction, &self.vault, id, &gone, now).await?;
        acts.push(act(id, None, PartnerChange::Removed));
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// Keeps a mail that tells of no act: one that asks for an answer.
    pub async fn send(&self, posting: &Posting, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        post(&mut transaction, &self.vault, posting, now).await?;
        commit(transaction).await
    }
}

async fn post(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    posting: &Posting,
    now: Timestamp,
) -> Result<(), StoreError> {
    outbox::enqueue(transaction, vault, &posting.id, &posting.notice, now).await
}

/// The partner, locked: whatever else changes their ways in waits.
async fn lock(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    id: &PartnerId,
) -> Result<Option<Sealed>, StoreError> {
    sqlx::query("UPDATE partners SET updated = updated WHERE id = $1")
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    read_sealed(transaction, vault, id).await
}

/// The same, if active.
async fn lock_active(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    id: &PartnerId,
) -> Result<Option<Sealed>, StoreError> {
    Ok(lock(transaction, vault, id).await?.filter(|sealed| sealed.state == PartnerState::Active))
}

async fn insert(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    id: &PartnerId,
    sealed: &Sealed,
    now: Timestamp,
) -> Result<Put, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO partners (id, mail_key, state, sealed, created, updated) VALUES ($1, $2, $3, $4, $5, $5) \
         ON CONFLICT DO NOTHING",
    )
    .bind(id.as_str())
    .bind(mail_key(vault, &sealed.mail))
    .bind(state_name(sealed.state))
    .bind(seal(vault, id, sealed)?)
    .bind(now.epoch())
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(if inserted.rows_affected() == 0 { Put::Taken } else { Put::Fresh })
}

async fn keep(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    id: &PartnerId,
    sealed: &Sealed,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE partners SET state = $2, sealed = $3, updated = $4 WHERE id = $1")
        .bind(id.as_str())
        .bind(state_name(sealed.state))
        .bind(seal(vault, id, sealed)?)
        .bind(now.epoch())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Who brought somebody in, once they took an invitation of `by`.
async fn brought_in(
    connection: &mut AnyConnection,
    vault: &Vault,
    so_far: Lineage,
    by: Option<&PartnerId>,
) -> Result<Lineage, StoreError> {
    let theirs = match by {
        Some(by) => read_sealed(connection, vault, by).await?.map(|sealed| sealed.lineage),
        None => None,
    };
    Ok(so_far.with(by, &theirs.unwrap_or_default()))
}

async fn found(
    connection: &mut AnyConnection,
    vault: &Vault,
    mail: &MailAddress,
) -> Result<Option<PartnerId>, StoreError> {
    let id: Option<String> = sqlx::query_scalar("SELECT id FROM partners WHERE mail_key = $1 AND state <> 'removed'")
        .bind(mail_key(vault, mail))
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    id.map(|id| PartnerId::parse(&id).map_err(|_| CORRUPT)).transpose()
}

async fn read_sealed(
    connection: &mut AnyConnection,
    vault: &Vault,
    id: &PartnerId,
) -> Result<Option<Sealed>, StoreError> {
    let sealed: Option<String> = sqlx::query_scalar("SELECT sealed FROM partners WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    let Some(sealed) = sealed else { return Ok(None) };
    let plain = vault.open(PARTNERS, id.as_str(), &sealed)?;
    from_json(std::str::from_utf8(&plain).map_err(|_| CORRUPT)?, PARTNERS).map(Some)
}

async fn read_partner(
    connection: &mut AnyConnection,
    vault: &Vault,
    id: &PartnerId,
) -> Result<Option<Partner>, StoreError> {
    let Some(sealed) = read_sealed(connection, vault, id).await? else { return Ok(None) };
    let (mut memberships, mut operator) = (BTreeMap::new(), OperatorRoles::new());
    for seat in teams::seats(connection, vault, id).await? {
        match seat {
            Seat::Organisation(siret, role) => {
                memberships.insert(siret, role);
            }
            Seat::Operator(roles) => operator = roles,
        }
    }
    let passkeys = passkeys::held(connection, id).await?;
    let Sealed { name, mail, state, recovery, lineage, left } = sealed;
    let way_back = if recovery.is_some() { WayBack::RecoveryCode } else { WayBack::None };
    let id = id.clone();
    Ok(Some(Partner { id, name, mail, state, memberships, left, operator, passkeys, way_back, lineage }))
}

fn seal(vault: &Vault, id: &PartnerId, sealed: &Sealed) -> Result<String, StoreError> {
    let plain = Zeroizing::new(to_json(sealed, PARTNERS)?);
    vault.seal(PARTNERS, id.as_str(), plain.as_bytes())
}

fn mail_key(vault: &Vault, mail: &MailAddress) -> String {
    base64url(&keyed_hash(&vault.derive("partner-mail"), &[mail.folded().as_bytes()]))
}

fn act(partner: &PartnerId, by: Option<&PartnerId>, change: PartnerChange) -> Act {
    Act::PartnerChanged { partner: partner.clone(), by: by.cloned(), change }
}

const fn state_name(state: PartnerState) -> &'static str {
    match state {
        PartnerState::Active => "active",
        PartnerState::Removed => "removed",
    }
}
