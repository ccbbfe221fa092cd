//! `[listen]`: where the gateway listens, with which certificate, and whose word about addresses it takes.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

use super::reader::{Read, Section};

/// Where and how the gateway listens.
#[derive(Debug, Clone)]
pub(crate) struct Listen {
    /// The address to bind.
    pub(crate) address: SocketAddr,
    /// The certificate, when the gateway speaks TLS itself.
    pub(crate) tls: Option<TlsFiles>,
    /// The proxies in front of it.
    pub(crate) trusted_proxies: TrustedProxies,
    /// How many connections there may be at once.
    pub(crate) max_connections: usize,
    /// How many of them one address may have.
    pub(crate) max_connections_per_address: usize,
    /// Whether limits by address hold for this machine too.
    pub(crate) loopback: LoopbackClients,
}

/// Whether limits by address hold for clients on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoopbackClients {
    /// They do: whoever comes from here is a client like any other.
    Counted,
    /// They do not: on a loopback issuer every browser, test and benchmark comes from here.
    Exempt,
}

impl LoopbackClients {
    /// Whether no limit holds for this address.
    pub(crate) fn exempts(self, address: IpAddr) -> bool {
        self == Self::Exempt && address.to_canonical().is_loopback()
    }
}

/// A certificate chain and its key, in PEM files. They are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The chain, leaf first.
    pub(crate) certificate: PathBuf,
    /// The private key (PKCS#8, PKCS#1 or SEC1).
    pub(crate) key: PathBuf,
}

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// These networks.
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether `address` is a trusted proxy.
    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether all of `network` are trusted proxies.
    pub(crate) fn include(&self, network: &IpNet) -> bool {
        self.0.iter().any(|trusted| trusted.contains(network))
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads an address or a network in CIDR form.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .map(|network| network.trunc())
        .or_else(|_| text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical())))
        .map_err(|_| "is neither an IP address nor a network such as \"10.1.0.0/16\"".to_owned())
}

/// Reads where a certificate and its key are: both, or none.
pub(super) fn tls_files(section: &Section<'_>) -> Read<Option<TlsFiles>> {
    let (certificate, key) = (section.path("tls_certificate"), section.secret_path("tls_key"));
    match (certificate?, key?) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(section.contradiction("tls_key", "goes with `tls_certificate`: give both or none")),
        (None, Some(_)) => Err(section.contradiction("tls_certificate", "goes with `tls_key`: give both or none")),
    }
}

pub(super) fn read(section: &Section<'_>, loopback: LoopbackClients) -> Read<Listen> {
    let address = section.text("address", "127.0.0.1:8401", |text| {
        text.parse::<SocketAddr>().map_err(|_| "is not an address with a port, such as \"127.0.0.1:8401\"".to_owned())
    });
    let tls = tls_files(section);
    let trusted_proxies = section.list("trusted_proxies", &[], network).map(TrustedProxies::new);
    let max_connections = section.number("max_connections", 800, 1..=1_000_000);
    let each = section.number("max_connections_per_address", 100, 1..=1_000_000);
    let listen = Listen {
        address: address?,
        tls: tls?,
        trusted_proxies: trusted_proxies?,
        max_connections: usize::try_from(max_connections?).unwrap_or(usize::MAX),
        max_connections_per_address: usize::try_from(each?).unwrap_or(usize::MAX),
        loopback,
    };
    if listen.tls.is_none() && !listen.address.ip().is_loopback() && listen.trusted_proxies.is_empty() {
        return Err(section.contradiction(
            "address",
            "plain HTTP is served on loopback only: give `tls_certificate` and `tls_key`, or name the TLS proxy in front in \
             `trusted_proxies`",
        ));
    }
    if listen.tls.is_none() && listen.trusted_proxies.is_empty() && loopback == LoopbackClients::Counted {
        return Err(section.contradiction(
            "trusted_proxies",
            "a public issuer without `tls_certificate` stands behind a TLS proxy: name it, or every citizen seems to come \
             from its address and shares one limit",
        ));
    }
    Ok(listen)
}
