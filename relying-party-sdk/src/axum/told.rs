//! Sessions that the gateway ended while their cookies live on in browsers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::SignIn;
use crate::backchannel_logout::BackchannelLogout;
use crate::clock;
use crate::session::Session;

/// Logouts remembered; each is forgotten when the sessions it ends have died of age.
const MOST_LOGOUTS: usize = 65_536;

/// The logouts that this process was told of, by citizen, or by session where no citizen was named.
#[derive(Debug, Default)]
pub(crate) struct Ended(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    count: usize,
    by_name: HashMap<Name, Vec<(BackchannelLogout, i64)>>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Name {
    Subject(String),
    Session(String),
}

impl Ended {
    /// Remembers a logout until this time; whether there was room. Times in seconds since 1970.
    pub(crate) fn remember(&self, logout: &BackchannelLogout, until: i64, now: i64) -> bool {
        let name = match (logout.subject(), logout.sid()) {
            (Some(subject), _) => Name::Subject(subject.as_str().to_owned()),
            (None, sid) => Name::Session(sid.unwrap_or_default().to_owned()),
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.count >= MOST_LOGOUTS {
            kept.forget(now);
        }
        if kept.count >= MOST_LOGOUTS {
            return false;
        }
        kept.count = kept.count.saturating_add(1);
        kept.by_name.entry(name).or_default().push((logout.clone(), until));
        true
    }

    pub(crate) fn holds(&self, session: &Session) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |name: &Name| kept.by_name.get(name).is_some_and(|all| all.iter().any(|(it, _)| it.ends(session)));
        of(&Name::Subject(session.identity().subject().as_str().to_owned()))
            || session.sid().is_some_and(|sid| of(&Name::Session(sid.to_owned())))
    }
}

impl Kept {
    fn forget(&mut self, now: i64) {
        self.by_name.retain(|_, all| {
            all.retain(|(_, until)| *until >= now);
            !all.is_empty()
        });
        self.count = self.by_name.values().map(Vec::len).sum();
    }
}

impl SignIn {
    /// Ends the sessions of this process that a back-channel logout ends; whether there was room to remember it. The
    /// ready route does it by itself: this is for the other processes of a site, when one of them was told.
    #[must_use]
    pub fn end_sessions(&self, logout: &BackchannelLogout) -> bool {
        let now = clock::now();
        let lifetime = i64::try_from(self.0.lifetime.as_secs()).unwrap_or(i64::MAX);
        self.0.ended.remember(logout, now.saturating_add(lifetime), now)
    }
}

/// OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8.
pub(crate) async fn backchannel_logout(State(sign_in): State<SignIn>, body: String) -> Response {
    let client = &sign_in.0.client;
    let status = match client.backchannel_logout(&body).await {
        Err(error) if error.may_pass() => {
            tracing::warn!(code = error.code(), %error, "a back-channel logout could not be judged");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(error) => {
            tracing::warn!(code = error.code(), %error, "a back-channel logout was refused");
            StatusCode::BAD_REQUEST
        }
        Ok(logout) => match sign_in.carry_out(logout.clone()).await {
            Ok(()) => StatusCode::OK,
            Err(error) => {
                tracing::warn!(%error, "a back-channel logout was not carried out");
                client.release_logout(&logout);
                // §2.8 has 400 here too, which tells the gateway that the token is wrong and to give up: this one was
                // right, and a session that should have ended still lives
                StatusCode::SERVICE_UNAVAILABLE
            }
        },
    };
    let mut answer = (status, [(CACHE_CONTROL, "no-store")]).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("30"));
    }
    answer
}

impl SignIn {
    async fn carry_out(&self, logout: BackchannelLogout) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if !self.end_sessions(&logout) {
            return Err("too many logouts are remembered: shorten the lifetime of sessions".into());
        }
        match &self.0.backchannel {
            Some((_, told)) => told(logout).await,
            None => Ok(()),
        }
    }
}
