//! Back from the gateway: from the query of the redirect URI to a verified identity, every check in its order.
//!
//! ```text
//! query ─▶ state ─▶ iss ─▶ error? ─▶ code ─▶ token endpoint ─▶ ID token ─▶ userinfo ─▶ Session
//! ```

use url::Url;
use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::claims::Claims;
use crate::client::Client;
use crate::clock;
use crate::decryption::signed_within;
use crate::endpoint::{self, Parameters};
use crate::error::{Document, Error};
use crate::http::Answer as Answered;
use crate::id_token::{self, Expected};
use crate::identity::{Authentication, Identity, Level, Subject};
use crate::keys::Kind;
use crate::login::{Pending, PendingLogin};
use crate::refusal::harmless;
use crate::rejection::Rejection;
use crate::resource::ResourceAnswer;
use crate::session::{IdToken, Session};
use crate::tokens::{AccessToken, Tokens};

impl Client {
    /// Verifies the answer that the browser brought to the redirect URI and returns the signed-in citizen.
    ///
    /// `query` is the raw query string of the request, without the question mark, or the raw body when answers are
    /// posted ([`with_posted_answers`](crate::Registration::with_posted_answers)). The login is spent whatever the
    /// outcome.
    ///
    /// # Errors
    /// Each failed check is its own [`Error`]; nothing of the answer is kept then.
    ///
    /// # A login is spent once
    ///
    /// ```
    /// # use relying_party_sdk::{Client, PendingLogin};
    /// async fn come_back(client: Client, pending: PendingLogin) {
    ///     let _session = client.callback(pending, "state=a").await;
    /// }
    /// ```
    ///
    /// ```compile_fail,E0382
    /// # use relying_party_sdk::{Client, PendingLogin};
    /// async fn come_back_twice(client: Client, pending: PendingLogin) {
    ///     let _session = client.callback(pending, "state=a").await;
    ///     let _another = client.callback(pending, "state=a").await;
    /// }
    /// ```
    pub async fn callback(&self, pending: PendingLogin, query: &str) -> Result<Session, Error> {
        let answer = self.read_answer(query).await?;
        self.take_answer(pending, answer).await
    }

    /// The rest of a callback, once its answer is read.
    pub(crate) async fn take_answer(&self, pending: PendingLogin, answer: Answer) -> Result<Session, Error> {
        let pending = pending.0;
        let code = answer.code_for(self.registration(), &pending, clock::now())?;
        let tokens = self.redeem(&code, &pending.verifier).await?;
        let missing = Rejection::Missing { claim: "id_token" };
        let id_token = tokens.id_token.as_ref().ok_or(Error::malformed(Document::TokenAnswer, missing))?;
        let verified = self.authenticate(&pending, &tokens.access, id_token).await?;
        let claims = self.userinfo(&tokens.access, &verified.authentication.subject).await?;
        let identity = Identity::read(verified.authentication, claims).map_err(Error::untrusted(Document::Userinfo))?;
        let session = Session::new(identity, verified.id_token);
        Ok(if self.registration().keeps_tokens() {
            session.with_tokens(tokens.access, tokens.refresh)
        } else {
            session
        })
    }

    async fn authenticate(
        &self,
        pending: &Pending,
        access_token: &AccessToken,
        id_token: &str,
    ) -> Result<Verified, Error> {
        let untrusted = Error::untrusted(Document::IdToken);
        let (id_token, claims) = self.id_token_claims(id_token).await?;
        let expected = Expected {
            issuer: self.registration().issuer.as_str(),
            client_id: &self.registration().client_id,
            nonce: &pending.nonce,
            level: Level::from_acr(&pending.acr).ok_or(Error::Unsealable)?,
            max_age: pending.max_age,
            began: pending.began,
            access_token: &access_token.value,
            algorithm: self.registration().id_token_algorithm,
            at_hash: self.registration().at_hash,
            now: clock::now(),
        };
        let authentication = expected.check(&claims).map_err(&untrusted)?;
        Ok(Verified { authentication, id_token: IdToken::read(&id_token, &claims).map_err(untrusted)? })
    }

    async fn redeem(&self, code: &str, verifier: &str) -> Result<Tokens, Error> {
        let parameters = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", self.registration().redirect_uri.to_string()),
            ("code_verifier", verifier.to_owned()),
        ];
        self.ask_tokens(&parameters).await
    }

    /// Calls the token endpoint.
    pub(crate) async fn ask_tokens(&self, parameters: &Parameters) -> Result<Tokens, Error> {
        let url = &self.endpoints().token;
        let answer = self.post_authenticated(url, parameters).await?;
        match answer.status {
            200 if answer.media_type == "application/json" => {
                Tokens::parse(&answer.body, self.registration().scheme(), clock::now())
            }
            200 => Err(Error::malformed(Document::TokenAnswer, format!("its type is `{}`", answer.media_type))),
            400 | 401 => Err(Error::TokenRefused { refusal: endpoint::refusal(Document::TokenAnswer, &answer.body)? }),
            status => Err(Error::Status { url: url.clone(), status }),
        }
    }

    /// Fetches a resource of the gateway itself, once more if it wants its nonce in the proof.
    async fn get_resource(&self, url: &Url, accept: &'static str, token: &AccessToken) -> Result<Answered, Error> {
        let answer = self.get_once(url, accept, token).await?;
        let nonce = answer.dpop_nonce.as_deref().map(|nonce| ("dpop-nonce", nonce));
        let seen = [("www-authenticate", answer.challenges.as_str())].into_iter().chain(nonce);
        match self.resource_answer(url, answer.status, seen) {
            ResourceAnswer::NonceWanted => self.get_once(url, accept, token).await,
            ResourceAnswer::Taken | ResourceAnswer::TokenRefused | ResourceAnswer::StepUp(_) => Ok(answer),
        }
    }

    async fn get_once(&self, url: &Url, accept: &'static str, token: &AccessToken) -> Result<Answered, Error> {
        let headers = self.resource_headers(token, "GET", url)?;
        let headers = headers.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect();
        let answer = self.http().get_with(url, accept, headers).await?;
        if let Some(nonce) = &answer.dpop_nonce {
            self.nonces().remember(url, nonce);
        }
        Ok(answer)
    }

    async fn userinfo(&self, access_token: &AccessToken, subject: &Subject) -> Result<Claims, Error> {
        let untrusted = Error::untrusted(Document::Userinfo);
        let url = &self.endpoints().userinfo;
        let registered = match self.registration().userinfo_algorithm {
            None => "application/json",
            Some(_) => "application/jwt",
        };
        let answer = self.get_resource(url, registered, access_token).await?;
        if answer.status != 200 {
            return Err(Error::Status { url: url.clone(), status: answer.status });
        }
        if answer.media_type != registered {
            let seen = harmless(&answer.media_type);
            return Err(untrusted(Rejection::Form { seen, registered }));
        }
        let claims = match self.registration().userinfo_algorithm {
            None => Claims::parse(&answer.body).map_err(&untrusted)?,
            Some(algorithm) => {
                let token = std::str::from_utf8(&answer.body)
                    .map_err(|_| untrusted(Rejection::Unreadable { detail: "not text" }))?;
                let token = signed_within(token.trim(), &self.registration().userinfo_keys).map_err(&untrusted)?;
                let verified = self.keys().verify(self.http(), &token, Kind::Identity, algorithm).await;
                let claims = verified.map_err(&untrusted)?;
                let registration = self.registration();
                id_token::check_issuer_and_audience(&claims, registration.issuer.as_str(), &registration.client_id)
                    .map_err(&untrusted)?;
                claims
            }
        };
        // OpenID Connect Core 1.0 §5.3.2: without it one citizen's tokens could fetch another's claims
        if Subject::read(&claims).map_err(&untrusted)? != *subject {
            return Err(untrusted(Rejection::Subject));
        }
        Ok(claims)
    }
}

/// An ID token that stood up to every check, and what it established.
struct Verified {
    authentication: Authentication,
    id_token: IdToken,
}
