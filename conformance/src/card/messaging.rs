//! Secure messaging (ICAO 9303-11 §9.8), both sides of it: what the card opens and seals, and what a phone does.

use super::apdu::{Answer, Command, Status};
use super::crypt::{BLOCK, Cipher, pad, unpad};
use super::der;

const ENCRYPTED_ODD: u32 = 0x85;
const ENCRYPTED: u32 = 0x87;
const EXPECTED: u32 = 0x97;
const STATUS: u32 = 0x99;
const CODE: u32 = 0x8e;

/// The class of protected commands: the header is authenticated.
pub const PROTECTED: u8 = 0x0c;

/// A channel under session keys.
#[derive(Clone)]
pub struct Channel {
    cipher: Cipher,
    encryption: Vec<u8>,
    authentication: Vec<u8>,
    counter: u128,
}

/// Without its keys.
impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Channel({:?} at {})", self.cipher, self.counter)
    }
}

/// Why a message is none of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Objects are missing, repeated, or in another order.
    #[error("the objects of the message are not those of a protected one")]
    Objects,
    /// The code is wrong: another key, counter or message.
    #[error("the code of the message is wrong")]
    Code,
    /// What was encrypted cannot be read.
    #[error("the padding of the message is wrong")]
    Padding,
    /// The answer came without protection.
    #[error("the answer is not protected: {0}")]
    Unprotected(Status),
}

impl Channel {
    /// A channel from a shared secret; its counter begins at zero.
    pub fn new(cipher: Cipher, secret: &[u8]) -> Self {
        Self { cipher, encryption: cipher.derive(secret, 1), authentication: cipher.derive(secret, 2), counter: 0 }
    }

    fn vector(&self) -> [u8; BLOCK] {
        let sealed = self.cipher.encrypt(&self.encryption, [0; BLOCK], &self.counter.to_be_bytes());
        sealed.first_chunk().copied().expect("a block")
    }

    fn encrypt(&self, data: &[u8]) -> Vec<u8> {
        self.cipher.encrypt(&self.encryption, self.vector(), &pad(data))
    }

    fn decrypt(&self, data: &[u8]) -> Result<Vec<u8>, Broken> {
        let blocks = self.cipher.decrypt(&self.encryption, self.vector(), data).ok_or(Broken::Padding)?;
        unpad(&blocks).map(<[u8]>::to_vec).ok_or(Broken::Padding)
    }

    fn code(&self, message: &[u8]) -> [u8; 8] {
        let message = [&self.counter.to_be_bytes(), message].concat();
        self.cipher.code(&self.authentication, &pad(&message))
    }

    /// Data as an object: with the indicator of its padding where the instruction is even (§9.8.4).
    fn sealed(&self, is_odd: bool, data: &[u8]) -> Vec<u8> {
        match (data, is_odd) {
            ([], _) => Vec::new(),
            (data, true) => der::object(ENCRYPTED_ODD, &self.encrypt(data)),
            (data, false) => der::object(ENCRYPTED, &[&[1], self.encrypt(data).as_slice()].concat()),
        }
    }

    fn opened(&self, object: der::Object<'_>, is_odd: bool) -> Result<Vec<u8>, Broken> {
        match (object.tag, is_odd, object.value) {
            (ENCRYPTED_ODD, true, data) | (ENCRYPTED, false, [1, data @ ..]) => self.decrypt(data),
            _ => Err(Broken::Objects),
        }
    }

    /// The card's side: takes a protected command.
    ///
    /// # Errors
    /// [`Broken`], after which the channel is no more.
    pub fn open(&mut self, command: &Command) -> Result<Command, Broken> {
        self.counter += 1;
        let mut objects = der::all(&command.data).ok_or(Broken::Objects)?;
        let code = objects.pop().filter(|last| last.tag == CODE).ok_or(Broken::Objects)?;
        let covered = command.data.len() - code.whole.len();
        if self.code(&[&pad(&command.header()), &command.data[..covered]].concat())[..] != *code.value {
            return Err(Broken::Code);
        }
        let expected = objects.pop_if(|last| last.tag == EXPECTED).map(|object| match object.value {
            [0] => Ok(0x100),
            [octets] => Ok(usize::from(*octets)),
            [0, 0] => Ok(0x1_0000),
            [high, low] => Ok(usize::from(u16::from_be_bytes([*high, *low]))),
            _ => Err(Broken::Objects),
        });
        let data = objects.pop().map(|object| self.opened(object, command.is_odd()));
        if !objects.is_empty() {
            return Err(Broken::Objects);
        }
        let class = command.class & !PROTECTED;
        Ok(Command { class, data: data.transpose()?.unwrap_or_default(), expected: expected.transpose()?, ..*command })
    }

    /// The card's side: protects an answer to a command.
    pub fn seal(&mut self, is_odd: bool, answer: &Answer) -> Answer {
        self.counter += 1;
        let mut objects = self.sealed(is_odd, &answer.data);
        objects.extend(der::object(STATUS, &answer.status.0.to_be_bytes()));
        let code = self.code(&objects);
        objects.extend(der::object(CODE, &code));
        Answer { data: objects, status: answer.status }
    }

    /// The phone's side: protects a command.
    pub fn wrap(&mut self, command: &Command) -> Command {
        self.counter += 1;
        let mut objects = self.sealed(command.is_odd(), &command.data);
        if let Some(expected) = command.expected {
            let octets = expected.to_be_bytes();
            objects.extend(der::object(EXPECTED, if expected > 0x100 { &octets[6..] } else { &octets[7..] }));
        }
        let header = Command { class: command.class | PROTECTED, ..command.clone() };
        let code = self.code(&[pad(&header.header()), objects.clone()].concat());
        objects.extend(der::object(CODE, &code));
        let answered = command.expected.map_or(0, |expected| pad(&vec![0; expected]).len() + 5) + 14;
        let expected = if answered > 0x100 || objects.len() > 0xff { 0x1_0000 } else { 0x100 };
        header.carrying(objects).expecting(expected)
    }

    /// The phone's side: takes the answer to a command.
    ///
    /// # Errors
    /// [`Broken`], after which the channel is no more.
    pub fn unwrap(&mut self, is_odd: bool, answer: &Answer) -> Result<Answer, Broken> {
        self.counter += 1;
        if answer.data.is_empty() {
            return Err(Broken::Unprotected(answer.status));
        }
        let mut objects = der::all(&answer.data).ok_or(Broken::Objects)?;
        let code = objects.pop().filter(|last| last.tag == CODE).ok_or(Broken::Objects)?;
        let status = objects.pop().filter(|last| last.tag == STATUS).ok_or(Broken::Objects)?;
        let covered = answer.data.len() - code.whole.len();
        if self.code(&answer.data[..covered])[..] != *code.value || status.value != answer.status.0.to_be_bytes() {
            return Err(Broken::Code);
        }
        let data = objects.pop().map(|object| self.opened(object, is_odd)).transpose()?.unwrap_or_default();
        if objects.is_empty() { Ok(Answer { data, status: answer.status }) } else { Err(Broken::Objects) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Channel, Channel) {
        let channel = Channel::new(Cipher::Aes256, b"shared");
        (channel.clone(), channel)
    }

    #[test]
    fn what_one_side_protects_the_other_side_opens() {
        let (mut phone, mut card) = pair();
        let commands = [
            Command::select_file(0x0101),
            Command::read(0, 0x100),
            Command::read(0, 0x1000),
            Command::read(0x9000, 200),
            Command::new(0x2a, [0x9e, 0x9a]).carrying(vec![1; 300]).expecting(0x100),
        ];
        for command in commands {
            let wrapped = phone.wrap(&command);
            let received = Command::parse(&wrapped.to_bytes()).unwrap();
            assert_eq!(card.open(&received).unwrap(), command);
            let answer = Answer { data: vec![9; command.expected.unwrap_or(0)], status: Status::DONE };
            let sealed = card.seal(command.is_odd(), &answer);
            assert_eq!(phone.unwrap(command.is_odd(), &sealed).unwrap(), answer);
        }
    }

    #[test]
    fn a_message_that_was_touched_or_comes_again_is_refused() {
        let (mut phone, card) = pair();
        let wrapped = phone.wrap(&Command::read(0, 16));
        for at in 0..wrapped.data.len() {
            let mut touched = wrapped.clone();
            touched.data[at] ^= 1;
            assert!(card.clone().open(&touched).is_err(), "{at}");
        }
        let other = Command { parameters: [0, 1], ..wrapped.clone() };
        assert_eq!(card.clone().open(&other), Err(Broken::Code));
        let mut card = card;
        card.open(&wrapped).unwrap();
        let sealed = card.seal(false, &Answer::of(vec![1; 16]));
        for at in 0..sealed.data.len() {
            let mut touched = sealed.clone();
            touched.data[at] ^= 1;
            assert!(phone.clone().unwrap(false, &touched).is_err(), "{at}");
        }
        assert_eq!(phone.clone().unwrap(false, &Answer::done()), Err(Broken::Unprotected(Status::DONE)));
        assert_eq!(card.open(&wrapped), Err(Broken::Code), "the counter went on");
    }
}
