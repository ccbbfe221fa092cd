//! The one HTTP client: no redirects, short time-outs, bounded bodies.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use url::Url;
use zeroize::Zeroizing;

use crate::error::Error;

/// An honest answer of the gateway stays far below this many bytes.
const BODY_LIMIT: usize = 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Http(reqwest::Client);

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Media type without parameters, lower case; empty when there is none.
    pub(crate) media_type: String,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Where the calls of this client go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everywhere, over HTTPS only, through the proxy of the machine if it has one.
    Internet,
    /// To this machine, over plain HTTP too, never through a proxy.
    Loopback,
}

impl Http {
    #[expect(clippy::disallowed_methods, reason = "this is the one HTTP client: redirects off, timed, bounded")]
    pub(crate) fn new(reach: Reach) -> Result<Self, Error> {
        let builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .user_agent(concat!("relying-party-sdk/", env!("CARGO_PKG_VERSION")));
        let builder = match reach {
            Reach::Internet => builder.https_only(true),
            Reach::Loopback => builder.no_proxy(),
        };
        let client = builder.build().map_err(|error| Error::HttpClient { detail: causes(&error) })?;
        Ok(Self(client))
    }

    pub(crate) async fn get(&self, url: &Url, accept: &'static str) -> Result<Answer, Error> {
        self.send(url, self.0.get(url.clone()).header(ACCEPT, accept)).await
    }

    pub(crate) async fn get_with_token(&self, url: &Url, token: &str, accept: &'static str) -> Result<Answer, Error> {
        let bearer = Zeroizing::new(format!("Bearer {token}"));
        let request = self.0.get(url.clone()).header(ACCEPT, accept).header(AUTHORIZATION, secret_header(&bearer)?);
        self.send(url, request).await
    }

    pub(crate) async fn post_form(&self, url: &Url, body: String, basic: Option<&str>) -> Result<Answer, Error> {
        let mut request = self
            .0
            .post(url.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        if let Some(basic) = basic {
            request = request.header(AUTHORIZATION, secret_header(basic)?);
        }
        self.send(url, request).await
    }

    async fn send(&self, url: &Url, request: reqwest::RequestBuilder) -> Result<Answer, Error> {
        let unreachable = |error: reqwest::Error| Error::Unreachable { url: url.clone(), detail: causes(&error) };
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(Error::Redirected { url: url.clone(), status: status.as_u16() });
        }
        let media_type = answer
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(part) = answer.chunk().await.map_err(unreachable)? {
            if body.len().saturating_add(part.len()) > BODY_LIMIT {
                return Err(Error::TooLarge { url: url.clone(), limit: BODY_LIMIT });
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer { status: status.as_u16(), media_type, body })
    }
}

fn secret_header(value: &str) -> Result<HeaderValue, Error> {
    let mut header = HeaderValue::from_str(value).map_err(|_| Error::Setting {
        name: "credentials",
        seen: "(secret)".into(),
        wanted: "the credentials and tokens must be visible ASCII",
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// The whole chain of causes: reqwest alone says only `error sending request`.
fn causes(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}
