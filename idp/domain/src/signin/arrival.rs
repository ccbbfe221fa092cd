//! There and back: the citizen leaves for a provider, returns, and is verified.

use super::{AnySignIn, Arriving, Away, Choosing, Informing, Moved, Refused, Reuse, SignIn, Verified};
use crate::claims::release::Identity;
use crate::client::Client;
use crate::cnie::assertion::Vouched;
use crate::id::{ProviderId, SessionId};
use crate::identity::account::Admitted;
use crate::identity::subject::Subject;
use crate::level::{LevelMet, LevelRefused};
use crate::secret::{Bearer, same};
use crate::time::Timestamp;
use crate::upstream::{Assertion, Attempt, Provider};

use super::refusal::{Refusal, Setback};

/// How far a provider's clock may be behind ours, in seconds.
const PROVIDER_CLOCK: i64 = 60;

/// What a verification adds: a new session and the time.
#[derive(Debug)]
pub struct Fresh {
    /// The session it opens.
    pub session: SessionId,
    /// Now: the time of authentication.
    pub at: Timestamp,
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
                card: assertion.card.map(|vouched| Vouched { level, ..vouched }),
            },
            level,
            amr: assertion.amr,
            // When the citizen authenticated, by the provider's word where it gives one; never later than now.
            auth_time: assertion.auth_time.map_or(fresh.at, |at| at.min(fresh.at)),
            consultation,
            session: fresh.session,
            hint: assertion.hint,
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

impl SignIn<Informing> {
    /// What the sign-in leaves at its old place when it goes on under another secret: the way there, for whoever comes
    /// back with the same attempt.
    pub fn leave_behind(&self, to: Bearer<AnySignIn>, attempt: &str) -> SignIn<Moved> {
        SignIn { base: self.base.clone(), step: Moved { to, attempt: attempt.to_owned() } }
    }
}

impl SignIn<Moved> {
    /// The secret it went on under, for the attempt that brought the citizen; compared in constant time.
    pub fn to(&self, attempt: &str) -> Option<&Bearer<AnySignIn>> {
        same(self.step.attempt.as_bytes(), attempt.as_bytes()).then_some(&self.step.to)
    }
}
