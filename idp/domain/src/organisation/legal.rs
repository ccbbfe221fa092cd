//! What an organisation may be in a habilitation, by its legal category at INSEE.

/// A legal category of INSEE: four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegalCategory(u16);

/// Not a legal category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a legal category has four digits, such as 7210")]
pub struct BadCategory;

/// What an organisation may be in a habilitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A commune: asks for itself.
    Direct,
    /// A body that acts for communes: lists them, and attaches the deliberation or convention.
    Attached,
    /// A private body: the editor of software that acts for a commune, and never the controller.
    EditorOnly,
    /// A public body that is neither: a département, a région, an establishment of the State.
    NotAdmitted,
}

impl LegalCategory {
    /// A commune, new ones too.
    pub const COMMUNE: Self = Self(7210);

    /// Reads the four digits.
    pub fn parse(text: &str) -> Result<Self, BadCategory> {
        let sound = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| sound).map(Self).ok_or(BadCategory)
    }

    pub(super) const fn of(number: u16) -> Self {
        Self(number)
    }

    /// What a body of this category may be.
    pub const fn standing(self) -> Standing {
        match self.0 {
            7210 => Standing::Direct,
            // Groupings of communes with taxes of their own; syndicats and PETR; CCAS, caisse des écoles, CIAS; GIP.
            7343..=7349 | 7350..=7359 | 7361 | 7362 | 7367 | 7410 => Standing::Attached,
            // Bodies of public law at large; those that are none of the above.
            4000..=4999 | 7000..=7999 => Standing::NotAdmitted,
            _ => Standing::EditorOnly,
        }
    }

    /// What INSEE calls it, where an organisation of communes or its neighbour has it.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            7210 => "Commune et commune nouvelle",
            7220 => "Département",
            7225 => "Collectivité et territoire d’outre-mer",
            7229 => "Autre collectivité territoriale",
            7230 => "Région",
            7312 => "Commune associée et commune déléguée",
            7313 => "Section de commune",
            7314 => "Ensemble urbain",
            7340 => "Pôle métropolitain",
            7341 => "Secteur de commune",
            7342 => "District urbain",
            7343 => "Communauté urbaine",
            7344 => "Métropole",
            7345 => "Syndicat intercommunal à vocation multiple (SIVOM)",
            7346 => "Communauté de communes",
            7347 => "Communauté de villes",
            7348 => "Communauté d’agglomération",
            7349 => "Autre établissement public local de coopération",
            7353 => "Syndicat intercommunal à vocation unique (SIVU)",
            7354 => "Syndicat mixte fermé",
            7355 => "Syndicat mixte ouvert",
            7357 => "Pôle d’équilibre territorial et rural (PETR)",
            7361 => "Centre communal d’action sociale",
            7362 => "Caisse des écoles",
            7367 => "Centre intercommunal d’action sociale",
            7378 => "Régie d’une collectivité locale",
            7410 => "Groupement d’intérêt public (GIP)",
            _ => return None,
        })
    }
}

impl std::fmt::Display for LegalCategory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(text: &str) -> Standing {
        LegalCategory::parse(text).expect(text).standing()
    }

    #[test]
    fn only_a_commune_asks_for_itself() {
        let direct = (0..10_000).filter(|number| LegalCategory::of(*number).standing() == Standing::Direct);
        assert_eq!(direct.collect::<Vec<_>>(), [7210]);
    }

    #[test]
    fn a_body_acts_for_communes_by_its_category() {
        for category in [
            "7343", "7344", "7345", "7346", "7347", "7348", "7349", "7353", "7354", "7355", "7357", "7361", "7362",
            "7367", "7410",
        ] {
            assert_eq!(standing(category), Standing::Attached, "{category}");
        }
        // A département, the State, a region; what is a part of a commune; a régie; an industrial establishment.
        for category in ["7220", "7113", "7230", "7312", "7313", "7342", "7360", "7363", "7378", "7411", "4110"] {
            assert_eq!(standing(category), Standing::NotAdmitted, "{category}");
        }
    }

    #[test]
    fn a_private_body_is_an_editor_and_no_more() {
        // A company, an association, a bank, a person.
        for category in ["5710", "9220", "6100", "1000", "3999", "8000"] {
            assert_eq!(standing(category), Standing::EditorOnly, "{category}");
        }
    }

    #[test]
    fn a_category_has_four_digits() {
        for bad in ["", "721", "72100", "+721", "72 1", "721a", "７２１０"] {
            assert_eq!(LegalCategory::parse(bad), Err(BadCategory), "{bad:?}");
        }
        assert_eq!(LegalCategory::parse("0010").map(|category| category.to_string()).as_deref(), Ok("0010"));
    }
}
