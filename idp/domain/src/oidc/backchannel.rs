//! Telling relying parties that a session has ended (OIDC Back-Channel Logout 1.0): who is told, what, and for how long
//! it is tried.
//!
//! ```text
//!  a session ends ──▶ SessionEnded, one a relying party ──▶ outbox ──▶ each attempt: a fresh logout token ──▶ Verdict
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::Client;
use crate::id::{ClientId, SessionId};
use crate::identity::account::AccountKey;
use crate::identity::subject::{Pseudonyms, Sid, Subject, SubjectSecret};
use crate::secret::base64url;
use crate::time::{Lifetime, Timestamp};

/// The `typ` of a logout token (§2.4), which nothing else that we sign has.
pub const TYP: &str = "logout+jwt";

/// The event of a logout token (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// How long a logout token lives: two minutes at most (§2.4).
const LIFE: Lifetime = Lifetime::seconds(120);

/// The wait after the first failure, in seconds; it doubles with each one after.
const FIRST_WAIT: u32 = 1;
/// The longest wait, in seconds.
const LONGEST_WAIT: u32 = 300;
/// For how long it is tried. A relying party that was silent for longer has lost its own sessions by then, or is gone.
const WORTH: Lifetime = Lifetime::seconds(3600);

/// A relying party to be told that a session of one of its citizens has ended. It is kept sealed, and knows the citizen
/// by the one name that this relying party has for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEnded {
    /// The relying party.
    pub client: ClientId,
    /// Its own subject of the citizen.
    pub subject: Subject,
    /// The session, as its ID tokens name it.
    #[serde(rename = "session")]
    pub sid: Sid,
}

/// What an attempt to tell came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The relying party has done it.
    Done,
    /// It refuses the token (§2.8): the same would be refused again.
    Refused,
    /// It could not now: again later.
    Later,
    /// It could not for so long that nothing is tried any more.
    Outworn,
}

impl SessionEnded {
    /// What to tell a client; `None` for one that registered nowhere to be told.
    pub fn at(client: &Client, account: &AccountKey, session: &SessionId, secret: &SubjectSecret) -> Option<Self> {
        client.backchannel_logout.as_ref()?;
        let Pseudonyms { subject, sid } = Pseudonyms::of(account, session, &client.sector, secret);
        Some(Self { client: client.id.clone(), subject, sid })
    }

    /// The claims of a logout token (§2.4), made anew for each attempt: `sub` and `sid`, no `nonce`.
    pub fn claims(&self, issuer: &str, name: &[u8; 16], now: Timestamp) -> Value {
        json!({
            "iss": issuer,
            "aud": self.client,
            "iat": now,
            "exp": now.plus(LIFE),
            "jti": base64url(name),
            "events": { EVENT: {} },
            "sub": self.subject,
            "sid": self.sid,
        })
    }
}

impl Verdict {
    /// What an answer means (§2.8): any success is one, 400 is a refusal, all else may pass.
    pub const fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Done,
            400 => Self::Refused,
            _ => Self::Later,
        }
    }

    /// The same at `now`, for what waits since `created`.
    #[must_use]
    pub const fn after(self, created: Timestamp, now: Timestamp) -> Self {
        match self {
            Self::Later if created.plus(WORTH).is_past(now) => Self::Outworn,
            Self::Done | Self::Refused | Self::Later | Self::Outworn => self,
        }
    }
}

/// How long to wait after the `attempt`th failure, from 1.
pub fn wait_after(attempt: i64) -> Lifetime {
    let doublings = attempt.saturating_sub(1).clamp(0, 16);
    Lifetime::seconds((FIRST_WAIT << doublings).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(extra: &Value) -> Client {
        let mut metadata = json!({ "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"] });
        for (key, value) in extra.as_object().expect("an object") {
            metadata[key] = value.clone();
        }
        Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine")
    }

    fn told(client: &Client) -> Option<SessionEnded> {
        let account = AccountKey::try_from(base64url(&[7; 32])).expect("32 bytes");
        SessionEnded::at(client, &account, &SessionId::from_random([1; 16]), &SubjectSecret::new([2; 32]))
    }

    #[test]
    fn a_logout_token_has_the_claims_of_the_standard_and_no_other() {
        let client = client(&json!({ "backchannel_logout_uri": "https://v.example/logout" }));
        let ended = told(&client).expect("it registered an address");
        let claims = ended.claims("https://issuer.example", &[3; 16], Timestamp::from_epoch(1000));
        let account = AccountKey::try_from(base64url(&[7; 32])).expect("32 bytes");
        let session = SessionId::from_random([1; 16]);
        let names = Pseudonyms::of(&account, &session, &client.sector, &SubjectSecret::new([2; 32]));
        assert_eq!(
            claims,
            json!({
                "iss": "https://issuer.example", "aud": "ville", "iat": 1000, "exp": 1120,
                "jti": "AwMDAwMDAwMDAwMDAwMDAw",
                "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
                "sub": names.subject, "sid": names.sid,
            })
        );
        assert_eq!(claims.get("nonce"), None, "§2.4: a logout token never has one");
    }

    #[test]
    fn what_was_kept_of_a_session_of_before_is_told_under_the_name_it_had() {
        let client = client(&json!({ "backchannel_logout_uri": "https://v.example/logout" }));
        let mut kept = serde_json::to_value(told(&client).expect("it registered an address")).expect("plain data");
        kept["session"] = json!("AwMDAwMDAwMDAwMDAwMDAw");
        let read: SessionEnded = serde_json::from_value(kept).expect("yesterday's form");
        assert_eq!(
            read.claims("https://i.example", &[3; 16], Timestamp::from_epoch(0))["sid"],
            "AwMDAwMDAwMDAwMDAwMDAw"
        );
    }

    #[test]
    fn who_registered_no_address_is_not_told() {
        assert_eq!(told(&client(&json!({}))), None);
    }

    #[test]
    fn an_answer_is_read_as_the_standard_says() {
        for (status, verdict) in [
            (200, Verdict::Done),
            (204, Verdict::Done),
            (202, Verdict::Done),
            (400, Verdict::Refused),
            (301, Verdict::Later),
            (401, Verdict::Later),
            (404, Verdict::Later),
            (500, Verdict::Later),
            (504, Verdict::Later),
        ] {
            assert_eq!(Verdict::of_status(status), verdict, "{status}");
        }
    }

    #[test]
    fn it_is_tried_for_an_hour_with_waits_that_double() {
        let waits: Vec<u32> = [i64::MIN, 1, 2, 3, 9, 10, i64::MAX].map(|n| wait_after(n).as_seconds()).to_vec();
        assert_eq!(waits, [1, 1, 2, 4, 256, 300, 300]);
        let start = Timestamp::from_epoch(0);
        assert_eq!(Verdict::Later.after(start, Timestamp::from_epoch(3599)), Verdict::Later);
        assert_eq!(Verdict::Later.after(start, Timestamp::from_epoch(3600)), Verdict::Outworn);
        assert_eq!(Verdict::Done.after(start, Timestamp::from_epoch(9999)), Verdict::Done);
        assert_eq!(Verdict::Refused.after(start, Timestamp::from_epoch(9999)), Verdict::Refused);
    }
}
