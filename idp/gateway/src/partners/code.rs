//! Recovery codes: hashed by argon2id, a few at a time, and judged in a time that does not tell whether there is one.
//!
//! ```text
//!  argon2id$v=19$m=19456,t=2,p=1$salt$hash          the least that OWASP's cheat sheet on password storage asks for
//! ```
//!
//! A code has 200 random bits: what is slow here is not what keeps it from being guessed, and costs memory. So two are judged
//! at once, a few wait, and whoever comes after those is told to come again.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use domain::partners::recovery::RecoveryCode;
use domain::secret::{base64url, from_base64url, same};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// KiB of memory, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
const MARK: &str = "argon2id$v=19$m=19456,t=2,p=1";
const SALT: usize = 16;
const HASH: usize = 32;
/// So many at once: 38 MiB.
const AT_ONCE: usize = 2;
/// So many, those that wait among them.
const ROOM: usize = 16;

/// Too many codes are judged already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many recovery codes are judged at once")]
pub(crate) struct Busy;

/// Whether a code is the one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It is.
    Right,
    /// It is not, or there is none.
    Wrong,
}

/// The turns of those that are hashed.
#[derive(Debug, Clone)]
pub(crate) struct Codes {
    turns: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

impl Codes {
    /// Nobody waits.
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), room: Arc::new(Semaphore::new(ROOM)) }
    }

    /// What to keep of a code.
    pub(crate) async fn hash(&self, code: &RecoveryCode, salt: [u8; SALT]) -> Result<String, Busy> {
        let hash = self.derive(code.clone(), salt).await?;
        Ok(format!("{MARK}${}${}", base64url(&salt), base64url(&*hash)))
    }

    /// Judges a code by what was kept. Where nothing was, it takes as long.
    pub(crate) async fn judge(&self, code: &RecoveryCode, kept: Option<&str>) -> Result<Judged, Busy> {
        let known = kept.and_then(read);
        let (salt, expected) = known.unwrap_or(([0; SALT], [0; HASH]));
        let hash = self.derive(code.clone(), salt).await?;
        let right = same(&*hash, &expected) && known.is_some();
        Ok(if right { Judged::Right } else { Judged::Wrong })
    }

    async fn derive(&self, code: RecoveryCode, salt: [u8; SALT]) -> Result<Zeroizing<[u8; HASH]>, Busy> {
        let _room = self.room.try_acquire().map_err(|_| Busy)?;
        let _turn = self.turns.acquire().await.map_err(|_| Busy)?;
        let work = move || {
            let (memory, passes, lanes) = COST;
            let params = Params::new(memory, passes, lanes, None).expect("within the bounds of argon2id");
            let mut hash = Zeroizing::new([0; HASH]);
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(code.expose().as_bytes(), &salt, hash.as_mut_slice())
                .map(|()| hash)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(hash)) => Ok(hash),
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }
}

fn read(kept: &str) -> Option<([u8; SALT], [u8; HASH])> {
    let (salt, hash) = kept.strip_prefix(MARK)?.strip_prefix('$')?.split_once('$')?;
    Some((from_base64url(salt)?.try_into().ok()?, from_base64url(hash)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(byte: u8) -> RecoveryCode {
        RecoveryCode::from_random([byte; 40])
    }

    #[tokio::test]
    async fn a_code_opens_what_was_kept_of_it_and_nothing_else_does() {
        let codes = Codes::new();
        let kept = codes.hash(&code(1), [7; SALT]).await.expect("a turn");
        assert!(kept.starts_with("argon2id$v=19$m=19456,t=2,p=1$") && !kept.contains(code(1).expose()), "{kept}");
        assert_ne!(kept, codes.hash(&code(1), [8; SALT]).await.expect("a turn"));
        assert_eq!(codes.judge(&code(1), Some(&kept)).await, Ok(Judged::Right));
        let weaker = kept.replace("t=2", "t=1");
        for (typed, held) in [(2, Some(kept.as_str())), (1, None), (1, Some("")), (1, Some(&weaker))] {
            assert_eq!(codes.judge(&code(typed), held).await, Ok(Judged::Wrong), "{held:?}");
        }
    }

    #[tokio::test]
    async fn no_more_than_a_few_wait_for_their_turn() {
        let codes = Codes::new();
        let held =
            codes.room.clone().try_acquire_many_owned(u32::try_from(ROOM).expect("small")).expect("nobody waits");
        assert_eq!(codes.judge(&code(1), None).await, Err(Busy));
        drop(held);
        assert_eq!(codes.judge(&code(1), None).await, Ok(Judged::Wrong));
    }
}
