//! The authority of cards: whether a card is valid, lost or stolen, and where its holder was born. A real HTTP server whose
//! word on each document number is set by whoever runs it.
//!
//! ```text
//!   POST /cards {"issuing_state":"FRA","document_number":"…"}
//!     ─▶ {"status":"valid","birthplace":"75107","birthcountry":"99100","id":"…"}
//! ```

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;

use crate::card::Holder;
use crate::random;
use crate::site::Site;

/// What the authority says of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In order.
    Valid,
    /// Declared lost.
    Lost,
    /// Declared stolen.
    Stolen,
    /// Withdrawn.
    Revoked,
    /// Past its term.
    Expired,
    /// No such card.
    Unknown,
    /// Its holder died.
    HolderDeceased,
}

/// How the authority behaves as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conduct {
    /// As it should.
    #[default]
    Ok,
    /// Takes the question and never answers.
    Hang,
    /// Answers 500.
    Error,
    /// Answers 200 with something else.
    Garbage,
}

/// The authority, answering until dropped.
#[derive(Debug)]
pub struct Authority {
    site: Site,
    book: Arc<Book>,
}

#[derive(Debug, Default)]
struct Book {
    conduct: Mutex<Conduct>,
    said: Mutex<HashMap<String, Status>>,
    renewed: Mutex<Vec<Holder>>,
    questions: AtomicU64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    issuing_state: String,
    document_number: String,
}

impl Authority {
    /// Starts it on `listener`: all cards of the sandbox are valid.
    pub fn start(listener: TcpListener) -> Self {
        let book = Arc::new(Book::default());
        let router = Router::new().route("/cards", post(answer)).with_state(Arc::clone(&book));
        Self { site: Site::serve(listener, router), book }
    }

    /// The address that the gateway asks.
    pub fn url(&self) -> String {
        format!("http://{}/cards", self.site.address())
    }

    /// What it says of a document number from now on.
    pub fn declare(&self, document_number: &str, status: Status) {
        let mut said = self.book.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.insert(document_number.to_owned(), status);
    }

    /// Issues one more card to its holder, with a number of its own. What was said of others stays said.
    pub fn issue(&self, card: Holder) {
        self.book.renewed.lock().unwrap_or_else(PoisonError::into_inner).push(card);
    }

    /// Changes how it behaves from now on.
    pub fn set(&self, conduct: Conduct) {
        *self.book.conduct.lock().unwrap_or_else(PoisonError::into_inner) = conduct;
    }

    /// How many questions it was asked, well-formed or not.
    pub fn questions(&self) -> u64 {
        self.book.questions.load(Ordering::Relaxed)
    }
}

async fn answer(
    State(book): State<Arc<Book>>,
    question: Result<Json<Question>, axum::extract::rejection::JsonRejection>,
) -> Response {
    book.questions.fetch_add(1, Ordering::Relaxed);
    let conduct = *book.conduct.lock().unwrap_or_else(PoisonError::into_inner);
    match conduct {
        Conduct::Hang => return std::future::pending().await,
        Conduct::Error => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Conduct::Garbage => return Json(json!({ "status": 42 })).into_response(),
        Conduct::Ok => {}
    }
    let Ok(Json(Question { issuing_state, document_number })) = question else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let renewed = book.renewed.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let holder = Holder::all().into_iter().chain(renewed).find(|holder| holder.number == document_number);
    let holder = holder.filter(|_| issuing_state == "FRA");
    let said = book.said.lock().unwrap_or_else(PoisonError::into_inner).get(&document_number).copied();
    let status = match &holder {
        Some(_) => said.unwrap_or(Status::Valid),
        None => Status::Unknown,
    };
    let person = holder.map(|holder| holder.person);
    let body = json!({
        "status": status,
        "birthplace": person.and_then(|person| person.birthplace),
        "birthcountry": person.map(|person| person.birthcountry),
        "id": random::token(),
    });
    Json(body).into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::site::listen;

    async fn ask(authority: &Authority, state: &str, number: &str) -> Value {
        let question = json!({ "issuing_state": state, "document_number": number });
        let answer = reqwest::Client::new().post(authority.url()).json(&question).send().await.unwrap();
        answer.json().await.unwrap()
    }

    #[tokio::test]
    async fn a_card_is_what_was_declared_of_it() {
        let authority = Authority::start(listen(0).await.unwrap());
        let number = Holder::named("angela").unwrap().number;
        let said = ask(&authority, "FRA", number).await;
        assert_eq!((&said["status"], &said["birthplace"]), (&json!("valid"), &json!("75107")));
        authority.declare(number, Status::HolderDeceased);
        assert_eq!(ask(&authority, "FRA", number).await["status"], "holder_deceased");
        assert_eq!(ask(&authority, "FRA", "SIM999999").await["status"], "unknown");
        assert_eq!(ask(&authority, "BEL", number).await["status"], "unknown");
        assert_eq!(authority.questions(), 4);
        let renewed = Holder { number: "SIM999999", ..Holder::named("angela").unwrap() };
        authority.issue(renewed);
        let said = ask(&authority, "FRA", renewed.number).await;
        assert_eq!((&said["status"], &said["birthplace"]), (&json!("valid"), &json!("75107")));
    }

    #[tokio::test]
    async fn it_fails_as_it_is_told() {
        let authority = Authority::start(listen(0).await.unwrap());
        authority.set(Conduct::Error);
        let sent = reqwest::Client::new().post(authority.url()).json(&json!({})).send().await.unwrap();
        assert_eq!(sent.status(), 500);
        authority.set(Conduct::Ok);
        let sent = reqwest::Client::new().post(authority.url()).json(&json!({ "nothing": 1 })).send().await.unwrap();
        assert_eq!(sent.status(), 400);
    }
}
