//! The accounts of citizens: pseudonyms by keyed hash, and what the citizen allows.

use std::collections::BTreeSet;
use std::time::Instant;

use domain::id::ProviderId;
use domain::identity::account::{Account, AccountKey, AccountState};
use domain::time::Timestamp;
use sqlx::any::AnyQueryResult;

use super::standing::Standing;
use super::{Registry, Updated, failed, from_json, to_json};
use crate::StoreError;

type Row = (String, String, String, i64, i64);

impl Registry {
    /// The account of a citizen who was confirmed just now, made when it was not there: one atomic statement, so that
    /// two first sign-ins at once make one account. Use never moves back.
    pub async fn touch_account(&self, key: &AccountKey, now: Timestamp) -> Result<Account, StoreError> {
        let row: Row = sqlx::query_as(
            "INSERT INTO accounts (key, state, blocked_providers, created, last_used) VALUES ($1, 'active', '[]', $2, $2) \
             ON CONFLICT (key) DO UPDATE SET last_used = \
             CASE WHEN accounts.last_used < excluded.last_used THEN excluded.last_used ELSE accounts.last_used END \
             RETURNING key, state, blocked_providers, created, last_used",
        )
        .bind(String::from(key.clone()))
        .bind(now.epoch())
        .fetch_one(&self.writers)
        .await
        .map_err(failed)?;
        read(row)
    }

    /// The account, when there is one, as it is; held for [`Registry::standing`] from `now`.
    pub async fn account(&self, key: &AccountKey, now: Instant) -> Result<Option<Account>, StoreError> {
        let reading = self.standings.begin(now);
        let row: Option<Row> =
            sqlx::query_as("SELECT key, state, blocked_providers, created, last_used FROM accounts WHERE key = $1")
                .bind(String::from(key.clone()))
                .fetch_optional(&self.readers)
                .await
                .map_err(failed)?;
        let account = row.map(read).transpose()?;
        self.standings.keep(reading, key, account.as_ref());
        Ok(account)
    }

    /// The account, when there is one, as it was at most a second before `now`. A change made through this registry
    /// counts at once.
    pub async fn standing(&self, key: &AccountKey, now: Instant) -> Result<Option<Account>, StoreError> {
        match self.standings.look(key, now) {
            Standing::Held(account) => Ok(account),
            Standing::Unread => self.account(key, now).await,
        }
    }

    /// Freezes or opens an account.
    pub async fn set_account_state(&self, key: &AccountKey, state: AccountState) -> Result<Updated, StoreError> {
        let updated = sqlx::query("UPDATE accounts SET state = $2 WHERE key = $1")
            .bind(String::from(key.clone()))
            .bind(state_name(state))
            .execute(&self.writers)
            .await;
        self.changed(key, updated)
    }

    /// Sets the identity providers that the citizen does not want used in their name.
    pub async fn set_blocked_providers(
        &self,
        key: &AccountKey,
        blocked: &BTreeSet<ProviderId>,
    ) -> Result<Updated, StoreError> {
        let updated = sqlx::query("UPDATE accounts SET blocked_providers = $2 WHERE key = $1")
            .bind(String::from(key.clone()))
            .bind(to_json(blocked, "an account")?)
            .execute(&self.writers)
            .await;
        self.changed(key, updated)
    }

    /// After a change, or one of which nobody knows whether it took place.
    fn changed(&self, key: &AccountKey, updated: Result<AnyQueryResult, sqlx::Error>) -> Result<Updated, StoreError> {
        self.standings.changed(key);
        let updated = updated.map_err(failed)?;
        Ok(if updated.rows_affected() == 0 { Updated::Missing } else { Updated::Done })
    }
}

fn read((key, state, blocked, created, last_used): Row) -> Result<Account, StoreError> {
    let corrupt = StoreError::Corrupt { what: "an account" };
    Ok(Account {
        key: AccountKey::try_from(key).map_err(|_| StoreError::Corrupt { what: "an account" })?,
        state: match state.as_str() {
            "active" => AccountState::Active,
            "frozen" => AccountState::Frozen,
            _ => return Err(corrupt),
        },
        blocked_providers: from_json(&blocked, "an account")?,
        created: Timestamp::from_epoch(created),
        last_used: Timestamp::from_epoch(last_used),
    })
}

const fn state_name(state: AccountState) -> &'static str {
    match state {
        AccountState::Active => "active",
        AccountState::Frozen => "frozen",
    }
}
