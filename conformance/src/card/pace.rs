//! PACE as the card speaks it (ICAO 9303-11 §4.4): generic mapping over brainpoolP256r1, with the access number or the zone
//! as the password.
//!
//! ```text
//!  00 22 C1 A4  {80 protocol, 83 password}          Idle ─▶ Selected
//!  10 86        7C{}          ─▶ 7C{80 E(Kπ, s)}    ─▶ Asked
//!  10 86        7C{81 …}      ─▶ 7C{82 …}           ─▶ Mapped        G' = s·G + H
//!  10 86        7C{83 …}      ─▶ 7C{84 …}           ─▶ Agreed        keys
//!  00 86        7C{85 token}  ─▶ 7C{86 token}       ─▶ a channel
//! ```

use num_bigint::BigUint;

use super::apdu::{Answer, Command, Status};
use super::crypt::{BLOCK, Cipher, Hash};
use super::curve::{BRAINPOOL_P256, Point, Secret};
use super::der;
use super::messaging::Channel;
use crate::random;

/// Dynamic authentication data.
pub const DYNAMIC: u32 = 0x7c;

/// What opens the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// The access number printed on it.
    Can(String),
    /// Number, birth and expiry of the zone, each with its check digit.
    Zone(String),
}

impl Password {
    /// How commands refer to it.
    pub fn reference(&self) -> u8 {
        match self {
            Self::Zone(_) => 1,
            Self::Can(_) => 2,
        }
    }

    /// The key that hides the nonce.
    pub fn key(&self, cipher: Cipher) -> Vec<u8> {
        match self {
            Self::Zone(zone) => cipher.derive(&Hash::Sha1.of(zone.as_bytes()), 3),
            Self::Can(can) => cipher.derive(can.as_bytes(), 3),
        }
    }
}

/// The protocol's identifier, as commands and tokens carry it.
pub fn protocol(cipher: Cipher) -> Vec<u8> {
    der::oid_value(&format!("0.4.0.127.0.7.2.2.4.2.{}", cipher.arc()))
}

/// The base point that both sides agree from: `s·G + H`.
pub fn mapped(nonce: &[u8], shared: &Point) -> Point {
    let curve = &*BRAINPOOL_P256;
    curve.add(&curve.multiply(&BigUint::from_bytes_be(nonce), curve.generator()), shared)
}

/// The token over the other side's public key (§4.4.3.4).
pub fn token(cipher: Cipher, secret: &[u8], key: &[u8]) -> [u8; 8] {
    let contents = [der::object(0x06, &protocol(cipher)), der::object(0x86, key)].concat();
    cipher.code(&cipher.derive(secret, 2), &der::object(0x7f49, &contents))
}

/// How far the card is.
#[derive(Debug, Default)]
pub enum Progress {
    /// Nothing was selected.
    #[default]
    Idle,
    /// A password was.
    Selected(Vec<u8>),
    /// The nonce was given.
    Asked(Vec<u8>),
    /// The base point is agreed on.
    Mapped(Point),
    /// The secret is; the terminal shows its token.
    Agreed {
        /// What both sides share.
        secret: Vec<u8>,
        /// The token that the terminal has to show.
        expected: [u8; 8],
        /// The card's own.
        ours: [u8; 8],
    },
}

impl Progress {
    /// MSE:Set AT.
    pub fn select(&mut self, command: &Command, cipher: Cipher, passwords: &[Password]) -> Answer {
        *self = Self::Idle;
        let (chosen, reference) = (der::find(&command.data, 0x80), der::find(&command.data, 0x83));
        let parameters = der::find(&command.data, 0x84);
        if chosen != Some(&protocol(cipher)) || parameters.is_some_and(|parameters| parameters != [13]) {
            return Answer::ended(Status::DATA);
        }
        let referred = |password: &&Password| reference == Some(&[password.reference()]);
        let Some(password) = passwords.iter().find(referred) else { return Answer::ended(Status::REFERENCE) };
        *self = Self::Selected(password.key(cipher));
        Answer::done()
    }

    /// GENERAL AUTHENTICATE: the answer, and the channel once there is one. A failure ends the protocol.
    pub fn next(&mut self, command: &Command, cipher: Cipher) -> (Answer, Option<Channel>) {
        let is_last = command.class & 0x10 == 0;
        let Some(data) = der::find(&command.data, DYNAMIC) else { return (Answer::ended(Status::DATA), None) };
        let (next, reply) = match (std::mem::take(self), is_last) {
            (Self::Selected(key), false) if data.is_empty() => {
                let nonce = random::bytes::<BLOCK>().to_vec();
                let sealed = cipher.encrypt(&key, [0; BLOCK], &nonce);
                (Self::Asked(nonce), der::object(0x80, &sealed))
            }
            (Self::Asked(nonce), false) => match agreed_point(data, 0x81, BRAINPOOL_P256.generator()) {
                Some((ours, shared, _)) => (Self::Mapped(mapped(&nonce, &shared)), der::object(0x82, &ours)),
                None => return (Answer::ended(Status::DATA), None),
            },
            (Self::Mapped(base), false) => match agree(data, &base, cipher) {
                Some((ours, agreed)) => (agreed, der::object(0x84, &ours)),
                None => return (Answer::ended(Status::DATA), None),
            },
            (Self::Agreed { secret, expected, ours }, true) => {
                if der::find(data, 0x85) != Some(&expected) {
                    return (Answer::ended(Status::NOT_AUTHENTICATED), None);
                }
                let reply = der::object(DYNAMIC, &der::object(0x86, &ours));
                return (Answer::of(reply), Some(Channel::new(cipher, &secret)));
            }
            (Self::Idle | Self::Selected(_) | Self::Asked(_) | Self::Mapped(_) | Self::Agreed { .. }, _) => {
                return (Answer::ended(Status::CONDITIONS), None);
            }
        };
        *self = next;
        (Answer::of(der::object(DYNAMIC, &reply)), None)
    }
}

/// Our public key over a base point, what it agrees with theirs, and theirs; none when theirs is no point, or our own.
fn agreed_point(data: &[u8], tag: u32, base: &Point) -> Option<(Vec<u8>, Point, Vec<u8>)> {
    let curve = &*BRAINPOOL_P256;
    let theirs = der::find(data, tag)?;
    let point = curve.decode(theirs)?;
    let secret = Secret::on(curve, base);
    (secret.encoded() != theirs).then(|| (secret.encoded(), secret.agree(&point), theirs.to_vec()))
}

fn agree(data: &[u8], base: &Point, cipher: Cipher) -> Option<(Vec<u8>, Progress)> {
    let (ours, shared, theirs) = agreed_point(data, 0x83, base)?;
    let secret = BRAINPOOL_P256.first_coordinate(&shared)?;
    let expected = token(cipher, &secret, &ours);
    let own = token(cipher, &secret, &theirs);
    Some((ours, Progress::Agreed { secret, expected, ours: own }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        BigUint::parse_bytes(text.as_bytes(), 16).unwrap().to_bytes_be()
    }

    /// ICAO 9303-11 appendix G.1.
    #[test]
    fn mapping_secret_and_tokens_are_those_of_the_worked_example() {
        let curve = &*BRAINPOOL_P256;
        let terminal = Secret::of(curve, &hex("7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99"));
        let chip = Secret::of(curve, &hex("498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560"));
        let base = mapped(&hex("3F00C4D39D153F2B2A214A078D899B22"), &terminal.agree(chip.public()));
        let expected = "048CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E2\
                        8C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522";
        assert_eq!(curve.encode(&base), hex(expected));
        let terminal = BigUint::from_bytes_be(&hex("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"));
        let chip = BigUint::from_bytes_be(&hex("107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A"));
        let terminals = curve.multiply(&terminal, &base);
        let chips = curve.multiply(&chip, &base);
        assert!(curve.encode(&terminals).starts_with(&hex("042DB7A64C0355044EC9DF190514C625")));
        assert!(curve.encode(&chips).starts_with(&hex("049E880F842905B8B3181F7AF7CAA9F0")));
        let (terminals, chips) = (curve.encode(&terminals), curve.encode(&chips));
        let shared = curve.multiply(&terminal, &curve.multiply(&chip, &base));
        let secret = curve.first_coordinate(&shared).unwrap();
        assert_eq!(secret, hex("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925"));
        let cipher = Cipher::Aes128;
        assert_eq!(cipher.derive(&secret, 1), hex("F5F0E35C0D7161EE6724EE513A0D9A7F"));
        assert_eq!(cipher.derive(&secret, 2), hex("FE251C7858B356B24514B3BD5F4297D1"));
        assert_eq!(token(cipher, &secret, &chips)[..], hex("C2B0BD78D94BA866"));
        assert_eq!(token(cipher, &secret, &terminals)[..], hex("3ABB9674BCE93C08"));
    }
}
