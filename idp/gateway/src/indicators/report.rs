//! The fortnightly reports: each commune that takes part is told of its own desk, once, by mail to its administrators.

use anyhow::Context as _;
use domain::cnie::indicators::{CommuneReport, Fortnight, Indicators};
use domain::language::Language;
use domain::notice::{Message, Notice};
use domain::people::agent::Administer;
use domain::people::commune::Commune;
use domain::time::Timestamp;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::Registry;

/// Puts the reports that are due into the outbox; how many mails. A commune without an administrator waits until it has
/// one, or the fortnight is over.
pub(crate) async fn send_due(registry: &Registry, everyone: &str, now: Timestamp) -> Result<usize, StoreError> {
    let fortnight = Fortnight::reported(now);
    let communes = registry.communes_to_report(fortnight).await?;
    if communes.is_empty() {
        return Ok(0);
    }
    let country = Indicators::of(&registry.count_indicators(now).await?);
    let mut mails = 0;
    for commune in communes {
        let readers = administrators(registry, &commune, now).await?;
        if readers.is_empty() {
            continue;
        }
        let report = make(registry, commune, fortnight, &country).await?;
        let notice = |to: String| {
            let message = Message::CommuneReport { report: Box::new(report.clone()), everyone: everyone.to_owned() };
            // Agents have no language of their own: the desk's is French.
            Notice { to, language: Language::French, message }
        };
        let notices: Vec<Notice> = readers.into_iter().map(notice).collect();
        match registry.send_report(&report.commune.code, fortnight, &notices, now).await? {
            Put::Fresh => mails += notices.len(),
            Put::Taken => {}
        }
    }
    Ok(mails)
}

/// The last report of a commune that is due, whether or not it was sent.
pub(crate) async fn last(registry: &Registry, commune: Commune, now: Timestamp) -> anyhow::Result<CommuneReport> {
    let country = Indicators::of(&registry.count_indicators(now).await.context("the country cannot be counted")?);
    Ok(make(registry, commune, Fortnight::reported(now), &country).await?)
}

async fn make(
    registry: &Registry,
    commune: Commune,
    fortnight: Fortnight,
    country: &Indicators,
) -> Result<CommuneReport, StoreError> {
    let own = registry.count_commune(&commune.code, fortnight, country.at).await?;
    Ok(CommuneReport::of(commune, fortnight, own, country))
}

/// The addresses of those who may administer the commune now.
async fn administrators(registry: &Registry, commune: &Commune, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let Some((team, _)) = registry.team(&commune.code).await? else { return Ok(Vec::new()) };
    let on_duty = team.agents.iter().filter(|agent| agent.may(Administer, &team.commune, now).is_ok());
    Ok(on_duty.map(|agent| agent.mail.as_str().to_owned()).collect())
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
