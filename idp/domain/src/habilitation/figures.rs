//! What a service is told of its sign-ins: how many, never whose (decisions/0037).
//!
//! ```text
//!  a step of a sign-in ──▶ Figure ──▶ Tally (one node, a few seconds) ──▶ registry ──▶ ServiceFigures ──▶ page, file
//! ```
//!
//! Days are those of UTC. What went wrong is told by groups that say no more than the answers of the protocol do; by which
//! provider people came is told by whole months that are over, and not of a few.

use std::collections::BTreeMap;

use crate::cnie::indicators::Month;
use crate::id::{ClientId, ProviderId};
use crate::level::Level;
use crate::oidc::error::AuthorizeError;
use crate::signin::AnySignIn;
use crate::signin::refusal::{Failure, Refusal, Setback};
use crate::time::Timestamp;

/// A day, in seconds.
const DAY: i64 = 86_400;
/// How many days a page tells of, the present one included.
pub const SHOWN: u16 = 90;
/// For how many days figures are kept: two years, and a month to look at the last one.
pub const KEPT: u16 = 762;
/// Of fewer people a provider is not told.
const FEW: u64 = 5;

/// A day of UTC, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day of a moment.
    pub const fn of(moment: Timestamp) -> Self {
        Self(moment.epoch().div_euclid(DAY))
    }

    /// The day of that number.
    pub const fn numbered(number: i64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Its first moment.
    pub const fn begins(self) -> Timestamp {
        Timestamp::from_epoch(self.0.saturating_mul(DAY))
    }

    /// The day so many before.
    #[must_use]
    pub fn before(self, days: u16) -> Self {
        Self(self.0.saturating_sub(days.into()))
    }

    /// As files and command lines write it (RFC 3339 `full-date`): `2026-11-22`.
    pub fn written(self) -> String {
        let date = time::OffsetDateTime::from_unix_timestamp(self.begins().epoch()).map(time::OffsetDateTime::date);
        date.map(|date| format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day()))
            .unwrap_or_default()
    }

    /// Reads a written day.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-').map(|part| part.bytes().all(|byte| byte.is_ascii_digit()).then_some(part));
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return None;
        }
        let month = time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
        let date = time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
        Some(Self::of(Timestamp::from_epoch(date.midnight().assume_utc().unix_timestamp())))
    }
}

/// The days of a period, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    first: Day,
    last: Day,
}

/// The last day lies before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the last day lies before the first")]
pub struct Backwards;

impl Period {
    /// The days that a page tells of on this one.
    pub fn shown(today: Day) -> Self {
        Self { first: today.before(SHOWN - 1), last: today }
    }

    /// The days from one to another.
    pub fn between(first: Day, last: Day) -> Result<Self, Backwards> {
        if last < first { Err(Backwards) } else { Ok(Self { first, last }) }
    }

    /// The first day.
    pub const fn first(self) -> Day {
        self.first
    }

    /// The last day.
    pub const fn last(self) -> Day {
        self.last
    }

    /// The same from the first of the month in which it begins: whole months are told whole.
    #[must_use]
    pub fn with_whole_months(self) -> Self {
        let mut first = self.first;
        while Month::of(first.before(1).begins()) == Month::of(first.begins()) {
            first = first.before(1);
        }
        Self { first, ..self }
    }
}

/// A closed set with stable names.
macro_rules! named {
    ($(#[$about:meta])* $kind:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind {
            $($(#[$doc])* $variant,)+
        }

        impl $kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Reads a name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

named! {
    /// Where somebody gave up by the button that says so.
    Step {
        /// At the choice of a provider.
        Choice = "choice",
        /// On the way to a provider or back from it.
        Provider = "provider",
        /// On the page that tells what is sent.
        Information = "information",
        /// After a refusal.
        Refusal = "refusal",
    }
}

impl Step {
    /// The step at which a sign-in is given up; `None` where there is nothing to give up any more.
    pub const fn of(signin: &AnySignIn) -> Option<Self> {
        match signin {
            AnySignIn::Choosing(_) => Some(Self::Choice),
            AnySignIn::Away(_) | AnySignIn::Arriving(_) => Some(Self::Provider),
            AnySignIn::Informing(_) => Some(Self::Information),
            AnySignIn::Refused(_) => Some(Self::Refusal),
            AnySignIn::Finishing(_) | AnySignIn::Moved(_) | AnySignIn::Ended(_) => None,
        }
    }
}

named! {
    /// Why something did not go on. The groups tell a service no more of its citizens than the answers it receives.
    Reason {
        /// The citizen cancelled at the provider.
        Cancelled = "cancelled",
        /// The provider, or a card, brought nobody.
        ProviderFailed = "provider_failed",
        /// The provider did not answer, or is not offered any more.
        ProviderUnavailable = "provider_unavailable",
        /// The checks did not let the identity pass: `access_denied`.
        Identity = "identity",
        /// The level was not met: `unmet_authentication_requirements`.
        Level = "level",
        /// Something that is needed did not answer: `temporarily_unavailable`.
        Unavailable = "unavailable",
        /// Another citizen than the one expected, or nobody where nobody is to be asked: `login_required` and its kind.
        Login = "login",
        /// The service has no habilitation that is in force.
        Habilitation = "habilitation",
        /// The service asked wrongly.
        Request = "request",
        /// The sign-in was interrupted at its last step.
        Interrupted = "interrupted",
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Civil(_) | Refusal::Account(_) | Refusal::IdentityInvalid => Self::Identity,
            Refusal::CivilUnavailable => Self::Unavailable,
            Refusal::LevelTooLow | Refusal::LevelAboveCeiling => Self::Level,
            Refusal::AnotherPerson => Self::Login,
        }
    }
}

impl From<&Setback> for Reason {
    fn from(setback: &Setback) -> Self {
        match setback {
            Setback::Cancelled { .. } => Self::Cancelled,
            Setback::Failed { code: Failure::Refused | Failure::Untrusted | Failure::Reused, .. }
            | Setback::Card { .. } => Self::ProviderFailed,
            Setback::Unavailable { .. } | Setback::NotOffered => Self::ProviderUnavailable,
        }
    }
}

impl From<AuthorizeError> for Reason {
    fn from(error: AuthorizeError) -> Self {
        match error {
            AuthorizeError::LoginRequired | AuthorizeError::InteractionRequired => Self::Login,
            AuthorizeError::AccessDenied => Self::Identity,
            AuthorizeError::UnmetAuthenticationRequirements => Self::Level,
            AuthorizeError::ServerError | AuthorizeError::TemporarilyUnavailable => Self::Unavailable,
            AuthorizeError::UnauthorizedClient => Self::Habilitation,
            AuthorizeError::InvalidRequest
            | AuthorizeError::UnsupportedResponseType
            | AuthorizeError::InvalidScope
            | AuthorizeError::RequestNotSupported
            | AuthorizeError::RequestUriNotSupported
            | AuthorizeError::RegistrationNotSupported
            | AuthorizeError::InvalidIdpHint
            | AuthorizeError::InvalidAcr
            | AuthorizeError::InvalidTarget
            | AuthorizeError::InvalidAuthorizationDetails
            | AuthorizeError::InvalidRequestObject => Self::Request,
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// A sign-in began.
    Started,
    /// It was finished: a code went out.
    Finished,
    /// At this level.
    Level(Level),
    /// By this provider.
    Provider(ProviderId),
    /// It was given up.
    GivenUp(Step),
    /// Something did not go on. The sign-in may have gone on another way.
    Failed(Reason),
}

impl Figure {
    /// The stable name of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Finished => "finished",
            Self::Level(_) => "level",
            Self::Provider(_) => "provider",
            Self::GivenUp(_) => "given_up",
            Self::Failed(_) => "failed",
        }
    }

    /// The stable name within its kind; empty where the kind says all.
    pub fn name(&self) -> &str {
        match self {
            Self::Started | Self::Finished => "",
            Self::Level(level) => level.acr(),
            Self::Provider(provider) => provider.as_str(),
            Self::GivenUp(step) => step.name(),
            Self::Failed(reason) => reason.name(),
        }
    }

    /// Reads both; `None` for what another version of this program counts.
    pub fn parse(kind: &str, name: &str) -> Option<Self> {
        match (kind, name) {
            ("started", "") => Some(Self::Started),
            ("finished", "") => Some(Self::Finished),
            ("level", acr) => Level::from_acr(acr).map(Self::Level),
            ("provider", id) => ProviderId::parse(id).ok().map(Self::Provider),
            ("given_up", step) => Step::parse(step).map(Self::GivenUp),
            ("failed", reason) => Reason::parse(reason).map(Self::Failed),
            _ => None,
        }
    }
}

/// What one node counted and has not handed over. It holds no person: its size is that of the services that are used, the
/// providers and the reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(ClientId, Day, Figure), u64>);

impl Tally {
    /// Counts one more.
    pub fn count(&mut self, client: &ClientId, day: Day, figure: Figure) {
        self.add(client.clone(), day, figure, 1);
    }

    /// Counts so many more.
    pub fn add(&mut self, client: ClientId, day: Day, figure: Figure, many: u64) {
        let held = self.0.entry((client, day, figure)).or_default();
        *held = held.saturating_add(many);
    }

    /// Puts back what could not be handed over.
    pub fn merge(&mut self, other: Self) {
        for ((client, day, figure), many) in other.0 {
            self.add(client, day, figure, many);
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out at most so many lines, in their order.
    #[must_use]
    pub fn take(&mut self, most: usize) -> Self {
        let rest = self.0.keys().nth(most).cloned().map(|first| self.0.split_off(&first));
        Self(std::mem::replace(&mut self.0, rest.unwrap_or_default()))
    }

    /// What was counted, in an order that is everybody's: those who write it never wait for one another in a circle.
    pub fn lines(&self) -> impl Iterator<Item = (&ClientId, Day, &Figure, u64)> {
        self.0.iter().map(|((client, day, figure), many)| (client, *day, figure, *many))
    }
}

/// A line of what is kept of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub day: Day,
    /// What.
    pub figure: Figure,
    /// How often.
    pub count: u64,
}

/// A day of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayFigures {
    /// Which.
    pub day: Day,
    /// How many sign-ins began.
    pub started: u64,
    /// How many were finished.
    pub finished: u64,
}

/// By which provider people came in a month that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthFigures {
    /// Which.
    pub month: Month,
    /// By provider, in the order of their names: those that are told.
    pub providers: Vec<(ProviderId, u64)>,
    /// Whether there are others.
    pub others: Others,
}

/// Providers of a month that are not told, nor how many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// There are none.
    None,
    /// There are.
    Withheld,
}

/// What a service is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFigures {
    /// Of which days.
    pub period: Period,
    /// Each of them.
    pub days: Vec<DayFigures>,
    /// Sign-ins that began.
    pub started: u64,
    /// Sign-ins that were finished.
    pub finished: u64,
    /// By level.
    pub levels: BTreeMap<Level, u64>,
    /// Given up by the button, by step.
    pub given_up: BTreeMap<Step, u64>,
    /// Neither finished nor given up: a window that was closed, a refusal that nobody came back from, or still under way.
    pub left: u64,
    /// Failures, by group.
    pub failed: BTreeMap<Reason, u64>,
    /// By provider, in the months that are over.
    pub months: Vec<MonthFigures>,
    /// What is told by day: all but the providers.
    pub lines: Vec<Line>,
}

impl ServiceFigures {
    /// The figures of a period, out of lines that reach back [`Period::with_whole_months`], as told on a day.
    pub fn of(lines: Vec<Line>, period: Period, today: Day) -> Self {
        let months = months(&lines, today);
        let told = |line: &Line| {
            (period.first..=period.last).contains(&line.day) && !matches!(line.figure, Figure::Provider(_))
        };
        let lines: Vec<Line> = lines.into_iter().filter(told).collect();
        let empty = |number| DayFigures { day: Day(number), started: 0, finished: 0 };
        let mut days: BTreeMap<Day, DayFigures> =
            (period.first.0..=period.last.0).map(|number| (Day(number), empty(number))).collect();
        let (mut levels, mut given_up, mut failed) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for Line { day, figure, count } in &lines {
            let Some(of_day) = days.get_mut(day) else { continue };
            match figure {
                Figure::Started => of_day.started += count,
                Figure::Finished => of_day.finished += count,
                Figure::Level(level) => *levels.entry(*level).or_default() += count,
                Figure::GivenUp(step) => *given_up.entry(*step).or_default() += count,
                Figure::Failed(reason) => *failed.entry(*reason).or_default() += count,
                Figure::Provider(_) => {}
            }
        }
        let days: Vec<DayFigures> = days.into_values().collect();
        let started: u64 = days.iter().map(|day| day.started).sum();
        let finished: u64 = days.iter().map(|day| day.finished).sum();
        let left = started.saturating_sub(finished).saturating_sub(given_up.values().sum());
        Self { period, days, started, finished, levels, given_up, left, failed, months, lines }
    }
}

/// By provider, of the months of the lines that are over. A few are withheld, and of what is withheld there are always two
/// that hold five together, or none is told: the sum of the month is known, and would tell the only one.
fn months(lines: &[Line], today: Day) -> Vec<MonthFigures> {
    let this = Month::of(today.begins());
    let mut months: BTreeMap<Month, BTreeMap<ProviderId, u64>> = BTreeMap::new();
    for line in lines {
        let (Figure::Provider(provider), Some(month)) = (&line.figure, Month::of(line.day.begins())) else { continue };
        if this.is_some_and(|this| month < this) {
            *months.entry(month).or_default().entry(provider.clone()).or_default() += line.count;
        }
    }
    months.into_iter().map(|(month, counts)| withhold(month, counts)).collect()
}

fn withhold(month: Month, mut counts: BTreeMap<ProviderId, u64>) -> MonthFigures {
    let mut smallest: Vec<(u64, ProviderId)> = counts.iter().map(|(id, many)| (*many, id.clone())).collect();
    smallest.sort_unstable();
    let (mut hidden, mut sum) = (0_u32, 0_u64);
    for (many, id) in smallest {
        if many >= FEW && (hidden == 0 || (hidden > 1 && sum >= FEW)) {
            break;
        }
        sum = sum.saturating_add(many);
        hidden += 1;
        counts.remove(&id);
    }
    let others = if hidden == 0 { Others::None } else { Others::Withheld };
    MonthFigures { month, providers: counts.into_iter().collect(), others }
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
