//! The pages of the homologation bench: a form that opens a run, and a run whose lines go green or say what to fix.

use askama::Template;
use domain::bench::check::Check;
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
    /// Where notices of logouts are taken.
    pub(crate) notices: String,
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
    /// Whether it asks where notices of logouts are taken.
    pub(crate) notices: bool,
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

    fn passed(&self) -> String {
        self.run.lines.iter().filter(|line| line.verdict == Verdict::Passed).count().to_string()
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    fn checks(&self) -> String {
        Check::ALL.len().to_string()
    }

    fn hash(&self) -> Option<&str> {
        self.run.reported.as_ref().map(|(_, hash)| hash.as_str())
    }
}

#[cfg(test)]
mod tests {
    use domain::bench::exchange::{Exchange, Sender};
    use domain::bench::run::Subject;
    use domain::bench::verdict::{Finding, Reason};
    use domain::id::{BenchRunId, ClientId};
    use scraper::{Html, Selector};

    use super::*;
    use crate::pages::samples;

    const NOW: Timestamp = Timestamp::from_epoch(1_800_000_000);
    const END: Timestamp = Timestamp::from_epoch(1_800_003_600);

    fn run(stage: Stage, lines: Vec<Line>) -> Run {
        let reported = (stage == Stage::Reported).then(|| (Outcome::Failed, "ab12".to_owned()));
        let subject = Subject::Service(ClientId::parse("ville").expect("an id"));
        Run { id: BenchRunId::from_random([1; 16]), subject, stage, opened: NOW, ends: END, reported, lines }
    }

    fn shown(run: &Run, set_up: Option<&SetUp>, now: Timestamp, language: Language) -> Html {
        let brand = samples::brand();
        let page = Page::new(&brand, language).switch_at("/espace/services/ville/banc/x");
        let view = BenchRun { page, shell: Shell::new("1"), place: "/p", run, set_up, now };
        Html::parse_document(&view.render().expect("renders"))
    }

    fn count(html: &Html, css: &str) -> usize {
        html.select(&Selector::parse(css).expect("a selector")).count()
    }

    fn text(html: &Html, css: &str) -> String {
        html.select(&Selector::parse(css).expect("a selector")).flat_map(|found| found.text()).collect()
    }

    fn lines() -> Vec<Line> {
        let hostile = Exchange::new(Sender::Browser, "GET /<script>x</script>", "200 OK");
        vec![
            Line { check: Check::State, verdict: Verdict::Passed, exchanges: Vec::new() },
            Line {
                check: Check::Audience,
                verdict: Verdict::Failed(vec![Finding::SignedIn]),
                exchanges: vec![hostile],
            },
            Line::not_made(Check::Logout, Reason::NoLogoutAddress),
        ]
    }

    #[test]
    fn a_line_is_green_or_says_what_was_seen_and_what_to_do_with_the_exact_exchange() {
        for (language, fix) in [(Language::French, "client_id"), (Language::English, "client_id")] {
            let html = shown(&run(Stage::Reported, lines()), None, NOW, language);
            assert_eq!(count(&html, "li[data-outcome=passed]"), 1);
            let red = "li[data-check=audience][data-outcome=failed]";
            let row = Check::Audience.row();
            assert!(text(&html, red).contains(row.fix.told(language)) && text(&html, red).contains(fix));
            assert!(text(&html, &format!("{red} details pre")).contains("<script>x</script>"), "as text");
            assert_eq!(count(&html, "script"), 0);
            assert_eq!(count(&html, "li[data-outcome=not_made] [data-seen]"), 1);
            assert!(text(&html, "main").contains("ab12"));
            assert_eq!(count(&html, "a[href='/p/rapport.json']"), 1);
        }
    }

    #[test]
    fn a_page_renews_itself_while_lines_may_come_and_shows_the_secret_only_before() {
        let own = SetUp { issuer: "https://g/banc/x".into(), client_id: "banc-1".into(), secret: "s3cret".into() };
        let open = shown(&run(Stage::Open, Vec::new()), Some(&own), NOW, Language::French);
        assert_eq!(text(&open, "[data-client-secret]"), "s3cret");
        assert_eq!((count(&open, "form[data-step=drive-bench]"), count(&open, "meta[http-equiv=refresh]")), (1, 0));
        let under_way = shown(&run(Stage::UnderWay, lines()), None, NOW, Language::French);
        assert_eq!(count(&under_way, "meta[http-equiv=refresh]"), 1);
        assert_eq!(count(&under_way, "form[data-step=drive-bench]"), 0);
        let over = shown(&run(Stage::UnderWay, lines()), None, END, Language::French);
        assert_eq!(count(&over, "meta[http-equiv=refresh]"), 0, "nothing comes any more");
        let reported = shown(&run(Stage::Reported, lines()), None, NOW, Language::French);
        assert_eq!(count(&reported, "meta[http-equiv=refresh]"), 0);
    }
}
