//! The services of an organisation, on its page: their state, what ends, what is next.

use domain::partners::organisation::Organisation;
use domain::partners::partner::Partner;
use domain::partners::permission::{About, ChangeCredentials, EditRequests, EditSandbox};
use store::StoreError;

use super::switches;
use crate::app::App;
use crate::pages::services::{Line, Section};

/// What the page of an organisation says of its services.
pub(crate) async fn section(app: &App, organisation: &Organisation, partner: &Partner) -> Result<Section, StoreError> {
    let now = app.clock.now();
    let switches = switches(app).await?;
    let services = app.registry.services_of(organisation.siret).await?;
    let about = About::Organisation(organisation);
    Ok(Section {
        lines: services.iter().map(|service| Line::of(service, &switches, now)).collect(),
        grants: app.registry.unused_grants(organisation.siret).await?,
        may_edit: partner.may(EditSandbox, about).is_ok(),
        may_ask: partner.may(EditRequests, about).is_ok(),
        may_make: partner.may(ChangeCredentials, about).is_ok(),
        verified: organisation.verified().is_ok(),
    })
}
