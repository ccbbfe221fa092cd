//! The egress rule: where the gateway may connect to, whatever an address says (SSRF, CVE-2020-10770 and kin).
//!
//! A destination is checked twice. The URL is checked before the call: its scheme, and its host when it is a number.
//! A name is checked when it is resolved, by the very addresses the connection is then made to, so that a name that
//! resolves differently the second time (DNS rebinding) gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::config::{Egress, Loopback, is_loopback};

/// A destination that the egress rule refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Neither https, nor http on loopback.
    #[error("only https is called, or http on loopback")]
    Scheme,
    /// It lies in a private network that the configuration does not list.
    #[error("the destination is in a private network that `egress.allow_private` does not list")]
    Private,
}

/// Checks a URL before it is called.
pub(crate) fn check(egress: &Egress, url: &Url) -> Result<(), Refused> {
    match url.scheme() {
        "https" => (),
        "http" if is_loopback(url) => (),
        _ => return Err(Refused::Scheme),
    }
    match url.host() {
        Some(Host::Domain(_)) => Ok(()),
        Some(Host::Ipv4(ip)) => check_address(egress, IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => check_address(egress, IpAddr::V6(ip)),
        None => Err(Refused::Scheme),
    }
}

/// Whether the host of a URL is a number in a private network.
pub(crate) fn is_private_literal(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => !is_public(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => !is_public(IpAddr::V6(ip)),
        Some(Host::Domain(_)) | None => false,
    }
}

fn check_address(egress: &Egress, address: IpAddr) -> Result<(), Refused> {
    let address = address.to_canonical();
    let loopback = address.is_loopback() && egress.loopback == Loopback::Allowed;
    if is_public(address) || loopback || egress.lists_address(address) { Ok(()) } else { Err(Refused::Private) }
}

/// Whether an address is on the public Internet (IANA special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    // this network, loopback and private use; shared addresses (RFC 6598); link-local, where clouds keep metadata
    let private = matches!((a, b), (0 | 10 | 127, _) | (100, 64..=127) | (169, 254) | (172, 16..=31) | (192, 168));
    // protocol assignments, documentation, 6to4 relays, benchmarking; from 224 on multicast, reserved, broadcast
    let other = matches!(
        (a, b, c),
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) | (224..=255, _, _)
    );
    !private && !other
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    match (first, second) {
        // IPv4 behind NAT64 (RFC 6052): what counts is the address behind.
        (0x64, 0xff9b) => {
            let [.., a, b, c, d] = ip.octets();
            ip.segments()[2..6] == [0; 4] && is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Teredo and other protocol assignments, documentation, 6to4
        (0x2001, 0..0x200 | 0xdb8) | (0x2002, _) | (0x3fff, 0..0x1000) => false,
        // global unicast is 2000::/3; all else is local, multicast or not assigned
        (0x2000..0x4000, _) => true,
        _ => false,
    }
}

/// Resolves names for the one HTTP client, and gives back only addresses the rule allows.
#[derive(Debug, Clone)]
pub(crate) struct GuardedResolver(Arc<Egress>);

impl GuardedResolver {
    /// A resolver under a rule.
    pub(crate) fn new(egress: Arc<Egress>) -> Self {
        Self(egress)
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = Arc::clone(&self.0);
        Box::pin(async move {
            // Port 0 stands for the port of the URL.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed = allowed(&egress, name.as_str(), &found);
            if allowed.is_empty() && !found.is_empty() {
                return Err(Refused::Private.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn allowed(egress: &Egress, name: &str, found: &[SocketAddr]) -> Vec<SocketAddr> {
    let listed = egress.lists_host(name);
    found.iter().copied().filter(|address| listed || check_address(egress, address.ip()).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn numbers_in_private_networks_are_refused_however_they_are_written() {
        let closed = Egress::default();
        for bad in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0/",
            "https://10.0.0.1/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://172.31.255.255/",
            "https://192.168.1.1/",
            "https://198.18.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://[64:ff9b:1::8.8.8.8]/",
            "https://[2002:7f00:1::]/",
            "https://[2001::1]/",
            "https://[2001:db8::1]/",
            "https://[fc00::1]/",
            "https://[fe80::1]/",
            "https://[ff02::1]/",
            "https://[fec0::1]/",
        ] {
            assert_eq!(check(&closed, &url(bad)), Err(Refused::Private), "{bad}");
        }
        for good in [
            "https://93.184.215.14/",
            "https://[2606:4700::1111]/",
            "https://[64:ff9b::8.8.8.8]/",
            "https://fournisseur.example/",
        ] {
            assert_eq!(check(&closed, &url(good)), Ok(()), "{good}");
        }
    }

    #[test]
    fn other_schemes_and_http_off_loopback_are_refused() {
        let closed = Egress { loopback: Loopback::Allowed, ..Egress::default() };
        for bad in [
            "http://fournisseur.example/",
            "ftp://fournisseur.example/",
            "file:///etc/passwd",
            "data:text/plain,x",
            "http://10.0.0.1/",
        ] {
            assert_eq!(check(&closed, &url(bad)), Err(Refused::Scheme), "{bad}");
        }
        assert_eq!(check(&closed, &url("http://127.0.0.1:8402/impots")), Ok(()));
        assert_eq!(check(&Egress::default(), &url("http://127.0.0.1:8402/impots")), Err(Refused::Private));
    }

    #[test]
    fn listed_networks_and_names_are_allowed() {
        let open = Egress {
            networks: vec!["10.1.0.0/16".parse().expect("a network")],
            hosts: vec!["rnipp.local".to_owned()],
            ..Egress::default()
        };
        assert_eq!(check(&open, &url("https://10.1.2.3/")), Ok(()));
        assert_eq!(check(&open, &url("https://[::ffff:10.1.2.3]/")), Ok(()));
        assert_eq!(check(&open, &url("https://10.2.0.1/")), Err(Refused::Private));
        let private: SocketAddr = "192.168.0.9:0".parse().expect("an address");
        assert_eq!(allowed(&open, "RNIPP.local", &[private]), [private]);
        assert_eq!(allowed(&open, "other.local", &[private]), []);
    }

    #[test]
    fn a_name_that_resolves_to_both_keeps_only_its_public_addresses() {
        let found: [SocketAddr; 2] =
            ["127.0.0.1:0".parse().expect("an address"), "93.184.215.14:0".parse().expect("an address")];
        assert_eq!(allowed(&Egress::default(), "rebind.example", &found), [found[1]]);
    }
}
