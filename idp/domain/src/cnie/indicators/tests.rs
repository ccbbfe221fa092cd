//! The indicators of a small country.

use super::Cell::{Shown, Withheld};
use super::*;
use crate::people::name::Name;

const NOW: Timestamp = Timestamp::from_epoch(1_795_000_000);

fn commune(code: &str, state: CommuneState) -> Commune {
    let code = CommuneCode::parse(code).expect("a code");
    Commune { code, name: Name::parse("Val-Fleuri").expect("a name"), state }
}

fn counted(code: &str, certifications: u64) -> CommuneCount {
    let state = CommuneState::Certifying { from: Timestamp::from_epoch(0) };
    CommuneCount { commune: commune(code, state), trained: 2, certifications }
}

fn count(communes: Vec<CommuneCount>) -> Count {
    Count { at: NOW, communes, created: 0, certified: 0, by_month: BTreeMap::new(), durations: BTreeMap::new() }
}

fn cells(indicators: &Indicators) -> Vec<(&str, Cell, Vec<Cell>)> {
    let row = |one: &'_ DepartementFigures| one.communes.iter().map(|one| one.certifications).collect();
    indicators.departements.iter().map(|one| (one.code.as_str(), one.certifications, row(one))).collect()
}

#[test]
fn communes_are_counted_by_what_they_do() {
    let later = CommuneState::Certifying { from: NOW.plus(Lifetime::seconds(1)) };
    let mut communes = vec![counted("26001", 0), counted("26002", 7), counted("2A004", 20)];
    for (code, state) in [("26003", later), ("26004", CommuneState::Enrolled), ("75056", CommuneState::Postponed)] {
        communes.push(CommuneCount { commune: commune(code, state), trained: 0, certifications: 0 });
    }
    let indicators = Indicators::of(&count(communes));
    assert_eq!((indicators.enrolled, indicators.certifying, indicators.covered), (5, 3, 2));
    assert_eq!(indicators.trained, 6);
    let drome = &indicators.departements[0];
    assert_eq!((drome.code.as_str(), drome.enrolled, drome.certifying, drome.trained), ("26", 4, 2, 4));
    let states: Vec<_> = drome.communes.iter().map(|one| one.certifies).collect();
    assert_eq!(states, [Certifies::Now, Certifies::Now, Certifies::NotYet, Certifies::NotYet]);
    assert_eq!(indicators.departements.len(), 2, "one that put it off is not shown");
}

#[test]
fn few_certifications_of_a_commune_are_told_nowhere() {
    let communes = vec![counted("26001", 3), counted("26002", 60), counted("26003", 70), counted("07001", 9)];
    let indicators = Indicators::of(&count(communes));
    let expected = [("07", Shown(9), vec![Shown(9)]), ("26", Shown(133), vec![Withheld, Withheld, Shown(70)])];
    assert_eq!(cells(&indicators), expected);
}

#[test]
fn what_is_withheld_of_a_departement_is_withheld_of_its_communes() {
    // Without the second rule, Drôme would be the difference of the total and all others; and were Ardèche withheld alone,
    // its communes would add up to it.
    let communes = vec![counted("07001", 6), counted("07002", 6), counted("26001", 2), counted("38001", 90)];
    let indicators = Indicators::of(&count(communes));
    let expected = [
        ("07", Withheld, vec![Withheld, Withheld]),
        ("26", Withheld, vec![Withheld]),
        ("38", Shown(90), vec![Shown(90)]),
    ];
    assert_eq!(cells(&indicators), expected);
}

#[test]
fn twelve_months_end_with_this_one() {
    let mut count = count(vec![]);
    count.by_month = BTreeMap::from([
        (Month { year: 2026, month: 11 }, 40),
        (Month { year: 2026, month: 10 }, 30),
        (Month { year: 2025, month: 11 }, 99),
    ]);
    let months = Indicators::of(&count).months;
    assert_eq!(months.len(), MONTHS);
    assert_eq!(months[0], (Month { year: 2025, month: 12 }, Shown(0)));
    assert_eq!(
        months[10..],
        [(Month { year: 2026, month: 10 }, Shown(30)), (Month { year: 2026, month: 11 }, Shown(40))]
    );
}

#[test]
fn a_target_is_reached_when_it_is_reached() {
    let measure = |kind, value, target| Measure { kind, value: Some(value), target: Some(target) }.progress();
    assert_eq!(measure(MeasureKind::CommunesEnrolled, 999, 1_000), Some(99));
    assert_eq!(measure(MeasureKind::CommunesEnrolled, 1_000, 1_000), Some(100));
    assert_eq!(measure(MeasureKind::CommunesEnrolled, 3_000, 1_000), Some(100));
    assert_eq!(measure(MeasureKind::MedianSeconds, 180, 180), Some(100));
    assert_eq!(measure(MeasureKind::MedianSeconds, 360, 180), Some(50), "of a time, less is better");
    assert_eq!(measure(MeasureKind::MedianSeconds, 0, 180), Some(100));
    assert_eq!(measure(MeasureKind::CommunesEnrolled, 5, 0), None);
    let unknown = Measure { kind: MeasureKind::IdentitiesCreated, value: None, target: Some(10) };
    assert_eq!(unknown.progress(), None, "what is withheld is not told by its share either");
}

#[test]
fn few_persons_in_the_whole_country_are_told_neither() {
    let mut count = count(vec![counted("26001", 3)]);
    (count.created, count.certified) = (4, 3);
    let indicators = Indicators::of(&count);
    assert_eq!((indicators.created, indicators.certified, indicators.median), (Withheld, Withheld, None));
    let targets = Targets { identities_created: Some(10), median_seconds: Some(180), ..Targets::default() };
    let values: Vec<_> = indicators.measures(&targets).iter().map(|one| (one.kind.name(), one.value)).collect();
    assert_eq!(values[4..], [("identities_created", None), ("identities_certified", None), ("median_seconds", None)]);
}
