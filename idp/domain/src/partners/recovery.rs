//! The way back for a partner who lost every passkey: a recovery code, shown once, and a second person who agrees.
//!
//! ```text
//!  code made (shown once) ──▶ address and code shown ──▶ asked ──second person──▶ approved ──link by mail──▶ new passkey
//!                                                          │ 7 days                │ 1 day
//!                                                          └──▶ refused            └──▶ the code and every passkey of before
//!                                                                                       are worth nothing any more
//! ```
//!
//! Neither the code nor the second person nor the mailbox is enough alone.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::lineage::Lineage;
use super::organisation::Verified;
use super::partner::Partner;
use super::permission::{ApproveRecovery, ChangeOperators, Held};
use super::role::{Seat, TeamName};
use super::session::Fresh;
use super::team::{Member, Team};
use crate::id::{PartnerId, RecoveryId};
use crate::time::{Lifetime, Timestamp};

/// Crockford's alphabet: without I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Ten groups of four: 200 bits.
const LENGTH: usize = 40;
const GROUP: usize = 4;

/// A recovery code, as somebody reads and types it. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<String>);

/// Not a recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a recovery code has ten groups of four letters and digits")]
pub struct BadCode;

impl RecoveryCode {
    /// Makes a code from random bytes, five bits of each.
    pub fn from_random(bytes: [u8; LENGTH]) -> Self {
        Self(Zeroizing::new(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()))
    }

    /// Reads what was typed: case, spaces and hyphens do not count, and letters that look like digits are those.
    pub fn parse(text: &str) -> Result<Self, BadCode> {
        let mut read = Zeroizing::new(String::with_capacity(LENGTH));
        for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}')) {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            if read.len() == LENGTH || !u8::try_from(c).is_ok_and(|byte| ALPHABET.contains(&byte)) {
                return Err(BadCode);
            }
            read.push(c);
        }
        if read.len() == LENGTH { Ok(Self(read)) } else { Err(BadCode) }
    }

    /// What is hashed: the forty characters alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is shown, once: ten groups.
    pub fn grouped(&self) -> Zeroizing<String> {
        let mut shown = Zeroizing::new(String::with_capacity(LENGTH + LENGTH / GROUP));
        for (at, c) in self.0.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                shown.push(' ');
            }
            shown.push(c);
        }
        shown
    }
}

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// How far a recovery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryState {
    /// The code was shown; a second person is waited for.
    Asked,
    /// A second person agreed; the link is in the mail.
    Approved,
    /// A second person did not agree.
    Refused,
    /// There is a new passkey.
    Done,
}

/// A recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Its name.
    pub id: RecoveryId,
    /// Whose account it is about.
    pub partner: PartnerId,
    /// How far it has come.
    pub state: RecoveryState,
    /// When the code was shown.
    pub asked: Timestamp,
    /// Until when the step that comes next can be taken.
    pub until: Timestamp,
}

impl Recovery {
    /// How long a second person is waited for.
    pub const WAITING: Lifetime = Lifetime::seconds(7 * 86_400);
    /// How long the link opens.
    pub const LINK: Lifetime = Lifetime::seconds(86_400);

    /// A recovery that is asked for at `now`.
    pub const fn ask(id: RecoveryId, partner: PartnerId, now: Timestamp) -> Self {
        Self { id, partner, state: RecoveryState::Asked, asked: now, until: now.plus(Self::WAITING) }
    }

    /// Whether a second person can decide on it at `now`.
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        self.state == RecoveryState::Asked && !self.until.is_past(now)
    }
}

/// Who decides on a recovery, with a fresh passkey of their own.
#[derive(Debug, Clone, Copy)]
pub enum Second<'a> {
    /// Somebody who may for an organisation.
    Organisation(&'a Held<ApproveRecovery>, &'a Fresh),
    /// An admin of the operator.
    Operator(&'a Held<ChangeOperators>, &'a Fresh),
}

impl Second<'_> {
    /// Who.
    pub const fn partner(&self) -> &PartnerId {
        match self {
            Self::Organisation(held, _) => held.partner(),
            Self::Operator(held, _) => held.partner(),
        }
    }

    /// Who brought them in.
    const fn lineage(&self) -> &Lineage {
        match self {
            Self::Organisation(held, _) => held.lineage(),
            Self::Operator(held, _) => held.lineage(),
        }
    }

    const fn fresh(&self) -> &Fresh {
        match self {
            Self::Organisation(_, fresh) | Self::Operator(_, fresh) => fresh,
        }
    }
}

/// Proof that a second person decided on a recovery. The store keeps an approval with one alone.
#[derive(Debug)]
pub struct Decided {
    recovery: RecoveryId,
    by: PartnerId,
}

impl Decided {
    /// On which.
    pub const fn recovery(&self) -> &RecoveryId {
        &self.recovery
    }

    /// Who.
    pub const fn by(&self) -> &PartnerId {
        &self.by
    }
}

/// Why somebody is not the second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSecond {
    /// It is decided on, over, or of another account.
    #[error("there is no such recovery that waits")]
    Unknown,
    /// Nobody is their own second person.
    #[error("nobody is their own second person")]
    Oneself,
    /// Another is to decide: an admin of the team, or, where there is no other, of the operator.
    #[error("another person is to decide")]
    NotTheirs,
    /// Whom they brought in themselves, directly or through a chain, may be an account of their own.
    #[error("an account that somebody brought in is not their second person")]
    BroughtIn,
}

/// The team of an organisation whose people are known to belong to it: its admins may be a second person. Whoever brought in
/// an organisation that nothing proves could be anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouching(Team);

impl Vouching {
    /// The team of a verified organisation; `None` for a team of another.
    pub fn of(team: Team, verified: &Verified) -> Option<Self> {
        (team.name == TeamName::Organisation(verified.siret())).then_some(Self(team))
    }
}

/// Whether a member looks after their team, and is another person than the one who lost every passkey, as far as invitations
/// tell.
pub fn may_be_second(partner: &Partner, member: &Member) -> bool {
    member.seat.administers() && member.partner != partner.id && !member.lineage.holds(&partner.id)
}

/// The teams whose admins may be the second person of somebody: those of the operator for whoever acts for the operator,
/// else the verified organisations they act for, as far as there is an admin who may be one; where there is none, the operator.
pub fn deciding(partner: &Partner, teams: &[Vouching]) -> Vec<TeamName> {
    let able = |team: &&Team| team.members.iter().any(|member| may_be_second(partner, member));
    let own: Vec<TeamName> = partner.seats().map(|seat: Seat| seat.team()).collect();
    if own.contains(&TeamName::Operators) {
        return vec![TeamName::Operators];
    }
    let able = teams.iter().map(|Vouching(team)| team).filter(|team| own.contains(&team.name)).filter(able);
    let able: Vec<TeamName> = able.map(|team| team.name.clone()).collect();
    if able.is_empty() { vec![TeamName::Operators] } else { able }
}

impl Recovery {
    /// The decision of a second person on the recovery of `partner`, whose teams are these.
    pub fn decide(
        &self,
        partner: &Partner,
        teams: &[Vouching],
        second: Second<'_>,
        now: Timestamp,
    ) -> Result<Decided, NotSecond> {
        if !self.is_waiting(now) || self.partner != partner.id {
            return Err(NotSecond::Unknown);
        }
        if *second.partner() == partner.id {
            return Err(NotSecond::Oneself);
        }
        if second.lineage().holds(&partner.id) {
            return Err(NotSecond::BroughtIn);
        }
        let by = match second {
            Second::Organisation(held, _) => held.organisation().map(TeamName::Organisation),
            Second::Operator(..) => Some(TeamName::Operators),
        };
        let theirs = by.is_some_and(|by| deciding(partner, teams).contains(&by));
        if !theirs || second.fresh().partner() != second.partner() {
            return Err(NotSecond::NotTheirs);
        }
        Ok(Decided { recovery: self.id.clone(), by: second.partner().clone() })
    }
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
