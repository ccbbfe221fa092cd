//! A browser without JavaScript: it follows redirects by hand, keeps cookies as browsers do, and goes nowhere but to the
//! site and to the provider of its run.

use std::time::Duration;

use cookie_store::CookieStore;
use domain::bench::exchange::{self, Exchange, Sender, cut};
use domain::bench::site::{Method, Site};
use domain::bench::trial::Trouble;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use tokio::time::timeout;
use url::Url;

use crate::outbound::http::{Answer, Http, HttpError, Request};

/// The redirects that are followed.
const MOST_REDIRECTS: usize = 10;
/// The exchanges that are kept of a browser.
const MOST_EXCHANGES: usize = 40;
/// The part of a page that is shown, in bytes.
const SHOWN: usize = 600;

/// Where an address led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Met {
    /// To a page.
    Page {
        /// Its status.
        status: u16,
        /// What it says.
        text: String,
    },
    /// To an endpoint of the provider.
    Provider {
        /// Its path, below the issuer.
        path: String,
        /// The query.
        query: String,
    },
    /// Nowhere.
    Nowhere(Trouble),
}

/// A browser.
#[derive(Debug)]
pub(super) struct Browser<'a> {
    http: &'a Http,
    site: &'a Site,
    issuer: &'a str,
    patience: Duration,
    cookies: CookieStore,
    exchanges: Vec<Exchange>,
}

impl<'a> Browser<'a> {
    /// One without cookies.
    pub(super) fn new(http: &'a Http, site: &'a Site, issuer: &'a str, patience: Duration) -> Self {
        Self { http, site, issuer, patience, cookies: CookieStore::default(), exchanges: Vec::new() }
    }

    /// What it asked and was answered.
    pub(super) fn exchanges(&mut self) -> Vec<Exchange> {
        std::mem::take(&mut self.exchanges)
    }

    /// Goes to an address.
    pub(super) async fn open(&mut self, url: &Url) -> Met {
        self.go(Method::Get, url).await
    }

    /// Asks for an address and follows where it leads.
    pub(super) async fn go(&mut self, method: Method, url: &Url) -> Met {
        let (mut method, mut url) = (method, url.clone());
        for _ in 0..=MOST_REDIRECTS {
            if let Some(endpoint) = self.endpoint(&url) {
                return endpoint;
            }
            if !self.site.is_at(&url) {
                return Met::Nowhere(Trouble::Elsewhere);
            }
            let answer = match self.ask(method, &url).await {
                Ok(answer) => answer,
                Err(trouble) => {
                    self.keep(method, &url, &format!("{trouble:?}"));
                    return Met::Nowhere(trouble);
                }
            };
            for cookie in answer.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
                // One that cannot be read is not kept, as in a browser.
                let _unread = self.cookies.parse(cookie, &url);
            }
            self.keep(method, &url, &told(&answer));
            match next(&answer, &url) {
                None => return page(answer),
                Some(Err(trouble)) => return Met::Nowhere(trouble),
                Some(Ok(location)) => (method, url) = (Method::Get, location),
            }
        }
        Met::Nowhere(Trouble::TooManyRedirects)
    }

    /// An address of the provider, which is not called but answered by the bench itself.
    fn endpoint(&self, url: &Url) -> Option<Met> {
        let rest = url.as_str().strip_prefix(self.issuer)?.strip_prefix('/')?;
        let path = rest.split(['?', '#']).next()?.to_owned();
        Some(Met::Provider { path, query: url.query().unwrap_or_default().to_owned() })
    }

    async fn ask(&self, method: Method, url: &Url) -> Result<Answer, Trouble> {
        let mut request = Request::new(Vec::new());
        *request.uri_mut() = url.as_str().parse().map_err(|_| Trouble::BadRedirect)?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, "text/html,application/xhtml+xml".parse().expect("plain text"));
        headers.insert(ACCEPT_LANGUAGE, "fr".parse().expect("plain text"));
        let pairs: Vec<String> =
            self.cookies.get_request_values(url).map(|(name, value)| format!("{name}={value}")).collect();
        if !pairs.is_empty() {
            headers.insert(COOKIE, pairs.join("; ").parse().map_err(|_| Trouble::Unreachable)?);
        }
        if method == Method::Post {
            headers.insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().expect("plain text"));
            *request.method_mut() = http::Method::POST;
        }
        send(self.http, request, self.patience).await
    }

    fn keep(&mut self, method: Method, url: &Url, answer: &str) {
        if self.exchanges.len() == MOST_EXCHANGES {
            return;
        }
        let verb = match method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        let mut request = format!("{verb} {}", exchange::address(url.as_str()));
        for (name, _) in self.cookies.get_request_values(url) {
            request.extend(["\ncookie: ", name, "=…"]);
        }
        self.exchanges.push(Exchange::new(Sender::Browser, &request, answer));
    }
}

/// Makes a call that has so much time.
pub(super) async fn send(http: &Http, request: Request, patience: Duration) -> Result<Answer, Trouble> {
    match timeout(patience, http.send(request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(HttpError::Refused(_))) => Err(Trouble::Refused),
        Ok(Err(HttpError::TooLarge)) => Err(Trouble::TooLarge),
        Err(_) | Ok(Err(HttpError::TimedOut)) => Err(Trouble::TimedOut),
        Ok(Err(HttpError::Unsendable)) => Err(Trouble::BadRedirect),
        Ok(Err(HttpError::Unreachable { .. })) => Err(Trouble::Unreachable),
    }
}

/// Where an answer sends the browser on to, if it does.
fn next(answer: &Answer, from: &Url) -> Option<Result<Url, Trouble>> {
    const ON: [StatusCode; 5] = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    if !ON.contains(&answer.status()) {
        return None;
    }
    let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    Some(location.and_then(|location| from.join(location).ok()).ok_or(Trouble::BadRedirect))
}

fn page(answer: Answer) -> Met {
    // Nobody asked for it, and what is not unpacked cannot be a bomb.
    if is_compressed(answer.headers()) {
        return Met::Nowhere(Trouble::Compressed);
    }
    let status = answer.status().as_u16();
    Met::Page { status, text: String::from_utf8_lossy(&answer.into_body()).into_owned() }
}

fn is_compressed(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// An answer as it is shown.
pub(super) fn told(answer: &Answer) -> String {
    let mut lines = vec![answer.status().to_string()];
    for (name, value) in answer.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        if name == LOCATION {
            lines.push(format!("location: {}", exchange::address(&value)));
        } else if name == SET_COOKIE {
            let (cookie, attributes) = value.split_once(';').unwrap_or((&value, ""));
            let name = cookie.split('=').next().unwrap_or_default();
            lines.push(format!("set-cookie: {name}=…;{attributes}"));
        } else if [CONTENT_TYPE, CONTENT_ENCODING].contains(name) {
            lines.push(format!("{name}: {value}"));
        }
    }
    let text = String::from_utf8_lossy(answer.body());
    format!("{}\n\n{}", lines.join("\n"), cut(text.trim(), SHOWN))
}
