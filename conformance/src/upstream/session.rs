//! The sessions of a provider: who signed in with which browser, until they log out.

use std::collections::HashMap;
use std::sync::Mutex;

use axum::http::{HeaderMap, HeaderValue, header};

use super::{Provider, unpoisoned};
use crate::people::Person;
use crate::random;

/// The cookie, under the path of its provider.
const COOKIE: &str = "bac-a-sable-session";

/// Who is signed in, by the secret of the cookie.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

/// One browser that signed in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session {
    pub(super) person: &'static Person,
    pub(super) signed_in_at: i64,
}

impl Sessions {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        unpoisoned(&self.0).len()
    }

    /// Opens one, and hands its secret to the browser.
    pub(super) fn open(&self, provider: &Provider, session: Session, headers: &mut HeaderMap) {
        let secret = random::token();
        let cookie = format!("{COOKIE}={secret}; Path=/{}; HttpOnly; SameSite=Lax", provider.id);
        unpoisoned(&self.0).insert(secret, session);
        headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie).expect("plain ASCII"));
    }

    /// The one that a browser shows.
    pub(super) fn of(&self, headers: &HeaderMap) -> Option<Session> {
        unpoisoned(&self.0).get(secret(headers)?).copied()
    }

    /// Ends the one that a browser shows.
    pub(super) fn end(&self, headers: &HeaderMap) {
        if let Some(secret) = secret(headers) {
            unpoisoned(&self.0).remove(secret);
        }
    }
}

fn secret(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}
