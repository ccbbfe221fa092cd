//! What a reviewer looks at before saying yes: what the gateway can see for itself, and what a person must.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::complete::{Complete, RETENTION_WITHOUT_REASON};
use crate::claims::scopes::Source;
use crate::level::Level;

/// One point. Those that do not bear on a request are not asked of its reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// The organisation is what it says, and is open.
    Organisation,
    /// Who asks belongs to it.
    Belonging,
    /// The site and the addresses to go back to are the organisation's.
    Addresses,
    /// A citizen understands name and description.
    Readable,
    /// The text is cited, is readable and bears on the service.
    LegalText,
    /// The data of other administrations have a text of their own.
    ForeignData,
    /// Each scope is needed for what the service does.
    Minimal,
    /// The level is proportionate.
    Level,
    /// A retention above 36 months has a good reason.
    Retention,
    /// The three people can be reached.
    Contacts,
    /// There is another way to the same service.
    Alternative,
    /// There is no habilitation for the same service.
    NoDuplicate,
}

impl Point {
    /// All of them, in the order they are looked at.
    pub const ALL: [Self; 12] = [
        Self::Organisation,
        Self::Belonging,
        Self::Addresses,
        Self::Readable,
        Self::LegalText,
        Self::ForeignData,
        Self::Minimal,
        Self::Level,
        Self::Retention,
        Self::Contacts,
        Self::Alternative,
        Self::NoDuplicate,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Belonging => "belonging",
            Self::Addresses => "addresses",
            Self::Readable => "readable",
            Self::LegalText => "legal_text",
            Self::ForeignData => "foreign_data",
            Self::Minimal => "minimal",
            Self::Level => "level",
            Self::Retention => "retention",
            Self::Contacts => "contacts",
            Self::Alternative => "alternative",
            Self::NoDuplicate => "no_duplicate",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.name() == name)
    }

    fn bears_on(self, request: &Complete) -> bool {
        match self {
            Self::ForeignData => request.scopes().keys().any(|scope| scope.source() != Source::Identity),
            Self::Level => request.level() > Level::Low,
            Self::Retention => request.retention() > RETENTION_WITHOUT_REASON,
            Self::Organisation
            | Self::Belonging
            | Self::Addresses
            | Self::Readable
            | Self::LegalText
            | Self::Minimal
            | Self::Contacts
            | Self::Alternative
            | Self::NoDuplicate => true,
        }
    }
}

/// What a reviewer makes of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// They looked at it, and it is good.
    Seen,
    /// It is open again.
    Open,
}

/// The points that bear on a request, and those that were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checklist {
    points: BTreeSet<Point>,
    seen: BTreeSet<Point>,
}

impl Checklist {
    /// What is to be looked at in a request, nothing of it seen.
    pub fn of(request: &Complete) -> Self {
        let points = Point::ALL.into_iter().filter(|point| point.bears_on(request)).collect();
        Self { points, seen: BTreeSet::new() }
    }

    /// The points, in order, each with whether it was looked at.
    pub fn points(&self) -> impl Iterator<Item = (Point, bool)> {
        self.points.iter().map(|point| (*point, self.seen.contains(point)))
    }

    /// What was not looked at.
    pub fn open(&self) -> Vec<Point> {
        self.points.difference(&self.seen).copied().collect()
    }

    pub(super) fn mark(&mut self, point: Point, mark: Mark) {
        match mark {
            Mark::Seen if self.points.contains(&point) => self.seen.insert(point),
            Mark::Seen | Mark::Open => self.seen.remove(&point),
        };
    }
}
