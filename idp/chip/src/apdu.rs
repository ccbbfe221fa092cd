//! Commands to a card and its answers (ISO/IEC 7816-4 §5): what is said, before secure messaging wraps it.

use std::fmt;

use thiserror::Error;

/// The most octets that a command carries, and one less than the most that an answer carries (ISO/IEC 7816-4 §5.1).
const MOST: usize = 0xffff;

/// The last offset that READ BINARY takes in its parameters; beyond it stands the odd instruction (§7.2.3).
const LAST_SHORT_OFFSET: u32 = 0x7fff;

/// Why octets are no command or no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// An answer shorter than its status.
    #[error("the answer is shorter than a status")]
    Truncated,
    /// More than an extended length can say.
    #[error("more octets than an extended length can say")]
    Oversized,
}

impl Fault {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated => "APDU_TRUNCATED",
            Self::Oversized => "APDU_OVERSIZED",
        }
    }
}

/// Whether another command of the same chain follows (ISO/IEC 7816-4 §5.1.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// This command stands alone or ends its chain.
    Last,
    /// Another follows.
    More,
}

/// A command in the interindustry class on the basic channel, without secure messaging.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    chain: Chain,
    instruction: u8,
    parameters: [u8; 2],
    data: Vec<u8>,
    /// How many octets the answer may have; 0 for none.
    expected: usize,
}

/// Its header: what it carries may be of a citizen.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p1, p2] = self.parameters;
        let (instruction, carried, expected) = (self.instruction, self.data.len(), self.expected);
        write!(f, "Command({instruction:02x} {p1:02x}{p2:02x}, {carried} octets, expects {expected})")
    }
}

impl Command {
    /// One that carries nothing and expects nothing.
    pub const fn new(instruction: u8, parameters: [u8; 2]) -> Self {
        Self { chain: Chain::Last, instruction, parameters, data: Vec::new(), expected: 0 }
    }

    /// With these octets to carry.
    ///
    /// # Errors
    /// [`Fault::Oversized`] for more than 65535.
    pub fn carrying(self, data: Vec<u8>) -> Result<Self, Fault> {
        if data.len() > MOST { Err(Fault::Oversized) } else { Ok(Self { data, ..self }) }
    }

    /// Expecting at most so many octets.
    ///
    /// # Errors
    /// [`Fault::Oversized`] for more than 65536.
    pub fn expecting(self, octets: usize) -> Result<Self, Fault> {
        if octets > MOST.saturating_add(1) { Err(Fault::Oversized) } else { Ok(Self { expected: octets, ..self }) }
    }

    /// With another of the same chain after it, or none.
    #[must_use]
    pub fn chained(self, chain: Chain) -> Self {
        Self { chain, ..self }
    }

    /// SELECT an elementary file under the current application, without an answer (ICAO 9303-10 §3.6.3).
    pub fn select_file(file: u16) -> Self {
        Self { data: file.to_be_bytes().into(), ..Self::new(0xa4, [0x02, 0x0c]) }
    }

    /// SELECT an application by its identifier, without an answer (ICAO 9303-10 §3.6.2).
    ///
    /// # Errors
    /// [`Fault::Oversized`] for more than the 16 octets that an identifier may have.
    pub fn select_application(identifier: &[u8]) -> Result<Self, Fault> {
        if identifier.len() > 16 {
            return Err(Fault::Oversized);
        }
        Ok(Self { data: identifier.into(), ..Self::new(0xa4, [0x04, 0x0c]) })
    }

    /// READ BINARY of the selected file. From an offset of 32768 on, the offset stands in a data object, and so does what
    /// is answered (ISO/IEC 7816-4 §7.2.3, ICAO 9303-10 §3.6.3.2).
    ///
    /// # Errors
    /// [`Fault::Oversized`] for a length of nothing, of more than an answer can have, or an offset of 16 MiB and more.
    pub fn read_binary(offset: u32, length: usize) -> Result<Self, Fault> {
        if length == 0 || offset > 0x00ff_ffff {
            return Err(Fault::Oversized);
        }
        let [_, high, middle, low] = offset.to_be_bytes();
        if offset <= LAST_SHORT_OFFSET {
            return Self::new(0xb0, [middle, low]).expecting(length);
        }
        let framed = length.saturating_add(object_overhead(length));
        Self::new(0xb1, [0, 0]).carrying(vec![0x54, 3, high, middle, low])?.expecting(framed)
    }

    /// INTERNAL AUTHENTICATE over a challenge (ICAO 9303-11 §6.1.2.2).
    ///
    /// # Errors
    /// [`Fault::Oversized`] when so much cannot be expected.
    pub fn internal_authenticate(challenge: [u8; 8], expected: usize) -> Result<Self, Fault> {
        Self::new(0x88, [0, 0]).carrying(challenge.into())?.expecting(expected)
    }

    /// Whether its instruction is odd: data stand in data objects then (ISO/IEC 7816-4 §5.1.2).
    pub const fn is_odd(&self) -> bool {
        self.instruction & 1 == 1
    }

    /// What it carries.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// How many octets it expects, none being 0.
    pub const fn expected(&self) -> usize {
        self.expected
    }

    /// The four octets before everything else, with what secure messaging adds to the class.
    pub(crate) const fn header(&self, messaging: u8) -> [u8; 4] {
        let [p1, p2] = self.parameters;
        let chain = match self.chain {
            Chain::Last => 0,
            Chain::More => 0x10,
        };
        [chain | messaging, self.instruction, p1, p2]
    }

    /// As it goes to the card: in short form wherever that can say it, otherwise in extended form.
    pub fn to_bytes(&self) -> Vec<u8> {
        frame(self.header(0), &self.data, self.expected)
    }
}

/// A command of the four cases (ISO/IEC 7816-4 §5.1). Lengths are of [`Command`], which bounds them.
pub(crate) fn frame(header: [u8; 4], data: &[u8], expected: usize) -> Vec<u8> {
    let mut bytes = header.to_vec();
    let short = data.len() <= 0xff && expected <= 0x100;
    // The length 256 is written 00, the length 65536 is written 00 00: the low octets of the number.
    let [.., carried_high, carried] = data.len().to_be_bytes();
    let [.., expected_high, expected_low] = expected.to_be_bytes();
    if short {
        if !data.is_empty() {
            bytes.push(carried);
        }
        bytes.extend_from_slice(data);
        if expected > 0 {
            bytes.push(expected_low);
        }
        return bytes;
    }
    bytes.push(0);
    if !data.is_empty() {
        bytes.extend([carried_high, carried]);
    }
    bytes.extend_from_slice(data);
    if expected > 0 {
        bytes.extend([expected_high, expected_low]);
    }
    bytes
}

/// How many octets a data object of a one-octet tag adds to a value of this length.
pub(crate) const fn object_overhead(length: usize) -> usize {
    match length {
        0..=0x7f => 2,
        0x80..=0xff => 3,
        0x100..=0xffff => 4,
        _ => 5,
    }
}

/// The two octets that end every answer (ISO/IEC 7816-4 §5.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

impl Status {
    /// Done.
    pub const DONE: Self = Self(0x9000);

    /// How many tries are left, when a password was wrong (ISO/IEC 7816-4 §5.1.3, `63CX`).
    pub const fn tries_left(self) -> Option<u8> {
        match self.0.to_be_bytes() {
            [0x63, left @ 0xc0..=0xcf] => Some(left & 0x0f),
            _ => None,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

/// An answer as it came from the card, or from whoever stands between.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    /// What it carries.
    pub data: &'a [u8],
    /// How it ends.
    pub status: Status,
}

/// Its status and size: what it carries may be of a citizen.
impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} octets, {})", self.data.len(), self.status)
    }
}

impl<'a> Response<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// [`Fault`] when it is shorter than a status or longer than any answer.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let (data, status) = bytes.split_last_chunk().ok_or(Fault::Truncated)?;
        if data.len() > MOST.saturating_add(1) {
            return Err(Fault::Oversized);
        }
        Ok(Self { data, status: Status(u16::from_be_bytes(*status)) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_four_cases_are_written_short_where_that_can_say_it() {
        let command = Command::new(0xb0, [1, 2]);
        assert_eq!(command.to_bytes(), [0, 0xb0, 1, 2]);
        assert_eq!(command.clone().expecting(4).unwrap().to_bytes(), [0, 0xb0, 1, 2, 4]);
        assert_eq!(command.clone().expecting(256).unwrap().to_bytes(), [0, 0xb0, 1, 2, 0]);
        let carrying = command.clone().carrying(vec![7, 8]).unwrap();
        assert_eq!(carrying.to_bytes(), [0, 0xb0, 1, 2, 2, 7, 8]);
        assert_eq!(carrying.clone().expecting(256).unwrap().to_bytes(), [0, 0xb0, 1, 2, 2, 7, 8, 0]);
        assert_eq!(command.clone().expecting(257).unwrap().to_bytes(), [0, 0xb0, 1, 2, 0, 1, 1]);
        assert_eq!(command.clone().expecting(65_536).unwrap().to_bytes(), [0, 0xb0, 1, 2, 0, 0, 0]);
        assert_eq!(carrying.expecting(300).unwrap().to_bytes(), [0, 0xb0, 1, 2, 0, 0, 2, 7, 8, 1, 0x2c]);
        let long = command.clone().carrying(vec![9; 256]).unwrap().to_bytes();
        assert_eq!((&long[..7], long.len()), (&[0, 0xb0, 1, 2, 0, 1, 0][..], 263));
        assert_eq!(command.clone().carrying(vec![0; 65_536]), Err(Fault::Oversized));
        assert_eq!(command.expecting(65_537), Err(Fault::Oversized));
    }

    #[test]
    fn a_chain_is_told_in_the_class() {
        assert_eq!(Command::new(0x86, [0, 0]).chained(Chain::More).to_bytes()[0], 0x10);
        assert_eq!(Command::new(0x86, [0, 0]).chained(Chain::Last).to_bytes()[0], 0);
    }

    #[test]
    fn a_far_offset_is_said_by_the_odd_instruction() {
        assert_eq!(Command::read_binary(0x7fff, 16).unwrap().to_bytes(), [0, 0xb0, 0x7f, 0xff, 16]);
        let far = Command::read_binary(0x8000, 16).unwrap();
        assert!(far.is_odd());
        assert_eq!(far.to_bytes(), [0, 0xb1, 0, 0, 5, 0x54, 3, 0, 0x80, 0, 18]);
        assert_eq!(Command::read_binary(0, 0), Err(Fault::Oversized));
        assert_eq!(Command::read_binary(0x0100_0000, 1), Err(Fault::Oversized));
    }

    #[test]
    fn a_status_tells_the_tries_that_are_left() {
        assert_eq!(Status(0x63c2).tries_left(), Some(2));
        assert_eq!(Status(0x6300).tries_left(), None);
        assert_eq!(Status::DONE.tries_left(), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_an_answer_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            match Response::read(&bytes) {
                Ok(response) => prop_assert_eq!(response.data.len() + 2, bytes.len()),
                Err(fault) => prop_assert!(fault == Fault::Truncated && bytes.len() < 2),
            }
        }
    }
}
