//! The people of an organisation or of the operator, and the invitations that bring new ones.

use domain::id::PartnerId;
use domain::journal::{Act, InvitationChange, PartnerChange};
use domain::partners::invitation::PartnerInvitation;
use domain::partners::partner::PartnerState;
use domain::partners::role::{Seat, TeamName};
use domain::partners::team::{Member, Team};
use domain::people::name::MailAddress;
use domain::secret::{Bearer, base64url};
use domain::time::Timestamp;
use sqlx::{Any, AnyConnection, Transaction};
use zeroize::Zeroizing;

use super::{Joined, Posting, act, brought_in, keep, lock as lock_any, lock_active, post, read_sealed};
use crate::ephemeral::Put;
use crate::registry::people::TeamVersion;
use crate::registry::{Registry, commit, failed, from_json, to_json};
use crate::seal::Vault;
use crate::{StoreError, journal};

const MEMBERS: &str = "members";
const INVITATIONS: &str = "partner_invitations";

/// What becomes of somebody in a team.
#[derive(Debug, Clone, Copy)]
pub struct SeatChange<'a> {
    /// The team.
    pub team: &'a TeamName,
    /// Who.
    pub partner: &'a PartnerId,
    /// The seat they have from now on; none when they leave.
    pub seat: Option<&'a Seat>,
    /// Who did it; the command line, for `None`.
    pub by: Option<&'a PartnerId>,
}

impl Registry {
    /// A team with all who are in it and all who were invited, as they are at one moment; `None` when there is no such team.
    pub async fn partner_team(&self, name: &TeamName) -> Result<Option<(Team, TeamVersion)>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let version: Option<i64> = sqlx::query_scalar("SELECT version FROM teams WHERE name = $1")
            .bind(name.text())
            .fetch_optional(&mut *snapshot)
            .await
            .map_err(failed)?;
        let Some(version) = version else { return Ok(None) };
        let members = members(&mut snapshot, &self.vault, name).await?;
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT place, sealed FROM partner_invitations WHERE team = $1 ORDER BY ends, place")
                .bind(name.text())
                .fetch_all(&mut *snapshot)
                .await
                .map_err(failed)?;
        let invited =
            rows.iter().map(|(place, sealed)| open_invitation(&self.vault, place, sealed)).collect::<Result<_, _>>()?;
        Ok(Some((Team { name: name.clone(), members, invited }, TeamVersion(version))))
    }

    /// Keeps what becomes of somebody, decided on the team of that version; [`Put::Taken`] when the team changed since: read
    /// it and decide again. Journals it.
    pub async fn change_seat(
        &self,
        change: &SeatChange<'_>,
        seen: TeamVersion,
        told: &Posting,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let SeatChange { team, partner, seat: after, by } = *change;
        let mut transaction = self.write().await?;
        if swap(&mut transaction, team, seen).await? == Put::Taken {
            return Ok(Put::Taken);
        }
        let before = lock_any(&mut transaction, &self.vault, partner).await?;
        let done = if let Some(after) = after {
            seat(&mut transaction, &self.vault, partner, after, now).await?;
            PartnerChange::Changed(after.clone())
        } else {
            sqlx::query("DELETE FROM members WHERE team = $1 AND partner = $2")
                .bind(team.text())
                .bind(partner.as_str())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
            PartnerChange::Left(team.clone())
        };
        let mut acts = vec![act(partner, by, done)];
        if let Some(mut sealed) = before {
            let whose = (partner, &sealed.mail, after);
            acts.extend(end_invitations(&mut transaction, &self.vault, Some(team), whose).await?);
            if let (None, TeamName::Organisation(siret)) = (after, team) {
                sealed.left.insert(*siret);
                keep(&mut transaction, &self.vault, partner, &sealed, now).await?;
            }
        }
        post(&mut transaction, &self.vault, told, now).await?;
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Keeps an invitation, decided on the team of that version, with the mail that brings it. Journals it.
    pub async fn invite_partner(
        &self,
        (invitation, secret): (&PartnerInvitation, &Bearer<PartnerInvitation>),
        seen: TeamVersion,
        told: &Posting,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let team = invitation.seat.team();
        let mut transaction = self.write().await?;
        if swap(&mut transaction, &team, seen).await? == Put::Taken {
            return Ok(Put::Taken);
        }
        let place = place(secret);
        let plain = Zeroizing::new(to_json(invitation, INVITATIONS)?);
        sqlx::query("INSERT INTO partner_invitations (place, team, sealed, ends) VALUES ($1, $2, $3, $4)")
            .bind(&place)
            .bind(team.text())
            .bind(self.vault.seal(INVITATIONS, &place, plain.as_bytes())?)
            .bind(invitation.until.epoch())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        post(&mut transaction, &self.vault, told, now).await?;
        let act = invited(place, invitation, invitation.by.as_ref(), InvitationChange::Sent);
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Takes back what was sent to an address, decided on the team of that version. Journals it.
    pub async fn withdraw_partner_invitation(
        &self,
        invitation: &PartnerInvitation,
        by: Option<&PartnerId>,
        seen: TeamVersion,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let team = invitation.seat.team();
        let mut transaction = self.write().await?;
        if swap(&mut transaction, &team, seen).await? == Put::Taken {
            return Ok(Put::Taken);
        }
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT place, sealed FROM partner_invitations WHERE team = $1")
                .bind(team.text())
                .fetch_all(&mut *transaction)
                .await
                .map_err(failed)?;
        let mut acts = Vec::new();
        for (place, sealed) in rows {
            let kept = open_invitation(&self.vault, &place, &sealed)?;
            if kept.mail.folded() == invitation.mail.folded() {
                drop_invitation(&mut transaction, &place).await?;
                acts.push(invited(place, &kept, by, InvitationChange::Withdrawn));
            }
        }
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// What this secret opens at `now`.
    pub async fn partner_invitation(
        &self,
        secret: &Bearer<PartnerInvitation>,
        now: Timestamp,
    ) -> Result<Option<PartnerInvitation>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        opened(&mut snapshot, &self.vault, secret, now).await
    }

    /// Gives somebody who has an account the seat of an invitation that was sent to its address, once. Journals it.
    pub async fn take_invitation(
        &self,
        secret: &Bearer<PartnerInvitation>,
        partner: &PartnerId,
        now: Timestamp,
    ) -> Result<Joined, StoreError> {
        let mut transaction = self.write().await?;
        let Some(sealed) = read_sealed(&mut transaction, &self.vault, partner).await? else { return Ok(Joined::Gone) };
        let taken = take(&mut transaction, &self.vault, secret, &sealed.mail, now).await?;
        let Some(invitation) = taken else { return Ok(Joined::Gone) };
        let Some(mut sealed) = lock_active(&mut transaction, &self.vault, partner).await? else {
            return Ok(Joined::Gone);
        };
        let by = invitation.by.as_ref();
        sealed.lineage = brought_in(&mut transaction, &self.vault, sealed.lineage, by).await?;
        keep(&mut transaction, &self.vault, partner, &sealed, now).await?;
        seat(&mut transaction, &self.vault, partner, &invitation.seat, now).await?;
        let act = act(partner, Some(partner), PartnerChange::Seated(invitation.seat));
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Joined::Done)
    }

    /// Forgets invitations that nobody took in time. For an hourly round.
    pub async fn forget_partner_invitations(&self, now: Timestamp) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM partner_invitations WHERE ends <= $1")
            .bind(now.epoch())
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(gone.rows_affected())
    }
}

/// Makes a team, empty.
pub(super) async fn create(transaction: &mut Transaction<'static, Any>, team: &TeamName) -> Result<Put, StoreError> {
    let inserted = sqlx::query("INSERT INTO teams (name, version) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING")
        .bind(team.text())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(if inserted.rows_affected() == 0 { Put::Taken } else { Put::Fresh })
}

/// Waits for, and holds off, whatever else changes the people of a team.
pub(super) async fn lock(transaction: &mut Transaction<'static, Any>, team: &TeamName) -> Result<(), StoreError> {
    sqlx::query("UPDATE teams SET version = version + 1 WHERE name = $1")
        .bind(team.text())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The same, if the team is as it was seen.
async fn swap(
    transaction: &mut Transaction<'static, Any>,
    team: &TeamName,
    seen: TeamVersion,
) -> Result<Put, StoreError> {
    let locked = sqlx::query("UPDATE teams SET version = version + 1 WHERE name = $1 AND version = $2")
        .bind(team.text())
        .bind(seen.0)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(if locked.rows_affected() == 0 { Put::Taken } else { Put::Fresh })
}

/// Takes an invitation that was sent to this address: of many takers one has it. Its team is locked by that.
pub(super) async fn take(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    secret: &Bearer<PartnerInvitation>,
    mail: &MailAddress,
    now: Timestamp,
) -> Result<Option<PartnerInvitation>, StoreError> {
    let Some(found) = opened(transaction, vault, secret, now).await? else { return Ok(None) };
    lock(transaction, &found.seat.team()).await?;
    if found.mail.folded() != mail.folded() || drop_invitation(transaction, &place(secret)).await? == 0 {
        return Ok(None);
    }
    Ok(Some(found))
}

/// Gives somebody a seat, or another in its place.
pub(super) async fn seat(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    partner: &PartnerId,
    seat: &Seat,
    now: Timestamp,
) -> Result<(), StoreError> {
    let team = seat.team();
    let plain = Zeroizing::new(to_json(seat, MEMBERS)?);
    sqlx::query(
        "INSERT INTO members (team, partner, sealed, since) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (team, partner) DO UPDATE SET sealed = excluded.sealed",
    )
    .bind(team.text())
    .bind(partner.as_str())
    .bind(vault.seal(MEMBERS, &row_of(&team, partner), plain.as_bytes())?)
    .bind(now.epoch())
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The seats of a partner.
pub(super) async fn seats(
    connection: &mut AnyConnection,
    vault: &Vault,
    partner: &PartnerId,
) -> Result<Vec<Seat>, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT team, sealed FROM members WHERE partner = $1 ORDER BY team")
            .bind(partner.as_str())
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    rows.iter().map(|(team, sealed)| open_seat(vault, team, partner, sealed)).collect()
}

async fn members(connection: &mut AnyConnection, vault: &Vault, team: &TeamName) -> Result<Vec<Member>, StoreError> {
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as("SELECT partner, sealed, since FROM members WHERE team = $1 ORDER BY since, partner")
            .bind(team.text())
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    let mut members = Vec::with_capacity(rows.len());
    for (partner, sealed, since) in rows {
        let corrupt = || StoreError::Corrupt { what: MEMBERS };
        let partner = PartnerId::parse(&partner).map_err(|_| corrupt())?;
        let seat = open_seat(vault, &team.text(), &partner, &sealed)?;
        let about = read_sealed(connection, vault, &partner).await?.ok_or_else(corrupt)?;
        if about.state == PartnerState::Active {
            let (since, lineage) = (Timestamp::from_epoch(since), about.lineage);
            members.push(Member { partner, name: about.name, mail: about.mail, seat, since, lineage });
        }
    }
    Ok(members)
}

/// A row that was moved to another team or partner opens nothing.
fn open_seat(vault: &Vault, team: &str, partner: &PartnerId, sealed: &str) -> Result<Seat, StoreError> {
    let corrupt = || StoreError::Corrupt { what: MEMBERS };
    let team = TeamName::named(team).ok_or_else(corrupt)?;
    let plain = vault.open(MEMBERS, &row_of(&team, partner), sealed)?;
    let seat: Seat = from_json(std::str::from_utf8(&plain).map_err(|_| corrupt())?, MEMBERS)?;
    if seat.team() == team { Ok(seat) } else { Err(corrupt()) }
}

fn row_of(team: &TeamName, partner: &PartnerId) -> String {
    format!("{} {partner}", team.text())
}

fn open_invitation(vault: &Vault, place: &str, sealed: &str) -> Result<PartnerInvitation, StoreError> {
    let plain = vault.open(INVITATIONS, place, sealed)?;
    let text = std::str::from_utf8(&plain).map_err(|_| StoreError::Corrupt { what: INVITATIONS })?;
    from_json(text, INVITATIONS)
}

async fn opened(
    connection: &mut AnyConnection,
    vault: &Vault,
    secret: &Bearer<PartnerInvitation>,
    now: Timestamp,
) -> Result<Option<PartnerInvitation>, StoreError> {
    let place = place(secret);
    let sealed: Option<String> = sqlx::query_scalar("SELECT sealed FROM partner_invitations WHERE place = $1")
        .bind(&place)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
    let invitation = sealed.map(|sealed| open_invitation(vault, &place, &sealed)).transpose()?;
    let Some(invitation) = invitation.filter(|invitation| invitation.opens(now)) else { return Ok(None) };
    let sender = match &invitation.by {
        Some(by) => seats(connection, vault, by).await?.into_iter().find(|seat| seat.team() == invitation.seat.team()),
        None => None,
    };
    Ok(Some(invitation).filter(|invitation| invitation.stands_by(sender.as_ref())))
}

/// The invitations of a team, or of all, each with its place.
pub(super) async fn invitations(
    connection: &mut AnyConnection,
    vault: &Vault,
    team: Option<&TeamName>,
) -> Result<Vec<(String, PartnerInvitation)>, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT place, sealed FROM partner_invitations WHERE $1 = '' OR team = $1 ORDER BY place")
            .bind(team.map(TeamName::text).unwrap_or_default())
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    rows.into_iter()
        .map(|(place, sealed)| open_invitation(vault, &place, &sealed).map(|invitation| (place, invitation)))
        .collect()
}

/// Ends the invitations, of a team or of all, that do not outlive what somebody, written to at this address, has from now on.
pub(super) async fn end_invitations(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    team: Option<&TeamName>,
    (partner, mail, seat): (&PartnerId, &MailAddress, Option<&Seat>),
) -> Result<Vec<Act>, StoreError> {
    let mut acts = Vec::new();
    for (place, kept) in invitations(transaction, vault, team).await? {
        if kept.ends_with((partner, mail), seat) {
            drop_invitation(transaction, &place).await?;
            acts.push(invited(place, &kept, None, InvitationChange::Ended));
        }
    }
    Ok(acts)
}

async fn drop_invitation(transaction: &mut Transaction<'static, Any>, place: &str) -> Result<u64, StoreError> {
    let gone = sqlx::query("DELETE FROM partner_invitations WHERE place = $1")
        .bind(place)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(gone.rows_affected())
}

fn place(secret: &Bearer<PartnerInvitation>) -> String {
    base64url(&secret.expand(&[b"partner invitation"]))
}

pub(super) fn invited(place: String, of: &PartnerInvitation, by: Option<&PartnerId>, change: InvitationChange) -> Act {
    Act::PartnerInvited { invitation: place, seat: of.seat.clone(), by: by.cloned(), change }
}
