//! What each profile asks at run time, where the profiles differ: one table, which the request check, the codes and the
//! tokens look into.

use super::{Client, Profile, UserinfoFormat};
use crate::time::Lifetime;

/// The rules of a profile at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// What `state` and `nonce` must be.
    pub handles: Handles,
    /// How the level is asked for.
    pub levels: Levels,
    /// What becomes of scopes that do not exist.
    pub scopes: UnknownScopes,
    /// What `prompt` may hold.
    pub prompts: Prompts,
    /// How the data providers of an access token are named.
    pub audience: Audience,
    /// How long what is issued lives at most, whatever the configuration allows.
    pub longest: Longest,
}

/// How the data providers of an access token are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// By `resource`, or by the locations of authorization details (RFC 8707 §2, RFC 9396 §2).
    Named,
    /// Where the request names none, scopes of other administrations mean every data provider of the client: software
    /// of before RFC 8707 knows no other way.
    Implied,
}

/// What `state` and `nonce` must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handles {
    /// They may be left out (OIDC Core §3.1.2.1).
    Optional,
    /// They must be there, of so many characters at least.
    AtLeast(usize),
}

/// How the level is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Levels {
    /// `acr_values` may be left out, and what it holds beside known levels is ignored (OIDC Core §3.1.2.1).
    Voluntary,
    /// `acr_values` must be there and hold known levels alone.
    Named,
}

/// What becomes of scopes that do not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownScopes {
    /// They are ignored (OIDC Core §3.1.2.1).
    Ignored,
    /// They are refused, but for those that stand in old software.
    Refused,
}

/// What `prompt` may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompts {
    /// What OIDC Core §3.1.2.1 defines.
    Standard,
    /// `login`, `consent` or both.
    LoginAndConsent,
}

/// How long what is issued lives at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Longest {
    /// A code.
    pub code: Lifetime,
    /// An access token.
    pub access_token: Lifetime,
    /// An ID token.
    pub id_token: Lifetime,
}

/// As the OpenID profiles are certified. A code lives a minute at most for everybody (FAPI 2.0 §5.3.2.1-11).
const CERTIFIED: Rules = Rules {
    handles: Handles::Optional,
    levels: Levels::Voluntary,
    scopes: UnknownScopes::Ignored,
    prompts: Prompts::Standard,
    audience: Audience::Named,
    longest: Longest {
        code: Lifetime::seconds(60),
        access_token: Lifetime::seconds(3600),
        id_token: Lifetime::seconds(3600),
    },
};

/// As FranceConnect asks of its relying parties.
const FRANCECONNECT: Rules = Rules {
    handles: Handles::AtLeast(22),
    levels: Levels::Named,
    scopes: UnknownScopes::Refused,
    prompts: Prompts::LoginAndConsent,
    audience: Audience::Implied,
    longest: Longest {
        code: Lifetime::seconds(30),
        access_token: Lifetime::seconds(60),
        id_token: Lifetime::seconds(60),
    },
};

impl Profile {
    /// The rules at run time.
    pub const fn rules(self) -> Rules {
        match self {
            Self::Standard | Self::Fapi2 => CERTIFIED,
            Self::FranceConnect => FRANCECONNECT,
        }
    }
}

/// The generation of paths that a call came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Our own, and those of FranceConnect's second version.
    Current,
    /// Those of FranceConnect's first version, `/api/v1/…`.
    First,
}

impl Client {
    /// How userinfo is answered on the paths of a generation: software of FranceConnect's first version reads JSON, and
    /// so a service that moves to the second may still call it while it moves.
    pub const fn userinfo_on(&self, generation: Generation) -> UserinfoFormat {
        match (self.profile, generation, self.userinfo) {
            (Profile::FranceConnect, Generation::First, UserinfoFormat::Signed(_)) => UserinfoFormat::Json,
            (Profile::Standard | Profile::Fapi2 | Profile::FranceConnect, _, format) => format,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn client(profile: &str, algorithm: Option<&str>) -> Client {
        let mut metadata = json!({
            "client_id": "v", "client_name": "V", "redirect_uris": ["https://v.example/"],
            "passerelle": {"profile": profile},
        });
        if let Some(algorithm) = algorithm {
            metadata["userinfo_signed_response_alg"] = algorithm.into();
        }
        Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine")
    }

    #[test]
    fn no_code_lives_longer_than_a_minute_and_franceconnect_is_shorter_everywhere() {
        for profile in Profile::ALL {
            assert!(profile.rules().longest.code.as_seconds() <= 60, "{}", profile.name());
        }
        let (strict, standard) = (FRANCECONNECT.longest, CERTIFIED.longest);
        assert_eq!(strict.code, Lifetime::seconds(30));
        assert!(strict.access_token < standard.access_token && strict.id_token < standard.id_token);
    }

    #[test]
    fn userinfo_is_json_on_the_first_paths_for_french_software_alone() {
        let french = client("franceconnect", None);
        assert!(matches!(french.userinfo_on(Generation::Current), UserinfoFormat::Signed(_)));
        assert_eq!(french.userinfo_on(Generation::First), UserinfoFormat::Json);
        let signed = client("standard", Some("ES256"));
        assert_eq!(signed.userinfo_on(Generation::First), signed.userinfo);
        assert_eq!(client("standard", None).userinfo_on(Generation::First), UserinfoFormat::Json);
    }
}
