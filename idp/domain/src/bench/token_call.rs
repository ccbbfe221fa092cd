//! A call of the token endpoint, as the site made it.

use serde::{Deserialize, Serialize};

use crate::oidc::parameters::Parameters;
use crate::oidc::pkce::Challenge;
use crate::secret::same;

/// How the client proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// By its id and secret, in one place.
    Right,
    /// By others.
    Wrong,
    /// Not at all.
    Absent,
}

/// The PKCE verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verifier {
    /// It answers the challenge.
    Right,
    /// It does not.
    Wrong,
    /// There was a challenge, and no verifier.
    Absent,
    /// There was no challenge.
    NotAsked,
}

/// A call of the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCall {
    /// How the client proved who it is.
    pub proof: Proof,
    /// The verifier.
    pub verifier: Verifier,
    /// Whether `redirect_uri` is that of the request.
    pub redirect: SameRedirect,
    /// Whether the code gave tokens.
    pub outcome: Outcome,
}

/// Whether `redirect_uri` is that of the request (RFC 6749 §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SameRedirect {
    /// It is.
    Same,
    /// It is another, or missing.
    Other,
}

/// What a call gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Tokens, right or wrong as planned.
    Tokens,
    /// Nothing, as planned.
    OutOfOrder,
    /// A refusal: the call was wrong.
    Refused,
    /// A refusal: the code was presented before.
    Again,
}

/// The client of a run.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// Its id.
    pub client_id: &'a str,
    /// Its secret.
    pub secret: &'a str,
}

impl Proof {
    /// Judges the id and secret of a call: in the header (RFC 6749 §2.3.1, by HTTP Basic) or in the form, never in both.
    pub fn of(basic: Option<(&str, &str)>, form: &Parameters, own: Credentials<'_>) -> Self {
        let in_form = form.all("client_id").next().zip(form.all("client_secret").next());
        match (basic, in_form) {
            (Some(_), Some(_)) => Self::Wrong,
            (Some((id, secret)), None) | (None, Some((id, secret))) => {
                let right = id == own.client_id && same(secret.as_bytes(), own.secret.as_bytes());
                if right { Self::Right } else { Self::Wrong }
            }
            (None, None) => Self::Absent,
        }
    }
}

impl Verifier {
    /// Judges the verifier of a call.
    pub fn of(challenge: Option<&Challenge>, verifier: Option<&str>) -> Self {
        match (challenge, verifier) {
            (None, _) => Self::NotAsked,
            (Some(_), None) => Self::Absent,
            (Some(challenge), Some(verifier)) if challenge.is_answered_by(verifier) => Self::Right,
            (Some(_), Some(_)) => Self::Wrong,
        }
    }
}
