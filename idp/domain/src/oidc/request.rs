//! The authorization request: client → redirect URI → response type → scope → PKCE → level, in this order.
//!
//! Until the client and its redirect URI are known to be good, a fault makes a page; from then on it goes to the
//! relying party, which can repair it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::authorization_details::AuthorizationDetails;
use super::binding::Thumbprint;
use super::claims_parameter::ClaimsParameter;
use super::demands;
use super::error::AuthorizeError;
use super::parameters::{Parameters, Repeated};
use super::pkce::Challenge;
use super::prompt::Prompt;
use super::pushed::{self, Pushed};
use super::refresh::OFFLINE_ACCESS;
use super::request_object::ObjectFault;
use super::resource::Resources;
use super::response::{Place, ResponseMode, ReturnAddress};
use super::sharing::Sharing;
use crate::claims::release::{AmrAsked, Asked, GrantedScopes};
use crate::claims::scopes::Scope;
use crate::client::{Client, ObjectRule, PkceRule, PushRule, RefreshRule, Registered, RegisteredRedirect};
use crate::habilitation::grant::{LiveHabilitation, NotLive};
use crate::habilitation::switches::Switches;
use crate::id::{ClientId, ProviderId};
use crate::jose::{self, KeySet, SigningAlgorithm};
use crate::language::Language;
use crate::level::Level;
use crate::secret::Bearer;
use crate::time::Timestamp;

/// The longest `state` that is echoed, in bytes.
pub const MAX_STATE: usize = 2048;

/// The longest `nonce` that is kept, in bytes.
pub const MAX_NONCE: usize = 512;

/// The longest `id_token_hint` that is read, in bytes.
pub const MAX_HINT: usize = 4096;

/// An authorization request that was checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The relying party.
    pub client: ClientId,
    /// Where the answer goes.
    pub answer_to: ReturnAddress,
    /// What it asks for; what is released is decided anew when the citizen accepts.
    pub asked: Asked,
    /// The level that must be met.
    pub level: Level,
    /// The nonce for the ID token.
    pub nonce: Option<String>,
    /// The PKCE challenge.
    pub challenge: Option<Challenge>,
    /// What the relying party wants of a session (OIDC Core §3.1.2.1).
    pub prompt: Prompt,
    /// How old an authentication may be, in seconds.
    pub max_age: Option<u32>,
    /// The identity provider to go to at once.
    pub idp_hint: Option<ProviderId>,
    /// Whom the relying party expects; passed on to the provider.
    pub login_hint: Option<String>,
    /// The language the relying party asks for.
    pub language: Option<Language>,
    /// The subject the relying party expects (OIDC Core §5.5.1): nobody else is signed in.
    pub expected_subject: Option<String>,
    /// An ID token of ours that names the citizen the relying party expects (OIDC Core §3.1.2.1), not read yet.
    pub id_token_hint: Option<String>,
    /// The reference it was pushed under, to be spent when the sign-in completes (RFC 9126 §7.3).
    pub pushed: Option<Bearer<Pushed>>,
    /// The redirect URI, for the code to be bound to.
    pub redirect: RegisteredRedirect,
    /// The key that the code is bound to (RFC 9449 §10).
    #[serde(default)]
    pub key: Option<Thumbprint>,
    /// The data providers that the access token is asked for (RFC 8707 §2.1).
    #[serde(default)]
    pub resources: Resources,
    /// What is asked to be fetched there (RFC 9396 §2).
    #[serde(default)]
    pub details: AuthorizationDetails,
    /// Whether access is asked for while the citizen is away.
    #[serde(default)]
    pub offline: Offline,
}

/// Whether `offline_access` is asked for (OIDC Core §11). It counts with `prompt=consent` and for a client that may have
/// refresh tokens; else it is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offline {
    /// It is.
    Yes,
    /// It is not.
    #[default]
    No,
}

impl AuthorizationRequest {
    /// What is asked of data providers, as far as the client is registered for it now.
    pub fn sharing(&self, live: &LiveHabilitation<'_>) -> Sharing {
        Sharing { resources: self.resources.clone(), details: self.details.clone() }.narrowed(live)
    }

    /// The proof that the client of a request that was checked before may still make it: told to the relying party when
    /// it may not.
    pub fn still_of<'a>(
        &self,
        registered: &'a Registered,
        now: Timestamp,
        switches: &Arc<Switches>,
    ) -> Result<LiveHabilitation<'a>, Rejected> {
        let refused = |why: NotLive| Rejected::Answer {
            to: self.answer_to.clone(),
            error: why.authorize_error(),
            description: why.sentence(),
        };
        let live = registered.live(now, switches).map_err(refused)?;
        live.may_ask(self.level).map_err(refused)?;
        Ok(live)
    }

    /// Reads the hint: an ID token of ours for this client, expired or not. Whoever it names is whom the relying party
    /// expects. A hint that is none fails the request, whatever `prompt` says.
    pub fn with_hint_read(mut self, issuer: &str, own: &KeySet) -> Result<Self, Rejected> {
        let Some(hint) = self.id_token_hint.take() else { return Ok(self) };
        let claims = SigningAlgorithm::ALL.into_iter().find_map(|algorithm| jose::verify(&hint, algorithm, own).ok());
        let subject = claims.and_then(|claims| {
            claims.require("iss", issuer).ok()?;
            claims.require_audience(self.client.as_str()).ok()?;
            claims.text("sub").ok().map(str::to_owned)
        });
        match (subject, &self.expected_subject) {
            (Some(hinted), Some(asked)) if hinted != *asked => Err(self.bad_hint()),
            (Some(hinted), _) => Ok(Self { expected_subject: Some(hinted), ..self }),
            (None, _) => Err(self.bad_hint()),
        }
    }

    fn bad_hint(&self) -> Rejected {
        Rejected::Answer {
            to: self.answer_to.clone(),
            error: AuthorizeError::InvalidRequest,
            description: "id_token_hint is not an ID token that this issuer gave this client",
        }
    }
}

/// A request that names a client, before the client was looked up.
#[derive(Debug)]
pub struct Incoming {
    parameters: Parameters,
    client: ClientId,
    form: Form,
}

/// How the parameters of a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Plain.
    Plain,
    /// In an object that the client signed, and what is wrong with it.
    Object(Option<ObjectFault>),
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejected {
    /// With a page: neither client nor redirect URI can be trusted.
    Page(PageFault),
    /// With an error to the relying party.
    Answer {
        /// Where to.
        to: ReturnAddress,
        /// The code.
        error: AuthorizeError,
        /// The sentence.
        description: &'static str,
    },
}

/// Why a request is refused with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageFault {
    /// `client_id` is missing, repeated or not one.
    #[error("client_id is missing, repeated or malformed")]
    ClientMissing,
    /// No such client, or it is disabled: told apart in the log alone.
    #[error("no such client")]
    ClientUnknown,
    /// `redirect_uri` is missing or repeated.
    #[error("redirect_uri is missing or repeated")]
    RedirectMissing,
    /// `redirect_uri` is not in the client's list.
    #[error("redirect_uri is not registered for this client")]
    RedirectUnknown,
    /// `request_uri` names no request of this client that is still kept.
    #[error("no such pushed request: expired, used, or of another client")]
    ReferenceUnknown,
    /// `request` is no request object of this client, or stands beside a `request_uri`: nothing in it can be believed.
    #[error("the request object is not one of this client")]
    ObjectUnusable,
    /// `state` is repeated or longer than [`MAX_STATE`], so no answer could be matched.
    #[error("state is repeated or longer than 2048 bytes")]
    StateUnusable,
}

impl Incoming {
    /// Finds the client a request names.
    pub fn read(parameters: Parameters) -> Result<Self, PageFault> {
        let client = match parameters.one("client_id") {
            Ok(Some(text)) => ClientId::parse(text).map_err(|_| PageFault::ClientMissing)?,
            Ok(None) | Err(_) => return Err(PageFault::ClientMissing),
        };
        // RFC 9101 §5: one or the other.
        if parameters.has("request") && parameters.has("request_uri") {
            return Err(PageFault::ObjectUnusable);
        }
        Ok(Self { parameters, client, form: Form::Plain })
    }

    /// A request of a client that is known already.
    pub(super) const fn of(client: ClientId, parameters: Parameters) -> Self {
        Self { parameters, client, form: Form::Plain }
    }

    /// A request out of an object that its client signed.
    pub(super) const fn from_object(client: ClientId, parameters: Parameters, fault: Option<ObjectFault>) -> Self {
        Self { parameters, client, form: Form::Object(fault) }
    }

    pub(super) const fn form(&self) -> Form {
        self.form
    }

    pub(super) const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The client to look up.
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// The reference to a pushed request; a `request_uri` of another kind is refused later, unread.
    pub fn pushed(&self) -> Option<Bearer<Pushed>> {
        pushed::reference(self.parameters.one("request_uri").ok().flatten()?)
    }

    /// Checks the request against what was found; gives the client that is served, too. A client that must push its
    /// requests is refused (RFC 9126 §5).
    pub fn check<'a>(
        self,
        found: Option<&'a Registered>,
        now: Timestamp,
        switches: &Arc<Switches>,
    ) -> Result<(AuthorizationRequest, LiveHabilitation<'a>), Rejected> {
        let registered = found.ok_or(Rejected::Page(PageFault::ClientUnknown))?;
        let live = match registered.live(now, switches) {
            Ok(live) => live,
            Err(NotLive::Disabled) => return Err(Rejected::Page(PageFault::ClientUnknown)),
            // Where the answer goes is checked all the same: without that it is a page.
            Err(why) => return Err(self.answering(&registered.client)?.0.not_live(why)),
        };
        let request = self.checked(&live)?;
        match live.client().pushing {
            PushRule::Optional => Ok((request, live)),
            PushRule::Required => Err(Rejected::Answer {
                to: request.answer_to,
                error: AuthorizeError::InvalidRequest,
                description: "this client must push its authorization requests (RFC 9126)",
            }),
        }
    }

    /// Checks the request of a client that is served, however it came.
    pub(super) fn checked(self, live: &LiveHabilitation<'_>) -> Result<AuthorizationRequest, Rejected> {
        let client = live.client();
        let (answering, redirect) = self.answering(client)?;
        match (self.form, client.request_objects.rule) {
            (Form::Object(Some(fault)), _) => return Err(answering.refuse(fault.error, fault.description)),
            (Form::Plain, ObjectRule::Signed) if !self.parameters.has("request") => {
                return Err(answering.bad("this client must send signed request objects (RFC 9101)"));
            }
            (Form::Plain | Form::Object(None), ObjectRule::Optional | ObjectRule::Signed) => {}
        }
        answering.check(&self.parameters, live, redirect)
    }

    /// Where the client is answered, once its redirect URI and state are known to be good.
    fn answering(&self, client: &Client) -> Result<(Answering, RegisteredRedirect), Rejected> {
        let parameters = &self.parameters;
        let redirect = match parameters.one("redirect_uri") {
            Ok(Some(uri)) => client.redirect(uri).ok_or(Rejected::Page(PageFault::RedirectUnknown))?,
            Ok(None) | Err(_) => return Err(Rejected::Page(PageFault::RedirectMissing)),
        };
        let state = match parameters.one("state") {
            Ok(state) if state.is_none_or(|state| state.len() <= MAX_STATE) => state.map(str::to_owned),
            Ok(_) | Err(_) => return Err(Rejected::Page(PageFault::StateUnusable)),
        };
        let to = ReturnAddress::new(redirect.clone(), state, mode(parameters), client);
        Ok((Answering { to }, redirect))
    }
}

/// The mode in which even errors are answered. One that does not exist is told in the default mode; without one, errors
/// of front-channel response types go where those would have (OAuth 2.0 Multiple Response Types §5).
fn mode(parameters: &Parameters) -> ResponseMode {
    let asked = parameters.one("response_mode").ok().flatten();
    let kind = parameters.one("response_type").ok().flatten();
    let front_channel = kind.is_some_and(|kind| kind.split(' ').any(|word| word == "token" || word == "id_token"));
    match (asked.and_then(ResponseMode::parse), front_channel) {
        (Some(mode), _) => mode,
        (None, true) => ResponseMode::plain(Place::Fragment),
        (None, false) => ResponseMode::DEFAULT,
    }
}

/// From here on the relying party can be answered.
struct Answering {
    to: ReturnAddress,
}

impl Answering {
    fn refuse(&self, error: AuthorizeError, description: &'static str) -> Rejected {
        Rejected::Answer { to: self.to.clone(), error, description }
    }

    fn not_live(&self, why: NotLive) -> Rejected {
        self.refuse(why.authorize_error(), why.sentence())
    }

    fn bad(&self, description: &'static str) -> Rejected {
        self.refuse(AuthorizeError::InvalidRequest, description)
    }

    fn one<'a>(&self, parameters: &'a Parameters, name: &'static str) -> Result<Option<&'a str>, Rejected> {
        parameters.one(name).map_err(|Repeated(_)| self.bad("a parameter was sent more than once"))
    }

    fn check(
        &self,
        parameters: &Parameters,
        live: &LiveHabilitation<'_>,
        redirect: RegisteredRedirect,
    ) -> Result<AuthorizationRequest, Rejected> {
        let client = live.client();
        for (name, error) in [
            ("request", AuthorizeError::RequestNotSupported),
            ("request_uri", AuthorizeError::RequestUriNotSupported),
            ("registration", AuthorizeError::RegistrationNotSupported),
        ] {
            if parameters.has(name) {
                return Err(self.refuse(error, "this parameter is not supported here"));
            }
        }
        match self.one(parameters, "response_type")? {
            Some("code") => {}
            Some(_) => {
                let sentence = "response_type must be code";
                return Err(self.refuse(AuthorizeError::UnsupportedResponseType, sentence));
            }
            None => return Err(self.bad("response_type is missing")),
        }
        match self.one(parameters, "response_mode")? {
            Some(name) if ResponseMode::parse(name).is_none() => {
                return Err(self.bad("response_mode is not one of response_modes_supported"));
            }
            Some(_) | None => {}
        }
        demands::check(&client.profile.rules(), parameters)
            .map_err(|(error, description)| self.refuse(error, description))?;
        let mut asked = self.scopes(parameters)?;
        let prompt = match self.one(parameters, "prompt")? {
            None => Prompt::Any,
            Some(text) => Prompt::parse(text).map_err(|sentence| self.bad(sentence))?,
        };
        let claims = match self.one(parameters, "claims")? {
            None => ClaimsParameter::default(),
            Some(text) => ClaimsParameter::parse(text, &mut asked).map_err(|sentence| self.bad(sentence))?,
        };
        GrantedScopes::grant(&asked, live).map_err(|_| {
            self.refuse(AuthorizeError::InvalidScope, "a scope is outside the habilitation of this client")
        })?;
        let sharing =
            Sharing::asked(parameters, live).map_err(|fault| self.refuse(fault.authorize_error(), fault.sentence()))?;
        let challenge = self.challenge(parameters, client)?;
        let level = self.level(parameters, client, &claims)?;
        live.may_ask(level).map_err(|why| self.not_live(why))?;
        let max_age = match self.one(parameters, "max_age")? {
            None => None,
            Some(text) if !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit()) => {
                text.parse().ok()
            }
            Some(_) => return Err(self.bad("max_age must be a number of seconds")),
        };
        let idp_hint = self
            .one(parameters, "idp_hint")?
            .map(|text| {
                ProviderId::parse(text)
                    .map_err(|_| self.refuse(AuthorizeError::InvalidIdpHint, "idp_hint names no identity provider"))
            })
            .transpose()?;
        // Hints help or are ignored; they never fail a request (OIDC Core §3.1.2.1).
        let login_hint = self.one(parameters, "login_hint")?.filter(|hint| hint.len() <= 256).map(str::to_owned);
        let language = self.one(parameters, "ui_locales")?.and_then(Language::from_ui_locales);
        for ignored in ["display", "claims_locales"] {
            self.one(parameters, ignored)?;
        }
        Ok(AuthorizationRequest {
            client: client.id.clone(),
            answer_to: self.to.clone(),
            asked,
            level,
            nonce: self.nonce(parameters)?,
            challenge,
            prompt,
            max_age,
            idp_hint,
            login_hint,
            language,
            expected_subject: claims.subject,
            id_token_hint: self.hint(parameters)?,
            pushed: None,
            redirect,
            key: self.key(parameters)?,
            resources: sharing.resources,
            details: sharing.details,
            offline: self.offline(parameters, client, prompt)?,
        })
    }

    fn key(&self, parameters: &Parameters) -> Result<Option<Thumbprint>, Rejected> {
        self.one(parameters, "dpop_jkt")?
            .map(|text| {
                Thumbprint::parse(text).ok_or_else(|| self.bad("dpop_jkt must be the SHA-256 thumbprint of a key"))
            })
            .transpose()
    }

    fn offline(&self, parameters: &Parameters, client: &Client, prompt: Prompt) -> Result<Offline, Rejected> {
        let named =
            self.one(parameters, "scope")?.is_some_and(|text| text.split(' ').any(|word| word == OFFLINE_ACCESS));
        let counts = prompt.wants_consent() && client.refresh == RefreshRule::Granted;
        Ok(if named && counts { Offline::Yes } else { Offline::No })
    }

    fn nonce(&self, parameters: &Parameters) -> Result<Option<String>, Rejected> {
        match self.one(parameters, "nonce")? {
            Some(nonce) if nonce.len() > MAX_NONCE => Err(self.bad("nonce must not be longer than 512 bytes")),
            nonce => Ok(nonce.map(str::to_owned)),
        }
    }

    fn hint(&self, parameters: &Parameters) -> Result<Option<String>, Rejected> {
        match self.one(parameters, "id_token_hint")? {
            Some(hint) if hint.len() > MAX_HINT => Err(self.bad("id_token_hint is longer than any ID token of ours")),
            hint => Ok(hint.map(str::to_owned)),
        }
    }

    fn scopes(&self, parameters: &Parameters) -> Result<Asked, Rejected> {
        let text = self.one(parameters, "scope")?.ok_or_else(|| self.bad("scope is missing: it must hold openid"))?;
        // A scope that does not exist is ignored (OIDC Core §3.1.2.1); one that is not habilitated is refused later.
        let scopes: BTreeSet<Scope> = text.split(' ').filter_map(Scope::parse).collect();
        if !scopes.contains(&Scope::OPENID) {
            return Err(self.bad("scope must hold openid"));
        }
        let amr = if scopes.iter().any(|scope| scope.name() == "amr") { AmrAsked::Yes } else { AmrAsked::No };
        Ok(Asked { scopes, amr, ..Asked::default() })
    }

    fn challenge(&self, parameters: &Parameters, client: &Client) -> Result<Option<Challenge>, Rejected> {
        match (self.one(parameters, "code_challenge")?, self.one(parameters, "code_challenge_method")?) {
            (Some(text), Some("S256")) => Challenge::parse(text)
                .map(Some)
                .ok_or_else(|| self.bad("code_challenge must be 43 base64url characters")),
            (Some(_), _) => Err(self.bad("code_challenge_method must be S256")),
            (None, Some(_)) => Err(self.bad("code_challenge is missing")),
            (None, None) => match client.pkce {
                PkceRule::Required => Err(self.bad("PKCE is required: send code_challenge with method S256")),
                PkceRule::Optional => Ok(None),
            },
        }
    }

    /// The lowest known level asked for, or the client's default; never below the client's minimum.
    fn level(&self, parameters: &Parameters, client: &Client, claims: &ClaimsParameter) -> Result<Level, Rejected> {
        let listed = self.one(parameters, "acr_values")?;
        let named = listed.into_iter().flat_map(|text| text.split(' ')).filter_map(Level::from_acr).min();
        let level = match (&claims.essential_acr, named) {
            (Some(values), _) => values.iter().filter_map(|acr| Level::from_acr(acr)).min().ok_or_else(|| {
                self.refuse(
                    AuthorizeError::UnmetAuthenticationRequirements,
                    "no acr that was asked for as essential exists here",
                )
            })?,
            (None, Some(level)) => level,
            (None, None) => client.default_level,
        };
        Ok(level.max(client.minimum_level))
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
