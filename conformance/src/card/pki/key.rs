//! Keys that sign certificates and security objects, and how they sign (cnie.md §5).

use serde::Deserialize;

use super::rsa::Rsa;
use crate::card::crypt::Hash;
use crate::card::curve::{Parameters, Secret};
use crate::card::der;

/// A key that signs.
#[derive(Debug, Clone)]
pub enum Key {
    /// RSA.
    Rsa(&'static Rsa),
    /// ECDSA; its certificate has the curve by name or in numbers.
    Curve(Secret, Parameters),
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// RSA PKCS #1 v1.5.
    Pkcs1(Hash),
    /// RSA PSS with MGF1 of the same hash, and a salt of so many octets.
    Pss(Hash, usize),
    /// ECDSA.
    Ecdsa(Hash),
}

impl Key {
    /// SubjectPublicKeyInfo.
    pub fn public_info(&self) -> Vec<u8> {
        match self {
            Self::Rsa(rsa) => rsa.public_info(),
            Self::Curve(secret, parameters) => secret.public_info(*parameters),
        }
    }

    /// Signs.
    ///
    /// # Panics
    /// When the scheme is one of the other kind of key: profiles are read with their test.
    pub fn sign(&self, scheme: Scheme, message: &[u8]) -> Vec<u8> {
        match (self, scheme) {
            (Self::Rsa(rsa), Scheme::Pkcs1(hash)) => rsa.sign_pkcs1(hash, message),
            (Self::Rsa(rsa), Scheme::Pss(hash, salt)) => rsa.sign_pss(hash, salt, message),
            (Self::Curve(secret, _), Scheme::Ecdsa(hash)) => secret.sign(hash, message),
            (Self::Rsa(_), Scheme::Ecdsa(_)) | (Self::Curve(..), Scheme::Pkcs1(_) | Scheme::Pss(..)) => {
                panic!("{scheme:?} is no scheme of this key")
            }
        }
    }
}

impl Scheme {
    /// The hash of the message.
    pub fn hash(self) -> Hash {
        match self {
            Self::Pkcs1(hash) | Self::Pss(hash, _) | Self::Ecdsa(hash) => hash,
        }
    }

    /// AlgorithmIdentifier.
    pub fn algorithm(self) -> Vec<u8> {
        match self {
            Self::Pkcs1(hash) => {
                let arc = match hash {
                    Hash::Sha1 => 5,
                    Hash::Sha256 => 11,
                    Hash::Sha384 => 12,
                    Hash::Sha512 => 13,
                };
                der::sequence(&[der::oid(&format!("1.2.840.113549.1.1.{arc}")), der::null()])
            }
            Self::Pss(hash, salt) => {
                let hashed = der::sequence(&[der::oid(hash.oid()), der::null()]);
                let masked = der::sequence(&[der::oid("1.2.840.113549.1.1.8"), hashed.clone()]);
                let salt = der::number(u32::try_from(salt).unwrap_or_default());
                let parameters =
                    der::sequence(&[der::context(0, &[hashed]), der::context(1, &[masked]), der::context(2, &[salt])]);
                der::sequence(&[der::oid("1.2.840.113549.1.1.10"), parameters])
            }
            Self::Ecdsa(hash) => der::sequence(&[der::oid(match hash {
                Hash::Sha1 => "1.2.840.10045.4.1",
                Hash::Sha256 => "1.2.840.10045.4.3.2",
                Hash::Sha384 => "1.2.840.10045.4.3.3",
                Hash::Sha512 => "1.2.840.10045.4.3.4",
            })]),
        }
    }
}
