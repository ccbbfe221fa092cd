//! Randomness, as a value: everything that makes a secret or an identifier is given the source.

/// A source of randomness. A closed set: a further source, such as a hardware module, is a variant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Random {
    /// The generator of the cryptographic provider, seeded by the operating system.
    System,
}

impl Random {
    /// The generator of the cryptographic provider.
    pub(crate) const fn system() -> Self {
        Self::System
    }

    /// `N` unpredictable bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing that is made then would be safe.
    pub(crate) fn bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Self::System => aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives randomness"),
        }
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
