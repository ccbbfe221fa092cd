//! The citizen's word: what they are told, what they accept, and the end that follows.

use std::collections::BTreeSet;

use super::session::{ProviderStanding, Session, Told};
use super::{Choosing, Ended, Finishing, Informing, Outcome, Reuse, SignIn, Verified};
use crate::claims::release::GrantedScopes;
use crate::claims::scopes::Scope;
use crate::client::{Kind, Label};
use crate::habilitation::grant::{LiveHabilitation, NotLive};
use crate::id::SignInId;
use crate::identity::account::{Account, NotAdmitted};
use crate::level::Level;
use crate::oidc::code::{Code, Grant};
use crate::oidc::pushed::Pushed;
use crate::oidc::response::AuthorizationResponse;
use crate::oidc::sharing::Sharing;
use crate::secret::Bearer;
use crate::time::Timestamp;

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
    /// The provider was closed, or the relying party does not take it any more.
    #[error("the provider is not offered any more")]
    ProviderClosed,
    /// The relying party needs a higher level now.
    #[error("the level does not suffice any more")]
    LevelRaised,
    /// The provider or the level was switched off, or the relying party may not ask for the level any more.
    #[error(transparent)]
    NotLive(#[from] NotLive),
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
    pub fn granted(&self, live: &LiveHabilitation<'_>) -> GrantedScopes {
        GrantedScopes::intersect(&self.base.request.asked, live)
    }

    /// What the client could ask of data providers, as it is registered now.
    pub fn sharing(&self, live: &LiveHabilitation<'_>) -> Sharing {
        self.base.request.sharing(live)
    }

    /// Whether nothing about the person leaves, neither from here nor from a data provider.
    pub fn is_anonymous(&self, live: &LiveHabilitation<'_>) -> bool {
        self.granted(live).is_anonymous() && self.sharing(live).is_empty()
    }

    /// Whether the client must have the citizen's consent: a private party that receives personal data.
    pub fn needs_consent(&self, live: &LiveHabilitation<'_>) -> bool {
        live.client().kind == Kind::Private && !self.is_anonymous(live)
    }

    /// The level that the relying party is told. A reused sign-in counts as substantial at most; one that went further than
    /// the relying party may ask counts as what it may ask.
    fn reported_level(&self, live: &LiveHabilitation<'_>) -> Level {
        let met = match self.step.reuse {
            Reuse::Fresh => self.step.verified.level,
            Reuse::Session => self.step.verified.level.reusable(),
        };
        met.min(live.level())
    }

    /// Asks again, at the moment of acceptance, what may have changed while the citizen was reading. `session` is what
    /// the browser holds now, `account` what is kept of the citizen, `live` the relying party as it is habilitated now,
    /// `standing` whether the provider could be chosen now.
    pub fn still_holds(
        &self,
        live: &LiveHabilitation<'_>,
        session: Option<&Session>,
        account: Option<&Account>,
        standing: ProviderStanding,
    ) -> Result<StillHolds, NoLonger> {
        let verified = &self.step.verified;
        if standing == ProviderStanding::NotAccepted {
            return Err(NoLonger::ProviderClosed);
        }
        live.takes(&verified.identity.provider, verified.level)?;
        live.may_ask(self.base.request.level)?;
        if self.reported_level(live) < live.client().minimum_level {
            return Err(NoLonger::LevelRaised);
        }
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

    /// Accepts. What is released is computed anew from the client as it is registered now. Code and session get their
    /// secrets here, from 64 random bytes, so that whatever is repeated later is repeated under the same ones.
    pub fn accept(
        self,
        live: &LiveHabilitation<'_>,
        acceptance: Acceptance,
        _still: StillHolds,
        random: &[u8; 64],
        at: Timestamp,
    ) -> Result<SignIn<Finishing>, (Self, ConsentMissing)> {
        let consented = match (self.needs_consent(live), acceptance) {
            (true, Acceptance::WentOn) => return Err((self, ConsentMissing)),
            (true, Acceptance::Consented) => {
                let granted = self.granted(live);
                let claims = granted.claims().into_iter().map(|claim| claim.name().to_owned());
                let elsewhere: BTreeSet<Scope> = granted.elsewhere().chain(self.sharing(live).datatypes()).collect();
                Some(claims.chain(elsewhere.into_iter().map(|scope| scope.name().to_owned())).collect())
            }
            (false, _) => None,
        };
        let verified = &self.step.verified;
        let sharing = self.sharing(live);
        let grant = Grant {
            client: live.client().id.clone(),
            scopes: self.granted(live),
            account: verified.account.clone(),
            identity: verified.identity.clone(),
            level: self.reported_level(live),
            amr: verified.amr.clone(),
            auth_time: verified.auth_time,
            session: verified.session.clone(),
            nonce: self.base.request.nonce.clone(),
            redirect: self.base.request.redirect.clone(),
            challenge: self.base.request.challenge.clone(),
            key: self.base.request.key.clone(),
            resources: sharing.resources,
            details: sharing.details,
            offline: self.base.request.offline,
        };
        let Informing { verified, reuse } = self.step;
        let (mut code, mut session) = ([0; 32], [0; 32]);
        code.copy_from_slice(&random[..32]);
        session.copy_from_slice(&random[32..]);
        let (code, session) = (Bearer::from_random(code), Bearer::from_random(session));
        let step = Finishing { code, session, grant: Box::new(grant), verified, reuse, consented, at };
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

    /// The name of this acceptance: what is accounted for once is accounted for under it.
    pub fn acceptance(&self) -> SignInId {
        let mut name = [0; 16];
        name.copy_from_slice(&self.step.code.expand(&[b"acceptance"])[..16]);
        SignInId::from_random(name)
    }

    /// The session that a fresh sign-in opens, and its secret; a reused one goes on as it is.
    pub fn opens(&self) -> Option<(&Bearer<Session>, Session)> {
        match self.step.reuse {
            Reuse::Fresh => {
                let mut session = Session::open((*self.step.verified).clone());
                session.inform(&self.base.request.client, self.told());
                Some((&self.step.session, session))
            }
            Reuse::Session => None,
        }
    }

    /// The reused session, which remembers from now on what the citizen was informed of; `None` when it is another.
    pub fn informed(&self, mut session: Session) -> Option<Session> {
        if session.id() != &self.step.verified.session || session.is_ending() {
            return None;
        }
        session.inform(&self.base.request.client, self.told());
        Some(session)
    }

    /// What the citizen was told is granted.
    fn told(&self) -> Told {
        let grant = &self.step.grant;
        let sharing = Sharing { resources: grant.resources.clone(), details: grant.details.clone() };
        Told { scopes: grant.scopes.clone(), sharing }
    }

    /// The act for the journal.
    pub fn act(&self) -> crate::journal::Act {
        crate::journal::Act::SignedIn {
            account: self.step.verified.account.clone(),
            client: self.base.request.client.clone(),
            provider: self.step.verified.identity.provider.clone(),
            level: self.step.grant.level,
            scopes: self.step.grant.scopes.scopes().map(|scope| scope.name().to_owned()).collect(),
            sharing: self.told().sharing,
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
        let opened = self.opens().map(|(secret, _)| secret.clone());
        let step = Ended { outcome: Outcome::Finished, answer, repeats_until: code_ends, opened };
        SignIn { base: self.base, step }
    }
}
