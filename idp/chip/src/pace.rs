//! PACE with this process as the terminal (ICAO 9303-11 §4.4): a channel from a password of few digits, which nobody who
//! listens can try out afterwards.
//!
//! It serves desk readers, whose terminal the server is. A phone runs its own, and of that run nothing is believed here.
//!
//! ```text
//!  begin ─▶ Selecting ─▶ Asking ─▶ Mapped ─▶ Agreeing ─▶ Confirming ─▶ Established { channel, claim }
//!           MSE:Set AT   80        81 / 82   83 / 84     85 / 86       each step consumes the one before
//! ```

use std::fmt;

use elliptic_curve::subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::agreement::{self, EphemeralSecret, Randomness};
use crate::apdu::{self, Chain, Command, Response, Status};
use crate::cipher::{CODE, Cipher, WrongLength, unpadded};
use crate::curve::{self, Curve, Point};
use crate::hash::Hash;
use crate::kdf::{Key, Purpose, SessionKeys, derive};
use crate::lds::PaceInfo;
use crate::messaging::Channel;
use crate::tlv::{self, Tag};

/// 0.4.0.127.0.7.2.2.4, id-PACE, without the arcs of the mapping and the cipher (ICAO 9303-11 §9.2.3).
const PACE: [u8; 8] = [0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x04];

/// Dynamic authentication data (ICAO 9303-11 §4.4.4.2).
const DYNAMIC: Tag = Tag(0x7c);

/// How both sides get from the nonce to a generator (ICAO 9303-11 §4.4.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// By an agreement.
    Generic,
    /// By a map onto the curve.
    Integrated,
    /// By an agreement with which the chip also proves its static key.
    ChipAuthentication,
}

impl Mapping {
    /// The mapping of an arc of the protocol identifier, over elliptic curves. Those over numbers have none here.
    pub const fn of_arc(arc: u32) -> Option<Self> {
        match arc {
            2 => Some(Self::Generic),
            4 => Some(Self::Integrated),
            6 => Some(Self::ChipAuthentication),
            _ => None,
        }
    }

    const fn arc(self) -> u8 {
        match self {
            Self::Generic => 2,
            Self::Integrated => 4,
            Self::ChipAuthentication => 6,
        }
    }
}

/// How a chip speaks PACE: a PACEInfo of its EF.CardAccess (ICAO 9303-11 §9.2.3). The file is not signed: what stands in
/// it decides what is tried, and nothing of what is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    mapping: Mapping,
    cipher: Cipher,
    curve: Curve,
    /// The standardized parameters, named in the command when the chip has several.
    parameters: Option<u8>,
}

impl Protocol {
    /// A protocol over standardized parameters.
    ///
    /// # Errors
    /// [`Fault::Protocol`] for parameters that are no curve of the list, and for chip authentication mapping with triple
    /// DES, which does not exist (ICAO 9303-11 §4.4.3.2).
    pub fn new(mapping: Mapping, cipher: Cipher, parameters: u8) -> Result<Self, Fault> {
        let curve = Curve::standardized(parameters).ok_or(Fault::Protocol)?;
        if mapping == Mapping::ChipAuthentication && cipher == Cipher::TripleDes {
            return Err(Fault::Protocol);
        }
        Ok(Self { mapping, cipher, curve, parameters: Some(parameters) })
    }

    /// The protocol of a PACEInfo.
    ///
    /// # Errors
    /// [`Fault::Protocol`] for one that is not spoken here.
    pub fn of(info: &PaceInfo) -> Result<Self, Fault> {
        let mut arcs = info.protocol.arcs().skip(PACE.len().saturating_add(1));
        let is_pace = info.protocol.as_bytes().starts_with(&PACE) && info.version == 2;
        let (Some(mapping), Some(cipher), None, true) = (arcs.next(), arcs.next(), arcs.next(), is_pace) else {
            return Err(Fault::Protocol);
        };
        let parameters = info.parameters.and_then(|parameters| u8::try_from(parameters).ok()).ok_or(Fault::Protocol)?;
        let mapping = Mapping::of_arc(mapping).ok_or(Fault::Protocol)?;
        Self::new(mapping, Cipher::of_arc(cipher).ok_or(Fault::Protocol)?, parameters)
    }

    /// Without the parameters in the command: the chip has these alone.
    #[must_use]
    pub const fn unnamed(self) -> Self {
        Self { parameters: None, ..self }
    }

    /// The value of its object identifier.
    fn oid(self) -> Vec<u8> {
        [&PACE[..], &[self.mapping.arc(), self.cipher.arc()]].concat()
    }

    /// Length of both nonces of the integrated mapping: the whole blocks that hold a key (§4.4.3.3).
    const fn nonce(self) -> usize {
        match self.cipher {
            Cipher::TripleDes | Cipher::Aes128 => 16,
            Cipher::Aes192 | Cipher::Aes256 => 32,
        }
    }
}

/// What is printed on the document and opens its chip: wiped when it goes.
pub struct Password {
    reference: u8,
    encoded: Zeroizing<Vec<u8>>,
}

/// No character of it.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl Password {
    /// The six digits of the card access number.
    ///
    /// # Errors
    /// [`Fault::Password`] for anything else.
    pub fn can(digits: &str) -> Result<Self, Fault> {
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(Fault::Password);
        }
        Ok(Self { reference: 2, encoded: Zeroizing::new(digits.into()) })
    }

    /// Of the machine readable zone, document number, date of birth and date of expiry (`YYMMDD`); the check digits are
    /// computed here. A number of more than nine characters is given whole (ICAO 9303-11 §9.7.3).
    ///
    /// # Errors
    /// [`Fault::Password`] for characters that the zone does not have, or other lengths.
    pub fn mrz(number: &str, birth: &str, expiry: &str) -> Result<Self, Fault> {
        let is_date = |date: &str| date.len() == 6 && date.bytes().all(|digit| digit.is_ascii_digit() || digit == b'<');
        if number.is_empty() || number.len() > 22 || !is_date(birth) || !is_date(expiry) {
            return Err(Fault::Password);
        }
        let number = Zeroizing::new(format!("{number:<<9}"));
        let mut text = Zeroizing::new(Vec::with_capacity(64));
        for field in [&number[..], birth, expiry] {
            text.extend_from_slice(field.as_bytes());
            text.push(check_digit(field).ok_or(Fault::Password)?);
        }
        Ok(Self { reference: 1, encoded: Zeroizing::new(Hash::Sha1.digest(&[&text])) })
    }
}

/// ICAO 9303-3 §4.9: weights 7, 3, 1.
fn check_digit(field: &str) -> Option<u8> {
    let values = field.bytes().map(|character| match character {
        b'<' => Some(0_u32),
        b'0'..=b'9' | b'A'..=b'Z' => char::from(character).to_digit(36),
        _ => None,
    });
    let sum = values
        .zip([7, 3, 1].into_iter().cycle())
        .try_fold(0_u32, |sum, (value, weight)| value.map(|value| sum.saturating_add(value.saturating_mul(weight))))?;
    u8::try_from(sum.checked_rem(10)?).ok().map(|digit| b'0'.saturating_add(digit))
}

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
    /// A point of the chip's is none of the curve.
    #[error("a public key of the chip is refused: {0}")]
    Point(#[from] curve::Fault),
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

/// The protocol was selected.
pub struct Selecting {
    protocol: Protocol,
    key: Key,
}

/// The nonce was asked for.
pub struct Asking {
    protocol: Protocol,
    key: Key,
}

/// The mapping began.
pub struct Mapped {
    protocol: Protocol,
    nonce: Zeroizing<Vec<u8>>,
    ours: Ours,
}

/// What this side put into the mapping.
enum Ours {
    Secret(EphemeralSecret),
    Nonce(Zeroizing<Vec<u8>>),
}

/// The agreement on the mapped generator began.
pub struct Agreeing {
    protocol: Protocol,
    secret: EphemeralSecret,
    mapping: Option<Point>,
}

/// Our token was sent.
pub struct Confirming {
    keys: SessionKeys,
    expected: [u8; CODE],
    /// The chip's key of the mapping, when the chip is to prove itself with it.
    claimed: Option<Point>,
}

/// A channel to a chip that knows the password.
#[derive(Debug)]
pub struct Established {
    /// The channel.
    pub channel: Channel,
    /// What proves the chip, once its static key is known and authentic.
    pub claim: Option<Claim>,
}

/// Chip authentication data that were not held against a key yet (ICAO 9303-11 §4.4.3.5).
pub struct Claim {
    mapping: Point,
    data: Zeroizing<Vec<u8>>,
}

/// Proof that the chip behind the channel holds the secret of this static key. That the key is the State's is the matter
/// of the signed EF.CardSecurity.
#[derive(Debug)]
pub struct MappedChip {
    key: Point,
}

macro_rules! without_secrets {
    ($($step:ident),*) => {$(
        /// No secret stands in it.
        impl fmt::Debug for $step {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($step))
            }
        }
    )*};
}
without_secrets!(Selecting, Asking, Mapped, Agreeing, Confirming, Claim);

/// Begins: MSE:Set AT (ICAO 9303-11 §4.4.4.1).
///
/// # Errors
/// [`Fault`] as good as never: when the command cannot be written.
pub fn begin(protocol: Protocol, password: &Password) -> Result<(Command, Selecting), Fault> {
    let key = derive(protocol.cipher, &password.encoded, Purpose::Password);
    begin_with(protocol, password.reference, key)
}

fn begin_with(protocol: Protocol, reference: u8, key: Key) -> Result<(Command, Selecting), Fault> {
    let mut data = object(0x80, &protocol.oid())?;
    data.extend(object(0x83, &[reference])?);
    if let Some(parameters) = protocol.parameters {
        data.extend(object(0x84, &[parameters])?);
    }
    Ok((Command::new(0x22, [0xc1, 0xa4]).carrying(data)?, Selecting { protocol, key }))
}

impl Selecting {
    /// The protocol is selected: asks for the nonce.
    ///
    /// # Errors
    /// [`Fault`] when the chip refuses.
    pub fn answer(self, answer: &[u8]) -> Result<(Command, Asking), Fault> {
        // 63Cx here only warns that tries were lost before (TR-03110-3 §B.1): the protocol goes on.
        match Response::read(answer)?.status {
            status if status == Status::DONE || status.tries_left().is_some_and(|left| left > 0) => {
                Ok((general(Chain::More, &[])?, Asking { protocol: self.protocol, key: self.key }))
            }
            status => Err(refused(status)),
        }
    }
}

impl Asking {
    /// The nonce came: begins the mapping with this randomness.
    ///
    /// # Errors
    /// [`Fault`] when the nonce is none.
    pub fn answer(self, answer: &[u8], randomness: Randomness) -> Result<(Command, Mapped), Fault> {
        let Self { protocol, key } = self;
        let template = dynamic(answer)?;
        let encrypted = tlv::only(template, Tag(0x80)).map_err(|_| Fault::Form)?;
        let is_whole = encrypted.len().is_multiple_of(protocol.cipher.block());
        let fits = match protocol.mapping {
            Mapping::Integrated => encrypted.len() == protocol.nonce(),
            Mapping::Generic | Mapping::ChipAuthentication => (8..=64).contains(&encrypted.len()),
        };
        if !is_whole || !fits {
            return Err(Fault::Nonce);
        }
        let mut nonce = Zeroizing::new(encrypted.to_vec());
        protocol.cipher.decrypt(&key, &vec![0; protocol.cipher.block()], &mut nonce)?;
        let (ours, sent) = match protocol.mapping {
            Mapping::Integrated => {
                let ours =
                    Zeroizing::new(randomness.octets().get(..protocol.cipher.key()).unwrap_or_default().to_vec());
                let sent = ours.to_vec();
                (Ours::Nonce(ours), sent)
            }
            Mapping::Generic | Mapping::ChipAuthentication => {
                let secret = EphemeralSecret::new(protocol.curve, randomness)?;
                let sent = secret.public().octets().to_vec();
                (Ours::Secret(secret), sent)
            }
        };
        Ok((general(Chain::More, &object(0x81, &sent)?)?, Mapped { protocol, nonce, ours }))
    }
}

impl Mapped {
    /// The chip's part of the mapping came: begins the agreement on the mapped generator.
    ///
    /// # Errors
    /// [`Fault`] when it is none.
    pub fn answer(self, answer: &[u8], randomness: Randomness) -> Result<(Command, Agreeing), Fault> {
        let Self { protocol, nonce, ours } = self;
        let template = dynamic(answer)?;
        let (generator, mapping) = match ours {
            // The object is empty (§4.4.5.2.2); chips that leave it out are met.
            Ours::Nonce(ours) => match template {
                [] | [0x82, 0x00] => {
                    let string = pseudo_random(protocol, &nonce, &ours)?;
                    (agreement::mapped(protocol.curve, &string)?, None)
                }
                _ => return Err(Fault::Form),
            },
            Ours::Secret(secret) => {
                let theirs = protocol.curve.point(tlv::only(template, Tag(0x82)).map_err(|_| Fault::Form)?)?;
                if theirs == *secret.public() {
                    return Err(Fault::Reflected);
                }
                (secret.agree(&theirs)?.mapped(&nonce)?, Some(theirs))
            }
        };
        let secret = EphemeralSecret::over(&generator, randomness)?;
        let command = general(Chain::More, &object(0x83, secret.public().octets())?)?;
        let mapping = mapping.filter(|_| protocol.mapping == Mapping::ChipAuthentication);
        Ok((command, Agreeing { protocol, secret, mapping }))
    }
}

impl Agreeing {
    /// The chip's public key came: sends our token.
    ///
    /// # Errors
    /// [`Fault`] when it is none, or ours.
    pub fn answer(self, answer: &[u8]) -> Result<(Command, Confirming), Fault> {
        let Self { protocol, secret, mapping } = self;
        let template = dynamic(answer)?;
        let theirs = protocol.curve.point(tlv::only(template, Tag(0x84)).map_err(|_| Fault::Form)?)?;
        let ours = secret.public().clone();
        if theirs == ours {
            return Err(Fault::Reflected);
        }
        let keys = SessionKeys::new(protocol.cipher, secret.agree(&theirs)?.x());
        let token = |public: &Point| -> Result<[u8; CODE], Fault> {
            let content = [object(0x06, &protocol.oid())?, object(0x86, public.octets())?].concat();
            Ok(protocol.cipher.code(&keys.authentication, &object(0x7f49, &content)?)?)
        };
        let command = general(Chain::Last, &object(0x85, &token(&theirs)?)?)?;
        let expected = token(&ours)?;
        Ok((command, Confirming { keys, expected, claimed: mapping }))
    }
}

impl Confirming {
    /// The chip's token came.
    ///
    /// # Errors
    /// [`Fault`] when it is wrong: then the password is, or somebody stands between.
    pub fn answer(self, answer: &[u8]) -> Result<Established, Fault> {
        let Self { keys, expected, claimed } = self;
        let mut objects = tlv::Reader::new(dynamic(answer)?);
        let token = objects.expect(Tag(0x86)).map_err(|_| Fault::Form)?;
        if token.len() != CODE || !bool::from(expected.ct_eq(token)) {
            return Err(Fault::Token);
        }
        let claim = match claimed {
            None if objects.rest().is_empty() => None,
            None => return Err(Fault::ChipData),
            Some(mapping) => {
                let encrypted = tlv::only(objects.rest(), Tag(0x8a)).map_err(|_| Fault::ChipData)?;
                Some(Claim { mapping, data: chip_data(&keys, encrypted)? })
            }
        };
        Ok(Established { channel: Channel::new(keys), claim })
    }
}

impl Claim {
    /// Holds the data against the static key of the chip, which must be authentic (ICAO 9303-11 §4.4.3.5.2).
    ///
    /// # Errors
    /// [`Fault::OtherChip`] when the chip does not hold the key's secret.
    pub fn verify(self, key: &Point) -> Result<MappedChip, Fault> {
        let is_same_curve = key.curve() == self.mapping.curve();
        if is_same_curve && agreement::times(key, &self.data).is_some_and(|point| point == self.mapping) {
            Ok(MappedChip { key: key.clone() })
        } else {
            Err(Fault::OtherChip)
        }
    }
}

impl MappedChip {
    /// The static key.
    pub const fn key(&self) -> &Point {
        &self.key
    }
}

/// Decrypts chip authentication data: chained from the encryption of all ones (ICAO 9303-11 §4.4.3.5.4).
fn chip_data(keys: &SessionKeys, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let block = keys.cipher.block();
    let mut vector = vec![0xff; block];
    keys.cipher.encrypt(&keys.encryption, &vec![0; block], &mut vector)?;
    let mut data = Zeroizing::new(encrypted.to_vec());
    keys.cipher.decrypt(&keys.encryption, &vector, &mut data).map_err(|_| Fault::ChipData)?;
    let end = unpadded(&data, block).ok_or(Fault::ChipData)?;
    data.truncate(end);
    Ok(data)
}

/// The pseudo-random string of the integrated mapping (ICAO 9303-11 §4.4.3.3.2): 64 bits and more above the field.
fn pseudo_random(protocol: Protocol, nonce: &[u8], ours: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    const CONSTANTS_128: [[u8; 16]; 2] = [
        0xa668_892a_7c41_e3ca_739f_40b0_57d8_5904_u128.to_be_bytes(),
        0xa4e1_36ac_725f_738b_01c1_f602_17c1_88ad_u128.to_be_bytes(),
    ];
    const CONSTANTS_256: [[[u8; 16]; 2]; 2] = [
        [
            0xd463_d652_3412_4ef7_8970_5498_6dca_0a17_u128.to_be_bytes(),
            0x4e28_df75_8cba_a03f_2406_1641_4d5a_1676_u128.to_be_bytes(),
        ],
        [
            0x54bd_7255_f0aa_f831_bec3_423f_cf39_d69b_u128.to_be_bytes(),
            0x6cbf_0666_77d0_faae_5aad_d99d_f8e5_3517_u128.to_be_bytes(),
        ],
    ];
    let [first, second] = match protocol.cipher {
        Cipher::TripleDes | Cipher::Aes128 => CONSTANTS_128.map(|constant| constant.to_vec()),
        Cipher::Aes192 | Cipher::Aes256 => CONSTANTS_256.map(|halves| halves.concat()),
    };
    let cipher = protocol.cipher;
    let encrypted = |key: &[u8], data: &[u8]| -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut data = Zeroizing::new(data.to_vec());
        cipher.encrypt(key, &vec![0; cipher.block()], &mut data)?;
        Ok(data)
    };
    let needed = match protocol.curve {
        // 521 + 64 bits.
        Curve::P521 => 74,
        Curve::P256
        | Curve::P384
        | Curve::BrainpoolP256r1
        | Curve::BrainpoolP320r1
        | Curve::BrainpoolP384r1
        | Curve::BrainpoolP512r1 => protocol.curve.field_length().saturating_add(8),
    };
    // Keys are the first octets of what comes out (the note of §4.4.3.3.2).
    let mut key = encrypted(ours, nonce)?;
    let mut string = Zeroizing::new(Vec::with_capacity(128));
    while string.len() < needed {
        key.truncate(cipher.key());
        string.extend_from_slice(&encrypted(&key, &second)?);
        key = encrypted(&key, &first)?;
    }
    Ok(string)
}

fn object(tag: u32, value: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut object = Vec::new();
    tlv::write(&mut object, Tag(tag), value).map_err(|_| Fault::Form)?;
    Ok(object)
}

/// GENERAL AUTHENTICATE (ICAO 9303-11 §4.4.4.2).
fn general(chain: Chain, value: &[u8]) -> Result<Command, Fault> {
    Ok(Command::new(0x86, [0, 0]).carrying(object(DYNAMIC.0, value)?)?.expecting(256)?.chained(chain))
}

/// The dynamic authentication data of an answer.
fn dynamic(answer: &[u8]) -> Result<&[u8], Fault> {
    let response = Response::read(answer)?;
    if response.status != Status::DONE {
        return Err(refused(response.status));
    }
    tlv::only(response.data, DYNAMIC).map_err(|_| Fault::Form)
}

fn refused(status: Status) -> Fault {
    match (status, status.tries_left()) {
        (_, Some(left)) => Fault::WrongPassword(Some(left)),
        (Status(0x6300), None) => Fault::WrongPassword(None),
        (status, None) => Fault::Refused(status),
    }
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
