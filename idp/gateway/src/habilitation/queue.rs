//! What waits for the reviewers: `GET /espace/instruction`. A prefecture sees its own département.

use std::collections::BTreeMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use domain::habilitation::any::State as Step;
use domain::id::HabilitationRequestId;
use domain::partners::permission::{Reach, ReadQueue};
use domain::people::commune::Departement;
use domain::time::Timestamp;
use http::StatusCode;
use serde::Deserialize;
use store::StoreError;
use store::registry::{After, Waiting};

use crate::app::{App, Shared};
use crate::pages::View as _;
use crate::pages::requests::{Line, Queue};
use crate::partners::session::Holder;
use crate::signin::at::unavailable;

/// How many requests stand on a page.
const PAGE: u32 = 30;

/// Which part of the queue.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Part {
    #[serde(default)]
    etat: String,
    #[serde(default)]
    depuis: String,
    #[serde(default)]
    apres: String,
}

impl Part {
    fn state(&self) -> Step {
        Step::ALL.iter().copied().find(|state| state.name() == self.etat).unwrap_or(Step::Submitted)
    }

    fn after(&self) -> Option<After> {
        let since = Timestamp::from_epoch(self.depuis.parse().ok()?);
        Some(After { since, id: HabilitationRequestId::parse(&self.apres).ok()? })
    }
}

/// `GET /espace/instruction`.
pub(crate) async fn get(
    holder: Holder<ReadQueue>,
    State(app): State<Shared>,
    part: Result<Query<Part>, QueryRejection>,
) -> Response {
    let part = part.map(|Query(part)| part).unwrap_or_default();
    match show(&app, &holder, &part).await {
        Ok(answer) => answer,
        Err(error) => unavailable(&app, holder.here.occasion, &error),
    }
}

async fn show(app: &App, holder: &Holder<ReadQueue>, part: &Part) -> Result<Response, StoreError> {
    let (here, state) = (&holder.here, part.state());
    // Whoever sees one département alone is shown that one; of several, each in its turn.
    let departements: Vec<Option<Departement>> = match holder.held.reach() {
        Reach::Everywhere => vec![None],
        Reach::Within(some) => some.iter().cloned().map(Some).collect(),
    };
    let (mut lines, mut counts, mut next): (Vec<Line>, BTreeMap<Step, i64>, Option<After>) = Default::default();
    for departement in &departements {
        for (state, count) in app.registry.request_counts(departement.as_ref()).await? {
            *counts.entry(state).or_default() += count;
        }
        let after = part.after();
        let found = app.registry.requests_in(state, departement.as_ref(), after.as_ref(), PAGE).await?;
        next = found.last().filter(|_| u32::try_from(found.len()) == Ok(PAGE)).map(Waiting::place).or(next);
        for Waiting { kept, since, organisation } in found {
            let name = organisation.unwrap_or_else(|| kept.review.about().organisation.to_string());
            lines.push(Line::of(&kept.review).waiting(name, since));
        }
    }
    let page = here.page(app);
    let view = Queue {
        page,
        shell: here.shell(page.words().queue_title()),
        state,
        counts: &counts,
        lines: &lines,
        next: next.as_ref(),
        now: app.clock.now(),
    };
    Ok(view.answer(StatusCode::OK))
}
