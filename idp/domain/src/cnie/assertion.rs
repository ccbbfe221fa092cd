//! What the card provider asserts, and at which level. eIDAS high has one way: [`CardLevel::high`].

use serde::{Deserialize, Serialize};

use super::card::{CardAndCode, Document};
use super::identity::{AnyIdentity, InForce};
use super::refusal::Refusal;
use super::status::CardInForce;
use crate::id::{IdentityId, ProviderId};
use crate::identity::pivot::{Pivot, RawPivot};
use crate::level::Level;
use crate::time::Timestamp;
use crate::upstream::Assertion;

/// What an identity gives that is not certified: a policy of who runs the gateway. Never substantial, never high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Uncertified {
    /// Nothing.
    #[default]
    Nothing,
    /// eIDAS low.
    Low,
}

/// The level of a card that was shown.
///
/// ```
/// use domain::cnie::{assertion::CardLevel, card::CardAndCode, identity::InForce};
/// fn high(shown: &CardAndCode, certified: InForce) -> CardLevel { CardLevel::high(shown, certified) }
/// ```
///
/// ```compile_fail,E0061
/// use domain::cnie::{assertion::CardLevel, card::CardAndCode};
/// fn high(shown: &CardAndCode) -> CardLevel { CardLevel::high(shown) }
/// ```
///
/// ```compile_fail,E0423
/// use domain::{cnie::assertion::CardLevel, level::Level};
/// let level = CardLevel(Level::High);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CardLevel(Level);

impl CardLevel {
    /// eIDAS high: a genuine chip and its code, now ([`CardAndCode`]), of an identity that is certified now
    /// ([`InForce`], taken by value).
    #[expect(clippy::needless_pass_by_value, reason = "a proof is used once")]
    pub fn high(_: &CardAndCode, certified: InForce) -> Self {
        let _: &IdentityId = certified.identity();
        Self(Level::High)
    }

    /// What the policy gives an identity that is not certified.
    pub const fn uncertified(policy: Uncertified, _: &CardAndCode) -> Result<Self, Refusal> {
        match policy {
            Uncertified::Nothing => Err(Refusal::NotCertified),
            Uncertified::Low => Ok(Self(Level::Low)),
        }
    }

    /// The level.
    pub const fn level(self) -> Level {
        self.0
    }
}

/// The identity on a card that a sign-in rests on, and the level it gave: whoever gives something for that sign-in later
/// asks whether it still stands (CIR (EU) 2015/1502 §2.3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouched {
    /// The identity.
    pub identity: IdentityId,
    /// The level that was met with it.
    pub level: Level,
    /// What the authority is asked about the card by, where the grant goes on without the citizen. Records of before have
    /// none.
    #[serde(default)]
    pub document: Option<Document>,
}

impl Vouched {
    /// Whether the identity, as it is kept, still gives what it gave: high while it is certified, less while it is live and
    /// not suspended.
    pub fn stands(&self, kept: Option<&AnyIdentity>, at: Timestamp) -> bool {
        let Some(identity) = kept.filter(|identity| *identity.common().id() == self.identity) else { return false };
        match identity.clone().settle(at).into_inner() {
            certified if certified.is_certified() => true,
            AnyIdentity::Active(_) | AnyIdentity::Requested(_) | AnyIdentity::AtDesk(_) | AnyIdentity::Approved(_) => {
                self.level == Level::Low
            }
            AnyIdentity::Certified(_)
            | AnyIdentity::Created(_)
            | AnyIdentity::Suspended(_)
            | AnyIdentity::Closed(_) => false,
        }
    }
}

/// What the card provider asserts of a citizen. It is kept for the seconds between the phone's last answer and the
/// browser's next request, sealed under a secret of the browser.
#[derive(Clone, Serialize, Deserialize)]
pub struct CardAssertion {
    identity: IdentityId,
    level: CardLevel,
    pivot: Pivot,
    mail: String,
    at: Timestamp,
    #[serde(default)]
    document: Option<Document>,
}

/// Nothing of the citizen.
impl std::fmt::Debug for CardAssertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CardAssertion({})", self.level.0.acr())
    }
}

/// Whose identity, and where its notices go.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The identity.
    pub identity: IdentityId,
    /// Its address.
    pub mail: String,
}

impl CardAssertion {
    /// The civil facts of the card, with what the authority adds, at a level that was proved.
    pub fn new(
        level: CardLevel,
        shown: &CardAndCode,
        status: &CardInForce,
        owner: Owner,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let facts = shown.card().facts();
        let birthdate = facts.birthdate.to_string();
        let pivot = Pivot::parse(&RawPivot {
            family_name: Some(&facts.surname),
            given_name: Some(&facts.given_names),
            birthdate: Some(&birthdate),
            gender: Some(facts.gender.as_str()),
            birthplace: status.birthplace().map(crate::identity::pivot::Place::as_str),
            birthcountry: status.birthcountry().map(crate::identity::pivot::Place::as_str),
        })
        .map_err(|_| Refusal::IdentityUnreadable)?;
        let document = Some(shown.card().document().clone());
        Ok(Self { identity: owner.identity, level, pivot, mail: owner.mail, at, document })
    }

    /// The identity.
    pub const fn identity(&self) -> &IdentityId {
        &self.identity
    }

    /// The level.
    pub const fn level(&self) -> Level {
        self.level.0
    }

    /// The same as any provider's assertion. Chip and code are a smart card and a personal number (RFC 8176 §2).
    pub fn into_assertion(self, provider: ProviderId) -> Assertion {
        Assertion {
            provider,
            level: self.level.0,
            pivot: self.pivot,
            preferred_username: None,
            email: self.mail,
            amr: vec!["sc".to_owned(), "pin".to_owned()],
            auth_time: Some(self.at),
            hint: None,
            card: Some(Vouched { identity: self.identity, level: self.level.0, document: self.document }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cnie::card::{CardSecret, ReadCard};
    use crate::cnie::identity::{Identity, Making};
    use crate::cnie::status::{Answer, Standing};
    use crate::cnie::{TermsVersion, Thumbprint};
    use crate::language::Language;

    const NOW: Timestamp = Timestamp::from_epoch(1_800_000_000);

    fn created() -> AnyIdentity {
        let shown = CardAndCode::of_test(
            ReadCard::of_test("X4RTBPFW4", [1; 32], NOW.plus(crate::cnie::CERTIFICATION)),
            Thumbprint::new([2; 32]),
        );
        let answer = Answer { standing: Standing::Valid, birthplace: None, birthcountry: None, reference: "1".into() };
        let making = Making {
            id: IdentityId::from_random([1; 16]),
            mail: "angela@exemple.fr".into(),
            language: Language::French,
            terms: TermsVersion::accepted(TermsVersion::CURRENT).expect("of today"),
        };
        Identity::create(&shown, &answer.in_force().expect("valid"), &CardSecret::new([7; 32]), making, NOW)
            .expect("made")
            .into()
    }

    #[test]
    fn what_rests_on_an_identity_stands_while_the_identity_gives_it() {
        let kept = serde_json::to_value(created()).expect("JSON");
        let base = &kept["created"]["base"];
        let (case, request) =
            (serde_json::json!("AwMDAwMDAwMDAwMDAwMDAw"), serde_json::json!("BAQEBAQEBAQEBAQEBAQEBA"));
        let (at, until) = (NOW.epoch(), NOW.epoch() + 100);
        let certified = serde_json::json!({"case": case, "since": at, "until": until});
        // State, and whether low and high stand now, and after its term.
        for (state, fields, low, high, later) in [
            ("created", serde_json::json!({"until": until}), false, false, false),
            ("active", serde_json::json!({}), true, false, true),
            ("requested", serde_json::json!({"request": request, "until": until}), true, false, true),
            ("at_desk", serde_json::json!({"request": request, "case": case, "since": at}), true, false, true),
            ("approved", serde_json::json!({"case": case, "until": until}), true, false, true),
            ("certified", certified.clone(), true, true, true),
            (
                "requested",
                serde_json::json!({"request": request, "until": until, "renews": certified}),
                true,
                true,
                true,
            ),
            (
                "at_desk",
                serde_json::json!({"request": request, "case": case, "since": at, "renews": certified}),
                true,
                true,
                true,
            ),
            ("approved", serde_json::json!({"case": case, "until": until, "renews": certified}), true, true, true),
            ("suspended", serde_json::json!({"certified": certified, "since": at}), false, false, true),
            ("closed", serde_json::json!({"why": "deleted", "at": at}), false, false, false),
        ] {
            let kept: AnyIdentity =
                serde_json::from_value(serde_json::json!({ state: {"base": base, "state": fields} })).expect("one");
            let stands = |level, at| {
                Vouched { identity: kept.common().id().clone(), level, document: None }.stands(Some(&kept), at)
            };
            assert_eq!((stands(Level::Low, NOW), stands(Level::High, NOW)), (low, high), "{state}");
            let after = NOW.plus(crate::time::Lifetime::seconds(101));
            assert_eq!((stands(Level::Low, after), stands(Level::High, after)), (later, false), "{state}, later");
            let other = Vouched { identity: IdentityId::from_random([9; 16]), level: Level::Low, document: None };
            assert!(!other.stands(Some(&kept), NOW) && !other.stands(None, NOW), "{state}: another identity, or none");
        }
    }
}
