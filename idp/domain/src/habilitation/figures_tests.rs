use std::collections::BTreeSet;

use super::*;
use crate::client::Label;
use crate::cnie::refusal;

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn client(id: &str) -> ClientId {
    ClientId::parse(id).expect("an id")
}

fn provider(id: &str) -> ProviderId {
    ProviderId::parse(id).expect("an id")
}

fn line(at: &str, figure: Figure, count: u64) -> Line {
    Line { day: day(at), figure, count }
}

#[test]
fn a_day_is_written_as_it_is_read_and_nothing_else_is_one() {
    assert_eq!(Day::of(Timestamp::from_epoch(0)).written(), "1970-01-01");
    assert_eq!(Day::of(Timestamp::from_epoch(86_399)), Day::numbered(0));
    assert_eq!(Day::of(Timestamp::from_epoch(-1)), Day::numbered(-1), "days begin at midnight before 1970 too");
    assert_eq!((day("2024-02-29").written(), day("2024-02-29").number()), ("2024-02-29".to_owned(), 19_782));
    for wrong in ["", "2023-02-29", "2026-1-02", "2026-01-02-", "+026-01-02", "26-01-02", "2026/01/02", "2026-13-01"] {
        assert_eq!(Day::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_period_has_ninety_days_or_those_that_were_asked_for() {
    let shown = Period::shown(day("2026-11-22"));
    assert_eq!((shown.first().written(), shown.last().written()), ("2026-08-25".into(), "2026-11-22".into()));
    assert_eq!(shown.with_whole_months().first().written(), "2026-08-01");
    assert_eq!(Period::between(day("2026-11-22"), day("2026-11-21")), Err(Backwards));
    let one = Period::between(day("2026-11-22"), day("2026-11-22")).expect("a day");
    assert_eq!(ServiceFigures::of(Vec::new(), one, day("2026-11-22")).days.len(), 1);
    assert_eq!(ServiceFigures::of(Vec::new(), shown, day("2026-11-22")).days.len(), usize::from(SHOWN));
}

#[test]
fn what_is_counted_is_read_by_the_names_it_is_kept_under() {
    let mut figures = vec![Figure::Started, Figure::Finished, Figure::Provider(provider("impots"))];
    figures.extend(Level::ALL.map(Figure::Level));
    figures.extend(Step::ALL.iter().copied().map(Figure::GivenUp));
    figures.extend(Reason::ALL.iter().copied().map(Figure::Failed));
    let names: BTreeSet<(&str, &str)> = figures.iter().map(|figure| (figure.kind(), figure.name())).collect();
    assert_eq!(names.len(), figures.len());
    for figure in &figures {
        assert_eq!(Figure::parse(figure.kind(), figure.name()).as_ref(), Some(figure));
    }
    for (kind, name) in [("started", "x"), ("level", "eidas9"), ("failed", ""), ("of_tomorrow", "x")] {
        assert_eq!(Figure::parse(kind, name), None);
    }
}

#[test]
fn a_tally_adds_up_and_is_handed_over_in_parts_that_lose_nothing() {
    let (ville, mer, today) = (client("ville"), client("mer"), day("2026-11-22"));
    let mut tally = Tally::default();
    assert!(tally.is_empty());
    for figure in [Figure::Started, Figure::Started, Figure::Finished] {
        tally.count(&ville, today, figure);
    }
    tally.count(&mer, today, Figure::Started);
    let whole = tally.clone();
    assert_eq!(whole.lines().count(), 3, "like is counted with like");
    let first = tally.take(2);
    assert_eq!((first.lines().count(), tally.lines().count()), (2, 1));
    let mut back = tally.take(100);
    assert!(tally.is_empty());
    back.merge(first);
    assert_eq!(back, whole);
    let twice = {
        let mut twice = whole.clone();
        twice.merge(whole);
        twice
    };
    assert!(twice.lines().any(|(of, _, figure, many)| *of == ville && *figure == Figure::Started && many == 4));
}

#[test]
fn what_was_begun_and_neither_finished_nor_given_up_was_left() {
    let lines = vec![
        line("2026-11-21", Figure::Started, 10),
        line("2026-11-21", Figure::Finished, 4),
        line("2026-11-22", Figure::Started, 2),
        line("2026-11-22", Figure::Finished, 3),
        line("2026-11-22", Figure::Level(Level::Low), 3),
        line("2026-11-21", Figure::Level(Level::Low), 4),
        line("2026-11-22", Figure::GivenUp(Step::Choice), 1),
        line("2026-11-22", Figure::Failed(Reason::Identity), 6),
        line("2026-11-22", Figure::Provider(provider("impots")), 3),
        line("2026-01-01", Figure::Started, 99),
    ];
    let today = day("2026-11-22");
    let told = ServiceFigures::of(lines, Period::shown(today), today);
    assert_eq!(
        (told.started, told.finished, told.left),
        (12, 7, 4),
        "one was given up; failures are not counted against"
    );
    assert_eq!(told.levels, [(Level::Low, 7)].into());
    assert_eq!(told.failed, [(Reason::Identity, 6)].into());
    assert_eq!(told.days.last(), Some(&DayFigures { day: today, started: 2, finished: 3 }));
    assert!(told.lines.iter().all(|line| line.figure.kind() != "provider"), "no provider is told by day");
    assert!(told.months.is_empty(), "the month is not over");
}

#[test]
fn providers_are_told_by_months_that_are_over_and_not_of_a_few() {
    let of = |counts: &[(&str, u64)]| {
        let lines = counts.iter().map(|(id, many)| line("2026-10-31", Figure::Provider(provider(id)), *many)).collect();
        ServiceFigures::of(lines, Period::shown(day("2026-11-01")), day("2026-11-01")).months
    };
    for (counts, told, others) in [
        (&[("impots", 5)][..], &[("impots", 5)][..], Others::None),
        (&[("impots", 4)], &[], Others::Withheld),
        (&[("impots", 12), ("poste", 1)], &[], Others::Withheld),
        (&[("impots", 12), ("poste", 3), ("ameli", 2)], &[("impots", 12)], Others::Withheld),
        (&[("impots", 12), ("poste", 3), ("ameli", 1)], &[], Others::Withheld),
        (&[("impots", 12), ("poste", 5)], &[("impots", 12), ("poste", 5)], Others::None),
    ] {
        let told = told.iter().map(|(id, many)| (provider(id), *many)).collect();
        let month = Month { year: 2026, month: 10 };
        assert_eq!(of(counts), [MonthFigures { month, providers: told, others }], "{counts:?}");
    }
    assert!(of(&[]).is_empty());
}

#[test]
fn a_group_of_failures_says_no_more_than_the_service_is_answered() {
    for refusal in Refusal::ALL {
        let (answer, _) = refusal.answer();
        assert_eq!(Reason::from(refusal), Reason::from(answer), "{refusal:?}");
    }
    // That somebody came by card is not told: a card that is refused is a provider that brought nobody.
    let label = Label { fr: "Carte".into(), en: "Card".into() };
    let card = Setback::Card { provider: label.clone(), refusal: refusal::Refusal::SimulatorCard };
    let failed = Setback::Failed { provider: label, code: Failure::Refused };
    assert_eq!(Reason::from(&card), Reason::from(&failed));
}
