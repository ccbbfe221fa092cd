//! What the reader says of the finger: yes, no, or that it could not be captured; signed by its own key, for one case, now.
//! Nothing of the finger leaves the reader.

use serde::{Deserialize, Serialize};

use super::{Case, DeskRefusal, Read, hears};
use crate::id::CaseId;
use crate::jose::{self, BadToken, SKEW, SigningAlgorithm};
use crate::people::reader::Reader;
use crate::secret::{from_base64url, same, sha256};
use crate::time::Timestamp;

/// How old a verdict may be, in seconds, beside [`SKEW`].
const LIFE: i64 = 120;

/// What became of the comparison of the finger with the card's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finger {
    /// It is the one.
    Match,
    /// It is another.
    NoMatch,
    /// None could be captured.
    NotCapturable,
}

impl Finger {
    /// Its name in a verdict.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::NoMatch => "no_match",
            Self::NotCapturable => "not_capturable",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Match, Self::NoMatch, Self::NotCapturable].into_iter().find(|finger| finger.name() == name)
    }
}

/// A verdict that was verified: by the key of the case's reader, for this case, of now.
///
/// ```compile_fail,E0451
/// use domain::cnie::case::{Finger, Verdict};
/// fn forge(case: domain::id::CaseId) -> Verdict { Verdict { case, finger: Finger::Match, hash: [0; 32] } }
/// ```
#[derive(Debug)]
pub struct Verdict {
    case: CaseId,
    finger: Finger,
    hash: [u8; 32],
}

impl Verdict {
    /// Verifies a compact JWS (RFC 7515 §7.1), ES256, over `{case, nonce, result, iat}`.
    pub fn verify(jws: &str, reader: &Reader, case: &Case<Read>, at: Timestamp) -> Result<Self, DeskRefusal> {
        if reader.id != case.base.reader {
            return Err(DeskRefusal::OtherReader);
        }
        hears(reader, &case.base.commune)?;
        let keys = reader.key.set().ok_or(DeskRefusal::VerdictSignature)?;
        let claims = jose::verify(jws, SigningAlgorithm::Es256, &keys).map_err(|fault| match fault {
            BadToken::UnknownKey | BadToken::Signature => DeskRefusal::VerdictSignature,
            BadToken::Malformed | BadToken::Algorithm | BadToken::Header(_) | BadToken::Claim(_) => {
                DeskRefusal::VerdictMalformed
            }
        })?;
        let text = |name| claims.text(name).map_err(|_| DeskRefusal::VerdictMalformed);
        let finger = Finger::parse(text("result")?).ok_or(DeskRefusal::VerdictMalformed)?;
        let (named, nonce) = (text("case")?, text("nonce")?);
        let made = claims.integer("iat").map_err(|_| DeskRefusal::VerdictMalformed)?;
        if named != case.base.id.as_str() {
            return Err(DeskRefusal::VerdictOtherCase);
        }
        if !from_base64url(nonce).is_some_and(|nonce| same(&nonce, case.nonce())) {
            return Err(DeskRefusal::VerdictNonce);
        }
        let age = at.epoch().saturating_sub(made);
        let after_card = made.saturating_add(SKEW) >= case.step.since.epoch();
        if !(-SKEW..=LIFE + SKEW).contains(&age) || !after_card {
            return Err(DeskRefusal::VerdictLate);
        }
        Ok(Self { case: case.base.id.clone(), finger, hash: sha256(jws.as_bytes()) })
    }

    /// The case it is for.
    pub(super) const fn case(&self) -> &CaseId {
        &self.case
    }

    /// What became of the comparison.
    pub const fn finger(&self) -> Finger {
        self.finger
    }

    /// SHA-256 of what the reader signed, signature included.
    pub(super) const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}
