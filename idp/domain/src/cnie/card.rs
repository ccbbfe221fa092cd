//! A card that was shown with its code: who it names, and the proof that it was there.

use chip::holder::HolderPresent;
use chip::live::LiveCard;
use chip::moment::{Date, Moment};
use chip::mrz::Mrz;
use chip::profile::Profile;
use serde::{Deserialize, Serialize};

use super::Thumbprint;
use super::refusal::Refusal;
use super::status::CardInForce;
use super::transaction::ToSign;
use crate::identity::pivot::{Birthdate, Gender, Place};
use crate::secret::{base64url, from_base64url, keyed_hash, same};
use crate::time::Timestamp;

/// The secret that names of cards are computed with: without it a stolen table cannot be tried against a list of
/// document numbers.
#[derive(Clone)]
pub struct CardSecret([u8; 32]);

impl CardSecret {
    /// Wraps the secret.
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    pub(in crate::cnie) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for CardSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardSecret(…)")
    }
}

macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 32]);

        impl $name {
            /// The pseudonym as text.
            pub fn text(&self) -> String {
                base64url(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let octets = from_base64url(&text).and_then(|bytes| bytes.try_into().ok());
                octets.map(Self).ok_or(concat!("not the key of a ", $what))
            }
        }

        impl From<$name> for String {
            fn from(key: $name) -> Self {
                key.text()
            }
        }
    };
}

key!(
    /// The pseudonym of a card inside the gateway: a keyed hash of issuing State and document number.
    CardKey, "card"
);

impl CardKey {
    /// Computes the pseudonym.
    pub fn of(issuing_state: &str, document_number: &str, secret: &CardSecret) -> Self {
        Self(keyed_hash(&secret.0, &[b"card/1", issuing_state.as_bytes(), document_number.as_bytes()]))
    }
}

key!(
    /// The pseudonym of a person inside the gateway, whatever card they show: a keyed hash of what makes a pivot identity.
    /// It is no pseudonym for relying parties, and no other table has it. Two whose names differ in what the zone cuts off
    /// alone are one, as they are to all else that reads the card.
    PersonKey, "person"
);

impl PersonKey {
    /// Computes the pseudonym: the facts of the zone, and the place of birth that the authority adds, so that homonyms
    /// born elsewhere are two persons.
    pub fn of(card: &ReadCard, status: &CardInForce, secret: &CardSecret) -> Self {
        let facts = card.facts();
        let place = |place: Option<&Place>| place.map_or("", Place::as_str).to_owned();
        let fields = [
            &facts.surname,
            &facts.given_names,
            &facts.birthdate.to_string(),
            facts.gender.as_str(),
            &place(status.birthplace()),
            &place(status.birthcountry()),
        ];
        let label: &[u8] = b"person/1";
        let fields: Vec<&[u8]> = std::iter::once(label).chain(fields.map(str::as_bytes)).collect();
        Self(keyed_hash(&secret.0, &fields))
    }
}

/// The civil facts that the zone of a card states: names as transliterated, perhaps cut. Personal data: never kept, and
/// `Debug` hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct Facts {
    /// Surname.
    pub surname: String,
    /// Given names, separated by spaces.
    pub given_names: String,
    /// Date of birth.
    pub birthdate: Birthdate,
    /// Gender.
    pub gender: Gender,
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Facts(…)")
    }
}

/// What names a card to its authority: issuing State and document number. Personal data: it is kept with the identity of a
/// citizen alone, under a secret of who bears it, and `Debug` hides it (decisions/0030).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    issuing_state: String,
    number: String,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Document(…)")
    }
}

impl Document {
    /// Names a card.
    pub const fn new(issuing_state: String, number: String) -> Self {
        Self { issuing_state, number }
    }

    /// Who issued it.
    pub fn issuing_state(&self) -> &str {
        &self.issuing_state
    }

    /// Its number.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The pseudonym of the card inside the gateway.
    pub fn key(&self, secret: &CardSecret) -> CardKey {
        CardKey::of(&self.issuing_state, &self.number, secret)
    }
}

/// A card whose chip answered, without its code: what a desk reads. Its only way is [`ReadCard::of`].
#[derive(Debug, Clone)]
pub struct ReadCard {
    document: Document,
    key: CardKey,
    chip: Thumbprint,
    facts: Facts,
    expires: Timestamp,
}

impl ReadCard {
    /// The card that a genuine chip is, by the zone that was read again through its own channel.
    pub fn of(live: &LiveCard, secret: &CardSecret, now: Timestamp) -> Result<Self, Refusal> {
        // What was accepted of other countries' documents is no proof of a French identity card.
        if live.profile() != Profile::Cnie {
            return Err(Refusal::CardNotAuthentic);
        }
        let zone = live.zone();
        let expires = end_of(zone.expiry).ok_or(Refusal::IdentityUnreadable)?;
        if expires.is_past(now) {
            return Err(Refusal::CardExpired);
        }
        let document = Document::new(zone.issuing_state.clone(), zone.document_number.clone());
        Ok(Self {
            key: document.key(secret),
            document,
            chip: Thumbprint::new(live.chip_thumbprint()),
            facts: facts(zone, now)?,
            expires,
        })
    }

    /// What names it to its authority.
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// The pseudonym of the card.
    pub const fn key(&self) -> CardKey {
        self.key
    }

    /// The key of its chip.
    pub const fn chip(&self) -> Thumbprint {
        self.chip
    }

    /// Who it names.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// When it ends: the first second after its last day, in UTC.
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }
}

/// Proof that a genuine chip answered this gateway and signed this transaction after its code was entered. Its only way
/// is [`CardAndCode::of`], which asks for both proofs of [`chip`].
///
/// ```compile_fail,E0451
/// use domain::cnie::{Thumbprint, card::{CardAndCode, ReadCard}};
/// fn forge(card: ReadCard) -> CardAndCode { CardAndCode { card, code: Thumbprint::new([0; 32]) } }
/// ```
#[derive(Debug, Clone)]
pub struct CardAndCode {
    card: ReadCard,
    code: Thumbprint,
}

impl CardAndCode {
    /// The proof that both are one card, and that what was signed is this transaction.
    pub fn of(
        live: &LiveCard,
        holder: &HolderPresent,
        expected: &ToSign,
        secret: &CardSecret,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        if !same(holder.signed(), expected.as_bytes()) {
            return Err(Refusal::OtherTransaction);
        }
        if holder.document_number() != live.zone().document_number {
            return Err(Refusal::TwoCards);
        }
        Ok(Self { card: ReadCard::of(live, secret, now)?, code: Thumbprint::new(holder.key_thumbprint()) })
    }

    /// The card.
    pub const fn card(&self) -> &ReadCard {
        &self.card
    }

    /// The key that signs after the code: another one once the code was changed.
    pub const fn code(&self) -> Thumbprint {
        self.code
    }

    #[cfg(test)]
    pub(crate) const fn of_test(card: ReadCard, code: Thumbprint) -> Self {
        Self { card, code }
    }
}

#[cfg(test)]
impl ReadCard {
    pub(crate) fn of_test(number: &str, chip: [u8; 32], expires: Timestamp) -> Self {
        Self {
            document: Document::new("FRA".into(), number.into()),
            key: CardKey::of("FRA", number, &CardSecret::new([7; 32])),
            chip: Thumbprint::new(chip),
            facts: Facts {
                surname: "DUBOIS".into(),
                given_names: "ANGELA CLAIRE".into(),
                birthdate: Birthdate::parse("1962-08-24").expect("a day"),
                gender: Gender::Female,
            },
            expires,
        }
    }

    pub(crate) fn with_facts(self, change: impl FnOnce(&mut Facts)) -> Self {
        let mut facts = self.facts.clone();
        change(&mut facts);
        Self { facts, ..self }
    }
}

/// The first second after a day.
fn end_of(day: Date) -> Option<Timestamp> {
    let month = time::Month::try_from(day.month()).ok()?;
    let date = time::Date::from_calendar_date(i32::from(day.year()), month, day.day()).ok()?;
    Some(Timestamp::from_epoch(date.next_day()?.midnight().assume_utc().unix_timestamp()))
}

fn facts(zone: &Mrz, now: Timestamp) -> Result<Facts, Refusal> {
    let today = u64::try_from(now.epoch()).ok().and_then(|seconds| Moment(seconds).date());
    let born = today.and_then(|today| zone.birth.latest(today)).ok_or(Refusal::IdentityUnreadable)?;
    // Parts that the zone does not know stay unknown (`00`), as in the civil registry.
    let day = zone.birth.day().unwrap_or(0);
    let birthdate = format!("{:04}-{:02}-{day:02}", born.year(), zone.birth.month().unwrap_or(0));
    let gender = match zone.sex {
        'F' => Gender::Female,
        'M' => Gender::Male,
        _ => Gender::Unspecified,
    };
    Ok(Facts {
        surname: zone.surname.clone(),
        given_names: zone.given_names.clone(),
        birthdate: Birthdate::parse(&birthdate).map_err(|_| Refusal::IdentityUnreadable)?,
        gender,
    })
}

#[cfg(test)]
#[path = "card_tests.rs"]
mod tests;
