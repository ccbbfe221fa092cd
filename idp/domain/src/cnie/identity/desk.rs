//! What a desk hands over when it is done with a citizen.

use crate::id::{CaseId, IdentityId};

/// Proof that a desk approved an identity: card read and genuine, fingerprint matched, photo confirmed, by an agent on
/// duty. Only a finished case makes one.
#[derive(Debug)]
pub struct Approval {
    pub(super) case: CaseId,
    pub(super) identity: IdentityId,
}

impl Approval {
    /// For the case at its last step alone.
    pub(in crate::cnie) const fn of(case: CaseId, identity: IdentityId) -> Self {
        Self { case, identity }
    }
}
