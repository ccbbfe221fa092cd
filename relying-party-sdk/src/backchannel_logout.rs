//! The gateway tells this site that a citizen's session has ended (OpenID Connect Back-Channel Logout 1.0).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::client::Client;
use crate::clock;
use crate::error::{Document, Error};
use crate::id_token::{CLOCK_SKEW, check_issuer_and_audience, check_validity};
use crate::identity::Subject;
use crate::keys::Kind;
use crate::rejection::Rejection;
use crate::session::Session;

/// The member of `events` that makes a token a logout token (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Seconds after its issue that a logout token is taken, whatever its `exp`: it is delivered at once.
const LONGEST_LIFE: i64 = 300;
/// Logout tokens remembered; they are forgotten after minutes, so that only a flood fills it.
const MOST_TOKENS: usize = 65_536;

/// Whose sessions end: those of a session at the gateway, or all of a citizen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackchannelLogout {
    subject: Option<Subject>,
    sid: Option<String>,
    issued: i64,
    jti: String,
}

impl BackchannelLogout {
    /// The citizen (`sub`), if the gateway names one.
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// The session at the gateway (`sid`), if the gateway names one; then only sessions opened from it end.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether it ends this session: one of the named `sid`, or, where none is named, one of the citizen that was
    /// opened before.
    pub fn ends(&self, session: &Session) -> bool {
        let of_citizen = self.subject.as_ref().is_none_or(|subject| subject == session.identity().subject());
        // by the gateway's clock both; a session from before this was kept counts as older
        let opened_before = session.id_token().issued.is_none_or(|issued| issued <= self.issued);
        of_citizen
            && match (&self.sid, session.sid()) {
                (Some(ended), Some(sid)) => ended == sid,
                // the session does not say from which one it was opened: better one too many
                (Some(_), None) => self.subject.is_some() && opened_before,
                (None, _) => opened_before,
            }
    }
}

impl Client {
    /// Verifies a back-channel logout: the raw body of a `POST` to the registered `backchannel_logout_uri`. End the
    /// sessions that it [`ends`](BackchannelLogout::ends), with their refresh tokens; then answer 200, or 400 on an
    /// error and keep them, or 503 with `Retry-After` on one that [may pass](Error::may_pass), or after
    /// [`Client::release_logout`] when you could not end them; all with `Cache-Control: no-store`. The gateway gives up
    /// on a 400, and tells again after anything else.
    ///
    /// A token is taken once. What was taken is remembered by this client and its clones: another process of the
    /// site may still be told the same again, which then ends nothing more.
    ///
    /// # Errors
    /// [`Error::Answer`] when there is not one `logout_token`, [`Error::Untrusted`] when it does not stand up to
    /// verification (§2.6).
    pub async fn backchannel_logout(&self, body: &str) -> Result<BackchannelLogout, Error> {
        let token = logout_token(body)?;
        let untrusted = Error::untrusted(Document::LogoutToken);
        let registration = self.registration();
        let registered = registration.id_token_algorithm;
        let claims = self.keys().verify(self.http(), &token, Kind::Logout, registered).await.map_err(&untrusted)?;
        check_issuer_and_audience(&claims, registration.issuer.as_str(), &registration.client_id)
            .map_err(&untrusted)?;
        let now = clock::now();
        let logout = read(&claims, now).map_err(&untrusted)?;
        let until = logout.issued.saturating_add(LONGEST_LIFE + CLOCK_SKEW);
        self.taken().take(&logout.jti, until, now).map(|()| logout).map_err(untrusted)
    }

    /// Gives a logout back that this site could not carry out: told again, it is taken again.
    pub fn release_logout(&self, logout: &BackchannelLogout) {
        self.taken().release(&logout.jti);
    }
}

fn logout_token(body: &str) -> Result<Zeroizing<String>, Error> {
    let mut tokens = form_urlencoded::parse(body.as_bytes()).filter(|(name, _)| name == "logout_token");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) => Ok(Zeroizing::new(token.into_owned())),
        (None, _) => Err(Error::Answer { detail: "the logout token is missing" }),
        (Some(_), Some(_)) => Err(Error::Answer { detail: "a parameter comes twice" }),
    }
}

/// What a logout token says, once signature, issuer and audience are verified (§2.6); `now` in seconds since 1970.
fn read(claims: &Claims, now: i64) -> Result<BackchannelLogout, Rejection> {
    let issued = check_validity(claims, now)?;
    let before = now.saturating_sub(issued).saturating_sub(LONGEST_LIFE);
    if before > CLOCK_SKEW {
        return Err(Rejection::Expired { seconds: before });
    }
    let expected = "an object with the logout event alone, and an object in it";
    match claims.as_map().get("events") {
        None => return Err(Rejection::Missing { claim: "events" }),
        Some(Value::Object(events)) if events.len() == 1 && events.get(EVENT).is_some_and(Value::is_object) => {}
        Some(_) => return Err(Rejection::Value { claim: "events", expected }),
    }
    // an ID token has one: neither may pass for the other
    if claims.as_map().contains_key("nonce") {
        return Err(Rejection::Value { claim: "nonce", expected: "absent in a logout token" });
    }
    let subject = claims.as_map().contains_key("sub").then(|| Subject::read(claims)).transpose()?;
    let sid = match claims.text("sid")? {
        Some("") => return Err(Rejection::Value { claim: "sid", expected: "a text that says something" }),
        sid => sid.map(str::to_owned),
    };
    if subject.is_none() && sid.is_none() {
        return Err(Rejection::Missing { claim: "sub" });
    }
    Ok(BackchannelLogout { subject, sid, issued, jti: claims.required_text("jti")?.to_owned() })
}

/// The logout tokens that were taken, until they would be refused as old.
#[derive(Debug, Default)]
pub(crate) struct Taken(Mutex<HashMap<[u8; 32], i64>>);

impl Taken {
    /// Takes this one, for the first time; times in seconds since 1970.
    fn take(&self, jti: &str, until: i64, now: i64) -> Result<(), Rejection> {
        let name = name(jti);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= MOST_TOKENS {
            taken.retain(|_, until| *until >= now);
        }
        if taken.get(&name).is_some_and(|until| *until >= now) {
            return Err(Rejection::Replayed);
        }
        // full of tokens that could be replayed: told again by the gateway later
        if taken.len() >= MOST_TOKENS {
            return Err(Rejection::Full);
        }
        taken.insert(name, until);
        Ok(())
    }

    fn release(&self, jti: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&name(jti));
    }
}

/// A name of one length, whatever that of the `jti`.
fn name(jti: &str) -> [u8; 32] {
    let mut name = [0; 32];
    name.copy_from_slice(digest(&SHA256, jti.as_bytes()).as_ref());
    name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn outcome(change: &Value) -> Result<BackchannelLogout, Rejection> {
        let mut claims =
            json!({"sub": "s", "sid": "1", "jti": "j", "iat": NOW, "exp": NOW + 120, "events": {EVENT: {}}});
        let members = claims.as_object_mut().expect("an object");
        for (name, value) in change.as_object().expect("an object") {
            if value == "(absent)" {
                members.remove(name);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
        read(&Claims::from_map(members.clone()), NOW)
    }

    #[test]
    fn a_logout_token_is_taken_for_minutes_and_in_the_form_of_one_alone() {
        assert!(outcome(&json!({"unknown": 1})).is_ok());
        assert!(outcome(&json!({"iat": NOW - 360, "exp": NOW})).is_ok());
        assert_eq!(outcome(&json!({"iat": NOW - 361})), Err(Rejection::Expired { seconds: 61 }));
        assert_eq!(outcome(&json!({"iat": NOW + 61})), Err(Rejection::Early { seconds: 61 }));
        assert_eq!(outcome(&json!({"exp": NOW - 61})), Err(Rejection::Expired { seconds: 61 }));
        for events in [json!([EVENT]), json!({}), json!({EVENT: {}, "x": {}}), json!({EVENT: null}), json!({"x": {}})] {
            let refused = outcome(&json!({"events": events}));
            assert!(matches!(refused, Err(Rejection::Value { claim: "events", .. })), "{events}");
        }
        for nonce in [json!("n"), json!(null), json!("")] {
            assert!(matches!(outcome(&json!({"nonce": nonce})), Err(Rejection::Value { claim: "nonce", .. })));
        }
        assert!(outcome(&json!({"sub": "(absent)"})).is_ok());
        assert!(outcome(&json!({"sid": "(absent)"})).is_ok());
        assert_eq!(outcome(&json!({"sub": "(absent)", "sid": "(absent)"})), Err(Rejection::Missing { claim: "sub" }));
    }

    #[test]
    fn a_token_is_taken_once_and_the_memory_has_an_end() {
        let taken = Taken::default();
        assert_eq!(taken.take("a", NOW + 10, NOW), Ok(()));
        assert_eq!(taken.take("a", NOW + 10, NOW + 10), Err(Rejection::Replayed));
        assert_eq!(taken.take("a", NOW + 30, NOW + 11), Ok(()), "it would be refused as old before it is forgotten");
        let full = (0..MOST_TOKENS).find_map(|token| taken.take(&token.to_string(), NOW + 10, NOW).err());
        assert_eq!(full, Some(Rejection::Full));
        assert_eq!(taken.take("one more", NOW + 10, NOW), Err(Rejection::Full), "it may be told again");
        assert_eq!(taken.take("a", NOW + 10, NOW), Err(Rejection::Replayed), "full or not");
        assert_eq!(taken.take("one more", NOW + 99, NOW + 40), Ok(()), "what is old makes room");
        assert!(taken.0.lock().expect("kept").len() <= MOST_TOKENS);
    }
}
