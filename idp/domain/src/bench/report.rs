//! The report of a run: every line with its verdict and its evidence, and a hash over all of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::check::Check;
use super::exchange::Exchange;
use super::trial::Trial;
use super::verdict::{Reason, Verdict};
use crate::secret::sha256;
use crate::time::Timestamp;

/// The edition of the list of checks: a report of another is of another list.
pub const EDITION: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The check.
    pub check: Check,
    /// How it came out.
    pub verdict: Verdict,
    /// The exact requests and answers.
    pub exchanges: Vec<Exchange>,
}

impl Line {
    /// The line of a trial: what the browser did until the provider, what the provider saw, what the browser did after.
    pub fn of(check: Check, trial: &Trial, control: Option<&Trial>) -> Self {
        let verdict = super::verdict::of(check, trial, control);
        let seen = trial.begun.as_ref().map(|login| login.exchanges.as_slice()).unwrap_or_default();
        let exchanges = trial.exchanges.iter().chain(seen).cloned().collect();
        Self { check, verdict, exchanges }
    }

    /// A line whose check was not made.
    pub const fn not_made(check: Check, reason: Reason) -> Self {
        Self { check, verdict: Verdict::NotMade(reason), exchanges: Vec::new() }
    }

    /// The line as it stands in a report.
    pub fn document(&self) -> Value {
        let row = self.check.row();
        let (outcome, seen) = match &self.verdict {
            Verdict::Passed => ("passed", Vec::new()),
            Verdict::Failed(findings) => ("failed", findings.iter().map(|finding| json!(finding.told())).collect()),
            Verdict::NotMade(reason) => {
                let (fr, en) = reason.words();
                ("not_made", vec![json!({ "fr": fr, "en": en })])
            }
        };
        let said = |said: super::check::Said| json!({ "fr": said.fr, "en": said.en });
        json!({
            "check": row.id, "title": said(row.title), "outcome": outcome, "seen": seen, "why": said(row.why),
            "fix": said(row.fix), "source": row.source, "exchanges": self.exchanges,
        })
    }
}

/// What a run was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The version of the gateway.
    pub gateway: String,
    /// The issuer of the run.
    pub issuer: String,
    /// The service, by its own client id; none where the bench runs for nobody registered.
    pub service: Option<String>,
    /// The request for a habilitation that it was opened for, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The hosts that the site had its citizens come back to.
    #[serde(default)]
    pub hosts: BTreeSet<String>,
    /// Where the login begins on the site.
    pub start: String,
    /// The page that shows who is signed in.
    pub page: String,
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub until: Timestamp,
}

/// How a run came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every check passed, but for those of what the site does not have.
    Passed,
    /// One failed, or could not be made.
    Failed,
}

impl Outcome {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Passed, Self::Failed];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// The report of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What it was about.
    pub about: About,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A report with the hash over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The report as JSON.
    pub text: String,
    /// The SHA-256 of that text, in hexadecimal.
    pub hash: String,
}

impl Report {
    /// How the run came out.
    pub fn outcome(&self) -> Outcome {
        let fine = |line: &Line| match &line.verdict {
            // What a site does not have is not wrong.
            Verdict::Passed
            | Verdict::NotMade(Reason::NoUserinfo | Reason::NoLogoutAddress | Reason::NoNoticeAddress) => true,
            Verdict::Failed(_) | Verdict::NotMade(Reason::NoSignIn | Reason::NoChallenge | Reason::OutOfTime) => false,
        };
        let whole = Check::ALL.iter().all(|check| self.lines.iter().any(|line| line.check == *check));
        if whole && self.lines.iter().all(fine) { Outcome::Passed } else { Outcome::Failed }
    }

    /// The report as it is kept and handed on.
    pub fn sealed(&self) -> Sealed {
        let lines: Vec<Value> = self.lines.iter().map(Line::document).collect();
        let document = json!({
            "edition": EDITION, "about": self.about, "outcome": self.outcome(), "lines": lines,
        });
        let text = document.to_string();
        let hash = sha256(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Sealed { text, hash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::verdict::Finding;

    fn report(of: impl Fn(Check) -> Verdict) -> Report {
        let about = About {
            gateway: "0".to_owned(),
            issuer: "https://g.example/banc/x".to_owned(),
            service: None,
            request: None,
            hosts: BTreeSet::new(),
            start: "https://v.example/login".to_owned(),
            page: "https://v.example/".to_owned(),
            from: Timestamp::from_epoch(1),
            until: Timestamp::from_epoch(2),
        };
        let line = |check| Line { check, verdict: of(check), exchanges: Vec::new() };
        Report { about, lines: Check::ALL.into_iter().map(line).collect() }
    }

    #[test]
    fn a_report_passes_only_whole_and_green_but_for_what_a_site_does_not_have() {
        let green = report(|_| Verdict::Passed);
        assert_eq!(green.outcome(), Outcome::Passed);
        for reason in [Reason::NoUserinfo, Reason::NoLogoutAddress, Reason::NoNoticeAddress] {
            let one = report(|check| if check == Check::Logout { Verdict::NotMade(reason) } else { Verdict::Passed });
            assert_eq!(one.outcome(), Outcome::Passed, "{reason:?}");
        }
        let bad = [
            Verdict::Failed(vec![Finding::SignedIn]),
            Verdict::NotMade(Reason::NoSignIn),
            Verdict::NotMade(Reason::NoChallenge),
            Verdict::NotMade(Reason::OutOfTime),
        ];
        for bad in bad {
            let one = report(|check| if check == Check::Audience { bad.clone() } else { Verdict::Passed });
            assert_eq!(one.outcome(), Outcome::Failed, "{bad:?}");
        }
        let mut short = green;
        short.lines.pop();
        assert_eq!(short.outcome(), Outcome::Failed, "a line is missing");
    }

    #[test]
    fn the_hash_is_over_everything_that_the_report_says() {
        let one = report(|_| Verdict::Passed).sealed();
        assert_eq!(one, report(|_| Verdict::Passed).sealed());
        let other = report(|_| Verdict::Failed(vec![Finding::Blank])).sealed();
        assert_ne!(one.hash, other.hash);
        assert!(other.text.contains("la page est vide") && other.text.contains("OIDC Core"), "{}", other.text);
    }
}
