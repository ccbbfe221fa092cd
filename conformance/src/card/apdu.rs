//! Commands and answers as octets (ISO/IEC 7816-4 §5.1).

/// What a card is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Class.
    pub class: u8,
    /// Instruction.
    pub instruction: u8,
    /// Both parameters.
    pub parameters: [u8; 2],
    /// What it carries.
    pub data: Vec<u8>,
    /// How many octets are expected at most; none are without it.
    pub expected: Option<usize>,
}

impl Command {
    /// One without data that expects none.
    pub fn new(instruction: u8, parameters: [u8; 2]) -> Self {
        Self { class: 0, instruction, parameters, data: Vec::new(), expected: None }
    }

    /// With data.
    #[must_use]
    pub fn carrying(self, data: Vec<u8>) -> Self {
        Self { data, ..self }
    }

    /// With a number of octets that are expected at most.
    #[must_use]
    pub fn expecting(self, octets: usize) -> Self {
        Self { expected: Some(octets), ..self }
    }

    /// With more of the same protocol to come.
    #[must_use]
    pub fn chained(self) -> Self {
        Self { class: self.class | 0x10, ..self }
    }

    /// SELECT of an application.
    pub fn select_application(identifier: &[u8]) -> Self {
        Self::new(0xa4, [0x04, 0x0c]).carrying(identifier.to_vec())
    }

    /// SELECT of a file below the application.
    pub fn select_file(file: u16) -> Self {
        Self::new(0xa4, [0x02, 0x0c]).carrying(file.to_be_bytes().to_vec())
    }

    /// READ BINARY; beyond 32 767 by the odd instruction, which says where in an object (ISO/IEC 7816-4 §11.3.3).
    pub fn read(offset: usize, length: usize) -> Self {
        if let Some(offset) = u16::try_from(offset).ok().filter(|offset| *offset < 0x8000) {
            return Self::new(0xb0, offset.to_be_bytes()).expecting(length);
        }
        let octets = u32::try_from(offset).unwrap_or(u32::MAX).to_be_bytes();
        // The answer has its octets in an object of their own, whose head has four at most.
        Self::new(0xb1, [0, 0]).carrying([&[0x54, 3], &octets[1..]].concat()).expecting(length + 4)
    }

    /// Whether its instruction is odd: data and answers are objects then.
    pub fn is_odd(&self) -> bool {
        self.instruction & 1 == 1
    }

    /// Class, instruction, parameters.
    pub fn header(&self) -> [u8; 4] {
        [self.class, self.instruction, self.parameters[0], self.parameters[1]]
    }

    /// Reads one, short or extended (§5.1, cases 1 to 4).
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&[class, instruction, p1, p2], body) = bytes.split_first_chunk()?;
        let (data, expected) = match body {
            [] => (&[][..], None),
            [le] => (&[][..], Some(short(*le))),
            [0, high, low] => (&[][..], Some(extended(*high, *low))),
            [0, high, low, rest @ ..] => {
                let (data, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
                match rest {
                    [] => (data, None),
                    [high, low] => (data, Some(extended(*high, *low))),
                    _ => return None,
                }
            }
            [lc, rest @ ..] => {
                let (data, rest) = rest.split_at_checked(usize::from(*lc))?;
                match rest {
                    [] => (data, None),
                    [le] => (data, Some(short(*le))),
                    _ => return None,
                }
            }
        };
        let data = data.to_vec();
        Some(Self { class, instruction, parameters: [p1, p2], data, expected })
    }

    /// As it is sent: extended only where that is needed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let is_extended = self.data.len() > 0xff || self.expected.is_some_and(|expected| expected > 0x100);
        let mut bytes = self.header().to_vec();
        let length = self.data.len().to_be_bytes();
        if is_extended {
            bytes.push(0);
        }
        if !self.data.is_empty() {
            bytes.extend(&length[if is_extended { 6 } else { 7 }..]);
            bytes.extend(&self.data);
        }
        if let Some(expected) = self.expected {
            // 256 and 65536 are written as zeros.
            bytes.extend(&expected.to_be_bytes()[if is_extended { 6 } else { 7 }..]);
        }
        bytes
    }
}

fn short(le: u8) -> usize {
    if le == 0 { 0x100 } else { le.into() }
}

fn extended(high: u8, low: u8) -> usize {
    match u16::from_be_bytes([high, low]) {
        0 => 0x1_0000,
        octets => octets.into(),
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u16);

impl Status {
    /// Done.
    pub const DONE: Self = Self(0x9000);
    /// Fewer octets than expected: the file ends there.
    pub const END_OF_FILE: Self = Self(0x6282);
    /// Wrong password of PACE.
    pub const NOT_AUTHENTICATED: Self = Self(0x6300);
    /// Wrong length.
    pub const LENGTH: Self = Self(0x6700);
    /// Access is not allowed as things are.
    pub const SECURITY: Self = Self(0x6982);
    /// The code is blocked.
    pub const BLOCKED: Self = Self(0x6983);
    /// The conditions of use are not met.
    pub const CONDITIONS: Self = Self(0x6985);
    /// Objects of secure messaging are missing.
    pub const UNPROTECTED: Self = Self(0x6987);
    /// Objects of secure messaging are wrong.
    pub const MESSAGING: Self = Self(0x6988);
    /// Wrong data.
    pub const DATA: Self = Self(0x6a80);
    /// No such file.
    pub const NO_FILE: Self = Self(0x6a82);
    /// Wrong parameters.
    pub const PARAMETERS: Self = Self(0x6a86);
    /// What is referred to is not there.
    pub const REFERENCE: Self = Self(0x6a88);
    /// The offset is outside of the file.
    pub const OFFSET: Self = Self(0x6b00);
    /// No such instruction.
    pub const INSTRUCTION: Self = Self(0x6d00);

    /// A wrong code, and how many tries are left.
    pub fn tries(left: u8) -> Self {
        Self(0x63c0 | u16::from(left))
    }

    /// How many tries a wrong code left.
    pub fn tries_left(self) -> Option<u8> {
        let [high, low] = self.0.to_be_bytes();
        (high == 0x63 && low & 0xf0 == 0xc0).then_some(low & 0x0f)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

/// What a card answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it carries.
    pub data: Vec<u8>,
    /// How the command ended.
    pub status: Status,
}

impl Answer {
    /// Done, with data.
    pub fn of(data: Vec<u8>) -> Self {
        Self { data, status: Status::DONE }
    }

    /// Done, without.
    pub fn done() -> Self {
        Self::of(Vec::new())
    }

    /// Refused, or done with a warning.
    pub fn ended(status: Status) -> Self {
        Self { data: Vec::new(), status }
    }

    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (data, status) = bytes.split_last_chunk()?;
        Some(Self { data: data.to_vec(), status: Status(u16::from_be_bytes(*status)) })
    }

    /// As it is sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.data[..], &self.status.0.to_be_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_read_as_it_was_written() {
        for length in [0, 1, 255, 256, 300] {
            for expected in [None, Some(1), Some(256), Some(257), Some(65536)] {
                let command = Command { expected, ..Command::new(0xb0, [1, 2]).carrying(vec![7; length]) };
                let bytes = command.to_bytes();
                // An extended command that expects nothing and carries nothing is a short one (case 1).
                assert_eq!(Command::parse(&bytes), Some(command), "{length} {expected:?} {bytes:02x?}");
            }
        }
    }

    #[test]
    fn octets_that_are_no_command_are_not_read() {
        for bytes in
            [&[0, 1, 2][..], &[0, 0xa4, 0, 0, 3, 1], &[0, 0xa4, 0, 0, 1, 1, 2, 3], &[0, 0xa4, 0, 0, 0, 0, 2, 1]]
        {
            assert_eq!(Command::parse(bytes), None, "{bytes:02x?}");
        }
    }
}
