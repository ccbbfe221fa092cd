//! The report to a commune: subject, paragraphs, and the file beside them.

use domain::cnie::indicators::CommuneReport;
use domain::time::{Lifetime, Timestamp};

use crate::indicators::csv;
use crate::outbound::mail::Attachment;
use crate::pages::indicators::duration;
use crate::pages::paris;
use crate::pages::text::Texts;

/// Writes the report.
pub(super) fn write(report: &CommuneReport, everyone: &str, t: Texts) -> (String, Vec<String>) {
    let commune = report.commune.name.as_str();
    let (from, to) = (paris::date_in_words(report.fortnight.from(), t), paris::date_in_words(last_day(report), t));
    let total = report.total();
    let figures = [
        t.report_certified(&total.certified.to_string()),
        t.report_refused(&total.refused.to_string()),
        t.report_lapsed(&total.lapsed.to_string()),
        t.report_ever(&report.certifications.to_string()),
        t.report_agents(&report.trained.to_string(), &report.agents.to_string()),
    ];
    let time = |median: Option<u32>| median.map_or_else(|| t.report_no_median().to_owned(), |it| duration(it, t));
    let times = [
        t.report_median(&time(report.median)),
        t.report_median_around(&time(report.median_departement)),
        t.report_median_country(&time(report.median_country)),
    ];
    let mut paragraphs = vec![t.mail_card_hello().to_owned(), t.report_lead(commune, &from, &to)];
    if !report.certifies {
        paragraphs.push(t.report_not_yet().to_owned());
    }
    paragraphs.extend([
        figures.join("\n"),
        times.join("\n"),
        t.report_attached().to_owned(),
        t.report_yours().to_owned(),
        t.report_everyone(everyone),
    ]);
    (t.report_subject(commune, &from, &to), paragraphs)
}

/// The file beside it: the fortnight day by day.
pub(crate) fn attachment(report: &CommuneReport) -> Attachment {
    let name = format!("guichet-{}-{}.csv", report.commune.code, paris::written(last_day(report)));
    Attachment { name, media_type: csv::MEDIA_TYPE, content: csv::of_report(report) }
}

/// The last day of the fortnight: its first moment, which is the same day in Paris.
fn last_day(report: &CommuneReport) -> Timestamp {
    const DAY: Lifetime = Lifetime::seconds(86_400);
    Timestamp::from_epoch(report.fortnight.until().epoch() - i64::from(DAY.as_seconds()))
}
