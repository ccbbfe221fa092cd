//! `[mail]`, `[civil_registry]` and `[egress]`: whom the gateway calls, and where it may not go.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::identity::civil::Sandbox;
use ipnet::IpNet;
use url::{Host, Url};

use super::issuer::is_loopback;
use super::listen::network;
use super::reader::{Read, Section};
use super::secret::{Environment, Secret, from_variable_or_file};

/// How notices are sent.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// The host of the SMTP server.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// How the connection is protected.
    pub(crate) protection: MailProtection,
    /// The sender, as in a `From` header.
    pub(crate) from: String,
    /// User name and password, when the server asks for them.
    pub(crate) login: Option<(String, Secret)>,
}

/// How a connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailProtection {
    /// Not at all: loopback only.
    Plain,
    /// TLS after STARTTLS (RFC 3207), required.
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Tls,
}

/// The civil registry.
#[derive(Debug, Clone)]
pub(crate) enum CivilRegistry {
    /// None: every pivot is taken at the provider's word.
    NotConsulted(Sandbox),
    /// At this address.
    Consulted {
        /// The address.
        url: Url,
        /// The form spoken.
        form: CivilForm,
        /// The time an answer may take.
        timeout: Duration,
    },
}

/// The two forms of the civil registry's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CivilForm {
    /// POST with JSON: no personal data in an address.
    Json,
    /// GET with a query, answered in XML.
    Xml,
}

/// Where the gateway may go on its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Egress {
    /// Whether loopback destinations are allowed: on a loopback issuer.
    pub(crate) loopback: Loopback,
    /// Private networks that are allowed.
    pub(crate) networks: Vec<IpNet>,
    /// Host names that may resolve to private addresses.
    pub(crate) hosts: Vec<String>,
    /// Further certificate authorities, in a PEM file, beside those of the platform.
    pub(crate) authorities: Option<PathBuf>,
}

/// Whether the gateway may call its own machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Loopback {
    /// It may: a sandbox.
    Allowed,
    /// It may not.
    #[default]
    Refused,
}

impl Egress {
    /// Whether the configuration lists a host (by name, or number within a network), although it is private.
    pub(crate) fn lists(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Domain(name)) => self.lists_host(name),
            Some(Host::Ipv4(ip)) => self.lists_address(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => self.lists_address(IpAddr::V6(ip)),
            None => false,
        }
    }

    /// Whether the configuration lists a host name.
    pub(crate) fn lists_host(&self, name: &str) -> bool {
        self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    }

    /// Whether the configuration lists an address.
    pub(crate) fn lists_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// Reads an https address, or an http one on loopback.
pub(crate) fn https_or_loopback(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not an address ({error})"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must have neither user name nor password".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("must be https: plain http is for loopback only".to_owned()),
        _ => Err("must be an https address".to_owned()),
    }
}

pub(super) fn mail(section: &Section<'_>, environment: &Environment, loopback: bool) -> Read<Mail> {
    let server = if loopback || section.has("smtp") {
        section.text("smtp", "smtp://127.0.0.1:8405", mail_server)
    } else {
        section.required("smtp", "the mail server, such as \"smtps://mail.example.fr\"", mail_server)
    };
    let from = if loopback || section.has("from") {
        section.text("from", "Passerelle <ne-pas-repondre@localhost>", sender)
    } else {
        section.required("from", "the sender of notices, such as \"Passerelle <ne-pas-repondre@example.fr>\"", sender)
    };
    let username = section.text("username", "", |text| Ok(text.to_owned()));
    let password = from_variable_or_file(section, environment, "PASSERELLE_SMTP_PASSWORD", "password_file")?;
    let login = match (username?, password) {
        (name, Some(password)) if !name.is_empty() => Some((name, password)),
        (name, None) if name.is_empty() => None,
        (name, _) if name.is_empty() => {
            return Err(section.contradiction("username", "is missing although there is a password"));
        }
        _ => {
            let message = "is missing: a `username` needs this file or PASSERELLE_SMTP_PASSWORD";
            return Err(section.contradiction("password_file", message));
        }
    };
    let (protection, host, port) = server?;
    Ok(Mail { host, port, protection, from: from?, login })
}

fn mail_server(text: &str) -> Result<(MailProtection, String, u16), String> {
    let url = Url::parse(text).map_err(|error| format!("is not an address ({error})"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must hold neither user name nor password: use `username` and `password_file`".to_owned());
    }
    let (protection, port) = match url.scheme() {
        "smtp" => (MailProtection::Plain, 25),
        "smtp+starttls" => (MailProtection::StartTls, 587),
        "smtps" => (MailProtection::Tls, 465),
        _ => return Err("must begin with smtps://, smtp+starttls:// or, on loopback, smtp://".to_owned()),
    };
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("names no host")?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("must be scheme, host and port alone".to_owned());
    }
    let local = matches!(host, "localhost" | "[::1]") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if protection == MailProtection::Plain && !local {
        return Err("is plain SMTP, which is for loopback only: use smtps:// or smtp+starttls://".to_owned());
    }
    Ok((protection, host.trim_matches(['[', ']']).to_owned(), url.port().unwrap_or(port)))
}

fn sender(text: &str) -> Result<String, String> {
    text.parse::<lettre::message::Mailbox>()
        .map(|_| text.to_owned())
        .map_err(|_| "is not a sender such as \"Passerelle <ne-pas-repondre@example.fr>\"".to_owned())
}

pub(super) fn civil_registry(section: &Section<'_>, sandbox: Option<Sandbox>) -> Read<CivilRegistry> {
    let loopback = sandbox.is_some();
    let parse = |text: &str| match text {
        "" if loopback => Ok(None),
        "" => Err("may be empty on a loopback issuer only: identities must be confirmed".to_owned()),
        text => https_or_loopback(text).map(Some),
    };
    let url = if loopback || section.has("url") {
        section.text("url", "http://127.0.0.1:8403/individus", parse)
    } else {
        section.required("url", "the address of the civil registry's identification service", parse)
    };
    let form = section.text("form", "json", |text| match text {
        "json" => Ok(CivilForm::Json),
        "xml" => Ok(CivilForm::Xml),
        _ => Err("must be \"json\" or \"xml\"".to_owned()),
    });
    let timeout = section.number("timeout_ms", 3000, 100..=30_000);
    match (url?, sandbox, form?, milliseconds(timeout?)) {
        (None, Some(sandbox), _, _) => Ok(CivilRegistry::NotConsulted(sandbox)),
        (None, None, _, _) => Err(section.contradiction("url", "may be empty on a loopback issuer only")),
        (Some(url), _, form, timeout) => Ok(CivilRegistry::Consulted { url, form, timeout }),
    }
}

/// A number of milliseconds.
pub(super) fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(u64::from(count))
}

pub(super) fn egress(section: &Section<'_>, loopback: bool) -> Read<Egress> {
    let allowed = section.list("allow_private", &[], |text| match network(text) {
        Ok(network) => Ok((Some(network), None)),
        Err(_) => match Host::parse(text) {
            Ok(Host::Domain(name)) => Ok((None, Some(name))),
            Ok(_) | Err(_) => Err("must be a host name, an IP address or a network such as \"10.1.0.0/16\"".to_owned()),
        },
    });
    let authorities = section.path("authorities");
    let (networks, hosts): (Vec<_>, Vec<_>) = allowed?.into_iter().unzip();
    Ok(Egress {
        loopback: if loopback { Loopback::Allowed } else { Loopback::Refused },
        networks: networks.into_iter().flatten().collect(),
        hosts: hosts.into_iter().flatten().collect(),
        authorities: authorities?,
    })
}
