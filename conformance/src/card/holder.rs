//! The cards of the sandbox citizens: what is printed on them, and the code that each holder chose.

use crate::people::{Gender, Person};

/// A card's holder, and what the card says beside the identity of [`Person`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub person: &'static Person,
    /// Document number.
    pub number: &'static str,
    /// The access number printed on the front.
    pub can: &'static str,
    /// The code that the holder chose.
    pub code: &'static str,
    /// In centimetres.
    pub height: u16,
    /// Street, and town with its postal code.
    pub address: [&'static str; 2],
    /// Birth place as the card writes it.
    pub birth_town: &'static str,
    /// What the simulator drew.
    pub portrait: Portrait,
}

/// A face, as two kinds of cards hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portrait {
    /// JPEG.
    pub jpeg: &'static [u8],
    /// JPEG 2000 in its file format, by OpenJPEG: lossy, as cards have it.
    pub jpeg_2000: &'static [u8],
}

macro_rules! portrait {
    ($name:literal) => {
        Portrait {
            jpeg: include_bytes!(concat!("portraits/", $name, ".jpg")),
            jpeg_2000: include_bytes!(concat!("portraits/", $name, ".jp2")),
        }
    };
}

/// Number, CAN, code, height, address, birth place.
type Row = (&'static str, &'static str, &'static str, &'static str, u16, [&'static str; 2], &'static str, Portrait);

const CARDS: [Row; 8] = [
    (
        "angela",
        "SIM0A1NG7",
        "412907",
        "246813",
        168,
        ["12 rue des Tilleuls", "75007 PARIS"],
        "Paris 7e Arrondissement",
        portrait!("angela"),
    ),
    (
        "pierre",
        "SIM0P2RR4",
        "530118",
        "135792",
        181,
        ["3 cours Napoléon", "20000 AJACCIO"],
        "Ajaccio",
        portrait!("pierre"),
    ),
    (
        "keiko",
        "SIM0K3KT9",
        "207744",
        "864209",
        161,
        ["8 allée des Érables", "44000 NANTES"],
        "Tokyo",
        portrait!("keiko"),
    ),
    (
        "paul",
        "SIM0P4RX2",
        "619035",
        "975310",
        174,
        ["27 boulevard de la Corderie", "13007 MARSEILLE"],
        "Marseille",
        portrait!("paul"),
    ),
    (
        "nadia",
        "SIM0N5BR8",
        "384652",
        "102938",
        170,
        ["5 montée de la Butte", "69001 LYON"],
        "Lyon 3e Arrondissement",
        portrait!("nadia"),
    ),
    ("hugo", "SIM0H6GR1", "751296", "657483", 185, ["41 rue de Brest", "35000 RENNES"], "Rennes", portrait!("hugo")),
    ("luc", "SIM0L7NC5", "168423", "482615", 177, ["19 rue Esquermoise", "59800 LILLE"], "Lille", portrait!("luc")),
    ("zoe", "SIM0Z8PT3", "895371", "730164", 166, ["2 place du Salin", "31000 TOULOUSE"], "Toulouse", portrait!("zoe")),
];

impl Holder {
    /// The card data of the person who signs in under this name.
    pub fn named(username: &str) -> Option<Self> {
        let row = CARDS.iter().find(|row| row.0 == username)?;
        let &(name, number, can, code, height, address, birth_town, portrait) = row;
        Some(Self { person: Person::named(name)?, number, can, code, height, address, birth_town, portrait })
    }

    /// All of them.
    pub fn all() -> Vec<Self> {
        CARDS.iter().filter_map(|row| Self::named(row.0)).collect()
    }

    /// Whether the zone cannot write the name as it is: such cards have data group 11.
    pub fn has_accents(&self) -> bool {
        !self.person.family_name.is_ascii() || !self.person.given_name.is_ascii()
    }

    /// The machine readable zone of a card (TD1, ICAO 9303-5 §4.2) of this State that expires on a day `YYMMDD`.
    pub fn zone(&self, state: &str, expiry: &str) -> String {
        let digits: String = self.person.birthdate.chars().skip(2).filter(char::is_ascii_digit).collect();
        // What is not known of a birth date is filled (ICAO 9303-3 §4.8).
        let part = |from| digits.get(from..from + 2).filter(|part| *part != "00").unwrap_or("<<");
        let birth = format!("{}{}{}", part(0), part(2), part(4));
        let sex = match self.person.gender {
            Gender::Female => 'F',
            Gender::Male => 'M',
        };
        let number = format!("{:<<9}", self.number);
        let upper = format!("ID{state:<<3}{number}{}{:<<15}", check_digit(&number), "");
        let dates = format!("{birth}{}{sex}{expiry}{}", check_digit(&birth), check_digit(expiry));
        let covered = [&upper[5..30], &dates[..7], &dates[8..15], &"<".repeat(11)].concat();
        let middle = format!("{dates}FRA{:<<11}{}", "", check_digit(&covered));
        let names = format!("{}<<{}", zone_name(self.person.family_name), zone_name(self.person.given_name));
        let names: String = names.chars().chain(std::iter::repeat('<')).take(30).collect();
        format!("{upper}{middle}{names}")
    }
}

/// What a password of PACE is made from: number, birth and expiry with their check digits.
pub fn access_information(zone: &str) -> String {
    [&zone[5..15], &zone[30..37], &zone[38..45]].concat()
}

/// Weights 7, 3, 1 (ICAO 9303-3 §4.9).
fn check_digit(field: &str) -> u32 {
    let value = |character: char| character.to_digit(36).unwrap_or(0);
    field.chars().zip([7, 3, 1].into_iter().cycle()).map(|(character, weight)| value(character) * weight).sum::<u32>()
        % 10
}

/// Letters of the zone (ICAO 9303-3 §6 A), for the accents that the sandbox has.
fn zone_name(name: &str) -> String {
    let letter = |letter: char| match letter {
        'É' | 'È' | 'Ê' | 'Ë' => Some('E'),
        'À' | 'Â' => Some('A'),
        'Î' | 'Ï' => Some('I'),
        'Ô' => Some('O'),
        'Û' | 'Ù' => Some('U'),
        'Ç' => Some('C'),
        ' ' | '-' => Some('<'),
        'A'..='Z' => Some(letter),
        _ => None,
    };
    name.to_uppercase().chars().filter_map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::PEOPLE;

    #[test]
    fn every_citizen_has_a_card_with_a_number_and_codes_of_its_own() {
        let holders = Holder::all();
        assert_eq!(holders.len(), PEOPLE.len());
        for (at, holder) in holders.iter().enumerate() {
            assert!(holder.can.len() == 6 && holder.code.len() == 6 && holder.number.len() == 9);
            for other in &holders[at + 1..] {
                assert!(holder.number != other.number && holder.can != other.can);
            }
        }
    }

    #[test]
    fn a_zone_is_the_one_that_the_standard_computes() {
        // ICAO 9303-5 appendix B: D23145890 with check digit 7, born 740812 2, expiring 120415 9.
        assert_eq!(check_digit("D23145890"), 7);
        assert_eq!((check_digit("740812"), check_digit("120415")), (2, 9));
        let zone = Holder::named("pierre").unwrap().zone("FRA", "330101");
        assert_eq!(zone.len(), 90);
        assert_eq!(&zone[30..36], "8503<<");
        assert_eq!(&zone[60..], "MARTIN<LEFEVRE<<PIERRE<ETIENNE");
        assert_eq!(access_information(&zone).len(), 24);
    }
}
