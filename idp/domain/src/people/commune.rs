//! A commune: its INSEE code, and whether its mairie certifies.

use serde::{Deserialize, Serialize};

use super::name::Name;
use crate::time::Timestamp;

/// Not the INSEE code of a commune.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a commune has an INSEE code of five characters, such as 75056 or 2A004")]
pub struct BadCode;

/// The INSEE code of a commune: five characters, digits but for the `2A` and `2B` of Corsica.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommuneCode(String);

/// The code of a département or overseas collectivity: `01` to `95`, `2A`, `2B`, `971` to `978`, `984` to `989`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Departement(String);

impl CommuneCode {
    /// Reads a code. Codes of countries (`99…`) are none of a commune.
    pub fn parse(text: &str) -> Result<Self, BadCode> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (first, _) = text.split_at_checked(2).filter(|(_, rest)| rest.len() == 3 && digits(rest)).ok_or(BadCode)?;
        let somewhere = match first {
            "2A" | "2B" | "97" | "98" => true,
            "20" => false,
            _ => digits(first) && ("01"..="95").contains(&first),
        };
        if somewhere { Ok(Self(text.to_owned())) } else { Err(BadCode) }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The département it lies in.
    pub fn departement(&self) -> Departement {
        let length = if self.0.starts_with("97") || self.0.starts_with("98") { 3 } else { 2 };
        Departement(self.0.chars().take(length).collect())
    }
}

impl TryFrom<String> for CommuneCode {
    type Error = BadCode;

    fn try_from(text: String) -> Result<Self, BadCode> {
        Self::parse(&text)
    }
}

impl From<CommuneCode> for String {
    fn from(code: CommuneCode) -> Self {
        code.0
    }
}

impl std::fmt::Display for CommuneCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Departement {
    /// Reads a code.
    pub fn parse(text: &str) -> Result<Self, BadCode> {
        // Every commune there has the code as its beginning.
        let filled = format!("{text:0<5}");
        let departement = CommuneCode::parse(&filled)?.departement();
        if departement.0 == text { Ok(departement) } else { Err(BadCode) }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Departement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a commune has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommuneState {
    /// It takes part; its desk does not certify yet.
    Enrolled,
    /// Its desk certifies from this moment on.
    Certifying {
        /// The moment.
        from: Timestamp,
    },
    /// It put off taking part.
    Postponed,
}

/// A commune that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commune {
    /// Its code.
    pub code: CommuneCode,
    /// Its name.
    pub name: Name,
    /// How far it has come.
    pub state: CommuneState,
}

impl Commune {
    /// The département it lies in.
    pub fn departement(&self) -> Departement {
        self.code.departement()
    }

    /// Whether its desk certifies at `now`.
    pub const fn certifies(&self, now: Timestamp) -> bool {
        match self.state {
            CommuneState::Certifying { from } => from.is_past(now),
            CommuneState::Enrolled | CommuneState::Postponed => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_of_a_commune_and_tells_its_departement() {
        for (code, departement) in
            [("75056", "75"), ("01001", "01"), ("2A004", "2A"), ("2B033", "2B"), ("97411", "974"), ("98818", "988")]
        {
            assert_eq!(CommuneCode::parse(code).expect(code).departement().as_str(), departement);
        }
        for bad in
            ["", "7505", "750560", "00001", "20004", "2C001", "2a004", "96001", "99100", "7505A", "A5056", "７５056"]
        {
            assert_eq!(CommuneCode::parse(bad), Err(BadCode), "{bad}");
        }
    }

    #[test]
    fn a_departement_is_read_by_its_code_alone() {
        for good in ["01", "95", "2A", "2B", "971", "988"] {
            assert_eq!(Departement::parse(good).expect(good).as_str(), good);
        }
        for bad in ["", "0", "00", "20", "96", "97", "98", "99", "2a", "075", "7500", "９５"] {
            assert_eq!(Departement::parse(bad), Err(BadCode), "{bad}");
        }
    }

    #[test]
    fn a_desk_certifies_from_its_day_on_and_not_before() {
        let at = Timestamp::from_epoch;
        let commune = |state| Commune {
            code: CommuneCode::parse("75056").expect("a code"),
            name: Name::parse("Paris").expect("a name"),
            state,
        };
        let certifying = commune(CommuneState::Certifying { from: at(100) });
        assert!(!certifying.certifies(at(99)) && certifying.certifies(at(100)));
        for state in [CommuneState::Enrolled, CommuneState::Postponed] {
            assert!(!commune(state).certifies(at(100)));
        }
    }
}
