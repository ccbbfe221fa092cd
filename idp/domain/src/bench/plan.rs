//! In what one way the provider of the bench answers wrong.

use serde::{Deserialize, Serialize};

/// How a sign-in at the bench goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Right in everything.
    Honest,
    /// The answer has no `state`.
    StateMissing,
    /// The answer has another `state`.
    StateOther,
    /// The answer names another issuer (RFC 9207).
    IssuerOfAnswer,
    /// The ID token has another `nonce`.
    NonceOther,
    /// The ID token has no `nonce`.
    NonceAbsent,
    /// The ID token names another issuer.
    IssuerOfToken,
    /// The ID token is for another client.
    Audience,
    /// The ID token expired an hour ago.
    Expired,
    /// The ID token is signed by nobody (`alg` none).
    Unsigned,
    /// The ID token is signed by another key under the name of a published one.
    Signature,
    /// The ID token is signed by a key that is published from now on.
    NewKey,
    /// The ID token is signed by a key that is published nowhere.
    UnknownKey,
    /// The ID token tells of a level below the one that was asked.
    LevelLower,
    /// Userinfo speaks of another subject.
    SubjectOfUserinfo,
    /// The citizen cancels.
    Cancelled,
    /// The token endpoint answers 503.
    Outage,
    /// The token endpoint is silent.
    Silence,
}

impl Plan {
    /// Every plan.
    pub const ALL: [Self; 18] = [
        Self::Honest,
        Self::StateMissing,
        Self::StateOther,
        Self::IssuerOfAnswer,
        Self::NonceOther,
        Self::NonceAbsent,
        Self::IssuerOfToken,
        Self::Audience,
        Self::Expired,
        Self::Unsigned,
        Self::Signature,
        Self::NewKey,
        Self::UnknownKey,
        Self::LevelLower,
        Self::SubjectOfUserinfo,
        Self::Cancelled,
        Self::Outage,
        Self::Silence,
    ];
}
