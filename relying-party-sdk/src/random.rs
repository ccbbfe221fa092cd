//! Unguessable values.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// 256 bits from the system's generator.
pub(crate) fn key() -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    aws_lc_rs::rand::fill(&mut *bytes).expect("aws-lc seeds its generator before any call and aborts when it cannot");
    bytes
}

/// 256 bits as 43 characters of base64url: a state, a nonce, a code verifier.
pub(crate) fn token() -> String {
    URL_SAFE_NO_PAD.encode(*key())
}

/// Compares two secrets without telling by its timing where they differ.
pub(crate) fn same(left: &str, right: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(left.as_bytes(), right.as_bytes()).is_ok()
}
