//! The six sandbox providers: who they are and how they answer.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::jose::{Algorithm, KeyDelivery};

/// Which of the six.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderId {
    /// The tax office.
    Impots,
    /// The health insurance.
    AssuranceMaladie,
    /// The post.
    Poste,
    /// A mobile operator.
    Mobile,
    /// The agricultural mutual.
    Msa,
    /// Identity card and face.
    IdentiteNumerique,
}

impl ProviderId {
    /// All six, in the order of the chooser.
    pub const ALL: [Self; 6] =
        [Self::Impots, Self::AssuranceMaladie, Self::Poste, Self::Mobile, Self::Msa, Self::IdentiteNumerique];

    /// The id in addresses and file names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Impots => "impots",
            Self::AssuranceMaladie => "assurance-maladie",
            Self::Poste => "poste",
            Self::Mobile => "mobile",
            Self::Msa => "msa",
            Self::IdentiteNumerique => "identite-numerique",
        }
    }

    /// The neutral French name on pages.
    pub fn title(self) -> &'static str {
        match self {
            Self::Impots => "Impôts",
            Self::AssuranceMaladie => "Assurance maladie",
            Self::Poste => "La poste",
            Self::Mobile => "Opérateur mobile",
            Self::Msa => "Mutuelle agricole",
            Self::IdentiteNumerique => "Carte et visage",
        }
    }

    /// How this provider signs in and answers. Between them the six cover every method and form that a gateway must
    /// speak towards providers.
    pub fn profile(self) -> Profile {
        let plain = Profile {
            acr: "eidas1",
            amr: &["pwd"],
            signing: Algorithm::Es256,
            authentication: Authentication::SecretBasic,
            id_token: TokenForm::Signed,
            userinfo: UserinfoForm::Json,
        };
        match self {
            Self::Impots => plain,
            Self::AssuranceMaladie => {
                Profile { signing: Algorithm::Rs256, authentication: Authentication::SecretPost, ..plain }
            }
            Self::Poste => Profile { acr: "eidas2", amr: &["pwd", "pop"], userinfo: UserinfoForm::Signed, ..plain },
            Self::Mobile => Profile { authentication: Authentication::PrivateKey, ..plain },
            Self::Msa => Profile {
                signing: Algorithm::Rs256,
                userinfo: UserinfoForm::SignedThenEncrypted(KeyDelivery::RsaOaep256),
                ..plain
            },
            Self::IdentiteNumerique => Profile {
                acr: "eidas3",
                amr: &["pop", "face"],
                authentication: Authentication::PrivateKey,
                id_token: TokenForm::SignedThenEncrypted(KeyDelivery::EcdhEs),
                userinfo: UserinfoForm::SignedThenEncrypted(KeyDelivery::EcdhEs),
                ..plain
            },
        }
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How one provider behaves when it is honest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Level of every sign-in here: the provider's ceiling.
    pub acr: &'static str,
    /// Methods it reports (RFC 8176).
    pub amr: &'static [&'static str],
    /// How it signs.
    pub signing: Algorithm,
    /// How its clients prove themselves.
    pub authentication: Authentication,
    /// Form of the ID token.
    pub id_token: TokenForm,
    /// Form of the userinfo answer.
    pub userinfo: UserinfoForm,
}

impl Profile {
    /// How content keys reach the client, when anything is encrypted to it.
    pub fn encryption(&self) -> Option<KeyDelivery> {
        let from_userinfo = match self.userinfo {
            UserinfoForm::SignedThenEncrypted(delivery) => Some(delivery),
            UserinfoForm::Json | UserinfoForm::Signed => None,
        };
        match self.id_token {
            TokenForm::SignedThenEncrypted(delivery) => Some(delivery),
            TokenForm::Signed => from_userinfo,
        }
    }
}

/// Client authentication at the token endpoint (OIDC Core §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// `client_secret_basic`.
    SecretBasic,
    /// `client_secret_post`.
    SecretPost,
    /// `private_key_jwt`.
    PrivateKey,
}

impl Authentication {
    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
            Self::PrivateKey => "private_key_jwt",
        }
    }
}

/// Form of an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// A signed JWT.
    Signed,
    /// A signed JWT inside an encrypted one.
    SignedThenEncrypted(KeyDelivery),
}

/// Form of a userinfo answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserinfoForm {
    /// Plain JSON.
    Json,
    /// A signed JWT.
    Signed,
    /// A signed JWT inside an encrypted one.
    SignedThenEncrypted(KeyDelivery),
}
