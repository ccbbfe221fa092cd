//! The library of a token's maker: loaded once, and started anew when the token was gone and it did not notice.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::Error;
use cryptoki::mechanism::MechanismType;
use cryptoki::session::Session;
use cryptoki::slot::Slot;

use super::token::TokenError;
use crate::config::TokenPlace;

/// The library, and where the token is in it.
pub(super) struct Library {
    calls: Pkcs11,
    place: TokenPlace,
    slot: RwLock<Slot>,
    /// Held by every session: those of a library that was started anew must be gone, for their handles come back.
    live: Arc<()>,
}

/// A session of the library.
pub(super) struct OpenSession {
    // Dropped, and closed with that, before it ceases to count.
    pub(super) session: Session,
    _live: Arc<()>,
}

impl Library {
    /// Loads and starts the library, and finds the token.
    pub(super) fn load(module: &Path, place: &TokenPlace) -> Result<Self, TokenError> {
        let calls = Pkcs11::new(module).map_err(failed("loading the library"))?;
        let slot = RwLock::new(start(&calls, place)?);
        Ok(Self { calls, place: place.clone(), slot, live: Arc::new(()) })
    }

    /// What the token can.
    pub(super) fn mechanisms(&self) -> Result<Vec<MechanismType>, TokenError> {
        let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
        self.calls.get_mechanism_list(*slot).map_err(failed("listing what the token can"))
    }

    /// Opens a session that `log_in` accepts.
    pub(super) fn session(
        &self,
        log_in: impl FnOnce(&Session) -> Result<(), TokenError>,
    ) -> Result<OpenSession, TokenError> {
        // Held until the session counts: none is opened while the library starts anew.
        let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
        let session = self.calls.open_rw_session(*slot).map_err(failed("opening a session"))?;
        log_in(&session)?;
        Ok(OpenSession { session, _live: Arc::clone(&self.live) })
    }

    /// Starts the library anew, and finds the token again; nothing while sessions are open: whoever holds one finds out
    /// by themselves whether it still serves.
    pub(super) fn restart(&self) -> Result<(), TokenError> {
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::strong_count(&self.live) > 1 {
            return Err(TokenError::Busy);
        }
        // One that never started, or has ended already, is only started.
        let _ended: Result<(), Error> = self.calls.clone().finalize();
        *slot = start(&self.calls, &self.place)?;
        Ok(())
    }
}

fn start(calls: &Pkcs11, place: &TokenPlace) -> Result<Slot, TokenError> {
    let threads = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    calls.initialize(threads).map_err(failed("starting the library"))?;
    let slots = calls.get_slots_with_initialized_token().map_err(failed("listing the tokens"))?;
    let meant = |slot: &Slot| match place {
        TokenPlace::Slot(number) => slot.id() == *number,
        TokenPlace::Label(label) => calls.get_token_info(*slot).is_ok_and(|info| info.label() == label),
    };
    let found: Vec<Slot> = slots.into_iter().filter(meant).collect();
    let [slot] = found[..] else { return Err(TokenError::NotThere(found.len())) };
    Ok(slot)
}

/// What failed, and the bare code: the library's own texts are essays.
#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum: the rest is told as it stands")]
pub(super) fn failed(call: &'static str) -> impl Fn(Error) -> TokenError {
    move |error| TokenError::Library {
        call,
        cause: match &error {
            Error::Pkcs11(code, function) => format!("{function:?} {code:?}"),
            Error::LibraryLoading(cause) => cause.to_string(),
            other => format!("{other:?}"),
        },
    }
}
