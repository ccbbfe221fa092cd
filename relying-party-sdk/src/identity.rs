//! The citizen, as the gateway vouches for them.
//!
//! An [`Identity`] comes out of a callback whose every check passed, or out of a session sealed after one. There
//! is no other way to make one:
//!
//! ```
//! fn greet(identity: &relying_party_sdk::Identity) -> String {
//!     format!("Bonjour {}", identity.given_name().unwrap_or("à vous"))
//! }
//! ```
//!
//! ```compile_fail,E0616
//! fn promote(identity: &mut relying_party_sdk::Identity) {
//!     identity.level = relying_party_sdk::Level::High;
//! }
//! ```
//!
//! ```compile_fail,E0277
//! let identity: relying_party_sdk::Identity = serde_json::from_str("{}").unwrap();
//! ```

use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::civil::{Birthdate, Cog, Gender};
use crate::claims::Claims;
use crate::rejection::Rejection;

/// How sure the gateway is of who the citizen is (eIDAS implementing regulation (EU) 2015/1502), lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// eIDAS low: a password.
    Low,
    /// eIDAS substantial: two factors, identity checked.
    Substantial,
    /// eIDAS high: the card's chip and its holder.
    High,
}

impl Level {
    /// Its name in `acr` and `acr_values`.
    pub fn acr(self) -> &'static str {
        match self {
            Self::Low => "eidas1",
            Self::Substantial => "eidas2",
            Self::High => "eidas3",
        }
    }

    /// The level an `acr` names, if it names one.
    pub fn from_acr(acr: &str) -> Option<Self> {
        [Self::Low, Self::Substantial, Self::High].into_iter().find(|level| level.acr() == acr)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.acr())
    }
}

/// The citizen's pseudonym at this site: the same at each login here, another at each other site.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Subject(String);

impl Subject {
    /// The pseudonym as text, at most 255 ASCII characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// OpenID Connect Core 1.0 §2: at most 255 ASCII characters, and here visible ones.
    pub(crate) fn read(claims: &Claims) -> Result<Self, Rejection> {
        let text = claims.required_text("sub")?;
        if text.len() > 255 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Rejection::Value { claim: "sub", expected: "at most 255 visible ASCII characters" });
        }
        Ok(Self(text.to_owned()))
    }
}

/// Shows nothing: a pseudonym in a log would make the log a register of who came.
impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(…)")
    }
}

/// A citizen whose sign-in was verified: level, pseudonym, and the claims this site is habilitated to receive.
///
/// A claim that was not sent is `None`; an empty text is the gateway's way to say that the citizen has none (a
/// person born abroad has an empty `birthplace`), and is `None` too.
#[derive(Clone)]
pub struct Identity {
    subject: Subject,
    level: Level,
    auth_time: Option<OffsetDateTime>,
    methods: Vec<String>,
    given_names: Vec<String>,
    birthdate: Option<Birthdate>,
    idp_birthdate: Option<Birthdate>,
    gender: Option<Gender>,
    birthplace: Option<Cog>,
    birthcountry: Option<Cog>,
    claims: Map<String, Value>,
}

/// What the ID token established, before userinfo adds the claims.
#[derive(Clone)]
pub(crate) struct Authentication {
    pub(crate) subject: Subject,
    pub(crate) level: Level,
    pub(crate) auth_time: Option<OffsetDateTime>,
    pub(crate) methods: Vec<String>,
}

impl Identity {
    /// The pseudonym (`sub`) of the citizen at this site.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The level this sign-in reached (`acr`), at least the one asked.
    pub fn level(&self) -> Level {
        self.level
    }

    /// When the citizen signed in at the gateway, if it says so; always when `max_age` was asked.
    pub fn auth_time(&self) -> Option<OffsetDateTime> {
        self.auth_time
    }

    /// How the citizen signed in (`amr`, RFC 8176), when asked with [`crate::Login::with_methods`].
    pub fn methods(&self) -> &[String] {
        &self.methods
    }

    /// Name at birth.
    pub fn family_name(&self) -> Option<&str> {
        self.text("family_name")
    }

    /// All given names, separated by spaces.
    pub fn given_name(&self) -> Option<&str> {
        self.text("given_name")
    }

    /// The given names one by one (`given_name_array`); empty when they were not sent.
    pub fn given_names(&self) -> &[String] {
        &self.given_names
    }

    /// Name in use, when the citizen has one besides the name at birth.
    pub fn preferred_username(&self) -> Option<&str> {
        self.text("preferred_username")
    }

    /// Birth date, as the civil registry has it.
    pub fn birthdate(&self) -> Option<Birthdate> {
        self.birthdate
    }

    /// Gender, as the civil registry has it.
    pub fn gender(&self) -> Option<Gender> {
        self.gender
    }

    /// Commune of birth; none for a birth abroad.
    pub fn birthplace(&self) -> Option<&Cog> {
        self.birthplace.as_ref()
    }

    /// Country of birth; `99100` is France.
    pub fn birthcountry(&self) -> Option<&Cog> {
        self.birthcountry.as_ref()
    }

    /// E-mail address, as the citizen gave it to their identity provider; not a proof of identity.
    pub fn email(&self) -> Option<&str> {
        self.text("email")
    }

    /// Birth date, as the identity provider has it.
    pub fn idp_birthdate(&self) -> Option<Birthdate> {
        self.idp_birthdate
    }

    /// The identity provider that was used.
    pub fn idp_id(&self) -> Option<&str> {
        self.text("idp_id")
    }

    /// Any claim by name, as it came: for claims that have no method of their own.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// Every claim received, in the order of their names.
    pub fn claims(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.claims.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Reads every claim that has a method of its own, so that one of the wrong type stops the login instead of
    /// surprising the site later.
    pub(crate) fn read(authentication: Authentication, claims: Claims) -> Result<Self, Rejection> {
        for claim in ["family_name", "given_name", "preferred_username", "email", "idp_id"] {
            claims.text(claim)?;
        }
        let given_names = claims.texts("given_name_array")?.unwrap_or_default();
        let identity = Self {
            subject: authentication.subject,
            level: authentication.level,
            auth_time: authentication.auth_time,
            methods: authentication.methods,
            given_names: given_names.into_iter().map(str::to_owned).collect(),
            birthdate: birthdate(&claims, "birthdate")?,
            idp_birthdate: birthdate(&claims, "idp_birthdate")?,
            gender: parsed(&claims, "gender", Gender::parse, "female, male or unspecified")?,
            birthplace: cog(&claims, "birthplace")?,
            birthcountry: cog(&claims, "birthcountry")?,
            claims: claims.into_map(),
        };
        Ok(identity)
    }

    pub(crate) fn authentication(&self) -> Authentication {
        Authentication {
            subject: self.subject.clone(),
            level: self.level,
            auth_time: self.auth_time,
            methods: self.methods.clone(),
        }
    }

    pub(crate) fn claims_as_map(&self) -> &Map<String, Value> {
        &self.claims
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str).filter(|text| !text.is_empty())
    }
}

/// Shows the level and nothing about the citizen, so that it may end up in a log.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("level", &self.level).finish_non_exhaustive()
    }
}

fn birthdate(claims: &Claims, claim: &'static str) -> Result<Option<Birthdate>, Rejection> {
    parsed(claims, claim, Birthdate::parse, "a date as YYYY-MM-DD, with 00 for what is unknown")
}

fn cog(claims: &Claims, claim: &'static str) -> Result<Option<Cog>, Rejection> {
    parsed(claims, claim, Cog::parse, "an official geographic code")
}

fn parsed<T>(
    claims: &Claims,
    claim: &'static str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &'static str,
) -> Result<Option<T>, Rejection> {
    let said = claims.text(claim)?.filter(|text| !text.is_empty());
    said.map(|text| parse(text).ok_or(Rejection::Value { claim, expected })).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_unknown_names_are_no_level() {
        assert!(Level::Low < Level::Substantial && Level::Substantial < Level::High);
        assert_eq!(Level::from_acr("eidas2"), Some(Level::Substantial));
        for acr in ["", "eidas4", "EIDAS1", "eidas1 ", "high"] {
            assert_eq!(Level::from_acr(acr), None, "{acr}");
        }
    }
}
