//! The diagram, walked in every order; and each refusal, met once.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cnie::TermsVersion;
use crate::cnie::card::{CardAndCode, CardSecret, ReadCard};
use crate::cnie::identity::Making;
use crate::cnie::status::{Answer, Standing as CardStanding};
use crate::id::{Kid, RequestId};
use crate::identity::pivot::Birthdate;
use crate::jose::{SigningAlgorithm, SigningKey};
use crate::language::Language;
use crate::people::agent::{AgentState, Period, Role, Roles, Terms};
use crate::people::commune::{Commune, CommuneState};
use crate::people::name::{MailAddress, Name};
use crate::people::reader::ReaderKey;
use crate::secret::base64url;

const START: Timestamp = Timestamp::from_epoch(1_800_000_000);
const SECRET: [u8; 32] = [7; 32];
const CODE: Thumbprint = Thumbprint::new([4; 32]);

fn after(seconds: u32) -> Timestamp {
    START.plus(Lifetime::seconds(seconds))
}

fn commune(code: &str) -> Commune {
    Commune {
        code: CommuneCode::parse(code).expect("a code"),
        name: Name::parse("Val-Fleuri").expect("a name"),
        state: CommuneState::Certifying { from: Timestamp::from_epoch(0) },
    }
}

fn agent(number: u8, code: &str) -> Agent {
    Agent {
        id: AgentId::from_random([number; 16]),
        commune: CommuneCode::parse(code).expect("a code"),
        name: Name::parse("Camille Berger").expect("a name"),
        mail: MailAddress::parse("camille@val-fleuri.example").expect("an address"),
        terms: Terms {
            roles: Roles::of([Role::Agent]).expect("one"),
            trained: Some(Timestamp::from_epoch(1)),
            authorised: Some(Period::new(Timestamp::from_epoch(0), after(40_000_000)).expect("a period")),
        },
        state: AgentState::Active,
        declared: declared("Berger", "1990-03-04"),
    }
}

fn declared(surname: &str, born: &str) -> Declared {
    let born = Birthdate::parse(born).expect("a day");
    let person = Some(PersonMark::of(surname, born, &CardSecret::new(SECRET)));
    Declared { person, ..Declared::default() }
}

fn duty(agent: &Agent) -> OnDuty<Certify> {
    agent.may(Certify, &commune(agent.commune.as_str()), START).expect("on duty")
}

/// A reader with its private key.
struct Device {
    reader: Reader,
    key: SigningKey,
}

fn device(number: u8, code: &str) -> Device {
    let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
    let reader = Reader {
        id: ReaderId::from_random([number; 16]),
        commune: CommuneCode::parse(code).expect("a code"),
        name: Name::parse("Guichet 1").expect("a name"),
        key: ReaderKey::of(key.public().document()).expect("P-256"),
        state: ReaderState::Registered,
        proved: None,
    };
    Device { reader, key }
}

impl Device {
    fn sign(&self, claims: &Value) -> String {
        self.key.sign("JWT", claims)
    }
}

fn card(number: &str) -> ReadCard {
    ReadCard::of_test(number, [9; 32], after(40_000_000))
}

fn desk_card(number: &str) -> DeskCard {
    DeskCard::of_test(card(number), &CardSecret::new(SECRET))
}

fn in_force() -> CardInForce {
    let answer =
        Answer { standing: CardStanding::Valid, birthplace: None, birthcountry: None, reference: "ref-1".into() };
    answer.in_force().expect("valid")
}

fn requested(mail: &str) -> AnyIdentity {
    let shown = CardAndCode::of_test(card("X"), CODE);
    let making =
        Making { id: IdentityId::from_random([1; 16]), mail: mail.into(), language: Language::French, terms: terms() };
    let identity = Identity::create(&shown, &in_force(), &CardSecret::new(SECRET), making, START).expect("an address");
    let identity = identity.confirm(START).expect("in time");
    identity.request(&shown, terms(), request(), START).expect("its card").into()
}

fn terms() -> TermsVersion {
    TermsVersion::accepted(TermsVersion::CURRENT).expect("of today")
}

fn request() -> RequestId {
    RequestId::from_random([2; 16])
}

fn presented() -> qr::Presented {
    let until = START.plus(crate::cnie::REQUEST);
    let identity = IdentityId::from_random([1; 16]);
    let text = qr::write((&identity, CODE), &request(), until, &QrSecret::new(SECRET)).expect("16 octets");
    qr::Presented::read(&text).expect("ours")
}

fn opening(at: Timestamp) -> Opening {
    Opening { id: [3; 16], nonce: [5; 32], papers: [6; 32], at }
}

fn open_with(
    by: &Agent,
    reader: &Reader,
    identity: AnyIdentity,
    at: Timestamp,
) -> Result<(Case<Scanned>, Identity<AtDesk>), DeskRefusal> {
    let (presented, secret) = (presented(), QrSecret::new(SECRET));
    let scan = Scan { presented: &presented, secret: &secret, identity, reader };
    Case::open(&duty(by), by, scan, opening(at))
}

fn opened(by: &Agent, reader: &Reader) -> (Case<Scanned>, Identity<AtDesk>) {
    open_with(by, reader, requested("angela@exemple.fr"), START).expect("all is well")
}

fn read(case: Case<Scanned>, by: &Agent, at: Timestamp) -> Case<Read> {
    case.read(&desk_card("X"), &in_force(), by, at).expect("its card")
}

fn claims(case: &AnyCase, result: &str, at: Timestamp) -> Value {
    json!({"case": case.id(), "nonce": base64url(case.nonce()), "result": result, "iat": at.epoch()})
}

fn verdict(device: &Device, case: &Case<Read>, result: &str, at: Timestamp) -> Result<Verdict, DeskRefusal> {
    let jws = device.sign(&claims(&case.clone().into(), result, at));
    Verdict::verify(&jws, &device.reader, case, at)
}

fn matched(by: &Agent, device: &Device) -> Case<Matched> {
    let case = read(opened(by, &device.reader).0, by, after(60));
    let verdict = verdict(device, &case, "match", after(90)).expect("signed");
    let case = case.finger(&verdict, after(90)).expect("in time");
    let case = case.photo_handed_to(&duty(by)).expect("they are to look");
    case.try_into().expect("it matches")
}

/// The case after a colleague looked, and said yes.
fn confirmed(
    case: Case<Awaiting>,
    second: &Agent,
    at: Timestamp,
) -> Result<(Case<Decided>, Approval), (DeskRefusal, Case<Awaiting>)> {
    let case = AnyCase::from(case);
    let case = case.photo_handed_to(&duty(second)).unwrap_or(case);
    let case = Case::<Awaiting>::try_from(case).expect("still waits");
    let (shown, secret) = (desk_card("X").into_shown(), CardSecret::new(SECRET));
    let citizen = Citizen { mail: "angela@exemple.fr", shown: &shown, secret: &secret };
    case.confirm(&duty(second), second, &citizen, at)
}

#[test]
fn card_finger_and_face_approve_the_identity_of_the_qr_code() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let (_, identity) = opened(&by, &device.reader);
    let seen = matched(&by, &device).same_person(&duty(&by), None, after(180)).expect("theirs");
    let Seen::Approved(case, approval) = seen else { panic!("no tie") };
    assert_eq!((case.outcome(), case.seconds(), case.at()), (Outcome::Approved, 180, after(180)));
    assert_eq!(case.evidence().status.as_deref(), Some("ref-1"));
    assert!(case.evidence().sod.is_some() && case.evidence().verdict.is_some());
    assert!(identity.approve(approval, after(180)).is_ok());
}

#[test]
fn whoever_is_close_to_the_citizen_does_not_decide_alone() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let awaiting = || {
        let seen = matched(&by, &device).same_person(&duty(&by), Some(Tie::Household), after(180)).expect("theirs");
        let Seen::Awaiting(case) = seen else { panic!("a colleague is due") };
        case
    };
    let same = confirmed(awaiting(), &by, after(200)).expect_err("the same agent");
    assert_eq!(same.0, DeskRefusal::SecondIsFirst);
    let elsewhere = confirmed(awaiting(), &agent(3, "01001"), after(200)).expect_err("another commune");
    assert_eq!(elsewhere.0, DeskRefusal::CaseUnknown);
    let late = confirmed(awaiting(), &agent(2, "75056"), after(180 + 3600)).expect_err("an hour");
    assert_eq!(late.0, DeskRefusal::CaseLate);
    let (case, _) = confirmed(awaiting(), &agent(2, "75056"), after(200)).expect("a colleague");
    assert_eq!(case.second(), Some(&agent(2, "75056").id));
}

#[test]
fn the_colleague_who_confirms_is_compared_with_the_citizen_as_the_agent_is() {
    let (by, device, other) = (agent(1, "75056"), device(1, "75056"), agent(2, "75056"));
    let awaiting = || {
        let seen = matched(&by, &device).same_person(&duty(&by), Some(Tie::Household), after(180)).expect("theirs");
        let Seen::Awaiting(case) = seen else { panic!("a colleague is due") };
        case
    };
    let own_card = Declared { card: Some(card("X").key()), ..other.declared.clone() };
    let mail = MailAddress::parse("Angela@Exemple.fr").expect("an address");
    let name = Name::parse("Claire Dubois").expect("a name");
    for (second, refusal) in [
        (Agent { mail, ..other.clone() }, DeskRefusal::OwnIdentity),
        (Agent { declared: declared("Dubois", "1962-08-24"), ..other.clone() }, DeskRefusal::OwnIdentity),
        (Agent { declared: own_card, ..other.clone() }, DeskRefusal::OwnIdentity),
        (Agent { name, ..other.clone() }, DeskRefusal::SecondIsClose),
        (Agent { declared: Declared::default(), ..other.clone() }, DeskRefusal::SecondUndeclared),
    ] {
        let (refused, case) = confirmed(awaiting(), &second, after(200)).expect_err("the citizen, or close to them");
        assert_eq!(refused, refusal);
        assert!(confirmed(case, &other, after(200)).is_ok(), "another colleague may");
    }
    let (shown, secret) = (desk_card("X").into_shown(), CardSecret::new(SECRET));
    let citizen = Citizen { mail: "angela@exemple.fr", shown: &shown, secret: &secret };
    let lent = awaiting().confirm(&duty(&agent(4, "75056")), &other, &citizen, after(200)).expect_err("two agents");
    assert_eq!(lent.0, DeskRefusal::OtherAgent);
}

#[test]
fn an_agent_who_declared_nothing_does_not_decide_alone() {
    let silent = Agent { declared: Declared::default(), ..agent(1, "75056") };
    let device = device(1, "75056");
    let seen = matched(&silent, &device).same_person(&duty(&silent), None, after(180)).expect("theirs");
    assert!(matches!(seen, Seen::Awaiting(case) if case.tie() == Tie::Undeclared));
}

#[test]
fn a_yes_counts_from_those_alone_who_were_handed_the_photo() {
    let (by, device, other) = (agent(1, "75056"), device(1, "75056"), agent(2, "75056"));
    let mut blind = matched(&by, &device);
    blind.step.seen.clear();
    assert!(AnyCase::from(blind.clone()).photo_handed_to(&duty(&other)).is_none(), "no yes of theirs is awaited");
    let (refusal, blind) = blind.same_person(&duty(&by), None, after(180)).expect_err("unseen");
    assert_eq!(refusal, DeskRefusal::PhotoUnseen);
    let seen = AnyCase::from(blind).photo_handed_to(&duty(&by)).expect("they are to look");
    assert!(seen.photo_handed_to(&duty(&by)).is_none(), "noted once");
    let seen = Case::<Matched>::try_from(seen).expect("still there");
    let Ok(Seen::Awaiting(awaiting)) = seen.same_person(&duty(&by), Some(Tie::Household), after(180)) else {
        panic!("a colleague is due")
    };
    assert!(AnyCase::from(awaiting.clone()).photo_handed_to(&duty(&by)).is_none(), "they said what they saw");
    let (shown, secret) = (desk_card("X").into_shown(), CardSecret::new(SECRET));
    let citizen = Citizen { mail: "angela@exemple.fr", shown: &shown, secret: &secret };
    let unseen = awaiting.clone().confirm(&duty(&other), &other, &citizen, after(200)).expect_err("unseen");
    assert_eq!(unseen.0, DeskRefusal::PhotoUnseen);
    assert!(confirmed(awaiting, &other, after(200)).is_ok());
}

#[test]
fn an_agent_who_bears_the_name_of_the_card_needs_a_colleague() {
    let named = Agent { name: Name::parse("Angéla Dubois").expect("a name"), ..agent(1, "75056") };
    let device = device(1, "75056");
    let seen = matched(&named, &device).same_person(&duty(&named), None, after(180)).expect("theirs");
    assert!(matches!(seen, Seen::Awaiting(case) if case.tie() == Tie::SameName));
    let half = Agent { name: Name::parse("Angela").expect("a name"), ..agent(1, "75056") };
    let seen = matched(&half, &device).same_person(&duty(&half), None, after(180)).expect("theirs");
    assert!(matches!(seen, Seen::Approved(..)), "one word is no name");
}

#[test]
fn an_agent_never_certifies_themselves() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let own_mail = requested("Camille@Val-Fleuri.example");
    assert_eq!(open_with(&by, &device.reader, own_mail, START).err(), Some(DeskRefusal::OwnIdentity));
    let own_card = Declared { card: Some(card("X").key()), ..Declared::default() };
    for declared in [own_card, declared("Dubois", "1962-08-24")] {
        let by = Agent { declared, ..by.clone() };
        let (case, _) = opened(&by, &device.reader);
        let (refusal, over) = case.read(&desk_card("X"), &in_force(), &by, START).expect_err("own");
        assert_eq!(refusal, DeskRefusal::OwnIdentity);
        let AnyCase::Decided(over) = over else { panic!("it ends") };
        assert_eq!(over.outcome(), Outcome::Refused(Reason::OwnIdentity));
    }
}

#[test]
fn a_qr_code_opens_one_case_for_an_agent_and_a_reader_of_one_commune() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let open = |by: &Agent, reader: &Reader, identity| open_with(by, reader, identity, START).err();
    let identity = || requested("angela@exemple.fr");
    let elsewhere = self::device(2, "01001").reader;
    assert_eq!(open(&by, &elsewhere, identity()), Some(DeskRefusal::ReaderElsewhere));
    let withdrawn = Reader { state: ReaderState::Withdrawn, ..device.reader.clone() };
    assert_eq!(open(&by, &withdrawn, identity()), Some(DeskRefusal::ReaderWithdrawn));
    let proposed = Reader { state: ReaderState::Proposed, ..device.reader.clone() };
    assert_eq!(open(&by, &proposed, identity()), Some(DeskRefusal::ReaderProposed));
    let (_, at_desk) = opened(&by, &device.reader);
    let used = Some(DeskRefusal::Card(Refusal::RequestUsed));
    assert_eq!(open(&by, &device.reader, at_desk.clone().into()), used);
    assert_eq!(open(&by, &device.reader, at_desk.refuse(START).into()), used, "spent whatever comes of it");
    let late = open_with(&by, &device.reader, identity(), START.plus(crate::cnie::REQUEST)).err();
    assert_eq!(late, Some(DeskRefusal::Card(Refusal::RequestLate)));
    let (presented, other) = (presented(), QrSecret::new([8; 32]));
    let scan = Scan { presented: &presented, secret: &other, identity: identity(), reader: &device.reader };
    let forged = Case::open(&duty(&by), &by, scan, opening(START)).err();
    assert_eq!(forged, Some(DeskRefusal::Card(Refusal::RequestUnknown)));
    let (presented, secret) = (self::presented(), QrSecret::new(SECRET));
    let scan = Scan { presented: &presented, secret: &secret, identity: identity(), reader: &device.reader };
    let other = Case::open(&duty(&agent(2, "75056")), &by, scan, opening(START)).err();
    assert_eq!(other, Some(DeskRefusal::OtherAgent));
}

#[test]
fn only_the_card_of_the_request_goes_on() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let clone = DeskCard::of_test(ReadCard::of_test("X", [8; 32], after(9_999)), &CardSecret::new(SECRET));
    for other in [desk_card("Y"), clone] {
        let (case, _) = opened(&by, &device.reader);
        let (refusal, kept) = case.read(&other, &in_force(), &by, START).expect_err("another card");
        assert_eq!(refusal, DeskRefusal::Card(Refusal::OtherCard));
        let AnyCase::Scanned(kept) = kept else { panic!("another can be tried") };
        assert_eq!(kept.trouble(), Some(refusal), "for the agent to see");
    }
    let (case, _) = opened(&by, &device.reader);
    let late = case.read(&desk_card("X"), &in_force(), &by, after(3600)).expect_err("an hour");
    assert_eq!(late.0, DeskRefusal::CaseLate);
    let (case, _) = opened(&by, &device.reader);
    let other = case.read(&desk_card("X"), &in_force(), &agent(2, "75056"), START).expect_err("not theirs");
    assert_eq!(other.0, DeskRefusal::OtherAgent);
}

#[test]
fn a_card_that_its_authority_withdrew_ends_the_case_and_says_by_which_answer() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let over = opened(&by, &device.reader).0.withdrawn("ref-2".into(), after(30));
    assert_eq!(over.outcome(), Outcome::Refused(Reason::CardWithdrawn));
    assert_eq!(over.evidence().status.as_deref(), Some("ref-2"));
}

#[test]
fn a_card_is_tried_six_times() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let (mut case, _) = opened(&by, &device.reader);
    for _ in 0..6 {
        case = case.troubled(DeskRefusal::NoFace).try_card(START).expect("may be tried");
        assert_eq!(case.trouble(), None);
    }
    let (refusal, over) = case.try_card(START).expect_err("once too often");
    assert_eq!(refusal, DeskRefusal::TriesSpent);
    assert!(matches!(over, AnyCase::Decided(over) if over.outcome() == Outcome::Refused(Reason::TriesSpent)));
}

#[test]
fn a_verdict_counts_once_for_its_case_by_its_reader_and_of_now() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let case = read(opened(&by, &device.reader).0, &by, after(60));
    let any = AnyCase::from(case.clone());
    let with = |name: &str, value: Value| {
        let mut claims = claims(&any, "match", after(90));
        claims[name] = value;
        Verdict::verify(&device.sign(&claims), &device.reader, &case, after(90)).err()
    };
    assert_eq!(with("case", json!(any.id())), None);
    assert_eq!(with("case", json!(CaseId::from_random([8; 16]))), Some(DeskRefusal::VerdictOtherCase));
    for nonce in [base64url(&[8; 32]), String::new(), "=".into()] {
        assert_eq!(with("nonce", json!(nonce)), Some(DeskRefusal::VerdictNonce));
    }
    for (name, bad) in [("result", json!("MATCH")), ("result", json!(true)), ("iat", json!("now")), ("case", json!(1))]
    {
        assert_eq!(with(name, bad), Some(DeskRefusal::VerdictMalformed), "{name}");
    }
    let made = |at: i64| with("iat", json!(START.epoch() + at));
    assert_eq!((made(100), made(50)), (None, None), "ten seconds of skew");
    assert_eq!(made(101), Some(DeskRefusal::VerdictLate), "from the future");
    assert_eq!(made(49), Some(DeskRefusal::VerdictLate), "before the card was read");
    let at = |now| Verdict::verify(&device.sign(&claims(&any, "match", after(90))), &device.reader, &case, after(now));
    assert!(at(220).is_ok());
    assert_eq!(at(221).err(), Some(DeskRefusal::VerdictLate));
    let other = self::device(1, "75056");
    let forged = other.sign(&claims(&any, "match", after(90)));
    assert_eq!(Verdict::verify(&forged, &device.reader, &case, after(90)).err(), Some(DeskRefusal::VerdictSignature));
    let foreign = self::device(2, "75056");
    assert_eq!(verdict(&foreign, &case, "match", after(90)).err(), Some(DeskRefusal::OtherReader));
    let withdrawn = Reader { state: ReaderState::Withdrawn, ..device.reader.clone() };
    let signed = device.sign(&claims(&any, "match", after(90)));
    assert_eq!(Verdict::verify(&signed, &withdrawn, &case, after(90)).err(), Some(DeskRefusal::ReaderWithdrawn));
    let proposed = Reader { state: ReaderState::Proposed, ..device.reader.clone() };
    assert_eq!(Verdict::verify(&signed, &proposed, &case, after(90)).err(), Some(DeskRefusal::ReaderProposed));
    for bad in ["", "a.b.c", &format!("{signed}.x")] {
        assert_eq!(
            Verdict::verify(bad, &device.reader, &case, after(90)).err(),
            Some(DeskRefusal::VerdictMalformed),
            "{bad}"
        );
    }
}

#[test]
fn a_verdict_of_one_case_does_not_serve_another() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let one = read(opened(&by, &device.reader).0, &by, after(60));
    let good = verdict(&device, &one, "match", after(90)).expect("signed");
    let mut other = one;
    other.base.id = CaseId::from_random([9; 16]);
    assert_eq!(other.finger(&good, after(90)).expect_err("another").0, DeskRefusal::VerdictOtherCase);
}

#[test]
fn a_finger_that_does_not_match_or_cannot_be_taken_ends_the_case() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    for (result, outcome) in
        [("no_match", Outcome::Refused(Reason::FingerMismatch)), ("not_capturable", Outcome::CaptureImpossible)]
    {
        let case = read(opened(&by, &device.reader).0, &by, after(60));
        let verdict = verdict(&device, &case, result, after(90)).expect("signed");
        let over = case.finger(&verdict, after(90)).expect("in time");
        let AnyCase::Decided(decided) = &over else { panic!("{result}") };
        assert_eq!(decided.outcome(), outcome);
        assert_eq!(decided.evidence().finger.map(Finger::name), Some(result), "what it stands on is kept");
        assert!(over.papers().is_none(), "nothing of the card is kept");
    }
}

#[test]
fn each_open_step_is_refused_by_its_agent_with_a_reason_and_lapses_after_an_hour() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let why = Chosen::parse("not_the_same_person").expect("known");
    let awaiting = matched(&by, &device).same_person(&duty(&by), Some(Tie::Household), after(90)).expect("theirs");
    let Seen::Awaiting(awaiting) = awaiting else { panic!("a colleague is due") };
    let steps: [AnyCase; 4] = [
        opened(&by, &device.reader).0.into(),
        read(opened(&by, &device.reader).0, &by, START).into(),
        matched(&by, &device).into(),
        awaiting.into(),
    ];
    for case in steps {
        let until = case.until().expect("open");
        let before = Timestamp::from_epoch(until.epoch() - 1);
        let refused = case.clone().refuse(&duty(&by), why, before).expect("theirs");
        assert_eq!(refused.outcome(), Outcome::Refused(Reason::NotTheSamePerson));
        assert!(AnyCase::from(refused.clone()).papers().is_none());
        let again = AnyCase::from(refused).refuse(&duty(&by), why, before).expect_err("over");
        assert_eq!(again.0, DeskRefusal::CaseOver);
        let late = case.clone().refuse(&duty(&by), why, until).expect_err("an hour");
        assert_eq!(late.0, DeskRefusal::CaseLate);
        let elsewhere = case.clone().refuse(&duty(&agent(3, "01001")), why, before).expect_err("elsewhere");
        assert_eq!(elsewhere.0, DeskRefusal::CaseUnknown);
        let colleague = case.clone().refuse(&duty(&agent(2, "75056")), why, before);
        match &case {
            AnyCase::Awaiting(_) => assert_eq!(colleague.expect("asked").second(), Some(&agent(2, "75056").id)),
            _ => assert_eq!(colleague.expect_err("not asked").0, DeskRefusal::OtherAgent),
        }
        assert!(matches!(case.clone().settle(before), Settled::Same(_)));
        let Settled::Lapsed(lapsed) = case.settle(until) else { panic!("it lapses") };
        assert_eq!(lapsed.outcome(), Outcome::Lapsed);
        assert!(matches!(AnyCase::from(lapsed).settle(after(9_999_999)), Settled::Same(_)));
    }
}

#[test]
fn a_case_is_kept_and_read_back_at_each_step_without_a_word_of_its_citizen() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let seen = matched(&by, &device).same_person(&duty(&by), None, after(180)).expect("theirs");
    let Seen::Approved(approved, _) = seen else { panic!("no tie") };
    let steps: [AnyCase; 4] = [
        opened(&by, &device.reader).0.into(),
        read(opened(&by, &device.reader).0, &by, START).into(),
        matched(&by, &device).into(),
        approved.into(),
    ];
    for case in steps {
        let text = serde_json::to_string(&case).expect("plain");
        let back: AnyCase = serde_json::from_str(&text).expect("as written");
        assert_eq!(serde_json::to_string(&back).expect("plain"), text);
        assert!(!text.contains("DUBOIS") && !text.contains("1962"), "{text}");
    }
}

#[test]
fn fast_and_many_cases_are_told() {
    use super::alarm::{Alarm, alarms};
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let approved = |at| {
        let seen = matched(&by, &device).same_person(&duty(&by), None, after(at)).expect("theirs");
        let Seen::Approved(case, _) = seen else { panic!("no tie") };
        case
    };
    assert_eq!(alarms(&approved(180), 20), []);
    assert_eq!(alarms(&approved(180), 21), [Alarm::ManyCases]);
    assert_eq!(alarms(&approved(100), 1), []);
    let mut fast = approved(100);
    fast.step.at = after(59);
    assert_eq!(alarms(&fast, 21), [Alarm::FastCase, Alarm::ManyCases]);
    fast.step.outcome = Outcome::Refused(Reason::Mistake);
    assert_eq!(alarms(&fast, 1), [], "a refusal may be quick");
}

#[test]
fn an_identity_that_went_away_ends_its_case() {
    let (by, device) = (agent(1, "75056"), device(1, "75056"));
    let gone = AnyCase::from(matched(&by, &device)).gone(after(100));
    let AnyCase::Decided(over) = gone.clone() else { panic!("it ends") };
    assert_eq!(over.outcome(), Outcome::Refused(Reason::IdentityGone));
    assert!(matches!(gone.gone(after(200)), AnyCase::Decided(again) if again.at() == after(100)), "once");
}

#[test]
fn the_median_is_the_time_that_half_of_the_cases_keep() {
    use super::alarm::median;
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[200]), Some(200));
    assert_eq!(median(&[100, 200]), Some(100));
    assert_eq!(median(&[100, 200, 900]), Some(200));
}

/// What can happen at a desk, in any order.
#[derive(Debug, Clone, Copy)]
enum Event {
    Wait(u32),
    Try,
    Card(Laid),
    Finger(&'static str),
    Yes { agent: u8, tie: Option<Tie> },
    Confirm(u8),
    No,
}

#[derive(Debug, Clone, Copy)]
enum Laid {
    Right,
    Other,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (1_u32..90).prop_map(Event::Wait),
        (1_u32..4000).prop_map(Event::Wait),
        Just(Event::Try),
        Just(Event::Card(Laid::Right)),
        Just(Event::Card(Laid::Right)),
        Just(Event::Card(Laid::Other)),
        Just(Event::Finger("match")),
        Just(Event::Finger("match")),
        Just(Event::Finger("no_match")),
        Just(Event::Finger("not_capturable")),
        (1_u8..3).prop_map(|agent| Event::Yes { agent, tie: None }),
        Just(Event::Yes { agent: 1, tie: Some(Tie::Household) }),
        (1_u8..3).prop_map(Event::Confirm),
        Just(Event::No),
    ]
}

/// What must have happened for an approval, kept beside the case and by other means.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that happened or not")]
struct Model {
    card: bool,
    finger: bool,
    eyes: bool,
    colleague_due: bool,
    colleague: bool,
    over: bool,
}

impl Model {
    const fn earned(self) -> bool {
        self.card && self.finger && self.eyes && (self.colleague || !self.colleague_due)
    }
}

fn walk(events: &[Event]) -> (u32, Model) {
    let device = device(1, "75056");
    let agents = [agent(1, "75056"), agent(2, "75056")];
    let by = |number: u8| duty(&agents[usize::from(number) - 1]);
    let (mut now, mut approvals, mut model) = (START, 0, Model::default());
    let mut case = AnyCase::from(opened(&agents[0], &device.reader).0);
    for event in events {
        case = match case.settle(now) {
            Settled::Same(case) => case,
            Settled::Lapsed(case) => {
                model.over = true;
                case.into()
            }
        };
        case = match (*event, case) {
            (Event::Wait(seconds), case) => {
                now = now.plus(Lifetime::seconds(seconds));
                case
            }
            (Event::Try, AnyCase::Scanned(case)) => match case.try_card(now) {
                Ok(case) => case.into(),
                Err((_, case)) => {
                    model.over = true;
                    case
                }
            },
            (Event::Card(laid), AnyCase::Scanned(case)) => {
                let number = match laid {
                    Laid::Right => "X",
                    Laid::Other => "Y",
                };
                match case.read(&desk_card(number), &in_force(), &agents[0], now) {
                    Ok(case) => {
                        model.card = true;
                        case.into()
                    }
                    Err((_, case)) => case,
                }
            }
            (Event::Finger(result), AnyCase::Read(case)) => {
                let verdict = verdict(&device, &case, result, now).expect("signed");
                model.finger = result == "match";
                model.over = result != "match";
                let case = case.finger(&verdict, now).expect("in time");
                case.photo_handed_to(&by(1)).unwrap_or(case)
            }
            (Event::Yes { agent, tie }, AnyCase::Matched(case)) => match case.same_person(&by(agent), tie, now) {
                Ok(Seen::Approved(case, _)) => {
                    (model.eyes, approvals) = (agent == 1, approvals + 1);
                    case.into()
                }
                Ok(Seen::Awaiting(case)) => {
                    (model.eyes, model.colleague_due) = (agent == 1, true);
                    case.into()
                }
                Err((_, case)) => case.into(),
            },
            (Event::Confirm(agent), AnyCase::Awaiting(case)) => {
                match confirmed(case, &agents[usize::from(agent) - 1], now) {
                    Ok((case, _)) => {
                        (model.colleague, approvals) = (agent == 2, approvals + 1);
                        case.into()
                    }
                    Err((_, case)) => case.into(),
                }
            }
            (Event::No, case) => match case.refuse(&by(1), Chosen::parse("mistake").expect("known"), now) {
                Ok(case) => {
                    model.over = true;
                    case.into()
                }
                Err((_, case)) => case,
            },
            (_, case) => case,
        };
    }
    (approvals, model)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_order_of_events_approves_without_card_finger_and_eyes(events in prop::collection::vec(event(), 0..14)) {
        let (approvals, model) = walk(&events);
        prop_assert_eq!(approvals == 1, model.earned(), "{:?}", model);
        prop_assert!(approvals <= 1 && !(approvals == 1 && model.over), "{:?}", model);
    }
}

#[test]
fn the_straight_path_approves_and_no_step_of_it_can_be_left_out() {
    let steps = [Event::Card(Laid::Right), Event::Finger("match"), Event::Yes { agent: 1, tie: None }];
    assert_eq!(walk(&steps).0, 1);
    for missing in 0..steps.len() {
        let mut steps = steps.to_vec();
        steps.remove(missing);
        assert_eq!(walk(&steps).0, 0, "without {missing}");
    }
}

/// The refusals of this module that no rule here decides: a handler finds nothing, or something else than is called for.
const FOUND_BY_HANDLERS: [DeskRefusal; 4] =
    [DeskRefusal::OutOfTurn, DeskRefusal::ReaderUnknown, DeskRefusal::ReaderBusy, DeskRefusal::VerdictUsed];

#[test]
fn every_refusal_is_met_by_a_test_above_or_by_a_handler() {
    let text = include_str!("tests.rs");
    let unmet: BTreeSet<_> = DeskRefusal::OWN
        .iter()
        .filter(|refusal| !FOUND_BY_HANDLERS.contains(refusal))
        .filter(|refusal| !text.contains(&format!("DeskRefusal::{refusal:?}")))
        .map(|refusal| refusal.code())
        .collect();
    assert_eq!(unmet, BTreeSet::new());
}
