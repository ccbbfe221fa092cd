//! The account of a citizen: a keyed pseudonym, whether it is open, and what the citizen allows. Never a name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::civil::Confirmed;
use super::pivot::Pivot;
use crate::id::ProviderId;
use crate::secret::{base64url, from_base64url, keyed_hash};
use crate::time::Timestamp;

/// The secret that account keys are computed with. Without it a stolen account table cannot be tried against a list
/// of persons.
#[derive(Clone)]
pub struct AccountSecret([u8; 32]);

impl AccountSecret {
    /// Wraps the secret.
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }
}

impl std::fmt::Debug for AccountSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountSecret(…)")
    }
}

/// The pseudonym of a citizen inside the gateway: a keyed hash of the confirmed pivot. It never leaves the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountKey([u8; 32]);

impl AccountKey {
    /// Nobody's key: what is looked up where there is nobody, so that it takes as long.
    pub const NOBODY: Self = Self([0; 32]);

    /// Computes the pseudonym: HMAC-SHA-256 over the delimited, NFC-normalised, upper-cased fields of the pivot.
    pub fn of(pivot: &Pivot, secret: &AccountSecret) -> Self {
        let upper = |text: &str| text.to_uppercase();
        let birthdate = pivot.birthdate.to_string();
        let place =
            |place: &Option<super::pivot::Place>| place.as_ref().map_or(String::new(), |p| p.as_str().to_owned());
        Self(keyed_hash(
            &secret.0,
            &[
                b"account/1",
                upper(pivot.family_name.as_str()).as_bytes(),
                upper(&pivot.given_name()).as_bytes(),
                birthdate.as_bytes(),
                pivot.gender.as_str().as_bytes(),
                place(&pivot.birthplace).as_bytes(),
                place(&pivot.birthcountry).as_bytes(),
            ],
        ))
    }

    /// The bytes, for further keyed hashes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<String> for AccountKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        from_base64url(&text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or("not an account key")
    }
}

impl From<AccountKey> for String {
    fn from(key: AccountKey) -> Self {
        base64url(&key.0)
    }
}

/// The account as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The citizen's pseudonym.
    pub key: AccountKey,
    /// Whether it may be used.
    pub state: AccountState,
    /// The identity providers that the citizen does not want used in their name.
    pub blocked_providers: BTreeSet<ProviderId>,
    /// When it was first seen.
    pub created: Timestamp,
    /// When it was last used.
    pub last_used: Timestamp,
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountState {
    /// It may.
    Active,
    /// It may not: frozen after an identity theft, by the citizen or an operator.
    Frozen,
}

/// Why an account does not admit a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NotAdmitted {
    /// The account is frozen.
    #[error("the account is frozen")]
    Frozen,
    /// The citizen blocked that provider.
    #[error("the citizen blocked this identity provider")]
    ProviderBlocked,
    /// The account is not the one of the confirmed person. The gateway is at fault.
    #[error("the account is another person's")]
    OtherAccount,
}

/// Proof that the account of a confirmed person admits a sign-in through a provider. Its only constructor is
/// [`Account::admit`]; it holds the confirmation, so that one person's confirmation never goes with another's account.
///
/// ```compile_fail,E0451
/// use domain::identity::{account::{AccountKey, Admitted}, civil::Confirmed};
/// fn forge(key: AccountKey, confirmed: Confirmed) -> Admitted { Admitted { key, confirmed } }
/// ```
///
/// ```
/// use domain::identity::{account::{Account, AccountSecret, Admitted, NotAdmitted}, civil::Confirmed};
/// fn admit(
///     account: &Account, provider: &domain::id::ProviderId, confirmed: Confirmed, secret: &AccountSecret,
/// ) -> Result<Admitted, NotAdmitted> {
///     account.admit(provider, confirmed, secret)
/// }
/// ```
#[derive(Debug)]
pub struct Admitted {
    key: AccountKey,
    confirmed: Confirmed,
}

impl Account {
    /// Whether the citizen lets this provider vouch for them, and the account is open.
    pub fn admits(&self, provider: &ProviderId) -> Result<(), NotAdmitted> {
        match self.state {
            AccountState::Frozen => Err(NotAdmitted::Frozen),
            AccountState::Active if self.blocked_providers.contains(provider) => Err(NotAdmitted::ProviderBlocked),
            AccountState::Active => Ok(()),
        }
    }

    /// Admits the person who was confirmed, if the account is theirs and lets this provider vouch for them.
    pub fn admit(
        &self,
        provider: &ProviderId,
        confirmed: Confirmed,
        secret: &AccountSecret,
    ) -> Result<Admitted, NotAdmitted> {
        if AccountKey::of(confirmed.pivot(), secret) != self.key {
            return Err(NotAdmitted::OtherAccount);
        }
        self.admits(provider).map(|()| Admitted { key: self.key.clone(), confirmed })
    }
}

impl Admitted {
    /// The account that admits.
    pub fn account(&self) -> &AccountKey {
        &self.key
    }

    pub(crate) fn into_parts(self) -> (AccountKey, Confirmed) {
        (self.key, self.confirmed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::civil::{Answer, Life, Outcome};
    use crate::identity::pivot::RawPivot;

    fn pivot(family: &str, given: &str) -> Pivot {
        Pivot::parse(&RawPivot {
            family_name: Some(family),
            given_name: Some(given),
            birthdate: Some("1962-08-24"),
            gender: Some("female"),
            birthplace: Some("75107"),
            birthcountry: Some("99100"),
        })
        .expect("complete")
    }

    #[test]
    fn names_do_not_slide_from_one_field_into_the_next() {
        let secret = AccountSecret::new([1; 32]);
        assert_ne!(AccountKey::of(&pivot("AB", "C"), &secret), AccountKey::of(&pivot("A", "BC"), &secret));
    }

    #[test]
    fn case_and_unicode_form_do_not_make_another_person_but_another_secret_does() {
        let secret = AccountSecret::new([1; 32]);
        let key = AccountKey::of(&pivot("LEFÈVRE", "Zoé"), &secret);
        assert_eq!(key, AccountKey::of(&pivot("Lefe\u{300}vre", "ZOÉ"), &secret));
        assert_ne!(key, AccountKey::of(&pivot("LEFÈVRE", "Zoé"), &AccountSecret::new([2; 32])));
    }

    #[test]
    fn one_person_s_confirmation_never_goes_with_another_s_account() {
        let (secret, provider) = (AccountSecret::new([1; 32]), ProviderId::parse("impots").expect("plain"));
        let confirm =
            |pivot: Pivot| Answer { outcome: Outcome::Found(pivot), life: Life::Living }.confirm().expect("found");
        let account = Account {
            key: AccountKey::of(&pivot("A", "B"), &secret),
            state: AccountState::Active,
            blocked_providers: BTreeSet::new(),
            created: Timestamp::from_epoch(0),
            last_used: Timestamp::from_epoch(0),
        };
        assert!(account.admit(&provider, confirm(pivot("A", "B")), &secret).is_ok());
        let other = account.admit(&provider, confirm(pivot("C", "D")), &secret);
        assert_eq!(other.err(), Some(NotAdmitted::OtherAccount));
    }

    #[test]
    fn a_frozen_account_or_a_blocked_provider_is_not_admitted() {
        let provider = ProviderId::parse("impots").expect("plain");
        let mut account = Account {
            key: AccountKey::of(&pivot("A", "B"), &AccountSecret::new([1; 32])),
            state: AccountState::Active,
            blocked_providers: BTreeSet::new(),
            created: Timestamp::from_epoch(0),
            last_used: Timestamp::from_epoch(0),
        };
        assert!(account.admits(&provider).is_ok());
        account.blocked_providers.insert(provider.clone());
        assert_eq!(account.admits(&provider).err(), Some(NotAdmitted::ProviderBlocked));
        account.state = AccountState::Frozen;
        assert_eq!(account.admits(&provider).err(), Some(NotAdmitted::Frozen));
    }
}
