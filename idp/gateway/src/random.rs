//! Randomness, as a value: everything that makes a secret or an identifier is given the source.

/// The random bytes of the cryptographic provider.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Random(());

impl Random {
    /// The generator of the cryptographic provider, seeded by the operating system.
    pub(crate) const fn system() -> Self {
        Self(())
    }

    /// `N` unpredictable bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing that is made then would be safe.
    pub(crate) fn bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives randomness");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(Random::system().bytes::<32>(), Random::system().bytes::<32>());
    }
}
