//! Which keys at the address of a client are believed.
//!
//! ```text
//!  nothing was there before ──▶ First: pinned as it is (the address was registered by who may)
//!  a pinned key is still there ──▶ Same, or Next: the whole set is pinned from now on
//!  no pinned key is there ──▶ Strange: not taken, until a person says that it is theirs
//! ```
//!
//! Whoever takes over the web server of a commune, or its name in the DNS, can publish keys there and has none of those before.

use std::collections::BTreeSet;

use crate::jose::KeySet;
use crate::secret::{base64url, sha256};

/// The thumbprints (RFC 7638) of a key set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Thumbprints(BTreeSet<String>);

/// What a set is to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// There was none.
    First,
    /// It has the same keys.
    Same,
    /// It has other keys, and one of before.
    Next,
    /// It has none of the keys of before.
    Strange,
}

impl Thumbprints {
    /// Those of a set.
    pub fn of(set: &KeySet) -> Self {
        Self(set.keys().into_iter().map(|(thumbprint, _)| thumbprint).collect())
    }

    /// One by one.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// One word for all of them, by which a person says which set they accept.
    pub fn digest(&self) -> String {
        let all: Vec<&str> = self.all().collect();
        base64url(&sha256(all.join("\n").as_bytes()))
    }

    /// What this set is to the one that is pinned.
    pub fn after(&self, pinned: Option<&Self>) -> Rotation {
        match pinned {
            _ if self.0.is_empty() => Rotation::Strange,
            None => Rotation::First,
            Some(pinned) if *pinned == *self => Rotation::Same,
            Some(pinned) if pinned.0.is_disjoint(&self.0) => Rotation::Strange,
            Some(_) => Rotation::Next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(keys: &[&str]) -> Thumbprints {
        Thumbprints(keys.iter().map(|key| (*key).to_owned()).collect())
    }

    #[test]
    fn a_new_key_comes_beside_one_that_was_there_or_by_the_word_of_a_person() {
        let pinned = set(&["a", "b"]);
        for (seen, rotation) in [
            (&["a", "b"][..], Rotation::Same),
            (&["b", "c"], Rotation::Next),
            (&["a"], Rotation::Next),
            (&["c"], Rotation::Strange),
            (&[], Rotation::Strange),
        ] {
            assert_eq!(set(seen).after(Some(&pinned)), rotation, "{seen:?}");
        }
        assert_eq!((set(&["a"]).after(None), set(&[]).after(None)), (Rotation::First, Rotation::Strange));
    }

    #[test]
    fn a_digest_is_of_one_set_alone() {
        assert_eq!(set(&["a", "b"]).digest(), set(&["b", "a"]).digest());
        assert_ne!(set(&["a", "b"]).digest(), set(&["a"]).digest());
    }
}
