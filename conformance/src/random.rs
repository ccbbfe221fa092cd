//! Unpredictable values: states, nonces, codes, tokens, verifiers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 256 random bits, base64url without padding: 43 ASCII characters.
///
/// # Panics
/// When the operating system has no randomness to give.
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// `N` random bytes.
///
/// # Panics
/// When the operating system has no randomness to give.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}
