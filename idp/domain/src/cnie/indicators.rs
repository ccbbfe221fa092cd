//! How far the certified identity has come: communes, agents, identities, time, against what was aimed at.
//!
//! ```text
//!  Count (one moment of the registry) ─ Indicators::of ─▶ totals, months, départements, communes ─▶ page, CSV
//!                                       protection: no cell of fewer than five persons, nor one that others give away
//!  OwnCount of one commune ──────────── CommuneReport::of ─▶ the fortnightly mail to its administrators
//! ```

pub mod departements;
mod median;
mod protection;
mod report;

use std::collections::BTreeMap;

pub use departements::{DEPARTEMENTS, name_of};
pub use median::{Durations, median};
pub use protection::{Cell, SMALLEST, protect};
pub use report::{CommuneReport, Day, Fortnight, OwnCount};

use crate::people::commune::{Commune, CommuneCode, CommuneState, Departement};
use crate::time::{Lifetime, Timestamp};

/// Over how long the time of a case is looked at.
pub const TIMED: Lifetime = Lifetime::seconds(90 * 86_400);
/// How many months are shown.
pub const MONTHS: usize = 12;

/// What the registry counted at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// When.
    pub at: Timestamp,
    /// Every commune that takes part or did.
    pub communes: Vec<CommuneCount>,
    /// Identities that were ever made.
    pub created: u64,
    /// Identities that are certified now, suspended ones among them.
    pub certified: u64,
    /// Certifications by month of UTC, where there were any.
    pub by_month: BTreeMap<Month, u64>,
    /// How long approved cases took, by commune, over the last [`TIMED`].
    pub durations: BTreeMap<CommuneCode, Durations>,
}

/// What was counted of one commune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommuneCount {
    /// The commune.
    pub commune: Commune,
    /// Its agents who were trained, and are still there.
    pub trained: u64,
    /// Certifications that its desk was ever the place of.
    pub certifications: u64,
}

/// A month of the civil calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// The year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
}

impl Month {
    /// The month of a moment, in UTC.
    pub fn of(at: Timestamp) -> Option<Self> {
        let date = time::OffsetDateTime::from_unix_timestamp(at.epoch()).ok()?.date();
        Some(Self { year: date.year(), month: date.month().into() })
    }

    /// The month before.
    const fn before(self) -> Self {
        if self.month == 1 {
            Self { year: self.year - 1, month: 12 }
        } else {
            Self { year: self.year, month: self.month - 1 }
        }
    }

    /// The month and those before it, the oldest first.
    fn back(self, many: usize) -> Vec<Self> {
        let mut months: Vec<Self> =
            std::iter::successors(Some(self), |month| Some(month.before())).take(many).collect();
        months.reverse();
        months
    }
}

/// The indicators, as they may be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicators {
    /// When they were counted.
    pub at: Timestamp,
    /// Communes that take part.
    pub enrolled: u64,
    /// Communes whose desk certifies.
    pub certifying: u64,
    /// Départements with a commune that certifies.
    pub covered: u64,
    /// Agents who were trained.
    pub trained: u64,
    /// Identities that were ever made.
    pub created: Cell,
    /// Identities that are certified now.
    pub certified: Cell,
    /// Certifications there ever were.
    pub certifications: Cell,
    /// Seconds that half of the approved cases took at most; none where there were too few.
    pub median: Option<u32>,
    /// Certifications of the last [`MONTHS`], the oldest first.
    pub months: Vec<(Month, Cell)>,
    /// Départements with a commune that takes part, by code.
    pub departements: Vec<DepartementFigures>,
}

/// The figures of one département.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartementFigures {
    /// Its code.
    pub code: Departement,
    /// Communes that take part.
    pub enrolled: u64,
    /// Communes whose desk certifies.
    pub certifying: u64,
    /// Agents who were trained.
    pub trained: u64,
    /// Certifications.
    pub certifications: Cell,
    /// Seconds that half of the approved cases took at most.
    pub median: Option<u32>,
    /// Its communes, by code.
    pub communes: Vec<CommuneFigures>,
}

/// The figures of one commune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommuneFigures {
    /// The commune.
    pub commune: Commune,
    /// Whether its desk certifies.
    pub certifies: Certifies,
    /// Certifications.
    pub certifications: Cell,
}

/// Whether a desk certifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certifies {
    /// It does.
    Now,
    /// The commune takes part; its desk does not yet.
    NotYet,
}

impl Indicators {
    /// The indicators of a count.
    pub fn of(count: &Count) -> Self {
        let mut by_departement: BTreeMap<Departement, Vec<&CommuneCount>> = BTreeMap::new();
        for counted in &count.communes {
            // One that put off taking part is shown for what its desk did before, and for nothing else.
            if counted.commune.state != CommuneState::Postponed || counted.certifications > 0 {
                by_departement.entry(counted.commune.departement()).or_default().push(counted);
            }
        }
        let sums: Vec<u64> =
            by_departement.values().map(|communes| communes.iter().map(|one| one.certifications).sum()).collect();
        let cells = protect(&sums);
        let departements: Vec<DepartementFigures> = by_departement
            .into_iter()
            .zip(cells)
            .map(|((code, communes), cell)| departement(count, code, &communes, cell))
            .collect();
        let all = |part: fn(&DepartementFigures) -> u64| departements.iter().map(part).sum();
        let months = Month::of(count.at).map(|month| month.back(MONTHS)).unwrap_or_default();
        let by_month: Vec<u64> =
            months.iter().map(|month| count.by_month.get(month).copied().unwrap_or_default()).collect();
        Self {
            at: count.at,
            enrolled: all(|one| one.enrolled),
            certifying: all(|one| one.certifying),
            covered: all(|one| u64::from(one.certifying > 0)),
            trained: count.communes.iter().map(|one| one.trained).sum(),
            created: Cell::alone(count.created),
            certified: Cell::alone(count.certified),
            certifications: Cell::alone(sums.iter().sum()),
            median: median(count.durations.values()),
            months: months.into_iter().zip(protect(&by_month)).collect(),
            departements,
        }
    }

    /// The measures that have targets, each with its own.
    pub fn measures(&self, targets: &Targets) -> [Measure; 7] {
        let known = |kind, value, target| Measure { kind, value: Some(value), target };
        let cell = |kind, cell: Cell, target| Measure { kind, value: cell.shown(), target };
        [
            known(MeasureKind::CommunesEnrolled, self.enrolled, targets.communes_enrolled),
            known(MeasureKind::CommunesCertifying, self.certifying, targets.communes_certifying),
            known(MeasureKind::Departements, self.covered, targets.departements),
            known(MeasureKind::AgentsTrained, self.trained, targets.agents_trained),
            cell(MeasureKind::IdentitiesCreated, self.created, targets.identities_created),
            cell(MeasureKind::IdentitiesCertified, self.certified, targets.identities_certified),
            Measure {
                kind: MeasureKind::MedianSeconds,
                value: self.median.map(u64::from),
                target: targets.median_seconds,
            },
        ]
    }

    /// The median of one département.
    pub fn median_in(&self, departement: &Departement) -> Option<u32> {
        self.departements.iter().find(|one| one.code == *departement)?.median
    }
}

fn departement(count: &Count, code: Departement, communes: &[&CommuneCount], cell: Cell) -> DepartementFigures {
    let sums: Vec<u64> = communes.iter().map(|one| one.certifications).collect();
    // Where the sum is withheld its parts would give it away.
    let cells = match cell {
        Cell::Shown(_) => protect(&sums),
        Cell::Withheld => sums.iter().map(|sum| if *sum == 0 { Cell::Shown(0) } else { Cell::Withheld }).collect(),
    };
    let takes_part = |one: &&&CommuneCount| one.commune.state != CommuneState::Postponed;
    let certifies = |one: &CommuneCount| one.commune.certifies(count.at);
    let number = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
    let durations = communes.iter().filter_map(|one| count.durations.get(&one.commune.code));
    DepartementFigures {
        code,
        enrolled: number(communes.iter().filter(takes_part).count()),
        certifying: number(communes.iter().filter(|one| certifies(one)).count()),
        trained: communes.iter().map(|one| one.trained).sum(),
        certifications: cell,
        median: median(durations),
        communes: communes
            .iter()
            .zip(cells)
            .map(|(one, certifications)| CommuneFigures {
                commune: one.commune.clone(),
                certifies: if certifies(one) { Certifies::Now } else { Certifies::NotYet },
                certifications,
            })
            .collect(),
    }
}

/// What is aimed at; none where nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Targets {
    /// Communes that take part.
    pub communes_enrolled: Option<u64>,
    /// Communes whose desk certifies.
    pub communes_certifying: Option<u64>,
    /// Départements with a commune that certifies.
    pub departements: Option<u64>,
    /// Agents who were trained.
    pub agents_trained: Option<u64>,
    /// Identities made.
    pub identities_created: Option<u64>,
    /// Identities certified.
    pub identities_certified: Option<u64>,
    /// Seconds that half of the cases take at most.
    pub median_seconds: Option<u64>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureKind {
    /// Communes that take part.
    CommunesEnrolled,
    /// Communes whose desk certifies.
    CommunesCertifying,
    /// Départements with a commune that certifies.
    Departements,
    /// Agents who were trained.
    AgentsTrained,
    /// Identities made.
    IdentitiesCreated,
    /// Identities certified now.
    IdentitiesCertified,
    /// Seconds that half of the cases take at most.
    MedianSeconds,
}

impl MeasureKind {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CommunesEnrolled => "communes_enrolled",
            Self::CommunesCertifying => "communes_certifying",
            Self::Departements => "departements",
            Self::AgentsTrained => "agents_trained",
            Self::IdentitiesCreated => "identities_created",
            Self::IdentitiesCertified => "identities_certified",
            Self::MedianSeconds => "median_seconds",
        }
    }
}

/// A value beside what is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// What.
    pub kind: MeasureKind,
    /// The value; none where it is withheld, or nothing was measured.
    pub value: Option<u64>,
    /// The target.
    pub target: Option<u64>,
}

impl Measure {
    /// How much of the way is gone, in hundredths, 100 at most. Of a time, less is better: the target over the value.
    pub fn progress(&self) -> Option<u8> {
        let (value, target) = (self.value?, self.target.filter(|target| *target > 0)?);
        let (part, whole) = match self.kind {
            MeasureKind::MedianSeconds => (target, value.max(1)),
            MeasureKind::CommunesEnrolled
            | MeasureKind::CommunesCertifying
            | MeasureKind::Departements
            | MeasureKind::AgentsTrained
            | MeasureKind::IdentitiesCreated
            | MeasureKind::IdentitiesCertified => (value, target),
        };
        // Rounded down: 100 is said of a target that is reached, and of no other.
        u8::try_from((u128::from(part) * 100 / u128::from(whole)).min(100)).ok()
    }
}

#[cfg(test)]
#[path = "indicators/tests.rs"]
mod tests;
