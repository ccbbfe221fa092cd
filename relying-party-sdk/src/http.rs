//! The one HTTP client: no redirects, short time-outs, bounded bodies.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
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

/// Headers that carry credentials: never shown, never logged.
pub(crate) type SecretHeaders = Vec<(&'static str, Zeroizing<String>)>;

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Media type without parameters, lower case; empty when there is none.
    pub(crate) media_type: String,
    /// `DPoP-Nonce` (RFC 9449 §8), as it came.
    pub(crate) dpop_nonce: Option<String>,
    /// Every `WWW-Authenticate`, joined by commas (RFC 9110 §5.3).
    pub(crate) challenges: String,
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
        self.get_with(url, accept, Vec::new()).await
    }

    pub(crate) async fn get_with(
        &self,
        url: &Url,
        accept: &'static str,
        headers: SecretHeaders,
    ) -> Result<Answer, Error> {
        self.send(url, self.0.get(url.clone()).header(ACCEPT, accept).headers(secret(headers)?)).await
    }

    pub(crate) async fn post_form(&self, url: &Url, body: String, headers: SecretHeaders) -> Result<Answer, Error> {
        let request = self
            .0
            .post(url.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .headers(secret(headers)?)
            .body(body);
        self.send(url, request).await
    }

    async fn send(&self, url: &Url, request: reqwest::RequestBuilder) -> Result<Answer, Error> {
        let unreachable = |error: reqwest::Error| Error::Unreachable { url: url.clone(), detail: causes(&error) };
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(Error::Redirected { url: url.clone(), status: status.as_u16() });
        }
        let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let media_type = text("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
        let media_type = media_type.trim().to_ascii_lowercase();
        let dpop_nonce = text("dpop-nonce").map(str::to_owned);
        let challenges = answer.headers().get_all("www-authenticate").iter().filter_map(|value| value.to_str().ok());
        let challenges = challenges.collect::<Vec<_>>().join(", ");
        let mut body = Zeroizing::new(Vec::new());
        while let Some(part) = answer.chunk().await.map_err(unreachable)? {
            if body.len().saturating_add(part.len()) > BODY_LIMIT {
                return Err(Error::TooLarge { url: url.clone(), limit: BODY_LIMIT });
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer { status: status.as_u16(), media_type, dpop_nonce, challenges, body })
    }
}

fn secret(headers: SecretHeaders) -> Result<HeaderMap, Error> {
    let unusable = || Error::Setting {
        name: "credentials",
        seen: "(secret)".into(),
        wanted: "the credentials and tokens must be visible ASCII",
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(&value).map_err(|_| unusable())?;
        value.set_sensitive(true);
        map.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?, value);
    }
    Ok(map)
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
