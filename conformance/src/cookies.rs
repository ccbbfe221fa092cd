//! A browser's cookie rules, as far as sign-ins depend on them (RFC 6265bis): by host and not by port, path,
//! expiry, `SameSite`, name prefixes; loopback counts as trustworthy for `Secure`.

use http::HeaderMap;
use http::header::SET_COOKIE;
use time::OffsetDateTime;
use time::macros::format_description;
use url::Url;

/// Where a request comes from, as `SameSite` sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initiator {
    /// The citizen (typed address), or a page of the same site.
    SameSite,
    /// A page of another site, by a top-level GET.
    CrossSiteLink,
    /// A page of another site, by a form that is posted.
    CrossSitePost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SameSite {
    Strict,
    Lax,
    None,
}

#[derive(Debug, Clone)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
    same_site: SameSite,
}

/// The cookies of one citizen.
#[derive(Debug, Clone, Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
}

impl Jar {
    /// Keeps what an answer from `url` sets.
    pub fn absorb(&mut self, url: &Url, headers: &HeaderMap) {
        let lines = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        for line in lines {
            self.set(url, line);
        }
    }

    fn set(&mut self, url: &Url, line: &str) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let host = host(url);
        let mut cookie = Cookie {
            host: host.clone(),
            path: default_path(url),
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            same_site: SameSite::Lax,
        };
        let (mut secure, mut domain, mut gone) = (false, false, false);
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match key.to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "max-age" => gone = value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                "expires" => gone = gone || is_past(value),
                "secure" => secure = true,
                "domain" => domain = true,
                "samesite" => {
                    cookie.same_site = match value.to_ascii_lowercase().as_str() {
                        "strict" => SameSite::Strict,
                        "none" => SameSite::None,
                        _ => SameSite::Lax,
                    };
                }
                _ => {}
            }
        }
        let trustworthy = url.scheme() == "https" || is_loopback(&host);
        let host_prefix = cookie.name.starts_with("__Host-");
        let refused = (secure && !trustworthy)
            || (cookie.name.starts_with("__Secure-") && !secure)
            || (host_prefix && (!secure || domain || cookie.path != "/"))
            || (cookie.same_site == SameSite::None && !secure);
        if refused {
            return;
        }
        self.cookies.retain(|old| (&old.host, &old.path, &old.name) != (&cookie.host, &cookie.path, &cookie.name));
        if !gone {
            self.cookies.push(cookie);
        }
    }

    /// The `Cookie` header of a request to `url`, if any cookie goes with it.
    pub fn header(&self, url: &Url, initiator: Initiator) -> Option<String> {
        let host = host(url);
        let goes = |cookie: &&Cookie| {
            let welcome = match cookie.same_site {
                SameSite::Strict => initiator == Initiator::SameSite,
                SameSite::Lax => initiator != Initiator::CrossSitePost,
                SameSite::None => true,
            };
            welcome && cookie.host == host && covers(&cookie.path, url.path())
        };
        let mut sent: Vec<&Cookie> = self.cookies.iter().filter(goes).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = sent.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The value of a cookie that `url` would receive.
    pub fn value(&self, url: &Url, name: &str) -> Option<&str> {
        let host = host(url);
        let found = self.cookies.iter().find(|cookie| cookie.host == host && cookie.name == name);
        found.map(|cookie| cookie.value.as_str())
    }

    /// Names of the cookies of a host.
    pub fn names(&self, url: &Url) -> Vec<&str> {
        let host = host(url);
        self.cookies.iter().filter(|cookie| cookie.host == host).map(|cookie| cookie.name.as_str()).collect()
    }

    /// Forgets every cookie of the host of `url`: the citizen cleared their browser.
    pub fn forget(&mut self, url: &Url) {
        let host = host(url);
        self.cookies.retain(|cookie| cookie.host != host);
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_ascii_lowercase()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "[::1]"
}

fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        Some(at) if at > 0 => url.path().get(..at).unwrap_or("/").to_owned(),
        _ => "/".to_owned(),
    }
}

fn covers(cookie: &str, request: &str) -> bool {
    match request.strip_prefix(cookie) {
        Some(rest) => rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

fn is_past(date: &str) -> bool {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let moment = time::PrimitiveDateTime::parse(date, format).map(time::PrimitiveDateTime::assume_utc);
    moment.is_ok_and(|moment: OffsetDateTime| moment.unix_timestamp() <= crate::clock::now())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn jar(from: &str, lines: &[&'static str]) -> Jar {
        let mut jar = Jar::default();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SET_COOKIE, HeaderValue::from_static(line));
        }
        jar.absorb(&url(from), &headers);
        jar
    }

    #[test]
    fn a_cookie_belongs_to_its_host_whatever_the_port() {
        let jar = jar("http://127.0.0.1:8401/authorize", &["a=1; Path=/"]);
        let sent = |to| jar.header(&url(to), Initiator::SameSite);
        assert_eq!(sent("http://127.0.0.1:8402/").as_deref(), Some("a=1"));
        assert_eq!(sent("http://localhost:8401/"), None);
    }

    #[test]
    fn same_site_decides_what_goes_along_from_elsewhere() {
        let jar = jar(
            "https://g.example/",
            &["s=1; SameSite=Strict", "l=2; SameSite=Lax", "d=3", "n=4; SameSite=None; Secure", "x=5; SameSite=None"],
        );
        let sent = |initiator| jar.header(&url("https://g.example/"), initiator).unwrap();
        assert_eq!(sent(Initiator::SameSite), "s=1; l=2; d=3; n=4");
        assert_eq!(sent(Initiator::CrossSiteLink), "l=2; d=3; n=4");
        assert_eq!(sent(Initiator::CrossSitePost), "n=4");
    }

    #[test]
    fn a_cookie_ends_when_it_is_told_to() {
        let mut jar = jar("http://localhost/", &["a=1; Path=/", "b=2; Path=/"]);
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static("a=; Path=/; Max-Age=0"));
        headers.append(SET_COOKIE, HeaderValue::from_static("b=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"));
        jar.absorb(&url("http://localhost/x"), &headers);
        assert_eq!(jar.header(&url("http://localhost/"), Initiator::SameSite), None);
    }

    #[test]
    fn prefixes_are_held() {
        let jar = jar(
            "https://g.example/",
            &["__Host-a=1; Secure; Path=/", "__Host-b=2; Path=/", "__Secure-c=3", "__Host-d=4; Secure; Path=/x"],
        );
        assert_eq!(jar.names(&url("https://g.example/")), ["__Host-a"]);
    }

    #[test]
    fn a_path_covers_what_is_below_it() {
        let jar = jar("http://localhost/signin/1/choose", &["a=1; Path=/signin/1"]);
        let sent = |to| jar.header(&url(to), Initiator::SameSite).is_some();
        assert!(sent("http://localhost/signin/1/inform") && sent("http://localhost/signin/1"));
        assert!(!sent("http://localhost/signin/12") && !sent("http://localhost/"));
    }
}
