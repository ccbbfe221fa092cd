//! What is switched off. Each turn is journalled in the transaction that makes it, and counted: every node reads anew.

use domain::habilitation::switches::{Deed, Off, Reason, Switch, Switches};
use domain::journal::{Act, Turned};
use domain::time::Timestamp;

use super::{Registry, commit, failed, from_json, to_json};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

const CORRUPT: StoreError = StoreError::Corrupt { what: "a switch" };

type Row = (String, String, String, String, i64);

impl Registry {
    /// Switches something off; [`Put::Taken`] when it is off already. Journals it.
    pub async fn switch_off(&self, switch: &Switch, off: &Off) -> Result<Put, StoreError> {
        let (kind, name) = switch.parts();
        let mut transaction = self.write().await?;
        let inserted = sqlx::query(
            "INSERT INTO switches (kind, name, author, reason, since) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (kind, name) DO NOTHING",
        )
        .bind(kind)
        .bind(name)
        .bind(to_json(&off.by, "a switch")?)
        .bind(off.why.as_str())
        .bind(off.since.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if inserted.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        let deed = Deed { by: off.by.clone(), why: Some(off.why.clone()) };
        self.turned(transaction, switch, Turned::Off, deed, off.since).await?;
        Ok(Put::Fresh)
    }

    /// Switches something on again; `false` when it was on. Journals it.
    pub async fn switch_on(&self, switch: &Switch, deed: &Deed, now: Timestamp) -> Result<bool, StoreError> {
        let (kind, name) = switch.parts();
        let mut transaction = self.write().await?;
        let deleted = sqlx::query("DELETE FROM switches WHERE kind = $1 AND name = $2")
            .bind(kind)
            .bind(name)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if deleted.rows_affected() == 0 {
            return Ok(false);
        }
        self.turned(transaction, switch, Turned::On, deed.clone(), now).await?;
        Ok(true)
    }

    /// Every switch that is off.
    pub async fn switches(&self) -> Result<Switches, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT kind, name, author, reason, since FROM switches")
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.into_iter().map(read).collect()
    }

    async fn turned(
        &self,
        mut transaction: sqlx::Transaction<'static, sqlx::Any>,
        switch: &Switch,
        turned: Turned,
        deed: Deed,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE changes SET count = count + 1 WHERE topic = 'switches'")
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let act = Act::SwitchTurned { switch: switch.clone(), turned, deed };
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await
    }
}

fn read((kind, name, author, reason, since): Row) -> Result<(Switch, Off), StoreError> {
    let off = Off {
        by: from_json(&author, "a switch")?,
        why: Reason::parse(&reason).map_err(|_| CORRUPT)?,
        since: Timestamp::from_epoch(since),
    };
    Ok((Switch::of(&kind, &name).map_err(|_| CORRUPT)?, off))
}
