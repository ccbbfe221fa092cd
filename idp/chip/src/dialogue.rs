//! Speaking with the chip through a phone that only relays: what goes to the phone, what comes back, in as few round trips
//! as can be.
//!
//! ```text
//!  begin ─▶ Round { opening, relay } ──phone──▶ Answers ─▶ answer ─┬─▶ Next(Round, Dialogue)   sizes were not known
//!                                                                  ├─▶ Genuine(GenuineChip)
//!                                                                  └─▶ Refusal: nothing is left of it
//! ```
//!
//! Between two round trips a server remembers the randomness, the plan and the answers so far, sealed, and takes them back
//! by doing the same again: everything is a function of its arguments, and no channel key is ever written anywhere. The
//! round that was answered is taken once, whatever comes of it.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::agreement::{self, Randomness};
use crate::apdu::{self, Command, Response, Status};
use crate::authentication::{ChipAuthentication, StaticKey};
use crate::curve::Point;
use crate::hash::Hash;
use crate::lds::Group;
use crate::messaging::{Aborted, Answer, Channel, Fault as ChannelFault, MOST_COMMANDS, Pending};
use crate::tlv::{self, Tag};

/// The first octets of a file, which tell how long it is: a tag of one octet and the longest length.
const HEAD: usize = 5;

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
    Batch(ChannelFault),
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
            Self::File(_) => "CHIP_FILE",
            Self::LongFile(_) => "CHIP_FILE_TOO_LONG",
        }
    }
}

/// A data group to read, and how long its file is if that is known: the phone read most of them before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Which group.
    pub group: Group,
    /// Its length, in octets. A wrong one is found out: the file must be whole.
    pub length: Option<usize>,
}

/// How many octets one READ BINARY asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chunk(u16);

impl Chunk {
    /// What every chip and phone can do: short commands.
    pub const SHORT: Self = Self(0xdf);

    /// So many octets, in extended commands where that needs them: as the chip announces in EF.ATR/INFO and the phone's
    /// controller can. None below 16.
    pub const fn new(octets: u16) -> Option<Self> {
        if octets < 16 { None } else { Some(Self(octets)) }
    }
}

/// What a dialogue reads, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    wanted: Vec<Wanted>,
    chunk: Chunk,
}

impl Plan {
    /// Reads these files, each once.
    ///
    /// # Errors
    /// [`Refusal::Plan`] for none, a file twice, one that is never read (fingerprints), or more than one round holds.
    pub fn new(wanted: Vec<Wanted>, chunk: Chunk) -> Result<Self, Refusal> {
        let is_once = wanted
            .iter()
            .enumerate()
            .all(|(at, one)| wanted.iter().skip(at.saturating_add(1)).all(|other| other.group != one.group));
        let is_readable = wanted.iter().all(|one| {
            !one.group.is_reserved() && one.length.is_none_or(|length| (HEAD..=one.group.limit()).contains(&length))
        });
        let plan = Self { wanted, chunk };
        let commands = plan.reads().iter().map(Read::commands).fold(0_usize, usize::saturating_add);
        if is_once && is_readable && (1..=MOST_COMMANDS).contains(&commands) { Ok(plan) } else { Err(Refusal::Plan) }
    }

    /// What the first round reads: files of known length whole, of the others the head.
    fn reads(&self) -> Vec<Read> {
        let to = |wanted: &Wanted| wanted.length.unwrap_or(HEAD);
        self.wanted.iter().map(|one| Read { group: one.group, from: 0, to: to(one), chunk: self.chunk }).collect()
    }
}

/// A part of a file that one round reads.
#[derive(Clone, Copy)]
struct Read {
    group: Group,
    from: usize,
    to: usize,
    chunk: Chunk,
}

impl Read {
    fn chunks(&self) -> impl Iterator<Item = (usize, usize)> {
        let (to, chunk) = (self.to, usize::from(self.chunk.0));
        (self.from..to).step_by(chunk).map(move |from| (from, to.saturating_sub(from).min(chunk)))
    }

    /// How many commands it takes: the selection, and one a chunk.
    fn commands(&self) -> usize {
        self.chunks().count().saturating_add(1)
    }
}

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
pub struct Dialogue {
    key: Point,
    opening: usize,
    pending: Pending,
    reads: Vec<Read>,
    /// Octets read so far, by file.
    files: Vec<(Group, Zeroizing<Vec<u8>>)>,
    transcript: Vec<u8>,
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
        let mut dialogue = Unasked {
            key: key.public().clone(),
            opening: opening.len(),
            files: plan.wanted.iter().map(|wanted| (wanted.group, Zeroizing::default())).collect(),
            transcript: Hash::Sha256.digest(&[&opening.concat()]),
        };
        let (relay, pending) = ask(&mut dialogue.transcript, authentication.into_channel(), &plan.reads())?;
        Ok((Round { opening, relay }, dialogue.asked(pending, plan.reads())))
    }

    /// Takes the answers of the round.
    ///
    /// # Errors
    /// [`Refusal`], at the first answer that is not the genuine chip's.
    pub fn answer(self, answers: Answers<'_>) -> Result<Turn, Refusal> {
        self.check_opening(answers.opening)?;
        let Self { key, pending, reads, mut files, mut transcript, .. } = self;
        let (opened, channel) = pending.open(answers.relay)?;
        record(&mut transcript, answers.relay);
        take(&reads, &opened, &mut files)?;
        let left = remaining(&reads, &files)?;
        if left.is_empty() {
            return Ok(Turn::Genuine(GenuineChip::new(key, files, transcript)?));
        }
        let mut dialogue = Unasked { key, opening: 0, files, transcript };
        let (relay, pending) = ask(&mut dialogue.transcript, channel, &left)?;
        Ok(Turn::Next(Round { opening: Vec::new(), relay }, Box::new(dialogue.asked(pending, left))))
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

/// A dialogue between two rounds.
struct Unasked {
    key: Point,
    opening: usize,
    files: Vec<(Group, Zeroizing<Vec<u8>>)>,
    transcript: Vec<u8>,
}

impl Unasked {
    fn asked(self, pending: Pending, reads: Vec<Read>) -> Dialogue {
        let Self { key, opening, files, transcript } = self;
        Dialogue { key, opening, pending, reads, files, transcript }
    }
}

/// Writes the commands of a round.
fn ask(transcript: &mut Vec<u8>, channel: Channel, reads: &[Read]) -> Result<(Vec<Vec<u8>>, Pending), Refusal> {
    let mut commands = Vec::new();
    for read in reads {
        commands.push(Command::select_file(read.group.file()));
        for (from, length) in read.chunks() {
            let offset = u32::try_from(from).map_err(|_| Refusal::LongFile(read.group))?;
            let command = Command::read_binary(offset, length);
            commands.push(command.map_err(|_| Refusal::LongFile(read.group))?);
        }
    }
    let (relay, pending) = channel.protect(&commands).map_err(Refusal::Batch)?;
    record(transcript, &relay);
    Ok((relay, pending))
}

/// Chains the digest of what went by: what the journal keeps of a dialogue.
fn record(transcript: &mut Vec<u8>, octets: &[Vec<u8>]) {
    for one in octets {
        *transcript = Hash::Sha256.digest(&[transcript, &Hash::Sha256.digest(&[one])]);
    }
}

/// Puts what was answered to its files. Answers are as many as commands: the channel saw to that.
fn take(reads: &[Read], opened: &[Answer], files: &mut [(Group, Zeroizing<Vec<u8>>)]) -> Result<(), Refusal> {
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
        let Some((_, octets)) = files.iter_mut().find(|(group, _)| *group == read.group) else { continue };
        for (from, length) in read.chunks() {
            let (at, data) = next()?;
            let is_framed = from > 0x7fff;
            let data = if is_framed { tlv::only(data, Tag(0x53)).map_err(|_| Refusal::Length { at })? } else { data };
            if data.len() != length {
                return Err(Refusal::Length { at });
            }
            octets.extend_from_slice(data);
        }
    }
    Ok(())
}

/// What is still to be read of files whose head says that they are longer.
fn remaining(reads: &[Read], files: &[(Group, Zeroizing<Vec<u8>>)]) -> Result<Vec<Read>, Refusal> {
    let mut left = Vec::new();
    for read in reads {
        let Some((group, octets)) = files.iter().find(|(group, _)| *group == read.group) else { continue };
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

/// Proof that the genuine chip of an authentic key answered this server now, with the files it gave in the channel.
///
/// Only [`Dialogue::answer`] makes one. It convinces who ran the dialogue and nobody else (designated verifier): what is
/// archived is a verdict, never a transcript as evidence. That the key and the files are the State's is the matter of
/// passive authentication: the files given here are compared with the security object's hashes.
pub struct GenuineChip {
    key: Point,
    files: Vec<(Group, Zeroizing<Vec<u8>>)>,
    transcript: Vec<u8>,
}

/// Which files, and nothing in them.
impl fmt::Debug for GenuineChip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<_> = self.files.iter().map(|(group, _)| group.number()).collect();
        write!(f, "GenuineChip({groups:?})")
    }
}

impl GenuineChip {
    fn new(key: Point, files: Vec<(Group, Zeroizing<Vec<u8>>)>, transcript: Vec<u8>) -> Result<Self, Refusal> {
        for (group, octets) in &files {
            group.contents(octets).map_err(|_| Refusal::File(*group))?;
        }
        Ok(Self { key, files, transcript })
    }

    /// The key that the chip proved to hold the secret of.
    pub const fn key(&self) -> &Point {
        &self.key
    }

    /// The file of a group as the chip gave it in the channel, tag and length included.
    pub fn file(&self, group: Group) -> Option<&[u8]> {
        self.files.iter().find(|(known, _)| *known == group).map(|(_, octets)| &octets[..])
    }

    /// A digest over all that went by: tells dialogues apart in a journal, and proves nothing.
    pub fn transcript(&self) -> &[u8] {
        &self.transcript
    }
}

#[cfg(test)]
#[path = "dialogue_tests.rs"]
mod tests;
