//! The door of the desk: its origin, how its cookies are written, and what judges its passkeys.

use domain::people::invitation::Invitation;
use domain::secret::Bearer;

use super::passkeys::{NoPasskeys, Passkeys};
use crate::config::Issuer;
use crate::cookies::Cookies;
use crate::pages::brand::Brand;

/// The door of the desk.
#[derive(Debug)]
pub(crate) struct DeskDoor {
    /// What browsers at a desk show.
    pub(crate) origin: Issuer,
    /// How cookies are written there.
    pub(crate) cookies: Cookies,
    /// What judges passkeys.
    pub(crate) passkeys: Passkeys,
}

impl DeskDoor {
    /// The door at an origin.
    pub(crate) fn open(origin: &Issuer, brand: &Brand) -> Result<Self, NoPasskeys> {
        Ok(Self {
            origin: origin.clone(),
            cookies: Cookies::of(origin),
            passkeys: Passkeys::at(origin, &brand.name.fr)?,
        })
    }
}

/// The address that an invitation opens at.
pub(crate) fn invitation_link(origin: &Issuer, secret: &Bearer<Invitation>) -> String {
    origin.at(&format!("/guichet/invitation/{}", *secret.expose()))
}
