//! What is done in the partners' space, by whom and to whom: identifiers alone.

use serde::Serialize;
use serde_json::{Value, json};

use crate::id::{AdminTokenId, PartnerId, PasskeyId, RecoveryId};
use crate::organisation::siret::Siret;
use crate::partners::organisation::{Belonging, OrganisationKind};
use crate::partners::role::{Seat, TeamName};
use crate::partners::token::AdminToken;

/// What was done to a partner, or by one to their account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartnerChange {
    /// They came: their address is confirmed, and a first passkey registered.
    Joined,
    /// They were given a seat: by an invitation that was taken, or as the first person of an organisation.
    Seated(Seat),
    /// They have other roles in a team.
    Changed(Seat),
    /// They left a team, or were taken out of it.
    Left(TeamName),
    /// A passkey was added.
    PasskeyAdded(PasskeyId),
    /// A passkey was withdrawn.
    PasskeyWithdrawn(PasskeyId),
    /// A recovery code was made, and those of before are worth nothing.
    RecoveryCodeMade,
    /// They asked for a way in again, with their recovery code.
    RecoveryAsked(RecoveryId),
    /// A second person agreed to it.
    RecoveryApproved(RecoveryId),
    /// A second person did not.
    RecoveryRefused(RecoveryId),
    /// They have a new passkey by it, and none of before.
    Recovered(RecoveryId),
    /// All their sessions were ended.
    SignedOutEverywhere,
    /// The account was removed.
    Removed,
}

/// What was done to a token of the admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminTokenChange {
    /// It was made, by whoever runs the gateway.
    Made(Box<AdminToken>),
    /// It was revoked, by the same.
    Revoked,
}

impl AdminTokenChange {
    pub(super) fn details(&self, token: &AdminTokenId) -> Value {
        match self {
            Self::Made(made) => json!({
                "token": token, "change": "made", "scopes": made.scopes, "reach": made.reach, "issuer": made.issuer,
                "until": made.until,
            }),
            Self::Revoked => json!({"token": token, "change": "revoked"}),
        }
    }
}

/// What was done to an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganisationChange {
    /// It was brought in.
    Created {
        /// As what.
        kind: OrganisationKind,
        /// What proves that whoever did belongs to it.
        belonging: Belonging,
    },
    /// An operator accepted that its people belong to it.
    Accepted,
    /// It gave its place back: nothing proved it.
    Released,
}

/// What was done to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationChange {
    /// It was sent.
    Sent,
    /// It was taken back.
    Withdrawn,
    /// It ended: whoever sent it looks after the team no more, or whoever it was sent to left.
    Ended,
}

impl PartnerChange {
    const fn name(&self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Seated(_) => "seated",
            Self::Changed(_) => "changed",
            Self::Left(_) => "left",
            Self::PasskeyAdded(_) => "passkey_added",
            Self::PasskeyWithdrawn(_) => "passkey_withdrawn",
            Self::RecoveryCodeMade => "recovery_code_made",
            Self::RecoveryAsked(_) => "recovery_asked",
            Self::RecoveryApproved(_) => "recovery_approved",
            Self::RecoveryRefused(_) => "recovery_refused",
            Self::Recovered(_) => "recovered",
            Self::SignedOutEverywhere => "signed_out_everywhere",
            Self::Removed => "removed",
        }
    }

    pub(super) fn details(&self, partner: &PartnerId, by: Option<&PartnerId>) -> Value {
        let mut value = json!({"partner": partner, "by": by, "change": self.name()});
        let more = match self {
            Self::Seated(seat) | Self::Changed(seat) => {
                vec![("team", json!(seat.team().text())), ("roles", json!(seat.names()))]
            }
            Self::Left(team) => vec![("team", json!(team.text()))],
            Self::PasskeyAdded(passkey) | Self::PasskeyWithdrawn(passkey) => vec![("passkey", json!(passkey))],
            Self::RecoveryAsked(recovery)
            | Self::RecoveryApproved(recovery)
            | Self::RecoveryRefused(recovery)
            | Self::Recovered(recovery) => vec![("recovery", json!(recovery))],
            Self::Joined | Self::RecoveryCodeMade | Self::SignedOutEverywhere | Self::Removed => Vec::new(),
        };
        for (key, told) in more {
            value[key] = told;
        }
        value
    }
}

impl OrganisationChange {
    pub(super) fn details(&self, siret: Siret, by: Option<&PartnerId>) -> Value {
        match self {
            Self::Created { kind, belonging } => {
                let (kind, change) = (kind.name(), "created");
                json!({"siret": siret, "by": by, "change": change, "kind": kind, "belonging": belonging})
            }
            Self::Accepted => json!({"siret": siret, "by": by, "change": "accepted"}),
            Self::Released => json!({"siret": siret, "by": by, "change": "released"}),
        }
    }
}

pub(super) fn invitation(place: &str, seat: &Seat, by: Option<&PartnerId>, change: InvitationChange) -> Value {
    let (team, roles) = (seat.team(), seat.names());
    json!({"invitation": place, "team": team.text(), "roles": roles, "by": by, "change": change})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Act;

    #[test]
    fn a_seat_is_told_by_team_and_roles_and_an_invitation_by_its_place() {
        let partner = PartnerId::from_random([1; 16]);
        let seat = Seat::Operator([crate::partners::role::OperatorRole::Admin].into());
        let act =
            Act::PartnerChanged { partner: partner.clone(), by: None, change: PartnerChange::Seated(seat.clone()) };
        let told: Value = serde_json::from_str(&act.details()).expect("JSON");
        assert_eq!(told["team"], "operators");
        assert_eq!((told["roles"].clone(), told["change"].clone()), (json!(["admin"]), json!("seated")));
        let change = InvitationChange::Sent;
        let act = Act::PartnerInvited { invitation: "PLACE".to_owned(), seat, by: Some(partner), change };
        assert!(act.details().contains(r#""invitation":"PLACE""#) && act.details().contains(r#""change":"sent""#));
    }
}
