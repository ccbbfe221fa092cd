//! What the authority that issues cards says of one: asked at the desk and each time a card is shown, for a card's own
//! files never know that it was lost.

use serde::{Deserialize, Serialize};

use super::identity::Closure;
use super::refusal::Refusal;
use crate::identity::pivot::Place;

/// What became of a card, in the words that its authority answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It may be used.
    Valid,
    /// Declared lost.
    Lost,
    /// Declared stolen.
    Stolen,
    /// Withdrawn, or replaced by another.
    Revoked,
    /// Past its last day.
    Expired,
    /// Never issued.
    Unknown,
    /// Its holder died.
    HolderDeceased,
}

impl Standing {
    /// What it makes of the identity on the card, wherever the card is shown: none where it may be used, or where the
    /// authority knows nothing of it. Who renewed a card has lost none.
    pub const fn closes(self) -> Option<Closure> {
        match self {
            Self::Lost | Self::Stolen => Some(Closure::CardLost),
            Self::Revoked | Self::Expired => Some(Closure::CardExpired),
            Self::HolderDeceased => Some(Closure::HolderDeceased),
            Self::Valid | Self::Unknown => None,
        }
    }
}

/// An answer of the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What became of the card.
    pub standing: Standing,
    /// Where its holder was born, as INSEE code; none for those born abroad.
    pub birthplace: Option<Place>,
    /// In which country.
    pub birthcountry: Option<Place>,
    /// The authority's own name of the answer, for the journal.
    pub reference: String,
}

/// Proof that the authority lets a card be used now. Its only way is [`Answer::in_force`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardInForce {
    birthplace: Option<Place>,
    birthcountry: Option<Place>,
    reference: String,
}

impl Answer {
    /// The proof, or why there is none.
    pub fn in_force(self) -> Result<CardInForce, Refusal> {
        match self.standing {
            Standing::Valid => Ok(CardInForce {
                birthplace: self.birthplace,
                birthcountry: self.birthcountry,
                reference: self.reference,
            }),
            Standing::Lost | Standing::Stolen | Standing::Revoked => Err(Refusal::CardWithdrawn),
            Standing::Expired => Err(Refusal::CardExpired),
            Standing::Unknown => Err(Refusal::CardUnknown),
            Standing::HolderDeceased => Err(Refusal::HolderDeceased),
        }
    }
}

impl CardInForce {
    /// Where the holder was born.
    pub const fn birthplace(&self) -> Option<&Place> {
        self.birthplace.as_ref()
    }

    /// In which country.
    pub const fn birthcountry(&self) -> Option<&Place> {
        self.birthcountry.as_ref()
    }

    /// The authority's own name of its answer.
    pub fn reference(&self) -> &str {
        &self.reference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_in_force_when_the_authority_says_so_and_never_otherwise() {
        let all = [
            Standing::Valid,
            Standing::Lost,
            Standing::Stolen,
            Standing::Revoked,
            Standing::Expired,
            Standing::Unknown,
            Standing::HolderDeceased,
        ];
        for standing in all {
            let answer = Answer { standing, birthplace: None, birthcountry: None, reference: "1".into() };
            assert_eq!(answer.in_force().is_ok(), standing == Standing::Valid, "{standing:?}");
        }
    }

    #[test]
    fn a_card_that_nobody_may_use_any_more_closes_its_identity_for_what_became_of_it() {
        for (standing, closes) in [
            (Standing::Valid, None),
            (Standing::Unknown, None),
            (Standing::Lost, Some(Closure::CardLost)),
            (Standing::Stolen, Some(Closure::CardLost)),
            (Standing::Revoked, Some(Closure::CardExpired)),
            (Standing::Expired, Some(Closure::CardExpired)),
            (Standing::HolderDeceased, Some(Closure::HolderDeceased)),
        ] {
            assert_eq!(standing.closes(), closes, "{standing:?}");
        }
    }
}
