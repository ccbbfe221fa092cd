//! Chip authentication with the server as the terminal (ICAO 9303-11 §6.2, TR-03110-3 §B.2).
//!
//! Whoever holds the terminal's secret and the chip's *public* key knows the keys of the channel and can write the chip's
//! answers. So the secret is made here and stays here: the phone gets a public key to hand over and octets to relay. No
//! type of this crate takes a terminal's secret, channel keys or evidence of chip authentication from outside.
//!
//! ```text
//!  StaticKey (authentic) ───┐
//!  Randomness ──────────────┴─▶ ChipAuthentication ─▶ public key, commands for the phone's own channel
//!                                                  └─▶ Channel, whose keys only this process and the chip have
//! ```

use thiserror::Error;

use crate::agreement::{self, Domain, EphemeralSecret, Public, Randomness, Unfit};
use crate::apdu::{self, Command};
use crate::cipher::Cipher;
use crate::curve;
use crate::kdf::SessionKeys;
use crate::lds::{AUTHENTICATION_BY_CHIP, ChipKey, ChipProtocol, SecurityInfos};
use crate::messaging::Channel;
use crate::modp;
use crate::passive::Authentic;
use crate::tlv::{self, Tag};

/// Octets that the identifier of a key may have.
const LONGEST_IDENTIFIER: usize = 8;

/// 0.4.0.127.0.7.2.2.3, id-CA, without the arcs of the agreement and the cipher (TR-03110-3 §A.1.1.2).
const CA: [u8; 8] = [0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x03];

/// Why a chip cannot be authenticated with what it announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// It announces no key.
    #[error("the chip announces no key of chip authentication")]
    NoKey,
    /// Its key is in no group of integers of the list.
    #[error("the chip's key over integers is refused: {0}")]
    Integers(modp::Fault),
    /// Its key is on no curve of the list.
    #[error("the chip's key is refused: {0}")]
    Curve(curve::Fault),
    /// No protocol that is announced goes with a key: version 2 needs terminal authentication, for one.
    #[error("no announced protocol of chip authentication goes with a key")]
    NoProtocol,
    /// The identifier of the key is longer than any.
    #[error("the identifier of the chip's key is longer than any")]
    Identifier,
}

impl Fault {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoKey => "CA_NO_KEY",
            Self::Integers(_) => "CA_KEY_DH",
            Self::Curve(_) => "CA_KEY_CURVE",
            Self::NoProtocol => "CA_NO_PROTOCOL",
            Self::Identifier => "CA_KEY_IDENTIFIER",
        }
    }
}

/// The static key of a chip and how it speaks.
///
/// It comes from a data group 14 whose hash was found in an authentic security object: with a key of an attacker's, the
/// whole protocol proves the attacker.
///
/// ```compile_fail,E0308
/// # use chip::{authentication::StaticKey, lds::SecurityInfos};
/// fn of_anybody(infos: &SecurityInfos) -> bool {
///     StaticKey::of(infos).is_ok()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticKey {
    cipher: Cipher,
    public: Public,
    thumbprint: [u8; 32],
    identifier: Option<Vec<u8>>,
}

impl StaticKey {
    /// The best key and protocol that the data group 14 of an authentic document announces: the longest cipher key first.
    ///
    /// # Errors
    /// [`Fault`] when nothing that is announced can be spoken.
    pub fn of(authentic: &Authentic) -> Result<Self, Fault> {
        Self::best(authentic.security_infos().ok_or(Fault::NoKey)?)
    }

    /// That of infos which nobody proved authentic.
    #[cfg(fuzzing)]
    pub fn unproved(infos: &SecurityInfos) -> Result<Self, Fault> {
        Self::best(infos)
    }

    fn best(infos: &SecurityInfos) -> Result<Self, Fault> {
        let (found, faults): (Vec<_>, Vec<_>) =
            infos.chip_keys.iter().map(|key| Self::of_key(infos, key)).partition(Result::is_ok);
        let fault = faults.into_iter().find_map(Result::err).unwrap_or(Fault::NoKey);
        found.into_iter().flatten().max_by_key(|key| key.cipher.arc()).ok_or(fault)
    }

    fn of_key(infos: &SecurityInfos, key: &ChipKey) -> Result<Self, Fault> {
        let public = key.agreement.clone().map_err(|unfit| match unfit {
            Unfit::Curve(fault) => Fault::Curve(fault),
            Unfit::Integers(fault) => Fault::Integers(fault),
        })?;
        let arc = arc(public.domain());
        // Identifiers tell several keys apart; of a single one they need not be repeated.
        let is_only = infos.chip_keys.len() == 1;
        let goes_with = |protocol: &&ChipProtocol| is_only || protocol.identifier == key.identifier;
        let ciphers = infos.chip_protocols.iter().filter(goes_with).filter_map(|protocol| cipher(protocol, arc));
        let cipher = match ciphers.max_by_key(|cipher| cipher.arc()) {
            Some(cipher) => cipher,
            // A key without any protocol exists in the field, and means triple DES (ICAO 9303-11 §9.2.6).
            None if infos.chip_protocols.is_empty() => Cipher::TripleDes,
            None => return Err(Fault::NoProtocol),
        };
        let identifier = key.identifier.as_deref().map(unsigned);
        if identifier.as_ref().is_some_and(|identifier| identifier.len() > LONGEST_IDENTIFIER) {
            return Err(Fault::Identifier);
        }
        Ok(Self { cipher, public, thumbprint: key.thumbprint, identifier })
    }

    /// The cipher of its channels.
    pub const fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// The public key.
    pub const fn public(&self) -> &Public {
        &self.public
    }

    /// SHA-256 of its SubjectPublicKeyInfo, as group 14 writes it.
    pub const fn thumbprint(&self) -> [u8; 32] {
        self.thumbprint
    }
}

/// The arc of an agreement: id-CA-DH, id-CA-ECDH.
const fn arc(domain: Domain) -> u8 {
    match domain {
        Domain::Integers(_) => 1,
        Domain::Curve(_) => 2,
    }
}

/// The cipher of a protocol of chip authentication by the agreement of this arc, version 1.
fn cipher(protocol: &ChipProtocol, arc: u8) -> Option<Cipher> {
    let agreement = AUTHENTICATION_BY_CHIP.push_arc(arc.into()).ok()?;
    let is_known = protocol.version == 1 && protocol.protocol.parent() == Some(agreement);
    protocol.protocol.arcs().last().filter(|_| is_known).and_then(Cipher::of_arc)
}

/// The octets of an INTEGER that is not negative, without the zero that says so.
fn unsigned(integer: &[u8]) -> Vec<u8> {
    match integer {
        [0, rest @ ..] if !rest.is_empty() => rest.to_vec(),
        _ => integer.to_vec(),
    }
}

/// A chip authentication that began: the secret was used already, and is gone.
#[derive(Debug)]
pub struct ChipAuthentication {
    public: Public,
    opening: Vec<Command>,
    channel: Channel,
}

impl ChipAuthentication {
    /// Begins one with a secret of its own.
    ///
    /// # Errors
    /// [`agreement::Fault`] when the randomness gives no secret.
    pub fn begin(key: &StaticKey, randomness: Randomness) -> Result<Self, agreement::Fault> {
        let secret = EphemeralSecret::new(key.public.domain(), randomness)?;
        let public = secret.public().clone();
        let shared = secret.agree(&key.public)?;
        let channel = Channel::new(SessionKeys::new(key.cipher, shared.secret()));
        // Keys have at most 256 octets: what carries them is no longer than an extended command.
        let opening = opening(key, &public).map_err(|_| agreement::Fault::Neutral)?;
        Ok(Self { public, opening, channel })
    }

    /// The public key of this process, for this one authentication.
    pub const fn public(&self) -> &Public {
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
fn opening(key: &StaticKey, public: &Public) -> Result<Vec<Command>, apdu::Fault> {
    let object =
        |into: &mut Vec<u8>, tag, value: &[u8]| tlv::write(into, Tag(tag), value).map_err(|_| apdu::Fault::Oversized);
    let mut set = Vec::new();
    match key.cipher {
        Cipher::TripleDes => object(&mut set, 0x91, public.octets())?,
        Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => {
            object(&mut set, 0x80, &[&CA[..], &[arc(public.domain()), key.cipher.arc()]].concat())?;
        }
    }
    if let Some(identifier) = &key.identifier {
        object(&mut set, 0x84, identifier)?;
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

/// For tests, which make keys of their own.
#[cfg(test)]
impl StaticKey {
    pub(crate) fn for_test(cipher: Cipher, public: impl Into<Public>, identifier: Option<Vec<u8>>) -> Self {
        Self { cipher, public: public.into(), thumbprint: [0; 32], identifier }
    }
}

#[cfg(test)]
mod tests {
    use der::asn1::ObjectIdentifier;

    use super::*;
    use crate::agreement::RANDOMNESS;
    use crate::curve::Curve;
    use crate::modp::Modp;

    fn begun(cipher: Cipher, curve: Curve, identifier: &[u8]) -> ChipAuthentication {
        let key = StaticKey::for_test(cipher, curve.public(&curve.secret(&[7; 80])), Some(identifier.into()));
        ChipAuthentication::begin(&key, Randomness::new([9; RANDOMNESS])).unwrap()
    }

    #[test]
    fn triple_des_begins_with_one_command() {
        let begun = begun(Cipher::TripleDes, Curve::P256, &[1, 2]);
        let [command] = begun.opening() else { panic!("one command") };
        let bytes = command.to_bytes();
        assert_eq!(bytes[..7], [0, 0x22, 0x41, 0xa6, 67 + 4, 0x91, 65]);
        assert_eq!(&bytes[7..72], begun.public().octets());
        assert_eq!(bytes[72..], [0x84, 2, 1, 2]);
    }

    #[test]
    fn aes_begins_with_two_commands() {
        let begun = begun(Cipher::Aes256, Curve::BrainpoolP512r1, &[0]);
        let [set, agree] = begun.opening() else { panic!("two commands") };
        let identifier = [0x80, 10, 4, 0, 0x7f, 0, 7, 2, 2, 3, 2, 4, 0x84, 1, 0];
        assert_eq!(set.to_bytes(), [&[0, 0x22, 0x41, 0xa4, 15][..], &identifier].concat());
        let bytes = agree.to_bytes();
        assert_eq!(bytes[..11], [0, 0x86, 0, 0, 135, 0x7c, 0x81, 132, 0x80, 0x81, 129]);
        assert_eq!(&bytes[11..140], begun.public().octets());
        assert_eq!(bytes[140..], [0]);
    }

    fn key(identifier: Option<u8>) -> ChipKey {
        let agreement = Ok(Curve::P256.generator().into());
        ChipKey { agreement, thumbprint: [0; 32], identifier: identifier.map(|identifier| vec![identifier]) }
    }

    fn protocol(arcs: [u32; 2], version: u32, identifier: Option<u8>) -> ChipProtocol {
        let [agreement, cipher] = arcs;
        let oid: ObjectIdentifier = AUTHENTICATION_BY_CHIP.push_arc(agreement).unwrap().push_arc(cipher).unwrap();
        ChipProtocol { protocol: oid, version, identifier: identifier.map(|identifier| vec![identifier]) }
    }

    fn chosen(chip_keys: Vec<ChipKey>, chip_protocols: Vec<ChipProtocol>) -> Result<(Cipher, Option<Vec<u8>>), Fault> {
        let infos = SecurityInfos { chip_keys, chip_protocols, ..SecurityInfos::default() };
        StaticKey::best(&infos).map(|key| (key.cipher, key.identifier))
    }

    #[test]
    fn the_best_protocol_that_goes_with_a_key_is_spoken() {
        assert_eq!(chosen(vec![key(None)], vec![]), Ok((Cipher::TripleDes, None)), "a key alone means triple DES");
        let both = vec![protocol([2, 1], 1, None), protocol([2, 3], 1, None)];
        assert_eq!(chosen(vec![key(None)], both), Ok((Cipher::Aes192, None)));
        let one = vec![protocol([2, 4], 1, Some(9))];
        assert_eq!(chosen(vec![key(None)], one), Ok((Cipher::Aes256, None)), "a single key");
        let two = vec![protocol([2, 2], 1, Some(1)), protocol([2, 4], 1, Some(2))];
        assert_eq!(chosen(vec![key(Some(1)), key(Some(2))], two), Ok((Cipher::Aes256, Some(vec![2]))));
    }

    #[test]
    fn a_key_over_integers_speaks_the_protocols_over_integers() {
        for group in Modp::ALL {
            let dh = ChipKey { agreement: Ok(group.generator().into()), ..key(None) };
            let with = |protocols| chosen(vec![dh.clone()], protocols);
            assert_eq!(with(vec![protocol([1, 3], 1, None)]), Ok((Cipher::Aes192, None)));
            assert_eq!(with(vec![]), Ok((Cipher::TripleDes, None)));
            assert_eq!(with(vec![protocol([2, 4], 1, None)]), Err(Fault::NoProtocol), "for keys on curves");
        }
        let both = vec![ChipKey { agreement: Ok(Modp::M2048Q256.generator().into()), ..key(Some(1)) }, key(Some(2))];
        let protocols = vec![protocol([1, 2], 1, Some(1)), protocol([2, 4], 1, Some(2))];
        assert_eq!(chosen(both, protocols), Ok((Cipher::Aes256, Some(vec![2]))));
    }

    #[test]
    fn what_cannot_be_spoken_is_refused_by_its_code() {
        let code = |keys, protocols| chosen(keys, protocols).unwrap_err().code();
        let of = |agreement| ChipKey { agreement, thumbprint: [0; 32], identifier: None };
        assert_eq!(code(vec![], vec![]), "CA_NO_KEY");
        assert_eq!(code(vec![of(Err(modp::Fault::Unlisted.into()))], vec![]), "CA_KEY_DH");
        assert_eq!(code(vec![of(Err(curve::Fault::Unlisted.into()))], vec![]), "CA_KEY_CURVE");
        for wrong in [protocol([2, 4], 2, None), protocol([1, 4], 1, None), protocol([2, 5], 1, None)] {
            assert_eq!(code(vec![key(None)], vec![wrong]), "CA_NO_PROTOCOL");
        }
        let other = vec![protocol([2, 4], 1, Some(3))];
        assert_eq!(code(vec![key(Some(1)), key(Some(2))], other), "CA_NO_PROTOCOL");
        let long = ChipKey { identifier: Some(vec![1; 9]), ..key(None) };
        assert_eq!(code(vec![long], vec![]), "CA_KEY_IDENTIFIER");
    }

    #[test]
    fn an_identifier_is_sent_without_its_sign() {
        assert_eq!(unsigned(&[0, 0x80]), [0x80]);
        assert_eq!(unsigned(&[0]), [0]);
        assert_eq!(unsigned(&[5]), [5]);
    }
}
