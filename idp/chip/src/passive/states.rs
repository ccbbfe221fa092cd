//! Certificates name a country by two letters (ISO 3166-1), documents their issuer by up to three (ICAO 9303-3 §5).

/// Pairs of both, as data: ISO 3166-1, with what ICAO 9303-3 §5 adds of organisations, and `D` for Germany. A country may have
/// several codes of issuers.
const TABLE: &str = include_str!("states.txt");

/// Whether a country issued a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Issued {
    /// It did.
    ByIt,
    /// The document names another issuer.
    ByAnother,
    /// The table has no such country.
    Unknown,
}

/// Whether the country of a certificate, in capital letters, is the one of an issuer that a zone names.
pub(super) fn issued_by(country: &str, issuer: &str) -> Issued {
    let mut issuers = pairs().filter(|(known, _)| *known == country).map(|(_, issuer)| issuer).peekable();
    if issuers.peek().is_none() {
        return Issued::Unknown;
    }
    if issuers.any(|known| known == issuer) { Issued::ByIt } else { Issued::ByAnother }
}

fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.split_ascii_whitespace().filter_map(|pair| pair.split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_known_by_its_two_codes() {
        for (country, issuer) in
            [("FR", "FRA"), ("DE", "D"), ("GB", "GBR"), ("GB", "GBD"), ("UN", "UNA"), ("XK", "RKS")]
        {
            assert_eq!(issued_by(country, issuer), Issued::ByIt, "{country}");
        }
        for (country, issuer) in [("FR", "BEL"), ("DE", "DEU"), ("BE", "FRA"), ("FR", "")] {
            assert_eq!(issued_by(country, issuer), Issued::ByAnother, "{country}");
        }
        for country in ["ZZ", "fr", "", "FRA"] {
            assert_eq!(issued_by(country, "FRA"), Issued::Unknown, "{country}");
        }
    }

    #[test]
    fn the_table_has_every_country_once_an_issuer() {
        let mut all: Vec<_> = pairs().collect();
        assert_eq!(all.len(), TABLE.split_ascii_whitespace().count());
        assert!(all.len() > 249, "ISO 3166-1 has 249");
        let right = |code: &str, lengths: &[usize]| {
            lengths.contains(&code.len()) && code.bytes().all(|letter| letter.is_ascii_uppercase())
        };
        assert!(all.iter().all(|(country, issuer)| right(country, &[2]) && right(issuer, &[1, 3])));
        all.dedup();
        assert_eq!(all.len(), pairs().count());
        assert!(all.is_sorted());
    }
}
