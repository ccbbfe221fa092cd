//! Organisations that nothing proves and that nobody works on: an hourly round gives their SIRET back, so that a first mailbox
//! keeps no commune out (decision 40).

use domain::notice::PartnerMessage;
use domain::partners::organisation::Organisation;
use domain::partners::role::TeamName;
use store::StoreError;
use store::registry::{Posting, Released, Releasing};

use super::office::Office;
use crate::app::App;

/// Gives back what is due: how many.
pub(crate) async fn release_idle(app: &App) -> Result<usize, StoreError> {
    let Some(place) = &app.partners else { return Ok(0) };
    let (registry, random, now) = (&app.registry, app.random, app.clock.now());
    let office = Office { registry, origin: &place.origin, random, now };
    let mut released = 0;
    for organisation in registry.idle_organisations(now).await? {
        let told = letters(&office, &organisation).await?;
        match registry.release_organisation(organisation.siret, Releasing::Idle, &told, now).await? {
            Released::Done(_) => {
                tracing::info!(siret = %organisation.siret, "an organisation that nothing proves gave its place back");
                released += 1;
            }
            // Somebody accepted it, or went on with it, meanwhile.
            Released::Missing | Released::Not(_) => {}
        }
    }
    if released > 0 {
        app.mail_waiting.notify_one();
    }
    Ok(released)
}

/// Whoever had a seat is told that they have none.
pub(crate) async fn letters(office: &Office<'_>, organisation: &Organisation) -> Result<Vec<Posting>, StoreError> {
    let team = office.registry.partner_team(&TeamName::Organisation(organisation.siret)).await?;
    let members = team.into_iter().flat_map(|(team, _)| team.members);
    let letter = |(name, mail): (String, _)| {
        let team = organisation.name.as_str().to_owned();
        office.posting(&mail, PartnerMessage::Left { name, team, at: office.now })
    };
    Ok(members.map(|member| letter((member.name.as_str().to_owned(), member.mail))).collect())
}
