//! The sandbox citizens: invented people, one for each thing that can happen at the civil registry.
//!
//! Every provider knows all of them under the same name and password; the registry holds what it answers for each.

use serde::Serialize;

/// The password of every sandbox citizen, at every sandbox provider.
pub const PASSWORD: &str = "passerelle";

/// Gender as identity claims spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gender {
    /// A woman.
    Female,
    /// A man.
    Male,
}

impl Gender {
    /// The claim's value.
    pub fn claim(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }
}

/// What the civil registry answers when asked about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Found exactly as asked.
    Found,
    /// Found, with something corrected.
    Rectified,
    /// One person resembles, not closely enough.
    SingleEcho,
    /// Several people resemble.
    Several,
    /// Known only under a married name.
    MarriedName,
    /// Nobody.
    NotFound,
    /// The registry refuses the question.
    Rejected,
}

impl Outcome {
    /// The outcome's name in the JSON form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Rectified => "rectified",
            Self::SingleEcho => "single_echo",
            Self::Several => "several",
            Self::MarriedName => "married_name",
            Self::NotFound => "not_found",
            Self::Rejected => "rejected",
        }
    }

    /// `TypeReponseIdentification` in the XML form.
    pub fn number(self) -> u8 {
        match self {
            Self::Found => 2,
            Self::Rectified => 3,
            Self::SingleEcho => 4,
            Self::Several => 6,
            Self::MarriedName => 7,
            Self::NotFound => 8,
            Self::Rejected => 9,
        }
    }

    /// Whether the registry hands out an identity with this outcome.
    pub fn identifies(self) -> bool {
        match self {
            Self::Found | Self::Rectified => true,
            Self::SingleEcho | Self::Several | Self::MarriedName | Self::NotFound | Self::Rejected => false,
        }
    }
}

/// Whether the registry mentions a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// No mention.
    Living,
    /// A death is mentioned.
    Deceased,
}

/// One invented person, as the providers know them and as the registry answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Name to type at a provider.
    pub username: &'static str,
    /// Birth name, as the providers have it.
    pub family_name: &'static str,
    /// All given names, in order, with spaces between, as the providers have them.
    pub given_name: &'static str,
    /// The same as the registry has them; differs only for a rectified identity.
    pub registered_given_name: &'static str,
    /// Name used day to day, when it is not the birth name.
    pub preferred_username: Option<&'static str>,
    /// Gender.
    pub gender: Gender,
    /// `YYYY-MM-DD`; `00` where day or month is not known.
    pub birthdate: &'static str,
    /// COG code of the commune; none when born abroad.
    pub birthplace: Option<&'static str>,
    /// COG code of the country; 99100 is France.
    pub birthcountry: &'static str,
    /// Address the notices go to.
    pub email: &'static str,
    /// What the registry answers.
    pub outcome: Outcome,
    /// Whether the registry mentions a death.
    pub life: Life,
    /// What a person who tries the demo should expect, in French.
    pub expect: &'static str,
}

impl Person {
    /// The person who signs in under `username`.
    pub fn named(username: &str) -> Option<&'static Self> {
        PEOPLE.iter().find(|person| person.username == username)
    }

    /// Whether a sign-in ends at the service (otherwise the gateway explains why not).
    pub fn signs_in(&self) -> bool {
        self.outcome.identifies() && self.life == Life::Living
    }

    /// First given name and birth name, for lists.
    pub fn display_name(&self) -> String {
        let first = self.given_name.split(' ').next().unwrap_or(self.given_name);
        format!("{first} {}", self.family_name)
    }
}

/// All of them.
pub const PEOPLE: [Person; 8] = [
    Person {
        username: "angela",
        family_name: "DUBOIS",
        given_name: "Angela Claire Louise",
        registered_given_name: "Angela Claire Louise",
        preferred_username: None,
        gender: Gender::Female,
        birthdate: "1962-08-24",
        birthplace: Some("75107"),
        birthcountry: "99100",
        email: "angela@exemple.fr",
        outcome: Outcome::Found,
        life: Life::Living,
        expect: "trouvée à l’état civil",
    },
    Person {
        username: "pierre",
        family_name: "MARTIN-LEFÈVRE",
        given_name: "Pierre Étienne",
        registered_given_name: "Pierre Etienne",
        preferred_username: Some("MARTIN"),
        gender: Gender::Male,
        birthdate: "1985-03-00",
        birthplace: Some("2A004"),
        birthcountry: "99100",
        email: "pierre@exemple.fr",
        outcome: Outcome::Rectified,
        life: Life::Living,
        expect: "trouvé après rectification, jour de naissance inconnu",
    },
    Person {
        username: "keiko",
        family_name: "TANAKA",
        given_name: "Keiko",
        registered_given_name: "Keiko",
        preferred_username: None,
        gender: Gender::Female,
        birthdate: "1990-12-01",
        birthplace: None,
        birthcountry: "99217",
        email: "keiko@exemple.fr",
        outcome: Outcome::Found,
        life: Life::Living,
        expect: "trouvée, née à l’étranger",
    },
    Person {
        username: "paul",
        family_name: "ROUX",
        given_name: "Paul",
        registered_given_name: "Paul",
        preferred_username: None,
        gender: Gender::Male,
        birthdate: "1931-05-17",
        birthplace: Some("13055"),
        birthcountry: "99100",
        email: "paul@exemple.fr",
        outcome: Outcome::Found,
        life: Life::Deceased,
        expect: "refusé : décès mentionné",
    },
    Person {
        username: "nadia",
        family_name: "BERNARD",
        given_name: "Nadia",
        registered_given_name: "Nadia",
        preferred_username: None,
        gender: Gender::Female,
        birthdate: "1978-02-11",
        birthplace: Some("69123"),
        birthcountry: "99100",
        email: "nadia@exemple.fr",
        outcome: Outcome::Several,
        life: Life::Living,
        expect: "refusée : plusieurs personnes ressemblent",
    },
    Person {
        username: "hugo",
        family_name: "GARNIER",
        given_name: "Hugo Marc",
        registered_given_name: "Hugo Marc",
        preferred_username: None,
        gender: Gender::Male,
        birthdate: "1999-07-30",
        birthplace: Some("35238"),
        birthcountry: "99100",
        email: "hugo@exemple.fr",
        outcome: Outcome::SingleEcho,
        life: Life::Living,
        expect: "refusé : une seule personne ressemble, pas assez",
    },
    Person {
        username: "luc",
        family_name: "INCONNU",
        given_name: "Luc",
        registered_given_name: "Luc",
        preferred_username: None,
        gender: Gender::Male,
        birthdate: "1970-01-01",
        birthplace: Some("59350"),
        birthcountry: "99100",
        email: "luc@exemple.fr",
        outcome: Outcome::NotFound,
        life: Life::Living,
        expect: "refusé : introuvable à l’état civil",
    },
    Person {
        username: "zoe",
        family_name: "PETIT",
        given_name: "Zoé",
        registered_given_name: "Zoé",
        preferred_username: Some("LAMBERT"),
        gender: Gender::Female,
        birthdate: "1988-10-09",
        birthplace: Some("31555"),
        birthcountry: "99100",
        email: "zoe@exemple.fr",
        outcome: Outcome::MarriedName,
        life: Life::Living,
        expect: "refusée : connue seulement sous un nom d’usage",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_person_has_a_name_and_an_address_of_their_own() {
        for (at, person) in PEOPLE.iter().enumerate() {
            for other in &PEOPLE[at + 1..] {
                assert_ne!(person.username, other.username);
                assert_ne!(person.email, other.email);
            }
        }
    }

    #[test]
    fn three_of_them_can_sign_in() {
        let able: Vec<_> = PEOPLE.iter().filter(|person| person.signs_in()).map(|person| person.username).collect();
        assert_eq!(able, ["angela", "pierre", "keiko"]);
    }
}
