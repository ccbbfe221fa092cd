//! The reminders before a certification ends: at sixty, thirty and seven days, each once.

use crate::time::Timestamp;

/// A reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reminder {
    /// Two months ahead: time for an appointment.
    SixtyDays,
    /// One month ahead.
    ThirtyDays,
    /// The last one.
    SevenDays,
}

impl Reminder {
    /// All of them, in the order they are given.
    pub const ALL: [Self; 3] = [Self::SixtyDays, Self::ThirtyDays, Self::SevenDays];

    /// How many days before the end it is given.
    pub const fn days(self) -> u16 {
        match self {
            Self::SixtyDays => 60,
            Self::ThirtyDays => 30,
            Self::SevenDays => 7,
        }
    }

    /// The reminder of that many days.
    pub fn of_days(days: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|reminder| i64::from(reminder.days()) == days)
    }

    /// From when on it is given, for a certification that lasts until then.
    pub const fn from(self, until: Timestamp) -> Timestamp {
        Timestamp::from_epoch(until.epoch().saturating_sub(self.days() as i64 * 86_400))
    }

    /// The last one whose moment has come at `at`: of several that were missed, this one is given.
    pub fn reached(until: Timestamp, at: Timestamp) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|reminder| reminder.from(until).is_past(at))
    }

    /// The one that is given now: one was reached, it comes after the last that was given, and there is something left to
    /// remind of.
    pub fn due(until: Timestamp, given: Option<Self>, at: Timestamp) -> Option<Self> {
        let reached = Self::reached(until, at).filter(|_| !until.is_past(at))?;
        given.is_none_or(|given| reached.days() < given.days()).then_some(reached)
    }

    /// Whole days that are left of what ends then, counted up; at least one.
    pub fn days_left(until: Timestamp, at: Timestamp) -> u16 {
        u16::try_from(until.seconds_since(at).max(1).unsigned_abs().div_ceil(86_400)).unwrap_or(u16::MAX)
    }

    /// When the next one is due after the last that was given.
    pub fn next(until: Timestamp, given: Option<Self>) -> Option<Timestamp> {
        let next = Self::ALL.into_iter().find(|next| given.is_none_or(|given| next.days() < given.days()))?;
        Some(next.from(until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Reminder::{SevenDays, SixtyDays, ThirtyDays};

    const END: Timestamp = Timestamp::from_epoch(1_900_000_000);

    fn before(days: i64, seconds: i64) -> Timestamp {
        Timestamp::from_epoch(END.epoch() - days * 86_400 - seconds)
    }

    #[test]
    fn each_reminder_has_its_day_and_is_given_once() {
        assert_eq!(Reminder::due(END, None, before(60, 1)), None);
        for (reminder, given) in [(SixtyDays, None), (ThirtyDays, Some(SixtyDays)), (SevenDays, Some(ThirtyDays))] {
            let day = before(reminder.days().into(), 0);
            assert_eq!(Reminder::due(END, given, day), Some(reminder));
            assert_eq!(Reminder::due(END, Some(reminder), day), None, "once");
            assert_eq!(Reminder::next(END, given), Some(day));
            assert_eq!(Reminder::of_days(reminder.days().into()), Some(reminder));
        }
        assert_eq!(Reminder::next(END, Some(SevenDays)), None);
    }

    #[test]
    fn the_days_that_are_left_are_counted_up_and_never_none() {
        for (at, days) in
            [(before(60, 0), 60), (before(59, 86_399), 60), (before(1, 0), 1), (before(0, 1), 1), (END, 1)]
        {
            assert_eq!(Reminder::days_left(END, at), days);
        }
    }

    #[test]
    fn of_those_that_were_missed_the_last_is_given_and_after_the_end_none() {
        assert_eq!(Reminder::due(END, None, before(20, 0)), Some(ThirtyDays));
        assert_eq!(Reminder::due(END, Some(SixtyDays), before(0, 1)), Some(SevenDays));
        assert_eq!(Reminder::due(END, None, END), None);
    }
}
