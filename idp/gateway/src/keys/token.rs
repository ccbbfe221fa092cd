//! A token behind PKCS#11: a hardware module, a smart card, or a program that plays one. Private keys are made on it
//! and never leave it.
//!
//! Calls block. They are made from few [`Seats`], each a session of its own: a token that is slow or gone costs
//! signatures, never the runtime.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use domain::id::Kid;
use domain::jose::{BadPublicKey, PublicJwk, SigningAlgorithm, Unsigned, verify};
use domain::secret::sha256;
use serde_json::json;

use super::library::{Library, OpenSession, failed};
use super::seats::{Chair, Full, Seats};
use crate::config::TokenConfig;

/// How long a signature may wait for a free session.
const PATIENCE: Duration = Duration::from_secs(2);
/// The bits of a new RSA key, as of those made here.
const RSA_BITS: u64 = 2048;

/// P-256 as an object identifier (SEC 2 §A.2.1), in DER.
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// Ed25519, in the two ways that tokens name it: as an object identifier (RFC 8410 §3), and as a PrintableString
/// (PKCS#11 3.0 §2.3.5).
const ED25519: [&[u8]; 2] = [&[0x06, 0x03, 0x2b, 0x65, 0x70], b"\x13\x0cedwards25519"];

/// A token did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// The library refused or failed.
    #[error("{call}: {cause}")]
    Library {
        /// What was asked for.
        call: &'static str,
        /// What was answered.
        cause: String,
    },
    /// No token of the library is the configured one, or several are.
    #[error("{0} of the library's tokens are the configured one")]
    NotThere(usize),
    /// The PIN was refused once. It is not tried again: tokens count.
    #[error("the PIN is not the token's; it is not tried again before a restart")]
    Pin,
    /// All sessions are taken, and enough signatures wait already or waited for too long.
    #[error("the token does not keep up")]
    Busy,
    /// The token holds no such key.
    #[error("the token does not hold the private key {0}")]
    NoKey(Kid),
    /// The token gave a public key of another kind.
    #[error(transparent)]
    PublicKey(#[from] BadPublicKey),
    /// A key that was made signs what its public half does not verify.
    #[error("what the token signs does not verify")]
    Unsound,
}

/// The token, logged in to.
pub(crate) struct Token {
    library: Library,
    pin: AuthPin,
    mechanisms: Vec<MechanismType>,
    seats: Seats<Seat>,
    /// Whether the PIN was refused once.
    refused: AtomicBool,
}

/// A session, and where it found keys.
struct Seat {
    open: OpenSession,
    keys: HashMap<Kid, ObjectHandle>,
}

impl Token {
    /// Loads the library, finds the token and logs in.
    pub(crate) fn open(config: &TokenConfig) -> Result<Self, TokenError> {
        let library = Library::load(&config.module, &config.place)?;
        let token = Self {
            mechanisms: library.mechanisms()?,
            library,
            pin: AuthPin::from(config.pin.expose().to_owned()),
            seats: Seats::new(usize::try_from(config.sessions).unwrap_or(1), PATIENCE),
            refused: AtomicBool::new(false),
        };
        drop(token.sit()?);
        Ok(token)
    }

    /// Whether the token can make keys of an algorithm and sign with them.
    pub(crate) fn makes(&self, algorithm: SigningAlgorithm) -> bool {
        let (makes, signs) = match algorithm {
            SigningAlgorithm::Es256 => (MechanismType::ECC_KEY_PAIR_GEN, MechanismType::ECDSA),
            SigningAlgorithm::EdDsa => (MechanismType::ECC_EDWARDS_KEY_PAIR_GEN, MechanismType::EDDSA),
            SigningAlgorithm::Rs256 => (MechanismType::RSA_PKCS_KEY_PAIR_GEN, MechanismType::SHA256_RSA_PKCS),
            SigningAlgorithm::Ps256 => (MechanismType::RSA_PKCS_KEY_PAIR_GEN, MechanismType::SHA256_RSA_PKCS_PSS),
        };
        self.mechanisms.contains(&makes) && self.mechanisms.contains(&signs)
    }

    /// Makes a key pair on the token, and has it sign once before anybody is told of it.
    pub(crate) fn make(&self, algorithm: SigningAlgorithm, kid: &Kid) -> Result<PublicJwk, TokenError> {
        let mut chair = self.sit()?;
        let made = match algorithm {
            SigningAlgorithm::Es256 => chair.generate(&Mechanism::EccKeyPairGen, &curve(P256), kid),
            SigningAlgorithm::EdDsa => {
                let [named, by_text] = ED25519.map(curve);
                let made = chair.generate(&Mechanism::EccEdwardsKeyPairGen, &named, kid);
                made.or_else(|_| chair.generate(&Mechanism::EccEdwardsKeyPairGen, &by_text, kid))
            }
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                let size = [Attribute::ModulusBits(RSA_BITS.into()), Attribute::PublicExponent(vec![1, 0, 1])];
                chair.generate(&Mechanism::RsaPkcsKeyPairGen, &size, kid)
            }
        };
        let sound = made.and_then(|public| {
            let key = chair.public(algorithm, kid.clone(), public)?;
            let probe = Unsigned::new(algorithm, kid, "probe", &json!({"kid": kid}));
            let signature = chair.sign(algorithm, kid, probe.message())?;
            let set = key.set().map_err(|_| TokenError::Unsound)?;
            match verify(&probe.signed(&signature), algorithm, &set) {
                Ok(_) => Ok(key),
                Err(_) => Err(TokenError::Unsound),
            }
        });
        if sound.is_err() {
            let _gone: Result<(), TokenError> = chair.destroy(kid);
        }
        sound
    }

    /// Signs `message` with a key of the token, in the form of JOSE. A session that the token forgot is opened anew
    /// once.
    pub(crate) fn sign(&self, algorithm: SigningAlgorithm, kid: &Kid, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let mut chair = self.sit()?;
        match chair.sign(algorithm, kid, message) {
            Err(TokenError::Library { .. }) => {
                chair.leave();
                let mut fresh = self.seats.sit_anew(|| self.log_in())?;
                fresh.sign(algorithm, kid, message)
            }
            Err(error) => Err(error),
            Ok(signature) => Ok(signature),
        }
    }

    /// Destroys a key pair; one that is gone already counts as destroyed.
    pub(crate) fn destroy(&self, kid: &Kid) -> Result<(), TokenError> {
        self.sit()?.destroy(kid)
    }

    fn sit(&self) -> Result<Chair<'_, Seat>, TokenError> {
        self.seats.sit(|| self.log_in())
    }

    /// A new session. When there is none to be had, and nobody has one any more, the library is started anew: many do
    /// not notice by themselves that their token is back.
    fn log_in(&self) -> Result<Seat, TokenError> {
        let open = match self.library.session(|session| self.unlock(session)) {
            Err(failure @ TokenError::Library { .. }) => match self.library.restart() {
                Err(TokenError::Busy) => return Err(failure),
                restarted => {
                    restarted?;
                    self.library.session(|session| self.unlock(session))?
                }
            },
            opened => opened?,
        };
        Ok(Seat { open, keys: HashMap::new() })
    }

    fn unlock(&self, session: &Session) -> Result<(), TokenError> {
        if self.refused.load(Ordering::Relaxed) {
            return Err(TokenError::Pin);
        }
        match session.login(UserType::User, Some(&self.pin)) {
            // The login is the program's: it holds for all its sessions.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinLocked | RvError::PinInvalid, _)) => {
                self.refused.store(true, Ordering::Relaxed);
                Err(TokenError::Pin)
            }
            Err(other) => Err(failed("logging in")(other)),
        }
    }
}

impl Seat {
    fn generate(
        &mut self,
        mechanism: &Mechanism<'_>,
        kind: &[Attribute],
        kid: &Kid,
    ) -> Result<ObjectHandle, TokenError> {
        let named = |more: &[Attribute]| {
            let label = format!("passerelle {kid}").into_bytes();
            let name = [Attribute::Token(true), Attribute::Id(kid.as_str().into()), Attribute::Label(label)];
            [&name, more].concat()
        };
        let public = named(&[&[Attribute::Verify(true), Attribute::Private(false)], kind].concat());
        let private = named(&[
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ]);
        let session = &self.open.session;
        let (public, _) = session.generate_key_pair(mechanism, &public, &private).map_err(failed("making a key"))?;
        Ok(public)
    }

    /// Reads the public half.
    fn public(&mut self, algorithm: SigningAlgorithm, kid: Kid, key: ObjectHandle) -> Result<PublicJwk, TokenError> {
        let session = &self.open.session;
        let read = |kinds: &[AttributeType]| session.get_attributes(key, kinds).map_err(failed("reading a public key"));
        let point = || {
            let attributes = read(&[AttributeType::EcPoint])?;
            let point = attributes.iter().find_map(match_point);
            point.ok_or(TokenError::Unsound)
        };
        Ok(match algorithm {
            SigningAlgorithm::Es256 => PublicJwk::p256(kid, unwrapped(&point()?, 65))?,
            SigningAlgorithm::EdDsa => PublicJwk::ed25519(kid, unwrapped(&point()?, 32))?,
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                let attributes = read(&[AttributeType::Modulus, AttributeType::PublicExponent])?;
                let number = |of: AttributeType| attributes.iter().find_map(|attribute| match_number(attribute, of));
                let (modulus, exponent) = number(AttributeType::Modulus)
                    .zip(number(AttributeType::PublicExponent))
                    .ok_or(TokenError::Unsound)?;
                PublicJwk::rsa(algorithm, kid, modulus, exponent)?
            }
        })
    }

    fn sign(&mut self, algorithm: SigningAlgorithm, kid: &Kid, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let key = self.private(kid)?;
        let session = &self.open.session;
        let sign =
            |mechanism: &Mechanism<'_>, bytes: &[u8]| session.sign(mechanism, key, bytes).map_err(failed("signing"));
        match algorithm {
            // CKM_ECDSA signs a digest, and gives both numbers one after the other, as JOSE has them.
            SigningAlgorithm::Es256 => sign(&Mechanism::Ecdsa, &sha256(message)),
            SigningAlgorithm::EdDsa => {
                sign(&Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)), message)
            }
            SigningAlgorithm::Rs256 => sign(&Mechanism::Sha256RsaPkcs, message),
            // RFC 7518 §3.5: MGF1 with SHA-256, a salt as long as the hash.
            SigningAlgorithm::Ps256 => sign(
                &Mechanism::Sha256RsaPkcsPss(PkcsPssParams {
                    hash_alg: MechanismType::SHA256,
                    mgf: PkcsMgfType::MGF1_SHA256,
                    s_len: 32.into(),
                }),
                message,
            ),
        }
    }

    /// Where the private key is: looked for once in a session.
    fn private(&mut self, kid: &Kid) -> Result<ObjectHandle, TokenError> {
        if let Some(key) = self.keys.get(kid) {
            return Ok(*key);
        }
        let wanted = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Id(kid.as_str().into())];
        let found = self.open.session.find_objects(&wanted).map_err(failed("looking for a key"))?;
        let [key] = found[..] else { return Err(TokenError::NoKey(kid.clone())) };
        self.keys.insert(kid.clone(), key);
        Ok(key)
    }

    fn destroy(&mut self, kid: &Kid) -> Result<(), TokenError> {
        self.keys.remove(kid);
        let named = [Attribute::Id(kid.as_str().into())];
        for object in self.open.session.find_objects(&named).map_err(failed("looking for a key"))? {
            self.open.session.destroy_object(object).map_err(failed("destroying a key"))?;
        }
        Ok(())
    }
}

impl From<Full> for TokenError {
    fn from(Full: Full) -> Self {
        Self::Busy
    }
}

fn curve(name: &[u8]) -> [Attribute; 1] {
    [Attribute::EcParams(name.to_vec())]
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum: of all attributes one is asked for")]
fn match_point(attribute: &Attribute) -> Option<Vec<u8>> {
    match attribute {
        Attribute::EcPoint(point) => Some(point.clone()),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum: of all attributes two are asked for")]
fn match_number(attribute: &Attribute, of: AttributeType) -> Option<&[u8]> {
    let bytes = match attribute {
        Attribute::Modulus(bytes) if of == AttributeType::Modulus => bytes,
        Attribute::PublicExponent(bytes) if of == AttributeType::PublicExponent => bytes,
        _ => return None,
    };
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..)
}

/// A point of `length` bytes, out of the DER OCTET STRING that most tokens wrap it in (PKCS#11 §2.3.3).
fn unwrapped(point: &[u8], length: usize) -> &[u8] {
    match point {
        [0x04, told, inner @ ..] if inner.len() == length && usize::from(*told) == length => inner,
        _ => point,
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_taken_out_of_its_wrapping_or_as_it_is() {
        let point = [&[4, 63][..], &[7; 63]].concat();
        assert_eq!(unwrapped(&[&[4, 65][..], &point].concat(), 65), point);
        assert_eq!(unwrapped(&point, 65), point, "its second byte looks like a length");
        assert_eq!(unwrapped(&[&[4, 32][..], &[9; 32]].concat(), 32), [9; 32]);
    }
}
