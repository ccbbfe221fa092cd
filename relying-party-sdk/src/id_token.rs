//! Every check of an ID token, on one page, in the order of OpenID Connect Core 1.0 §3.1.3.7.
//!
//! The signature comes first (`keys`): no claim is read before it. There is no switch on this page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;

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
    /// Seconds since 1970.
    pub(crate) now: i64,
}

impl Expected<'_> {
    /// Who signed in and how, if the claims of a token whose signature verified say all they must.
    pub(crate) fn check(&self, claims: &Claims) -> Result<Authentication, Rejection> {
        check_issuer_and_audience(claims, self.issuer, self.client_id)?;
        self.check_times(claims)?;
        if !random::same(claims.required_text("nonce")?, self.nonce) {
            return Err(Rejection::Nonce);
        }
        if let Some(hash) = claims.text("at_hash")?
            && !random::same(hash, &access_token_hash(self.access_token))
        {
            return Err(Rejection::AccessTokenHash);
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
        let expired = self.now.saturating_sub(claims.required_seconds("exp")?);
        if expired > CLOCK_SKEW {
            return Err(Rejection::Expired { seconds: expired });
        }
        let issued = claims.required_seconds("iat")?;
        let begins = claims.seconds("nbf")?.unwrap_or(issued).max(issued);
        let ahead = begins.saturating_sub(self.now);
        if ahead > CLOCK_SKEW {
            return Err(Rejection::Early { seconds: ahead });
        }
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

/// The left half of the SHA-256 of the access token; both algorithms of this SDK hash with SHA-256.
fn access_token_hash(access_token: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref().split_at(16).0)
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
