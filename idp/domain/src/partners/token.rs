//! Tokens of the admin API: programs that act for an organisation or for the operator, and how far.
//!
//! ```text
//!  AdminToken ── standing(now) ──▶ Standing ── may(permission, about, issuer) ──▶ Granted<P>
//!                 not over, not revoked         its scope gives P, its reach covers it,
//!                                               who answers for it holds P too
//! ```
//!
//! A token is made with few scopes and for a while, and is never changed: whoever needs more makes another. None both writes
//! requests and decides on them, and one that decides on grants has a person of the operator who answers for it.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::lineage::Lineage;
use super::partner::Partner;
use super::permission::{About, Own, Permission, Permit};
use crate::habilitation::acting::Machine;
use crate::id::{AdminTokenId, PartnerId};
use crate::organisation::siret::Siret;
use crate::people::commune::Departement;
use crate::people::name::Name;
use crate::time::{Lifetime, Timestamp};

const DAY: u32 = 86_400;
/// How long a token lives when nothing else is said.
pub const USUAL_TERM: Lifetime = Lifetime::seconds(90 * DAY);
/// How long one lives at most.
pub const LONGEST_TERM: Lifetime = Lifetime::seconds(366 * DAY);

/// What a token bears: the marker of its secret.
#[derive(Debug)]
pub enum AdminSecret {}

/// What a token begins with, so that a scanner that looks for secrets finds one that was left lying about.
pub const PREFIX: &str = "passerelle_at_";

macro_rules! scopes {
    ($($(#[$doc:meta])+ $name:ident = $text:literal, $kind:ident, [$($permission:ident),+];)+) => {
        /// What a token may be used for: each scope gives the permissions of its row, and no permission stands in two.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum TokenScope {
            $($(#[$doc])+ $name,)+
        }

        impl TokenScope {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The permissions it gives.
            pub const fn permissions(self) -> &'static [Permission] {
                match self {
                    $(Self::$name => &[$(Permission::$permission,)+],)+
                }
            }

            const fn kind(self) -> Use {
                match self {
                    $(Self::$name => Use::$kind,)+
                }
            }
        }
    };
}

/// What the use of a scope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Reads,
    Writes,
    Decides,
}

scopes! {
    /// Lists requests; reads one, with its versions and what was written about it.
    RequestsRead = "requests:read", Reads, [ReadQueue, ReadRequests];
    /// Begins requests, writes in them, hands them in, opens them again.
    RequestsWrite = "requests:write", Writes, [EditRequests, SubmitRequests];
    /// Looks at the points of a review, asks for changes, refuses.
    RequestsReview = "requests:review", Decides, [ReviewRequests];
    /// Approves.
    RequestsApprove = "requests:approve", Decides, [ApproveRequests];
    /// Lists and reads habilitations.
    HabilitationsRead = "habilitations:read", Reads, [ReadHabilitations, ReadOrganisation];
    /// Suspends, resumes and revokes them.
    HabilitationsRevoke = "habilitations:revoke", Decides, [RevokeHabilitations];
    /// Lists and reads services.
    ServicesRead = "services:read", Reads, [ReadServices];
    /// Makes the service of a request that was granted.
    ServicesWrite = "services:write", Writes, [ChangeCredentials];
    /// Reads how often people sign in.
    FiguresRead = "figures:read", Reads, [ReadFigures];
    /// Reads what is switched off.
    SwitchesRead = "switches:read", Reads, [ReadSwitches];
}

/// A name of no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no scope of tokens has this name")]
pub struct UnknownScope;

impl TokenScope {
    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.name() == name)
    }

    /// The scope that gives a permission; most are no program's to have.
    pub fn giving(permission: Permission) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.permissions().contains(&permission))
    }
}

impl TryFrom<String> for TokenScope {
    type Error = UnknownScope;

    fn try_from(name: String) -> Result<Self, UnknownScope> {
        Self::parse(&name).ok_or(UnknownScope)
    }
}

impl From<TokenScope> for String {
    fn from(scope: TokenScope) -> Self {
        scope.name().to_owned()
    }
}

/// How far a token reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenReach {
    /// Every organisation.
    Everywhere,
    /// The organisations of a département.
    Departement(Departement),
    /// One organisation: the program is its own.
    Organisation(Siret),
}

/// What somebody who makes a token says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOrder {
    /// What it is called.
    pub name: Name,
    /// What it may be used for.
    pub scopes: BTreeSet<TokenScope>,
    /// How far it reaches.
    pub reach: TokenReach,
    /// Who answers for it; whoever runs the gateway without.
    pub issuer: Option<PartnerId>,
    /// For how long.
    pub term: Lifetime,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminToken {
    /// Its number.
    pub id: AdminTokenId,
    /// What it is called.
    pub name: Name,
    /// What it may be used for.
    pub scopes: BTreeSet<TokenScope>,
    /// How far it reaches.
    pub reach: TokenReach,
    /// Who answers for it; whoever runs the gateway without.
    pub issuer: Option<PartnerId>,
    /// When it was made.
    pub made: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// Why a token is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It would be good for nothing.
    #[error("a token has at least one scope")]
    NoScope,
    /// It would live for no time, or for too long.
    #[error("a token lives for 1 to 366 days")]
    Term,
    /// Whoever writes a request does not decide on it.
    #[error("a token that writes does not decide: make two, for two programs")]
    WritesAndDecides,
    /// An organisation does not decide on its own requests.
    #[error("a token of one organisation does not decide: its requests are its own")]
    OfOrganisation,
    /// A grant is somebody's.
    #[error("a token that approves has somebody of the operator who answers for it")]
    NoIssuer,
    /// What is switched off is not about one organisation.
    #[error("a token of one organisation does not read the switches")]
    SwitchesOfAll,
}

/// Why a token counts no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenOver {
    /// Its time is over.
    #[error("the token expired")]
    Expired,
    /// It was revoked.
    #[error("the token was revoked")]
    Revoked,
}

/// Why a token does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    /// It has not the scope.
    #[error("the token has not the scope that this needs")]
    Scope,
    /// What it is about lies beyond its reach, and nothing shows that it exists.
    #[error("what this is about lies beyond the reach of the token")]
    Reach,
    /// Who answers for it may not do it either, or not any more.
    #[error("who answers for the token does not hold the permission")]
    Issuer,
}

impl AdminToken {
    /// Makes a token.
    pub fn new(id: AdminTokenId, order: TokenOrder, now: Timestamp) -> Result<Self, BadToken> {
        let TokenOrder { name, scopes, reach, issuer, term } = order;
        let uses = |kind| scopes.iter().any(|scope| scope.kind() == kind);
        let of_organisation = matches!(reach, TokenReach::Organisation(_));
        if scopes.is_empty() {
            return Err(BadToken::NoScope);
        }
        if term.as_seconds() < DAY || term > LONGEST_TERM {
            return Err(BadToken::Term);
        }
        if uses(Use::Writes) && uses(Use::Decides) {
            return Err(BadToken::WritesAndDecides);
        }
        if uses(Use::Decides) && of_organisation {
            return Err(BadToken::OfOrganisation);
        }
        if scopes.contains(&TokenScope::RequestsApprove) && issuer.is_none() {
            return Err(BadToken::NoIssuer);
        }
        if scopes.contains(&TokenScope::SwitchesRead) && of_organisation {
            return Err(BadToken::SwitchesOfAll);
        }
        Ok(Self { id, name, scopes, reach, issuer, made: now, until: now.plus(term), revoked: None })
    }

    /// The token from now on, which counts no more.
    #[must_use]
    pub fn revoke(&self, now: Timestamp) -> Self {
        Self { revoked: Some(self.revoked.unwrap_or(now)), ..self.clone() }
    }

    /// The token, while it counts.
    pub fn standing(&self, now: Timestamp) -> Result<Standing<'_>, TokenOver> {
        match self.revoked {
            Some(_) => Err(TokenOver::Revoked),
            None if self.until.is_past(now) => Err(TokenOver::Expired),
            None => Ok(Standing { token: self }),
        }
    }
}

/// A token that counts at this moment. It is made by [`AdminToken::standing`] alone.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    token: &'a AdminToken,
}

impl Standing<'_> {
    /// The token.
    pub const fn token(&self) -> &AdminToken {
        self.token
    }

    /// Whether one of its scopes gives a permission.
    pub fn gives(&self, permission: Permission) -> Result<(), NotGranted> {
        let given = self.token.scopes.iter().any(|scope| scope.permissions().contains(&permission));
        if given { Ok(()) } else { Err(NotGranted::Scope) }
    }

    /// Whether it may do something about something, with the proof of it. `issuer` is who answers for it, as the registry
    /// has them now.
    pub fn may<P: Permit>(
        &self,
        permission: P,
        about: About<'_>,
        issuer: Option<&Partner>,
    ) -> Result<Granted<P>, NotGranted> {
        self.gives(P::PERMISSION)?;
        let (token, mut own) = (self.token, Own::Another);
        let organisation = match (&token.reach, about) {
            (TokenReach::Everywhere | TokenReach::Departement(_), About::Space) => None,
            (TokenReach::Organisation(_), About::Space) => return Err(NotGranted::Reach),
            (reach, About::Organisation(organisation)) => {
                let within = match reach {
                    TokenReach::Everywhere => true,
                    TokenReach::Departement(one) => organisation.departement().as_ref() == Some(one),
                    TokenReach::Organisation(siret) => *siret == organisation.siret,
                };
                if !within {
                    return Err(NotGranted::Reach);
                }
                if matches!(reach, TokenReach::Organisation(_)) {
                    own = Own::Theirs;
                }
                Some(organisation.siret)
            }
        };
        let mut lineage = Lineage::none();
        if let Some(answers) = &token.issuer {
            let issuer = issuer.filter(|issuer| issuer.id == *answers).ok_or(NotGranted::Issuer)?;
            let held = issuer.may(permission, about).map_err(|_| NotGranted::Issuer)?;
            if held.own() == Own::Theirs {
                own = Own::Theirs;
            }
            lineage = issuer.lineage.clone();
        }
        let machine = Machine { token: token.id.clone(), issuer: token.issuer.clone() };
        Ok(Granted { machine, organisation, reach: token.reach.clone(), own, lineage, permission: PhantomData })
    }
}

/// Proof that a token may do something, at the moment it was asked. It is made by [`Standing::may`] alone, is not kept and
/// not copied: each call asks anew.
///
/// ```
/// use domain::partners::permission::{About, ApproveRequests};
/// use domain::partners::token::{Granted, NotGranted, Standing};
/// # fn at_the_review(token: Standing<'_>, about: About<'_>) -> Result<Granted<ApproveRequests>, NotGranted> {
/// token.may(ApproveRequests, about, None)
/// # }
/// ```
///
/// What reads does not approve by that:
///
/// ```compile_fail
/// use domain::partners::permission::{About, ApproveRequests, ReadRequests};
/// use domain::partners::token::{Granted, NotGranted, Standing};
/// # fn at_the_review(token: Standing<'_>, about: About<'_>) -> Result<Granted<ApproveRequests>, NotGranted> {
/// token.may(ReadRequests, about, None)
/// # }
/// ```
#[derive(Debug)]
pub struct Granted<P> {
    machine: Machine,
    organisation: Option<Siret>,
    reach: TokenReach,
    own: Own,
    lineage: Lineage,
    permission: PhantomData<fn() -> P>,
}

impl<P> Granted<P> {
    /// Which program.
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// About which organisation; `None` for a permission over the space.
    pub const fn organisation(&self) -> Option<Siret> {
        self.organisation
    }

    /// How far the token reaches.
    pub const fn reach(&self) -> &TokenReach {
        &self.reach
    }

    /// Whether the organisation it is about is its own, or of who answers for it.
    pub const fn own(&self) -> Own {
        self.own
    }

    /// Who brought in whoever answers for it.
    pub const fn lineage(&self) -> &Lineage {
        &self.lineage
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
