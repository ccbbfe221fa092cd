//! The people of an organisation: `GET` and `POST /espace/organisations/{siret}/personnes`, and what is done to one of them.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use domain::partners::permission::{About, ApproveRecovery, ChangePeople, ReadPeople};
use domain::partners::recovery::Second;
use domain::partners::team::By;
use serde::Deserialize;

use super::crew::Crew;
use super::session::{CheckedForm, FreshHolder, Holder};
use crate::app::Shared;
use crate::pages::partners::May;

/// What was done just now.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(super) fait: Option<String>,
}

/// Which organisation, and who.
#[derive(Debug, Deserialize)]
pub(crate) struct Whom {
    partner: String,
}

type Admin = FreshHolder<ChangePeople>;

/// `GET /espace/organisations/{siret}/personnes`.
pub(crate) async fn get(holder: Holder<ReadPeople>, State(app): State<Shared>, Query(asked): Query<Asked>) -> Response {
    let about = holder.organisation.as_ref().map_or(About::Space, About::Organisation);
    let changes = holder.here.partner.may(ChangePeople, about).is_ok();
    let may = if changes { May::Change } else { May::Look };
    let crew = Crew { app: &app, here: &holder.here, of: holder.organisation.as_ref() };
    crew.show(may, asked.fait.as_deref()).await
}

/// `POST /espace/organisations/{siret}/personnes`: somebody is invited.
pub(crate) async fn invite(admin: Admin, State(app): State<Shared>, form: CheckedForm) -> Response {
    let crew = Crew { app: &app, here: &admin.here, of: admin.organisation.as_ref() };
    crew.invite(By::Admin(&admin.held, &admin.fresh), &form).await
}

/// `POST …/personnes/{partner}/role`.
pub(crate) async fn change(
    admin: Admin,
    State(app): State<Shared>,
    Path(Whom { partner }): Path<Whom>,
    form: CheckedForm,
) -> Response {
    let crew = Crew { app: &app, here: &admin.here, of: admin.organisation.as_ref() };
    crew.change(By::Admin(&admin.held, &admin.fresh), &partner, &form).await
}

/// `POST …/personnes/{partner}/retrait`.
pub(crate) async fn remove(
    admin: Admin,
    State(app): State<Shared>,
    Path(Whom { partner }): Path<Whom>,
    _: CheckedForm,
) -> Response {
    let crew = Crew { app: &app, here: &admin.here, of: admin.organisation.as_ref() };
    crew.remove(By::Admin(&admin.held, &admin.fresh), &partner).await
}

/// `POST …/personnes/invitations/retrait`.
pub(crate) async fn withdraw(admin: Admin, State(app): State<Shared>, form: CheckedForm) -> Response {
    let crew = Crew { app: &app, here: &admin.here, of: admin.organisation.as_ref() };
    crew.withdraw(By::Admin(&admin.held, &admin.fresh), &form).await
}

/// `POST …/personnes/recuperations`: the second person of a recovery decides.
pub(crate) async fn decide(
    second: FreshHolder<ApproveRecovery>,
    State(app): State<Shared>,
    form: CheckedForm,
) -> Response {
    let crew = Crew { app: &app, here: &second.here, of: second.organisation.as_ref() };
    crew.decide(Second::Organisation(&second.held, &second.fresh), &form).await
}
