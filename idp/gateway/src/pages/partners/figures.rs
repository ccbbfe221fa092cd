//! The figures of a service: charts, each with its table.

use std::collections::BTreeMap;

use askama::Template;
use domain::client::Label;
use domain::habilitation::figures::{Day, Others, Reason, ServiceFigures, Step};
use domain::id::{ClientId, ProviderId};
use domain::language::Language;
use domain::level::Level;

use super::{Shell, space_views};
use crate::pages::Page;
use crate::pages::chart::{Chart, Shown};
use crate::pages::columns::Columns;
use crate::pages::indicators::in_groups;
use crate::pages::paris;
use crate::pages::text::{Texts, month};

/// The page.
#[derive(Debug, Template)]
#[template(path = "space_figures.html")]
pub(crate) struct ServicePage<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The name of the service.
    pub(crate) service: &'a str,
    /// Its number.
    pub(crate) client: &'a ClientId,
    /// What it is told.
    pub(crate) figures: &'a ServiceFigures,
    /// What people read for its providers.
    pub(crate) providers: &'a BTreeMap<ProviderId, Label>,
}

space_views! { ServicePage: None }

/// A line of a table.
struct Row {
    name: &'static str,
    words: String,
    value: String,
    count: u64,
}

/// A provider in a month.
struct ProviderRow {
    month: String,
    provider: String,
    value: String,
}

impl ServicePage<'_> {
    fn between(&self) -> String {
        let period = self.figures.period;
        let (from, to) = (self.day(period.first()), self.day(period.last()));
        self.page.t.service_figures_between(&from, &to)
    }

    fn started(&self) -> String {
        in_groups(self.figures.started)
    }

    fn finished(&self) -> String {
        in_groups(self.figures.finished)
    }

    fn day(&self, day: Day) -> String {
        // Noon of UTC is the same day in Paris.
        paris::day(domain::time::Timestamp::from_epoch(day.begins().epoch() + 43_200), self.page.t)
    }

    fn days_chart(&self) -> Columns {
        let t = self.page.t;
        let columns = self.figures.days.iter().map(|day| (day.started, day.finished)).collect();
        let period = self.figures.period;
        let ends = (self.day(period.first()), self.day(period.last()));
        Columns::of(("by-day", t.service_figures_days(), t.service_figures_days_about()), columns, ends)
    }

    /// The days on which anything was, the last first.
    fn days(&self) -> Vec<(String, String, String, String)> {
        let busy = self.figures.days.iter().rev().filter(|day| day.started > 0 || day.finished > 0);
        busy.map(|day| (day.day.written(), self.day(day.day), in_groups(day.started), in_groups(day.finished)))
            .collect()
    }

    fn levels(&self) -> Vec<Row> {
        let t = self.page.t;
        let row = |level: &Level| {
            let count = self.figures.levels.get(level).copied().unwrap_or_default();
            Row {
                name: level.acr(),
                words: format!("{} ({})", t.level(*level), level.acr()),
                value: in_groups(count),
                count,
            }
        };
        Level::ALL.iter().map(row).collect()
    }

    fn levels_chart(&self) -> Chart {
        let t = self.page.t;
        chart(("by-level", t.service_figures_levels(), t.service_figures_levels_about()), self.levels())
    }

    fn given_up(&self) -> Vec<Row> {
        let t = self.page.t;
        let row = |step: &Step| {
            let count = self.figures.given_up.get(step).copied().unwrap_or_default();
            Row { name: step.name(), words: step_in_words(*step, t).to_owned(), value: in_groups(count), count }
        };
        let mut rows: Vec<Row> = Step::ALL.iter().map(row).collect();
        let (words, left) = (t.service_figures_left().to_owned(), self.figures.left);
        rows.push(Row { name: "left", words, value: in_groups(left), count: left });
        rows
    }

    fn given_up_chart(&self) -> Chart {
        let t = self.page.t;
        chart(("by-step", t.service_figures_given_up(), t.service_figures_given_up_about()), self.given_up())
    }

    /// The groups of failures that there were, the most frequent first.
    fn failed(&self) -> Vec<Row> {
        let t = self.page.t;
        let row = |(reason, count): (&Reason, &u64)| {
            let words = reason_in_words(*reason, t).to_owned();
            Row { name: reason.name(), words, value: in_groups(*count), count: *count }
        };
        let mut rows: Vec<Row> = self.figures.failed.iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        rows
    }

    fn failed_chart(&self) -> Chart {
        let t = self.page.t;
        chart(("by-reason", t.service_figures_failed(), t.service_figures_failed_about()), self.failed())
    }

    fn providers(&self) -> Vec<ProviderRow> {
        let t = self.page.t;
        let mut rows = Vec::new();
        for told in self.figures.months.iter().rev() {
            let name = time::Month::try_from(told.month.month).map(|name| month(name, t.language()));
            let month = format!("{} {}", name.unwrap_or_default(), told.month.year);
            for (provider, many) in &told.providers {
                rows.push(ProviderRow {
                    month: month.clone(),
                    provider: self.title(provider),
                    value: in_groups(*many),
                });
            }
            if told.others == Others::Withheld {
                let (provider, value) = (t.service_figures_others().to_owned(), t.figures_withheld().to_owned());
                rows.push(ProviderRow { month, provider, value });
            }
        }
        rows
    }

    fn title(&self, provider: &ProviderId) -> String {
        let Some(label) = self.providers.get(provider) else { return provider.to_string() };
        match self.page.t.language() {
            Language::French => label.fr.clone(),
            Language::English => label.en.clone(),
        }
    }

    /// What is told of each provider, over all the months.
    fn providers_chart(&self) -> Chart {
        let t = self.page.t;
        let mut sums = BTreeMap::<String, u64>::new();
        for (provider, many) in self.figures.months.iter().flat_map(|month| &month.providers) {
            *sums.entry(self.title(provider)).or_default() += many;
        }
        let mut rows: Vec<Shown> = sums
            .into_iter()
            .map(|(name, many)| Shown { name, value: in_groups(many), whole: many, part: many })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.whole));
        Chart::of("by-provider", t.service_figures_providers(), t.service_figures_providers_about(), rows)
    }
}

fn chart((id, title, about): (&'static str, &'static str, &'static str), rows: Vec<Row>) -> Chart {
    let shown = |row: Row| Shown { name: row.words, value: row.value, whole: row.count, part: row.count };
    Chart::of(id, title, about, rows.into_iter().map(shown).collect())
}

const fn step_in_words(step: Step, t: Texts) -> &'static str {
    match step {
        Step::Choice => t.service_step_choice(),
        Step::Provider => t.service_step_provider(),
        Step::Information => t.service_step_information(),
        Step::Refusal => t.service_step_refusal(),
    }
}

const fn reason_in_words(reason: Reason, t: Texts) -> &'static str {
    match reason {
        Reason::Cancelled => t.service_reason_cancelled(),
        Reason::ProviderFailed => t.service_reason_provider_failed(),
        Reason::ProviderUnavailable => t.service_reason_provider_unavailable(),
        Reason::Identity => t.service_reason_identity(),
        Reason::Level => t.service_reason_level(),
        Reason::Unavailable => t.service_reason_unavailable(),
        Reason::Login => t.service_reason_login(),
        Reason::Habilitation => t.service_reason_habilitation(),
        Reason::Request => t.service_reason_request(),
        Reason::Interrupted => t.service_reason_interrupted(),
    }
}
