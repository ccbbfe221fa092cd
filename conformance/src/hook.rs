//! Where a program hears what becomes of requests for habilitations: a site that keeps what it is sent, byte for byte, and
//! answers as it is told. Signatures are judged by RFC 2104 as it is written, not by the gateway's library.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;

use crate::site::{Site, listen};

/// A receiver that listens until dropped.
#[derive(Debug)]
pub struct Hook {
    site: Site,
    desk: Arc<Desk>,
}

#[derive(Debug)]
struct Desk {
    status: Mutex<StatusCode>,
    heard: Mutex<Vec<Heard>>,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes.
    pub body: Vec<u8>,
    /// How it was answered.
    pub answered: StatusCode,
}

impl Heard {
    /// The body.
    ///
    /// # Panics
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// The signature, as it was sent.
    ///
    /// # Panics
    /// When there is none.
    pub fn signature(&self) -> &str {
        self.headers["x-hub-signature-256"].to_str().expect("a text")
    }

    /// Whether the signature is that of the bytes under a secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        self.signature() == sign(secret, &self.body)
    }
}

impl Hook {
    /// Starts one that answers with this status.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub async fn start(status: StatusCode) -> Self {
        let desk = Arc::new(Desk { status: Mutex::new(status), heard: Mutex::default() });
        let router = Router::new().route("/crochet", post(take)).with_state(Arc::clone(&desk));
        Self { site: Site::serve(listen(0).await.expect("a free port"), router), desk }
    }

    /// Where it is called.
    pub fn uri(&self) -> String {
        format!("http://{}/crochet", self.site.address())
    }

    /// Answers so from now on.
    pub fn set(&self, status: StatusCode) {
        *unpoisoned(&self.desk.status) = status;
    }

    /// All that came so far.
    pub fn heard(&self) -> Vec<Heard> {
        unpoisoned(&self.desk.heard).clone()
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let answered = *unpoisoned(&desk.status);
    unpoisoned(&desk.heard).push(Heard { headers, body: body.to_vec(), answered });
    (answered, if answered == StatusCode::NO_CONTENT { "" } else { "reçu" })
}

/// `sha256=` and HMAC-SHA256 in lower-case hexadecimal (RFC 2104 §2).
pub fn sign(secret: &str, body: &[u8]) -> String {
    const BLOCK: usize = 64;
    let sha256 = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().to_vec();
    let mut key = secret.as_bytes().to_vec();
    if key.len() > BLOCK {
        key = sha256(&key);
    }
    key.resize(BLOCK, 0);
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = sha256(&[padded(0x36), body.to_vec()].concat());
    let outer = sha256(&[padded(0x5c), inner].concat());
    outer.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_rfc_4231() {
        let known = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(sign("Jefe", b"what do ya want for nothing?"), known);
    }
}
