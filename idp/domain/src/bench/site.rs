//! The site that a run drives: its addresses, and where a browser of the bench may go.

use serde::{Deserialize, Serialize};
use url::Url;

use super::trial::Shown;

/// The addresses of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Where a login begins.
    pub start: Url,
    /// The page that shows who is signed in.
    pub page: Url,
    /// By what.
    pub shown: Shown,
    /// The registered redirect URIs.
    pub redirect_uris: Vec<Url>,
    /// Where a browser may go after a logout.
    pub post_logout: Option<Url>,
    /// How a citizen signs out.
    pub logout: Option<(Method, Url)>,
    /// Where notices of logouts are taken.
    pub notices: Option<Url>,
}

/// How an address is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By a link.
    Get,
    /// By a form without fields.
    Post,
}

impl Site {
    /// Whether a browser of the bench may go to an address: to the origins that the commune named, and no further. A site
    /// cannot use the bench to reach others.
    pub fn is_at(&self, url: &Url) -> bool {
        self.addresses().any(|own| own.origin() == url.origin())
    }

    /// All of its addresses.
    pub fn addresses(&self) -> impl Iterator<Item = &Url> {
        let more = [self.post_logout.as_ref(), self.logout.as_ref().map(|(_, url)| url), self.notices.as_ref()];
        [&self.start, &self.page].into_iter().chain(&self.redirect_uris).chain(more.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_where_its_addresses_are_and_nowhere_else() {
        let read = |text: &str| Url::parse(text).expect(text);
        let site = Site {
            start: read("https://www.v.example/connexion"),
            page: read("https://www.v.example/"),
            shown: Shown::FamilyName,
            redirect_uris: vec![read("https://compte.v.example/retour")],
            post_logout: Some(read("https://www.v.example/au-revoir")),
            logout: Some((Method::Post, read("https://sortie.v.example/"))),
            notices: Some(read("https://compte.v.example:8443/avis")),
        };
        for own in [
            "https://www.v.example/x",
            "https://compte.v.example/",
            "https://compte.v.example:8443/",
            "https://sortie.v.example/y",
        ] {
            assert!(site.is_at(&read(own)), "{own}");
        }
        for other in [
            "http://www.v.example/",
            "https://v.example/",
            "https://www.v.example:8443/",
            "http://localhost/",
            "https://169.254.169.254/",
            "https://www.v.example.evil.example/",
        ] {
            assert!(!site.is_at(&read(other)), "{other}");
        }
    }
}
