//! The civil registry's client: one question about one person, in the form that the registry speaks.
//!
//! ```text
//!  Pivot ──▶ json (POST, nothing personal in the address) ──┐                    ┌──▶ Answer ──▶ Confirmed
//!            xml  (GET with a query, answered in XML) ──────┴──▶ breaker, bulkhead └──▶ CivilRegistryError
//! ```

mod json;
mod xml;

#[cfg(test)]
mod tests;

use domain::identity::civil::{Answer, Confirmed, NotConfirmed, Sandbox};
use domain::identity::pivot::{BadPivot, Birthdate, FRANCE, Gender, Name, Pivot, Place, RawPivot};
use http::header::CONTENT_TYPE;

use super::breaker::Breaker;
use super::bulkhead::{Bulkhead, CallError};
use super::http::{Answer as Reply, Http, Request};
use crate::clock::Clock;
use crate::config::{CivilForm, CivilRegistry};

/// Questions that may be under way at once.
const CONCURRENCY: usize = 64;

/// The client. Cheap to clone; clones share the breaker and the limit.
#[derive(Debug, Clone)]
pub(crate) struct CivilRegistryClient(Way);

#[derive(Debug, Clone)]
enum Way {
    NotConsulted(Sandbox),
    Consulted { url: url::Url, form: CivilForm, bulkhead: Bulkhead, breaker: Breaker },
}

/// Why an identity is not confirmed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unconfirmed {
    /// The registry answered, and does not confirm.
    #[error(transparent)]
    Refused(#[from] NotConfirmed),
    /// The registry did not answer.
    #[error(transparent)]
    Failed(#[from] CivilRegistryError),
}

/// Why the civil registry brought no answer. Nothing here is personal.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CivilRegistryError {
    /// It failed several times in a row and is left alone for a moment.
    #[error("not called, after failures in a row")]
    Resting,
    /// Too many questions are under way.
    #[error("too many questions are under way")]
    Busy,
    /// It did not answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// It cannot be reached.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It answered with an error.
    #[error("answered with status {0}")]
    Status(u16),
    /// Its answer is not one of the protocol.
    #[error("malformed answer: {0}")]
    Malformed(&'static str),
}

impl From<BadPivot> for CivilRegistryError {
    fn from(_: BadPivot) -> Self {
        Self::Malformed("the identity in it is incomplete or wrong")
    }
}

impl CivilRegistryClient {
    /// The client of the configured registry.
    pub(crate) fn new(config: &CivilRegistry, http: &Http, clock: &Clock) -> Self {
        Self(match config {
            CivilRegistry::NotConsulted(sandbox) => Way::NotConsulted(*sandbox),
            CivilRegistry::Consulted { url, form, timeout } => Way::Consulted {
                url: url.clone(),
                form: *form,
                bulkhead: Bulkhead::new(http.clone(), CONCURRENCY, *timeout),
                breaker: Breaker::new(clock.clone()),
            },
        })
    }

    /// Has an identity confirmed. In a sandbox without a registry the provider's word is taken.
    pub(crate) async fn confirm(&self, pivot: Pivot) -> Result<Confirmed, Unconfirmed> {
        match &self.0 {
            Way::NotConsulted(sandbox) => Ok(Confirmed::sandbox(pivot, *sandbox)),
            Way::Consulted { url, form, bulkhead, breaker } => {
                let turn = breaker.turn().ok_or(CivilRegistryError::Resting)?;
                let outcome = ask(url, *form, bulkhead, &pivot).await;
                match &outcome {
                    Ok(_) => turn.succeeded(),
                    Err(failure) if failure.is_its_fault() => turn.failed(),
                    Err(_) => drop(turn),
                }
                Ok(outcome?.confirm()?)
            }
        }
    }
}

impl CivilRegistryError {
    /// Whether the registry itself failed, as against a question it did not like or our own limit.
    fn is_its_fault(&self) -> bool {
        match self {
            Self::TimedOut | Self::Unreachable(_) | Self::Malformed(_) => true,
            Self::Status(status) => *status >= 500,
            Self::Resting | Self::Busy => false,
        }
    }

    fn of(error: CallError) -> Self {
        match error {
            CallError::Busy => Self::Busy,
            CallError::TimedOut => Self::TimedOut,
            CallError::Unreachable { detail } => Self::Unreachable(detail),
            CallError::TooLarge => Self::Malformed("it is too large"),
            CallError::Status(status) => Self::Status(status),
        }
    }
}

async fn ask(
    url: &url::Url,
    form: CivilForm,
    bulkhead: &Bulkhead,
    pivot: &Pivot,
) -> Result<Answer, CivilRegistryError> {
    let question: Request = match form {
        CivilForm::Json => json::question(url, pivot),
        CivilForm::Xml => xml::question(url, pivot),
    }
    .map_err(|_| CivilRegistryError::Unreachable("the question cannot be put".to_owned()))?;
    let reply = bulkhead.send(question).await.map_err(CivilRegistryError::of)?;
    if reply.status() != http::StatusCode::OK {
        return Err(CivilRegistryError::Status(reply.status().as_u16()));
    }
    match form {
        CivilForm::Json if is_of(&reply, &["application/json"]) => json::answer(reply.body()),
        CivilForm::Xml if is_of(&reply, &["application/xml", "text/xml"]) => xml::answer(reply.body()),
        CivilForm::Json | CivilForm::Xml => Err(CivilRegistryError::Malformed("it has another content type")),
    }
}

fn is_of(reply: &Reply, kinds: &[&str]) -> bool {
    let told = reply.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let told = told.split(';').next().unwrap_or_default().trim();
    kinds.iter().any(|kind| told.eq_ignore_ascii_case(kind))
}

/// The person in an answer. Unlike a provider, the registry may know neither place nor country, or a place alone,
/// which is then in France.
fn person(raw: &RawPivot<'_>) -> Result<Pivot, CivilRegistryError> {
    let missing = CivilRegistryError::Malformed("it leaves out a part of the identity");
    let (Some(family_name), Some(given_name), Some(birthdate), Some(gender)) =
        (raw.family_name, raw.given_name, raw.birthdate, raw.gender)
    else {
        return Err(missing);
    };
    let given_names =
        given_name.split_whitespace().map(|name| Name::parse("given_name", name)).collect::<Result<Vec<_>, _>>()?;
    if given_names.is_empty() {
        return Err(missing);
    }
    let birthcountry = raw.birthcountry.or(raw.birthplace.map(|_| FRANCE));
    let birthplace = raw.birthplace.filter(|_| birthcountry == Some(FRANCE));
    Ok(Pivot {
        family_name: Name::parse("family_name", family_name)?,
        given_names,
        birthdate: Birthdate::parse(birthdate)?,
        gender: Gender::parse(gender)?,
        birthplace: birthplace.map(|code| Place::parse("birthplace", code)).transpose()?,
        birthcountry: birthcountry.map(|code| Place::parse("birthcountry", code)).transpose()?,
    })
}
