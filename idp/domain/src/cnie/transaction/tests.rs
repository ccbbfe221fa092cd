use super::*;

const START: Timestamp = Timestamp::from_epoch(1_800_000_000);

fn beginning() -> Beginning {
    Beginning { id: [1; 16], nonce: [2; 32], number: 3, at: START }
}

fn purpose() -> SignInPurpose {
    SignInPurpose {
        client: ClientId::parse("commune").expect("plain"),
        service: Label { fr: "Mairie".into(), en: "Town hall".into() },
        request: Octets(vec![4; 32]),
        level: Level::High,
        claims: Vec::new(),
        place: String::new(),
    }
}

fn after(seconds: u32) -> Timestamp {
    START.plus(Lifetime::seconds(seconds))
}

fn handles() -> Handles {
    Handles { other: Bearer::from_random([5; 32]), same: Bearer::from_random([6; 32]), until: after(60) }
}

fn waiting() -> Transaction<Waiting> {
    Transaction::begin(beginning(), purpose()).showing(handles())
}

fn by(device: Device, at: Timestamp) -> ClaimedBy<'static> {
    ClaimedBy { jkt: "phone", device, network: Network::Same, random: [7; 16], at }
}

fn presented(jkt: &str, number: Option<u8>) -> Presented<'_> {
    Presented { jkt, number, at: after(10) }
}

#[test]
fn a_handle_counts_for_a_minute_on_the_device_it_was_shown_to_and_until_the_next() {
    let other = handles().other;
    let claim = |transaction: Transaction<Waiting>, handle: &Bearer<Pairing>, by: ClaimedBy<'_>| {
        transaction.claim(handle, by).map_err(|(refusal, _)| refusal).map(|_| ())
    };
    assert_eq!(claim(waiting(), &other, by(Device::Other, after(59))), Ok(()));
    assert_eq!(claim(waiting(), &other, by(Device::Other, after(60))), Err(Refusal::HandleUnknown));
    assert_eq!(claim(waiting(), &other, by(Device::Same, after(1))), Err(Refusal::HandleUnknown));
    let next = Handles { other: Bearer::from_random([8; 32]), ..handles() };
    assert_eq!(claim(waiting().showing(next), &other, by(Device::Other, after(1))), Err(Refusal::HandleUnknown));
    let bare = Transaction::begin(beginning(), purpose());
    assert_eq!(claim(bare, &other, by(Device::Other, after(1))), Err(Refusal::HandleUnknown));
}

#[test]
fn a_link_that_is_followed_in_another_network_needs_the_number_too() {
    let same = handles().same;
    let by = |network| ClaimedBy { network, ..by(Device::Same, after(1)) };
    let opened = waiting().claim(&same, by(Network::Same)).expect("in time");
    assert_eq!((opened.choices, opened.transaction.number()), (None, None));
    let opened = waiting().claim(&same, by(Network::Other)).expect("in time");
    assert!(opened.choices.is_some_and(|choices| choices.contains(&waiting().number().value())));
    assert_eq!(opened.transaction.admits(&presented("phone", None)), Err(Refusal::WrongNumber));
    assert_eq!(opened.transaction.admits(&presented("phone", Some(waiting().number().value()))), Ok(()));
}

#[test]
fn on_another_device_the_number_of_the_browser_must_be_picked() {
    let number = waiting().number().value();
    let opened = waiting().claim(&handles().other, by(Device::Other, after(1))).expect("in time");
    let choices = opened.choices.expect("three numbers");
    assert!(choices.contains(&number) && choices.iter().all(|choice| (10..100).contains(choice)));
    assert!(choices[0] < choices[1] && choices[1] < choices[2]);
    assert_eq!(opened.transaction.admits(&presented("phone", Some(number))), Ok(()));
    for wrong in choices.into_iter().filter(|choice| *choice != number).map(Some).chain([None]) {
        assert_eq!(opened.transaction.admits(&presented("phone", wrong)), Err(Refusal::WrongNumber));
    }
    let opened = waiting().claim(&handles().same, by(Device::Same, after(1))).expect("in time");
    assert_eq!(opened.choices, None);
    assert_eq!(opened.transaction.admits(&presented("phone", None)), Ok(()));
}

#[test]
fn a_number_is_always_among_three() {
    for octet in 0..=255 {
        let number = Number::from_random(octet);
        for random in [[0; 16], [octet; 16], std::array::from_fn(|at| u8::try_from(at).expect("16"))] {
            let choices = number.among(&random);
            assert!(choices.contains(&number.0) && choices[0] < choices[1] && choices[1] < choices[2]);
        }
    }
}

#[test]
fn only_the_phone_that_claimed_goes_on_and_within_five_minutes() {
    let opened = waiting().claim(&handles().same, by(Device::Same, after(1))).expect("in time");
    let at = |at| Presented { jkt: "phone", number: None, at };
    assert_eq!(opened.transaction.admits(&presented("another", None)), Err(Refusal::OtherPhone));
    assert_eq!(opened.transaction.admits(&at(after(299))), Ok(()));
    assert_eq!(opened.transaction.admits(&at(after(300))), Err(Refusal::TransactionLate));
}

#[test]
fn what_is_signed_depends_on_all_that_it_is_bound_to() {
    let sign = |beginning, purpose, jkt: &str, issuer: &str, key: &[u8]| {
        let by = ClaimedBy { jkt, device: Device::Same, network: Network::Same, random: [0; 16], at: after(1) };
        let transaction = Transaction::begin(beginning, purpose).showing(handles());
        transaction.claim(&handles().same, by).expect("in time").transaction.to_sign(issuer, key)
    };
    let reference = sign(beginning(), purpose(), "phone", "https://idp.example", b"key");
    let later = Beginning { at: after(1), ..beginning() };
    let client = SignInPurpose { client: ClientId::parse("other").expect("plain"), ..purpose() };
    let others = [
        sign(Beginning { id: [9; 16], ..beginning() }, purpose(), "phone", "https://idp.example", b"key"),
        sign(Beginning { nonce: [9; 32], ..beginning() }, purpose(), "phone", "https://idp.example", b"key"),
        sign(later, purpose(), "phone", "https://idp.example", b"key"),
        sign(beginning(), client, "phone", "https://idp.example", b"key"),
        sign(
            beginning(),
            SignInPurpose { request: Octets(vec![9; 32]), ..purpose() },
            "phone",
            "https://idp.example",
            b"key",
        ),
        sign(beginning(), SignInPurpose { level: Level::Low, ..purpose() }, "phone", "https://idp.example", b"key"),
        sign(beginning(), purpose(), "phone2", "https://idp.example", b"key"),
        sign(beginning(), purpose(), "phone", "https://other.example", b"key"),
        sign(beginning(), purpose(), "phone", "https://idp.example", b"kez"),
    ];
    for (at, other) in others.iter().enumerate() {
        assert_ne!(&reference, other, "change {at}");
    }
}

#[test]
fn an_act_signs_other_octets_than_a_sign_in_and_than_other_acts() {
    let create = |email: &str| Act::Create { email: email.into(), language: Language::French, terms: "1".into() };
    let acts = [
        create("a@b.fr"),
        create("c@b.fr"),
        Act::Create { email: "a@b.fr".into(), language: Language::English, terms: "1".into() },
        Act::Show,
        Act::RequestCertification { terms: "1".into() },
        Act::RequestCertification { terms: "2".into() },
        Act::Activate,
        Act::Restore,
        Act::Delete,
    ];
    let signed: std::collections::BTreeSet<_> = acts
        .into_iter()
        .map(|act| *Transaction::begin_act(beginning(), act, "phone").to_sign("https://idp.example", b"key").as_bytes())
        .collect();
    assert_eq!(signed.len(), 9);
}

#[test]
fn certificate_and_signature_come_with_the_first_answers_and_never_again() {
    let reading = || {
        let to_sign = ToSign::of_test([0; 32]);
        let (sod, seed) = (Octets(vec![1]), Octets(vec![2]));
        let read = Read { sod, groups: Vec::new(), seed, to_sign, holder: None, rounds: Vec::new() };
        Transaction::begin_act(beginning(), Act::Show, "phone").read(read)
    };
    let holder = || Some((Octets(vec![3]), Octets(vec![4])));
    let round = || (Vec::new(), Vec::new());
    assert_eq!(reading().answered(None, round()).expect_err("without").0, Refusal::OutOfTurn);
    let once = reading().answered(holder(), round()).expect("the first");
    assert_eq!(once.clone().answered(holder(), round()).expect_err("twice").0, Refusal::OutOfTurn);
    assert_eq!(once.answered(None, round()).expect("the second").reading().rounds.len(), 2);
}

#[test]
fn why_one_died_is_told_to_the_phone_that_took_part_alone() {
    let told = |any: AnyTransaction, jkt: &str| match any.kill(Refusal::RefusedByCitizen) {
        AnyTransaction::Dead(dead) => dead.told_to(jkt),
        other => panic!("{other:?}"),
    };
    let claimed = || Transaction::begin_act(beginning(), Act::Show, "phone");
    let read = || {
        let (sod, seed, to_sign) = (Octets(vec![1]), Octets(vec![2]), ToSign::of_test([0; 32]));
        claimed().read(Read { sod, groups: Vec::new(), seed, to_sign, holder: None, rounds: Vec::new() })
    };
    for any in [&|| claimed().into(), &|| read().into()] as [&dyn Fn() -> AnyTransaction; 2] {
        assert_eq!(told(any(), "phone"), Refusal::RefusedByCitizen);
        assert_eq!(told(any(), "other"), Refusal::OtherPhone);
    }
    assert_eq!(told(waiting().into(), "phone"), Refusal::TransactionUnknown, "nobody claimed it");
    let AnyTransaction::Dead(dead) = AnyTransaction::from(claimed()).kill(Refusal::WrongNumber) else { panic!("dead") };
    let mut kept = serde_json::to_value(&dead).expect("JSON");
    kept["step"].as_object_mut().expect("an object").remove("jkt");
    let before: Transaction<Dead> = serde_json::from_value(kept).expect("as it was kept before");
    assert_eq!(before.told_to("phone"), Refusal::TransactionUnknown);
}

#[test]
fn the_dead_and_the_spent_stay_so() {
    let dead = AnyTransaction::from(waiting()).kill(Refusal::ClaimedTwice);
    let AnyTransaction::Dead(again) = dead.kill(Refusal::WrongNumber) else { panic!("dead") };
    assert_eq!(again.refusal(), Refusal::ClaimedTwice);
    let spent = AnyTransaction::from(Transaction { base: waiting().base, step: Spent {} });
    assert!(matches!(spent.kill(Refusal::WrongNumber), AnyTransaction::Spent(_)));
}
