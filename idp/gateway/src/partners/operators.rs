//! The operator's people: `GET` and `POST /espace/operateurs`, and what is done to one of them.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use domain::partners::permission::{ChangeOperators, ReadOperators};
use domain::partners::recovery::Second;
use domain::partners::team::By;

use super::crew::Crew;
use super::people::Asked;
use super::session::{CheckedForm, FreshHolder, Holder};
use crate::app::Shared;
use crate::pages::partners::May;

type Admin = FreshHolder<ChangeOperators>;

/// `GET /espace/operateurs`.
pub(crate) async fn get(
    holder: Holder<ReadOperators>,
    State(app): State<Shared>,
    Query(asked): Query<Asked>,
) -> Response {
    // Who sees the operator's people looks after them: one row of the table holds both.
    Crew { app: &app, here: &holder.here, of: None }.show(May::Change, asked.fait.as_deref()).await
}

/// `POST /espace/operateurs`: somebody is invited.
pub(crate) async fn invite(admin: Admin, State(app): State<Shared>, form: CheckedForm) -> Response {
    let crew = Crew { app: &app, here: &admin.here, of: None };
    crew.invite(By::Operator(&admin.held, &admin.fresh), &form).await
}

/// `POST /espace/operateurs/{partner}/role`.
pub(crate) async fn change(
    admin: Admin,
    State(app): State<Shared>,
    Path(partner): Path<String>,
    form: CheckedForm,
) -> Response {
    let crew = Crew { app: &app, here: &admin.here, of: None };
    crew.change(By::Operator(&admin.held, &admin.fresh), &partner, &form).await
}

/// `POST /espace/operateurs/{partner}/retrait`.
pub(crate) async fn remove(
    admin: Admin,
    State(app): State<Shared>,
    Path(partner): Path<String>,
    _: CheckedForm,
) -> Response {
    let crew = Crew { app: &app, here: &admin.here, of: None };
    crew.remove(By::Operator(&admin.held, &admin.fresh), &partner).await
}

/// `POST /espace/operateurs/invitations/retrait`.
pub(crate) async fn withdraw(admin: Admin, State(app): State<Shared>, form: CheckedForm) -> Response {
    let crew = Crew { app: &app, here: &admin.here, of: None };
    crew.withdraw(By::Operator(&admin.held, &admin.fresh), &form).await
}

/// `POST /espace/operateurs/recuperations`: the second person of a recovery decides.
pub(crate) async fn decide(admin: Admin, State(app): State<Shared>, form: CheckedForm) -> Response {
    let crew = Crew { app: &app, here: &admin.here, of: None };
    crew.decide(Second::Operator(&admin.held, &admin.fresh), &form).await
}
