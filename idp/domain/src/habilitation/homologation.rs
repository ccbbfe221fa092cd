//! What a habilitation for the production rests on besides its form: reports of the bench that passed, not long ago, on the
//! hosts that citizens will come back to; or the word of a reviewer that it goes without, and why.
//!
//! ```text
//!  reports of the organisation ── covering(addresses, now) ──▶ Passed ──▶ Review::homologated ─┐
//!  a reviewer's reason ───────────────────────────────────────────────▶ Review::waive ─────────┴─▶ approve
//! ```

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::review::Decision;
use crate::bench::check::Check;
use crate::bench::report::{EDITION, Outcome, Report};
use crate::bench::verdict::Verdict;
use crate::time::{Lifetime, Timestamp};

/// How long a report counts for a request: 90 days. A site changes, and the list of checks does.
pub const VALID: Lifetime = Lifetime::seconds(90 * 86_400);

/// What a report of the bench came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The SHA-256 of the report, in hexadecimal.
    pub report: String,
    /// The edition of the list of checks.
    pub edition: u32,
    /// When the run ended.
    pub at: Timestamp,
    /// How it came out.
    pub outcome: Outcome,
    /// How many checks passed.
    pub passed: usize,
    /// Of how many.
    pub checks: usize,
    /// The hosts that the site had its citizens come back to.
    pub hosts: BTreeSet<String>,
}

impl Summary {
    /// The summary of a report.
    pub fn of(report: &Report, hash: String) -> Self {
        let passed = report.lines.iter().filter(|line| line.verdict == Verdict::Passed).count();
        Self {
            report: hash,
            edition: EDITION,
            at: report.about.until,
            outcome: report.outcome(),
            passed,
            checks: Check::ALL.len(),
            hosts: report.about.hosts.clone(),
        }
    }

    fn lack(&self, now: Timestamp) -> Option<Lack> {
        match self.outcome {
            Outcome::Failed => Some(Lack::Failed),
            Outcome::Passed if self.edition != EDITION || self.at.plus(VALID).is_past(now) => Some(Lack::Aged),
            Outcome::Passed => None,
        }
    }
}

/// The hosts of addresses, as the DNS has them.
pub fn hosts<'a>(addresses: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    let host = |address: &String| Some(Url::parse(address).ok()?.host_str()?.to_owned());
    addresses.into_iter().filter_map(host).collect()
}

/// Proof that the bench passed on every host of a request, not long ago. Made by [`covering`] alone.
///
/// ```compile_fail
/// let forged = domain::habilitation::homologation::Passed(Vec::new());
/// ```
///
/// ```
/// use domain::{habilitation::homologation::{Passed, covering}, time::Timestamp};
/// let none = covering(&[], &["https://v.fr/".to_owned()], Timestamp::from_epoch(0));
/// assert!(none.is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed(Vec<Summary>);

impl Passed {
    /// What it rests on.
    pub(super) fn into_summaries(self) -> Vec<Summary> {
        self.0
    }
}

/// What is missing for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Nothing was driven there.
    Missing,
    /// The last run there did not pass.
    Failed,
    /// The last run there is too long ago, or of an earlier list of checks.
    Aged,
}

/// A host that no report covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    /// The host.
    pub host: String,
    /// What is missing.
    pub lack: Lack,
}

/// Whether the last report on each host of the addresses passed, and is not too old. An earlier one that passed does not
/// stand against a later one that did not.
pub fn covering(reports: &[Summary], addresses: &[String], now: Timestamp) -> Result<Passed, Vec<Uncovered>> {
    let (mut used, mut missing): (Vec<Summary>, Vec<Uncovered>) = (Vec::new(), Vec::new());
    let hosts = hosts(addresses);
    for host in &hosts {
        let last = reports.iter().filter(|report| report.hosts.contains(host)).max_by_key(|report| report.at);
        match last.map(|last| (last, last.lack(now))) {
            Some((last, None)) if used.contains(last) => {}
            Some((last, None)) => used.push(last.clone()),
            Some((_, Some(lack))) => missing.push(Uncovered { host: host.clone(), lack }),
            None => missing.push(Uncovered { host: host.clone(), lack: Lack::Missing }),
        }
    }
    // Where nobody is sent back to, nothing was proved.
    if missing.is_empty() && !used.is_empty() { Ok(Passed(used)) } else { Err(missing) }
}

/// What a habilitation rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Homologation {
    /// Reports of the bench.
    Reports(Vec<Summary>),
    /// Nothing: a reviewer said why.
    Waived(Decision),
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u32 = 86_400;

    fn at(days: u32) -> Timestamp {
        Timestamp::from_epoch(0).plus(Lifetime::seconds(days * DAY))
    }

    fn summary(host: &str, day: u32, outcome: Outcome) -> Summary {
        Summary {
            report: format!("{host}{day}"),
            edition: EDITION,
            at: at(day),
            outcome,
            passed: 31,
            checks: 31,
            hosts: BTreeSet::from([host.to_owned()]),
        }
    }

    fn covered(reports: &[Summary], addresses: &[&str], day: u32) -> Result<usize, Vec<(String, Lack)>> {
        let addresses: Vec<String> = addresses.iter().map(|address| (*address).to_owned()).collect();
        covering(reports, &addresses, at(day))
            .map(|passed| passed.into_summaries().len())
            .map_err(|lacks| lacks.into_iter().map(|lack| (lack.host, lack.lack)).collect())
    }

    fn lacking(host: &str, lack: Lack) -> Result<usize, Vec<(String, Lack)>> {
        Err(vec![(host.to_owned(), lack)])
    }

    #[test]
    fn a_report_counts_for_its_own_hosts_and_for_ninety_days() {
        let reports = [summary("a.fr", 1, Outcome::Passed)];
        let one = ["https://a.fr/retour", "https://a.fr/autre"];
        assert_eq!(covered(&reports, &one, 1), Ok(1));
        assert_eq!(covered(&reports, &one, 90), Ok(1));
        assert_eq!(covered(&reports, &one, 91), lacking("a.fr", Lack::Aged));
        assert_eq!(covered(&reports, &["https://b.a.fr/"], 1), lacking("b.a.fr", Lack::Missing));
        assert_eq!(covered(&reports, &["https://a.fr/", "https://b.fr/"], 1), lacking("b.fr", Lack::Missing));
        assert_eq!(covered(&reports, &[], 1), Err(Vec::new()), "no address, no proof");
    }

    #[test]
    fn the_last_report_on_a_host_decides() {
        let worse = [summary("a.fr", 1, Outcome::Passed), summary("a.fr", 2, Outcome::Failed)];
        assert_eq!(covered(&worse, &["https://a.fr/"], 3), lacking("a.fr", Lack::Failed));
        let better = [summary("a.fr", 3, Outcome::Passed), summary("a.fr", 2, Outcome::Failed)];
        assert_eq!(covered(&better, &["https://a.fr/"], 3), Ok(1));
        let both = [summary("a.fr", 1, Outcome::Passed), summary("b.fr", 2, Outcome::Passed)];
        assert_eq!(covered(&both, &["https://a.fr/", "https://b.fr/"], 3), Ok(2));
    }

    #[test]
    fn a_report_of_an_earlier_list_of_checks_counts_no_more() {
        let old = [Summary { edition: EDITION - 1, ..summary("a.fr", 1, Outcome::Passed) }];
        assert_eq!(covered(&old, &["https://a.fr/"], 1), lacking("a.fr", Lack::Aged));
    }
}
