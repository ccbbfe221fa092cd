//! An OpenID provider: any that follows OIDC Core, from one file and no code.

use domain::jose::jwe::{self, KeyAlgorithm};
use domain::jose::{self, BadToken, Claims, SigningAlgorithm};
use domain::language::Language;
use domain::oidc::parameters::Parameters;
use domain::signin::offer::Health;
use domain::time::Timestamp;
use domain::upstream::{Assertion, Attempt, Authentication, IdTokenHint, Provider};
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value};
use std::sync::Arc;

use super::answer::{self, write_state};
use super::metadata::{Known, Metadata};
use super::{ArrivalError, Departure, Unreached, token};
use crate::clock::Clock;
use crate::config::{KeyDelivery, LoginPrompt, LogoutRule, ProviderConfig};
use crate::outbound::breaker::Breaker;
use crate::outbound::bulkhead::{Bulkhead, CallError};
use crate::outbound::http::{Answer, Http};

/// One OpenID provider.
#[derive(Debug)]
pub(super) struct OidcProvider {
    config: ProviderConfig,
    redirect_uri: String,
    bulkhead: Bulkhead,
    breaker: Breaker,
    metadata: Metadata,
    decryption: Option<jwe::DecryptionKey>,
}

impl OidcProvider {
    /// Prepares a provider.
    pub(super) fn new(config: ProviderConfig, redirect_uri: String, http: &Http, clock: &Clock) -> Self {
        let bulkhead = Bulkhead::new(http.clone(), config.concurrency, config.timeout);
        let breaker = Breaker::new(clock.clone());
        // Discovery and keys have room of their own: a rush of citizens does not shed the look at the provider's health.
        let aside = Bulkhead::new(http.clone(), 2, config.timeout);
        let metadata = Metadata::new(config.issuer.clone(), aside, breaker.clone(), clock.clone());
        let decryption = config.decryption_key.as_ref().map(|key| {
            jwe::DecryptionKey::from_pkcs8(key.pkcs8()).expect("the configuration reads it with the same rules")
        });
        Self { config, redirect_uri, bulkhead, breaker, metadata, decryption }
    }

    /// How the provider has been answering.
    pub(super) fn health(&self) -> Health {
        if self.breaker.is_resting() { Health::Failing } else { Health::Answering }
    }

    /// Keeps the discovery document fresh.
    pub(super) async fn look_after(&self) {
        self.metadata.look_after().await;
    }

    /// The authorization request (OIDC Core §3.1.2.1), with PKCE, state and nonce of this attempt alone.
    pub(super) async fn depart(&self, departure: &Departure<'_>, acr: &str) -> Result<String, Unreached> {
        let known = self.metadata.get().await?;
        let mut url = known.authorization.clone();
        let attempt = departure.attempt;
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &self.config.scopes.join(" "))
            .append_pair("state", &write_state(departure.sign_in, attempt.secret()))
            .append_pair("nonce", attempt.nonce())
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("acr_values", acr)
            .append_pair("ui_locales", Language::tag(departure.language));
        if self.config.login_prompt == LoginPrompt::Sent {
            query.append_pair("prompt", "login");
        }
        if let Some(hint) = departure.login_hint {
            query.append_pair("login_hint", hint);
        }
        drop(query);
        Ok(url.into())
    }

    /// The address that logs a citizen out at the provider and brings them back (OIDC RP-Initiated Logout §2); `None` when
    /// there is none, the configuration says no, or the provider is not answering. Nothing is fetched: a logout waits
    /// for nobody.
    pub(super) fn end_session(&self, hint: Option<&IdTokenHint>, state: &str) -> Option<String> {
        if self.config.logout == LogoutRule::EndsHere || self.breaker.is_resting() {
            return None;
        }
        let mut url = self.metadata.current()?.end_session.clone()?;
        let mut query = url.query_pairs_mut();
        match hint {
            Some(hint) => query.append_pair("id_token_hint", hint.expose()),
            None => query.append_pair("client_id", &self.config.client_id),
        };
        query.append_pair("post_logout_redirect_uri", &format!("{}/logged-out", self.redirect_uri));
        query.append_pair("state", state);
        drop(query);
        Some(url.into())
    }

    /// What the provider asserts: its parameters, its ID token, its userinfo, each checked before the next.
    pub(super) async fn arrive(
        &self,
        provider: &Provider,
        attempt: &Attempt,
        parameters: &Parameters,
        now: Timestamp,
    ) -> Result<Assertion, ArrivalError> {
        let known = self.metadata.get().await?;
        let code = answer::code(parameters, &self.config.issuer, known.iss)?;
        let tokens = self.redeem(&known, attempt, code, now).await?;
        let (claims, hint) = self.id_token(&known, &tokens, attempt, now).await?;
        let subject = subject(&claims)?;
        let userinfo = self.userinfo(&known, &tokens.access_token, &subject).await?;
        let typed = |_| ArrivalError::Untrusted("acr, amr or auth_time has the wrong JSON type");
        let how = Authentication {
            acr: claims.optional_text("acr").map_err(typed)?,
            amr: claims.optional_texts("amr").map_err(typed)?,
            auth_time: claims.optional_integer("auth_time").map_err(typed)?,
            hint,
        };
        Ok(Assertion::read(provider, how, &userinfo)?)
    }

    async fn redeem(
        &self,
        known: &Known,
        attempt: &Attempt,
        code: &str,
        now: Timestamp,
    ) -> Result<token::Tokens, ArrivalError> {
        let request = token::request(&self.config, &known.token, &self.redirect_uri, attempt, code, now);
        let answer = self.call(request).await?;
        if !answer.status().is_success() {
            return Err(ArrivalError::Untrusted("the token endpoint refused the code"));
        }
        token::read(answer.body())
    }

    /// The ID token (OIDC Core §3.1.3.7): decrypted, verified, and bound to this attempt. Its claims, and what of it is
    /// kept to log out.
    async fn id_token(
        &self,
        known: &Arc<Known>,
        tokens: &token::Tokens,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<(Claims, Option<IdTokenHint>), ArrivalError> {
        let token = self.decrypted(&tokens.id_token, self.config.id_token_encryption)?;
        let claims = self.verified(known, &token, self.config.id_token_algorithm).await?;
        let check = || {
            claims.require("iss", &self.config.issuer)?;
            claims.require_audience(&self.config.client_id)?;
            if claims.optional_text("azp")?.is_some() {
                claims.require("azp", &self.config.client_id)?;
            }
            claims.require("nonce", attempt.nonce())?;
            claims.integer("iat")?;
            claims.require_fresh(now)
        };
        check().map_err(|fault| {
            tracing::warn!(provider = %self.config.id, %fault, "an ID token is refused");
            ArrivalError::Untrusted("a claim of the ID token is missing or wrong")
        })?;
        match claims.optional_text("at_hash") {
            Ok(Some(hash)) if !jose::is_half_hash(hash, &tokens.access_token) => {
                Err(ArrivalError::Untrusted("at_hash does not fit the access token"))
            }
            Ok(_) => Ok((claims, self.kept_hint(&token))),
            Err(_) => Err(ArrivalError::Untrusted("at_hash has the wrong JSON type")),
        }
    }

    fn kept_hint(&self, id_token: &str) -> Option<IdTokenHint> {
        match self.config.logout {
            LogoutRule::PassedOn => IdTokenHint::of(id_token),
            LogoutRule::EndsHere => None,
        }
    }

    /// The claims of userinfo (OIDC Core §5.3.2), in the registered form and of the same subject.
    async fn userinfo(
        &self,
        known: &Arc<Known>,
        access_token: &str,
        subject: &str,
    ) -> Result<Map<String, Value>, ArrivalError> {
        let request = Request::get(&known.userinfo)
            .header(ACCEPT, "application/json, application/jwt")
            .header(AUTHORIZATION, format!("Bearer {access_token}"))
            .body(Vec::new())
            .map_err(|_| ArrivalError::Untrusted("the access token cannot be sent"))?;
        let answer = self.call(request).await?;
        if !answer.status().is_success() {
            return Err(ArrivalError::Untrusted("userinfo refused the access token"));
        }
        let claims = match (self.config.userinfo_algorithm, self.config.userinfo_encryption) {
            (None, None) => json_object(answer.body())?,
            (algorithm, encryption) => {
                if !declares(&answer, "application/jwt") {
                    return Err(ArrivalError::Untrusted("userinfo is not the registered application/jwt"));
                }
                let text =
                    std::str::from_utf8(answer.body()).map_err(|_| ArrivalError::Untrusted("userinfo is not text"))?;
                let inner = self.decrypted(text.trim(), encryption)?;
                match algorithm {
                    Some(algorithm) => self.signed_userinfo(known, &inner, algorithm).await?,
                    None => json_object(inner.as_bytes())?,
                }
            }
        };
        // Another person's claims beside this person's ID token (OIDC Core §5.3.2).
        if claims.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(ArrivalError::Untrusted("userinfo is of another subject"));
        }
        Ok(claims)
    }

    async fn signed_userinfo(
        &self,
        known: &Arc<Known>,
        token: &str,
        algorithm: SigningAlgorithm,
    ) -> Result<Map<String, Value>, ArrivalError> {
        let claims = self.verified(known, token, algorithm).await?;
        let has = |name| claims.as_map().contains_key(name);
        let issuer_fits = !has("iss") || claims.require("iss", &self.config.issuer).is_ok();
        let audience_fits = !has("aud") || claims.require_audience(&self.config.client_id).is_ok();
        if !(issuer_fits && audience_fits) {
            return Err(ArrivalError::Untrusted("signed userinfo is of another issuer or for another client"));
        }
        Ok(claims.into_map())
    }

    /// Verifies with the known keys; a `kid` that is not among them fetches the keys once.
    async fn verified(
        &self,
        known: &Arc<Known>,
        token: &str,
        algorithm: SigningAlgorithm,
    ) -> Result<Claims, ArrivalError> {
        let refused = |fault: BadToken| {
            tracing::warn!(provider = %self.config.id, %fault, "a signed token is refused");
            ArrivalError::Untrusted("a signature or its header is refused")
        };
        match jose::verify(token, algorithm, &known.keys) {
            Err(BadToken::UnknownKey) => match self.metadata.newer_keys(known).await {
                Some(newer) => jose::verify(token, algorithm, &newer.keys).map_err(refused),
                None => Err(refused(BadToken::UnknownKey)),
            },
            verdict => verdict.map_err(refused),
        }
    }

    /// Opens what the provider encrypts, when it is registered to; otherwise the text as it came.
    fn decrypted(&self, text: &str, delivery: Option<KeyDelivery>) -> Result<String, ArrivalError> {
        let refused = ArrivalError::Untrusted("an encrypted token cannot be opened");
        match (delivery, &self.decryption) {
            (None, _) => Ok(text.to_owned()),
            (Some(_), None) => Err(refused),
            (Some(delivery), Some(key)) => {
                let algorithm = match delivery {
                    KeyDelivery::EcdhEs => KeyAlgorithm::EcdhEs,
                    KeyDelivery::RsaOaep256 => KeyAlgorithm::RsaOaep256,
                };
                let Ok(plain) = key.decrypt(text, algorithm) else { return Err(refused) };
                std::str::from_utf8(&plain).map(str::to_owned).map_err(|_| refused)
            }
        }
    }

    /// One call behind the breaker. Silence is the provider's failure. Our own limit is not, and neither is a 5xx to a
    /// code or token: anyone can send a bad code through a citizen's browser, and must not switch a provider off.
    async fn call(&self, request: crate::outbound::http::Request) -> Result<Answer, ArrivalError> {
        let turn = self.breaker.turn().ok_or(Unreached::Resting)?;
        match self.bulkhead.send(request).await {
            Ok(answer) if answer.status().is_server_error() => {
                drop(turn);
                Err(Unreached::Call(CallError::Status(answer.status().as_u16())).into())
            }
            Ok(answer) => {
                turn.succeeded();
                Ok(answer)
            }
            Err(error) => {
                match &error {
                    CallError::TimedOut | CallError::Unreachable { .. } => turn.failed(),
                    CallError::Busy | CallError::TooLarge | CallError::Status(_) => drop(turn),
                }
                Err(Unreached::Call(error).into())
            }
        }
    }
}

/// The subject: 1 to 255 ASCII characters (OIDC Core §2).
fn subject(claims: &Claims) -> Result<String, ArrivalError> {
    match claims.text("sub") {
        Ok(sub) if !sub.is_empty() && sub.len() <= 255 && sub.is_ascii() => Ok(sub.to_owned()),
        Ok(_) | Err(_) => Err(ArrivalError::Untrusted("the ID token has no usable sub")),
    }
}

fn json_object(body: &[u8]) -> Result<Map<String, Value>, ArrivalError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) | Err(_) => Err(ArrivalError::Untrusted("userinfo is not a JSON object")),
    }
}

fn declares(answer: &Answer, kind: &str) -> bool {
    answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|declared| declared.trim().eq_ignore_ascii_case(kind))
}
