//! Nobody certifies themselves: how the agent of a case is compared with the citizen.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::DeskCard;
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
}

impl Declared {
    /// Whether the card is the one of who declared this.
    pub(super) fn is(&self, card: &DeskCard) -> bool {
        self.card == Some(card.card().key()) || self.person == Some(card.person())
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
    let of_card: Vec<_> = words(&facts.surname).into_iter().chain(words(&facts.given_names)).collect();
    let of_agent = words(agent.name.as_str());
    of_agent.len() > 1 && of_agent.iter().all(|word| of_card.contains(word))
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
    }
}
