//! The card authority: what became of one card. It is asked at a desk and each time a card is shown, because a card's own
//! files never know that it was lost. Without its answer nothing is given.

use domain::cnie::refusal::Refusal;
use domain::cnie::status::{Answer, Standing};
use domain::identity::pivot::Place;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::breaker::Breaker;
use super::bulkhead::{Bulkhead, CallError};
use super::http::{Http, Request};
use crate::clock::Clock;
use crate::config::CnieConfig;

/// Questions that may be under way at once.
const CONCURRENCY: usize = 64;
/// The longest name of an answer that is kept, in bytes.
const LONGEST_REFERENCE: usize = 128;

/// The client of the card authority. Cheap to clone; clones share the breaker and the limit.
#[derive(Debug, Clone)]
pub(crate) struct CardAuthority {
    url: Url,
    bulkhead: Bulkhead,
    breaker: Breaker,
}

/// Why the authority brought no answer. Nothing here is personal.
#[derive(Debug, thiserror::Error)]
enum Silence {
    #[error("not called, after failures in a row")]
    Resting,
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("malformed answer: {0}")]
    Malformed(&'static str),
}

impl CardAuthority {
    /// The client of the configured authority.
    pub(crate) fn new(config: &CnieConfig, http: &Http, clock: &Clock) -> Self {
        let bulkhead = Bulkhead::new(http.clone(), CONCURRENCY, config.status_timeout);
        Self { url: config.status_url.clone(), bulkhead, breaker: Breaker::new(clock.clone()) }
    }

    /// What became of a card; [`Refusal::AuthoritySilent`] without an answer.
    pub(crate) async fn ask(&self, issuing_state: &str, document_number: &str) -> Result<Answer, Refusal> {
        let outcome = match self.breaker.turn() {
            None => Err(Silence::Resting),
            Some(turn) => {
                let outcome = self.answer(issuing_state, document_number).await;
                match &outcome {
                    Ok(_) => turn.succeeded(),
                    Err(silence) if silence.is_its_fault() => turn.failed(),
                    Err(_) => drop(turn),
                }
                outcome
            }
        };
        outcome.map_err(|silence| {
            tracing::warn!(%silence, "the card authority could not be asked");
            Refusal::AuthoritySilent
        })
    }

    /// Whether it is being left alone after failures in a row.
    pub(crate) fn is_resting(&self) -> bool {
        self.breaker.is_resting()
    }

    async fn answer(&self, issuing_state: &str, document_number: &str) -> Result<Answer, Silence> {
        let body = json!({ "issuing_state": issuing_state, "document_number": document_number });
        let question: Request = http::Request::builder()
            .method(Method::POST)
            .uri(self.url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(body.to_string().into_bytes())
            .map_err(|_| Silence::Malformed("the question cannot be put"))?;
        let reply = self.bulkhead.send(question).await?;
        if reply.status() != StatusCode::OK {
            return Err(CallError::Status(reply.status().as_u16()).into());
        }
        read(reply.body())
    }
}

impl Silence {
    /// Whether the authority itself failed, as against our own limit.
    const fn is_its_fault(&self) -> bool {
        match self {
            Self::Call(CallError::Status(status)) => *status >= 500,
            Self::Call(CallError::TimedOut | CallError::Unreachable { .. } | CallError::TooLarge)
            | Self::Malformed(_) => true,
            Self::Resting | Self::Call(CallError::Busy) => false,
        }
    }
}

#[derive(Deserialize)]
struct Document {
    status: Standing,
    #[serde(default)]
    birthplace: Option<String>,
    #[serde(default)]
    birthcountry: Option<String>,
    id: String,
}

fn read(body: &[u8]) -> Result<Answer, Silence> {
    let document: Document =
        serde_json::from_slice(body).map_err(|_| Silence::Malformed("it is not the JSON of an answer"))?;
    if document.id.is_empty()
        || document.id.len() > LONGEST_REFERENCE
        || !document.id.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(Silence::Malformed("its name is none that can be kept"));
    }
    let place = |claim, code: Option<String>| {
        code.filter(|code| !code.is_empty())
            .map(|code| Place::parse(claim, &code))
            .transpose()
            .map_err(|_| Silence::Malformed("a code of a place in it is none"))
    };
    Ok(Answer {
        standing: document.status,
        birthplace: place("birthplace", document.birthplace)?,
        birthcountry: place("birthcountry", document.birthcountry)?,
        reference: document.id,
    })
}

#[cfg(test)]
#[path = "card_status_tests.rs"]
mod tests;
