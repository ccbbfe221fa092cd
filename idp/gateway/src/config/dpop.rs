//! `[dpop]`: how DPoP proofs are judged (RFC 9449).

use domain::oidc::dpop::NonceRule;

use super::reader::{Read, Section};

pub(super) fn read(section: &Section<'_>) -> Read<NonceRule> {
    section.choice("require_nonce", NonceRule::Required, NonceRule::Required, NonceRule::Optional)
}
