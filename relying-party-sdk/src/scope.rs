//! The scopes a login can ask.

use std::borrow::Cow;

use crate::error::Error;

/// A scope, that is a named group of claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(Cow<'static, str>);

impl Scope {
    /// given_name, given_name_array, family_name, birthdate, gender, preferred_username.
    pub const PROFILE: Self = Self(Cow::Borrowed("profile"));
    /// birthplace, birthcountry.
    pub const BIRTH: Self = Self(Cow::Borrowed("birth"));
    /// The pivot identity: the claims of `profile` and `birth` without preferred_username.
    pub const IDENTITE_PIVOT: Self = Self(Cow::Borrowed("identite_pivot"));
    /// given_name, given_name_array.
    pub const GIVEN_NAME: Self = Self(Cow::Borrowed("given_name"));
    /// family_name.
    pub const FAMILY_NAME: Self = Self(Cow::Borrowed("family_name"));
    /// birthdate.
    pub const BIRTHDATE: Self = Self(Cow::Borrowed("birthdate"));
    /// gender.
    pub const GENDER: Self = Self(Cow::Borrowed("gender"));
    /// birthplace.
    pub const BIRTHPLACE: Self = Self(Cow::Borrowed("birthplace"));
    /// birthcountry.
    pub const BIRTHCOUNTRY: Self = Self(Cow::Borrowed("birthcountry"));
    /// preferred_username.
    pub const PREFERRED_USERNAME: Self = Self(Cow::Borrowed("preferred_username"));
    /// email.
    pub const EMAIL: Self = Self(Cow::Borrowed("email"));
    /// The birth date as the identity provider has it.
    pub const IDP_BIRTHDATE: Self = Self(Cow::Borrowed("idp_birthdate"));
    /// Which identity provider was used.
    pub const IDP_ID: Self = Self(Cow::Borrowed("idp_id"));
    /// A refresh token, for a site that the gateway allows it; ask it with [`crate::Prompt::Consent`].
    pub const OFFLINE_ACCESS: Self = Self(Cow::Borrowed("offline_access"));

    /// Any other scope by its name, as `dgfip_rfr`.
    ///
    /// # Errors
    /// [`Error::Setting`] when it is not a scope token (RFC 6749 §3.3).
    pub fn named(name: &str) -> Result<Self, Error> {
        let token = !name.is_empty() && name.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        if token {
            Ok(Self(Cow::Owned(name.to_owned())))
        } else {
            Err(Error::Setting {
                name: "scope",
                seen: name.to_owned(),
                wanted: "a scope is one word of printable ASCII without quotes and backslashes",
            })
        }
    }

    /// The name of the scope.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
