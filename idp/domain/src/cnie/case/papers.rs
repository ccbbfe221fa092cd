//! What lies with a case while it is open, under a secret that the case holds and drops at its end: first the files and
//! the dialogue with the chip, then the photo and the names that the agent looks at. Never longer than the case.

use chip::lds::ImageFormat;
use serde::{Deserialize, Serialize};

use crate::cnie::transaction::Octets;
use crate::identity::pivot::{Birthdate, Gender};

/// What lies with an open case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Papers {
    /// The chip is asked.
    Asked(Asked),
    /// The card was read.
    Shown(Box<Shown>),
}

/// A dialogue with the chip. As with a citizen's own transaction, what it proves is computed from it and not kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asked {
    /// The security object.
    pub sod: Octets,
    /// The data groups, by number.
    pub groups: Vec<(u8, Octets)>,
    /// What the server's own key is made of.
    pub seed: Octets,
    /// The answers to each round: those the reader unwrapped, and those of the chip.
    pub rounds: Vec<(Vec<Octets>, Vec<Octets>)>,
}

/// What the agent sees of the citizen: the photo and the civil facts of the chip.
#[derive(Clone, Serialize, Deserialize)]
pub struct Shown {
    /// Surname.
    pub surname: String,
    /// Given names.
    pub given_names: String,
    /// Date of birth.
    pub birthdate: Birthdate,
    /// Gender.
    pub gender: Gender,
    /// Place of birth, with its accents, where the card says it.
    pub birthplace: Option<String>,
    /// Format of the photo.
    pub picture: Picture,
    /// The photo.
    pub image: Octets,
}

/// Nothing of the holder.
impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shown({:?})", self.picture)
    }
}

/// Format of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// JPEG.
    Jpeg,
    /// JPEG 2000, in its file format.
    Jpeg2000,
    /// JPEG 2000, the codestream alone.
    Codestream,
}

impl Picture {
    /// The format that a chip's photo was found to have.
    pub const fn of(format: ImageFormat) -> Self {
        match format {
            ImageFormat::Jpeg => Self::Jpeg,
            ImageFormat::Jpeg2000 => Self::Jpeg2000,
            ImageFormat::Codestream => Self::Codestream,
        }
    }
}
