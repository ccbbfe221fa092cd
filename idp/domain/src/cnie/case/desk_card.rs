//! A card as a desk reads it: genuine, there, and with its photo.

use chip::lds::{Face, Group, NationalContent};
use chip::live::LiveCard;

use super::{DeskRefusal, PersonMark, Picture, Shown};
use crate::cnie::card::{CardSecret, ReadCard};
use crate::cnie::transaction::Octets;
use crate::time::Timestamp;

/// A live card whose photo the State signed. Its only way is [`DeskCard::of`].
pub struct DeskCard {
    card: ReadCard,
    person: PersonMark,
    shown: Shown,
    sod: [u8; 32],
    transcript: [u8; 32],
}

/// Nothing of the holder.
impl std::fmt::Debug for DeskCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeskCard({:?})", self.shown.picture)
    }
}

impl DeskCard {
    /// The card, with the photo of its data group 2: delivered, and with the hash that the State signed.
    pub fn of(live: &LiveCard, secret: &CardSecret, now: Timestamp) -> Result<Self, DeskRefusal> {
        let card = ReadCard::of(live, secret, now)?;
        let face = live.file(Group::DG2).and_then(|file| Face::read(file).ok()).ok_or(DeskRefusal::NoFace)?;
        let facts = card.facts();
        let birthplace = live.file(Group::DG13).and_then(|file| NationalContent::read(file).ok()?.birth_place);
        let shown = Shown {
            surname: facts.surname.clone(),
            given_names: facts.given_names.clone(),
            birthdate: facts.birthdate,
            gender: facts.gender,
            birthplace,
            picture: Picture::of(face.format),
            image: Octets(face.image.to_vec()),
        };
        let person = PersonMark::of(&facts.surname, facts.birthdate, secret);
        Ok(Self { card, person, shown, sod: live.evidence().0, transcript: live.transcript() })
    }

    /// The card.
    pub const fn card(&self) -> &ReadCard {
        &self.card
    }

    /// What the agent will see.
    pub const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// What the agent sees.
    pub fn into_shown(self) -> Shown {
        self.shown
    }

    pub(super) const fn person(&self) -> PersonMark {
        self.person
    }

    pub(super) const fn sod(&self) -> &[u8; 32] {
        &self.sod
    }

    pub(super) const fn transcript(&self) -> &[u8; 32] {
        &self.transcript
    }

    #[cfg(test)]
    pub(super) fn of_test(card: ReadCard, secret: &CardSecret) -> Self {
        let facts = card.facts();
        let shown = Shown {
            surname: facts.surname.clone(),
            given_names: facts.given_names.clone(),
            birthdate: facts.birthdate,
            gender: facts.gender,
            birthplace: None,
            picture: Picture::Jpeg,
            image: Octets(vec![0xff, 0xd8, 0xff]),
        };
        let person = PersonMark::of(&facts.surname, facts.birthdate, secret);
        Self { card, person, shown, sod: [1; 32], transcript: [2; 32] }
    }
}
