//! Why PACE ends without a channel, one code a cause.

use thiserror::Error;

use crate::agreement;
use crate::apdu::{self, Status};
use crate::cipher::WrongLength;

/// Why no channel came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// A protocol that is not spoken here.
    #[error("the protocol is not spoken here")]
    Protocol,
    /// The password is none.
    #[error("the password has not its form")]
    Password,
    /// The chip says that the password is wrong, and perhaps how many tries are left.
    #[error("the password is wrong")]
    WrongPassword(Option<u8>),
    /// The chip refused a step.
    #[error("the chip answered {0}")]
    Refused(Status),
    /// No answer, or longer than any.
    #[error("what came is no answer: {0}")]
    Answer(#[from] apdu::Fault),
    /// The answer has not the data objects of its step.
    #[error("the answer has not the data objects of its step")]
    Form,
    /// The nonce has another length than the cipher has it.
    #[error("the nonce has another length")]
    Nonce,
    /// A public key of the chip's is no point of the curve, or no number of the group.
    #[error("a public key of the chip is refused: {0}")]
    Point(#[from] agreement::Unfit),
    /// No key was agreed on.
    #[error("no key was agreed on: {0}")]
    Agreement(#[from] agreement::Fault),
    /// The chip sent our own public key back (§4.4.1, step 3).
    #[error("both public keys are the same")]
    Reflected,
    /// The chip's token is wrong: it does not know the password, or somebody stands between.
    #[error("the token of the chip is wrong")]
    Token,
    /// The chip authentication data are missing, cannot be decrypted, or are there unasked.
    #[error("the chip authentication data are not what they must be")]
    ChipData,
    /// The chip does not hold the secret of the static key.
    #[error("the chip authentication data are not of this key")]
    OtherChip,
    /// A key of another length than its cipher has: the key derivation of this crate makes none.
    #[error("a key has another length than its cipher")]
    Key,
}

impl Fault {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Protocol => "PACE_PROTOCOL",
            Self::Password => "PACE_PASSWORD_FORM",
            Self::WrongPassword(_) => "PACE_WRONG_PASSWORD",
            Self::Refused(_) => "PACE_REFUSED",
            Self::Answer(fault) => fault.code(),
            Self::Form => "PACE_FORM",
            Self::Nonce => "PACE_NONCE",
            Self::Point(_) => "PACE_POINT",
            Self::Agreement(fault) => fault.code(),
            Self::Reflected => "PACE_REFLECTED",
            Self::Token => "PACE_TOKEN",
            Self::ChipData => "PACE_CHIP_DATA",
            Self::OtherChip => "PACE_OTHER_CHIP",
            Self::Key => "PACE_KEY",
        }
    }
}

impl From<WrongLength> for Fault {
    fn from(_: WrongLength) -> Self {
        Self::Key
    }
}
