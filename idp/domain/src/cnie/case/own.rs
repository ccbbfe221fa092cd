//! Nobody certifies themselves: how the agent of a case is compared with the citizen.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::{DeskCard, DeskRefusal, Shown};
use crate::cnie::card::{CardKey, CardSecret};
use crate::identity::pivot::Birthdate;
use crate::people::agent::Agent;
use crate::secret::{base64url, from_base64url, keyed_hash};

/// Who an agent is, as they declared: the keyed hash of surname and date of birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonMark([u8; 32]);

impl PersonMark {
    /// Computes the mark.
    pub fn of(surname: &str, birthdate: Birthdate, secret: &CardSecret) -> Self {
        let surname = words(surname).join(" ");
        Self(keyed_hash(secret.as_bytes(), &[b"person/1", surname.as_bytes(), birthdate.to_string().as_bytes()]))
    }
}

impl PersonMark {
    /// The mark of who declares themselves; none where the name has no letter that a zone could hold.
    pub fn declared(surname: &str, birthdate: Birthdate, secret: &CardSecret) -> Option<Self> {
        (!words(surname).is_empty()).then(|| Self::of(surname, birthdate, secret))
    }
}

impl TryFrom<String> for PersonMark {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        from_base64url(&text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or("not a mark of a person")
    }
}

impl From<PersonMark> for String {
    fn from(mark: PersonMark) -> Self {
        base64url(&mark.0)
    }
}

/// What an agent declared of themselves, so that their own card is known. Nothing of it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// Their own card.
    #[serde(default)]
    pub card: Option<CardKey>,
    /// Their name and date of birth.
    #[serde(default)]
    pub person: Option<PersonMark>,
    /// Who they say they really are, until another admin confirms it.
    #[serde(default)]
    pub asked: Option<PersonMark>,
    /// What they declared before, in error: a correction never lets them certify whom they once declared to be.
    #[serde(default)]
    pub former: Vec<PersonMark>,
}

impl Declared {
    /// Whether the card is the one of who declared this.
    pub(super) fn is(&self, card: CardKey, person: PersonMark) -> bool {
        self.card == Some(card) || self.person == Some(person) || self.former.contains(&person)
    }

    /// Whether who they are is declared.
    pub const fn is_made(&self) -> bool {
        self.person.is_some()
    }

    /// What is declared once it is put right.
    #[must_use]
    pub fn corrected(&self, person: PersonMark) -> Self {
        let mut former = self.former.clone();
        former.extend(self.person.filter(|before| *before != person && !former.contains(before)));
        former.retain(|before| *before != person);
        Self { card: self.card, person: Some(person), asked: None, former }
    }
}

/// Whether an identity's address is the agent's.
pub(super) fn is_address_of(agent: &Agent, mail: &str) -> bool {
    agent.mail.as_str().eq_ignore_ascii_case(mail)
}

/// Whether a card bears the name of the agent: every word of the name that colleagues know is among the surname and the
/// given names. A namesake is none the worse for it: a colleague looks too.
pub(super) fn has_name_of(card: &DeskCard, agent: &Agent) -> bool {
    let facts = card.card().facts();
    bears(agent, &facts.surname, &facts.given_names)
}

fn bears(agent: &Agent, surname: &str, given_names: &str) -> bool {
    let of_card: Vec<_> = words(surname).into_iter().chain(words(given_names)).collect();
    let of_agent = words(agent.name.as_str());
    of_agent.len() > 1 && of_agent.iter().all(|word| of_card.contains(word))
}

/// The citizen of a case, as a colleague who looks too is compared with them.
#[derive(Debug, Clone, Copy)]
pub struct Citizen<'a> {
    /// The address of the identity.
    pub mail: &'a str,
    /// What was read of the card.
    pub shown: &'a Shown,
    /// What the marks of persons are computed with.
    pub secret: &'a CardSecret,
}

/// Whether a colleague can be the second pair of eyes: not the citizen, not close to them, and not someone of whom that
/// cannot be told.
pub(super) fn vouches(second: &Agent, card: CardKey, citizen: &Citizen<'_>) -> Result<(), DeskRefusal> {
    let Shown { surname, given_names, birthdate, .. } = citizen.shown;
    let person = PersonMark::of(surname, *birthdate, citizen.secret);
    if is_address_of(second, citizen.mail) || second.declared.is(card, person) {
        return Err(DeskRefusal::OwnIdentity);
    }
    if bears(second, surname, given_names) {
        return Err(DeskRefusal::SecondIsClose);
    }
    if second.declared.is_made() { Ok(()) } else { Err(DeskRefusal::SecondUndeclared) }
}

/// The words of a name as a zone writes them: capitals without accents (ICAO 9303-3 §6.A, as far as French needs it).
fn words(name: &str) -> Vec<String> {
    let plain: String = name
        .nfd()
        .flat_map(char::to_uppercase)
        .flat_map(|c| match c {
            'Œ' => vec!['O', 'E'],
            'Æ' => vec!['A', 'E'],
            c if c.is_ascii_alphabetic() => vec![c],
            // An apostrophe joins in a zone (`D'ARC` is `DARC`), and an accent is left out.
            '\'' | '’' => Vec::new(),
            c if ('\u{300}'..='\u{36F}').contains(&c) => Vec::new(),
            _ => vec![' '],
        })
        .collect();
    plain.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_compared_as_a_zone_writes_it() {
        assert_eq!(words("Jean-François  Lœuf d’Arc"), ["JEAN", "FRANCOIS", "LOEUF", "DARC"]);
        let (secret, other) = (CardSecret::new([1; 32]), CardSecret::new([2; 32]));
        let day = Birthdate::parse("1962-08-24").expect("a day");
        let mark = PersonMark::of("Dûbois", day, &secret);
        assert_eq!(mark, PersonMark::of("DUBOIS", day, &secret));
        assert_ne!(mark, PersonMark::of("DUBOIS", day, &other));
        assert_ne!(mark, PersonMark::of("DUBOIS", Birthdate::parse("1962-08-25").expect("a day"), &secret));
        let text = String::from(mark);
        assert_eq!(PersonMark::try_from(text), Ok(mark));
        assert_eq!(PersonMark::declared("Dûbois", day, &secret), Some(mark));
        assert_eq!(PersonMark::declared("12 – 34", day, &secret), None, "no name that a card could hold");
    }
}
