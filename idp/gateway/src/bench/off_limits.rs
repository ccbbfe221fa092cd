//! Hosts that the bench never calls, whoever declares an address there: the gateway's own, and those of its configuration.

use std::collections::BTreeSet;

use url::{Host, Url};

use crate::config::{CivilRegistry, Config, EphemeralEngine, RegistryEngine};

/// The hosts. On loopback a host is one with its port: there the ports are other programs.
#[derive(Debug, Clone)]
pub(crate) struct OffLimits(BTreeSet<(String, Option<u16>)>);

impl OffLimits {
    /// Those of a configuration.
    pub(crate) fn of(config: &Config) -> Self {
        let places = [&config.desk, &config.partners].into_iter().flatten().map(|place| place.origin.as_str());
        let mut urls: Vec<String> = vec![config.issuer.as_str().to_owned()];
        urls.extend(places.map(str::to_owned));
        urls.extend(config.mtls.public_url.as_ref().map(|url| url.as_str().to_owned()));
        urls.extend(config.providers.iter().map(|provider| provider.issuer.clone()));
        urls.extend(config.cnie.as_ref().map(|cnie| cnie.status_url.to_string()));
        match &config.civil_registry {
            CivilRegistry::Consulted { url, .. } => urls.push(url.to_string()),
            CivilRegistry::NotConsulted(_) => {}
        }
        match &config.ephemeral {
            EphemeralEngine::Redis(url) => urls.push(url.expose().to_owned()),
            EphemeralEngine::Memory => {}
        }
        match &config.registry {
            RegistryEngine::Postgres(url) => urls.push(url.expose().to_owned()),
            RegistryEngine::Sqlite(_) => {}
        }
        // The mail server has a name alone; what listens beside it there is not a site either.
        urls.push(format!("smtp://{}:{}", config.mail.host, config.mail.port));
        Self(urls.iter().filter_map(|url| place(&Url::parse(url).ok()?)).collect())
    }

    /// Whether an address is at one of them.
    pub(crate) fn hold(&self, url: &Url) -> bool {
        place(url).is_some_and(|place| self.0.contains(&place))
    }
}

/// The host, in one spelling, with its port on loopback.
fn place(url: &Url) -> Option<(String, Option<u16>)> {
    // The host of a scheme that is not special is not read as an address.
    let name = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let host = match Host::parse(&name) {
        Ok(Host::Ipv4(ip)) => (ip.to_string(), ip.is_loopback()),
        Ok(Host::Ipv6(ip)) => (ip.to_string(), ip.is_loopback()),
        Ok(Host::Domain(name)) => {
            let loopback = name == "localhost" || name.ends_with(".localhost");
            (name, loopback)
        }
        Err(_) => (bare.to_owned(), false),
    };
    let port = url.port_or_known_default().or_else(|| default_port(url.scheme()));
    match host {
        (_, true) => Some(("localhost".to_owned(), port)),
        (host, false) => Some((host, None)),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "redis" | "rediss" => Some(6379),
        "postgres" | "postgresql" => Some(5432),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_one_however_it_is_written_and_loopback_is_told_apart_by_port() {
        let read = |text: &str| place(&Url::parse(text).expect(text)).expect(text);
        assert_eq!(read("https://connexion.exemple.fr/"), read("https://CONNEXION.exemple.fr.:8443/x"));
        assert_eq!(read("redis://:secret@cache.exemple.fr"), read("https://cache.exemple.fr/"));
        assert_eq!(read("redis://127.0.0.1"), read("http://localhost:6379/"));
        assert_eq!(read("http://[::1]:8401/"), read("http://127.0.0.1:8401/"));
        assert_ne!(read("http://localhost:8401/"), read("http://localhost:8402/"));
        assert_eq!(read("postgres://u@10.0.0.7/db"), read("https://10.0.0.7/"));
    }
}
