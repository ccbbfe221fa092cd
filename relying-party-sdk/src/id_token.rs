//! Every check of an ID token, on one page, in the order of OpenID Connect Core 1.0 §3.1.3.7.
//!
//! The signature comes first (`keys`): no claim is read before it. There is no switch on this page.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;

use crate::algorithm::SigningAlgorithm;
use crate::claims::Claims;
use crate::identity::{Authentication, Level, Subject};
use crate::random;
use crate::refusal::harmless;
use crate::rejection::Rejection;

/// Seconds by which the clocks of the gateway and of this machine may differ: 60, no more.
pub(crate) const CLOCK_SKEW: i64 = 60;

/// What the ID token of this login must say.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) level: Level,
    /// The `max_age` that was sent, in seconds.
    pub(crate) max_age: Option<i64>,
    /// When the login began, in seconds since 1970.
    pub(crate) began: i64,
    pub(crate) access_token: &'a str,
    /// The registered algorithm, whose hash `at_hash` is made with.
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) at_hash: AtHash,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// Whether an ID token from the token endpoint has to name its access token; the protocol leaves it open
/// (OpenID Connect Core 1.0 §3.1.3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtHash {
    /// Checked when it is there.
    Optional,
    /// An ID token without it is refused.
    Required,
}

impl Expected<'_> {
    /// Who signed in and how, if the claims of a token whose signature verified say all they must.
    pub(crate) fn check(&self, claims: &Claims) -> Result<Authentication, Rejection> {
        check_issuer_and_audience(claims, self.issuer, self.client_id)?;
        self.check_times(claims)?;
        if !random::same(claims.required_text("nonce")?, self.nonce) {
            return Err(Rejection::Nonce);
        }
        if !check_access_token(claims, self.access_token, self.algorithm)? && self.at_hash == AtHash::Required {
            return Err(Rejection::Missing { claim: "at_hash" });
        }
        let authentication = Authentication {
            subject: Subject::read(claims)?,
            level: self.level_reached(claims)?,
            auth_time: self.auth_time(claims)?,
            methods: claims.texts("amr")?.unwrap_or_default().into_iter().map(str::to_owned).collect(),
        };
        Ok(authentication)
    }

    fn check_times(&self, claims: &Claims) -> Result<(), Rejection> {
        let issued = check_validity(claims, self.now)?;
        let before = self.began.saturating_sub(issued);
        if before > CLOCK_SKEW {
            return Err(Rejection::Stale { seconds: before });
        }
        Ok(())
    }

    fn level_reached(&self, claims: &Claims) -> Result<Level, Rejection> {
        let seen = Level::from_acr(claims.required_text("acr")?)
            .ok_or(Rejection::Value { claim: "acr", expected: "eidas1, eidas2 or eidas3" })?;
        if seen < self.level {
            return Err(Rejection::Level { asked: self.level, seen });
        }
        Ok(seen)
    }

    fn auth_time(&self, claims: &Claims) -> Result<Option<OffsetDateTime>, Rejection> {
        let seconds = claims.seconds("auth_time")?;
        if let Some(ahead) = seconds.map(|it| it.saturating_sub(self.now)).filter(|ahead| *ahead > CLOCK_SKEW) {
            return Err(Rejection::Early { seconds: ahead });
        }
        if let Some(allowed) = self.max_age {
            // counted at the start of the login: the citizen may take their time on the pages in between
            let age = self.began.saturating_sub(seconds.ok_or(Rejection::Missing { claim: "auth_time" })?);
            if age > allowed.saturating_add(CLOCK_SKEW) {
                return Err(Rejection::Age { seconds: age, allowed });
            }
        }
        let wrong = Rejection::Value { claim: "auth_time", expected: "a time" };
        seconds.map(|it| OffsetDateTime::from_unix_timestamp(it).map_err(|_| wrong)).transpose()
    }
}

/// `iss` and `aud`, exactly and alone, for ID tokens and signed userinfo alike.
pub(crate) fn check_issuer_and_audience(claims: &Claims, issuer: &str, client_id: &str) -> Result<(), Rejection> {
    let seen = claims.required_text("iss")?;
    if seen != issuer {
        return Err(Rejection::Issuer { seen: harmless(seen) });
    }
    let audiences = claims.audiences()?;
    if !audiences.contains(&client_id) {
        return Err(Rejection::Audience);
    }
    if audiences.iter().any(|audience| *audience != client_id) {
        return Err(Rejection::ExtraAudience);
    }
    if claims.text("azp")?.is_some_and(|party| party != client_id) {
        return Err(Rejection::AuthorizedParty);
    }
    Ok(())
}

/// `exp`, `iat` and `nbf`, to a minute; the time of issue in seconds since 1970.
pub(crate) fn check_validity(claims: &Claims, now: i64) -> Result<i64, Rejection> {
    check_expiry(claims, now)?;
    let issued = claims.required_seconds("iat")?;
    let begins = claims.seconds("nbf")?.unwrap_or(issued).max(issued);
    let ahead = begins.saturating_sub(now);
    if ahead > CLOCK_SKEW {
        return Err(Rejection::Early { seconds: ahead });
    }
    Ok(issued)
}

/// `exp`, to a minute.
pub(crate) fn check_expiry(claims: &Claims, now: i64) -> Result<(), Rejection> {
    let expired = now.saturating_sub(claims.required_seconds("exp")?);
    if expired > CLOCK_SKEW { Err(Rejection::Expired { seconds: expired }) } else { Ok(()) }
}

/// Whether `at_hash` is there; one that does not fit is refused (OpenID Connect Core 1.0 §3.1.3.8).
fn check_access_token(claims: &Claims, access_token: &str, algorithm: SigningAlgorithm) -> Result<bool, Rejection> {
    let Some(hash) = claims.text("at_hash")? else { return Ok(false) };
    let half = |algorithm: &'static Algorithm| {
        let digest = digest(algorithm, access_token.as_bytes());
        let (left, _) = digest.as_ref().split_at(algorithm.output_len() / 2);
        random::same(hash, &URL_SAFE_NO_PAD.encode(left))
    };
    let fits = match algorithm {
        SigningAlgorithm::Rs256 | SigningAlgorithm::Es256 | SigningAlgorithm::Ps256 => half(&SHA256),
        // Ed25519 hashes with SHA-512 within, but no document says which hash is meant: gateways use either
        SigningAlgorithm::EdDsa => half(&SHA512) || half(&SHA256),
    };
    if fits { Ok(true) } else { Err(Rejection::AccessTokenHash) }
}

/// What the ID token of a refresh must say, held against the sign-in (OpenID Connect Core 1.0 §12.2).
pub(crate) struct Refreshed<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) subject: &'a Subject,
    pub(crate) level: Level,
    /// Seconds since 1970, like the times below.
    pub(crate) auth_time: Option<i64>,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) sid: Option<&'a str>,
    pub(crate) issued: Option<i64>,
    pub(crate) access_token: &'a str,
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) now: i64,
}

impl Refreshed<'_> {
    pub(crate) fn check(&self, claims: &Claims) -> Result<(), Rejection> {
        check_issuer_and_audience(claims, self.issuer, self.client_id)?;
        let issued = check_validity(claims, self.now)?;
        let before = self.issued.map_or(0, |first| first.saturating_sub(issued));
        if before > CLOCK_SKEW {
            return Err(Rejection::Stale { seconds: before });
        }
        if Subject::read(claims)? != *self.subject {
            return Err(Rejection::Subject);
        }
        // it should not be there; if it is, it is the one of the sign-in
        if claims.text("nonce")?.is_some_and(|nonce| self.nonce.is_none_or(|first| !random::same(nonce, first))) {
            return Err(Rejection::Nonce);
        }
        // a refresh is no sign-in: the time of it does not change
        let auth_time = claims.seconds("auth_time")?;
        if auth_time.is_some() && self.auth_time.is_some() && auth_time != self.auth_time {
            return Err(Rejection::Value { claim: "auth_time", expected: "the time of the sign-in" });
        }
        if claims.text("sid")?.is_some_and(|sid| self.sid.is_some_and(|first| sid != first)) {
            return Err(Rejection::Value { claim: "sid", expected: "the session of the sign-in" });
        }
        if let Some(acr) = claims.text("acr")? {
            let seen = Level::from_acr(acr).filter(|seen| *seen >= self.level);
            seen.ok_or(Rejection::Value { claim: "acr", expected: "at least the level of the sign-in" })?;
        }
        check_access_token(claims, self.access_token, self.algorithm).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://gateway.example",
            client_id: "commune",
            nonce: "n",
            level: Level::Substantial,
            max_age: None,
            began: NOW - 100,
            access_token: "t",
            algorithm: SigningAlgorithm::Es256,
            at_hash: AtHash::Optional,
            now: NOW,
        }
    }

    fn check(expected: &Expected<'_>, change: &Value) -> Result<Authentication, Rejection> {
        let mut claims = json!({
            "iss": "https://gateway.example", "aud": "commune", "sub": "s", "nonce": "n", "acr": "eidas2",
            "iat": NOW, "exp": NOW + 60,
        });
        let members = claims.as_object_mut().expect("an object");
        for (name, value) in change.as_object().expect("an object") {
            if value == "(absent)" {
                members.remove(name);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
        expected.check(&Claims::from_map(members.clone()))
    }

    #[test]
    fn clocks_may_differ_by_a_minute_and_no_more() {
        for good in
            [json!({"exp": NOW - 60}), json!({"iat": NOW + 60}), json!({"nbf": NOW + 60}), json!({"iat": NOW - 160})]
        {
            assert!(check(&expected(), &good).is_ok(), "{good}");
        }
        assert_eq!(check(&expected(), &json!({"exp": NOW - 61})).err(), Some(Rejection::Expired { seconds: 61 }));
        assert_eq!(check(&expected(), &json!({"iat": NOW + 61})).err(), Some(Rejection::Early { seconds: 61 }));
        assert_eq!(check(&expected(), &json!({"nbf": NOW + 61})).err(), Some(Rejection::Early { seconds: 61 }));
        assert_eq!(check(&expected(), &json!({"iat": NOW - 161})).err(), Some(Rejection::Stale { seconds: 61 }));
    }

    #[test]
    fn an_access_token_hash_is_made_with_the_hash_of_the_algorithm() {
        let half = |algorithm: &'static Algorithm| {
            let digest = digest(algorithm, b"t");
            URL_SAFE_NO_PAD.encode(digest.as_ref().split_at(algorithm.output_len() / 2).0)
        };
        let due = |algorithm| Expected { algorithm, at_hash: AtHash::Required, ..expected() };
        let (short, long) = (json!({"at_hash": half(&SHA256)}), json!({"at_hash": half(&SHA512)}));
        for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::Ps256] {
            assert!(check(&due(algorithm), &short).is_ok(), "{algorithm}");
            assert_eq!(check(&due(algorithm), &long).err(), Some(Rejection::AccessTokenHash), "{algorithm}");
        }
        assert!(check(&due(SigningAlgorithm::EdDsa), &long).is_ok());
        let missing = check(&due(SigningAlgorithm::Es256), &json!({}));
        assert_eq!(missing.err(), Some(Rejection::Missing { claim: "at_hash" }));
        assert!(check(&expected(), &json!({})).is_ok(), "not due, not needed");
    }

    #[test]
    fn a_level_above_the_one_asked_is_taken_and_one_below_is_not() {
        assert_eq!(check(&expected(), &json!({"acr": "eidas3"})).map(|it| it.level), Ok(Level::High));
        assert_eq!(
            check(&expected(), &json!({"acr": "eidas1"})).err(),
            Some(Rejection::Level { asked: Level::Substantial, seen: Level::Low })
        );
    }

    #[test]
    fn the_age_of_a_sign_in_is_counted_at_the_start_of_the_login() {
        let fresh = Expected { max_age: Some(0), ..expected() };
        assert!(check(&fresh, &json!({"auth_time": NOW})).is_ok());
        assert!(check(&fresh, &json!({"auth_time": NOW - 160})).is_ok());
        assert_eq!(
            check(&fresh, &json!({"auth_time": NOW - 161})).err(),
            Some(Rejection::Age { seconds: 61, allowed: 0 })
        );
        assert_eq!(check(&fresh, &json!({})).err(), Some(Rejection::Missing { claim: "auth_time" }));
        assert!(check(&expected(), &json!({})).is_ok(), "not asked, not needed");
        assert_eq!(
            check(&fresh, &json!({"auth_time": NOW + 61})).err(),
            Some(Rejection::Early { seconds: 61 }),
            "a sign-in of tomorrow would stay fresh for ever"
        );
    }
}
