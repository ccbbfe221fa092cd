//! Why dialogues end without a genuine chip, one code a cause.

use thiserror::Error;

use crate::apdu::{self, Status};
use crate::lds::Group;
use crate::messaging::{self, Aborted};
use crate::{active, agreement};

/// Why a dialogue ended without a genuine chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Nothing to read, a file twice, or more than a dialogue reads.
    #[error("the plan reads nothing, a file twice or too much")]
    Plan,
    /// No key was agreed on.
    #[error("no key was agreed on: {0}")]
    Agreement(#[from] agreement::Fault),
    /// The opening commands have another number of answers.
    #[error("another number of answers than of opening commands")]
    OpeningCount,
    /// The chip, or who answers for it, refused the server's key.
    #[error("opening command {at} was answered {status}")]
    Opening {
        /// Which command, counted from 0.
        at: usize,
        /// How it ended.
        status: Status,
    },
    /// An opening answer that is none.
    #[error("an opening answer is none: {0}")]
    OpeningForm(apdu::Fault),
    /// The channel ended: what came is not the chip's.
    #[error("the channel ended: {0}")]
    Channel(#[from] Aborted),
    /// A batch that cannot be written.
    #[error("the batch cannot be written: {0}")]
    Batch(messaging::Fault),
    /// The chip refused a command in the channel.
    #[error("command {at} was answered {status}")]
    Command {
        /// Which command of the round, counted from 0.
        at: usize,
        /// How it ended.
        status: Status,
    },
    /// The chip answered with another number of octets than asked for.
    #[error("command {at} was answered with another number of octets")]
    Length {
        /// Which command of the round, counted from 0.
        at: usize,
    },
    /// The chip did not sign the challenge.
    #[error("the chip did not sign the challenge: {0}")]
    Active(#[from] active::Fault),
    /// A file is not the one data object that it must be.
    #[error("the file of {0} is not the data object that it must be")]
    File(Group),
    /// A file is longer than any that is read.
    #[error("the file of {0} is longer than any that is read")]
    LongFile(Group),
}

impl Refusal {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Plan => "DIALOGUE_PLAN",
            Self::Agreement(fault) => fault.code(),
            Self::OpeningCount => "CA_OPENING_COUNT",
            Self::Opening { .. } => "CA_OPENING_REFUSED",
            Self::OpeningForm(fault) => fault.code(),
            Self::Channel(aborted) => aborted.fault.code(),
            Self::Batch(fault) => fault.code(),
            Self::Command { .. } => "CHIP_REFUSED",
            Self::Length { .. } => "CHIP_LENGTH",
            Self::Active(fault) => fault.code(),
            Self::File(_) => "CHIP_FILE",
            Self::LongFile(_) => "CHIP_FILE_TOO_LONG",
        }
    }
}
