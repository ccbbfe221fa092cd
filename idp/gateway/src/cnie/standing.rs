//! Whether an identity on a card still stands, as read within the last second: asked each time something is given for a
//! sign-in that rests on it (CIR (EU) 2015/1502 §2.3.1), on the model of the accounts' standing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::cnie::assertion::Vouched;
use domain::cnie::identity::AnyIdentity;
use domain::cnie::refusal::Refusal;
use domain::id::IdentityId;
use domain::level::Level;
use store::StoreError;

use super::proof::standing_of;
use super::slot::Fault;
use crate::app::App;

/// How long what was read counts.
const LIFE: Duration = Duration::from_secs(1);
/// Identities held at most.
const MOST: usize = 10_000;

/// The identities held that something was given for.
#[derive(Debug, Default)]
pub(crate) struct Standings(Mutex<HashMap<IdentityId, (Instant, AnyIdentity)>>);

impl Standings {
    /// What is held; none where it has to be read.
    fn held(&self, id: &IdentityId, now: Instant) -> Option<AnyIdentity> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = held.get(id).filter(|(at, _)| now.saturating_duration_since(*at) < LIFE);
        found.map(|(_, identity)| identity.clone())
    }

    fn keep(&self, id: &IdentityId, begun: Instant, identity: AnyIdentity) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MOST {
            held.retain(|_, (at, _)| begun.saturating_duration_since(*at) < LIFE);
            if held.len() >= MOST {
                held.clear();
            }
        }
        held.insert(id.clone(), (begun, identity));
    }
}

/// The same where something is given anew without the citizen, as for a refresh token: the authority of the card is asked
/// too, for the registry knows of a loss only once the card was shown, or told of. Without what names the card, as in
/// records of before, nothing is given anew at level high.
pub(crate) async fn stands_anew(app: &App, vouched: Option<&Vouched>) -> Result<bool, Fault> {
    if !stands(app, vouched).await? {
        return Ok(false);
    }
    if vouched.is_some() {
        app.clock.check().map_err(|_| Refusal::ClockBack)?;
    }
    let (Some(vouched), Some(cnie)) = (vouched, &app.cnie) else { return Ok(vouched.is_none()) };
    let Some(document) = &vouched.document else { return Ok(vouched.level != Level::High) };
    Ok(standing_of(app, cnie, document).await?.in_force().is_ok())
}

/// Whether what a sign-in rests on still stands; what rests on no card does.
pub(crate) async fn stands(app: &App, vouched: Option<&Vouched>) -> Result<bool, StoreError> {
    let Some(vouched) = vouched else { return Ok(true) };
    let Some(cnie) = &app.cnie else { return Ok(false) };
    let (begun, now) = (tokio::time::Instant::now().into_std(), app.clock.now());
    // What is held may say yes; a no is read again, for the citizen who restored the identity a moment ago.
    if cnie.standings.held(&vouched.identity, begun).is_some_and(|held| vouched.stands(Some(&held), now)) {
        return Ok(true);
    }
    let identity = app.registry.identity(&vouched.identity).await?.map(|kept| kept.identity);
    let stands = vouched.stands(identity.as_ref(), now);
    if let Some(identity) = identity.filter(|_| stands) {
        cnie.standings.keep(&vouched.identity, begun, identity);
    }
    Ok(stands)
}
