//! The five screens of the desk, for an agent with three minutes and a queue: one thing to do on each, the photo large, no
//! word that the citizen may not read over the counter.

use askama::Template;
use domain::cnie::ACTIVATION;
use domain::cnie::case::{Awaits, Chosen, DeskRefusal, Outcome as Came, Reason, Shown, Standing, Tie};
use domain::cnie::refusal::Refusal;
use domain::id::{CaseId, ReaderId};
use domain::identity::pivot::Gender;
use domain::people::reader::Reader;
use domain::time::Timestamp;

use super::people::Here;
use super::text::Texts;
use super::{Forms, Page, View, paris};
use crate::config::Cards;

/// 1: scan.
#[derive(Debug, Template)]
#[template(path = "desk_home.html")]
pub(crate) struct Home<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// Whose cards are taken.
    pub(crate) simulated: Cards,
    /// The readers of the commune.
    pub(crate) readers: &'a [Reader],
    /// The one that the agent used last.
    pub(crate) chosen: Option<&'a ReaderId>,
    /// The cases that the agent has something to do with.
    pub(crate) open: Vec<Line>,
    /// The cases that ended today.
    pub(crate) today: Vec<Line>,
    /// How many seconds half of the commune's cases take.
    pub(crate) median: Option<u32>,
    /// Why the last scan came to nothing.
    pub(crate) told: Option<DeskRefusal>,
    /// What stands in the field.
    pub(crate) typed: &'a str,
}

/// A case in a list: no name, nothing of the citizen.
#[derive(Debug)]
pub(crate) struct Line {
    /// The case.
    pub(crate) id: CaseId,
    /// When it was opened.
    pub(crate) opened: Timestamp,
    /// How many seconds it took.
    pub(crate) seconds: Option<u32>,
    /// How.
    pub(crate) outcome: Option<Came>,
    /// How the agent stands to it.
    pub(crate) standing: Standing,
    /// What its reader is awaited for.
    pub(crate) awaits: Option<Awaits>,
}

impl Home<'_> {
    fn code(&self) -> Option<&'static str> {
        self.told.map(DeskRefusal::code)
    }

    fn told_words(&self) -> Option<&'static str> {
        let t = self.page.t;
        Some(match self.told? {
            DeskRefusal::Card(Refusal::RequestUsed) => t.scan_used(),
            DeskRefusal::Card(Refusal::RequestLate) => t.scan_late(),
            DeskRefusal::Card(_) => t.scan_unknown(),
            DeskRefusal::OwnIdentity => t.scan_own(),
            DeskRefusal::ReaderBusy => t.scan_busy(),
            DeskRefusal::ReaderUnknown
            | DeskRefusal::ReaderProposed
            | DeskRefusal::ReaderWithdrawn
            | DeskRefusal::ReaderElsewhere => t.scan_reader(),
            other @ (DeskRefusal::CaseUnknown
            | DeskRefusal::CaseOver
            | DeskRefusal::CaseLate
            | DeskRefusal::OutOfTurn
            | DeskRefusal::OtherAgent
            | DeskRefusal::SecondIsFirst
            | DeskRefusal::SecondIsClose
            | DeskRefusal::SecondUndeclared
            | DeskRefusal::PhotoUnseen
            | DeskRefusal::TriesSpent
            | DeskRefusal::OtherReader
            | DeskRefusal::NoFace
            | DeskRefusal::VerdictMalformed
            | DeskRefusal::VerdictSignature
            | DeskRefusal::VerdictOtherCase
            | DeskRefusal::VerdictNonce
            | DeskRefusal::VerdictLate
            | DeskRefusal::VerdictUsed) => explanation(other, t).1,
        })
    }

    fn is_chosen(&self, reader: &Reader) -> bool {
        self.chosen.is_some_and(|chosen| *chosen == reader.id)
    }

    fn hour(&self, line: &Line) -> String {
        paris::hour_in_words(line.opened, self.page.t)
    }

    fn time(&self, line: &Line) -> Option<String> {
        line.seconds.map(|seconds| duration(seconds, self.page.t))
    }

    fn median_words(&self) -> Option<String> {
        self.median.map(|seconds| self.page.t.desk_median(&duration(seconds, self.page.t)))
    }

    fn open_words(&self, line: &Line) -> &'static str {
        let t = self.page.t;
        match (line.standing, line.awaits) {
            (Standing::Second, _) => t.line_second(),
            (Standing::Own | Standing::Colleague, Some(Awaits::Card)) => t.line_card(),
            (Standing::Own | Standing::Colleague, Some(Awaits::Finger)) => t.line_finger(),
            (Standing::Own | Standing::Colleague, None) => t.line_face(),
        }
    }

    /// How a case ended: its own agent reads why, behind the counter and after the citizen left.
    fn outcome_words(&self, line: &Line) -> String {
        let t = self.page.t;
        let outcome = match line.outcome {
            Some(Came::Approved) => t.line_approved(),
            Some(Came::Refused(_)) | None => t.line_refused(),
            Some(Came::CaptureImpossible) => t.line_capture(),
            Some(Came::Lapsed) => t.line_lapsed(),
        };
        match (line.standing, line.outcome.and_then(Came::reason)) {
            (Standing::Own, Some(reason)) => format!("{outcome} · {}", reason_words(reason, t)),
            (Standing::Own | Standing::Second | Standing::Colleague, _) => outcome.to_owned(),
        }
    }
}

/// What the agent is about to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saying {
    /// Nothing yet.
    Nothing,
    /// No: the reasons are shown.
    No,
}

/// 2: the card.
#[derive(Debug, Template)]
#[template(path = "desk_card.html")]
pub(crate) struct CardScreen<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// Whose cards are taken.
    pub(crate) simulated: Cards,
    /// The case.
    pub(crate) id: &'a CaseId,
    /// What its state is called: another, and the screen is another.
    pub(crate) step: i64,
    /// What came of the last card on the reader.
    pub(crate) trouble: Option<DeskRefusal>,
    /// What the agent is about to say.
    pub(crate) saying: Saying,
}

impl CardScreen<'_> {
    fn code(&self) -> Option<&'static str> {
        self.trouble.map(DeskRefusal::code)
    }

    fn trouble_words(&self) -> Option<&'static str> {
        let t = self.page.t;
        Some(match self.trouble? {
            DeskRefusal::Card(Refusal::OtherCard) => t.card_screen_other(),
            DeskRefusal::Card(Refusal::CardExpired) => t.card_screen_expired(),
            DeskRefusal::Card(Refusal::NotAdult) => t.card_screen_minor(),
            DeskRefusal::Card(Refusal::AuthoritySilent) => t.card_screen_silent(),
            DeskRefusal::Card(Refusal::SimulatorCard) => t.card_screen_simulator(),
            DeskRefusal::Card(Refusal::CardNotAuthentic | Refusal::ChipNotGenuine | Refusal::NoChipKey) => {
                t.card_screen_not_genuine()
            }
            DeskRefusal::NoFace => t.card_screen_no_face(),
            DeskRefusal::CaseUnknown
            | DeskRefusal::CaseOver
            | DeskRefusal::CaseLate
            | DeskRefusal::OutOfTurn
            | DeskRefusal::OtherAgent
            | DeskRefusal::SecondIsFirst
            | DeskRefusal::SecondIsClose
            | DeskRefusal::SecondUndeclared
            | DeskRefusal::PhotoUnseen
            | DeskRefusal::OwnIdentity
            | DeskRefusal::TriesSpent
            | DeskRefusal::ReaderUnknown
            | DeskRefusal::ReaderProposed
            | DeskRefusal::ReaderWithdrawn
            | DeskRefusal::ReaderElsewhere
            | DeskRefusal::OtherReader
            | DeskRefusal::ReaderBusy
            | DeskRefusal::VerdictMalformed
            | DeskRefusal::VerdictSignature
            | DeskRefusal::VerdictOtherCase
            | DeskRefusal::VerdictNonce
            | DeskRefusal::VerdictLate
            | DeskRefusal::VerdictUsed
            | DeskRefusal::Card(_) => t.card_screen_again(),
        })
    }
}

/// 3: the finger.
#[derive(Debug, Template)]
#[template(path = "desk_finger.html")]
pub(crate) struct FingerScreen<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// Whose cards are taken.
    pub(crate) simulated: Cards,
    /// The case.
    pub(crate) id: &'a CaseId,
    /// What its state is called: another, and the screen is another.
    pub(crate) step: i64,
    /// What the agent is about to say.
    pub(crate) saying: Saying,
}

/// Whose eyes look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eyes {
    /// The agent's; a colleague's after, where that is known to be due.
    First(Option<Tie>),
    /// A colleague's, after the agent's.
    Second,
    /// The agent's, which wait for a colleague's.
    Waiting,
}

/// 4: photo and names.
#[derive(Debug, Template)]
#[template(path = "desk_face.html")]
pub(crate) struct FaceScreen<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// Whose cards are taken.
    pub(crate) simulated: Cards,
    /// The case.
    pub(crate) id: &'a CaseId,
    /// What its state is called: another, and the screen is another.
    pub(crate) step: i64,
    /// What the chip says.
    pub(crate) shown: &'a Shown,
    /// Whose eyes look.
    pub(crate) eyes: Eyes,
    /// What the agent is about to say.
    pub(crate) saying: Saying,
}

impl FaceScreen<'_> {
    fn birth(&self) -> String {
        paris::birthdate_in_words(self.shown.birthdate, self.page.t)
    }

    const fn gender(&self) -> &'static str {
        match self.shown.gender {
            Gender::Female => self.page.t.gender_female(),
            Gender::Male => self.page.t.gender_male(),
            Gender::Unspecified => self.page.t.gender_unspecified(),
        }
    }

    fn is_waiting(&self) -> bool {
        self.eyes == Eyes::Waiting
    }

    fn is_first(&self) -> bool {
        matches!(self.eyes, Eyes::First(_))
    }

    const fn is_namesake(&self) -> bool {
        matches!(self.eyes, Eyes::First(Some(Tie::SameName)))
    }

    const fn is_undeclared(&self) -> bool {
        matches!(self.eyes, Eyes::First(Some(Tie::Undeclared)))
    }

    const fn lead(&self) -> &'static str {
        match self.eyes {
            Eyes::First(_) => self.page.t.face_lead(),
            Eyes::Second => self.page.t.face_second(),
            Eyes::Waiting => self.page.t.face_waiting(),
        }
    }
}

/// 5: what came of it. The citizen may read it: of all refusals it is the same page.
#[derive(Debug, Template)]
#[template(path = "desk_outcome.html")]
pub(crate) struct Outcome<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// Whose cards are taken.
    pub(crate) simulated: Cards,
    /// What came of the case.
    pub(crate) came: Came,
    /// When.
    pub(crate) at: Timestamp,
    /// After how many seconds.
    pub(crate) seconds: u32,
}

impl Outcome<'_> {
    /// The one word that machines read: a refusal and a lapse are the same.
    const fn name(&self) -> &'static str {
        match self.came {
            Came::Approved => "approved",
            Came::CaptureImpossible => "capture_impossible",
            Came::Refused(_) | Came::Lapsed => "failed",
        }
    }

    const fn title(&self) -> &'static str {
        match self.came {
            Came::Approved => self.page.t.outcome_approved(),
            Came::CaptureImpossible => self.page.t.outcome_capture(),
            Came::Refused(_) | Came::Lapsed => self.page.t.outcome_failed(),
        }
    }

    fn paragraphs(&self) -> Vec<String> {
        let t = self.page.t;
        match self.came {
            Came::Approved => {
                let until = paris::in_words(self.at.plus(ACTIVATION), t);
                vec![t.outcome_approved_next(&until), t.outcome_approved_where().to_owned()]
            }
            Came::CaptureImpossible => vec![t.outcome_capture_next().to_owned()],
            Came::Refused(_) | Came::Lapsed => vec![t.outcome_failed_next().to_owned()],
        }
    }

    fn time(&self) -> String {
        self.page.t.outcome_time(&duration(self.seconds, self.page.t))
    }
}

/// What the desk refuses, to an agent.
#[derive(Debug, Template)]
#[template(path = "desk_refused.html")]
pub(crate) struct Refused<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// What is refused.
    pub(crate) refusal: DeskRefusal,
    /// The number of this occurrence.
    pub(crate) occurrence: &'a str,
}

impl Refused<'_> {
    const fn title(&self) -> &'static str {
        explanation(self.refusal, self.page.t).0
    }

    const fn explanation(&self) -> &'static str {
        explanation(self.refusal, self.page.t).1
    }
}

const fn explanation(refusal: DeskRefusal, t: Texts) -> (&'static str, &'static str) {
    match refusal {
        DeskRefusal::OtherAgent => (t.desk_refused_other_title(), t.desk_refused_other()),
        DeskRefusal::SecondIsFirst => (t.desk_refused_second_title(), t.desk_refused_second()),
        DeskRefusal::SecondIsClose => (t.desk_refused_second_title(), t.desk_refused_close()),
        DeskRefusal::SecondUndeclared => (t.desk_refused_undeclared_title(), t.desk_refused_undeclared()),
        DeskRefusal::PhotoUnseen => (t.desk_refused_unseen_title(), t.desk_refused_unseen()),
        DeskRefusal::OwnIdentity => (t.desk_refused_own_title(), t.scan_own()),
        DeskRefusal::CaseLate | DeskRefusal::CaseOver => (t.desk_refused_over_title(), t.desk_refused_over()),
        DeskRefusal::CaseUnknown
        | DeskRefusal::OutOfTurn
        | DeskRefusal::TriesSpent
        | DeskRefusal::ReaderUnknown
        | DeskRefusal::ReaderProposed
        | DeskRefusal::ReaderWithdrawn
        | DeskRefusal::ReaderElsewhere
        | DeskRefusal::OtherReader
        | DeskRefusal::ReaderBusy
        | DeskRefusal::NoFace
        | DeskRefusal::VerdictMalformed
        | DeskRefusal::VerdictSignature
        | DeskRefusal::VerdictOtherCase
        | DeskRefusal::VerdictNonce
        | DeskRefusal::VerdictLate
        | DeskRefusal::VerdictUsed
        | DeskRefusal::Card(_) => (t.desk_refused_unknown_title(), t.desk_refused_unknown()),
    }
}

const fn reason_words(reason: Reason, t: Texts) -> &'static str {
    match reason {
        Reason::NotTheSamePerson => t.reason_person(),
        Reason::DoubtfulCard => t.reason_doubtful(),
        Reason::UnderConstraint => t.reason_constraint(),
        Reason::CardUnreadable => t.reason_unreadable(),
        Reason::CitizenLeft => t.reason_left(),
        Reason::Mistake => t.reason_mistake(),
        Reason::FingerMismatch => t.reason_finger(),
        Reason::CardWithdrawn => t.reason_withdrawn(),
        Reason::TriesSpent => t.reason_tries(),
        Reason::IdentityGone => t.reason_gone(),
        Reason::OwnIdentity => t.reason_own(),
    }
}

/// `3 min 05 s`, or `45 s`.
fn duration(seconds: u32, t: Texts) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => t.desk_seconds(&seconds.to_string()),
        (minutes, seconds) => t.desk_minutes(&minutes.to_string(), &format!("{seconds:02}")),
    }
}

/// What the screens of a case share.
impl Page<'_> {
    fn reasons(&self) -> Vec<(&'static str, &'static str)> {
        Chosen::REASONS.map(|reason| (reason.name(), reason_words(reason, self.t))).to_vec()
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    fn is_simulated(&self, cards: Cards) -> bool {
        cards == Cards::Simulated
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    fn says_no(&self, saying: Saying) -> bool {
        saying == Saying::No
    }
}

macro_rules! views {
    ($($view:ident: $forms:ident),+) => {
        $(impl View for $view<'_> {
            const FORMS: Forms = Forms::$forms;

            fn page(&self) -> &Page<'_> {
                &self.page
            }
        })+
    };
}

views!(Home: Stay, CardScreen: Waiting, FingerScreen: Waiting, FaceScreen: Waiting, Outcome: Stay, Refused: Stay);
