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
//! `verified` takes by value the proofs that only the checks can make: [`LevelMet`](crate::level::LevelMet), and
//! [`Admitted`](crate::identity::account::Admitted), which holds the
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

mod acceptance;
mod any;
mod arrival;
pub mod offer;
pub mod refusal;
pub mod session;

pub use acceptance::{Acceptance, ConsentMissing, NoLonger, StillHolds};
pub use any::{AnySignIn, Common};
pub use arrival::Fresh;

use serde::{Deserialize, Serialize};

use crate::claims::release::Identity;
use crate::client::Label;
use crate::habilitation::grant::LiveHabilitation;
use crate::id::{ClientId, ProviderId, Reference, SessionId, SignInId};
use crate::identity::account::AccountKey;
use crate::identity::civil::Consultation;
use crate::language::Language;
use crate::level::Level;
use crate::oidc::code::{Code, Grant};
use crate::oidc::error::AuthorizeError;
use crate::oidc::request::AuthorizationRequest;
use crate::oidc::response::{AuthorizationResponse, ReturnAddress};
use crate::secret::Bearer;
use crate::time::{Lifetime, Timestamp};
use crate::upstream::{Attempt, IdTokenHint};
use offer::Choosable;
use refusal::{Refusal, Setback};
use session::Session;

/// How long a second click on a way out gets the same answer as the first.
const SECOND_CLICK: Lifetime = Lifetime::seconds(10);

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

/// The citizen has arrived, and the sign-in went on under another secret. This is what its old place holds for a moment,
/// for a return whose answer was lost; no step leads out of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Moved {
    to: Bearer<AnySignIn>,
    attempt: String,
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
    session: Bearer<Session>,
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
    /// The session that was opened: part of the answer, which may have been lost on its way.
    #[serde(default)]
    opened: Option<Bearer<Session>>,
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
    /// What ends the citizen's session at the provider.
    #[serde(default)]
    pub hint: Option<IdTokenHint>,
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
        live: &LiveHabilitation<'_>,
        session: Option<(&Session, session::ProviderStanding)>,
        start: Start,
    ) -> Beginning {
        let silent = request.prompt == crate::oidc::prompt::Prompt::None;
        let reused = session.and_then(|(session, standing)| session.reuse(&request, standing, start.at).ok());
        let base = Box::new(Base {
            id: start.id,
            request,
            service: live.client().name.clone(),
            csrf: crate::secret::base64url(&start.csrf),
            reference: start.reference,
            language: start.language,
            started: start.at,
        });
        match reused {
            Some(verified) => {
                let informing =
                    SignIn { base, step: Informing { verified: Box::new(verified), reuse: Reuse::Session } };
                let (granted, sharing) = (informing.granted(live), informing.sharing(live));
                let informed =
                    session.is_some_and(|(session, _)| session.was_informed(live.client(), &granted, &sharing));
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
    /// The secret of the session that was opened at the end, for a browser that gets the answer once more.
    pub fn opened(&self) -> Option<&Bearer<Session>> {
        self.step.opened.as_ref()
    }

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

    /// Where answers to the relying party go.
    pub fn answer_to(&self) -> &ReturnAddress {
        &self.base.request.answer_to
    }

    /// Gives up and tells the relying party why.
    pub fn give_up(self, issuer: &str, error: AuthorizeError, description: &'static str, at: Timestamp) -> GivenUp {
        let response = self.base.request.answer_to.error(issuer, error, description);
        let answer = Box::new(response.clone());
        let step = Ended { outcome: Outcome::GivenUp, answer, repeats_until: at.plus(SECOND_CLICK), opened: None };
        GivenUp { signin: SignIn { base: self.base, step }, response }
    }
}

#[cfg(test)]
mod tests;
