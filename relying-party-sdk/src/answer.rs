//! The answer that the browser brings: plain parameters, or one signed by the gateway (JARM), never either.

use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::client::Client;
use crate::clock;
use crate::error::{Document, Error};
use crate::id_token;
use crate::keys::Kind;
use crate::login::Pending;
use crate::random;
use crate::refusal::{Refusal, harmless};
use crate::registration::Registration;

/// Minutes a citizen may take to come back.
pub(crate) const LOGIN_MINUTES: i64 = 30;

/// What the browser brought back, each parameter at most once. Signed answers are verified before they are one.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) state: Option<String>,
    iss: Option<String>,
    code: Option<Zeroizing<String>>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Client {
    /// Reads an answer in the form that is registered: of a signed one nothing is used before its signature,
    /// issuer, audience and expiry are verified (JARM §2.4).
    pub(crate) async fn read_answer(&self, query: &str) -> Result<Answer, Error> {
        let Some(algorithm) = self.registration().answer_algorithm else { return Answer::parse(query) };
        let registration = self.registration();
        let untrusted = Error::untrusted(Document::Answer);
        let token = signed_answer(query)?;
        let claims = self.keys().verify(self.http(), &token, Kind::Answer, algorithm).await.map_err(&untrusted)?;
        id_token::check_issuer_and_audience(&claims, registration.issuer.as_str(), &registration.client_id)
            .map_err(&untrusted)?;
        id_token::check_expiry(&claims, clock::now()).map_err(&untrusted)?;
        Answer::from_claims(&claims).map_err(untrusted)
    }
}

/// The one `response` of a query that has no parameter of a plain answer beside it.
fn signed_answer(query: &str) -> Result<Zeroizing<String>, Error> {
    let mut token = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "response" if token.is_some() => return Err(Error::Answer { detail: "a parameter comes twice" }),
            "response" => token = Some(Zeroizing::new(value.into_owned())),
            "code" | "error" | "state" => {
                return Err(Error::Answer { detail: "it is not signed, and signed answers are registered" });
            }
            _ => {}
        }
    }
    token.ok_or(Error::Answer { detail: "the signed response is missing" })
}

impl Answer {
    fn parse(query: &str) -> Result<Self, Error> {
        let mut answer = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let repeated = match name.as_ref() {
                "state" => answer.state.replace(value.into_owned()).is_some(),
                "iss" => answer.iss.replace(value.into_owned()).is_some(),
                "code" => answer.code.replace(Zeroizing::new(value.into_owned())).is_some(),
                "error" => answer.error.replace(value.into_owned()).is_some(),
                "error_description" => answer.error_description.replace(value.into_owned()).is_some(),
                _ => false,
            };
            if repeated {
                return Err(Error::Answer { detail: "a parameter comes twice" });
            }
        }
        Ok(answer)
    }

    fn from_claims(claims: &Claims) -> Result<Self, crate::Rejection> {
        let text = |name| Ok(claims.text(name)?.map(str::to_owned));
        Ok(Self {
            state: text("state")?,
            iss: text("iss")?,
            code: text("code")?.map(Zeroizing::new),
            error: text("error")?,
            error_description: text("error_description")?,
        })
    }

    /// The code, if this answer is the gateway's answer to this login and no refusal; `now` in seconds since 1970.
    pub(crate) fn code_for(
        self,
        registration: &Registration,
        pending: &Pending,
        now: i64,
    ) -> Result<Zeroizing<String>, Error> {
        let issuer = registration.issuer.as_str();
        let state = self.state.ok_or(Error::Answer { detail: "the state is missing" })?;
        let of_this_client = pending.issuer == issuer && pending.client_id == registration.client_id;
        if !random::same(&state, &pending.state) || !of_this_client {
            return Err(Error::StateDiffers);
        }
        if now.saturating_sub(pending.began) > LOGIN_MINUTES.saturating_mul(60) {
            return Err(Error::LoginExpired { minutes: LOGIN_MINUTES });
        }
        let seen = self.iss.unwrap_or_default();
        if seen != issuer {
            let seen = harmless(&seen);
            return Err(Error::AnswerIssuer { expected: issuer.to_owned(), seen });
        }
        match (self.error, self.code) {
            (Some(error), None) => {
                Err(Error::Denied { refusal: Refusal::new(&error, self.error_description.as_deref()) })
            }
            (None, Some(code)) if !code.is_empty() => Ok(code),
            (Some(_), Some(_)) => Err(Error::Answer { detail: "it is an error and a code at once" }),
            (None, _) => Err(Error::Answer { detail: "the code is missing" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Credentials;
    use crate::local_path::LocalPath;

    #[test]
    fn a_login_may_take_half_an_hour_and_no_more() {
        let registration = Registration::new(
            "https://gateway.example",
            "commune",
            Credentials::secret_basic("s"),
            "https://commune.example/callback",
        );
        let registration = registration.expect("a good registration");
        let pending = Pending {
            issuer: "https://gateway.example".into(),
            client_id: "commune".into(),
            state: "s".into(),
            nonce: "n".into(),
            verifier: "v".into(),
            acr: "eidas1".into(),
            max_age: None,
            began: 1_000,
            return_to: LocalPath::root(),
        };
        let code_at = |now| {
            let answer = Answer::parse("state=s&code=c&iss=https%3A%2F%2Fgateway.example").expect("well formed");
            answer.code_for(&registration, &pending, now)
        };
        assert!(code_at(1_000 + 1_800).is_ok());
        assert!(matches!(code_at(1_000 + 1_801), Err(Error::LoginExpired { minutes: 30 })));
    }
}
