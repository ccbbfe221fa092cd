//! `[desk]` and `[partners]`: where the desks of communes, and the partners' space, are reached. Without an origin there is
//! no such place, and no route of one.

use std::net::SocketAddr;

use url::{Host, Url};

use super::issuer::Issuer;
use super::listen::{Listen, TlsFiles, tls_files};
use super::reader::{Read, Section};

/// Where people with a passkey are let in.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// What browsers show there; its host is the RP ID of passkeys (Web Authentication §5.1.2).
    pub(crate) origin: Issuer,
    /// A socket of its own; on the main door without.
    pub(crate) door: Option<PlaceDoor>,
}

/// A socket for that place alone, so that a network can be kept away from it.
#[derive(Debug, Clone)]
pub(crate) struct PlaceDoor {
    /// The address to bind.
    pub(crate) address: SocketAddr,
    /// The certificate, when the gateway speaks TLS there itself.
    pub(crate) tls: Option<TlsFiles>,
}

fn origin(text: &str) -> Result<Option<Issuer>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(Some(Host::Ipv4(_) | Host::Ipv6(_))) = Url::parse(text).map(|url| url.host().map(|host| host.to_owned()))
    {
        return Err("must have a name for its host: passkeys belong to a domain, never to an IP address (Web \
                    Authentication §5.1.2); on this machine, write http://localhost with its port"
            .to_owned());
    }
    Issuer::parse(text).map(Some)
}

pub(super) fn read(section: &Section<'_>, listen: Option<&Listen>) -> Read<Option<Place>> {
    let address = section.text("listen", "", |text| match text {
        "" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| "is not an address with a port, such as \"127.0.0.1:8404\"".to_owned()),
    });
    let origin = section.text("origin", "", origin);
    let own = tls_files(section)?;
    let (address, origin): (Option<SocketAddr>, _) = (address?, origin?);
    let Some(origin) = origin else {
        let key = if address.is_some() { "listen" } else { "tls_certificate" };
        return if address.is_none() && own.is_none() {
            Ok(None)
        } else {
            Err(section.contradiction(key, "has no effect without `origin`: say what browsers show there"))
        };
    };
    let Some(address) = address else {
        if own.is_some() {
            return Err(section.contradiction("tls_certificate", "has no effect without `listen`"));
        }
        return Ok(Some(Place { origin, door: None }));
    };
    let door = door(section, (&origin, address), own, listen)?;
    Ok(Some(Place { origin, door: Some(door) }))
}

/// A socket where this origin is served, with the certificate that is shown there.
pub(super) fn door(
    section: &Section<'_>,
    (origin, address): (&Issuer, SocketAddr),
    own: Option<TlsFiles>,
    listen: Option<&Listen>,
) -> Read<PlaceDoor> {
    let tls = match (own, origin.is_https()) {
        (Some(_), false) => {
            return Err(section.contradiction("tls_certificate", "goes with an https `origin`"));
        }
        (own, true) => own.or_else(|| listen.and_then(|listen| listen.tls.clone())),
        (None, false) => None,
    };
    let proxied = listen.is_some_and(|listen| !listen.trusted_proxies.is_empty());
    if tls.is_none() && origin.is_https() && !proxied {
        return Err(section.contradiction(
            "tls_certificate",
            "is needed with an https `origin`, here or in [listen]; or name the TLS proxy in front in \
             `listen.trusted_proxies`",
        ));
    }
    if tls.is_none() && !address.ip().is_loopback() && !proxied {
        return Err(section.contradiction("listen", "must be on loopback: plain HTTP is served nowhere else"));
    }
    Ok(PlaceDoor { address, tls })
}
