//! The secrets of a relying party: one, and during a rotation two.
//!
//! ```text
//!  first ──▶ first + second ──▶ second           both are accepted until the old one is retired or has expired
//!            add              retire
//! ```
//!
//! A secret is made by the gateway, shown once and kept as a digest. It has a name, by which it is retired and by which
//! its use is told; the name says nothing of the secret.

use serde::{Deserialize, Serialize};

use crate::secret::{SecretDigest, base64url, sha256};
use crate::time::{Lifetime, Timestamp};

/// How many secrets a relying party has at most: the one in use and the next one.
pub const MOST: usize = 2;

/// How many days before its end somebody is warned of it.
pub const WARNINGS: [i64; 3] = [30, 7, 1];

const DAY: i64 = 86_400;

/// The name of a secret: 8 characters made of its digest, one way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

/// The text names no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a secret has 8 characters of A-Z, a-z, 0-9, - and _")]
pub struct NotAName;

impl SecretName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, NotAName> {
        let fits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAName) }
    }

    /// The name of the secret with this digest.
    pub fn of(digest: &SecretDigest) -> Self {
        let mut name = base64url(&sha256(&[b"secret name/1", digest.as_bytes().as_slice()].concat()));
        name.truncate(8);
        Self(name)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SecretName {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        Self::parse(&text)
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

impl std::fmt::Display for SecretName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A secret as it is kept.
#[derive(Debug, Clone)]
pub struct ClientSecret {
    /// Its digest.
    pub digest: SecretDigest,
    /// When it was made; `None` for one of before this was kept.
    pub made: Option<Timestamp>,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

impl ClientSecret {
    /// Its name.
    pub fn name(&self) -> SecretName {
        SecretName::of(&self.digest)
    }

    /// Whether it still counts.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| !until.is_past(now))
    }

    /// The days before the end that a warning is due for now, the shortest that applies; `None` while it is far.
    pub fn warning(&self, now: Timestamp) -> Option<i64> {
        warning(self.until?, now)
    }
}

/// The warning that is due now before an end: 30, 7 or 1 days; `None` while it is far, and once it is over.
pub fn warning(until: Timestamp, now: Timestamp) -> Option<i64> {
    let left = until.seconds_since(now);
    WARNINGS.into_iter().rev().find(|days| (1..=days * DAY).contains(&left))
}

/// The live secrets of a relying party, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<ClientSecret>);

/// Why the secrets are not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretRefused {
    /// There are two already.
    #[error("there are two secrets already: retire one first")]
    TooMany,
    /// There is none of that name.
    #[error("there is no secret of that name")]
    Unknown,
    /// It is the only one: without it nobody gets in.
    #[error("it is the only secret: add another first")]
    Last,
    /// It would end before it began.
    #[error("a secret ends after it was made")]
    Ended,
}

impl Secrets {
    /// The secrets as they were kept. Of more than two, which nobody keeps, the newest count.
    pub fn kept(mut list: Vec<ClientSecret>) -> Self {
        let over = list.len().saturating_sub(MOST);
        list.drain(..over);
        list.shrink_to_fit();
        Self(list)
    }

    /// The secret that is presented, if it is one of these and counts. It takes as long whether there are two, one or
    /// none, and whichever it is.
    pub fn accept(&self, presented: &str, now: Timestamp) -> Option<&ClientSecret> {
        let presented = SecretDigest::of(presented);
        let nobodys = SecretDigest::NOBODYS;
        let mut found = None;
        for place in 0..MOST {
            let held = self.0.get(place);
            let same = held.map_or(&nobodys, |secret| &secret.digest).is(&presented);
            if same && held.is_some() {
                found = held;
            }
        }
        found.filter(|secret| secret.counts(now))
    }

    /// Adds a second one.
    pub fn add(&self, secret: ClientSecret) -> Result<Self, SecretRefused> {
        if self.0.len() >= MOST {
            return Err(SecretRefused::TooMany);
        }
        if secret.until.zip(secret.made).is_some_and(|(until, made)| until <= made) {
            return Err(SecretRefused::Ended);
        }
        let mut list = self.0.clone();
        list.push(secret);
        Ok(Self(list))
    }

    /// Retires one; the last one stays.
    pub fn retire(&self, name: &SecretName) -> Result<Self, SecretRefused> {
        if !self.0.iter().any(|secret| secret.name() == *name) {
            return Err(SecretRefused::Unknown);
        }
        let rest: Vec<_> = self.0.iter().filter(|secret| secret.name() != *name).cloned().collect();
        if rest.is_empty() { Err(SecretRefused::Last) } else { Ok(Self(rest)) }
    }

    /// The secrets, the oldest first.
    pub fn all(&self) -> &[ClientSecret] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<SecretDigest> for Secrets {
    fn from(digest: SecretDigest) -> Self {
        Self(vec![ClientSecret { digest, made: None, until: None }])
    }
}

impl From<Option<SecretDigest>> for Secrets {
    fn from(digest: Option<SecretDigest>) -> Self {
        digest.map(Self::from).unwrap_or_default()
    }
}

/// The day of a use: coarse, so that what is kept of a relying party does not tell when its citizens signed in.
pub fn day_of(now: Timestamp) -> Timestamp {
    Timestamp::from_epoch(now.epoch() - now.epoch().rem_euclid(DAY))
}

/// How long a secret lives for so many days.
pub fn days(count: u16) -> Lifetime {
    Lifetime::seconds(u32::from(count) * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_epoch(10 * DAY);

    fn secret(text: &str, until: Option<i64>) -> ClientSecret {
        let until = until.map(Timestamp::from_epoch);
        ClientSecret { digest: SecretDigest::of(text), made: Some(NOW), until }
    }

    fn accepted(secrets: &Secrets, text: &str) -> Option<String> {
        secrets.accept(text, NOW).map(|secret| secret.name().to_string())
    }

    #[test]
    fn both_secrets_are_accepted_during_a_rotation_and_the_retired_one_no_more() {
        let first = Secrets::from(SecretDigest::of("first"));
        let both = first.add(secret("second", None)).expect("one more");
        let (one, two) = (first.all()[0].name(), both.all()[1].name());
        assert_eq!(accepted(&both, "first").as_deref(), Some(one.as_str()));
        assert_eq!(accepted(&both, "second").as_deref(), Some(two.as_str()));
        assert_eq!(accepted(&both, "third"), None);
        assert_eq!(both.add(secret("third", None)).err(), Some(SecretRefused::TooMany));
        let second = both.retire(&one).expect("another stays");
        assert_eq!(accepted(&second, "first"), None);
        assert_eq!(accepted(&second, "second").as_deref(), Some(two.as_str()));
        assert_eq!(second.retire(&two).err(), Some(SecretRefused::Last));
        assert_eq!(second.retire(&one).err(), Some(SecretRefused::Unknown));
    }

    #[test]
    fn who_has_no_secret_is_let_in_by_none() {
        for text in ["", "x", "\0"] {
            assert!(Secrets::default().accept(text, NOW).is_none());
        }
    }

    #[test]
    fn a_secret_counts_until_its_end() {
        let none = Secrets::default();
        let ending = none.add(secret("s", Some(NOW.epoch() + 1))).expect("the first");
        assert!(ending.accept("s", NOW).is_some());
        assert!(ending.accept("s", Timestamp::from_epoch(NOW.epoch() + 1)).is_none());
        assert_eq!(none.add(secret("s", Some(NOW.epoch()))).err(), Some(SecretRefused::Ended));
    }

    #[test]
    fn a_warning_is_due_thirty_seven_and_one_day_before_the_end() {
        for (left, due) in [
            (30 * DAY + 1, None),
            (30 * DAY, Some(30)),
            (7 * DAY + 1, Some(30)),
            (7 * DAY, Some(7)),
            (DAY, Some(1)),
            (1, Some(1)),
            (0, None),
            (-5, None),
        ] {
            assert_eq!(warning(Timestamp::from_epoch(NOW.epoch() + left), NOW), due, "{left}");
        }
    }

    #[test]
    fn a_name_is_read_back_and_is_no_part_of_the_digest() {
        let digest = SecretDigest::of("s");
        let name = SecretName::of(&digest);
        assert_eq!(SecretName::parse(name.as_str()), Ok(name.clone()));
        assert!(!base64url(digest.as_bytes()).contains(name.as_str()));
        for bad in ["", "short", "ninechars", "a b c d."] {
            assert_eq!(SecretName::parse(bad), Err(NotAName), "{bad}");
        }
    }

    #[test]
    fn a_use_is_told_by_its_day() {
        for second in [0, 1, DAY - 1] {
            assert_eq!(day_of(Timestamp::from_epoch(3 * DAY + second)), Timestamp::from_epoch(3 * DAY));
        }
    }
}
