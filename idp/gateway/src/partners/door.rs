//! The door of the partners' space: its origin, how its cookies are written, and what judges its passkeys.

use domain::partners::invitation::PartnerInvitation;
use domain::secret::Bearer;

use super::code::Codes;
use crate::config::{Issuer, Place};
use crate::cookies::Cookies;
use crate::pages::brand::Brand;
use crate::people::passkeys::{NoPasskeys, Passkeys};

/// The door of the partners' space.
#[derive(Debug)]
pub(crate) struct PartnersDoor {
    /// What browsers show there.
    pub(crate) origin: Issuer,
    /// How cookies are written there.
    pub(crate) cookies: Cookies,
    /// What judges passkeys.
    pub(crate) passkeys: Passkeys,
    /// What judges recovery codes.
    pub(crate) codes: Codes,
    /// Where it listens.
    pub(crate) socket: Socket,
}

/// Where the space listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Socket {
    /// At a socket of its own.
    Own,
    /// Where everything is.
    Shared,
}

impl PartnersDoor {
    /// The door at a place.
    pub(crate) fn open(Place { origin, door }: &Place, brand: &Brand) -> Result<Self, NoPasskeys> {
        Ok(Self {
            socket: if door.is_some() { Socket::Own } else { Socket::Shared },
            codes: Codes::new(),
            origin: origin.clone(),
            cookies: Cookies::of(origin),
            passkeys: Passkeys::at(origin, &brand.name.fr)?,
        })
    }
}

/// The address that an invitation opens at.
pub(crate) fn invitation_link(origin: &Issuer, secret: &Bearer<PartnerInvitation>) -> String {
    origin.at(&format!("/espace/invitation/{}", *secret.expose()))
}
