//! Speaking with the chip through a phone that only relays: what goes to the phone, what comes back, in as few round trips
//! as can be.
//!
//! ```text
//!  begin ─▶ Round { opening, relay } ──phone──▶ Answers ─▶ answer ─┬─▶ Next(Round, Dialogue)   sizes were not known
//!                                                                  ├─▶ Genuine(GenuineChip)
//!                                                                  └─▶ Refusal: nothing is left of it
//! ```
//!
//! Between two round trips a server remembers the randomness, the plan and the answers so far, sealed, and does the same
//! again ([`Dialogue::resumed`]): everything is a function of its arguments, and no channel key is ever written anywhere.
//! What was remembered is taken once, whatever comes of the answers.

mod plan;
mod refusal;

use std::fmt;

pub use plan::{Chunk, Plan, Wanted};
pub use refusal::Refusal;

use zeroize::Zeroizing;

use crate::active::{ActivelyAuthenticated, Challenge};
use crate::agreement::{Public, Randomness};
use crate::apdu::{Command, Response, Status};
use crate::authentication::{ChipAuthentication, StaticKey};
use crate::certificate::Fingerprint;
use crate::lds::Group;
use crate::messaging::{Answer, Channel, Pending};
use crate::tlv::{self, Tag};
use plan::{HEAD, Read, Signing};

/// What the phone sends to the chip in one round trip, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// In its own channel, wrapped by the phone. Only the first round has them.
    pub opening: Vec<Vec<u8>>,
    /// As they are: they are wrapped already, for the chip alone.
    pub relay: Vec<Vec<u8>>,
}

/// What came back, one answer to each command.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'a> {
    /// As the phone unwrapped them: its word, and no proof of anything.
    pub opening: &'a [Vec<u8>],
    /// As the chip wrapped them.
    pub relay: &'a [Vec<u8>],
}

/// What follows an answered round.
#[derive(Debug)]
pub enum Turn {
    /// Another round trip.
    Next(Round, Box<Dialogue>),
    /// The chip is genuine, and these are its files.
    Genuine(GenuineChip),
}

/// A dialogue that waits for the answers of a round.
#[cfg_attr(fuzzing, derive(Clone))]
pub struct Dialogue {
    opening: usize,
    pending: Pending,
    reads: Vec<Read>,
    signing: Option<Signing>,
    gathered: Gathered,
}

/// What is known so far.
#[cfg_attr(fuzzing, derive(Clone))]
struct Gathered {
    key: Public,
    thumbprint: [u8; 32],
    files: Vec<(Group, Zeroizing<Vec<u8>>)>,
    signed: Option<ActivelyAuthenticated>,
    transcript: [u8; 32],
}

/// Neither keys nor what was read.
impl fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dialogue({} opening commands, {:?})", self.opening, self.pending)
    }
}

impl Dialogue {
    /// Begins one with the chip of this key.
    ///
    /// # Errors
    /// [`Refusal`] when no key is agreed on, or the batch cannot be written.
    pub fn begin(key: &StaticKey, randomness: Randomness, plan: &Plan) -> Result<(Round, Self), Refusal> {
        let authentication = ChipAuthentication::begin(key, randomness)?;
        let opening: Vec<_> = authentication.opening().iter().map(Command::to_bytes).collect();
        let gathered = Gathered {
            key: key.public().clone(),
            thumbprint: key.thumbprint(),
            files: plan.wanted.iter().map(|wanted| (wanted.group, Zeroizing::default())).collect(),
            signed: None,
            transcript: Fingerprint::of(&opening.concat()).0,
        };
        let (relay, mut dialogue) = gathered.ask(authentication.into_channel(), plan.reads(), plan.signing.clone())?;
        dialogue.opening = opening.len();
        Ok((Round { opening, relay }, dialogue))
    }

    /// One that was begun before, with the same arguments, and whose first rounds were answered by these: how a server goes
    /// on after a round trip.
    ///
    /// # Errors
    /// [`Refusal`], as then; [`Refusal::Plan`] when the dialogue ended with those answers.
    pub fn resumed(
        key: &StaticKey,
        randomness: Randomness,
        plan: &Plan,
        answered: &[Answers<'_>],
    ) -> Result<Self, Refusal> {
        let (_, begun) = Self::begin(key, randomness, plan)?;
        answered.iter().try_fold(begun, |dialogue, answers| match dialogue.answer(*answers)? {
            Turn::Next(_, next) => Ok(*next),
            Turn::Genuine(_) => Err(Refusal::Plan),
        })
    }

    /// Takes the answers of the round.
    ///
    /// # Errors
    /// [`Refusal`], at the first answer that is not the genuine chip's.
    pub fn answer(self, answers: Answers<'_>) -> Result<Turn, Refusal> {
        self.check_opening(answers.opening)?;
        let Self { pending, reads, signing, mut gathered, .. } = self;
        let (opened, channel) = pending.open(answers.relay)?;
        gathered.record(answers.relay);
        gathered.take(&reads, signing, &opened)?;
        let left = gathered.left(&reads)?;
        if left.is_empty() {
            return gathered.finish().map(Turn::Genuine);
        }
        let (relay, dialogue) = gathered.ask(channel, left, None)?;
        Ok(Turn::Next(Round { opening: Vec::new(), relay }, Box::new(dialogue)))
    }

    /// What the phone says of the opening: checked so that a chip that refused is told from a channel that failed.
    fn check_opening(&self, answers: &[Vec<u8>]) -> Result<(), Refusal> {
        if answers.len() != self.opening {
            return Err(Refusal::OpeningCount);
        }
        for (at, answer) in answers.iter().enumerate() {
            let status = Response::read(answer).map_err(Refusal::OpeningForm)?.status;
            if status != Status::DONE {
                return Err(Refusal::Opening { at, status });
            }
        }
        Ok(())
    }
}

impl Gathered {
    /// Writes the commands of a round.
    fn ask(
        mut self,
        channel: Channel,
        reads: Vec<Read>,
        signing: Option<Signing>,
    ) -> Result<(Vec<Vec<u8>>, Dialogue), Refusal> {
        let mut commands = Vec::new();
        for read in &reads {
            commands.push(Command::select_file(read.group.file()));
            for (from, length) in read.chunks() {
                let offset = u32::try_from(from).map_err(|_| Refusal::LongFile(read.group))?;
                commands.push(Command::read_binary(offset, length).map_err(|_| Refusal::LongFile(read.group))?);
            }
        }
        if let Some(Signing { challenge, key }) = &signing {
            commands.push(Challenge::new(*challenge).command(key).map_err(|_| Refusal::Plan)?);
        }
        let (relay, pending) = channel.protect(&commands).map_err(Refusal::Batch)?;
        self.record(&relay);
        Ok((relay, Dialogue { opening: 0, pending, reads, signing, gathered: self }))
    }

    /// Chains the digest of what went by: what the journal keeps of a dialogue.
    fn record(&mut self, octets: &[Vec<u8>]) {
        for one in octets {
            self.transcript = Fingerprint::of(&[self.transcript, Fingerprint::of(one).0].concat()).0;
        }
    }

    /// Puts what was answered to its files. Answers are as many as commands: the channel saw to that.
    fn take(&mut self, reads: &[Read], signing: Option<Signing>, opened: &[Answer]) -> Result<(), Refusal> {
        let mut answers = opened.iter().enumerate();
        let mut next = || {
            let (at, answer) = answers.next().ok_or(Refusal::Length { at: opened.len() })?;
            if answer.status != Status::DONE {
                return Err(Refusal::Command { at, status: answer.status });
            }
            Ok((at, &answer.data[..]))
        };
        for read in reads {
            let (at, data) = next()?;
            if !data.is_empty() {
                return Err(Refusal::Length { at });
            }
            let Some((_, octets)) = self.files.iter_mut().find(|(group, _)| *group == read.group) else { continue };
            for (from, length) in read.chunks() {
                let (at, data) = next()?;
                octets.extend_from_slice(
                    portion(from, data).filter(|data| data.len() == length).ok_or(Refusal::Length { at })?,
                );
            }
        }
        if let Some(Signing { challenge, key }) = signing {
            let (_, data) = next()?;
            self.signed = Some(Challenge::new(challenge).verify(&key, data)?);
        }
        Ok(())
    }

    /// What is still to be read of files whose head says that they are longer.
    fn left(&self, reads: &[Read]) -> Result<Vec<Read>, Refusal> {
        let mut left = Vec::new();
        for read in reads {
            let Some((group, octets)) = self.files.iter().find(|(group, _)| *group == read.group) else { continue };
            let announced = tlv::announced(octets, group.tag()).map_err(|_| Refusal::File(*group))?;
            if announced > group.limit() {
                return Err(Refusal::LongFile(*group));
            }
            let is_head = read.from == 0 && read.to == HEAD;
            if is_head && announced > HEAD {
                left.push(Read { from: HEAD, to: announced, ..*read });
            }
        }
        Ok(left)
    }

    fn finish(self) -> Result<GenuineChip, Refusal> {
        let Self { key, thumbprint, files, signed, transcript } = self;
        for (group, octets) in &files {
            group.contents(octets).map_err(|_| Refusal::File(*group))?;
        }
        Ok(GenuineChip { key, thumbprint, files, signed, transcript })
    }
}

/// The octets of a file in an answer: from the offset on where the odd instruction reads, they stand in an object.
fn portion(from: usize, data: &[u8]) -> Option<&[u8]> {
    if from > 0x7fff { tlv::only(data, Tag(0x53)).ok() } else { Some(data) }
}

/// Proof that the genuine chip of an authentic key answered this server now, with the files it gave in the channel.
///
/// Only [`Dialogue::answer`] makes one. It convinces who ran the dialogue and nobody else (designated verifier): what is
/// archived is a verdict, never a transcript as evidence. That the key and the files are the State's is the matter of
/// passive authentication: the files given here are compared with the security object's hashes.
///
/// ```
/// # use chip::dialogue::{Answers, Dialogue, GenuineChip, Refusal, Turn};
/// fn of_one_round(dialogue: Dialogue, answers: Answers<'_>) -> Result<Option<GenuineChip>, Refusal> {
///     match dialogue.answer(answers)? {
///         Turn::Genuine(chip) => Ok(Some(chip)),
///         Turn::Next(..) => Ok(None),
///     }
/// }
/// ```
///
/// Answers are taken once, and the proof cannot be written down:
///
/// ```compile_fail,E0382
/// # use chip::dialogue::{Answers, Dialogue};
/// fn a_second_try(dialogue: Dialogue, forged: Answers<'_>, answers: Answers<'_>) -> bool {
///     dialogue.answer(forged).is_ok() || dialogue.answer(answers).is_ok()
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use chip::{agreement::Public, dialogue::GenuineChip};
/// fn made_up(key: Public) -> GenuineChip {
///     GenuineChip { key, thumbprint: [0; 32], files: Vec::new(), signed: None, transcript: [0; 32] }
/// }
/// ```
pub struct GenuineChip {
    key: Public,
    thumbprint: [u8; 32],
    files: Vec<(Group, Zeroizing<Vec<u8>>)>,
    signed: Option<ActivelyAuthenticated>,
    transcript: [u8; 32],
}

/// Which files, and nothing in them.
impl fmt::Debug for GenuineChip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<_> = self.files.iter().map(|(group, _)| group.number()).collect();
        write!(f, "GenuineChip({groups:?})")
    }
}

impl GenuineChip {
    /// The key that the chip proved to hold the secret of.
    pub const fn key(&self) -> &Public {
        &self.key
    }

    /// SHA-256 of its SubjectPublicKeyInfo, as group 14 writes it.
    pub const fn key_thumbprint(&self) -> [u8; 32] {
        self.thumbprint
    }

    /// The files that it gave.
    pub(crate) fn files(&self) -> impl Iterator<Item = (Group, &[u8])> {
        self.files.iter().map(|(group, octets)| (*group, &octets[..]))
    }

    /// The file of a group as the chip gave it in the channel, tag and length included.
    pub fn file(&self, group: Group) -> Option<&[u8]> {
        self.files.iter().find(|(known, _)| *known == group).map(|(_, octets)| &octets[..])
    }

    /// Its active authentication, where the plan asked for one.
    pub const fn signed(&self) -> Option<&ActivelyAuthenticated> {
        self.signed.as_ref()
    }

    /// A digest over all that went by: tells dialogues apart in a journal, and proves nothing.
    pub const fn transcript(&self) -> [u8; 32] {
        self.transcript
    }
}

#[cfg(test)]
#[path = "dialogue_tests.rs"]
pub(crate) mod tests;
