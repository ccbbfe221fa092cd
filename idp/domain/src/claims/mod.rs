//! What a relying party may ask for and what it then receives.
//!
//! [`scopes`] is the one table; discovery, the information page and the release all read it. [`release`] holds the
//! only function that turns an identity into claims, and it takes [`release::GrantedScopes`] alone.

pub mod claim;
pub mod release;
pub mod scopes;
