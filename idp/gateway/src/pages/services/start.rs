//! The first lines of a program that signs citizens in, by the library that developers of its language use.

use askama::Template;
use domain::client::{Authentication, Registered};
use domain::habilitation::service::first_scopes;
use url::Url;

use super::super::partners::{Shell, space_views};
use super::{Page, path_of};

/// A library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kit {
    /// PHP: jumbojett/openid-connect-php.
    #[default]
    Php,
    /// Python: Authlib.
    Python,
    /// Node: openid-client.
    Node,
    /// Java: Spring Security.
    Java,
    /// Rust: our own.
    Rust,
}

impl Kit {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Php, Self::Python, Self::Node, Self::Java, Self::Rust];

    /// The name in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Php => "php",
            Self::Python => "python",
            Self::Node => "node",
            Self::Java => "java",
            Self::Rust => "rust",
        }
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kit| kit.name() == name)
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Php => "PHP (jumbojett/openid-connect-php)",
            Self::Python => "Python (Authlib)",
            Self::Node => "Node.js (openid-client)",
            Self::Java => "Java (Spring Security)",
            Self::Rust => "Rust (relying-party-sdk)",
        }
    }

    const fn lines(self) -> &'static str {
        match self {
            Self::Php => include_str!("../../../assets/start/retour.php"),
            Self::Python => include_str!("../../../assets/start/site.py"),
            Self::Node => include_str!("../../../assets/start/node.mjs"),
            Self::Java => include_str!("../../../assets/start/spring.txt"),
            Self::Rust => include_str!("../../../assets/start/rust.txt"),
        }
    }

    /// A value as it stands between the quotation marks of the language.
    fn quoted(self, value: &str) -> String {
        let value = value.replace('\\', "\\\\");
        match self {
            Self::Php => value.replace('\'', "\\'"),
            Self::Python | Self::Node | Self::Java | Self::Rust => value.replace('"', "\\\""),
        }
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "service_start.html")]
pub(crate) struct Start<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The service.
    pub(crate) service: &'a Registered,
    /// The library.
    pub(crate) kit: Kit,
    /// The issuer.
    pub(crate) issuer: &'a str,
}

impl Start<'_> {
    fn path(&self) -> String {
        path_of(&self.service.client.id)
    }

    fn kits(&self) -> [(&'static str, &'static str, &'static str); 5] {
        Kit::ALL.map(|kit| (kit.name(), kit.words(), if kit == self.kit { " selected" } else { "" }))
    }

    fn has_secret(&self) -> bool {
        self.service.client.authentication.needs_secret()
    }

    fn lines(&self) -> String {
        lines(self.service, self.kit, self.issuer)
    }
}

/// The lines of a library, with what they need of a service.
fn lines(service: &Registered, kit: Kit, issuer: &str) -> String {
    let client = &service.client;
    let redirect = client.redirect_uris().first().map_or("", String::as_str);
    let redirect_url = Url::parse(redirect).ok();
    let redirect_path = redirect_url.as_ref().map(|url| url.path().to_owned()).unwrap_or_default();
    let port = redirect_url.as_ref().and_then(Url::port).unwrap_or(8080);
    let scopes: Vec<&str> = first_scopes(service).iter().map(|scope| scope.name()).collect();
    // What proves itself by keys is shown the lines of a secret, and told so.
    let (method, node, rust) = match client.authentication {
        Authentication::ClientSecretPost => ("client_secret_post", "ClientSecretPost", "secret_post"),
        Authentication::ClientSecretBasic
        | Authentication::PrivateKeyJwt
        | Authentication::TlsClientAuth(_)
        | Authentication::SelfSignedTlsClientAuth => ("client_secret_basic", "ClientSecretBasic", "secret_basic"),
    };
    let loopback = issuer.starts_with("http://");
    let node_loopback = if loopback { ", { execute: [oidc.allowInsecureRequests] }" } else { "" };
    let python_loopback =
        if loopback { "os.environ[\"AUTHLIB_INSECURE_TRANSPORT\"] = \"1\"  # loopback alone\n" } else { "" };
    let rust_scopes: Vec<String> = scopes
        .iter()
        .filter(|scope| **scope != "openid")
        .map(|scope| format!("Scope::{}", scope.to_ascii_uppercase()))
        .collect();
    [
        ("@ISSUER@", kit.quoted(issuer)),
        ("@CLIENT_ID@", kit.quoted(client.id.as_str())),
        ("@REDIRECT_URI@", kit.quoted(redirect)),
        ("@REDIRECT_PATH@", kit.quoted(&redirect_path)),
        ("@PORT@", port.to_string()),
        ("@SCOPE@", scopes.join(" ")),
        ("@SCOPE_COMMAS@", scopes.join(",")),
        ("@METHOD@", method.to_owned()),
        ("@ALGORITHM@", client.id_token_algorithm.name().to_owned()),
        ("@NODE_METHOD@", node.to_owned()),
        ("@NODE_LOOPBACK@", node_loopback.to_owned()),
        ("@PYTHON_LOOPBACK@", python_loopback.to_owned()),
        ("@RUST_METHOD@", rust.to_owned()),
        ("@RUST_SCOPES@", rust_scopes.join(", ")),
    ]
    .into_iter()
    .fold(kit.lines().to_owned(), |text, (name, value)| text.replace(name, &value))
}

space_views!(Start: Stay);

#[cfg(test)]
mod tests {
    use domain::habilitation::service::{Making, Sent, Wish, sandbox};
    use domain::id::{ClientId, HabilitationId};
    use domain::organisation::siret::Siret;
    use domain::people::name::MailAddress;
    use domain::secret::SecretDigest;
    use domain::time::Timestamp;

    use super::*;

    fn service(redirect: &str, sent: Sent) -> Registered {
        let wish = Wish { name: "Cantine".into(), redirects: vec![redirect.into()], logout_redirects: vec![], sent };
        let making = Making {
            id: ClientId::from_random([7; 16]),
            organisation: Siret::parse("21690123100011").expect("a SIRET"),
            secret: SecretDigest::of("s"),
            contact: &MailAddress::parse("nadia@exemple.fr").expect("an address"),
            now: Timestamp::from_epoch(0),
        };
        sandbox(&wish, HabilitationId::from_random([9; 16]), making).expect("fits")
    }

    #[test]
    fn every_library_is_given_what_it_needs_and_no_secret() {
        let service = service("http://localhost:8080/retour", Sent::Post);
        for kit in Kit::ALL {
            let lines = lines(&service, kit, "http://127.0.0.1:8401");
            let marks = lines.match_indices('@').filter(|(at, _)| {
                lines[at + 1..]
                    .split('@')
                    .next()
                    .is_some_and(|name| name.len() > 2 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
            });
            assert_eq!(marks.count(), 0, "{kit:?} has a place that is empty");
            for needed in [service.client.id.as_str(), "http://127.0.0.1:8401", "http://localhost:8080/retour"] {
                assert!(lines.contains(needed), "{kit:?} lacks {needed}");
            }
            assert!(lines.contains("OIDC_CLIENT_SECRET"), "{kit:?}");
            assert!(lines.to_lowercase().replace("clientsecretpost", "secret_post").contains("secret_post"), "{kit:?}");
        }
    }

    #[test]
    fn an_address_ends_no_string_of_the_language() {
        let hostile = "http://localhost:8080/retour/'.system('id').'/$x";
        let service = service(hostile, Sent::Basic);
        let php = lines(&service, Kit::Php, "https://passerelle.example");
        assert!(php.contains("/\\'.system(\\'id\\').\\'/$x"), "{php}");
    }
}
