//! Where a relying party hears of logouts (OIDC Back-Channel Logout §2.5): a site that keeps what it is sent, and answers
//! as it is told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;

use crate::site::{Site, listen};

/// How the receiver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// With this status.
    Answers(StatusCode),
    /// Never.
    Hangs,
}

/// A receiver that listens until dropped.
#[derive(Debug)]
pub struct Receiver {
    site: Site,
    desk: Arc<Desk>,
}

#[derive(Debug)]
struct Desk {
    mood: Mutex<Mood>,
    received: Mutex<Vec<Received>>,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Names and values of the form.
    pub form: Vec<(String, String)>,
    /// How it was answered.
    pub answered: Mood,
}

impl Received {
    /// The logout token: the one thing in the form.
    ///
    /// # Panics
    /// When the form holds anything else.
    pub fn token(&self) -> &str {
        match self.form.as_slice() {
            [(name, token)] if name == "logout_token" => token,
            other => panic!("the body holds the token alone (§2.5): {other:?}"),
        }
    }
}

impl Receiver {
    /// Starts one.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub async fn start(mood: Mood) -> Self {
        let desk = Arc::new(Desk { mood: Mutex::new(mood), received: Mutex::default() });
        let router = Router::new().route("/backchannel-logout", post(take)).with_state(Arc::clone(&desk));
        Self { site: Site::serve(listen(0).await.expect("a free port"), router), desk }
    }

    /// What to register as `backchannel_logout_uri`.
    pub fn uri(&self) -> String {
        format!("http://{}/backchannel-logout", self.site.address())
    }

    /// Answers so from now on.
    pub fn set(&self, mood: Mood) {
        *unpoisoned(&self.desk.mood) = mood;
    }

    /// All that came so far.
    pub fn received(&self) -> Vec<Received> {
        unpoisoned(&self.desk.received).clone()
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, Form(form): Form<Vec<(String, String)>>) -> Response {
    let mood = *unpoisoned(&desk.mood);
    assert!(!headers.contains_key("cookie") && !headers.contains_key("authorization"), "the token alone speaks");
    unpoisoned(&desk.received).push(Received { form, answered: mood });
    match mood {
        Mood::Answers(status) => status.into_response(),
        Mood::Hangs => std::future::pending().await,
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
