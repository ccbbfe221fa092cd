//! The parameters that a provider sends a citizen back with, read before anything is called.

use domain::id::SignInId;
use domain::oidc::parameters::Parameters;

use super::ArrivalError;

/// Writes `state`: the sign-in, and the secret of the attempt.
pub(crate) fn write_state(sign_in: &SignInId, secret: &str) -> String {
    format!("{sign_in}.{secret}")
}

/// Reads `state`: the sign-in it names, and the secret of the attempt.
pub(crate) fn state(parameters: &Parameters) -> Option<(SignInId, &str)> {
    let (id, secret) = parameters.one("state").ok()??.split_once('.')?;
    Some((SignInId::parse(id).ok()?, secret))
}

/// The longest code that is passed on to a provider, in bytes.
const MAX_CODE: usize = 4096;

/// Whether a provider announces `iss` in its answers (RFC 9207 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IssInAnswer {
    /// It does: an answer without is refused.
    Announced,
    /// It does not: `iss` is checked when it is there.
    NotAnnounced,
}

/// The code of an answer, after `iss` and `error` (RFC 9207 §2.4 before all else: an error of another provider is none
/// of this one's).
pub(super) fn code<'a>(parameters: &'a Parameters, issuer: &str, iss: IssInAnswer) -> Result<&'a str, ArrivalError> {
    let one = |name| parameters.one(name).map_err(|_| ArrivalError::Untrusted("a parameter was sent twice"));
    match (one("iss")?, iss) {
        (Some(named), _) if named != issuer => return Err(ArrivalError::Untrusted("iss names another provider")),
        (None, IssInAnswer::Announced) => return Err(ArrivalError::Untrusted("iss is announced and missing")),
        (Some(_), _) | (None, IssInAnswer::NotAnnounced) => {}
    }
    match (one("error")?, one("code")?) {
        (Some("access_denied"), _) => Err(ArrivalError::Cancelled),
        (Some(_), _) => Err(ArrivalError::Refused),
        (None, Some(code)) if code.len() > MAX_CODE => Err(ArrivalError::Untrusted("the code is too long")),
        (None, Some(code)) => Ok(code),
        (None, None) => Err(ArrivalError::Untrusted("neither code nor error")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Parameters {
        Parameters::parse(query.as_bytes()).expect("well formed")
    }

    #[test]
    fn an_answer_names_its_provider_before_it_counts() {
        let issuer = "https://a.example";
        let code = |query: &str, iss| code(&read(query), issuer, iss).map(str::to_owned);
        let ok = "code=x&iss=https%3A%2F%2Fa.example";
        assert_eq!(code(ok, IssInAnswer::Announced).ok().as_deref(), Some("x"));
        assert_eq!(code("code=x", IssInAnswer::NotAnnounced).ok().as_deref(), Some("x"));
        for (query, iss) in [
            ("code=x", IssInAnswer::Announced),
            ("code=x&iss=https%3A%2F%2Fb.example", IssInAnswer::NotAnnounced),
            ("error=access_denied&iss=https%3A%2F%2Fb.example", IssInAnswer::NotAnnounced),
            ("code=x&iss=https%3A%2F%2Fa.example&iss=https%3A%2F%2Fa.example", IssInAnswer::Announced),
            ("code=x&code=y", IssInAnswer::NotAnnounced),
            ("", IssInAnswer::NotAnnounced),
        ] {
            assert!(matches!(code(query, iss), Err(ArrivalError::Untrusted(_))), "{query}");
        }
        assert!(matches!(code("error=access_denied", IssInAnswer::NotAnnounced), Err(ArrivalError::Cancelled)));
        assert!(matches!(code("error=%3Cscript%3E", IssInAnswer::NotAnnounced), Err(ArrivalError::Refused)));
    }

    #[test]
    fn a_state_is_read_as_it_was_written() {
        let id = SignInId::from_random([9; 16]);
        let written = write_state(&id, "secret");
        let parameters = read(&format!("state={written}"));
        assert_eq!(state(&parameters), Some((id, "secret")));
        for bad in ["", "state=", "state=x", "state=x.y", "state=a.b&state=a.b"] {
            assert_eq!(state(&read(bad)), None);
        }
    }
}
