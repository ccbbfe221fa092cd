//! `[limits]`: how much one address may ask for.

use std::num::NonZeroU32;

use super::reader::{Read, Section};

/// How much one address may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Sign-ins it may begin, and returns from providers it may bring, in a minute; `None` for any number.
    pub(crate) authorize_per_minute: Option<NonZeroU32>,
}

pub(super) fn read(section: &Section<'_>) -> Read<Limits> {
    let authorize_per_minute = section.number("authorize_per_minute", 120, 0..=1_000_000)?;
    Ok(Limits { authorize_per_minute: NonZeroU32::new(authorize_per_minute) })
}
