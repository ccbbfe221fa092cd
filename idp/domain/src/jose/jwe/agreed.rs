//! The key that two parties agree on: ECDH on P-256 and the Concat KDF (RFC 7518 §4.6.2).

use aws_lc_rs::agreement::{self, ECDH_P256};
use aws_lc_rs::kdf;
use zeroize::Zeroizing;

/// What a key is derived for, and by whom.
pub(super) struct Purpose<'a> {
    /// `AlgorithmID`.
    pub(super) algorithm: &'a str,
    /// `PartyUInfo`.
    pub(super) apu: &'a [u8],
    /// `PartyVInfo`.
    pub(super) apv: &'a [u8],
}

/// A key of `N` bytes from our private key and the other's public one, an uncompressed point. A point that is not on the
/// curve agrees on nothing.
pub(super) fn agree<const N: usize>(
    private: &agreement::PrivateKey,
    point: &[u8; 65],
    purpose: &Purpose<'_>,
) -> Option<Zeroizing<[u8; N]>> {
    let mut info = Vec::new();
    for field in [purpose.algorithm.as_bytes(), purpose.apu, purpose.apv] {
        info.extend_from_slice(&u32::try_from(field.len()).ok()?.to_be_bytes());
        info.extend_from_slice(field);
    }
    info.extend_from_slice(&u32::try_from(N.checked_mul(8)?).ok()?.to_be_bytes());
    let peer = agreement::UnparsedPublicKey::new(&ECDH_P256, point);
    let mut key = Zeroizing::new([0_u8; N]);
    agreement::agree(private, peer, (), |shared| {
        let algorithm = kdf::get_sskdf_digest_algorithm(kdf::SskdfDigestAlgorithmId::Sha256).ok_or(())?;
        kdf::sskdf_digest(algorithm, shared, &info, key.as_mut()).map_err(|_| ())
    })
    .ok()?;
    Some(key)
}

/// The uncompressed form of a point (SEC 1 §2.3.3).
pub(super) fn point(x: &[u8], y: &[u8]) -> Option<[u8; 65]> {
    if x.len() != 32 || y.len() != 32 {
        return None;
    }
    [&[4_u8][..], x, y].concat().try_into().ok()
}
