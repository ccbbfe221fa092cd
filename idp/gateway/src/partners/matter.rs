//! What a path is about: the organisation that one of its parameters leads to.

use axum::extract::RawPathParams;
use domain::id::HabilitationRequestId;
use domain::organisation::siret::Siret;
use domain::partners::organisation::Organisation;
use store::StoreError;

use crate::app::App;

/// The parameters that lead to an organisation: one in each path that is about one.
pub(crate) const NAMES: [&str; 2] = ["siret", "request"];

/// The organisation that a path is about; `None` when it leads to none.
pub(crate) async fn organisation(app: &App, parameters: &RawPathParams) -> Result<Option<Organisation>, StoreError> {
    for (name, value) in parameters {
        match name {
            "siret" => {
                // One organisation, one address: a number with spaces is another's, and is not there.
                let Some(siret) = Siret::parse(value).ok().filter(|siret| siret.digits() == value) else {
                    return Ok(None);
                };
                return app.registry.organisation(&siret).await;
            }
            "request" => {
                let Ok(id) = HabilitationRequestId::parse(value) else { return Ok(None) };
                let Some(kept) = app.registry.request(&id).await? else { return Ok(None) };
                return app.registry.organisation(&kept.review.about().organisation).await;
            }
            _ => {}
        }
    }
    Ok(None)
}
