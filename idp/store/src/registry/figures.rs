//! How often what happened at each service, by day. A node counts in memory and brings what it counted every few seconds:
//! no sign-in waits for it (decisions/0037).

use domain::habilitation::figures::{Day, Figure, KEPT, Line, Period, Tally};
use domain::id::ClientId;

use super::{Registry, commit, failed};
use crate::StoreError;

const CORRUPT: StoreError = StoreError::Corrupt { what: "a figure" };

impl Registry {
    /// Adds what a node counted: all of it, or nothing. When the registry fails at the commit itself it is not known
    /// which.
    pub async fn add_figures(&self, tally: &Tally) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for (client, day, figure, many) in tally.lines() {
            sqlx::query(
                "INSERT INTO service_figures (client, day, kind, name, count) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (client, day, kind, name) DO UPDATE SET count = service_figures.count + excluded.count",
            )
            .bind(client.as_str())
            .bind(day.number())
            .bind(figure.kind())
            .bind(figure.name())
            .bind(i64::try_from(many).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        }
        commit(transaction).await
    }

    /// What is kept of a service over a period, by day. What another version of this program counts is left out.
    pub async fn figures(&self, client: &ClientId, period: Period) -> Result<Vec<Line>, StoreError> {
        let rows: Vec<(i64, String, String, i64)> = sqlx::query_as(
            "SELECT day, kind, name, count FROM service_figures WHERE client = $1 AND day >= $2 AND day <= $3 \
             ORDER BY day, kind, name",
        )
        .bind(client.as_str())
        .bind(period.first().number())
        .bind(period.last().number())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        let line = |(day, kind, name, count): (i64, String, String, i64)| {
            let figure = Figure::parse(&kind, &name)?;
            Some(u64::try_from(count).map_err(|_| CORRUPT).map(|count| Line { day: Day::numbered(day), figure, count }))
        };
        rows.into_iter().filter_map(line).collect()
    }

    /// Forgets what is older than anybody looks at. For an hourly round.
    pub async fn forget_figures(&self, today: Day) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM service_figures WHERE day < $1")
            .bind(today.before(KEPT).number())
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(gone.rows_affected())
    }
}
