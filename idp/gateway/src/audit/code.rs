//! The codes: a closed set, made of what the domain decided with.

use std::fmt;

use domain::cnie::case::DeskRefusal;
use domain::cnie::case::alarm::Alarm;
use domain::cnie::refusal as card;
use domain::habilitation::grant::NotLive;
use domain::habilitation::review;
use domain::oidc::error::{AuthorizeError, GrantFault, TokenError};
use domain::partners::organisation::NotAccepted;
use domain::partners::permission::NotHeld;
use domain::partners::recovery::NotSecond;
use domain::partners::session::NotFresh;
use domain::partners::team;
use domain::partners::token::{NotGranted, TokenOver};
use domain::people::agent::NotOnDuty;
use domain::people::team::NotChanged;
use domain::signin::refusal::{Failure, Refusal, Setback};
use http::StatusCode;

use crate::pages::problem::ProblemCode;

/// The stable, machine-readable name of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// `request.…`: an authorization request, or the form of another endpoint, by the error that the caller is told.
    Request(AuthorizeError),
    /// `grant.…`: a code or a refresh token that gives nothing.
    Grant(GrantFault),
    /// `page.…`: a page with a code.
    Page(ProblemCode),
    /// `signin.P2..`: a provider brought nobody.
    Setback(Returned),
    /// `signin.P3..`: the checks refused who was brought.
    Refusal(Refusal),
    /// `card.…`: a card, its code or a step with them was refused.
    Card(card::Refusal),
    /// All others.
    Other(Other),
    /// `agent.…`, `reader.…`: at the desk of a commune.
    Desk(Desk),
    /// `desk.…`: a citizen's case at a desk.
    Case(DeskRefusal),
    /// `desk.alarm_…`: nothing was refused, and someone should look.
    Alarm(Alarm),
    /// `partner.…`: in the partners' space.
    Space(Space),
    /// `admin.…`: a call to the admin API.
    Admin(Admin),
    /// `habilitation.…`: a relying party without a habilitation that is in force.
    NotLive(NotLive),
}

/// A closed set of names: the variants, all of them, and the name of each.
macro_rules! names {
    ($(#[$about:meta])* $kind:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $kind {
            $($(#[$doc])* $variant,)+
        }

        impl $kind {
            /// All of them.
            #[cfg_attr(not(test), allow(dead_code, reason = "some are told in descriptions, all are tested"))]
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}
pub(crate) use names;

names! {
    /// How a citizen came back from a provider without an identity.
    Returned {
        /// The citizen cancelled there.
        Cancelled = "P210",
        /// The provider answered with an error.
        Refused = "P211",
        /// The provider does not answer.
        Unavailable = "P212",
        /// Its answer cannot be trusted.
        Untrusted = "P213",
        /// It is not offered, or not any more.
        NotOffered = "P214",
        /// It reused an older authentication than asked.
        Reused = "P215",
    }
}

names! {
    /// Refusals that no enum of the domain names.
    Other {
        /// The client is unknown, disabled, or did not prove who it is.
        Unauthenticated = "client.unauthenticated",
        /// Its assertion was used before.
        AssertionReused = "client.assertion_reused",
        /// It calls too often.
        TooManyCalls = "client.too_many_calls",
        /// The grant type is not offered.
        GrantType = "grant.unsupported_type",
        /// The DPoP proof is missing or wrong.
        ProofInvalid = "dpop.proof_invalid",
        /// The DPoP proof was used before.
        ProofReused = "dpop.proof_reused",
        /// The DPoP proof holds no nonce of ours that counts.
        NonceDue = "dpop.nonce_due",
        /// No access token came.
        TokenMissing = "token.missing",
        /// The access token is unknown, expired, revoked or of another sender.
        TokenRefused = "token.refused",
        /// The sign-in ended by itself.
        Expired = "signin.expired",
        /// The browser does not show the secret of the sign-in.
        CookieLost = "signin.cookie_lost",
        /// What was verified did not hold any more at the last step.
        NoLonger = "signin.no_longer",
        /// The consent that is due was not given.
        ConsentMissing = "signin.consent_missing",
        /// The code chosen at the acceptance ended before the sign-in was finished.
        TooLate = "signin.too_late",
        /// The pushed request was completed before.
        ReferenceSpent = "signin.reference_spent",
        /// The session that was to be reused was ended meanwhile.
        SessionEnded = "signin.session_ended",
        /// No such file.
        NoAsset = "asset.unknown",
        /// A store failed.
        Store = "server.store",
        /// No key of ours signs.
        NoKey = "server.no_key",
        /// No key of the client is there to encrypt to.
        NoRecipient = "server.no_recipient",
        /// A handler panicked.
        Panicked = "server.panic",
        /// A handler took too long.
        TimedOut = "server.timeout",
        /// A store does not answer the readiness probe.
        NotReady = "server.not_ready",
        /// The clock went back: nothing is proved by a card.
        ClockBack = "server.clock_back",
        /// The request names no host, or several.
        WireHost = "wire.host",
        /// Its body did not come in time.
        WireSlow = "wire.slow",
        /// It is longer than anything that is read here.
        WireLong = "wire.too_long",
        /// It broke off, or is not HTTP.
        WireBroken = "wire.unreadable",
        /// Plain HTTP from outside where HTTPS is served.
        WirePlain = "wire.plain",
        /// The run of the homologation bench is over, or never was.
        NoBenchRun = "bench.no_run",
        /// The provider of a run refused, as it was to or because the site's call was wrong.
        BenchRefused = "bench.refused",
        /// The keys of a run cannot be used.
        BenchKeys = "bench.keys",
        /// A message of DataPass whose signature is missing or wrong.
        DataPassUnsigned = "datapass.unsigned",
        /// One that is larger than any.
        DataPassTooLarge = "datapass.too_large",
        /// One in which something is missing or wrong.
        DataPassInvalid = "datapass.invalid",
        /// One that was fired too long ago, or in the future.
        DataPassUntimely = "datapass.untimely",
        /// One that grants a request to another organisation.
        DataPassOrganisation = "datapass.other_organisation",
        /// One about a habilitation that was stopped here, or is being changed.
        DataPassConflict = "datapass.conflict",
        /// An error that nobody named: a defect of ours.
        Unnamed = "unnamed",
    }
}

names! {
    /// Refusals at the desk of a commune.
    Desk {
        /// A ceremony that this browser has not under way: used, over, or of another browser.
        CeremonyUnknown = "agent.ceremony_unknown",
        /// What an authenticator signed does not hold.
        AssertionRefused = "agent.assertion_refused",
        /// What an authenticator registered does not hold.
        RegistrationRefused = "agent.registration_refused",
        /// A passkey that nobody has, or another than it says.
        PasskeyUnknown = "agent.passkey_unknown",
        /// A passkey that is registered already.
        PasskeyKnown = "agent.passkey_known",
        /// The session of a passkey that was withdrawn.
        PasskeyWithdrawn = "agent.passkey_withdrawn",
        /// The last passkey does not go.
        PasskeyLast = "agent.passkey_last",
        /// There are as many passkeys as one may have.
        PasskeysTooMany = "agent.passkeys_too_many",
        /// An invitation that was taken, is over, or never was.
        InvitationGone = "agent.invitation_gone",
        /// The agent was removed, or has not come.
        NotActive = "agent.not_active",
        /// The agent belongs to another commune.
        OtherCommune = "agent.other_commune",
        /// The agent is not authorised at this date.
        NotAuthorised = "agent.not_authorised",
        /// The agent does not have the role.
        RoleMissing = "agent.role_missing",
        /// The agent was not trained.
        Untrained = "agent.untrained",
        /// The commune does not certify yet.
        CommuneNotCertifying = "agent.commune_not_certifying",
        /// The secret of a form is missing or another's.
        StaleForm = "agent.stale_form",
        /// A form was filled in wrongly.
        InputInvalid = "agent.input_invalid",
        /// The commune has no such agent.
        Unknown = "agent.unknown",
        /// Nobody decides on their own authorisation.
        OwnTerms = "agent.own_terms",
        /// The commune would be left without an admin.
        LastAdmin = "agent.last_admin",
        /// Another agent has that address.
        MailTaken = "agent.mail_taken",
        /// The agent declared who they are before.
        AlreadyDeclared = "agent.already_declared",
        /// Nobody confirms what they say of themselves.
        OwnDeclaration = "agent.own_declaration",
        /// No correction of what was declared is asked for.
        NoCorrection = "agent.no_correction",
        /// The admin says something else than the agent.
        CorrectionDiffers = "agent.correction_differs",
        /// Somebody else changed it meanwhile.
        ChangedMeanwhile = "agent.changed_meanwhile",
        /// A reader's key that is registered already.
        ReaderKnown = "reader.known",
        /// The commune has no such reader.
        ReaderUnknown = "reader.unknown",
    }
}

names! {
    /// Refusals in the partners' space.
    Space {
        /// A ceremony that this browser has not under way: used, over, or of another browser.
        CeremonyUnknown = "partner.ceremony_unknown",
        /// What an authenticator signed does not hold.
        AssertionRefused = "partner.assertion_refused",
        /// What an authenticator registered does not hold.
        RegistrationRefused = "partner.registration_refused",
        /// A passkey that nobody has, or another than it says.
        PasskeyUnknown = "partner.passkey_unknown",
        /// A passkey that is registered already.
        PasskeyKnown = "partner.passkey_known",
        /// A link that was taken, is over, or never was.
        LinkGone = "partner.link_gone",
        /// There is an account of that address already.
        MailKnown = "partner.mail_known",
        /// The account is not active.
        NotActive = "partner.not_active",
        /// No role of the partner holds the permission.
        RoleMissing = "partner.role_missing",
        /// It is not there, or nothing shows it to this partner.
        Unseen = "partner.unseen",
        /// Nobody and nothing of that name is where somebody looks who may.
        Unknown = "partner.unknown",
        /// The secret of a form is missing or another's.
        StaleForm = "partner.stale_form",
        /// A form was filled in wrongly.
        InputInvalid = "partner.input_invalid",
        /// Something dangerous, and the passkey signed too long ago.
        NotFresh = "partner.not_fresh",
        /// Something dangerous, and the account has neither a second passkey nor a recovery code.
        Unsafeguarded = "partner.unsafeguarded",
        /// Somebody else changed it meanwhile.
        ChangedMeanwhile = "partner.changed_meanwhile",
        /// A request of an organisation that nothing proves its people to belong to.
        OrganisationUnverified = "partner.organisation_unverified",
        /// A form that is longer than any that was shown.
        FormTooLong = "partner.form_too_long",
        /// The last passkey does not go.
        PasskeyLast = "partner.passkey_last",
        /// There are as many passkeys as one may have.
        PasskeysTooMany = "partner.passkeys_too_many",
        /// Nobody decides on their own roles, or on what they belong to.
        OwnRoles = "partner.own_roles",
        /// The team would be left without an admin.
        LastAdmin = "partner.last_admin",
        /// Somebody with that address is in the team, or invited.
        MailTaken = "partner.mail_taken",
        /// The organisation is here already.
        OrganisationKnown = "partner.organisation_known",
        /// Somebody who is not the second person of a recovery.
        NotSecond = "partner.not_second",
        /// Too many recovery codes are judged at once.
        Busy = "partner.busy",
        /// Who decides on a request has a hand in it, or agreed first, or is perhaps the one who did.
        NotAnother = "partner.not_another",
        /// Something was done too often within a while.
        TooOften = "partner.too_often",
    }
}

names! {
    /// Refusals of the admin API.
    Admin {
        /// No token came.
        TokenMissing = "admin.token_missing",
        /// A token that nobody made.
        TokenUnknown = "admin.token_unknown",
        /// A token whose time is over.
        TokenExpired = "admin.token_expired",
        /// A token that was revoked.
        TokenRevoked = "admin.token_revoked",
        /// The token has not the scope.
        ScopeMissing = "admin.scope_missing",
        /// Who answers for the token may not do it.
        IssuerLacksRole = "admin.issuer_lacks_role",
        /// It is not there, or beyond the reach of the token.
        Unseen = "admin.unseen",
        /// There is no such route.
        NoRoute = "admin.no_route",
        /// The route is not for this method.
        WrongMethod = "admin.wrong_method",
        /// The token calls too often.
        TooManyCalls = "admin.too_many_calls",
        /// The body is not JSON, or not of the form that is described.
        BodyUnreadable = "admin.body_unreadable",
        /// The body is not said to be JSON.
        MediaType = "admin.media_type",
        /// The body is longer than any call.
        BodyTooLong = "admin.body_too_long",
        /// The query holds what is not described.
        QueryInvalid = "admin.query_invalid",
        /// Fields hold what cannot stand in them.
        InputInvalid = "admin.input_invalid",
        /// The form is not complete.
        FormIncomplete = "admin.form_incomplete",
        /// The version that was read is not said.
        VersionDue = "admin.version_due",
        /// Others wrote something else in the same fields.
        Conflict = "admin.conflict",
        /// It was changed since it was read.
        ChangedMeanwhile = "admin.changed_meanwhile",
        /// It does not follow from where the request is.
        OutOfTurn = "admin.out_of_turn",
        /// Nothing changed since it was granted.
        Unchanged = "admin.unchanged",
        /// The request is of the token's own organisation, or of who answers for it; or of another, for who writes.
        OwnRequest = "admin.own_request",
        /// The second of two is one with the first.
        SamePerson = "admin.same_person",
        /// Points of the review are open.
        PointsOpen = "admin.points_open",
        NotHomologated = "admin.not_homologated",
        TooManyRequests = "admin.too_many_requests",
        /// Nothing proves the people of the organisation to belong to it.
        OrganisationUnverified = "admin.organisation_unverified",
        /// The habilitation is not in the state for it.
        HabilitationState = "admin.habilitation_state",
    }
}

impl From<NotGranted> for Admin {
    fn from(refusal: NotGranted) -> Self {
        match refusal {
            NotGranted::Scope => Self::ScopeMissing,
            NotGranted::Reach => Self::Unseen,
            NotGranted::Issuer => Self::IssuerLacksRole,
        }
    }
}

impl From<TokenOver> for Admin {
    fn from(over: TokenOver) -> Self {
        match over {
            TokenOver::Expired => Self::TokenExpired,
            TokenOver::Revoked => Self::TokenRevoked,
        }
    }
}

impl From<Admin> for Code {
    fn from(admin: Admin) -> Self {
        Self::Admin(admin)
    }
}

impl From<team::NotChanged> for Space {
    fn from(refusal: team::NotChanged) -> Self {
        match refusal {
            team::NotChanged::Unknown | team::NotChanged::OtherTeam => Self::Unknown,
            team::NotChanged::OwnRoles => Self::OwnRoles,
            team::NotChanged::LastAdmin => Self::LastAdmin,
            team::NotChanged::MailTaken => Self::MailTaken,
            team::NotChanged::NoRole => Self::InputInvalid,
        }
    }
}

impl From<NotSecond> for Space {
    fn from(refusal: NotSecond) -> Self {
        match refusal {
            NotSecond::Unknown => Self::Unknown,
            NotSecond::Oneself | NotSecond::NotTheirs | NotSecond::BroughtIn => Self::NotSecond,
        }
    }
}

impl From<&review::Refusal> for Space {
    fn from(refusal: &review::Refusal) -> Self {
        match refusal {
            review::Refusal::Own | review::Refusal::SamePerson | review::Refusal::BroughtIn => Self::NotAnother,
            review::Refusal::OtherOrganisation
            | review::Refusal::Incomplete(_)
            | review::Refusal::Unchanged
            | review::Refusal::Unchecked(_)
            | review::Refusal::NotHomologated
            | review::Refusal::NothingGranted => Self::InputInvalid,
        }
    }
}

impl From<NotAccepted> for Space {
    fn from(refusal: NotAccepted) -> Self {
        match refusal {
            NotAccepted::OwnOrganisation => Self::OwnRoles,
            NotAccepted::Already => Self::ChangedMeanwhile,
        }
    }
}

impl From<NotHeld> for Space {
    fn from(refusal: NotHeld) -> Self {
        match refusal {
            NotHeld::Removed => Self::NotActive,
            NotHeld::Role => Self::RoleMissing,
            NotHeld::Unseen => Self::Unseen,
        }
    }
}

impl From<NotFresh> for Space {
    fn from(refusal: NotFresh) -> Self {
        match refusal {
            NotFresh::Stale => Self::NotFresh,
            NotFresh::Unsafeguarded => Self::Unsafeguarded,
        }
    }
}

impl From<Space> for Code {
    fn from(space: Space) -> Self {
        Self::Space(space)
    }
}

impl From<NotOnDuty> for Desk {
    fn from(refusal: NotOnDuty) -> Self {
        match refusal {
            NotOnDuty::NotActive => Self::NotActive,
            NotOnDuty::OtherCommune => Self::OtherCommune,
            NotOnDuty::NotAuthorised => Self::NotAuthorised,
            NotOnDuty::Role => Self::RoleMissing,
            NotOnDuty::Untrained => Self::Untrained,
            NotOnDuty::CommuneNotCertifying => Self::CommuneNotCertifying,
        }
    }
}

impl From<NotChanged> for Desk {
    fn from(refusal: NotChanged) -> Self {
        match refusal {
            NotChanged::Unknown => Self::Unknown,
            NotChanged::OtherCommune => Self::OtherCommune,
            NotChanged::OwnTerms => Self::OwnTerms,
            NotChanged::LastAdmin => Self::LastAdmin,
            NotChanged::MailTaken => Self::MailTaken,
            NotChanged::Declared => Self::AlreadyDeclared,
            NotChanged::OwnDeclaration => Self::OwnDeclaration,
            NotChanged::NothingAsked => Self::NoCorrection,
            NotChanged::Differs => Self::CorrectionDiffers,
        }
    }
}

impl From<DeskRefusal> for Code {
    fn from(refusal: DeskRefusal) -> Self {
        if let DeskRefusal::Card(card) = refusal { Self::Card(card) } else { Self::Case(refusal) }
    }
}

impl From<Desk> for Code {
    fn from(desk: Desk) -> Self {
        Self::Desk(desk)
    }
}

impl Code {
    /// Every code there is.
    #[cfg(test)]
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let requests = AuthorizeError::ALL.into_iter().map(Self::Request);
        let grants = GrantFault::ALL.into_iter().map(Self::Grant);
        let pages = ProblemCode::ALL.iter().copied().map(Self::Page);
        let setbacks = Returned::ALL.iter().copied().map(Self::Setback);
        let refusals = Refusal::ALL.into_iter().map(Self::Refusal);
        let cards = card::Refusal::ALL.iter().copied().map(Self::Card);
        let others = Other::ALL.iter().copied().map(Self::Other);
        let desks = Desk::ALL.iter().copied().map(Self::Desk);
        let cases = DeskRefusal::OWN.iter().copied().map(Self::Case);
        let alarms = Alarm::ALL.into_iter().map(Self::Alarm);
        let all =
            requests.chain(grants).chain(pages).chain(setbacks).chain(refusals).chain(others).chain(desks).chain(cards);
        let spaces = Space::ALL.iter().copied().map(Self::Space);
        let dead = NotLive::ALL.into_iter().map(Self::NotLive);
        let admin = Admin::ALL.iter().copied().map(Self::Admin);
        all.chain(cases).chain(alarms).chain(spaces).chain(dead).chain(admin)
    }

    /// Whether an honest party hardly comes to it by mistake: worth a look when it is seen once.
    pub(super) const fn is_suspect(self) -> bool {
        match self {
            Self::Grant(
                GrantFault::CodeReplayed
                | GrantFault::CodeOfAnother
                | GrantFault::CodeOfAnotherKey
                | GrantFault::Verifier
                | GrantFault::RefreshReplayed
                | GrantFault::RefreshOfAnother
                | GrantFault::RefreshBoundOtherwise,
            )
            | Self::Page(ProblemCode::P110 | ProblemCode::P202)
            | Self::Setback(Returned::Untrusted | Returned::Reused)
            | Self::Refusal(Refusal::LevelTooLow | Refusal::LevelAboveCeiling)
            | Self::Card(
                card::Refusal::ClaimedTwice
                | card::Refusal::OtherPhone
                | card::Refusal::WrongNumber
                | card::Refusal::CardNotAuthentic
                | card::Refusal::SimulatorCard
                | card::Refusal::ChipNotGenuine
                | card::Refusal::HolderNotProven
                | card::Refusal::OtherTransaction
                | card::Refusal::TwoCards,
            )
            | Self::Other(
                Other::Unauthenticated
                | Other::AssertionReused
                | Other::ProofReused
                | Other::DataPassUnsigned
                | Other::DataPassOrganisation
                | Other::Panicked
                | Other::Unnamed,
            )
            | Self::Desk(
                Desk::AssertionRefused
                | Desk::RegistrationRefused
                | Desk::PasskeyUnknown
                | Desk::PasskeyKnown
                | Desk::NotActive
                | Desk::StaleForm
                | Desk::OwnTerms
                | Desk::AlreadyDeclared
                | Desk::ReaderKnown,
            )
            | Self::Case(
                DeskRefusal::OwnIdentity
                | DeskRefusal::SecondIsFirst
                | DeskRefusal::SecondIsClose
                | DeskRefusal::PhotoUnseen
                | DeskRefusal::ReaderUnknown
                | DeskRefusal::ReaderElsewhere
                | DeskRefusal::VerdictSignature
                | DeskRefusal::VerdictOtherCase
                | DeskRefusal::VerdictNonce
                | DeskRefusal::VerdictUsed,
            )
            | Self::Alarm(_)
            | Self::Space(
                Space::AssertionRefused
                | Space::RegistrationRefused
                | Space::PasskeyUnknown
                | Space::PasskeyKnown
                | Space::Unseen
                | Space::OwnRoles
                | Space::NotSecond
                | Space::StaleForm,
            )
            | Self::Admin(
                Admin::TokenUnknown | Admin::TokenRevoked | Admin::Unseen | Admin::OwnRequest | Admin::SamePerson,
            ) => true,
            Self::Grant(_)
            | Self::Request(_)
            | Self::Page(_)
            | Self::Setback(_)
            | Self::Refusal(_)
            | Self::Card(_)
            | Self::Other(_)
            | Self::Desk(_)
            | Self::Case(_)
            | Self::Space(_)
            | Self::NotLive(_)
            | Self::Admin(_) => false,
        }
    }

    /// What the framework answers by itself, by its status.
    pub(super) const fn of_status(status: StatusCode) -> Self {
        Self::Other(match status {
            StatusCode::REQUEST_TIMEOUT => Other::TimedOut,
            StatusCode::PAYLOAD_TOO_LARGE => Other::WireLong,
            _ => Other::Unnamed,
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => write!(f, "request.{}", error.code()),
            Self::Grant(fault) => write!(f, "grant.{}", fault.name()),
            Self::Page(code) => write!(f, "page.{}", code.name()),
            Self::Setback(returned) => write!(f, "signin.{}", returned.name()),
            Self::Refusal(refusal) => write!(f, "signin.{}", refusal.code()),
            Self::Card(refusal) => f.write_str(refusal.code()),
            Self::Other(other) => f.write_str(other.name()),
            Self::Desk(desk) => f.write_str(desk.name()),
            Self::Case(refusal) => f.write_str(refusal.code()),
            Self::Alarm(alarm) => f.write_str(alarm.code()),
            Self::Space(space) => f.write_str(space.name()),
            Self::Admin(admin) => f.write_str(admin.name()),
            Self::NotLive(why) => write!(f, "habilitation.{}", why.name()),
        }
    }
}

impl From<TokenError> for Code {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::InvalidRequest(_) => Self::Request(AuthorizeError::InvalidRequest),
            TokenError::UnauthorizedClient(_) => Self::Request(AuthorizeError::UnauthorizedClient),
            TokenError::NotHabilitated(why) => Self::NotLive(why),
            TokenError::InvalidScope(_) => Self::Request(AuthorizeError::InvalidScope),
            TokenError::InvalidTarget(_) => Self::Request(AuthorizeError::InvalidTarget),
            TokenError::InvalidAuthorizationDetails(_) => Self::Request(AuthorizeError::InvalidAuthorizationDetails),
            TokenError::InvalidGrant(fault) => Self::Grant(fault),
            TokenError::InvalidClient => Self::Other(Other::Unauthenticated),
            TokenError::AssertionReused => Self::Other(Other::AssertionReused),
            TokenError::UnsupportedGrantType => Self::Other(Other::GrantType),
            TokenError::InvalidDpopProof(_) => Self::Other(Other::ProofInvalid),
            TokenError::DpopProofReused => Self::Other(Other::ProofReused),
            TokenError::UseDpopNonce => Self::Other(Other::NonceDue),
        }
    }
}

impl From<Refusal> for Code {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<card::Refusal> for Code {
    fn from(refusal: card::Refusal) -> Self {
        Self::Card(refusal)
    }
}

impl From<&Setback> for Code {
    fn from(setback: &Setback) -> Self {
        Self::Setback(match setback {
            Setback::Card { refusal, .. } => return Self::Card(*refusal),
            Setback::Cancelled { .. } => Returned::Cancelled,
            Setback::Failed { code: Failure::Refused, .. } => Returned::Refused,
            Setback::Unavailable { .. } => Returned::Unavailable,
            Setback::Failed { code: Failure::Untrusted, .. } => Returned::Untrusted,
            Setback::NotOffered => Returned::NotOffered,
            Setback::Failed { code: Failure::Reused, .. } => Returned::Reused,
        })
    }
}

impl From<NotLive> for Code {
    fn from(why: NotLive) -> Self {
        Self::NotLive(why)
    }
}

impl From<Other> for Code {
    fn from(other: Other) -> Self {
        Self::Other(other)
    }
}
