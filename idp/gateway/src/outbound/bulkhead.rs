//! A bulkhead for each destination: so many calls at once, so much time each, and no queue.
//!
//! A provider that hangs fills its own bulkhead and no other. What does not fit is refused at once, so that a citizen
//! reads in a moment that this provider is busy.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use tower::limit::ConcurrencyLimit;
use tower::load_shed::LoadShed;
use tower::timeout::Timeout;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt as _};

use super::http::{Answer, Http, HttpError, Request};

/// Calls to one destination. Cheap to clone; clones share the limit.
#[derive(Debug, Clone)]
pub(crate) struct Bulkhead {
    stack: LoadShed<ConcurrencyLimit<Timeout<Calls>>>,
}

/// Why a call to one destination failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// As many calls as may be are under way.
    #[error("too many calls are under way")]
    Busy,
    /// The time ran out.
    #[error("no answer in time")]
    TimedOut,
    /// There was no connection, it broke, or the destination is refused.
    #[error("unreachable: {detail}")]
    Unreachable {
        /// What the network said.
        detail: String,
    },
    /// The answer is larger than may be.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer came with a status that is no success.
    #[error("answered with status {0}")]
    Status(u16),
}

impl Bulkhead {
    /// A bulkhead that lets `concurrency` calls through at once, each within `timeout` from its start to the last byte
    /// of its answer.
    pub(crate) fn new(http: Http, concurrency: usize, timeout: Duration) -> Self {
        let stack = ServiceBuilder::new()
            .load_shed()
            .concurrency_limit(concurrency)
            .timeout(timeout)
            .service(Calls(Arc::new(http)));
        Self { stack }
    }

    /// Makes a call; the answer may have any status.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, CallError> {
        self.stack.clone().oneshot(request).await.map_err(|error| CallError::of(&error))
    }

    /// Makes a call whose answer must be a success (2xx).
    pub(crate) async fn fetch(&self, request: Request) -> Result<Answer, CallError> {
        let answer = self.send(request).await?;
        if answer.status().is_success() { Ok(answer) } else { Err(CallError::Status(answer.status().as_u16())) }
    }
}

impl CallError {
    fn of(error: &BoxError) -> Self {
        if error.is::<tower::load_shed::error::Overloaded>() {
            return Self::Busy;
        }
        if error.is::<tower::timeout::error::Elapsed>() {
            return Self::TimedOut;
        }
        match error.downcast_ref::<HttpError>() {
            Some(HttpError::TimedOut) => Self::TimedOut,
            Some(HttpError::TooLarge) => Self::TooLarge,
            Some(HttpError::Unreachable { detail }) => Self::Unreachable { detail: detail.clone() },
            Some(error @ (HttpError::Refused(_) | HttpError::Unsendable)) => {
                Self::Unreachable { detail: error.to_string() }
            }
            None => Self::Unreachable { detail: error.to_string() },
        }
    }
}

/// The client as a tower service.
#[derive(Debug, Clone)]
struct Calls(Arc<Http>);

type CallFuture<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl Service<Request> for Calls {
    type Response = Answer;
    type Error = HttpError;
    type Future = CallFuture<Answer, HttpError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let http = Arc::clone(&self.0);
        Box::pin(async move { http.send(request).await })
    }
}

/// `openidconnect` calls through the bulkhead of its provider.
impl<'c> AsyncHttpClient<'c> for Bulkhead {
    type Error = CallError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, CallError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
