//! The sign-in: one citizen on the way to one relying party. One type per step; a transition consumes the step.
//!
//! ```text
//!            ┌───────────────── setback ────────────────┐
//!            ▼                                          │
//!  start ▶ Choosing ── depart ─▶ Away ── callback ─▶ Arriving ── verified ─▶ Informing ── accept ─▶ Finishing ─▶ Ended
//!            ▲  ▲                  │                    │      LevelMet        │  ▲                             ▲
//!            │  └── reconsider ────┘                    └─refuse▶ Refused      │  └─ start with a session       │
//!            └───────────────────────── change account ───────────────────────┘      every step ── cancel ───────┘
//! ```
//!
//! `verified` takes by value the proofs that only the checks can make: [`LevelMet`], and [`Admitted`], which holds the
//! civil registry's confirmation. A code cannot be reached without them:
//!
//! ```
//! # use domain::{identity::account::Admitted, level::LevelMet, signin::*, upstream::Assertion};
//! fn arrive(at: SignIn<Arriving>, met: LevelMet, may: Admitted, said: Assertion, fresh: Fresh) -> SignIn<Informing> {
//!     at.verified(met, may, said, fresh)
//! }
//! ```
//!
//! ```compile_fail,E0599
//! # use domain::{identity::account::Admitted, level::LevelMet, signin::*, upstream::Assertion};
//! fn arrive(at: SignIn<Away>, met: LevelMet, may: Admitted, said: Assertion, fresh: Fresh) -> SignIn<Informing> {
//!     at.verified(met, may, said, fresh)
//! }
//! ```
//!
//! ```compile_fail,E0061
//! # use domain::{identity::account::Admitted, signin::*, upstream::Assertion};
//! fn arrive(at: SignIn<Arriving>, may: Admitted, said: Assertion, fresh: Fresh) -> SignIn<Informing> {
//!     at.verified(may, said, fresh)
//! }
//! ```

pub mod offer;
pub mod refusal;
pub mod session;

use serde::{Deserialize, Serialize};

use crate::claims::release::{GrantedScopes, Identity};
use crate::client::{Client, Kind, Label};
use crate::id::{ClientId, ProviderId, Reference, SessionId, SignInId};
use crate::identity::account::{Account, AccountKey, Admitted, NotAdmitted};
use crate::identity::civil::Consultation;
use crate::identity::subject::Subject;
use crate::language::Language;
use crate::level::{Level, LevelMet, LevelRefused};
use crate::oidc::code::{Code, Grant};
use crate::oidc::error::AuthorizeError;
use crate::oidc::pushed::Pushed;
use crate::oidc::request::AuthorizationRequest;
use crate::oidc::response::{AuthorizationResponse, ReturnAddress};
use crate::secret::{Bearer, same};
use crate::time::{Lifetime, Timestamp};
use crate::upstream::{Assertion, Attempt, Provider};
use offer::Choosable;
use refusal::{Refusal, Setback};
use session::Session;

/// How long a second click on a way out gets the same answer as the first.
const SECOND_CLICK: Lifetime = Lifetime::seconds(10);

/// How far a provider's clock may be behind ours, in seconds.
const PROVIDER_CLOCK: i64 = 60;

/// A sign-in at one step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignIn<S> {
    base: Box<Base>,
    step: S,
}

/// What stays the same from the first step to the last.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Base {
    id: SignInId,
    request: AuthorizationRequest,
    service: Label,
    csrf: String,
    reference: Reference,
    language: Language,
    started: Timestamp,
}

/// The citizen chooses an identity provider.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Choosing {
    setback: Option<Setback>,
}

/// The citizen is at a provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Away {
    attempt: Box<Attempt>,
}

/// The citizen is back and the answer is being verified. The attempt is spent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Arriving {
    provider: ProviderId,
}

/// The citizen reads what will be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Informing {
    verified: Box<Verified>,
    reuse: Reuse,
}

/// The citizen accepted: code, journal and notice are being written. Resuming this step repeats nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finishing {
    code: Bearer<Code>,
    grant: Box<Grant>,
    verified: Box<Verified>,
    reuse: Reuse,
    consented: Option<Vec<String>>,
    at: Timestamp,
}

/// The checks refused the sign-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refused {
    refusal: Refusal,
    provider: ProviderId,
}

/// The citizen went back to the relying party, signed in or not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ended {
    outcome: Outcome,
    answer: Box<AuthorizationResponse>,
    /// Until when a second click gets the same answer as the first.
    repeats_until: Timestamp,
}

/// How a sign-in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The relying party received a code.
    Finished,
    /// The relying party received an error.
    GivenUp,
}

/// A sign-in at any step, as the store keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnySignIn {
    /// At the choice.
    Choosing(SignIn<Choosing>),
    /// At a provider.
    Away(SignIn<Away>),
    /// Being verified.
    Arriving(SignIn<Arriving>),
    /// At the information page.
    Informing(SignIn<Informing>),
    /// Being finished.
    Finishing(SignIn<Finishing>),
    /// Refused.
    Refused(SignIn<Refused>),
    /// Over.
    Ended(SignIn<Ended>),
}

/// A citizen who was verified by a provider, the civil registry and their own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The account.
    pub account: AccountKey,
    /// Everything known of the citizen.
    pub identity: Identity,
    /// The level that was met.
    pub level: Level,
    /// How the citizen authenticated.
    pub amr: Vec<String>,
    /// When.
    pub auth_time: Timestamp,
    /// How the civil registry was asked.
    pub consultation: Consultation,
    /// The session this verification opens, or was taken from.
    pub session: SessionId,
}

/// Whether an earlier sign-in was reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reuse {
    /// The citizen went to a provider for this sign-in.
    Fresh,
    /// The citizen's session was reused.
    Session,
}

/// What a new sign-in is made with: fresh random values.
#[derive(Debug)]
pub struct Start {
    /// Its identifier.
    pub id: SignInId,
    /// The secret of its forms.
    pub csrf: [u8; 32],
    /// The reference in the notice.
    pub reference: Reference,
    /// The language of its pages.
    pub language: Language,
    /// Now.
    pub at: Timestamp,
}

/// What a verification adds: a new session and the time.
#[derive(Debug)]
pub struct Fresh {
    /// The session it opens.
    pub session: SessionId,
    /// Now: the time of authentication.
    pub at: Timestamp,
}

/// Where a new sign-in begins.
#[derive(Debug)]
pub enum Beginning {
    /// At the choice.
    Choose(SignIn<Choosing>),
    /// At the information page, with the session of the browser.
    Inform(SignIn<Informing>),
    /// Nowhere: `prompt=none` and a page would be needed (OIDC Core §3.1.2.6).
    Answer(AuthorizeError, &'static str),
}

impl SignIn<Choosing> {
    /// Starts a sign-in, reusing the browser's session where the request and the levels allow.
    pub fn start(
        request: AuthorizationRequest,
        client: &Client,
        session: Option<(&Session, session::ProviderStanding)>,
        start: Start,
    ) -> Beginning {
        let silent = request.prompt == crate::oidc::request::Prompt::None;
        let reused = session.and_then(|(session, standing)| session.reuse(&request, standing, start.at).ok());
        let base = Box::new(Base {
            id: start.id,
            request,
            service: client.name.clone(),
            csrf: crate::secret::base64url(&start.csrf),
            reference: start.reference,
            language: start.language,
            started: start.at,
        });
        match reused {
            Some(verified) => {
                let informing =
                    SignIn { base, step: Informing { verified: Box::new(verified), reuse: Reuse::Session } };
                let informed =
                    session.is_some_and(|(session, _)| session.was_informed(client, &informing.granted(client)));
                if silent && !informed {
                    return Beginning::Answer(
                        AuthorizeError::InteractionRequired,
                        "the citizen has to be informed of what is sent before it is sent silently",
                    );
                }
                Beginning::Inform(informing)
            }
            None if silent => {
                Beginning::Answer(AuthorizeError::LoginRequired, "no session that fits this request: show the button")
            }
            None => Beginning::Choose(Self { base, step: Choosing::default() }),
        }
    }

    /// What went wrong the last time, to tell on the page.
    pub fn setback(&self) -> Option<&Setback> {
        self.step.setback.as_ref()
    }

    /// The same choice, with what went wrong to tell on the page.
    #[must_use]
    pub fn after(self, setback: Setback) -> Self {
        Self { base: self.base, step: Choosing { setback: Some(setback) } }
    }

    /// Leaves for a provider that the offer lets be chosen.
    pub fn depart(self, to: Choosable, random: &[u8; 96], at: Timestamp) -> SignIn<Away> {
        let attempt = Attempt::from_random(to.into_provider(), self.base.request.level, at, random);
        SignIn { base: self.base, step: Away { attempt: Box::new(attempt) } }
    }
}

impl SignIn<Away> {
    /// The attempt that the answer must belong to.
    pub fn attempt(&self) -> &Attempt {
        &self.step.attempt
    }

    /// Takes the answer of a provider: gives the spent attempt when the answer belongs to it, and this step back when
    /// it does not (another tab, another provider, a replay).
    pub fn callback(self, provider: &ProviderId, secret: &str) -> Result<(SignIn<Arriving>, Attempt), Self> {
        if !self.step.attempt.is_answered_by(provider, secret) {
            return Err(self);
        }
        let Away { attempt } = self.step;
        Ok((SignIn { base: self.base, step: Arriving { provider: attempt.provider.clone() } }, *attempt))
    }

    /// Goes back to the choice; the answer of the abandoned attempt will not count.
    pub fn reconsider(self) -> SignIn<Choosing> {
        SignIn { base: self.base, step: Choosing::default() }
    }
}

impl SignIn<Arriving> {
    /// The provider that answered.
    pub fn provider(&self) -> &ProviderId {
        &self.step.provider
    }

    /// Checks the level that the provider asserts against the one of this request, and the client's minimum as it is now.
    pub fn meets(&self, assertion: &Assertion, provider: &Provider, client: &Client) -> Result<LevelMet, LevelRefused> {
        let asked = self.base.request.level.max(client.minimum_level);
        LevelMet::check(asked, assertion.level, provider.levels)
    }

    /// Whether the citizen authenticated when the relying party wanted it to be done anew: not before the departure,
    /// where the provider says when (OIDC Core §3.1.2.1, `prompt=login` and `max_age`).
    pub fn is_recent_enough(&self, assertion: &Assertion, attempt: &Attempt, now: Timestamp) -> bool {
        let Some(at) = assertion.auth_time else { return true };
        let oldest = match (self.base.request.prompt.wants_login(), self.base.request.max_age) {
            (true, _) => attempt.departed.epoch(),
            (false, Some(max_age)) => now.epoch().saturating_sub(i64::from(max_age)),
            (false, None) => return true,
        };
        at.epoch() >= oldest.saturating_sub(PROVIDER_CLOCK)
    }

    /// Whether the relying party expects this citizen, or nobody in particular (OIDC Core §5.5.1).
    pub fn expects(&self, subject: &Subject) -> bool {
        self.base.request.expected_subject.as_deref().is_none_or(|expected| expected == subject.as_str())
    }

    /// Goes on with a citizen for whom every check was passed.
    pub fn verified(self, met: LevelMet, admitted: Admitted, assertion: Assertion, fresh: Fresh) -> SignIn<Informing> {
        let level = met.into_level();
        let (account, confirmed) = admitted.into_parts();
        let (pivot, consultation) = confirmed.into_parts();
        let verified = Verified {
            account,
            identity: Identity {
                pivot,
                provider_birthdate: assertion.birthdate(),
                preferred_username: assertion.preferred_username,
                email: assertion.email,
                provider: assertion.provider,
            },
            level,
            amr: assertion.amr,
            // When the citizen authenticated, by the provider's word where it gives one; never later than now.
            auth_time: assertion.auth_time.map_or(fresh.at, |at| at.min(fresh.at)),
            consultation,
            session: fresh.session,
        };
        SignIn { base: self.base, step: Informing { verified: Box::new(verified), reuse: Reuse::Fresh } }
    }

    /// Goes back to the choice, with what went wrong: another try or another provider may help.
    pub fn set_back(self, setback: Setback) -> SignIn<Choosing> {
        SignIn { base: self.base, step: Choosing { setback: Some(setback) } }
    }

    /// Ends at a page that says why the sign-in cannot go on.
    pub fn refuse(self, refusal: Refusal) -> SignIn<Refused> {
        SignIn { base: self.base, step: Refused { refusal, provider: self.step.provider } }
    }

    /// Goes back to the choice when the verification was interrupted.
    pub fn reconsider(self) -> SignIn<Choosing> {
        SignIn { base: self.base, step: Choosing::default() }
    }
}

/// How the citizen accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// They went on after being informed.
    WentOn,
    /// They ticked the consent.
    Consented,
}

/// Proof that what was verified still holds at the moment the citizen accepts: the account still admits the provider, and
/// a reused session was not ended meanwhile. Its only constructor is [`SignIn::still_holds`].
#[derive(Debug)]
pub struct StillHolds(());

/// Why what was verified does not hold any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoLonger {
    /// The session that was reused was ended.
    #[error("the session was ended")]
    SessionEnded,
    /// The account was frozen, or the provider blocked, meanwhile.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
}

/// A private party needs consent and none was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the citizen did not consent")]
pub struct ConsentMissing;

impl SignIn<Informing> {
    /// The citizen.
    pub fn citizen(&self) -> &Verified {
        &self.step.verified
    }

    /// Whether the session of the browser was reused.
    pub fn reuse(&self) -> Reuse {
        self.step.reuse
    }

    /// What would be released to the client as it is registered now.
    pub fn granted(&self, client: &Client) -> GrantedScopes {
        GrantedScopes::intersect(&self.base.request.asked, client)
    }

    /// Whether the client must have the citizen's consent: a private party that receives personal data.
    pub fn needs_consent(&self, client: &Client) -> bool {
        client.kind == Kind::Private && !self.granted(client).is_anonymous()
    }

    /// The level that the relying party is told. A reused sign-in counts as substantial at most.
    fn reported_level(&self) -> Level {
        match self.step.reuse {
            Reuse::Fresh => self.step.verified.level,
            Reuse::Session => self.step.verified.level.reusable(),
        }
    }

    /// Asks again, at the moment of acceptance, what may have changed while the citizen was reading. `session` is what
    /// the browser holds now, `account` what is kept of the citizen.
    pub fn still_holds(&self, session: Option<&Session>, account: Option<&Account>) -> Result<StillHolds, NoLonger> {
        let verified = &self.step.verified;
        if self.step.reuse == Reuse::Session && session.is_none_or(|session| *session.id() != verified.session) {
            return Err(NoLonger::SessionEnded);
        }
        match account.filter(|account| account.key == verified.account) {
            Some(account) => {
                account.admits(&verified.identity.provider).map(|()| StillHolds(())).map_err(NoLonger::from)
            }
            None => Err(NoLonger::NotAdmitted(NotAdmitted::Frozen)),
        }
    }

    /// Accepts. What is released is computed anew from the client as it is registered now.
    pub fn accept(
        self,
        client: &Client,
        acceptance: Acceptance,
        _still: StillHolds,
        code: [u8; 32],
        at: Timestamp,
    ) -> Result<SignIn<Finishing>, (Self, ConsentMissing)> {
        let consented = match (self.needs_consent(client), acceptance) {
            (true, Acceptance::WentOn) => return Err((self, ConsentMissing)),
            (true, Acceptance::Consented) => {
                let granted = self.granted(client);
                let claims = granted.claims().into_iter().map(|claim| claim.name().to_owned());
                Some(claims.chain(granted.elsewhere().map(|scope| scope.name().to_owned())).collect())
            }
            (false, _) => None,
        };
        let verified = &self.step.verified;
        let grant = Grant {
            client: client.id.clone(),
            scopes: self.granted(client),
            account: verified.account.clone(),
            identity: verified.identity.clone(),
            level: self.reported_level(),
            amr: verified.amr.clone(),
            auth_time: verified.auth_time,
            session: verified.session.clone(),
            nonce: self.base.request.nonce.clone(),
            redirect: self.base.request.redirect.clone(),
            challenge: self.base.request.challenge.clone(),
        };
        let Informing { verified, reuse } = self.step;
        let step =
            Finishing { code: Bearer::from_random(code), grant: Box::new(grant), verified, reuse, consented, at };
        Ok(SignIn { base: self.base, step })
    }

    /// Goes back to the choice: « this is not me ».
    pub fn change_account(self) -> SignIn<Choosing> {
        SignIn { base: self.base, step: Choosing::default() }
    }
}

impl SignIn<Finishing> {
    /// The code to issue.
    pub fn code(&self) -> &Bearer<Code> {
        &self.step.code
    }

    /// What the code stands for.
    pub fn grant(&self) -> &Grant {
        &self.step.grant
    }

    /// The citizen.
    pub fn citizen(&self) -> &Verified {
        &self.step.verified
    }

    /// When the citizen accepted.
    pub fn at(&self) -> Timestamp {
        self.step.at
    }

    /// The reference of a pushed request, which completes once.
    pub fn pushed(&self) -> Option<&Bearer<Pushed>> {
        self.base.request.pushed.as_ref()
    }

    /// What the citizen consented to; `None` where they were informed.
    pub fn consented(&self) -> Option<&[String]> {
        self.step.consented.as_deref()
    }

    /// The session of the browser from now on, which remembers what the citizen was informed of: a new one after a fresh
    /// sign-in; the earlier one, and never another, where it was reused. One that was ended meanwhile stays ended.
    pub fn session_after(&self, earlier: Option<Session>) -> Option<Session> {
        let mut session = match self.step.reuse {
            Reuse::Fresh => Session::open((*self.step.verified).clone()),
            Reuse::Session => earlier.filter(|earlier| earlier.id() == &self.step.verified.session)?,
        };
        session.inform(&self.base.request.client, self.step.grant.scopes.clone());
        Some(session)
    }

    /// The act for the journal.
    pub fn act(&self) -> crate::journal::Act {
        crate::journal::Act::SignedIn {
            account: self.step.verified.account.clone(),
            client: self.base.request.client.clone(),
            provider: self.step.verified.identity.provider.clone(),
            level: self.step.grant.level,
            scopes: self.step.grant.scopes.scopes().map(|scope| scope.name().to_owned()).collect(),
            consultation: self.step.verified.consultation,
            reuse: self.step.reuse,
            consented: self.step.consented.clone(),
            reference: self.base.reference.as_str().to_owned(),
        }
    }

    /// The notice for the citizen.
    pub fn notice(&self, provider: &Label) -> crate::notice::Notice {
        let identity = &self.step.verified.identity;
        let given = identity.pivot.given_names.first().map_or("", |name| name.as_str());
        let family = identity.preferred_username.as_deref().unwrap_or(identity.pivot.family_name.as_str());
        crate::notice::Notice {
            to: identity.email.clone(),
            language: self.base.language,
            message: crate::notice::Message::SignedIn {
                citizen: format!("{given} {family}"),
                service: self.base.service.clone(),
                provider: provider.clone(),
                level: self.step.grant.level,
                at: self.step.at,
                reference: self.base.reference.as_str().to_owned(),
            },
        }
    }

    /// The response that brings the code to the relying party.
    pub fn answer(&self, issuer: &str) -> AuthorizationResponse {
        self.base.request.answer_to.code(issuer, &self.step.code.expose())
    }

    /// Ends the sign-in. Until the code ends, whoever clicks again gets the same answer.
    pub fn end(self, issuer: &str, code_ends: Timestamp) -> SignIn<Ended> {
        let answer = Box::new(self.answer(issuer));
        let step = Ended { outcome: Outcome::Finished, answer, repeats_until: code_ends };
        SignIn { base: self.base, step }
    }
}

impl SignIn<Refused> {
    /// Why.
    pub fn refusal(&self) -> Refusal {
        self.step.refusal
    }

    /// The provider whose answer was refused.
    pub fn provider(&self) -> &ProviderId {
        &self.step.provider
    }

    /// Goes back to the choice, where another provider may do better.
    pub fn retry(self) -> SignIn<Choosing> {
        SignIn { base: self.base, step: Choosing::default() }
    }
}

impl SignIn<Ended> {
    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        self.step.outcome
    }

    /// The answer once more, for a second click: the browser follows the last one, and the first answer may have been
    /// thrown away with the first click.
    pub fn repeat(&self, now: Timestamp) -> Option<AuthorizationResponse> {
        (!self.step.repeats_until.is_past(now)).then(|| (*self.step.answer).clone())
    }
}

/// A sign-in given up, and the response that tells the relying party.
#[derive(Debug)]
pub struct GivenUp {
    /// The sign-in, over.
    pub signin: SignIn<Ended>,
    /// What the relying party is told.
    pub response: AuthorizationResponse,
}

impl<S> SignIn<S> {
    /// Its identifier.
    pub fn id(&self) -> &SignInId {
        &self.base.id
    }

    /// The relying party.
    pub fn client(&self) -> &ClientId {
        &self.base.request.client
    }

    /// The relying party's name, as it was when the sign-in began.
    pub fn service(&self) -> &Label {
        &self.base.service
    }

    /// The checked request.
    pub fn request(&self) -> &AuthorizationRequest {
        &self.base.request
    }

    /// The language of its pages.
    pub fn language(&self) -> Language {
        self.base.language
    }

    /// The same sign-in in another language.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        self.base.language = language;
        self
    }

    /// The reference a citizen can quote.
    pub fn reference(&self) -> &Reference {
        &self.base.reference
    }

    /// When it began.
    pub fn started(&self) -> Timestamp {
        self.base.started
    }

    /// The secret that its forms carry.
    pub fn csrf(&self) -> &str {
        &self.base.csrf
    }

    /// Whether a form carries the secret, in constant time.
    pub fn owns_form(&self, csrf: &str) -> bool {
        same(self.base.csrf.as_bytes(), csrf.as_bytes())
    }

    /// Where answers to the relying party go.
    pub fn answer_to(&self) -> &ReturnAddress {
        &self.base.request.answer_to
    }

    /// Gives up and tells the relying party why.
    pub fn give_up(self, issuer: &str, error: AuthorizeError, description: &'static str, at: Timestamp) -> GivenUp {
        let response = self.base.request.answer_to.error(issuer, error, description);
        let answer = Box::new(response.clone());
        let step = Ended { outcome: Outcome::GivenUp, answer, repeats_until: at.plus(SECOND_CLICK) };
        GivenUp { signin: SignIn { base: self.base, step }, response }
    }
}

macro_rules! any {
    ($($step:ident),*) => {
        $(impl From<SignIn<$step>> for AnySignIn {
            fn from(signin: SignIn<$step>) -> Self {
                Self::$step(signin)
            }
        }

        impl TryFrom<AnySignIn> for SignIn<$step> {
            type Error = AnySignIn;

            fn try_from(any: AnySignIn) -> Result<Self, AnySignIn> {
                if let AnySignIn::$step(signin) = any { Ok(signin) } else { Err(any) }
            }
        })*

        impl AnySignIn {
            /// The same sign-in in another language.
            #[must_use]
            pub fn in_language(self, language: Language) -> Self {
                match self {
                    $(Self::$step(signin) => Self::$step(signin.in_language(language)),)*
                }
            }

            /// The relying party, its name and the language, whatever the step.
            pub fn common(&self) -> Common<'_> {
                match self {
                    $(Self::$step(signin) => Common { base: &signin.base },)*
                }
            }

            /// Gives up and tells the relying party why.
            pub fn give_up(
                self,
                issuer: &str,
                error: AuthorizeError,
                description: &'static str,
                at: Timestamp,
            ) -> GivenUp {
                match self {
                    $(Self::$step(signin) => signin.give_up(issuer, error, description, at),)*
                }
            }
        }
    };
}

any!(Choosing, Away, Arriving, Informing, Finishing, Refused, Ended);

/// What every step shares.
#[derive(Debug, Clone, Copy)]
pub struct Common<'a> {
    base: &'a Base,
}

impl<'a> Common<'a> {
    /// The sign-in's identifier.
    pub fn id(self) -> &'a SignInId {
        &self.base.id
    }

    /// The relying party.
    pub fn client(self) -> &'a ClientId {
        &self.base.request.client
    }

    /// The relying party's name.
    pub fn service(self) -> &'a Label {
        &self.base.service
    }

    /// When it began.
    pub fn started(self) -> Timestamp {
        self.base.started
    }

    /// The language of the pages.
    pub fn language(self) -> Language {
        self.base.language
    }

    /// The secret that the forms carry.
    pub fn csrf(self) -> &'a str {
        &self.base.csrf
    }

    /// Whether a form carries the secret, in constant time.
    pub fn owns_form(self, csrf: &str) -> bool {
        same(self.base.csrf.as_bytes(), csrf.as_bytes())
    }

    /// The reference a citizen can quote.
    pub fn reference(self) -> &'a Reference {
        &self.base.reference
    }
}

impl AnySignIn {
    /// The path of the page of the step the citizen is at.
    pub fn page(&self) -> &'static str {
        match self {
            Self::Choosing(_) | Self::Away(_) => "choose",
            Self::Arriving(_) => "arriving",
            Self::Informing(_) => "inform",
            Self::Finishing(_) => "finish",
            Self::Refused(_) => "refused",
            Self::Ended(_) => "ended",
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
