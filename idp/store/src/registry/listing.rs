//! Requests and habilitations page by page, for programs: in the order of their numbers, which never changes. Whatever is there
//! from the first page to the last is listed once.

use std::collections::HashMap;

use domain::habilitation::any::State;
use domain::habilitation::grant::{Habilitation, HabilitationState};
use domain::id::{ClientId, HabilitationId, HabilitationRequestId};
use domain::organisation::siret::Siret;
use domain::people::commune::Departement;

use super::requests::Row;
use super::{KeptReview, Registry, failed, habilitations};
use crate::StoreError;

/// Which of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<S> {
    /// Those in this state.
    pub state: Option<S>,
    /// Those of a département.
    pub departement: Option<Departement>,
    /// Those of an organisation.
    pub organisation: Option<Siret>,
}

impl<S> Default for Part<S> {
    fn default() -> Self {
        Self { state: None, departement: None, organisation: None }
    }
}

impl Registry {
    /// At most `limit` requests of a part, from one on.
    pub async fn requests_page(
        &self,
        part: &Part<State>,
        after: Option<&HabilitationRequestId>,
        limit: u32,
    ) -> Result<Vec<KeptReview>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, organisation, state, version, sealed FROM habilitation_requests \
             WHERE id > $1 AND state = COALESCE($2, state) AND organisation = COALESCE($3, organisation) \
             AND COALESCE(departement, '') = COALESCE($4, departement, '') ORDER BY id LIMIT $5",
        )
        .bind(after.map_or("", HabilitationRequestId::as_str))
        .bind(part.state.map(State::name))
        .bind(part.organisation.map(Siret::digits))
        .bind(part.departement.as_ref().map(Departement::as_str))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter().map(|row| self.open_request(row)).collect()
    }

    /// At most `limit` habilitations of a part that belong to an organisation, from one on, each with the clients that have
    /// it. The département is the one of the request that they were granted for.
    pub async fn habilitations_page(
        &self,
        part: &Part<HabilitationState>,
        after: Option<&HabilitationId>,
        limit: u32,
    ) -> Result<Vec<(Habilitation, Vec<ClientId>)>, StoreError> {
        let rows = sqlx::query(
            "SELECT h.* FROM habilitations h LEFT JOIN habilitation_requests r ON r.id = h.request \
             WHERE h.id > $1 AND h.state = COALESCE($2, h.state) AND h.organisation = COALESCE($3, h.organisation) \
             AND COALESCE(r.departement, '') = COALESCE($4, r.departement, '') ORDER BY h.id LIMIT $5",
        )
        .bind(after.map_or("", HabilitationId::as_str))
        .bind(part.state.map(HabilitationState::name))
        .bind(part.organisation.map(Siret::digits))
        .bind(part.departement.as_ref().map(Departement::as_str))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        let page: Vec<Habilitation> = rows.iter().map(habilitations::read).collect::<Result<_, _>>()?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(Vec::new()) };
        let held: Vec<(String, String)> = sqlx::query_as(
            "SELECT habilitation, id FROM clients WHERE habilitation >= $1 AND habilitation <= $2 ORDER BY id",
        )
        .bind(first.id.as_str())
        .bind(last.id.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        let mut clients = HashMap::<String, Vec<ClientId>>::new();
        for (habilitation, client) in held {
            let client = ClientId::parse(&client).map_err(|_| StoreError::Corrupt { what: "a client" })?;
            clients.entry(habilitation).or_default().push(client);
        }
        let with_clients = |held: Habilitation| {
            let having = clients.remove(held.id.as_str()).unwrap_or_default();
            (held, having)
        };
        Ok(page.into_iter().map(with_clients).collect())
    }
}
