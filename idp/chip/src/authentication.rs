//! Chip authentication with the server as the terminal (ICAO 9303-11 §6.2, TR-03110-3 §B.2).
//!
//! Whoever holds the terminal's secret and the chip's *public* key knows the keys of the channel and can write the chip's
//! answers. So the secret is made here and stays here: the phone gets a public key to hand over and octets to relay. No
//! type of this crate takes a terminal's secret, channel keys or evidence of chip authentication from outside.
//!
//! ```text
//!  ChipKey (authenticated) ─┐
//!  Randomness ──────────────┴─▶ ChipAuthentication ─▶ public key, commands for the phone's own channel
//!                                                  └─▶ Channel, whose keys only this process and the chip have
//! ```

use crate::agreement::{self, EphemeralSecret, Randomness};
use crate::apdu::{self, Command};
use crate::cipher::Cipher;
use crate::curve::Point;
use crate::kdf::SessionKeys;
use crate::messaging::Channel;
use crate::tlv::{self, Tag};

/// 0.4.0.127.0.7.2.2.3.2, id-CA-ECDH, without the arc of the cipher (TR-03110-3 §A.1.1.2).
const CA_ECDH: [u8; 9] = [0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02];

/// The key of a chip and how it speaks, as its data group 14 announces them.
///
/// It must come from a data group 14 whose hash was found in an authentic security object: with a key of an attacker's,
/// the whole protocol proves the attacker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChipKey {
    /// The cipher of its ChipAuthenticationInfo; triple DES where there is none (ICAO 9303-11 §9.2.5).
    pub cipher: Cipher,
    /// Its public key.
    pub public: Point,
    /// The identifier of the key, where the chip has several.
    pub identifier: Option<u64>,
}

/// A chip authentication that began: the secret was used already, and is gone.
#[derive(Debug)]
pub struct ChipAuthentication {
    public: Point,
    opening: Vec<Command>,
    channel: Channel,
}

impl ChipAuthentication {
    /// Begins one with a secret of its own.
    ///
    /// # Errors
    /// [`agreement::Fault`] when the randomness gives no secret.
    pub fn begin(key: &ChipKey, randomness: Randomness) -> Result<Self, agreement::Fault> {
        let secret = EphemeralSecret::new(key.public.curve(), randomness)?;
        let public = secret.public().clone();
        let shared = secret.agree(&key.public)?;
        let channel = Channel::new(SessionKeys::new(key.cipher, shared.x()));
        // Points have at most 133 octets: what carries them is no longer than a short command.
        let opening = opening(key, &public).map_err(|_| agreement::Fault::Neutral)?;
        Ok(Self { public, opening, channel })
    }

    /// The public key of this process, for this one authentication.
    pub const fn public(&self) -> &Point {
        &self.public
    }

    /// What the phone sends in its own channel, before what is relayed. Its answers are the phone's word and prove nothing.
    pub fn opening(&self) -> &[Command] {
        &self.opening
    }

    /// The channel to the chip, if it is the chip: the first answer in it tells.
    pub fn into_channel(self) -> Channel {
        self.channel
    }
}

/// MSE:Set KAT for triple DES; MSE:Set AT and GENERAL AUTHENTICATE for AES (ICAO 9303-11 §6.2.4).
fn opening(key: &ChipKey, public: &Point) -> Result<Vec<Command>, apdu::Fault> {
    let object =
        |into: &mut Vec<u8>, tag, value: &[u8]| tlv::write(into, Tag(tag), value).map_err(|_| apdu::Fault::Oversized);
    let identifier: Option<Vec<u8>> = key.identifier.map(|identifier| {
        let octets = identifier.to_be_bytes();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count().min(7);
        octets.get(zeros..).unwrap_or_default().to_vec()
    });
    let mut set = Vec::new();
    match key.cipher {
        Cipher::TripleDes => object(&mut set, 0x91, public.octets())?,
        Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => {
            object(&mut set, 0x80, &[&CA_ECDH[..], &[key.cipher.arc()]].concat())?;
        }
    }
    if let Some(identifier) = identifier {
        object(&mut set, 0x84, &identifier)?;
    }
    match key.cipher {
        Cipher::TripleDes => Ok(vec![Command::new(0x22, [0x41, 0xa6]).carrying(set)?]),
        Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => {
            let (mut value, mut template) = (Vec::new(), Vec::new());
            object(&mut value, 0x80, public.octets())?;
            object(&mut template, 0x7c, &value)?;
            Ok(vec![
                Command::new(0x22, [0x41, 0xa4]).carrying(set)?,
                Command::new(0x86, [0, 0]).carrying(template)?.expecting(256)?,
            ])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::RANDOMNESS;
    use crate::curve::Curve;

    fn begun(cipher: Cipher, curve: Curve, identifier: Option<u64>) -> ChipAuthentication {
        let key = ChipKey { cipher, public: curve.public(&curve.secret(&[7; 80])), identifier };
        ChipAuthentication::begin(&key, Randomness::new([9; RANDOMNESS])).unwrap()
    }

    #[test]
    fn triple_des_begins_with_one_command() {
        let begun = begun(Cipher::TripleDes, Curve::P256, Some(0x0102));
        let [command] = begun.opening() else { panic!("one command") };
        let bytes = command.to_bytes();
        assert_eq!(bytes[..7], [0, 0x22, 0x41, 0xa6, 67 + 4, 0x91, 65]);
        assert_eq!(&bytes[7..72], begun.public().octets());
        assert_eq!(bytes[72..], [0x84, 2, 1, 2]);
    }

    #[test]
    fn aes_begins_with_two_commands() {
        let begun = begun(Cipher::Aes256, Curve::BrainpoolP512r1, Some(0));
        let [set, agree] = begun.opening() else { panic!("two commands") };
        let identifier = [0x80, 10, 4, 0, 0x7f, 0, 7, 2, 2, 3, 2, 4, 0x84, 1, 0];
        assert_eq!(set.to_bytes(), [&[0, 0x22, 0x41, 0xa4, 15][..], &identifier].concat());
        let bytes = agree.to_bytes();
        assert_eq!(bytes[..11], [0, 0x86, 0, 0, 135, 0x7c, 0x81, 132, 0x80, 0x81, 129]);
        assert_eq!(&bytes[11..140], begun.public().octets());
        assert_eq!(bytes[140..], [0]);
    }
}
