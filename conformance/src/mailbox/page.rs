//! The mailbox as a person and as a test reads it.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::{Message, Post};

/// The longest a request may wait for a message, in seconds.
const LONGEST_WAIT: u64 = 60;

pub(super) fn router(post: Arc<Post>) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/messages", get(json))
        .route("/messages/{id}", get(read))
        .with_state(post)
        .merge(crate::pages::assets())
}

#[derive(Template)]
#[template(path = "mailbox_list.html")]
struct List {
    messages: Vec<Message>,
}

#[derive(Template)]
#[template(path = "mailbox_message.html")]
struct Reading {
    message: Option<Message>,
}

/// `GET /`.
async fn list(State(post): State<Arc<Post>>) -> Response {
    let mut messages = post.select(None, 0);
    messages.reverse();
    crate::pages::page(StatusCode::OK, &List { messages })
}

/// `GET /messages/{id}`.
async fn read(State(post): State<Arc<Post>>, Path(id): Path<u64>) -> Response {
    let message = post.select(None, 0).into_iter().find(|message| message.id == id);
    let status = if message.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    crate::pages::page(status, &Reading { message })
}

#[derive(Debug, Deserialize)]
struct Wanted {
    to: Option<String>,
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait: u64,
}

/// `GET /messages`: what matches, at once when there is something, else when it comes.
async fn json(State(post): State<Arc<Post>>, Query(wanted): Query<Wanted>) -> Json<Vec<Message>> {
    let patience = Duration::from_secs(wanted.wait.min(LONGEST_WAIT));
    Json(post.wait_for(wanted.to.as_deref(), wanted.after, patience).await)
}

impl Message {
    /// The text in pieces, each with whether it is a link.
    fn pieces(&self) -> Vec<(&str, bool)> {
        let mut pieces = Vec::new();
        for part in self.text.split_inclusive(char::is_whitespace) {
            let word = part.trim_end();
            let is_link = ["http://", "https://"].iter().any(|scheme| word.starts_with(scheme));
            pieces.push((word, is_link));
            pieces.push((&part[word.len()..], false));
        }
        pieces
    }

    /// Day and time of arrival as French pages write them, in UTC.
    fn arrival(&self) -> String {
        let format = format_description!("[day]/[month]/[year] à [hour]:[minute] (UTC)");
        let moment = OffsetDateTime::from_unix_timestamp(self.received_at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        moment.format(format).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_message_is_a_link_and_nothing_else_is() {
        let text = "Ouvrez :\n\nhttp://127.0.0.1:1/carte/confirmer/A-b_1\r\n<b>javascript:x</b>\n".to_owned();
        let (to, subject, source) = (Vec::new(), String::new(), String::new());
        let message = Message { id: 1, from: String::new(), to, subject, text, html: None, received_at: 0, source };
        let whole: String = message.pieces().iter().map(|(piece, _)| *piece).collect();
        assert_eq!(whole, message.text, "not a character is lost");
        let shown = Reading { message: Some(message) }.render().unwrap();
        assert_eq!(shown.matches("<a href=\"http").count(), 1, "{shown}");
        assert!(shown.contains(">http://127.0.0.1:1/carte/confirmer/A-b_1</a>\r\n"), "{shown}");
        assert!(!shown.contains("<b>"), "{shown}");
    }
}
