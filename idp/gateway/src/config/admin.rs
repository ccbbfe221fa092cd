//! `[admin]`: where programs reach the admin API. Without an origin there is none. It has a socket of its own always, so that a
//! network can be kept away from it.

use std::net::SocketAddr;

use super::desk::{Place, PlaceDoor, door};
use super::issuer::Issuer;
use super::listen::{Listen, tls_files};
use super::reader::{Read, Section};

/// Where programs reach the admin API.
#[derive(Debug, Clone)]
pub(crate) struct AdminPlace {
    /// What programs call.
    pub(crate) origin: Issuer,
    /// Its socket.
    pub(crate) door: PlaceDoor,
}

/// Reads it. What programs write and decide there, people read and decide in the partners' space.
pub(super) fn read(
    section: &Section<'_>,
    listen: Option<&Listen>,
    space: Option<&Option<Place>>,
) -> Read<Option<AdminPlace>> {
    let address = section.text("listen", "", |text| match text {
        "" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| "is not an address with a port, such as \"127.0.0.1:8406\"".to_owned()),
    });
    let origin = section.text("origin", "", |text| match text {
        "" => Ok(None),
        _ => Issuer::parse(text).map(Some),
    });
    let own = tls_files(section)?;
    let (address, origin): (Option<SocketAddr>, Option<Issuer>) = (address?, origin?);
    match (origin, address) {
        (None, None) if own.is_none() => Ok(None),
        (None, None) => Err(section.contradiction("tls_certificate", "has no effect without `origin` and `listen`")),
        (None, Some(_)) => {
            Err(section.contradiction("listen", "has no effect without `origin`: say what programs call"))
        }
        (Some(_), None) => Err(section.contradiction(
            "listen",
            "is needed: the admin API has a socket of its own, which a network can be kept away from",
        )),
        (Some(_), Some(_)) if matches!(space, Some(None)) => Err(section.contradiction(
            "origin",
            "needs the partners' space (`partners.origin`): requests are read and decided by people there",
        )),
        (Some(origin), Some(address)) => {
            let door = door(section, (&origin, address), own, listen)?;
            Ok(Some(AdminPlace { origin, door }))
        }
    }
}
