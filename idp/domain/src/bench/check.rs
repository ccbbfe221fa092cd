//! The checks: a closed list, in the order in which they are made. What each says is in `table`.

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::table;
use crate::language::Language;

/// A sentence in both languages of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// In French.
    pub fr: &'static str,
    /// In English.
    pub en: &'static str,
}

impl Said {
    /// In one of them.
    pub const fn told(self, language: Language) -> &'static str {
        match language {
            Language::French => self.fr,
            Language::English => self.en,
        }
    }
}

/// What is told of a check.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its stable name, in reports.
    pub id: &'static str,
    /// What it is about.
    pub title: Said,
    /// What happens to a citizen where it fails.
    pub why: Said,
    /// What to do about it.
    pub fix: Said,
    /// Where it is written.
    pub source: &'static str,
}

/// One line of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The authorization request is one.
    Request,
    /// It has a `state` that nobody can guess.
    State,
    /// It has a `nonce` that nobody can guess.
    Nonce,
    /// It has a PKCE challenge by S256.
    Pkce,
    /// It asks for a level.
    Level,
    /// A right answer signs the citizen in.
    SignIn,
    /// The code is redeemed once, by the client that is registered.
    TokenRequest,
    /// The verifier that belongs to the challenge is sent.
    PkceVerifier,
    /// The keys are read again when a token names a new one.
    KeyRotation,
    /// An answer without `state` is refused.
    StateMissing,
    /// An answer with another `state` is refused.
    StateOther,
    /// An answer that names another issuer is refused.
    IssuerOfAnswer,
    /// An answer that was used is not used again.
    Replay,
    /// An answer that belongs to another browser is refused.
    OtherBrowser,
    /// Two citizens at once are not mixed up.
    TwoCitizens,
    /// A token with another `nonce` is refused.
    NonceOther,
    /// A token without `nonce` is refused.
    NonceAbsent,
    /// A token of another issuer is refused.
    IssuerOfToken,
    /// A token for another client is refused.
    Audience,
    /// A token that has expired is refused.
    Expired,
    /// A token that nobody signed is refused.
    Unsigned,
    /// A token that another key signed is refused.
    Signature,
    /// A level below the one that was asked is refused.
    LevelLower,
    /// Userinfo of another subject is refused.
    SubjectOfUserinfo,
    /// Whoever cancels reads a page, and can begin again.
    Cancelled,
    /// A token endpoint that is out of order ends on a page.
    Outage,
    /// A token endpoint that is silent ends on a page.
    Silence,
    /// Signing out ends the session here and asks the gateway to end its own.
    Logout,
    /// A logout that the gateway tells of ends the session.
    BackchannelLogout,
    /// A logout token that is wrong ends nothing.
    BackchannelForged,
    /// A token of a key that is nowhere is refused.
    UnknownKey,
}

impl Check {
    /// Every check, in the order in which they are made. Those that make a site read keys again come where they do not
    /// use up the reading that the rotation needs.
    pub const ALL: [Self; 31] = [
        Self::Request,
        Self::State,
        Self::Nonce,
        Self::Pkce,
        Self::Level,
        Self::SignIn,
        Self::TokenRequest,
        Self::PkceVerifier,
        Self::KeyRotation,
        Self::StateMissing,
        Self::StateOther,
        Self::IssuerOfAnswer,
        Self::Replay,
        Self::OtherBrowser,
        Self::TwoCitizens,
        Self::NonceOther,
        Self::NonceAbsent,
        Self::IssuerOfToken,
        Self::Audience,
        Self::Expired,
        Self::Unsigned,
        Self::Signature,
        Self::LevelLower,
        Self::SubjectOfUserinfo,
        Self::Cancelled,
        Self::Outage,
        Self::Silence,
        Self::Logout,
        Self::BackchannelLogout,
        Self::BackchannelForged,
        Self::UnknownKey,
    ];

    /// What is told of it.
    pub const fn row(self) -> Row {
        table::of(self)
    }

    /// How the provider answers while it is made.
    pub const fn plan(self) -> Plan {
        match self {
            Self::KeyRotation => Plan::NewKey,
            Self::StateMissing => Plan::StateMissing,
            Self::StateOther => Plan::StateOther,
            Self::IssuerOfAnswer => Plan::IssuerOfAnswer,
            Self::NonceOther => Plan::NonceOther,
            Self::NonceAbsent => Plan::NonceAbsent,
            Self::IssuerOfToken => Plan::IssuerOfToken,
            Self::Audience => Plan::Audience,
            Self::Expired => Plan::Expired,
            Self::Unsigned => Plan::Unsigned,
            Self::Signature => Plan::Signature,
            Self::UnknownKey => Plan::UnknownKey,
            Self::LevelLower => Plan::LevelLower,
            Self::SubjectOfUserinfo => Plan::SubjectOfUserinfo,
            Self::Cancelled => Plan::Cancelled,
            Self::Outage => Plan::Outage,
            Self::Silence => Plan::Silence,
            Self::Request
            | Self::State
            | Self::Nonce
            | Self::Pkce
            | Self::Level
            | Self::SignIn
            | Self::TokenRequest
            | Self::PkceVerifier
            | Self::Replay
            | Self::OtherBrowser
            | Self::TwoCitizens
            | Self::Logout
            | Self::BackchannelLogout
            | Self::BackchannelForged => Plan::Honest,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_its_own_name_and_says_everything_in_both_languages() {
        let names: BTreeSet<_> = Check::ALL.iter().map(|check| check.row().id).collect();
        assert_eq!(names.len(), Check::ALL.len());
        for check in Check::ALL {
            let row = check.row();
            assert_eq!(serde_json::to_value(check).expect("a word"), row.id, "{check:?}");
            for said in [row.title, row.why, row.fix] {
                assert!(said.fr.len() > 8 && said.en.len() > 8 && said.fr != said.en, "{check:?}");
            }
            assert!(row.source.contains('§'), "{check:?}");
        }
    }

    #[test]
    fn every_way_to_be_wrong_is_the_plan_of_one_check() {
        for plan in Plan::ALL.into_iter().filter(|plan| *plan != Plan::Honest) {
            let of: Vec<_> = Check::ALL.into_iter().filter(|check| check.plan() == plan).collect();
            assert_eq!(of.len(), 1, "{plan:?}: {of:?}");
        }
    }

    #[test]
    fn nothing_that_makes_a_site_read_its_keys_again_comes_before_the_rotation() {
        let at = |check| Check::ALL.iter().position(|other| *other == check);
        assert!(at(Check::KeyRotation) < at(Check::Signature) && at(Check::KeyRotation) < at(Check::UnknownKey));
    }
}
