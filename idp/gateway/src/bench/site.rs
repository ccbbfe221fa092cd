//! The site that a run drives: its addresses, and where its browser may go.

use domain::bench::trial::Shown;
use url::Url;

use crate::config::https_or_loopback;

/// The addresses of a site.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// Where a login begins.
    pub(crate) start: Url,
    /// The page that shows who is signed in.
    pub(crate) page: Url,
    /// By what.
    pub(crate) shown: Shown,
    /// The registered redirect URIs.
    pub(crate) redirect_uris: Vec<Url>,
    /// Where a browser may go after a logout.
    pub(crate) post_logout: Option<Url>,
    /// How a citizen signs out.
    pub(crate) logout: Option<(Method, Url)>,
    /// Where notices of logouts are taken.
    pub(crate) notices: Option<Url>,
}

/// How an address is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Method {
    /// By a link.
    Get,
    /// By a form without fields.
    Post,
}

/// Reads one of the addresses.
pub(crate) fn address(text: &str) -> Result<Url, String> {
    let url = https_or_loopback(text)?;
    if url.fragment().is_some() {
        return Err("must have no fragment".to_owned());
    }
    Ok(url)
}

impl Site {
    /// Whether a browser of the bench may go to an address: to the origins that the commune named, and no further. A site
    /// cannot use the bench to reach others.
    pub(super) fn is_at(&self, url: &Url) -> bool {
        let more = [self.post_logout.as_ref(), self.logout.as_ref().map(|(_, url)| url), self.notices.as_ref()];
        let own = [&self.start, &self.page].into_iter().chain(&self.redirect_uris).chain(more.into_iter().flatten());
        own.into_iter().any(|own| own.origin() == url.origin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_where_its_addresses_are_and_nowhere_else() {
        let read = |text: &str| address(text).expect(text);
        let site = Site {
            start: read("https://www.v.example/connexion"),
            page: read("https://www.v.example/"),
            shown: Shown::FamilyName,
            redirect_uris: vec![read("https://compte.v.example/retour")],
            post_logout: None,
            logout: None,
            notices: Some(read("https://compte.v.example:8443/avis")),
        };
        for own in ["https://www.v.example/x", "https://compte.v.example/", "https://compte.v.example:8443/"] {
            assert!(site.is_at(&read(own)), "{own}");
        }
        for other in [
            "https://v.example/",
            "https://www.v.example:8443/",
            "http://localhost/",
            "https://169.254.169.254/",
            "https://www.v.example.evil.example/",
        ] {
            assert!(!site.is_at(&read(other)), "{other}");
        }
    }

    #[test]
    fn addresses_are_https_or_loopback_without_credentials() {
        for bad in ["http://v.example/", "ftp://v.example/", "https://a:b@v.example/", "https://v.example/#x", "x", ""]
        {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
