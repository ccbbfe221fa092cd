//! The SDK against a small OpenID provider that really signs, over real connections, and that can be told to
//! misbehave in one way at a time. Each refusal has a sibling that passes: `a_sign_in_ends_with_an_identity`.
#![expect(clippy::unwrap_used, reason = "in a test a broken step is a failure")]
#![expect(clippy::disallowed_methods, reason = "servers live as long as their test; its browser follows nothing")]

mod proofs;
mod provider;
mod signing;

mod answer;
mod backchannel;
mod bound;
mod discovery;
mod encrypted;
#[cfg(feature = "axum")]
mod ended;
mod fapi;
mod id_token;
mod keys;
mod pushed;
mod refresh;
mod signed;
#[cfg(feature = "axum")]
mod site;
mod success;
mod userinfo;
