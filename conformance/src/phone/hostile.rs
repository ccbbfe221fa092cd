//! What a hostile telephone does instead of its part (cnie.md §14): each is refused by the gateway, with a code of its own.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::client::Failure;
use super::reading::{Document, Reader};
use super::transaction::Confirm;
use crate::card::apdu::{Answer, Command};
use crate::card::curve::{BRAINPOOL_P256, Secret};
use crate::card::messaging::Channel;
use crate::card::pace::Password;
use crate::card::{CIPHER, Card, der};
use crate::jose;

/// A wrong doing. Answers that come late need none: [`super::Phone::prepare`], wait, [`super::Phone::submit`].
#[derive(Debug, Clone)]
pub enum Mischief {
    /// Hands in what the card answered in an earlier transaction.
    Replay(Parcel),
    /// Hands the answers in under another transaction.
    SwapTransaction(String),
    /// Has the card sign for another transaction.
    SignAnother([u8; 32]),
    /// Shows one card and has another, whose code it knows, sign for it.
    BorrowedCode(Borrowed),
    /// Makes a key of its own and writes the chip's answers itself.
    ForgedChip,
    /// Changes a command of the server's on its way to the card.
    AlteredCommand,
    /// Changes an answer of the card's on its way to the server.
    AlteredAnswer,
    /// Keeps the last answer to itself.
    Drop,
    /// Claims twice, with two keys.
    DoubleClaim,
    /// Picks another number than the browser shows.
    WrongNumber,
}

/// Another card with what is known of it.
#[derive(Clone)]
pub struct Borrowed {
    /// The card.
    pub card: Arc<Mutex<Card>>,
    /// Its access number.
    pub can: String,
    /// Its code.
    pub code: String,
}

/// Neither access number nor code.
impl std::fmt::Debug for Borrowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Borrowed(…)")
    }
}

impl Borrowed {
    /// Certificate and signature of the other card.
    pub(super) fn sign(&mut self, text: &[u8; 32]) -> Result<[Vec<u8>; 2], Failure> {
        let mut reader = Reader::open(&mut self.card, &Password::Can(self.can.clone()))?;
        reader.enter_eid()?;
        reader.verify(&self.code)?;
        Ok([reader.certificate()?, reader.sign(text)?])
    }
}

/// What goes to the gateway after the card was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    pub(super) body: Value,
}

impl Parcel {
    /// The same under another transaction.
    #[must_use]
    pub fn under(&self, transaction: &str) -> Self {
        let mut body = self.body.clone();
        body["transaction"] = transaction.into();
        Self { body }
    }

    /// The same, changed.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Value)) -> Self {
        let mut body = self.body.clone();
        change(&mut body);
        Self { body }
    }

    /// As it is sent.
    pub fn text(&self) -> String {
        self.body.to_string()
    }

    /// The transaction that it is for.
    pub fn transaction(&self) -> String {
        self.body["transaction"].as_str().unwrap_or_default().to_owned()
    }
}

impl Mischief {
    /// The number that goes to the gateway.
    pub(super) fn number(this: Option<&Self>, right: Option<u8>, confirm: &Confirm) -> Option<u8> {
        let Confirm::Number { choices } = confirm else { return right };
        match this {
            Some(Self::WrongNumber) => choices.iter().copied().find(|choice| Some(*choice) != right),
            _ => right,
        }
    }

    /// The commands of the server's as they reach the card.
    pub(super) fn commands(this: Option<&Self>, mut commands: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        if let (Some(Self::AlteredCommand), Some(first)) = (this, commands.first_mut()) {
            // An octet of what is encrypted: header, length, tag, length, indicator stand before it.
            if let Some(octet) = first.get_mut(10) {
                *octet ^= 1;
            }
        }
        commands
    }

    /// The answers of the card's as they reach the server.
    pub(super) fn answers(this: Option<&Self>, mut answers: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        match this {
            Some(Self::AlteredAnswer) => {
                if let Some(octet) = answers.last_mut().and_then(|last| last.get_mut(3)) {
                    *octet ^= 1;
                }
            }
            Some(Self::Drop) => {
                answers.pop();
            }
            _ => {}
        }
        answers
    }

    /// What goes to the gateway in the end.
    pub(super) fn parcel(this: Option<&Self>, honest: Parcel) -> Parcel {
        match this {
            Some(Self::Replay(earlier)) => earlier.under(honest.body["transaction"].as_str().unwrap_or_default()),
            Some(Self::SwapTransaction(other)) => honest.under(other),
            _ => honest,
        }
    }
}

/// The best that can be forged with the chip's public key: a channel to a key of one's own, in which everything answers
/// "done". The server's key made another channel, and this is none of it.
pub(super) fn forged(document: &Document, relay: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Failure> {
    let infos = document.group(14).and_then(|file| der::find(file, 0x6e)).and_then(|set| der::find(set, der::SET));
    let infos = infos.and_then(der::all).ok_or(Failure::Form("chip key"))?;
    let info = infos.iter().map(|info| info.whole).max_by_key(|info| info.len()).ok_or(Failure::Form("chip key"))?;
    let point = info.get(info.len().saturating_sub(65)..).and_then(|point| BRAINPOOL_P256.decode(point));
    let secret = Secret::generate(&BRAINPOOL_P256).shared(&point.ok_or(Failure::Form("chip key"))?);
    let mut channel = Channel::new(CIPHER, &secret.ok_or(Failure::Form("chip key"))?);
    let mut file: &[u8] = &[];
    let sealed = relay.iter().map(|command| {
        // What is asked for cannot be read without the server's key: a guess from the form of a batch.
        let is_selection = Command::parse(command).is_some_and(|command| command.instruction == 0xa4);
        let data = if is_selection {
            file = document.group(1).unwrap_or_default();
            Vec::new()
        } else {
            file.to_vec()
        };
        // Both sides count, and the command is counted before its answer.
        let _counted = channel.wrap(&Command::read(0, 1));
        channel.seal(false, &Answer::of(data)).to_bytes()
    });
    Ok(sealed.collect())
}

/// Octet strings as the interface writes them.
pub(super) fn encoded(octets: &[Vec<u8>]) -> Value {
    json!(octets.iter().map(jose::encode).collect::<Vec<_>>())
}
