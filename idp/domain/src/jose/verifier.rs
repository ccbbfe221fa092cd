//! A public key that verifies signatures, read and parsed once.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaParameters, RsaPublicKeyComponents,
};
use serde_json::Value;

use super::{BadKeySet, SigningAlgorithm};
use crate::secret::from_base64url;

/// A key, by what it can verify. One whose numbers make no key (a point off the curve) verifies nothing: that is found out
/// by whoever presents a signature, and takes no other key of its set along.
#[derive(Clone)]
pub(crate) enum Verifier {
    P256(Option<ParsedPublicKey>),
    Ed25519(Option<ParsedPublicKey>),
    Rsa { pkcs1: Option<ParsedPublicKey>, pss: Option<ParsedPublicKey> },
}

impl Verifier {
    /// Reads the numbers of a JWK (RFC 7518 §6, RFC 8037 §2); `None` for a type or curve that the gateway does not know.
    pub(super) fn read(jwk: &Value) -> Result<Option<Self>, BadKeySet> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(from_base64url).ok_or(BadKeySet::Key);
        let coordinate = |name: &str| <[u8; 32]>::try_from(bytes(name)?).map_err(|_| BadKeySet::Key);
        Ok(Some(match (text("kty").ok_or(BadKeySet::Malformed)?, text("crv")) {
            ("EC", Some("P-256")) => {
                let point = [&[4][..], &coordinate("x")?, &coordinate("y")?].concat();
                Self::P256(ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok())
            }
            ("OKP", Some("Ed25519")) => Self::Ed25519(ParsedPublicKey::new(&ED25519, coordinate("x")?).ok()),
            ("RSA", _) => {
                let numbers = RsaPublicKeyComponents { n: bytes("n")?, e: bytes("e")? };
                if !(2048..=8192).contains(&bit_length(&numbers.n)) {
                    return Err(BadKeySet::RsaSize);
                }
                let parsed = |padding: &'static RsaParameters| numbers.to_parsed_public_key(padding).ok();
                Self::Rsa { pkcs1: parsed(&RSA_PKCS1_2048_8192_SHA256), pss: parsed(&RSA_PSS_2048_8192_SHA256) }
            }
            _ => return Ok(None),
        }))
    }

    /// Whether it is a P-256 key whose point lies on the curve.
    pub(crate) const fn is_on_p256(&self) -> bool {
        match self {
            Self::P256(key) => key.is_some(),
            Self::Ed25519(_) | Self::Rsa { .. } => false,
        }
    }

    /// Whether both are keys of one type: within a set those have names of their own (RFC 7517 §4.5).
    pub(super) const fn is_of_type(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::P256(_), Self::P256(_))
            | (Self::Ed25519(_), Self::Ed25519(_))
            | (Self::Rsa { .. }, Self::Rsa { .. }) => true,
            (Self::P256(_) | Self::Ed25519(_) | Self::Rsa { .. }, _) => false,
        }
    }

    /// Whether the algorithm works with a key of this type.
    pub(super) const fn serves(&self, algorithm: SigningAlgorithm) -> bool {
        match (self, algorithm) {
            (Self::P256(_), SigningAlgorithm::Es256)
            | (Self::Ed25519(_), SigningAlgorithm::EdDsa)
            | (Self::Rsa { .. }, SigningAlgorithm::Ps256 | SigningAlgorithm::Rs256) => true,
            (Self::P256(_) | Self::Ed25519(_) | Self::Rsa { .. }, _) => false,
        }
    }

    /// Whether `signature`, in the form of JOSE, is one of `message` by this key and algorithm.
    pub(super) fn verifies(&self, algorithm: SigningAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = match (self, algorithm) {
            (Self::P256(key), SigningAlgorithm::Es256)
            | (Self::Ed25519(key), SigningAlgorithm::EdDsa)
            | (Self::Rsa { pkcs1: key, .. }, SigningAlgorithm::Rs256)
            | (Self::Rsa { pss: key, .. }, SigningAlgorithm::Ps256) => key,
            (Self::P256(_) | Self::Ed25519(_) | Self::Rsa { .. }, _) => return false,
        };
        key.as_ref().is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

fn bit_length(bytes: &[u8]) -> usize {
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(leading).map_or(0, |first| (bytes.len() - leading) * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::id::Kid;
    use crate::jose::{SigningKey, Unsigned};
    use crate::secret::base64url;

    #[test]
    fn a_key_verifies_what_it_signed_by_its_own_algorithm_alone() {
        for algorithm in SigningAlgorithm::ALL {
            let kid = Kid::parse("k").expect("plain");
            let key = SigningKey::generate(algorithm, kid.clone()).expect("works");
            let verifier = Verifier::read(&key.public_jwk()).expect("good").expect("known");
            let unsigned = Unsigned::new(algorithm, &kid, "JWT", &json!({"a": 1}));
            let (message, token) = (unsigned.message(), key.sign("JWT", &json!({"a": 1})));
            let signature = from_base64url(token.rsplit('.').next().expect("three parts")).expect("base64url");
            for other in SigningAlgorithm::ALL {
                let verified = verifier.verifies(other, message, &signature);
                assert_eq!(verified, other == algorithm, "{} by {}", algorithm.name(), other.name());
                let same_type = other.key_type() == algorithm.key_type();
                assert_eq!(verifier.serves(other), same_type, "{} by {}", algorithm.name(), other.name());
            }
            assert!(!verifier.verifies(algorithm, b"another message", &signature), "{}", algorithm.name());
            assert!(!verifier.verifies(algorithm, message, &signature[1..]), "{}", algorithm.name());
        }
    }

    #[test]
    fn numbers_that_make_no_key_verify_nothing_and_refuse_no_set() {
        let eleven = base64url(&[11; 32]);
        let off_curve = json!({"kty": "EC", "crv": "P-256", "x": eleven, "y": eleven});
        let even = json!({"kty": "RSA", "n": base64url(&[0xfe; 256]), "e": "AQAB"});
        for (jwk, algorithm) in [(off_curve, SigningAlgorithm::Es256), (even, SigningAlgorithm::Rs256)] {
            let verifier = Verifier::read(&jwk).expect("read").expect("of a known type");
            assert!(verifier.serves(algorithm) && !verifier.verifies(algorithm, b"m", &[1; 64]), "{jwk}");
        }
        assert!(Verifier::read(&json!({"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"})).expect("read").is_none());
        for bad in [
            json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": eleven}),
            json!({"kty": "EC", "crv": "P-256", "x": eleven}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}),
            json!({"kty": "RSA", "n": base64url(&[0xff; 256]), "e": "="}),
        ] {
            assert_eq!(Verifier::read(&bad).err(), Some(BadKeySet::Key), "{bad}");
        }
    }
}
