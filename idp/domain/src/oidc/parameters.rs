//! Form-encoded parameters, read strictly: valid UTF-8, bounded, and each at most once (RFC 6749 §3.1).

/// The longest parameter text that is read, in bytes.
pub const MAX_ENCODED: usize = 32 * 1024;

/// Decoded parameters, in the order sent.
#[derive(Clone, Default)]
pub struct Parameters(Vec<(String, String)>);

/// Why parameters cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadParameters {
    /// More than may be read.
    #[error("the parameters are too long")]
    TooLong,
    /// A percent escape that is none, or bytes that are not UTF-8.
    #[error("the parameters are not form-encoded UTF-8")]
    Encoding,
}

/// A parameter was sent more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` was sent more than once")]
pub struct Repeated(pub &'static str);

impl Parameters {
    /// Reads a query string or a form body (`application/x-www-form-urlencoded`).
    pub fn parse(encoded: &[u8]) -> Result<Self, BadParameters> {
        Self::within(encoded, MAX_ENCODED)
    }

    /// Reads a form body of as many bytes at most: the forms of people may be longer than the requests of programs.
    pub fn within(encoded: &[u8], most: usize) -> Result<Self, BadParameters> {
        if encoded.len() > most {
            return Err(BadParameters::TooLong);
        }
        encoded
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
                let (name, value) = pair.split_at(at);
                Ok((decode(name)?, decode(value.get(1..).unwrap_or_default())?))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }

    /// Parameters that came another way than form-encoded.
    pub(super) const fn of(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// A parameter that may be absent. One without a value counts as absent (RFC 6749 §3.1).
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = found.next();
        if found.next().is_some() {
            return Err(Repeated(name));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// Every value of a parameter that may be sent more than once, as `resource` alone may (RFC 8707 §2).
    pub fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that is named at run time; empty when it is absent or was sent more than once.
    pub fn text(&self, name: &str) -> &str {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = found.next().unwrap_or_default();
        match found.next() {
            None => first,
            Some(_) => "",
        }
    }

    /// Whether a parameter was sent at all.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }
}

// Parameters hold secrets and personal data (client_secret, login_hint): they never show themselves.
impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parameters({})", self.0.len())
    }
}

fn decode(encoded: &[u8]) -> Result<String, BadParameters> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(*digit).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else { return Err(BadParameters::Encoding) };
                u8::try_from(high * 16 + low).map_err(|_| BadParameters::Encoding)?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).map_err(|_| BadParameters::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_decoded_once_and_exactly() {
        let parameters = Parameters::parse(b"a=b+c&d=%C3%A9%2Be&f&&g=").expect("well formed");
        assert_eq!(parameters.one("a"), Ok(Some("b c")));
        assert_eq!(parameters.one("d"), Ok(Some("é+e")));
        assert_eq!(parameters.one("f"), Ok(None));
        assert_eq!(parameters.one("g"), Ok(None));
        assert!(parameters.has("f") && !parameters.has("h"));
    }

    #[test]
    fn broken_escapes_and_other_encodings_are_refused() {
        for bad in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%ff", b"\xff=a", b"a=%C3"] {
            assert_eq!(Parameters::parse(bad).err(), Some(BadParameters::Encoding));
        }
        assert_eq!(Parameters::parse(&vec![b'a'; MAX_ENCODED + 1]).err(), Some(BadParameters::TooLong));
    }

    #[test]
    fn a_repeated_parameter_is_an_error_even_with_equal_values() {
        let parameters = Parameters::parse(b"a=1&a=1&b=2").expect("well formed");
        assert_eq!(parameters.one("a"), Err(Repeated("a")));
        assert_eq!(parameters.one("b"), Ok(Some("2")));
    }

    #[test]
    fn a_parameter_that_may_be_repeated_gives_every_value_in_order() {
        let parameters = Parameters::parse(b"r=1&x=2&r=&r=3&R=4").expect("well formed");
        assert_eq!(parameters.all("r").collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(parameters.all("none").count(), 0);
    }

    proptest! {
        #[test]
        fn what_a_form_encodes_is_read_back(pairs in prop::collection::vec(("[a-z]{1,8}", "\\PC{0,20}"), 0..6)) {
            let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            prop_assert_eq!(Parameters::parse(encoded.as_bytes()).expect("well formed").0, pairs);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Parameters::parse(&bytes);
        }
    }
}
