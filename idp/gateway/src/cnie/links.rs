//! Addresses that stand in mails.

use domain::id::IdentityId;
use domain::secret::{base64url, keyed_hash};

use crate::app::App;

/// The page that confirms the address of an identity, for as long as that may be done.
pub(crate) fn confirm(app: &App, identity: &IdentityId) -> String {
    let until = app.clock.now().plus(domain::cnie::CONFIRMATION).epoch().to_string();
    let Some(cnie) = &app.cnie else { return app.issuer.as_str().to_owned() };
    let fields: [&[u8]; 3] = [b"confirm-address/1", identity.as_str().as_bytes(), until.as_bytes()];
    let mark = base64url(&keyed_hash(&cnie.link_secret, &fields));
    app.issuer.at(&format!("/carte/confirmer/{}.{until}.{mark}", identity.as_str()))
}
