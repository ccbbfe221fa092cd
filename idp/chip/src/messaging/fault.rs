//! Why channels end, one code a cause.

use thiserror::Error;

use crate::apdu::{self, Status};
use crate::cipher::WrongLength;

/// Why a channel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// An answer without secure messaging: the chip aborted, or something answered in its place (§9.8.5).
    #[error("an answer came without secure messaging, status {0}")]
    Unprotected(Status),
    /// No answer, or longer than any.
    #[error("what came is no answer: {0}")]
    Answer(#[from] apdu::Fault),
    /// Data objects that cannot be read, other ones, or in another order (§9.8.4).
    #[error("the data objects of an answer are not those of secure messaging")]
    Form,
    /// The object with the status is missing.
    #[error("an answer does not authenticate its status")]
    NoStatus,
    /// The object with the authentication code is missing.
    #[error("an answer carries no authentication code")]
    NoCode,
    /// The authentication code is not of eight octets.
    #[error("the authentication code has another length")]
    CodeLength,
    /// The authentication code is not of this answer under these keys.
    #[error("the authentication code is wrong")]
    Code,
    /// The answer is one of this batch, in another place.
    #[error("an answer came in the place of another")]
    Order,
    /// The status outside differs from the one that is authenticated.
    #[error("the status differs from the authenticated one")]
    StatusDiffers,
    /// The decrypted octets do not end in a padding.
    #[error("the padding is wrong")]
    Padding,
    /// The answer has more octets than were asked for.
    #[error("an answer has more octets than were asked for")]
    MoreThanAsked,
    /// Answers are missing, or there are too many.
    #[error("another number of answers than of commands")]
    Count,
    /// No command, or more than a batch holds.
    #[error("a batch of no commands or of too many")]
    Batch,
    /// A command that neither carries nor expects anything: nothing of it would come back authenticated.
    #[error("a command that carries and expects nothing")]
    Empty,
    /// The counter of the channel is at its end.
    #[error("the counter is at its end")]
    Exhausted,
    /// A key of another length than its cipher has: the key derivation of this crate makes none.
    #[error("a key has another length than its cipher")]
    Key,
}

impl Fault {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unprotected(_) => "SM_UNPROTECTED",
            Self::Answer(fault) => fault.code(),
            Self::Form => "SM_FORM",
            Self::NoStatus => "SM_NO_STATUS",
            Self::NoCode => "SM_NO_CODE",
            Self::CodeLength => "SM_CODE_LENGTH",
            Self::Code => "SM_CODE",
            Self::Order => "SM_ORDER",
            Self::StatusDiffers => "SM_STATUS_DIFFERS",
            Self::Padding => "SM_PADDING",
            Self::MoreThanAsked => "SM_MORE_THAN_ASKED",
            Self::Count => "SM_COUNT",
            Self::Batch => "SM_BATCH",
            Self::Empty => "SM_EMPTY",
            Self::Exhausted => "SM_EXHAUSTED",
            Self::Key => "SM_KEY",
        }
    }
}

impl From<WrongLength> for Fault {
    fn from(_: WrongLength) -> Self {
        Self::Key
    }
}
