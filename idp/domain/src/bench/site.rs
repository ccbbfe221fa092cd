//! The site that a run drives: its addresses, and where a browser of the bench may go.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

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

/// An address that was typed is at a host where the service has no redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address is at another host than the redirect URIs of the service")]
pub struct Elsewhere;

/// Whether an address is at the host of one of these: at the same origin on loopback, where the ports are other programs.
fn beside(url: &Url, registered: &[Url]) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return false,
    };
    registered.iter().any(|own| own.host() == url.host() && (!loopback || own.origin() == url.origin()))
}

impl Site {
    /// The site of a registered service, where its redirect URIs are: they were declared, and looked at before production. What
    /// was typed at another host is refused; what is registered at another is not visited.
    pub fn at_its_redirects(self) -> Result<Self, Elsewhere> {
        let own = |url: &Url| beside(url, &self.redirect_uris);
        let typed = [Some(&self.start), Some(&self.page), self.logout.as_ref().map(|(_, url)| url)];
        if !typed.into_iter().flatten().all(own) {
            return Err(Elsewhere);
        }
        let (post_logout, notices) = (self.post_logout.clone().filter(own), self.notices.clone().filter(own));
        Ok(Self { post_logout, notices, ..self })
    }

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
    fn a_registered_service_is_driven_at_the_hosts_of_its_redirects_alone() {
        let read = |text: &str| Url::parse(text).expect(text);
        let site = |start: &str, logout: Option<&str>| Site {
            start: read(start),
            page: read("https://compte.v.example/moi"),
            shown: Shown::FamilyName,
            redirect_uris: vec![read("https://compte.v.example/retour"), read("http://localhost:8080/retour")],
            post_logout: Some(read("https://ailleurs.example/au-revoir")),
            logout: logout.map(|url| (Method::Post, read(url))),
            notices: Some(read("https://compte.v.example:8443/avis")),
        };
        let held = site("https://compte.v.example:8443/connexion", None).at_its_redirects().expect("its own host");
        assert_eq!((held.post_logout, held.notices.is_some()), (None, true), "another host is not visited");
        assert!(site("http://localhost:8080/", Some("https://compte.v.example/")).at_its_redirects().is_ok());
        for other in [
            "https://v.example/",
            "https://compte.v.example.evil.example/",
            "https://203.0.113.7/",
            "http://localhost:6379/",
            "http://127.0.0.1:8080/",
        ] {
            assert_eq!(site(other, None).at_its_redirects(), Err(Elsewhere), "{other}");
            let logout = site("https://compte.v.example/", Some(other)).at_its_redirects();
            assert_eq!(logout, Err(Elsewhere), "{other}");
        }
    }

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
