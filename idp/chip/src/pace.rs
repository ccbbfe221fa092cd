//! PACE with this process as the terminal (ICAO 9303-11 §4.4): a channel from a password of few digits, which nobody who
//! listens can try out afterwards.
//!
//! It serves desk readers, whose terminal the server is. A phone runs its own, and of that run nothing is believed here.
//!
//! ```text
//!  begin ─▶ Selecting ─▶ Asking ─▶ Mapped ─▶ Agreeing ─▶ Confirming ─▶ Established { channel, claim }
//!           MSE:Set AT   80        81 / 82   83 / 84     85 / 86       each step consumes the one before
//! ```

mod fault;
mod password;
mod protocol;

use std::fmt;

pub use fault::Fault;
pub use password::Password;
pub use protocol::{Mapping, Protocol};

use elliptic_curve::subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::agreement::{self, Domain, EphemeralSecret, Public, Randomness};
use crate::apdu::{Chain, Command, Response, Status};
use crate::cipher::{CODE, unpadded};
use crate::curve::Point;
use crate::kdf::{Key, Purpose, SessionKeys, derive};
use crate::messaging::Channel;
use crate::passive::AuthenticInfos;
use crate::tlv::{self, Tag};
use protocol::pseudo_random;

/// Dynamic authentication data (ICAO 9303-11 §4.4.4.2).
const DYNAMIC: Tag = Tag(0x7c);

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

/// Proof that the chip behind the channel holds the secret of a static key that the State signed.
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
            status if status == Status::DONE || status.tries_left().is_some_and(|left| left > 0) => Ok((
                general(Chain::More, &[], self.protocol.domain)?,
                Asking { protocol: self.protocol, key: self.key },
            )),
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
                let secret = EphemeralSecret::new(protocol.domain, randomness)?;
                let sent = secret.public().octets().to_vec();
                (Ours::Secret(secret), sent)
            }
        };
        Ok((general(Chain::More, &object(0x81, &sent)?, protocol.domain)?, Mapped { protocol, nonce, ours }))
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
                    (agreement::mapped(protocol.domain, &string)?, None)
                }
                _ => return Err(Fault::Form),
            },
            Ours::Secret(secret) => {
                let theirs = protocol.domain.public(tlv::only(template, Tag(0x82)).map_err(|_| Fault::Form)?)?;
                if theirs == *secret.public() {
                    return Err(Fault::Reflected);
                }
                (secret.agree(&theirs)?.mapped(&nonce)?, Some(theirs))
            }
        };
        let secret = EphemeralSecret::over(&generator, randomness)?;
        let command = general(Chain::More, &object(0x83, secret.public().octets())?, protocol.domain)?;
        // There is no such mapping over integers.
        let mapping = match (protocol.mapping, mapping) {
            (Mapping::ChipAuthentication, Some(Public::Point(point))) => Some(point),
            (Mapping::ChipAuthentication, Some(Public::Number(_)) | None)
            | (Mapping::Generic | Mapping::Integrated, _) => None,
        };
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
        let theirs = protocol.domain.public(tlv::only(template, Tag(0x84)).map_err(|_| Fault::Form)?)?;
        let ours = secret.public().clone();
        if theirs == ours {
            return Err(Fault::Reflected);
        }
        let keys = SessionKeys::new(protocol.cipher, secret.agree(&theirs)?.secret());
        let token = |public: &Public| -> Result<[u8; CODE], Fault> {
            // ICAO 9303-11 §9.4.4, §9.4.5.
            let tag = match public {
                Public::Number(_) => 0x84,
                Public::Point(_) => 0x86,
            };
            let content = [object(0x06, &protocol.oid())?, object(tag, public.octets())?].concat();
            Ok(protocol.cipher.code(&keys.authentication, &object(0x7f49, &content)?)?)
        };
        let command = general(Chain::Last, &object(0x85, &token(&theirs)?)?, protocol.domain)?;
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
    /// Holds the data against the static keys of the chip, which are of an authentic EF.CardSecurity (ICAO 9303-11
    /// §4.4.3.5.2): with a key of an attacker's they prove the attacker.
    ///
    /// ```
    /// # use chip::{pace::Claim, passive::AuthenticInfos};
    /// fn of_the_state(claim: Claim, signed: &AuthenticInfos) -> bool {
    ///     claim.verify(signed).is_ok()
    /// }
    /// ```
    ///
    /// ```compile_fail,E0308
    /// # use chip::{lds::SecurityInfos, pace::Claim};
    /// fn of_anybody(claim: Claim, infos: &SecurityInfos) -> bool {
    ///     claim.verify(infos).is_ok()
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Fault::OtherChip`] when the chip does not hold the secret of one of the keys.
    pub fn verify(self, signed: &AuthenticInfos) -> Result<MappedChip, Fault> {
        let keys = signed.infos().chip_keys.iter().filter_map(|key| match &key.agreement {
            Ok(Public::Point(point)) => Some(point),
            Ok(Public::Number(_)) | Err(_) => None,
        });
        let key = keys.into_iter().find(|key| self.proves(key)).ok_or(Fault::OtherChip)?;
        Ok(MappedChip { key: key.clone() })
    }

    fn proves(&self, key: &Point) -> bool {
        let is_same_curve = key.curve() == self.mapping.curve();
        is_same_curve && agreement::times(key, &self.data).is_some_and(|point| point == self.mapping)
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

fn object(tag: u32, value: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut object = Vec::new();
    tlv::write(&mut object, Tag(tag), value).map_err(|_| Fault::Form)?;
    Ok(object)
}

/// GENERAL AUTHENTICATE (ICAO 9303-11 §4.4.4.2). Keys of 2048 bits take extended lengths, and as much as the chip has then.
fn general(chain: Chain, value: &[u8], domain: Domain) -> Result<Command, Fault> {
    let data = object(DYNAMIC.0, value)?;
    let is_long = data.len() > 0xff && domain.field_length() > 0x80;
    Ok(Command::new(0x86, [0, 0]).carrying(data)?.expecting(if is_long { 0x1_0000 } else { 256 })?.chained(chain))
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
