//! A sign-in at any step: what the store keeps, and what can be said of it without knowing the step.

use serde::{Deserialize, Serialize};

use super::{Arriving, Away, Base, Choosing, Ended, Finishing, GivenUp, Informing, Moved, Refused, SignIn};
use crate::client::Label;
use crate::id::{ClientId, Reference, SignInId};
use crate::language::Language;
use crate::oidc::error::AuthorizeError;
use crate::secret::same;
use crate::time::Timestamp;

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
    /// Gone on under another secret.
    Moved(SignIn<Moved>),
    /// At the information page.
    Informing(SignIn<Informing>),
    /// Being finished.
    Finishing(SignIn<Finishing>),
    /// Refused.
    Refused(SignIn<Refused>),
    /// Over.
    Ended(SignIn<Ended>),
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

any!(Choosing, Away, Arriving, Moved, Informing, Finishing, Refused, Ended);

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
            Self::Arriving(_) | Self::Moved(_) => "arriving",
            Self::Informing(_) => "inform",
            Self::Finishing(_) => "finish",
            Self::Refused(_) => "refused",
            Self::Ended(_) => "ended",
        }
    }
}
