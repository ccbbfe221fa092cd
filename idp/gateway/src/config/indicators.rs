//! `[indicators]`: what the rollout of the certified identity aims at, as the public page shows it.

use domain::cnie::indicators::Targets;

use super::reader::{Read, Section};

pub(super) fn read(section: &Section<'_>) -> Read<Targets> {
    let target = |key, default| {
        let number = section.number(key, default, 0..=u32::MAX);
        number.map(|number| Some(u64::from(number)).filter(|number| *number > 0))
    };
    let communes_enrolled = target("communes_enrolled", 0);
    let communes_certifying = target("communes_certifying", 0);
    let departements = target("departements", 0);
    let agents_trained = target("agents_trained", 0);
    let identities_created = target("identities_created", 0);
    let identities_certified = target("identities_certified", 0);
    // Three minutes at the counter are what a certification is meant to take.
    let median_seconds = target("median_seconds", 180);
    Ok(Targets {
        communes_enrolled: communes_enrolled?,
        communes_certifying: communes_certifying?,
        departements: departements?,
        agents_trained: agents_trained?,
        identities_created: identities_created?,
        identities_certified: identities_certified?,
        median_seconds: median_seconds?,
    })
}
