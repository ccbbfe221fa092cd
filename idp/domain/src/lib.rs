//! What the Passerelle gateway decides. Values in, values out: no async, no I/O, no clock, no randomness, no storage.
//!
//! ```text
//!  authorization request ──▶ sign-in ──▶ grant ──▶ code ──▶ tokens ──▶ claims
//!      oidc::request        signin       signin    oidc     oidc       claims::release
//!                             ▲
//!            assertion ───────┤ LevelMet      (level)
//!            civil registry ──┤ Confirmed     (identity::civil)
//!            account ─────────┘ Admitted      (identity::account)
//! ```
//!
//! # Glossary
//!
//! One word per idea, everywhere in the code:
//!
//! - **relying party**, in code [`client::Client`]: a service of a commune that signs citizens in through the gateway.
//! - **identity provider**, [`id::ProviderId`]: who vouches for a citizen (tax, health insurance, post…).
//! - **sign-in**, [`signin::SignIn`]: one citizen on the way to one relying party, from request to code.
//! - **session**, [`signin::session::Session`]: an earlier sign-in of the same browser that may be reused.
//! - **level**, [`level::Level`]: eIDAS low, substantial or high (CIR (EU) 2015/1502).
//! - **assertion**, [`upstream::Assertion`]: what an identity provider says of a citizen.
//! - **pivot**, [`identity::pivot::Pivot`]: the few civil facts that make a person unique.
//! - **civil registry**: the national register of natural persons that confirms or corrects a pivot.
//! - **account**: the keyed pseudonym of a citizen, with what they allow; never a name.
//! - **scope**, **claim**: what a relying party asks for, and the single facts that are released.
//! - **habilitation**, [`habilitation::grant::Habilitation`]: what a relying party may ask for, decided by an admin.
//! - **switch**, [`habilitation::switches::Switch`]: stops a service, a provider or a level at once.
//! - **bearer secret**, [`secret::Bearer`]: what a cookie, code or token carries, known only to who holds it.
//! - **agent**, [`people::agent::Agent`]: who certifies citizens at the desk of a mairie, or administers those who do.
//! - **desk**: the counter of a mairie, its screens and its reader.
//! - **identity on a card**, [`cnie::identity::Identity`]: a card and its code, seen once; certified or not.
//! - **transaction**, [`cnie::transaction::Transaction`]: one use of a card with its code, for a sign-in or an act.
//! - **desk**: where a town hall's **agent** certifies a citizen; a **case** is one citizen there.
//! - **partner**, [`partners::partner::Partner`]: a person with an account in the partners' space, for an **organisation** or
//!   for the **operator** who runs the gateway.
//! - **journal**: the append-only, hash-chained account of every act; **notice**: the mail that tells the citizen.

#![cfg_attr(test, expect(clippy::wildcard_enum_match_arm, reason = "a test fails on every other arm"))]

pub mod bench;
pub mod claims;
pub mod client;
pub mod cnie;
pub mod habilitation;
pub mod id;
pub mod identity;
pub mod jose;
pub mod journal;
pub mod keys;
pub mod language;
pub mod level;
pub mod measure;
pub mod notice;
pub mod oidc;
pub mod organisation;
pub mod partners;
pub mod people;
pub mod secret;
pub mod signin;
pub mod time;
pub mod upstream;
