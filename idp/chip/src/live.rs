//! One card, genuine and there: the State signed its files, and the chip they name answered this server now.
//!
//! ```text
//!  Authentic    (what the State signed) ──┐  the chip key that was proved is one of the group 14 that was signed
//!  GenuineChip  (who answered now) ───────┴▶ LiveCard: what the chip gave has the hashes that were signed
//! ```
//!
//! Either alone is worth little: files can be copied, and a chip can be anybody's.

use thiserror::Error;

use crate::agreement::Public;
use crate::certificate::Fingerprint;
use crate::dialogue::GenuineChip;
use crate::lds::{Group, SecurityInfos};
use crate::mrz::Mrz;
use crate::passive::Authentic;
use crate::profile::Profile;
use crate::trust::TrustedSigner;

/// Proof that the card of these files is there: made of both halves, which it takes away.
///
/// ```compile_fail,E0382
/// # use chip::{dialogue::GenuineChip, live::LiveCard, passive::Authentic};
/// fn one_chip_for_two_cards(one: Authentic, other: Authentic, chip: GenuineChip) -> bool {
///     LiveCard::of(one, chip).is_ok() || LiveCard::of(other, chip).is_ok()
/// }
/// ```
pub struct LiveCard {
    authentic: Authentic,
    chip: GenuineChip,
}

/// Nothing of the holder.
impl std::fmt::Debug for LiveCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LiveCard({:?}, {:?})", self.authentic, self.chip)
    }
}

/// Why the files and the chip are not one card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// The key that was proved is none that the State signed.
    #[error("the chip proved another key than the one of the card")]
    OtherKey,
    /// A group was not read from the chip, only delivered.
    #[error("{0} was not read from the chip itself")]
    NotRead(Group),
    /// The chip gave another file than the State signed, or one that the State did not sign.
    #[error("{0} of the chip is not what the State signed")]
    OtherFile(Group),
}

impl Fault {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherKey => "LIVE_OTHER_KEY",
            Self::NotRead(_) => "LIVE_GROUP_NOT_READ",
            Self::OtherFile(_) => "LIVE_GROUP_OTHER",
        }
    }
}

impl LiveCard {
    /// Holds one against the other. Group 1 must have been read from the chip, and group 13 too where it was delivered.
    ///
    /// # Errors
    /// [`Fault`] when they are not of one card.
    pub fn of(authentic: Authentic, chip: GenuineChip) -> Result<Self, Fault> {
        if !authentic.security_infos().is_some_and(|infos| has(infos, chip.key(), chip.key_thumbprint())) {
            return Err(Fault::OtherKey);
        }
        for group in [Group::DG1, Group::DG13] {
            if authentic.group(group).is_some() && chip.file(group).is_none() {
                return Err(Fault::NotRead(group));
            }
        }
        for (group, file) in chip.files() {
            if !authentic.is(group, file) {
                return Err(Fault::OtherFile(group));
            }
        }
        Ok(Self { authentic, chip })
    }

    /// The machine readable zone.
    pub fn zone(&self) -> &Mrz {
        self.authentic.zone()
    }

    /// The whole file of a group that was delivered, or read from the chip alone: the State signed either.
    pub fn file(&self, group: Group) -> Option<&[u8]> {
        self.chip.file(group).or_else(|| self.authentic.group(group))
    }

    /// SHA-256 of the SubjectPublicKeyInfo, in DER, of the chip's key as group 14 writes it: tells chips apart.
    pub fn chip_thumbprint(&self) -> [u8; 32] {
        self.chip.key_thumbprint()
    }

    /// Who signed the files: the path to its root, and the numbers of the revocation lists that it rests on.
    pub fn signer(&self) -> &TrustedSigner {
        self.authentic.signer()
    }

    /// The rules it was judged by.
    pub fn profile(&self) -> Profile {
        self.authentic.profile()
    }

    /// SHA-256 of the security object.
    pub fn evidence(&self) -> Fingerprint {
        self.authentic.evidence()
    }

    /// SHA-256 of what went between this server and the chip: tells dialogues apart in a journal, and proves nothing.
    pub fn transcript(&self) -> [u8; 32] {
        self.chip.transcript()
    }

    /// What the State signed.
    pub fn authentic(&self) -> &Authentic {
        &self.authentic
    }
}

/// Whether this very key, in these very octets, is among the infos.
fn has(infos: &SecurityInfos, public: &Public, thumbprint: [u8; 32]) -> bool {
    infos.chip_keys.iter().any(|key| key.agreement.as_ref() == Ok(public) && key.thumbprint == thumbprint)
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
