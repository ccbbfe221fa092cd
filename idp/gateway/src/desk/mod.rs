//! The desk of a town hall: an agent certifies a citizen's identity in five screens and about three minutes.
//!
//! ```text
//!  1 home: scan ──▶ 2 card ──▶ 3 finger ──▶ 4 photo and names ──▶ 5 outcome
//!      │ QR code      ▲ │         ▲ │            │ a colleague looks too, if agent and citizen are close
//!      ▼              │ ▼         │ ▼
//!  domain::cnie::case Case<Scanned> ─▶ Case<Read> ─▶ Case<Matched> ─▶ Approval ─▶ Identity<Approved>
//!                     ▲             ▲
//!  desk reader ───────┴─ /reader/v1 ┴─ card, answers of its chip, signed verdict on the finger
//! ```
//!
//! A case has one address; what stands there is the screen of the step it is at. So back button, reload and a second tab
//! show where it really is, and of two clicks the second follows the first.
//!
//! | file | what |
//! |---|---|
//! | [`home`] | the first screen, and the scan |
//! | [`case`] | the other four, the photo, yes and no |
//! | [`picture`] | the photo as browsers show it |
//! | [`reader`] | what desk readers call |
//! | [`refused`] | what is refused, in words |
//! | [`keep`] | cases in the registry: found as they are now, kept, concluded with their identity |

pub(crate) mod case;
pub(crate) mod home;
pub(crate) mod keep;
mod picture;
pub(crate) mod reader;
pub(crate) mod refused;

use crate::app::App;
use crate::cnie::Cnie;

/// What the card provider works with. Asked for behind its routes alone.
fn cards(app: &App) -> &Cnie {
    app.cnie.as_ref().expect("a route of a case is made where the card provider is configured")
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
