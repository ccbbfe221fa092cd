//! Who is asking: the address of the client, through trusted proxies alone.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use crate::audit::{self, Other};
use crate::config::TrustedProxies;

/// The address of the client, as a request extension: the peer, or what trusted proxies say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Whoever a limit is counted for: an IPv4 address, or the IPv6 network of 64 bits that one customer of a network has
/// all addresses of (RFC 6177 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Subscriber(IpAddr);

impl Subscriber {
    /// Whoever has this address.
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(ip) => IpAddr::V4(ip),
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
        })
    }
}

/// The network as text.
impl std::fmt::Display for Subscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// Over our own TLS.
    Tls,
    /// In the clear.
    Plain,
}

/// A request in the clear from elsewhere than loopback or a trusted proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlainRefused;

impl IntoResponse for PlainRefused {
    fn into_response(self) -> Response {
        audit::unrouted(Other::WirePlain, StatusCode::MISDIRECTED_REQUEST);
        (StatusCode::MISDIRECTED_REQUEST, "Plain HTTP is not served here. Use https.\n").into_response()
    }
}

/// Finds the client's address, or refuses the request.
pub(super) fn who(
    peer: IpAddr,
    transport: Transport,
    proxies: &TrustedProxies,
    headers: &HeaderMap,
) -> Result<ClientAddress, PlainRefused> {
    let peer = peer.to_canonical();
    let trusted = proxies.holds(peer);
    if transport == Transport::Plain && !trusted && !peer.is_loopback() {
        return Err(PlainRefused);
    }
    if !trusted {
        return Ok(ClientAddress(peer));
    }
    // Each proxy appends the address it was called from, so only what stands right of the last untrusted address was
    // written by a proxy of ours; the rest is the client's own word.
    let mut client = peer;
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("")).collect();
    for hop in lines.iter().flat_map(|line| line.split(',')).rev() {
        let Some(address) = parse(hop.trim()) else { break };
        client = address;
        if !proxies.holds(address) {
            break;
        }
    }
    Ok(ClientAddress(client))
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    fn asking(peer: &str, forwarded: &[&str]) -> IpAddr {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().expect("a header"));
        }
        who(ip(peer), Transport::Tls, &proxies, &headers).expect("TLS is served to all").0
    }

    #[test]
    fn the_address_is_the_last_one_that_no_trusted_proxy_has() {
        for (peer, forwarded, client) in [
            ("192.0.2.1", &[][..], "192.0.2.1"),
            // From elsewhere the header is nothing.
            ("192.0.2.1", &["203.0.113.9"], "192.0.2.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            // What the client wrote itself stands left and is not believed.
            ("10.0.0.1", &["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.2.3.4", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, garbage, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8::9]:4711"], "2001:db8::9"),
            ("10.0.0.1", &["[2001:db8::9]"], "2001:db8::9"),
            ("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(asking(peer, forwarded), ip(client), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn a_subscriber_is_an_ipv4_address_or_an_ipv6_network_of_64_bits() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8::1", "2001:db8::ffff:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            assert_eq!(Subscriber::of(ip(one)) == Subscriber::of(ip(other)), same, "{one} {other}");
        }
    }

    #[test]
    fn plain_http_is_served_to_loopback_and_trusted_proxies_alone() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
        for (peer, served) in
            [("127.0.0.1", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.9.9.9", true), ("192.0.2.1", false)]
        {
            let outcome = who(ip(peer), Transport::Plain, &proxies, &HeaderMap::new());
            assert_eq!(outcome.is_ok(), served, "{peer}");
        }
    }
}
