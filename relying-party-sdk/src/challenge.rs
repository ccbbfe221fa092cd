//! What a server says in `WWW-Authenticate` (RFC 9110 §11.6.1).

/// An honest header is far below this many bytes.
const LONGEST: usize = 8192;

/// One challenge: its scheme and its parameters, names in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter; none when it is missing or comes twice.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.parameters.iter().filter(|(seen, _)| seen == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            (None | Some(_), _) => None,
        }
    }

    /// Every challenge of a header in which this `error` is given under a scheme for access tokens.
    pub(crate) fn with_error(header: &str, error: &str) -> Option<Self> {
        let mut all = parse(header).into_iter();
        all.find(|it| matches!(it.scheme.as_str(), "dpop" | "bearer") && it.get("error") == Some(error))
    }
}

/// The challenges of a header, up to the first thing that cannot be read.
fn parse(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = if header.len() > LONGEST { "" } else { header };
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (word, after) = token(rest);
        if word.is_empty() {
            return challenges;
        }
        let value =
            after.trim_start_matches([' ', '\t']).strip_prefix('=').map(|it| it.trim_start_matches([' ', '\t']));
        match (value, challenges.last_mut()) {
            (Some(value), Some(challenge)) => {
                let Some((value, after)) = quoted(value).or_else(|| Some(owned(token(value)))) else {
                    return challenges;
                };
                challenge.parameters.push((word.to_ascii_lowercase(), value));
                rest = after;
            }
            (Some(_), None) => return challenges,
            (None, _) => {
                challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
                rest = after;
            }
        }
    }
}

fn owned<'a>((value, rest): (&'a str, &'a str)) -> (String, &'a str) {
    (value.to_owned(), rest)
}

/// The token at the start (RFC 9110 §5.6.2), and what follows it.
fn token(text: &str) -> (&str, &str) {
    let tchar = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    text.split_at(text.find(|c| !tchar(c)).unwrap_or(text.len()))
}

/// The quoted string at the start (RFC 9110 §5.6.4), and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.strip_prefix('"')?.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at.saturating_add(2)..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_whatever_their_order_case_and_spacing() {
        let header =
            r#"Basic realm="a, b", DPoP error="use_dpop_nonce",algs="ES256 PS256" , BEARER Error = invalid_token"#;
        let read = parse(header);
        let schemes: Vec<&str> = read.iter().map(|it| it.scheme.as_str()).collect();
        assert_eq!(schemes, ["basic", "dpop", "bearer"]);
        assert_eq!(read[0].get("realm"), Some("a, b"));
        assert_eq!(read[1].get("algs"), Some("ES256 PS256"));
        assert!(Challenge::with_error(header, "use_dpop_nonce").is_some());
        assert!(Challenge::with_error(header, "invalid_token").is_some());
        assert!(Challenge::with_error(header, "insufficient_user_authentication").is_none());
        assert_eq!(parse(r#"DPoP a="x\"y\\z""#)[0].get("a"), Some(r#"x"y\z"#));
    }

    #[test]
    fn a_hostile_header_is_read_up_to_where_it_breaks() {
        for header in
            ["", ",,,", "=x", "DPoP error=\"use_dpop_nonce", "DPoP \u{e9}=1", "Basic error=\"use_dpop_nonce\""]
        {
            assert!(Challenge::with_error(header, "use_dpop_nonce").is_none(), "{header}");
        }
        let twice = r#"DPoP error="invalid_token", error="use_dpop_nonce""#;
        assert!(Challenge::with_error(twice, "use_dpop_nonce").is_none());
        let long = format!("DPoP x=\"{}\", error=\"use_dpop_nonce\"", "a".repeat(LONGEST));
        assert!(Challenge::with_error(&long, "use_dpop_nonce").is_none());
    }
}
