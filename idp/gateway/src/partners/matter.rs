//! What a path is about: the organisation that one of its parameters leads to.

use axum::extract::RawPathParams;
use domain::habilitation::acting::Author;
use domain::id::{ClientId, HabilitationId, HabilitationRequestId};
use domain::organisation::siret::Siret;
use domain::partners::organisation::Organisation;
use store::StoreError;

use crate::app::App;

/// How a parameter leads to an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is its number.
    Siret,
    /// It is the name of one of its requests.
    Request,
    /// It is the `client_id` of one of its services.
    Service,
    /// It is the number of one of its habilitations.
    Habilitation,
}

/// The parameters that lead to an organisation: one in each path that is about one. To add one: a row, and its way below.
const LEADING: [(&str, Way); 4] = [
    ("siret", Way::Siret),
    ("request", Way::Request),
    ("client_id", Way::Service),
    ("habilitation", Way::Habilitation),
];

/// The way of a parameter that leads to an organisation.
fn way(name: &str) -> Option<Way> {
    LEADING.iter().find(|(leading, _)| *leading == name).map(|(_, way)| *way)
}

/// Whether a parameter leads to an organisation.
#[cfg(test)]
pub(crate) fn leads(name: &str) -> bool {
    way(name).is_some()
}

/// The organisation that a path is about; `None` when it leads to none.
pub(crate) async fn organisation(app: &App, parameters: &RawPathParams) -> Result<Option<Organisation>, StoreError> {
    let Some((way, value)) = parameters.iter().find_map(|(name, value)| Some((way(name)?, value))) else {
        return Ok(None);
    };
    match way {
        Way::Siret => {
            // One organisation, one address: a number with spaces is another's, and is not there.
            let Some(siret) = Siret::parse(value).ok().filter(|siret| siret.digits() == value) else {
                return Ok(None);
            };
            app.registry.organisation(&siret).await
        }
        Way::Request => {
            let Ok(id) = HabilitationRequestId::parse(value) else { return Ok(None) };
            let Some(kept) = app.registry.request(&id).await? else { return Ok(None) };
            let about = kept.review.about();
            let organisation = app.registry.organisation(&about.organisation).await?;
            // Whoever brings in a SIRET finds nothing of what another platform knows of it, until they are known to be of it.
            Ok(organisation
                .filter(|organisation| about.applicant != Author::Platform || organisation.verified().is_ok()))
        }
        Way::Service => of_service(app, value).await,
        Way::Habilitation => {
            let Ok(id) = HabilitationId::parse(value) else { return Ok(None) };
            match app.registry.habilitation(&id).await?.and_then(|kept| kept.habilitation.organisation) {
                Some(siret) => app.registry.organisation(&siret).await,
                None => Ok(None),
            }
        }
    }
}

/// The organisation that a service belongs to, as the registry has it now: one that was made just now, too. An operator's own
/// belongs to none.
async fn of_service(app: &App, client: &str) -> Result<Option<Organisation>, StoreError> {
    let Ok(client) = ClientId::parse(client) else { return Ok(None) };
    let habilitation = app.registry.client(&client).await?.and_then(|registered| registered.habilitation);
    match habilitation.and_then(|habilitation| habilitation.organisation) {
        Some(siret) => app.registry.organisation(&siret).await,
        None => Ok(None),
    }
}
