//! The pages of the homologation bench: a form that opens a run, and a run whose lines go green or say what to fix.

use askama::Template;
use domain::bench::report::{Line, Outcome};
use domain::bench::run::{Run, Stage};
use domain::bench::verdict::Verdict;
use domain::language::Language;
use domain::time::Timestamp;

use super::Page;
use super::partners::{Shell, space_views};

/// What was entered, to be shown again where it was wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entered {
    /// Where a login begins.
    pub(crate) start: String,
    /// The page that shows who is signed in.
    pub(crate) page: String,
    /// Where a citizen signs out.
    pub(crate) logout: String,
}

/// The form that opens a run, and the runs there were.
#[derive(Debug, Template)]
#[template(path = "space_bench.html")]
pub(crate) struct Bench<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The address of this page.
    pub(crate) place: &'a str,
    /// The runs, the newest first.
    pub(crate) runs: &'a [Run],
    /// What was entered.
    pub(crate) entered: &'a Entered,
}

/// What a site is set up with.
#[derive(Debug, Clone)]
pub(crate) struct SetUp {
    /// The issuer.
    pub(crate) issuer: String,
    /// The client id.
    pub(crate) client_id: String,
    /// The client secret.
    pub(crate) secret: String,
}

/// A run.
#[derive(Debug, Template)]
#[template(path = "space_bench_run.html")]
pub(crate) struct BenchRun<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The address of this page.
    pub(crate) place: &'a str,
    /// The run.
    pub(crate) run: &'a Run,
    /// What the site is set up with, while the run is open.
    pub(crate) set_up: Option<&'a SetUp>,
    /// The time.
    pub(crate) now: Timestamp,
}

space_views!(Bench: Stay, BenchRun: Stay);

/// A line in the reader's language.
#[derive(Debug)]
struct Told {
    id: &'static str,
    title: &'static str,
    outcome: &'static str,
    tag: &'static str,
    class: &'static str,
    seen: Vec<String>,
    why: &'static str,
    fix: Option<&'static str>,
    source: &'static str,
}

impl Page<'_> {
    /// How far a run has come, in words, and the style of that.
    fn bench_state(&self, run: &Run) -> (&'static str, &'static str) {
        match (&run.reported, run.stage) {
            (Some((Outcome::Passed, _)), _) => (self.t.bench_passed(), "active"),
            (Some((Outcome::Failed, _)), _) => (self.t.bench_failed(), "outside"),
            (None, Stage::Open) => (self.t.bench_stage_open(), "waiting"),
            (None, Stage::UnderWay | Stage::Reported) => (self.t.bench_stage_under_way(), "waiting"),
        }
    }

    fn bench_line(&self, line: &Line) -> Told {
        let (row, language) = (line.check.row(), self.t.language());
        let (outcome, tag, class, seen) = match &line.verdict {
            Verdict::Passed => ("passed", self.t.bench_passed(), "active", Vec::new()),
            Verdict::NotMade(reason) => {
                let (fr, en) = reason.words();
                let words = if language == Language::French { fr } else { en };
                ("not_made", self.t.bench_not_made(), "waiting", vec![words.to_owned()])
            }
            Verdict::Failed(findings) => {
                let told =
                    |told: domain::bench::words::Told| if language == Language::French { told.fr } else { told.en };
                let seen = findings.iter().map(|finding| told(finding.told())).collect();
                ("failed", self.t.bench_failed(), "outside", seen)
            }
        };
        Told {
            id: row.id,
            title: row.title.told(language),
            outcome,
            tag,
            class,
            seen,
            why: row.why.told(language),
            fix: matches!(line.verdict, Verdict::Failed(_)).then(|| row.fix.told(language)),
            source: row.source,
        }
    }
}

impl BenchRun<'_> {
    /// Whether the page renews itself: while lines may still come.
    fn is_renewed(&self) -> bool {
        self.run.stage == Stage::UnderWay && !self.run.ends.is_past(self.now)
    }

    fn is_over(&self) -> bool {
        self.run.reported.is_none() && self.run.ends.is_past(self.now)
    }

    fn hash(&self) -> Option<&str> {
        self.run.reported.as_ref().map(|(_, hash)| hash.as_str())
    }
}
