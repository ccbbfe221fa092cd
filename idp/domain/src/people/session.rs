//! An agent's session at the desk: short when nobody is there, and over with the day.
//!
//! It names who signed in and with which passkey, and nothing that could change: what the agent may do is read from the
//! registry at each request, so that a removal counts at once.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, PasskeyId};
use crate::time::{Lifetime, Timestamp};

/// How long it stays open while nothing is done.
const IDLE: Lifetime = Lifetime::seconds(15 * 60);
/// How long it lasts at most.
const LONGEST: Lifetime = Lifetime::seconds(8 * 3600);
/// What is done within this time of the last act needs no writing down.
const NOTED_EVERY: i64 = 20;

/// How long a session has been open, and when something was last done in it: of agents, and of partners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    began: Timestamp,
    seen: Timestamp,
}

impl Hours {
    /// Those of a session that begins at `now`.
    pub const fn begin(now: Timestamp) -> Self {
        Self { began: now, seen: now }
    }

    /// What is left at `now`; `None` when they are over.
    pub fn left(&self, now: Timestamp) -> Option<Lifetime> {
        let longest = self.ends().left(now)?;
        let idle = self.seen.plus(IDLE).left(now)?;
        Some(longest.min(idle))
    }

    /// When they are over at the latest.
    pub const fn ends(&self) -> Timestamp {
        self.began.plus(LONGEST)
    }

    /// The same after an act at `now`, when that has to be kept.
    pub fn again(&self, now: Timestamp) -> Option<Self> {
        (now.seconds_since(self.seen) >= NOTED_EVERY).then_some(Self { seen: now, ..*self })
    }
}

/// A session, borne by a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSession {
    /// Who signed in.
    pub agent: AgentId,
    /// With which passkey: a session ends with it.
    pub passkey: PasskeyId,
    #[serde(flatten)]
    hours: Hours,
}

impl AgentSession {
    /// The session of an agent who signed in at `now`.
    pub const fn begin(agent: AgentId, passkey: PasskeyId, now: Timestamp) -> Self {
        Self { agent, passkey, hours: Hours::begin(now) }
    }

    /// What is left of it at `now`; `None` when it is over.
    pub fn left(&self, now: Timestamp) -> Option<Lifetime> {
        self.hours.left(now)
    }

    /// The session after an act at `now`, when that has to be kept.
    pub fn again(&self, now: Timestamp) -> Option<Self> {
        self.hours.again(now).map(|hours| Self { hours, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch(seconds)
    }

    fn session() -> AgentSession {
        AgentSession::begin(AgentId::from_random([1; 16]), PasskeyId::of(b"x"), at(0))
    }

    #[test]
    fn a_session_ends_after_a_quarter_of_an_hour_of_nothing() {
        assert_eq!(session().left(at(0)), Some(IDLE));
        assert!(session().left(at(15 * 60 - 1)).is_some());
        assert_eq!(session().left(at(15 * 60)), None);
    }

    #[test]
    fn no_act_makes_it_longer_than_a_working_day() {
        let mut session = session();
        let mut now = 0;
        while let Some(left) = session.left(at(now)) {
            assert!(left <= IDLE);
            now += 600;
            session = session.again(at(now)).expect("ten minutes are kept");
        }
        assert_eq!(now, 8 * 3600);
    }

    #[test]
    fn a_session_that_was_kept_reads_back() {
        let kept = serde_json::to_string(&session()).expect("plain");
        assert!(kept.contains(r#""began":0,"seen":0"#), "{kept}");
        assert_eq!(serde_json::from_str::<AgentSession>(&kept).expect("its own text"), session());
    }

    #[test]
    fn an_act_right_after_another_is_not_written_down() {
        assert_eq!(session().again(at(NOTED_EVERY - 1)), None);
        assert!(session().again(at(NOTED_EVERY)).is_some());
    }
}
