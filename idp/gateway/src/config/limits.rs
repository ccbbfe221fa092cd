//! `[limits]`: how much one address, and one relying party, may ask for.

use std::num::NonZeroU32;

use super::reader::{Read, Section};

/// How much may be asked for in a minute; `None` for any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Sign-ins that one address may begin, and returns from providers it may bring.
    pub(crate) authorize: Option<NonZeroU32>,
    /// Calls of one client that authenticated, or brings a token of its own.
    pub(crate) calls: Option<NonZeroU32>,
    /// Requests that one client may push.
    pub(crate) pushes: Option<NonZeroU32>,
    /// Calls with one token of the admin API.
    pub(crate) tokens: Option<NonZeroU32>,
}

pub(super) fn read(section: &Section<'_>) -> Read<Limits> {
    let number = |key, default| section.number(key, default, 0..=1_000_000).map(NonZeroU32::new);
    let authorize = number("authorize_per_minute", 120);
    let calls = number("calls_per_client_per_minute", 30_000);
    let pushes = number("pushes_per_client_per_minute", 3_000);
    let tokens = number("calls_per_token_per_minute", 600);
    Ok(Limits { authorize: authorize?, calls: calls?, pushes: pushes?, tokens: tokens? })
}
