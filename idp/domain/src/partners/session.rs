//! A partner's session: short when nobody is there, and over with the day. What is dangerous asks for a passkey that signed
//! within five minutes.

use serde::{Deserialize, Serialize};

use super::partner::{Partner, Safeguard};
use crate::id::{PartnerId, PartnerSessionId, PasskeyId};
use crate::people::session::Hours;
use crate::time::{Lifetime, Timestamp};

/// How long a signature of a passkey counts for dangerous acts.
pub const FRESH: Lifetime = Lifetime::seconds(5 * 60);

/// A session, borne by a cookie. What its partner may do is read from the registry at each request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerSession {
    /// Its name in the list of sessions.
    pub id: PartnerSessionId,
    /// Who signed in.
    pub partner: PartnerId,
    /// With which passkey: a session ends with it.
    pub passkey: PasskeyId,
    #[serde(flatten)]
    hours: Hours,
    asserted: Timestamp,
}

/// Proof that a passkey of the partner signed within [`FRESH`]. What changes the ways into an account asks for it; it is made
/// by [`PartnerSession::recent`] alone, at each request.
///
/// ```compile_fail
/// # fn forged(partner: domain::id::PartnerId) {
/// let recent = domain::partners::session::Recent { partner };
/// # }
/// ```
#[derive(Debug)]
pub struct Recent {
    partner: PartnerId,
}

/// The same, and that they would not be locked out by losing it. What is dangerous asks for it by reference; it is made by
/// [`PartnerSession::fresh`] alone, at each request.
///
/// ```
/// use domain::partners::{partner::Partner, session::{Fresh, NotFresh, PartnerSession}};
/// # fn asked(session: &PartnerSession, partner: &Partner, now: domain::time::Timestamp) -> Result<Fresh, NotFresh> {
/// session.fresh(partner, now)
/// # }
/// ```
///
/// ```compile_fail
/// use domain::partners::{partner::Partner, session::{Fresh, NotFresh, PartnerSession, Recent}};
/// # fn asked(session: &PartnerSession, recent: Recent, now: domain::time::Timestamp) -> Result<Fresh, NotFresh> {
/// Ok(Fresh { recent })
/// # }
/// ```
#[derive(Debug)]
pub struct Fresh {
    recent: Recent,
}

impl Recent {
    /// Whose passkey signed.
    pub const fn partner(&self) -> &PartnerId {
        &self.partner
    }
}

impl Fresh {
    /// Whose passkey signed.
    pub const fn partner(&self) -> &PartnerId {
        self.recent.partner()
    }
}

/// Why a session does not do for what is dangerous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotFresh {
    /// The passkey signed too long ago.
    #[error("the passkey signed too long ago")]
    Stale,
    /// There is neither a second passkey nor a recovery code.
    #[error("the account has neither a second passkey nor a recovery code")]
    Unsafeguarded,
}

impl PartnerSession {
    /// The session of a partner who signed in at `now`.
    pub const fn begin(id: PartnerSessionId, partner: PartnerId, passkey: PasskeyId, now: Timestamp) -> Self {
        Self { id, partner, passkey, hours: Hours::begin(now), asserted: now }
    }

    /// What is left of it at `now`; `None` when it is over.
    pub fn left(&self, now: Timestamp) -> Option<Lifetime> {
        self.hours.left(now)
    }

    /// When it ends at the latest.
    pub const fn ends(&self) -> Timestamp {
        self.hours.ends()
    }

    /// The session after an act at `now`, when that has to be kept.
    pub fn again(&self, now: Timestamp) -> Option<Self> {
        self.hours.again(now).map(|hours| Self { hours, ..self.clone() })
    }

    /// The session after its passkey, or another of the same partner, signed once more. It lasts no longer by that.
    #[must_use]
    pub fn asserted(&self, passkey: PasskeyId, now: Timestamp) -> Self {
        Self { passkey, asserted: now, ..self.clone() }
    }

    /// The proof that what changes the ways in asks for.
    pub fn recent(&self, partner: &Partner, now: Timestamp) -> Result<Recent, NotFresh> {
        let own = self.partner == partner.id;
        if own && !self.asserted.plus(FRESH).is_past(now) {
            Ok(Recent { partner: partner.id.clone() })
        } else {
            Err(NotFresh::Stale)
        }
    }

    /// The proof that what is dangerous asks for.
    pub fn fresh(&self, partner: &Partner, now: Timestamp) -> Result<Fresh, NotFresh> {
        match partner.safeguard() {
            Safeguard::Held => Ok(Fresh { recent: self.recent(partner, now)? }),
            Safeguard::Missing => Err(NotFresh::Unsafeguarded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::partner::WayBack;
    use super::super::partner::tests::partner;
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch(seconds)
    }

    fn session() -> PartnerSession {
        let partner = partner(1);
        PartnerSession::begin(PartnerSessionId::from_random([2; 16]), partner.id, PasskeyId::of(b"x"), at(1000))
    }

    #[test]
    fn a_passkey_that_signed_more_than_five_minutes_ago_does_not_do() {
        let safe = Partner { way_back: WayBack::RecoveryCode, ..partner(1) };
        assert!(session().fresh(&safe, at(1299)).is_ok());
        assert_eq!(session().fresh(&safe, at(1300)).map(|_| ()), Err(NotFresh::Stale));
        let again = session().asserted(PasskeyId::of(b"y"), at(1300));
        assert_eq!(again.fresh(&safe, at(1599)).expect("fresh").partner(), &safe.id);
        let other = Partner { way_back: WayBack::RecoveryCode, ..partner(2) };
        assert_eq!(session().fresh(&other, at(1000)).map(|_| ()), Err(NotFresh::Stale));
    }

    #[test]
    fn who_could_be_locked_out_does_nothing_dangerous() {
        assert_eq!(session().fresh(&partner(1), at(1000)).map(|_| ()), Err(NotFresh::Unsafeguarded));
        assert_eq!(session().recent(&partner(1), at(1299)).expect("to add a passkey").partner(), &partner(1).id);
        assert_eq!(session().recent(&partner(1), at(1300)).map(|_| ()), Err(NotFresh::Stale));
    }

    #[test]
    fn a_session_ends_after_a_quarter_of_an_hour_of_nothing_and_after_eight_hours_of_anything() {
        assert!(session().left(at(1000 + 899)).is_some());
        assert_eq!(session().left(at(1000 + 900)), None);
        let mut busy = session();
        let mut now = 1000;
        while busy.left(at(now)).is_some() {
            now += 600;
            busy = busy.again(at(now)).expect("ten minutes are kept").asserted(PasskeyId::of(b"x"), at(now));
        }
        assert_eq!(now, 1000 + 8 * 3600);
        assert_eq!(session().ends(), at(1000 + 8 * 3600));
        let kept = serde_json::to_string(&session()).expect("plain");
        assert_eq!(serde_json::from_str::<PartnerSession>(&kept).expect("its own text"), session());
    }
}
