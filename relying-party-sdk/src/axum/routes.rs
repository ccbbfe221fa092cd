//! The handlers behind the ready routes.

use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::{SignIn, cookies};
use crate::button::{Language, STYLESHEET};
use crate::error::Error;
use crate::local_path::LocalPath;

impl SignIn {
    async fn come_back(
        &self,
        query: &str,
        headers: &HeaderMap,
        cleared: &mut Vec<HeaderValue>,
    ) -> Result<Response, Error> {
        let answer = self.0.client.read_answer(query).await?;
        let state = answer.state.as_deref().ok_or(Error::Answer { detail: "the state is missing" })?;
        let name = self.0.cookies.login_name(state);
        let Some(sealed) = cookies::value(headers, &name) else {
            // the back button or a second click on the way back: the session is already there
            return self.session(headers).map(|_| see_other("/", Vec::new())).ok_or(Error::NoLogin);
        };
        cleared.push(self.0.cookies.clear(&name));
        let pending = self.0.key.open_login(sealed).map_err(|_| Error::NoLogin)?;
        let page = pending.return_to().clone();
        let session = self.0.client.take_answer(pending, answer).await?;
        let sealed = self.0.key.seal_session(&session, self.0.lifetime);
        let seconds = i64::try_from(self.0.lifetime.as_secs()).unwrap_or(i64::MAX);
        let mut set = self.0.cookies.set_session(&sealed, seconds)?;
        set.append(cleared);
        Ok(see_other(page.as_str(), set))
    }

    async fn begin_initiated(&self, query: &str, headers: &HeaderMap) -> Response {
        let targets = self.0.initiated.as_ref().map(|(_, targets)| targets.as_slice()).unwrap_or_default();
        match self.0.client.initiated_login(query, targets) {
            Ok(initiated) => {
                let login = initiated.applied_to(self.0.login.clone());
                self.depart(&login, initiated.target().clone(), headers).await
            }
            Err(error) => self.fail(&error, headers, Vec::new()),
        }
    }

    fn leave(&self, headers: &HeaderMap) -> Result<Response, Error> {
        let mut set: Vec<HeaderValue> = self.0.cookies.clear_session().collect();
        let Some(session) = self.session(headers) else {
            return Ok(see_other("/", set));
        };
        let departure = match self.0.client.logout(&session) {
            Ok(departure) => departure,
            // the gateway has no logout: the session of this site still ends
            Err(Error::Unsupported { .. }) => return Ok(see_other("/", set)),
            Err(error) => return Err(error),
        };
        if let Some(pending) = &departure.pending {
            let sealed = self.0.key.seal_logout(pending);
            set.push(self.0.cookies.set_for_login(&self.0.cookies.logout_name(), &sealed));
        }
        Ok(see_other(departure.url.as_str(), set))
    }
}

pub(crate) async fn login(State(sign_in): State<SignIn>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let (mut page, mut login) = (LocalPath::root(), sign_in.0.login.clone());
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match (name.as_ref(), value.as_ref()) {
            ("return_to", text) => page = LocalPath::parse(text).unwrap_or(page),
            ("lang", "fr") => login = login.with_language(Language::French),
            ("lang", "en") => login = login.with_language(Language::English),
            _ => {}
        }
    }
    sign_in.depart(&login, page, &headers).await
}

pub(crate) async fn initiated(
    State(sign_in): State<SignIn>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    sign_in.begin_initiated(&query.unwrap_or_default(), &headers).await
}

pub(crate) async fn posted_initiated(State(sign_in): State<SignIn>, headers: HeaderMap, body: String) -> Response {
    sign_in.begin_initiated(&body, &headers).await
}

pub(crate) async fn published_keys(State(sign_in): State<SignIn>) -> Response {
    let keys = sign_in.0.client.registration().public_keys().to_string();
    ([(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=3600")], keys).into_response()
}

pub(crate) async fn callback(State(sign_in): State<SignIn>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    arrive(&sign_in, &query.unwrap_or_default(), &headers).await
}

/// OAuth 2.0 Form Post Response Mode §2.
pub(crate) async fn posted_callback(State(sign_in): State<SignIn>, headers: HeaderMap, body: String) -> Response {
    arrive(&sign_in, &body, &headers).await
}

async fn arrive(sign_in: &SignIn, answer: &str, headers: &HeaderMap) -> Response {
    let mut cleared = Vec::new();
    match sign_in.come_back(answer, headers, &mut cleared).await {
        Ok(response) => response,
        Err(error) => sign_in.fail(&error, headers, cleared),
    }
}

pub(crate) async fn logout(State(sign_in): State<SignIn>, headers: HeaderMap) -> Response {
    // SameSite=Lax already keeps other sites out; this keeps out sibling domains (CWE-352)
    let origin = headers.get(HeaderName::from_static("sec-fetch-site")).map(HeaderValue::as_bytes);
    if origin.is_some_and(|origin| origin != b"same-origin" && origin != b"none") {
        return StatusCode::FORBIDDEN.into_response();
    }
    sign_in.leave(&headers).unwrap_or_else(|error| sign_in.fail(&error, &headers, Vec::new()))
}

pub(crate) async fn logged_out(
    State(sign_in): State<SignIn>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let name = sign_in.0.cookies.logout_name();
    let Some(sealed) = cookies::value(&headers, &name) else {
        return see_other("/", Vec::new());
    };
    let clear = vec![sign_in.0.cookies.clear(&name)];
    let checked = sign_in.0.key.open_logout(sealed).and_then(|logout| logout.check(&query.unwrap_or_default()));
    match checked {
        Ok(()) => see_other("/", clear),
        Err(error) => sign_in.fail(&error, &headers, clear),
    }
}

pub(crate) async fn stylesheet() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")];
    (headers, STYLESHEET).into_response()
}

/// A redirect that is never cached and leaves no code in the `Referer` of the next page (RFC 9700 §4.2).
pub(crate) fn see_other(to: &str, set: Vec<HeaderValue>) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (LOCATION, location),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    let mut response = (StatusCode::SEE_OTHER, headers).into_response();
    append_cookies(&mut response, set);
    response
}

pub(crate) fn append_cookies(response: &mut Response, set: Vec<HeaderValue>) {
    for cookie in set {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
