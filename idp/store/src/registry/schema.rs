//! The schema: which one the registry has, and the way to this program's.

use sqlx::SqlStr;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::{Engine, Registry, failed};
use crate::{Outage, StoreError};

/// The migrations, in order. One that was released is never edited: the next one is added.
fn migrations() -> Vec<Migration> {
    [
        (1, "registry", include_str!("../../migrations/0001_registry.sql")),
        (2, "logouts", include_str!("../../migrations/0002_logouts.sql")),
        (3, "keys", include_str!("../../migrations/0003_keys.sql")),
        (4, "request_keys", include_str!("../../migrations/0004_request_keys.sql")),
        (5, "people", include_str!("../../migrations/0005_people.sql")),
        (6, "cards", include_str!("../../migrations/0006_cards.sql")),
        (7, "persons", include_str!("../../migrations/0007_persons.sql")),
        (8, "clock", include_str!("../../migrations/0008_clock.sql")),
        (9, "partners", include_str!("../../migrations/0009_partners.sql")),
        (10, "habilitations", include_str!("../../migrations/0010_habilitations.sql")),
        (11, "requests", include_str!("../../migrations/0011_requests.sql")),
        (12, "readers", include_str!("../../migrations/0012_readers.sql")),
        (13, "bench", include_str!("../../migrations/0013_bench.sql")),
        (14, "figures", include_str!("../../migrations/0014_figures.sql")),
        (15, "changed_clients", include_str!("../../migrations/0015_changed_clients.sql")),
        (16, "webhooks", include_str!("../../migrations/0016_webhooks.sql")),
        (17, "admin_tokens", include_str!("../../migrations/0017_admin_tokens.sql")),
        (18, "organisations", include_str!("../../migrations/0018_organisations.sql")),
        (19, "deadlines", include_str!("../../migrations/0019_deadlines.sql")),
        (20, "requests_counted", include_str!("../../migrations/0020_requests_counted.sql")),
    ]
    .into_iter()
    .map(|(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
    })
    .collect()
}

fn expected() -> i64 {
    migrations().iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Refuses a registry whose schema is older or newer than this program's.
pub(super) async fn check(registry: &Registry) -> Result<(), StoreError> {
    let (found, expected) = (found(registry).await?, expected());
    if found == expected { Ok(()) } else { Err(StoreError::Schema { found, expected }) }
}

/// Goes through the migrations that are missing, each in a transaction.
pub(super) async fn migrate(registry: &Registry) -> Result<(), StoreError> {
    let (mut before, expected) = (found(registry).await?, expected());
    if before > expected {
        return Err(StoreError::Schema { found: before, expected });
    }
    // A connection of its own: a migration may take longer than a statement of the others may. It comes as a pool of
    // one because the migrator's future is `Send` over a pool alone.
    let options = registry.writers.connect_options().as_ref().clone();
    let apart = AnyPoolOptions::new().max_connections(1).connect_with(options).await.map_err(failed)?;
    let migrator = Migrator::with_migrations(migrations());
    let outcome = loop {
        let Err(error) = migrator.run(&apart).await else { break Ok(()) };
        // On SQLite nothing keeps another process from going through the same migration: who comes second goes on where
        // the first has come to, for as long as that is further.
        match found(registry).await? {
            now if now == expected => break Ok(()),
            now if now > before => before = now,
            _ => break Err(Outage::new("registry", error.to_string()).into()),
        }
    };
    apart.close().await;
    outcome
}

/// The last migration that was gone through; 0 when there was none.
async fn found(registry: &Registry) -> Result<i64, StoreError> {
    let exists = match registry.engine {
        Engine::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'",
        Engine::Postgres => {
            "SELECT COUNT(*) FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name = '_sqlx_migrations'"
        }
    };
    let tables: i64 = sqlx::query_scalar(exists).fetch_one(&registry.readers).await.map_err(failed)?;
    if tables == 0 {
        return Ok(0);
    }
    sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")
        .fetch_one(&registry.readers)
        .await
        .map_err(failed)
}
