//! What the profile of a client demands of its authorization request beyond the standard. It only refuses: what is not
//! refused here is read like any other request.

use super::error::AuthorizeError;
use super::parameters::{Parameters, Repeated};
use super::refresh::OFFLINE_ACCESS;
use crate::claims::scopes::Scope;
use crate::client::{Handles, Levels, Prompts, Rules, UnknownScopes};
use crate::level::Level;

/// A refusal, to be told to the relying party.
pub(super) type Unmet = (AuthorizeError, &'static str);

/// Scopes that old software asks for by habit: they released data once, and name nothing now.
const RETIRED: [&str; 2] = ["address", "phone"];

/// Checks a request against the rules of a profile.
pub(super) fn check(rules: &Rules, parameters: &Parameters) -> Result<(), Unmet> {
    handles(rules.handles, parameters)?;
    levels(rules.levels, parameters)?;
    scopes(rules.scopes, parameters)?;
    prompts(rules.prompts, parameters)
}

fn one<'a>(parameters: &'a Parameters, name: &'static str) -> Result<Option<&'a str>, Unmet> {
    parameters.one(name).map_err(|Repeated(_)| (AuthorizeError::InvalidRequest, "a parameter was sent more than once"))
}

fn handles(rule: Handles, parameters: &Parameters) -> Result<(), Unmet> {
    let Handles::AtLeast(length) = rule else { return Ok(()) };
    let long = |text: Option<&str>| text.is_some_and(|text| text.chars().count() >= length);
    if !long(one(parameters, "state")?) {
        return Err((AuthorizeError::InvalidRequest, "state must have at least 22 characters under this profile"));
    }
    if !long(one(parameters, "nonce")?) {
        return Err((AuthorizeError::InvalidRequest, "nonce must have at least 22 characters under this profile"));
    }
    Ok(())
}

fn levels(rule: Levels, parameters: &Parameters) -> Result<(), Unmet> {
    match (rule, one(parameters, "acr_values")?) {
        (Levels::Voluntary, _) => Ok(()),
        (Levels::Named, None) => Err((AuthorizeError::InvalidRequest, "acr_values is missing")),
        (Levels::Named, Some(text)) => {
            let mut words = words(text).peekable();
            if words.peek().is_some() && words.all(|word| Level::from_acr(word).is_some()) {
                return Ok(());
            }
            Err((AuthorizeError::InvalidAcr, "acr_values may hold eidas1, eidas2 and eidas3 alone"))
        }
    }
}

fn scopes(rule: UnknownScopes, parameters: &Parameters) -> Result<(), Unmet> {
    let Some(text) = one(parameters, "scope")? else { return Ok(()) };
    let known = |word| Scope::parse(word).is_some() || word == OFFLINE_ACCESS || RETIRED.contains(&word);
    match rule {
        UnknownScopes::Refused if !words(text).all(known) => {
            Err((AuthorizeError::InvalidScope, "scope holds a word that is no scope"))
        }
        UnknownScopes::Ignored | UnknownScopes::Refused => Ok(()),
    }
}

fn prompts(rule: Prompts, parameters: &Parameters) -> Result<(), Unmet> {
    let Some(text) = one(parameters, "prompt")? else { return Ok(()) };
    match rule {
        Prompts::LoginAndConsent if words(text).any(|word| !["login", "consent"].contains(&word)) => {
            Err((AuthorizeError::InvalidRequest, "prompt may hold login and consent under this profile"))
        }
        Prompts::Standard | Prompts::LoginAndConsent => Ok(()),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Profile;
    use crate::oidc::error::is_legal_description;

    /// What French software sends, with changes.
    fn request(changes: &[(&str, &str)]) -> Parameters {
        let mut pairs = vec![
            ("state", "0123456789abcdefghijkl"),
            ("nonce", "éàç3456789abcdefghijkl"),
            ("acr_values", "eidas2 eidas1"),
            ("scope", "openid profile address phone"),
            ("prompt", "login consent"),
        ];
        for (name, value) in changes {
            pairs.retain(|(held, _)| held != name);
            pairs.push((name, value));
        }
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Parameters::parse(encoded.as_bytes()).expect("well formed")
    }

    fn told(profile: Profile, changes: &[(&str, &str)]) -> Option<AuthorizeError> {
        check(&profile.rules(), &request(changes)).err().map(|(error, description)| {
            assert!(is_legal_description(description));
            error
        })
    }

    #[test]
    fn what_french_software_sends_is_taken() {
        for changes in [
            &[][..],
            &[("prompt", "")],
            &[("prompt", "consent  login")],
            &[("acr_values", "eidas3 eidas3")],
            &[("scope", "openid dgfip_rfr offline_access")],
        ] {
            assert_eq!(told(Profile::FranceConnect, changes), None, "{changes:?}");
        }
    }

    #[test]
    fn the_strict_profile_refuses_what_the_others_let_pass() {
        use AuthorizeError::{InvalidAcr, InvalidRequest, InvalidScope};
        for (changes, error) in [
            ([("state", "")], InvalidRequest),
            ([("state", "0123456789abcdefghijk")], InvalidRequest),
            ([("nonce", "")], InvalidRequest),
            // 22 bytes are not 22 characters.
            ([("nonce", "éàç3456789abcdefghi")], InvalidRequest),
            ([("acr_values", "")], InvalidRequest),
            ([("acr_values", " ")], InvalidAcr),
            ([("acr_values", "gold")], InvalidAcr),
            ([("acr_values", "eidas1 gold")], InvalidAcr),
            ([("acr_values", "EIDAS1")], InvalidAcr),
            ([("scope", "openid shoe_size")], InvalidScope),
            ([("prompt", "none")], InvalidRequest),
            ([("prompt", "select_account")], InvalidRequest),
            ([("prompt", "login none")], InvalidRequest),
        ] {
            assert_eq!(told(Profile::FranceConnect, &changes), Some(error), "{changes:?}");
            for lenient in [Profile::Standard, Profile::Fapi2] {
                assert_eq!(told(lenient, &changes), None, "{changes:?} under {}", lenient.name());
            }
        }
    }

    #[test]
    fn a_parameter_sent_twice_is_refused() {
        for name in ["state", "nonce", "acr_values", "scope", "prompt"] {
            let twice = format!(
                "state=0123456789abcdefghijkl&nonce=0123456789abcdefghijkl&acr_values=eidas1&{name}=x&{name}=x"
            );
            let parameters = Parameters::parse(twice.as_bytes()).expect("well formed");
            let refused = check(&Profile::FranceConnect.rules(), &parameters).expect_err(name);
            assert_eq!(refused.0, AuthorizeError::InvalidRequest, "{name}");
        }
    }
}
