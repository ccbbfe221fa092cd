//! Dates and hours in words, in the legal time of metropolitan France.
//!
//! Paris is at UTC+1, and at UTC+2 from the last Sunday of March, 01:00 UTC, to the last Sunday of October, 01:00 UTC
//! (Directive 2000/84/EC, articles 2 and 3). The rule holds since 1996; the gateway tells of the present only.

use domain::identity::pivot::Birthdate;
use domain::time::Timestamp;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, UtcOffset, Weekday};

use super::text::{Texts, month, weekday};

/// The moment as a citizen says it: `lundi 24 août 2026 à 14 h 05`.
pub(crate) fn in_words(moment: Timestamp, t: Texts) -> String {
    let local = in_paris(moment);
    let language = t.language();
    t.moment(
        weekday(local.weekday(), language),
        &day_in_words(local.day(), t),
        month(local.month(), language),
        &local.year().to_string(),
        &local.hour().to_string(),
        &format!("{:02}", local.minute()),
    )
}

/// The day of a moment, without its hour: `24 août 2026`.
pub(crate) fn day(moment: Timestamp, t: Texts) -> String {
    let local = in_paris(moment);
    t.day(&day_in_words(local.day(), t), month(local.month(), t.language()), &local.year().to_string())
}

/// A date of birth in words, with only the parts that are known: `24 août 1962`, `août 1962`, `1962`.
pub(crate) fn birthdate_in_words(date: Birthdate, t: Texts) -> String {
    let written = date.to_string();
    let mut parts = written.split('-').map(|part| part.parse::<u8>().ok().filter(|number| *number > 0)).skip(1);
    let named = parts.next().flatten().and_then(|number| Month::try_from(number).ok());
    let day = parts.next().flatten();
    let year = date.year();
    match (day, named.map(|named| month(named, t.language()))) {
        (Some(day), Some(month)) => format!("{} {month} {year}", day_in_words(day, t)),
        (None, Some(month)) => format!("{month} {year}"),
        (_, None) => year.to_string(),
    }
}

/// The day in words: `24 août 2026`.
pub(crate) fn date_in_words(moment: Timestamp, t: Texts) -> String {
    let local = in_paris(moment);
    format!("{} {} {}", day_in_words(local.day(), t), month(local.month(), t.language()), local.year())
}

/// The hour of a day: `14 h 05`.
pub(crate) fn hour_in_words(moment: Timestamp, t: Texts) -> String {
    let local = in_paris(moment);
    t.desk_hour(&local.hour().to_string(), &format!("{:02}", local.minute()))
}

/// The day as forms and command lines write it (RFC 3339 `full-date`): `2026-08-24`.
pub(crate) fn written(moment: Timestamp) -> String {
    let local = in_paris(moment);
    format!("{:04}-{:02}-{:02}", local.year(), u8::from(local.month()), local.day())
}

/// The moment at which a written day begins in Paris.
pub(crate) fn beginning_of(day: &str) -> Option<Timestamp> {
    beginning(date(day)?)
}

/// The moment at which a written day is over in Paris.
pub(crate) fn end_of(day: &str) -> Option<Timestamp> {
    beginning(date(day)?.next_day()?)
}

fn date(text: &str) -> Option<Date> {
    let form = time::macros::format_description!("[year]-[month]-[day]");
    Date::parse(text, &form).ok().filter(|date| (2000..=2199).contains(&date.year()))
}

/// Nobody moves the clocks at midnight: one of the two offsets is the one of that moment.
fn beginning(date: Date) -> Option<Timestamp> {
    [1, 2].into_iter().find_map(|hours| {
        let offset = UtcOffset::from_hms(hours, 0, 0).ok()?;
        let moment = Timestamp::from_epoch(date.midnight().assume_offset(offset).unix_timestamp());
        (in_paris(moment).offset() == offset && in_paris(moment).date() == date).then_some(moment)
    })
}

fn day_in_words(day: u8, t: Texts) -> String {
    if day == 1 { t.first_of_month().to_owned() } else { day.to_string() }
}

fn in_paris(moment: Timestamp) -> OffsetDateTime {
    let utc = OffsetDateTime::from_unix_timestamp(moment.epoch()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let change = |month| last_sunday_at_one(utc.year(), month);
    let summer =
        change(Month::March).is_some_and(|from| utc >= from) && change(Month::October).is_some_and(|to| utc < to);
    let offset = UtcOffset::from_hms(if summer { 2 } else { 1 }, 0, 0).unwrap_or(UtcOffset::UTC);
    utc.checked_to_offset(offset).unwrap_or(utc)
}

/// The last Sunday of a month of 31 days, at 01:00 UTC.
fn last_sunday_at_one(year: i32, month: Month) -> Option<OffsetDateTime> {
    (25..=31)
        .rev()
        .filter_map(|day| Date::from_calendar_date(year, month, day).ok())
        .find(|date| date.weekday() == Weekday::Sunday)
        .and_then(|date| date.with_hms(1, 0, 0).ok())
        .map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::language::Language;
    use time::macros::datetime;

    #[test]
    fn a_written_day_begins_and_ends_at_midnight_in_paris() {
        let at = |utc: OffsetDateTime| Some(Timestamp::from_epoch(utc.unix_timestamp()));
        assert_eq!(beginning_of("2026-01-15"), at(datetime!(2026-01-14 23:00 UTC)));
        assert_eq!(beginning_of("2026-07-15"), at(datetime!(2026-07-14 22:00 UTC)));
        // The days on which the clocks are moved.
        assert_eq!(beginning_of("2026-03-29"), at(datetime!(2026-03-28 23:00 UTC)));
        assert_eq!(end_of("2026-03-29"), at(datetime!(2026-03-29 22:00 UTC)));
        assert_eq!(beginning_of("2026-10-25"), at(datetime!(2026-10-24 22:00 UTC)));
        assert_eq!(end_of("2026-10-25"), at(datetime!(2026-10-25 23:00 UTC)));
        for day in ["2026-01-15", "2026-03-29", "2026-10-25", "2028-02-29"] {
            assert_eq!(beginning_of(day).map(written).as_deref(), Some(day));
        }
        for bad in ["", "2026-02-30", "2026-1-5", "15/01/2026", "0026-01-15", "9999-01-01", "2026-01-15T00:00"] {
            assert_eq!(beginning_of(bad), None, "{bad}");
        }
    }

    fn paris(utc: OffsetDateTime) -> (u8, u8) {
        let local = in_paris(Timestamp::from_epoch(utc.unix_timestamp()));
        (local.hour(), local.minute())
    }

    #[test]
    fn summer_time_begins_and_ends_at_one_utc_on_the_last_sunday() {
        // 2026: 29 March and 25 October; 2024: 31 March and 27 October.
        assert_eq!(paris(datetime!(2026-03-29 00:59:59 UTC)), (1, 59));
        assert_eq!(paris(datetime!(2026-03-29 01:00:00 UTC)), (3, 0));
        assert_eq!(paris(datetime!(2026-10-25 00:59:59 UTC)), (2, 59));
        assert_eq!(paris(datetime!(2026-10-25 01:00:00 UTC)), (2, 0));
        assert_eq!(paris(datetime!(2024-03-31 01:00:00 UTC)), (3, 0));
        assert_eq!(paris(datetime!(2024-10-27 01:00:00 UTC)), (2, 0));
        assert_eq!(paris(datetime!(2026-01-15 12:00:00 UTC)), (13, 0));
        assert_eq!(paris(datetime!(2026-07-15 12:00:00 UTC)), (14, 0));
    }

    #[test]
    fn a_moment_near_midnight_has_the_day_of_paris() {
        let moment = Timestamp::from_epoch(datetime!(2026-07-31 22:05:00 UTC).unix_timestamp());
        assert_eq!(in_words(moment, Texts::new(Language::French)), "samedi 1er août 2026 à 0\u{a0}h\u{a0}05");
        assert_eq!(in_words(moment, Texts::new(Language::English)), "Saturday 1 August 2026 at 0:05");
        assert_eq!(day(moment, Texts::new(Language::French)), "1er août 2026");
        assert_eq!(day(moment, Texts::new(Language::English)), "1 August 2026");
    }

    #[test]
    fn unknown_parts_of_a_birthdate_are_left_out() {
        let words =
            |text: &str| birthdate_in_words(Birthdate::parse(text).expect("a date"), Texts::new(Language::French));
        assert_eq!(words("1962-08-24"), "24 août 1962");
        assert_eq!(words("1985-03-00"), "mars 1985");
        assert_eq!(words("1940-00-00"), "1940");
        assert_eq!(words("1990-12-01"), "1er décembre 1990");
    }
}
