//! The signing keys of the gateway: the private half sealed by the vault, or held by a token, with the public half
//! sealed by the vault so that whoever writes the database cannot publish a key of theirs.

use domain::id::Kid;
use domain::jose::{PublicJwk, SigningAlgorithm, SigningKey};
use domain::journal::{Act, KeyCause, KeyChange};
use domain::keys::{KeyLife, KeyState};
use domain::time::Timestamp;
use sqlx::{Any, Transaction};
use zeroize::Zeroizing;

use super::{Registry, Updated, commit, failed};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

const TABLE: &str = "signing_keys";
/// What seals the public half of a key on a token: a row cannot be passed off as the other kind.
const ON_TOKEN: &str = "signing_keys/token";
const CORRUPT: StoreError = StoreError::Corrupt { what: TABLE };

/// A signing key with its dates.
#[derive(Clone)]
pub struct KeptKey {
    /// Its dates.
    pub life: KeyLife,
    /// The key.
    pub key: HeldKey,
    /// Up to which state its life is journalled.
    pub journalled: KeyState,
}

/// Which key follows one that is withdrawn.
#[derive(Clone)]
pub enum Follower {
    /// One that was announced, with new dates.
    Announced(KeyLife),
    /// One that was made for it.
    Made(KeptKey),
}

impl Follower {
    /// Its name.
    pub const fn kid(&self) -> &Kid {
        match self {
            Self::Announced(life) => &life.kid,
            Self::Made(key) => &key.life.kid,
        }
    }
}

/// A signing key, by where its private half lies.
#[derive(Clone)]
pub enum HeldKey {
    /// Here, sealed by the vault.
    Sealed(SigningKey),
    /// On a token, which knows it by its `kid`.
    OnToken(PublicJwk),
}

impl HeldKey {
    /// The public half.
    pub fn public(&self) -> &PublicJwk {
        match self {
            Self::Sealed(key) => key.public(),
            Self::OnToken(key) => key,
        }
    }

    const fn holder(&self) -> &'static str {
        match self {
            Self::Sealed(_) => "vault",
            Self::OnToken(_) => "token",
        }
    }
}

type Row = (String, String, i64, i64, String, String, String);

impl Registry {
    /// All signing keys, the oldest first.
    pub async fn keys(&self) -> Result<Vec<KeptKey>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT kid, algorithm, announced, signs_from, sealed, holder, journalled \
             FROM signing_keys ORDER BY announced, kid",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter().map(|row| self.read_key(row)).collect()
    }

    fn read_key(&self, row: Row) -> Result<KeptKey, StoreError> {
        let (name, algorithm, announced, signs_from, sealed, holder, journalled) = row;
        let algorithm = SigningAlgorithm::parse(&algorithm).ok_or(CORRUPT)?;
        let kid = Kid::parse(&name).map_err(|_| CORRUPT)?;
        let key = match holder.as_str() {
            "vault" => {
                let pkcs8 = self.vault.open(TABLE, &name, &sealed)?;
                HeldKey::Sealed(SigningKey::from_pkcs8(algorithm, kid.clone(), &pkcs8).map_err(|_| CORRUPT)?)
            }
            "token" => {
                let document = self.vault.open(ON_TOKEN, &name, &sealed)?;
                let document = serde_json::from_slice(&document).map_err(|_| CORRUPT)?;
                HeldKey::OnToken(PublicJwk::read(algorithm, kid.clone(), document).map_err(|_| CORRUPT)?)
            }
            _ => return Err(CORRUPT),
        };
        let (announced, signs_from) = (Timestamp::from_epoch(announced), Timestamp::from_epoch(signs_from));
        let journalled = KeyState::parse(&journalled).ok_or(CORRUPT)?;
        Ok(KeptKey { life: KeyLife { kid, algorithm, announced, signs_from }, key, journalled })
    }

    /// Keeps new keys, all or none, whose dates were decided on `known`, the keys as they were listed.
    /// [`Put::Taken`] when another node changed them meanwhile: list and decide again. Journals that they are
    /// announced.
    pub async fn insert_keys(
        &self,
        new: &[KeptKey],
        known: &[KeyLife],
        cause: KeyCause,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        // The first statement locks: two nodes that decided on the same list come one after the other.
        touch(&mut transaction).await?;
        if !still_known(&mut transaction, known).await? {
            return Ok(Put::Taken);
        }
        for key in new {
            self.insert(&mut transaction, key).await?;
        }
        let acts: Vec<Act> =
            new.iter().map(|key| act(&key.life, KeyChange::Reached(KeyState::Announced), cause)).collect();
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    async fn insert(&self, transaction: &mut Transaction<'static, Any>, key: &KeptKey) -> Result<(), StoreError> {
        let KeptKey { life, key, journalled } = key;
        sqlx::query(
            "INSERT INTO signing_keys (kid, algorithm, announced, signs_from, sealed, holder, journalled) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(life.kid.as_str())
        .bind(life.algorithm.name())
        .bind(life.announced.epoch())
        .bind(life.signs_from.epoch())
        .bind(self.seal_key(&life.kid, key)?)
        .bind(key.holder())
        .bind(journalled.name())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
        Ok(())
    }

    fn seal_key(&self, kid: &Kid, key: &HeldKey) -> Result<String, StoreError> {
        match key {
            HeldKey::Sealed(key) => self.vault.seal(TABLE, kid.as_str(), &key.to_pkcs8().map_err(|_| CORRUPT)?),
            HeldKey::OnToken(key) => {
                let document = Zeroizing::new(key.document().to_string().into_bytes());
                self.vault.seal(ON_TOKEN, kid.as_str(), &document)
            }
        }
    }

    /// Journals that a key reached `state`, with every state on the way there. [`Updated::Missing`] when another node
    /// did, or the key is gone.
    pub async fn key_reached(&self, key: &KeptKey, state: KeyState, now: Timestamp) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let swapped = sqlx::query("UPDATE signing_keys SET journalled = $3 WHERE kid = $1 AND journalled = $2")
            .bind(key.life.kid.as_str())
            .bind(key.journalled.name())
            .bind(state.name())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if swapped.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        let reached = key.journalled.until(state);
        let acts: Vec<Act> = reached.map(|state| act(&key.life, KeyChange::Reached(state), KeyCause::Clock)).collect();
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// Erases a key that was retired: what no longer exists cannot be stolen. [`Updated::Missing`] when another node
    /// did.
    pub async fn erase_key(&self, life: &KeyLife, now: Timestamp) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        touch(&mut transaction).await?;
        let gone = sqlx::query("DELETE FROM signing_keys WHERE kid = $1")
            .bind(life.kid.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if gone.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        let erased = act(life, KeyChange::Erased, KeyCause::Clock);
        journal::append(&mut transaction, &self.journal_key, &[erased], now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// Takes a key out before its time, with the dates of the one that follows changed, or that one kept: all or nothing,
    /// decided on `known`, the keys as they were listed. [`Put::Taken`] when another node changed them meanwhile: list and
    /// decide again. Journals it.
    pub async fn withdraw_key(
        &self,
        withdrawn: &KeyLife,
        follows: Option<&Follower>,
        known: &[KeyLife],
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        touch(&mut transaction).await?;
        if !still_known(&mut transaction, known).await? {
            return Ok(Put::Taken);
        }
        sqlx::query("DELETE FROM signing_keys WHERE kid = $1")
            .bind(withdrawn.kid.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let mut acts = vec![act(withdrawn, KeyChange::Withdrawn, KeyCause::Operator)];
        match follows {
            Some(Follower::Announced(life)) => {
                sqlx::query("UPDATE signing_keys SET signs_from = $2 WHERE kid = $1")
                    .bind(life.kid.as_str())
                    .bind(life.signs_from.epoch())
                    .execute(&mut *transaction)
                    .await
                    .map_err(failed)?;
            }
            Some(Follower::Made(key)) => {
                self.insert(&mut transaction, key).await?;
                acts.push(act(&key.life, KeyChange::Reached(KeyState::Announced), KeyCause::Operator));
            }
            None => {}
        }
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }
}

/// Whether the keys are those that a decision was made on.
async fn still_known(transaction: &mut Transaction<'static, Any>, known: &[KeyLife]) -> Result<bool, StoreError> {
    let mut held: Vec<String> =
        sqlx::query_scalar("SELECT kid FROM signing_keys").fetch_all(&mut **transaction).await.map_err(failed)?;
    let mut expected: Vec<&str> = known.iter().map(|life| life.kid.as_str()).collect();
    held.sort_unstable();
    expected.sort_unstable();
    Ok(held == expected)
}

fn act(life: &KeyLife, change: KeyChange, cause: KeyCause) -> Act {
    Act::KeyChanged { kid: life.kid.clone(), algorithm: life.algorithm, change, cause }
}

/// Tells every node to read the keys again.
async fn touch(transaction: &mut Transaction<'static, Any>) -> Result<(), StoreError> {
    sqlx::query("UPDATE changes SET count = count + 1 WHERE topic = 'keys'")
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}
