//! Who is the same person, and who is not.

use super::*;
use crate::cnie::status::{Answer, Standing};

const SECRET: CardSecret = CardSecret::new([7; 32]);

fn card(number: &str) -> ReadCard {
    ReadCard::of_test(number, [1; 32], Timestamp::from_epoch(2_000_000_000))
}

fn born(place: Option<&str>, country: Option<&str>) -> CardInForce {
    let code = |text: Option<&str>| text.map(|text| Place::parse("birthplace", text).expect("a code"));
    let (birthplace, birthcountry) = (code(place), code(country));
    let answer = Answer { standing: Standing::Valid, birthplace, birthcountry, reference: "1".into() };
    answer.in_force().expect("valid")
}

fn person(card: &ReadCard, status: &CardInForce) -> PersonKey {
    PersonKey::of(card, status, &SECRET)
}

#[test]
fn a_person_is_the_same_on_every_card() {
    let paris = born(Some("75107"), Some("99100"));
    let other = ReadCard::of_test("Y", [9; 32], Timestamp::from_epoch(1_900_000_000));
    assert_eq!(person(&card("X"), &paris), person(&other, &paris));
    let elsewhere = CardSecret::new([8; 32]);
    assert_ne!(PersonKey::of(&card("X"), &paris, &elsewhere), person(&card("X"), &paris), "under another secret");
    let kept = serde_json::to_string(&person(&card("X"), &paris)).expect("JSON");
    assert_eq!(serde_json::from_str::<PersonKey>(&kept).expect("a key"), person(&card("X"), &paris));
    assert!(serde_json::from_str::<PersonKey>(&kept[..20]).is_err());
}

#[test]
fn whatever_makes_a_pivot_identity_makes_another_person() {
    let paris = born(Some("75107"), Some("99100"));
    let mut all = vec![person(&card("X"), &paris)];
    let changes: [fn(&mut Facts); 5] = [
        |facts| facts.surname = "DUBOI".into(),
        |facts| facts.given_names = "ANGELA".into(),
        |facts| facts.birthdate = Birthdate::parse("1962-08-00").expect("a month"),
        |facts| facts.gender = Gender::Unspecified,
        // The same letters, parted elsewhere.
        |facts| (facts.surname, facts.given_names) = ("DUBOISANGELA".into(), " CLAIRE".into()),
    ];
    all.extend(changes.map(|change| person(&card("X").with_facts(change), &paris)));
    let places = [(Some("13055"), Some("99100")), (None, Some("99100")), (None, Some("99109")), (None, None)];
    all.extend(places.map(|(place, country)| person(&card("X"), &born(place, country))));
    for (at, one) in all.iter().enumerate() {
        assert!(!all[at + 1..].contains(one), "{at}");
    }
}
