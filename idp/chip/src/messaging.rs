//! Secure messaging (ICAO 9303-11 §9.8): commands wrapped for the chip, answers taken only when the chip alone can have
//! written them, in the order asked.
//!
//! ```text
//!  Channel ── protect(commands) ──▶ octets to relay, Pending
//!     ▲                                               │ answers
//!     └───────────── open(answers) ◀──────────────────┘
//!                        └─ any fault: the keys are gone with the Pending
//! ```
//!
//! A channel is consumed by every step and comes back only from answers without a fault: one that was aborted, or that
//! waits for answers, cannot be written with. (Fuzz targets clone one, to answer it many times; no other build can.)
//!
//! ```
//! # use chip::{apdu::Command, messaging::{Aborted, Channel, Fault, Pending}};
//! fn in_turn(pending: Pending, answers: &[Vec<u8>], next: &[Command]) -> Option<Vec<Vec<u8>>> {
//!     let (_, channel) = pending.open(answers).ok()?;
//!     Some(channel.protect(next).ok()?.0)
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use chip::{apdu::Command, messaging::{Aborted, Channel, Fault, Pending}};
//! fn again(pending: Pending, forged: &[Vec<u8>], answers: &[Vec<u8>]) -> bool {
//!     pending.open(forged).is_ok() || pending.open(answers).is_ok()
//! }
//! ```

mod fault;
mod objects;

use std::fmt;

pub use fault::Fault;
use objects::{CHECKSUM, ENCRYPTED, ENCRYPTED_ODD, EXPECTED, Objects};

use elliptic_curve::subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroize;

use crate::apdu::{self, Command, Response, Status};
use crate::cipher::{CODE, Cipher, pad, unpadded};
use crate::kdf::SessionKeys;
use crate::tlv;

/// The most commands that one batch holds.
pub const MOST_COMMANDS: usize = 1024;

/// How many octets are authenticated again, at most, to tell answers out of order from forged ones.
const ORDER_BUDGET: usize = 64 * 1024;

/// What secure messaging with an authenticated header adds to the class (§9.8.4).
const CLASS: u8 = 0x0c;

/// A fault and the answer, counted from 0, at which the channel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("answer {at}: {fault}")]
pub struct Aborted {
    /// Why.
    pub fault: Fault,
    /// Where.
    pub at: usize,
}

/// What the chip answered to one command, proved.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it carries.
    pub data: Vec<u8>,
    /// How it ends.
    pub status: Status,
}

/// Its status and size: what it carries may be of a citizen.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} octets, {})", self.data.len(), self.status)
    }
}

/// Answers hold what the card says of its holder.
impl Drop for Answer {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

/// A channel to the chip at rest: every command of it was answered.
#[cfg_attr(fuzzing, derive(Clone))]
pub struct Channel {
    keys: SessionKeys,
    counter: u128,
}

/// No key stands in it.
impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({:?})", self.keys.cipher)
    }
}

/// A channel whose batch waits for its answers.
#[cfg_attr(fuzzing, derive(Clone))]
pub struct Pending {
    channel: Channel,
    asked: Vec<Asked>,
}

/// No key stands in it.
impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pending({} commands)", self.asked.len())
    }
}

/// What an answer depends on.
#[derive(Clone, Copy)]
struct Asked {
    is_odd: bool,
    expected: usize,
}

impl Channel {
    /// A channel under fresh keys. The counter begins at zero, but after basic access control (§9.8.6.3).
    pub(crate) const fn new(keys: SessionKeys) -> Self {
        Self { keys, counter: 0 }
    }

    /// Wraps a batch. The counters of all answers are known beforehand, so that a batch needs one round trip.
    ///
    /// # Errors
    /// [`Fault`] when the batch cannot be written; the channel is gone then.
    pub fn protect(mut self, commands: &[Command]) -> Result<(Vec<Vec<u8>>, Pending), Fault> {
        if !(1..=MOST_COMMANDS).contains(&commands.len()) {
            return Err(Fault::Batch);
        }
        let mut wrapped = Vec::with_capacity(commands.len());
        let begun = self.counter;
        for command in commands {
            let counter = self.next()?;
            wrapped.push(self.wrap(command, counter)?);
            self.next()?;
        }
        self.counter = begun;
        let asked =
            commands.iter().map(|command| Asked { is_odd: command.is_odd(), expected: command.expected() }).collect();
        Ok((wrapped, Pending { channel: self, asked }))
    }

    const fn cipher(&self) -> Cipher {
        self.keys.cipher
    }

    /// Counts one on (§9.8.2). The counter is as long as a block.
    fn next(&mut self) -> Result<u128, Fault> {
        let last = match self.cipher() {
            Cipher::TripleDes => u128::from(u64::MAX),
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => u128::MAX,
        };
        self.counter = self.counter.checked_add(1).filter(|next| *next <= last).ok_or(Fault::Exhausted)?;
        Ok(self.counter)
    }

    fn block_of(&self, counter: u128) -> Vec<u8> {
        let octets = counter.to_be_bytes();
        octets.get(octets.len().saturating_sub(self.cipher().block())..).unwrap_or(&octets).to_vec()
    }

    /// The vector that chaining begins with: zero for triple DES, the encrypted counter for AES (§9.8.6.1, §9.8.7.1).
    fn vector(&self, counter: u128) -> Result<Vec<u8>, Fault> {
        let zero = vec![0; self.cipher().block()];
        match self.cipher() {
            Cipher::TripleDes => Ok(zero),
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => {
                let mut block = self.block_of(counter);
                self.cipher().encrypt(&self.keys.encryption, &zero, &mut block)?;
                Ok(block)
            }
        }
    }

    /// The code over the counter and the octets, padded here; the retail code pads by itself (§9.8.1).
    fn code(&self, counter: u128, octets: &[u8]) -> Result<[u8; CODE], Fault> {
        let data = [&self.block_of(counter), octets].concat();
        let data = match self.cipher() {
            Cipher::TripleDes => data,
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => pad(&data, self.cipher().block()),
        };
        Ok(self.cipher().code(&self.keys.authentication, &data)?)
    }

    fn wrap(&self, command: &Command, counter: u128) -> Result<Vec<u8>, Fault> {
        let mut objects = Vec::new();
        let mut write = |tag, value: &[u8]| tlv::write(&mut objects, tag, value).map_err(|_| Fault::Form);
        if !command.data().is_empty() {
            let mut data = pad(command.data(), self.cipher().block());
            self.cipher().encrypt(&self.keys.encryption, &self.vector(counter)?, &mut data)?;
            if command.is_odd() {
                write(ENCRYPTED_ODD, &data)?;
            } else {
                data.insert(0, 0x01);
                write(ENCRYPTED, &data)?;
            }
        }
        // 256 is written 00, 65536 is written 00 00: the low octets.
        let [.., high, low] = command.expected().to_be_bytes();
        match command.expected() {
            0 => {}
            1..=0x100 => write(EXPECTED, &[low])?,
            _ => write(EXPECTED, &[high, low])?,
        }
        if objects.is_empty() {
            return Err(Fault::Empty);
        }
        let header = command.header(CLASS);
        let code = self.code(counter, &[&pad(&header, self.cipher().block())[..], &objects].concat())?;
        tlv::write(&mut objects, CHECKSUM, &code).map_err(|_| Fault::Form)?;
        // The answer is as long as the card makes it: all that the form of the command can say is expected.
        let is_short = objects.len() <= 0xff && self.wrapped_length(command.expected()) <= 0x100;
        Ok(apdu::frame(header, &objects, if is_short { 0x100 } else { 0x1_0000 }))
    }

    /// How long the answer to so many expected octets becomes, but for its status.
    fn wrapped_length(&self, expected: usize) -> usize {
        let encrypted = match expected {
            0 => 0,
            some => {
                let value = some.saturating_add(1).next_multiple_of(self.cipher().block()).saturating_add(1);
                value.saturating_add(apdu::object_overhead(value))
            }
        };
        encrypted.saturating_add(4 + 10)
    }

    fn unwrap(&self, asked: Asked, counter: u128, bytes: &[u8]) -> Result<Answer, Fault> {
        let response = Response::read(bytes)?;
        if response.data.is_empty() {
            return Err(Fault::Unprotected(response.status));
        }
        // Before anything is computed: the work is bounded by what was asked for.
        if response.data.len() > self.wrapped_length(asked.expected) {
            return Err(Fault::MoreThanAsked);
        }
        let objects = Objects::read(response.data, asked.is_odd)?;
        if !bool::from(self.code(counter, objects.authenticated)?.ct_eq(objects.code)) {
            return Err(Fault::Code);
        }
        if objects.status != response.status {
            return Err(Fault::StatusDiffers);
        }
        let mut answer = Answer { data: objects.encrypted.to_vec(), status: objects.status };
        if !answer.data.is_empty() {
            self.cipher()
                .decrypt(&self.keys.encryption, &self.vector(counter)?, &mut answer.data)
                .map_err(|_| Fault::Padding)?;
            let end = unpadded(&answer.data, self.cipher().block()).ok_or(Fault::Padding)?;
            answer.data.truncate(end);
        }
        if answer.data.len() > asked.expected { Err(Fault::MoreThanAsked) } else { Ok(answer) }
    }
}

impl Pending {
    /// Takes the answers, one to each command. Every fault ends the channel.
    ///
    /// # Errors
    /// [`Aborted`], at the first answer that is not the chip's own at its place.
    pub fn open<A: AsRef<[u8]>>(mut self, answers: &[A]) -> Result<(Vec<Answer>, Channel), Aborted> {
        if answers.len() > self.asked.len() {
            return Err(Aborted { fault: Fault::Count, at: self.asked.len() });
        }
        let begun = self.channel.counter;
        let mut opened = Vec::with_capacity(answers.len());
        for (at, (answer, asked)) in answers.iter().zip(&self.asked).enumerate() {
            let aborted = |fault| Aborted { fault, at };
            self.channel.next().map_err(aborted)?;
            let counter = self.channel.next().map_err(aborted)?;
            let answer = answer.as_ref();
            opened.push(self.channel.unwrap(*asked, counter, answer).map_err(|fault| {
                let is_order = fault == Fault::Code && self.is_elsewhere(begun, counter, answer);
                aborted(if is_order { Fault::Order } else { fault })
            })?);
        }
        if opened.len() < self.asked.len() {
            return Err(Aborted { fault: Fault::Count, at: opened.len() });
        }
        Ok((opened, self.channel))
    }

    /// Whether the chip wrote this answer for another command of the batch: replayed or exchanged, not forged. The channel
    /// ends either way; the difference is for who reads the journal.
    fn is_elsewhere(&self, begun: u128, here: u128, bytes: &[u8]) -> bool {
        let tries = ORDER_BUDGET.checked_div(bytes.len()).unwrap_or(0);
        let counters = (1_u128..).map(|answer| begun.saturating_add(answer.saturating_mul(2)));
        counters.take(self.asked.len()).filter(|counter| *counter != here).zip(0..tries).any(|(counter, _)| {
            let Ok(response) = Response::read(bytes) else { return false };
            [false, true].into_iter().filter_map(|is_odd| Objects::read(response.data, is_odd).ok()).any(|objects| {
                self.channel.code(counter, objects.authenticated).is_ok_and(|code| code.ct_eq(objects.code).into())
            })
        })
    }
}

/// For the worked examples: basic access control begins with another counter than zero, and keys are printed.
#[cfg(test)]
impl Channel {
    pub(crate) fn keys_for_test(&self) -> (Vec<u8>, Vec<u8>) {
        (self.keys.encryption.to_vec(), self.keys.authentication.to_vec())
    }

    pub(crate) const fn beginning_at(keys: SessionKeys, counter: u128) -> Self {
        Self { keys, counter }
    }
}

#[cfg(test)]
#[path = "messaging_tests.rs"]
pub(crate) mod tests;
