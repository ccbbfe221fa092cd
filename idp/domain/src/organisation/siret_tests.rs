use proptest::prelude::*;

use super::*;

/// Numbers of the State, of communes and of La Poste.
const VALID: [&str; 8] = [
    "21690123100011",
    "21310555400017",
    "21330063500017",
    "13002526500013",
    "12002701600563",
    "98043033400022",
    "35600000000048",
    "35600000049837",
];

#[test]
fn the_known_numbers_are_read() {
    for number in VALID {
        let siret = Siret::parse(number).expect(number);
        assert_eq!((siret.digits().as_str(), String::from(siret.siren()).as_str()), (number, &number[..9]));
    }
    for siren in ["216901231", "213105554", "213300635", "212000046", "217500016", "200083863"] {
        assert_eq!(String::from(Siren::parse(siren).expect(siren)), siren);
    }
}

#[test]
fn what_stands_between_the_digits_is_left_out() {
    let plain = Siret::parse("21690123100011");
    for text in [
        " 216 901 231 00011 ",
        "216\u{A0}901\u{A0}231\u{A0}00011",
        "216\u{202F}901\u{202F}231\u{202F}00011",
        "216\u{2009}901\u{2009}231 00011\r\n",
        "\u{FEFF}216901231\t00011",
        "216.901.231.00011",
        "2169012310\u{200B}0011",
    ] {
        assert_eq!(Siret::parse(text), plain, "{text:?}");
    }
    assert_eq!(plain.expect("a SIRET").to_string(), "216 901 231 00011");
    assert_eq!(Siren::parse("009 999 996").map(|siren| siren.to_string()).as_deref(), Ok("009 999 996"));
}

#[test]
fn a_refusal_says_what_is_wrong() {
    use NumberFault::{Empty, Key, Length, Monaco, NotDigits, Zeros};
    for (text, fault) in [
        ("", Empty),
        (" \u{A0}\u{202F}. ", Empty),
        ("12345678901234", Key),
        ("21690123100012", Key),
        ("21690123200010", Key),
        ("216901231", Length { seen: 9, wanted: 14 }),
        ("2169012310001", Length { seen: 13, wanted: 14 }),
        ("216901231000111", Length { seen: 15, wanted: 14 }),
        ("00000000000000", Zeros),
        ("00000000000018", Zeros),
        ("MONACOCONFO001", Monaco),
        ("monaco confo 001", Monaco),
        ("MONACO", NotDigits),
        ("2169012310001O", NotDigits),
        ("FR38216901231", NotDigits),
        ("216-901-231-00011", NotDigits),
        ("２１６９０１２３１０００１１", NotDigits),
        ("٢١٦٩٠١٢٣١٠٠٠١١", NotDigits),
        ("21690123100011\u{0}", NotDigits),
        ("-1690123100011", NotDigits),
    ] {
        assert_eq!(Siret::parse(text), Err(fault), "{text:?}");
    }
    assert_eq!(Siren::parse("216901232"), Err(Key));
    assert_eq!(Siren::parse("21690123100011"), Err(Length { seen: 14, wanted: 9 }));
    let told = |text| Siret::parse(text).expect_err("a fault").to_string();
    assert!(told("216901231").ends_with("this is a SIREN, the SIRET has five digits more"), "{}", told("216901231"));
    assert_eq!(told("2169012310001"), "the number has 13 digits, and should have 14");
}

/// habilitation.md §18: Luhn, or a sum that five divides; not any five digits.
#[test]
fn a_branch_of_la_poste_has_one_key_or_the_other() {
    let all = || (0..100_000).map(|branch| format!("356000000{branch:05}"));
    assert_eq!(all().filter(|number| Siret::parse(number).is_ok()).count(), 28_000);
    // The second key is of La Poste alone: of any other body one number in ten is right.
    let lyon = (0..100_000).filter(|nic| Siret::parse(&format!("216901231{nic:05}")).is_ok());
    assert_eq!(lyon.count(), 10_000);
}

#[test]
fn numbers_travel_as_their_digits() {
    let siret = Siret::parse("216 901 231 00011").expect("a SIRET");
    assert_eq!(serde_json::to_string(&siret).expect("JSON"), r#""21690123100011""#);
    assert_eq!(serde_json::from_str::<Siret>(r#""21690123100011""#).expect("a SIRET"), siret);
    assert!(serde_json::from_str::<Siret>(r#""21690123100012""#).is_err());
    assert!(serde_json::from_str::<Siren>("216901231").is_err());
}

/// A valid number of any body but La Poste.
fn valid() -> impl Strategy<Value = Vec<u32>> {
    let keyed = |mut digits: Vec<u32>| {
        digits.push(0);
        let rest = luhn(&digits);
        *digits.last_mut().expect("a key") = (10 - rest) % 10;
        digits
    };
    let parts = (prop::collection::vec(0..10u32, 8), prop::collection::vec(0..10u32, 4));
    parts.prop_filter_map("La Poste, or nobody", move |(body, establishment)| {
        let body = keyed(body);
        let known = value(&body);
        (known != 0 && known != LA_POSTE).then(|| keyed([body, establishment].concat()))
    })
}

fn written(digits: &[u32]) -> String {
    digits.iter().map(u32::to_string).collect()
}

proptest! {
    #[test]
    fn one_mistyped_digit_is_always_seen(digits in valid(), place in 0..14usize, by in 1..10u32) {
        prop_assert!(Siret::parse(&written(&digits)).is_ok());
        let mut mistyped = digits;
        mistyped[place] = (mistyped[place] + by) % 10;
        prop_assert!(Siret::parse(&written(&mistyped)).is_err());
    }

    /// But for 09 and 90, which the key of Luhn does not tell apart: unless the swap breaks the SIREN's own key.
    #[test]
    fn two_digits_that_changed_places_are_seen(digits in valid(), place in 0..13usize) {
        let mut swapped = digits.clone();
        swapped.swap(place, place + 1);
        let pair = (digits[place], digits[place + 1]);
        let unseen = pair.0 == pair.1 || (matches!(pair, (0, 9) | (9, 0)) && place != 8);
        prop_assert_eq!(Siret::parse(&written(&swapped)).is_ok(), unseen);
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let _ = Siret::parse(&text);
    }

    #[test]
    fn a_number_is_read_as_it_is_shown(digits in valid()) {
        let siret = Siret::parse(&written(&digits)).expect("a SIRET");
        prop_assert_eq!(Siret::parse(&siret.to_string()), Ok(siret));
        prop_assert_eq!(siret.digits(), written(&digits));
    }
}
