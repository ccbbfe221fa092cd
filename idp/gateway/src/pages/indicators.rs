//! The public page of the indicators: measures against targets, and two charts, each with its figures as a table.

use askama::Template;
use domain::cnie::indicators::{Cell, Indicators, Measure, MeasureKind, Month, Targets, name_of};

use super::chart::{Chart, Shown};
use super::text::{Texts, month};
use super::{Forms, Page, View, paris};

/// The page.
#[derive(Debug, Template)]
#[template(path = "indicators.html")]
pub(crate) struct Figures<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The figures.
    pub(crate) counted: &'a Indicators,
    /// What is aimed at.
    pub(crate) targets: &'a Targets,
}

/// A line of the measures.
struct Line {
    name: &'static str,
    words: &'static str,
    value: String,
    target: String,
    progress: Option<u8>,
    share: String,
}

/// A line of the départements.
struct Place {
    code: String,
    name: String,
    enrolled: String,
    certifying: String,
    trained: String,
    certifications: String,
}

impl Figures<'_> {
    fn at(&self) -> String {
        self.page.t.figures_at(&paris::in_words(self.counted.at, self.page.t))
    }

    fn measures(&self) -> Vec<Line> {
        self.counted.measures(self.targets).iter().map(|measure| line(measure, self.page.t)).collect()
    }

    fn months(&self) -> Vec<(Month, String)> {
        self.counted.months.iter().map(|(month, cell)| (*month, cell_in_words(*cell, self.page.t))).collect()
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    fn month(&self, of: &Month) -> String {
        let name = time::Month::try_from(of.month).map(|name| month(name, self.page.t.language()));
        format!("{} {}", name.unwrap_or_default(), of.year)
    }

    fn months_chart(&self) -> Chart {
        let t = self.page.t;
        let row = |(of, cell): &(Month, Cell)| {
            let value = cell.shown().unwrap_or_default();
            Shown { name: self.month(of), value: cell_in_words(*cell, t), whole: value, part: value }
        };
        let rows = self.counted.months.iter().map(row).collect();
        Chart::of("months", t.figures_months(), t.figures_months_about(), rows)
    }

    fn departements(&self) -> Vec<Place> {
        let t = self.page.t;
        let place = |of: &domain::cnie::indicators::DepartementFigures| Place {
            code: of.code.to_string(),
            name: format!("{} ({})", name_of(&of.code), of.code),
            enrolled: in_groups(of.enrolled),
            certifying: in_groups(of.certifying),
            trained: in_groups(of.trained),
            certifications: cell_in_words(of.certifications, t),
        };
        self.counted.departements.iter().map(place).collect()
    }

    fn departements_chart(&self) -> Chart {
        let t = self.page.t;
        let row = |of: &domain::cnie::indicators::DepartementFigures| Shown {
            name: name_of(&of.code).to_owned(),
            value: t.figures_of(&in_groups(of.certifying), &in_groups(of.enrolled)),
            whole: of.enrolled,
            part: of.certifying,
        };
        let rows = self.counted.departements.iter().map(row).collect();
        Chart::of("by-departement", t.figures_by_departement(), t.figures_by_departement_about(), rows)
    }
}

impl View for Figures<'_> {
    const FORMS: Forms = Forms::None;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}

fn line(measure: &Measure, t: Texts) -> Line {
    let (words, in_words): (_, fn(u64, Texts) -> String) = match measure.kind {
        MeasureKind::CommunesEnrolled => (t.figures_communes_enrolled(), count),
        MeasureKind::CommunesCertifying => (t.figures_communes_certifying(), count),
        MeasureKind::Departements => (t.figures_departements(), count),
        MeasureKind::AgentsTrained => (t.figures_agents_trained(), count),
        MeasureKind::IdentitiesCreated => (t.figures_identities_created(), count),
        MeasureKind::IdentitiesCertified => (t.figures_identities_certified(), count),
        MeasureKind::MedianSeconds => (t.figures_median(), time),
    };
    let missing = match measure.kind {
        MeasureKind::MedianSeconds => t.figures_unknown(),
        MeasureKind::CommunesEnrolled
        | MeasureKind::CommunesCertifying
        | MeasureKind::Departements
        | MeasureKind::AgentsTrained
        | MeasureKind::IdentitiesCreated
        | MeasureKind::IdentitiesCertified => t.figures_withheld(),
    };
    let progress = measure.progress();
    Line {
        name: measure.kind.name(),
        words,
        value: measure.value.map_or_else(|| missing.to_owned(), |value| in_words(value, t)),
        target: measure.target.map_or_else(|| t.figures_no_target().to_owned(), |target| in_words(target, t)),
        progress,
        share: progress.map(|share| t.figures_percent(&share.to_string())).unwrap_or_default(),
    }
}

fn count(number: u64, _: Texts) -> String {
    in_groups(number)
}

fn time(seconds: u64, t: Texts) -> String {
    duration(u32::try_from(seconds).unwrap_or(u32::MAX), t)
}

/// A number of persons, or that it is not shown.
fn cell_in_words(cell: Cell, t: Texts) -> String {
    cell.shown().map_or_else(|| t.figures_withheld().to_owned(), in_groups)
}

/// Seconds as a person says them: `45 s`, `3 min 05 s`.
pub(crate) fn duration(seconds: u32, t: Texts) -> String {
    match seconds {
        0..60 => t.figures_seconds(&seconds.to_string()),
        60.. => t.figures_minutes(&(seconds / 60).to_string(), &format!("{:02}", seconds % 60)),
    }
}

/// A number with its thousands apart, by a narrow space that does not break: read alike in both languages (ISO 80000-1).
pub(crate) fn in_groups(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202F}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[path = "indicators_tests.rs"]
mod tests;
