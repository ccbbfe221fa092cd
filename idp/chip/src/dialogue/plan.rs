//! What a dialogue reads and asks, and in which portions.

use std::fmt;

use super::Refusal;
use crate::active::ActiveKey;
use crate::lds::Group;
use crate::messaging::MOST_COMMANDS;

/// The first octets of a file, which tell how long it is: a tag of one octet and the longest length.
pub(super) const HEAD: usize = 5;

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
    pub(super) wanted: Vec<Wanted>,
    chunk: Chunk,
    pub(super) signing: Option<Signing>,
}

/// What the chip is to sign besides: active authentication, within the channel.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Signing {
    pub(super) challenge: [u8; 8],
    pub(super) key: ActiveKey,
}

/// Not the challenge.
impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signing")
    }
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
        let plan = Self { wanted, chunk, signing: None };
        let commands = plan.reads().iter().map(Read::commands).fold(0_usize, usize::saturating_add);
        if is_once && is_readable && (1..MOST_COMMANDS).contains(&commands) { Ok(plan) } else { Err(Refusal::Plan) }
    }

    /// And has the chip sign a challenge that nobody foresaw, with the key of an authentic data group 15: for documents
    /// that have one, a second proof beside the first.
    #[must_use]
    pub fn signing(self, challenge: [u8; 8], key: ActiveKey) -> Self {
        Self { signing: Some(Signing { challenge, key }), ..self }
    }

    /// What the first round reads: files of known length whole, of the others the head.
    pub(super) fn reads(&self) -> Vec<Read> {
        let to = |wanted: &Wanted| wanted.length.unwrap_or(HEAD);
        self.wanted.iter().map(|one| Read { group: one.group, from: 0, to: to(one), chunk: self.chunk }).collect()
    }
}

/// A part of a file that one round reads.
#[derive(Clone, Copy)]
pub(super) struct Read {
    pub(super) group: Group,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) chunk: Chunk,
}

impl Read {
    /// Where its portions begin, and how long they are.
    pub(super) fn chunks(&self) -> impl Iterator<Item = (usize, usize)> {
        let (to, chunk) = (self.to, usize::from(self.chunk.0));
        (self.from..to).step_by(chunk).map(move |from| (from, to.saturating_sub(from).min(chunk)))
    }

    /// How many commands it takes: the selection, and one a chunk.
    fn commands(&self) -> usize {
        self.chunks().count().saturating_add(1)
    }
}
