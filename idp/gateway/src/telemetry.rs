//! What is logged, and what never is: no query string, no body, no address, no name. A request is known by its route
//! (`/signin/{id}/choose`, never the id) and by a number that ties its lines together.

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io::IsTerminal as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::{IntoResponse as _, Response};
use domain::secret::base64url;
use http::{HeaderValue, Method, Request, StatusCode, header};
use tower::{Layer, Service};
use tracing::level_filters::LevelFilter;
use tracing::{Instrument as _, Metadata, Span};
use tracing_subscriber::filter::{FilterExt as _, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt as lines};

use crate::audit::{self, Other};
use crate::config::{Log, LogFormat};
use crate::random::Random;

/// Starts logging to standard error, and logs panics from now on.
pub(crate) fn start(log: &Log) {
    // The configuration parsed the filter before.
    let wanted: Targets = log.filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let filter = wanted.and(filter_fn(is_fit_to_log)).or(filter_fn(is_audit));
    let lines = lines::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let started = match log.format {
        LogFormat::Text => tracing_subscriber::registry().with(lines.with_target(false).with_filter(filter)).try_init(),
        LogFormat::Json => tracing_subscriber::registry().with(lines.json().with_filter(filter)).try_init(),
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            // A message that was put together may hold what was being worked on; one from the source does not.
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
            tracing::error!(place, message, "a panic");
        }));
    }
}

/// Below `info`, libraries log what they handle: addresses, headers, statements. Only our own crates may.
fn is_fit_to_log(metadata: &Metadata<'_>) -> bool {
    let ours = ["idp", "domain", "store"]
        .iter()
        .any(|name| metadata.target().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")));
    ours || *metadata.level() <= tracing::Level::INFO
}

/// What is accounted for is logged whatever is wanted beside: the refusals, and the spans that say of which request.
fn is_audit(metadata: &Metadata<'_>) -> bool {
    metadata.target() == audit::TARGET
}

/// What a browser gets when a handler panicked. Plain: whatever made the page may be what broke.
pub(crate) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    const PAGE: &str = "<!doctype html>\n<html lang=\"fr\"><meta charset=\"utf-8\"><title>Erreur</title>\n\
        <main data-page=\"problem\"><h1>Une erreur est survenue</h1>\n\
        <p>Revenez au service et recommencez. <span lang=\"en\">Something went wrong. Please go back to the service and \
        try again.</span></p>\n<p data-code=\"P500\">P500</p></main></html>\n";
    let mut response = (StatusCode::INTERNAL_SERVER_ERROR, PAGE).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    audit::mark(response, Other::Panicked)
}

/// The number of a request: ties its lines in the log together. In requests as an extension, in answers as
/// `x-request-id`. Always our own: one from outside could be chosen to lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(String);

impl RequestId {
    fn new(random: Random) -> Self {
        Self(base64url(&random.bytes::<12>()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The layer that numbers requests and logs how each ended.
pub(crate) const fn layer() -> Telling {
    Telling(())
}

/// See [`layer`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling(());

impl<S> Layer<S> for Telling {
    type Service = Told<S>;

    fn layer(&self, inner: S) -> Told<S> {
        Told { inner, random: Random::system() }
    }
}

/// A service whose requests are numbered and logged.
#[derive(Debug, Clone)]
pub(crate) struct Told<S> {
    inner: S,
    random: Random,
}

impl<S, B> Service<Request<Body>> for Told<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let id = RequestId::new(self.random);
        let span = span(&request, &id);
        request.extensions_mut().insert(id.clone());
        let started = tokio::time::Instant::now();
        let answering = {
            let _entered = span.enter();
            self.inner.call(request)
        };
        let logged = async move {
            let mut response = answering.await?;
            if let Ok(value) = HeaderValue::from_str(&id.0) {
                response.headers_mut().insert("x-request-id", value);
            }
            let (status, milliseconds) = (response.status().as_u16(), started.elapsed().as_millis());
            if let Some(entry) = audit::entry(&mut response) {
                entry.tell(status, milliseconds);
            } else {
                tracing::info!(status, milliseconds, "answered");
            }
            Ok(response)
        };
        Box::pin(logged.instrument(span))
    }
}

fn span(request: &Request<Body>, id: &RequestId) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str);
    // One that the standard does not name is whatever its sender wrote.
    let method = match *request.method() {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::DELETE
        | Method::CONNECT
        | Method::OPTIONS
        | Method::TRACE
        | Method::PATCH => request.method().as_str(),
        _ => "(other)",
    };
    tracing::info_span!(target: audit::TARGET, "request", %id, method, route)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::routing::get;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        fn text(&self) -> String {
            String::from_utf8_lossy(&self.0.lock().expect("whole")).into_owned()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("whole").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Page {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// Runs one request under a subscriber of its own and gives the answer and the log.
    fn logged(router: Router, uri: &str) -> (Response, String) {
        let page = Page::default();
        let filter = "trace".parse::<Targets>().expect("a filter").and(filter_fn(is_fit_to_log));
        let subscriber = tracing_subscriber::registry()
            .with(lines::layer().with_ansi(false).with_writer(page.clone()).with_filter(filter));
        let request = Request::get(uri).header("cookie", "session=geheim").body(Body::empty()).expect("a request");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let response = tracing::subscriber::with_default(subscriber, || {
            runtime.block_on(router.layer(layer()).oneshot(request)).expect("infallible")
        });
        (response, page.text())
    }

    #[test]
    fn a_request_is_logged_by_its_route_and_never_by_what_it_holds() {
        let router = Router::new().route(
            "/signin/{id}",
            get(|| async {
                tracing::debug!("inside");
                "hello"
            }),
        );
        let (response, log) = logged(router, "/signin/SECRET-ID?code=SECRET-CODE&login_hint=angela@exemple.fr");
        assert!(
            log.contains("route=\"/signin/{id}\"") && log.contains("status=200") && log.contains("inside"),
            "{log}"
        );
        for secret in ["SECRET", "angela", "geheim"] {
            assert!(!log.contains(secret), "{log}");
        }
        let id = response.headers().get("x-request-id").expect("numbered").to_str().expect("ASCII");
        assert_eq!(log.matches(id).count(), 2, "each line has the number: {log}");
    }

    #[test]
    fn a_number_from_outside_is_replaced_and_an_unknown_path_is_not_repeated() {
        let (response, log) = logged(Router::new(), "/angela@exemple.fr/../x");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert!(log.contains("(none)") && !log.contains("angela"), "{log}");
    }

    #[test]
    fn libraries_are_held_to_info_whatever_the_filter_says() {
        let router = Router::new().route(
            "/",
            get(|| async {
                tracing::debug!(target: "h2::codec", header = "cookie: session=geheim", "received");
                tracing::warn!(target: "h2::codec", "told");
                tracing::trace!(target: "idp::upstream", "ours");
                tracing::debug!(target: "idprising", "not ours");
            }),
        );
        let (_, log) = logged(router, "/");
        assert!(!log.contains("geheim") && !log.contains("not ours"), "{log}");
        assert!(log.contains("told") && log.contains("ours"), "{log}");
    }

    #[test]
    fn a_panic_becomes_a_plain_page_that_repeats_nothing() {
        async fn breaks() -> &'static str {
            panic!("geheim")
        }
        let router = Router::new().route("/", get(breaks)).layer(CatchPanicLayer::custom(panicked));
        let (response, log) = logged(router, "/");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(log.contains("status=500"), "{log}");
        let body = futures_util::FutureExt::now_or_never(axum::body::to_bytes(response.into_body(), 10_000));
        let body = body.expect("at hand").expect("read");
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains("data-code=\"P500\"") && !body.contains("geheim"), "{body}");
    }
}
