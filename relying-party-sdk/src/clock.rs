//! The one place where this crate reads the time; the rules take it as an argument.

use std::time::Instant;

use time::OffsetDateTime;

/// Seconds since 1970, for what tokens and cookies say.
pub(crate) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// A clock that never steps, for cool-downs.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge: what depends on it takes an Instant and is tested with made-up ones"
)]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
