//! A login that begins elsewhere, at the registered `initiate_login_uri` (OpenID Connect Core 1.0 §4).

use url::form_urlencoded;

use crate::client::Client;
use crate::error::Error;
use crate::local_path::LocalPath;
use crate::login::Login;

/// A login that a third party asks this site to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitiatedLogin {
    target: LocalPath,
    hint: Option<String>,
}

impl InitiatedLogin {
    /// The page to show afterwards: the one asked, when it is on the list, else the front page.
    pub fn target(&self) -> &LocalPath {
        &self.target
    }

    /// This login, with the hint that was given.
    #[must_use]
    pub fn applied_to(&self, login: Login) -> Login {
        match &self.hint {
            Some(hint) => login.with_login_hint(hint),
            None => login,
        }
    }
}

impl Client {
    /// Reads a request at the `initiate_login_uri`: the raw query, or the raw body of a `POST`. `targets` are the
    /// pages of this site that a third party may send citizens to.
    ///
    /// # Errors
    /// [`Error::InitiatedLogin`] when it names another gateway or none, or a page that is not on the list: anyone
    /// can send a browser here.
    pub fn initiated_login(&self, query: &str, targets: &[LocalPath]) -> Result<InitiatedLogin, Error> {
        let wrong = |detail| Error::InitiatedLogin { detail };
        let (mut issuer, mut hint, mut target) = (None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let repeated = match name.as_ref() {
                "iss" => issuer.replace(value.into_owned()).is_some(),
                "login_hint" => hint.replace(value.into_owned()).is_some(),
                "target_link_uri" => target.replace(value.into_owned()).is_some(),
                _ => false,
            };
            if repeated {
                return Err(wrong("a parameter comes twice"));
            }
        }
        if issuer.as_deref() != Some(self.registration().issuer.as_str()) {
            return Err(wrong("it names another gateway or none"));
        }
        let target = match target {
            None => LocalPath::root(),
            Some(address) => {
                let here = self.registration().redirect_uri.origin().ascii_serialization();
                let path = address.strip_prefix(&here).and_then(LocalPath::parse);
                path.filter(|path| targets.contains(path)).ok_or(wrong("its page is not on the list"))?
            }
        };
        let hint = hint.filter(|hint| hint.len() <= 255 && !hint.chars().any(char::is_control));
        Ok(InitiatedLogin { target, hint })
    }
}
