//! The sandbox civil registry: one address, two forms.
//!
//! ```text
//!   POST /individus  application/json    the form that keeps personal data out of addresses   json
//!   GET  /individus?rechercheType=S&…    the HTTP/XML form                                     xml
//!   POST /control {"mode":"hang"}        tests
//! ```
//!
//! A wrong verb or a malformed question is answered 400.

mod json;
mod xml;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::people::{Life, Outcome, PEOPLE, Person};
use crate::site::Site;
use crate::upstream::Control;

/// How the registry behaves as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As it should.
    #[default]
    Ok,
    /// Accepts the question and never answers.
    Hang,
    /// Answers 500.
    Error,
    /// Answers 200 with bytes of neither form.
    Garbage,
    /// Well-formed answers that miss what they must hold.
    Schema,
    /// Refuses every question (outcome 9).
    Rejected,
}

/// The registry, answering until dropped.
#[derive(Debug)]
pub struct Registry {
    site: Site,
    desk: Arc<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    mode: Mutex<Mode>,
    questions: AtomicU64,
}

impl Registry {
    /// Starts the registry on `listener`.
    pub fn start(listener: TcpListener, control: Control) -> Self {
        let desk = Arc::new(Desk::default());
        let individuals = get(xml::answer).post(json::answer).fallback(|| async { StatusCode::BAD_REQUEST });
        let mut router = Router::new().route("/individus", individuals);
        if control == Control::Open {
            router = router.route("/control", post(set));
        }
        Self { site: Site::serve(listener, router.with_state(Arc::clone(&desk))), desk }
    }

    /// The address that the gateway asks.
    pub fn url(&self) -> String {
        format!("http://{}/individus", self.site.address())
    }

    /// Changes how it behaves from now on.
    pub fn set(&self, mode: Mode) {
        self.desk.set(mode);
    }

    /// How many questions it was asked, well-formed or not.
    pub fn questions(&self) -> u64 {
        self.desk.questions.load(Ordering::Relaxed)
    }
}

impl Desk {
    fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    fn mode(&self) -> Mode {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a question and misbehaves as a whole when told to.
    async fn misbehaves(&self) -> Option<Response> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        match self.mode() {
            Mode::Hang => std::future::pending().await,
            Mode::Error => Some(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
            Mode::Garbage => {
                let body = b"\xfe\xff<<{\"el\": garbage".as_slice();
                Some(([(header::CONTENT_TYPE, "application/octet-stream")], body).into_response())
            }
            Mode::Ok | Mode::Schema | Mode::Rejected => None,
        }
    }

    fn look_up(&self, question: &Question<'_>) -> Finding {
        if self.mode() == Mode::Rejected {
            return Finding { outcome: Outcome::Rejected, life: Life::Living, person: None };
        }
        let Some(person) = PEOPLE.iter().find(|person| question.is_about(person)) else {
            return Finding { outcome: Outcome::NotFound, life: Life::Living, person: None };
        };
        let identified = person.outcome.identifies().then_some(person);
        Finding { outcome: person.outcome, life: person.life, person: identified }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    mode: Mode,
}

async fn set(State(desk): State<Arc<Desk>>, Json(command): Json<Command>) -> StatusCode {
    desk.set(command.mode);
    StatusCode::NO_CONTENT
}

/// A question in either form: everything must agree for the strict search.
#[derive(Debug)]
struct Question<'a> {
    family_name: &'a str,
    /// All given names with spaces between.
    given_name: &'a str,
    /// `YYYYMMDD`, zeros where not known.
    birthdate: &'a str,
    gender: Gender,
    /// COG of the commune when born in France, else of the country.
    place: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Gender {
    #[serde(rename = "F", alias = "female")]
    Female,
    #[serde(rename = "M", alias = "male")]
    Male,
    #[serde(rename = "I", alias = "unspecified")]
    Unspecified,
}

impl Question<'_> {
    fn is_about(&self, person: &Person) -> bool {
        let gender = match person.gender {
            crate::people::Gender::Female => Gender::Female,
            crate::people::Gender::Male => Gender::Male,
        };
        self.family_name.to_uppercase() == person.family_name
            && self.given_name.to_uppercase() == person.given_name.to_uppercase()
            && self.birthdate == person.birthdate.replace('-', "")
            && (self.gender == gender || self.gender == Gender::Unspecified)
            && self.place == person.birthplace.unwrap_or(person.birthcountry)
    }
}

/// What the registry knows about a question.
#[derive(Debug)]
struct Finding {
    outcome: Outcome,
    life: Life,
    person: Option<&'static Person>,
}

#[cfg(test)]
mod tests;
