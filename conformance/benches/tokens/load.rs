//! The load: requests made beforehand, so many at once. The gateway and the floor get the very same ones.
//!
//! A request's time runs until its answer is read, and holds what this machine did meanwhile, the load's own work
//! included. Connections are kept and shared, as behind a proxy.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use axum::http::{HeaderName, Method, header};
use hdrhistogram::Histogram;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::Operation;

/// A request, whole but for where it goes.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// What it asks.
    pub(crate) operation: Operation,
    /// Its headers.
    pub(crate) headers: Vec<(HeaderName, String)>,
    /// Its form, encoded; none for a GET.
    pub(crate) form: Option<String>,
}

/// What a round took.
#[derive(Debug)]
pub(crate) struct Taken {
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// The time of each request, in microseconds.
    pub(crate) latency: Histogram<u64>,
    /// The answers, in no order.
    pub(crate) answers: Vec<Value>,
}

/// Connections to one server.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Where it is, without a trailing slash.
    pub(crate) base: String,
    http: reqwest::Client,
}

impl Line {
    /// To the server at `base`.
    pub(crate) fn to(base: &str) -> anyhow::Result<Self> {
        Ok(Self { base: base.to_owned(), http: reqwest::Client::builder().no_proxy().build()? })
    }

    /// Sends them all, `at_once` at once.
    pub(crate) async fn fire(&self, requests: Vec<Prepared>, at_once: u32) -> anyhow::Result<Taken> {
        let waiting = Arc::new(Mutex::new(requests));
        let started = Instant::now();
        let mut senders = JoinSet::new();
        for _ in 0..at_once {
            let (line, waiting) = (self.clone(), Arc::clone(&waiting));
            senders.spawn(async move {
                let (mut latency, mut answers) = (Histogram::<u64>::new(3)?, Vec::new());
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let Some(request) = next else { return anyhow::Ok((latency, answers)) };
                    let began = Instant::now();
                    answers.push(line.send(request).await?);
                    latency.record(u64::try_from(began.elapsed().as_micros())?)?;
                }
            });
        }
        let (mut latency, mut answers) = (Histogram::new(3)?, Vec::new());
        while let Some(finished) = senders.join_next().await {
            let (times, read) = finished??;
            latency.add(times)?;
            answers.extend(read);
        }
        Ok(Taken { wall: started.elapsed(), latency, answers })
    }

    async fn send(&self, request: Prepared) -> anyhow::Result<Value> {
        let (operation, form) = (request.operation, request.form);
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let mut sent = self.http.request(method, format!("{}{}", self.base, operation.path()));
        for (name, value) in request.headers {
            sent = sent.header(name, value);
        }
        if let Some(form) = form {
            sent = sent.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        let answer = sent.send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{operation:?}: {status} {body}");
        let body: Value = serde_json::from_str(&body)?;
        operation.is_answered_by(&body).then_some(()).with_context(|| format!("{operation:?}: {body}"))?;
        Ok(body)
    }

    /// A GET of JSON beside the load.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.http.get(format!("{}{path}", self.base)).send().await?.error_for_status()?.json().await?)
    }
}

impl Operation {
    /// Where it is asked, at the gateway and at the floor.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Token => "/token",
            Self::Userinfo => "/userinfo",
            Self::Introspection => "/introspect",
            Self::Push => "/par",
        }
    }

    /// Whether that is what was asked for, and not a polite refusal.
    fn is_answered_by(self, body: &Value) -> bool {
        match self {
            Self::Token => body["id_token"].is_string() && body["access_token"].is_string(),
            Self::Userinfo => body["sub"].is_string() && body["family_name"].is_string(),
            Self::Introspection => body["active"] == true && body["sub"].is_string(),
            Self::Push => body["request_uri"].is_string(),
        }
    }
}
