//! The screens of the desk in every state, for the tests that hold every page.

use axum::response::Response;
use domain::cnie::case::{Awaits, DeskRefusal, Outcome as Came, Picture, Reason, Shown, Standing, Tie};
use domain::cnie::refusal::Refusal;
use domain::cnie::transaction::Octets;
use domain::id::{AgentId, CaseId, Kid, ReaderId};
use domain::identity::pivot::{Birthdate, Gender};
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::people::agent::{Agent, AgentState, Role, Roles, Terms};
use domain::people::commune::{Commune, CommuneCode, CommuneState};
use domain::people::name::{MailAddress, Name};
use domain::people::reader::{Reader, ReaderKey, ReaderState};
use domain::time::Timestamp;
use http::StatusCode;

use super::desk::{CardScreen, Eyes, FaceScreen, FingerScreen, Home, Line, Outcome, Refused, Saying};
use super::people::Here;
use super::{Page, View as _};
use crate::config::Cards;

/// A moment of a Tuesday.
const NOW: Timestamp = Timestamp::from_epoch(1_795_520_000);

/// What comes from outside: the name of whoever is shown, as far as it can be one.
struct Staff {
    agent: Agent,
    commune: Commune,
    readers: Vec<Reader>,
    shown: Shown,
}

impl Staff {
    fn named(name: &str) -> Self {
        let commune = CommuneCode::parse("26362").expect("a code");
        let short: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
        let plain = |fallback: &str| Name::parse(&short).unwrap_or_else(|_| Name::parse(fallback).expect("a name"));
        let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
        let reader = |number| Reader {
            id: ReaderId::from_random([number; 16]),
            commune: commune.clone(),
            name: plain("Guichet 1"),
            key: ReaderKey::of(key.public().document()).expect("P-256"),
            state: ReaderState::Registered,
            proved: None,
        };
        let terms = Terms { roles: Roles::of([Role::Agent]).expect("one"), trained: None, authorised: None };
        let agent = Agent {
            id: AgentId::from_random([1; 16]),
            commune: commune.clone(),
            name: plain("Camille Berger"),
            mail: MailAddress::parse("camille@val-fleuri.example").expect("an address"),
            terms,
            state: AgentState::Active,
            declared: domain::cnie::case::Declared::default(),
        };
        let shown = Shown {
            surname: name.to_owned(),
            given_names: name.to_owned(),
            birthdate: Birthdate::parse("1962-08-24").expect("a day"),
            gender: Gender::Female,
            birthplace: Some(name.to_owned()),
            picture: Picture::Jpeg,
            image: Octets(Vec::new()),
        };
        let state = CommuneState::Certifying { from: Timestamp::from_epoch(0) };
        let town = Commune { code: commune.clone(), name: plain("Val-Fleuri"), state };
        Self { agent, commune: town, readers: vec![reader(1), reader(2)], shown }
    }
}

fn line(number: u8, outcome: Option<Came>, standing: Standing, awaits: Option<Awaits>) -> Line {
    let opened = Timestamp::from_epoch(NOW.epoch() - i64::from(number) * 600);
    let seconds = outcome.map(|_| 130 + u32::from(number) * 17);
    Line { id: CaseId::from_random([number; 16]), opened, seconds, outcome, standing, awaits }
}

/// Renders every screen in every state.
pub(crate) fn all(page: Page<'_>, name: &str, csrf: &str, pages: &mut Vec<(String, Response)>) {
    let staff = Staff::named(name);
    let here = Here { agent: &staff.agent, commune: &staff.commune, csrf, administers: false };
    homes(page, here, &staff, name, pages);
    let (id, simulated) = (&CaseId::from_random([9; 16]), Cards::Simulated);
    let mut add = |name: String, response: Response| pages.push((name, response));
    for (name, trouble, saying) in [
        ("waiting", None, Saying::Nothing),
        ("other", Some(DeskRefusal::Card(Refusal::OtherCard)), Saying::Nothing),
        ("silent", Some(DeskRefusal::Card(Refusal::AuthoritySilent)), Saying::Nothing),
        ("again", Some(DeskRefusal::CaseUnknown), Saying::Nothing),
        ("no", None, Saying::No),
    ] {
        let view = CardScreen { page, here, simulated, id, step: 1, trouble, saying };
        add(format!("desk-card-{name}"), view.answer(StatusCode::OK));
    }
    for (name, saying) in [("waiting", Saying::Nothing), ("no", Saying::No)] {
        let view = FingerScreen { page, here, simulated: Cards::Real, id, step: 1, saying };
        add(format!("desk-finger-{name}"), view.answer(StatusCode::OK));
    }
    for (name, eyes, saying) in [
        ("first", Eyes::First(None), Saying::Nothing),
        ("namesake", Eyes::First(Some(Tie::SameName)), Saying::Nothing),
        ("undeclared", Eyes::First(Some(Tie::Undeclared)), Saying::Nothing),
        ("second", Eyes::Second, Saying::Nothing),
        ("waiting", Eyes::Waiting, Saying::Nothing),
        ("no", Eyes::First(None), Saying::No),
    ] {
        let view = FaceScreen { page, here, simulated, id, step: 1, shown: &staff.shown, eyes, saying };
        add(format!("desk-face-{name}"), view.answer(StatusCode::OK));
    }
    for (name, outcome) in [
        ("approved", Came::Approved),
        ("failed", Came::Refused(Reason::FingerMismatch)),
        ("lapsed", Came::Lapsed),
        ("capture", Came::CaptureImpossible),
    ] {
        let view = Outcome { page, here, simulated, came: outcome, at: NOW, seconds: 192 };
        add(format!("desk-outcome-{name}"), view.answer(StatusCode::OK));
    }
    for refusal in [
        DeskRefusal::OtherAgent,
        DeskRefusal::SecondIsFirst,
        DeskRefusal::SecondIsClose,
        DeskRefusal::SecondUndeclared,
        DeskRefusal::PhotoUnseen,
        DeskRefusal::CaseOver,
        DeskRefusal::CaseUnknown,
    ] {
        let view = Refused { page, here, refusal, occurrence: "7Q2M-9KXD-41HV" };
        add(format!("desk-refused-{}", refusal.code()), view.answer(StatusCode::FORBIDDEN));
    }
}

fn homes(page: Page<'_>, here: Here<'_>, staff: &Staff, typed: &str, pages: &mut Vec<(String, Response)>) {
    let outcomes = [Came::Approved, Came::Refused(Reason::FingerMismatch), Came::CaptureImpossible, Came::Lapsed];
    for (name, told, busy) in [
        ("empty", None, false),
        ("busy", None, true),
        ("used", Some(DeskRefusal::Card(Refusal::RequestUsed)), true),
        ("unknown", Some(DeskRefusal::Card(Refusal::RequestUnknown)), false),
        ("reader", Some(DeskRefusal::ReaderBusy), false),
    ] {
        let open = vec![
            line(1, None, Standing::Own, Some(Awaits::Card)),
            line(2, None, Standing::Own, None),
            line(3, None, Standing::Second, None),
        ];
        let today = (4_u8..).zip(outcomes).map(|(at, outcome)| line(at, Some(outcome), Standing::Own, None));
        let view = Home {
            page,
            here,
            simulated: if busy { Cards::Simulated } else { Cards::Real },
            readers: if name == "empty" { &[] } else { &staff.readers },
            chosen: staff.readers.last().map(|reader| &reader.id),
            open: if busy { open } else { Vec::new() },
            today: if busy { today.collect() } else { Vec::new() },
            median: busy.then_some(187),
            told,
            typed: if busy { typed } else { "" },
        };
        pages.push((format!("desk-home-{name}"), view.answer(StatusCode::OK)));
    }
}
