//! Sign citizens in through a Passerelle gateway, and know who they are and how surely.
//!
//! The SDK is the other end of the wire from the gateway and shares no code with it. It speaks the authorization
//! code flow with PKCE, verifies every answer, and hands over an [`Identity`] that cannot be made otherwise: no
//! check has a switch.
//!
//! # Quick start, with axum
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use relying_party_sdk::axum::{Citizen, SignIn};
//! use relying_party_sdk::{Client, CookieKey, Credentials, Level, Login, Registration, Scope};
//!
//! async fn my_requests(Citizen(citizen): Citizen) -> String {
//!     format!("Bonjour {}, niveau {}", citizen.given_name().unwrap_or("à vous"), citizen.level())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let credentials = Credentials::secret_basic(std::env::var("CLIENT_SECRET")?);
//!     let back = "https://commune.example/callback";
//!     let registration = Registration::new("https://gateway.example", "my-client-id", credentials, back)?;
//!     let client = Client::discover(registration).await?;
//!     let key = CookieKey::from_base64(&std::env::var("COOKIE_KEY")?)?;
//!     let login = Login::at_least(Level::Low).with_scopes([Scope::PROFILE, Scope::EMAIL]);
//!     let sign_in = SignIn::new(client, key, login)?;
//!     let site = Router::new().route("/my-requests", get(my_requests)).with_state(sign_in.clone());
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//!     Ok(axum::serve(listener, site.merge(sign_in.router())).await?)
//! }
//! ```
//!
//! # With anything else
//!
//! Three calls, and two values to keep in between: [`Client::login`] gives the address and a [`PendingLogin`],
//! [`Client::callback`] spends it and gives a [`Session`], [`Client::logout`] ends that. [`CookieKey`] seals what
//! has to wait in a cookie.
//!
//! # Stronger
//!
//! [`Registration::with_fapi2`] asks all that the FAPI 2.0 Security Profile asks of a client, and each part has an
//! option of its own: pushed and signed requests, signed and posted answers, tokens bound to a key, encrypted tokens.
//! Each option is a promise that is held both ways: what comes without it is refused from then on. A site that calls
//! data providers keeps its tokens ([`Registration::with_tokens_kept`]) and shows them with
//! [`Client::resource_headers`].
//!
//! # What is verified
//!
//! ```text
//! discovery   issuer letter by letter, https everywhere, PKCE S256, iss in answers, what is registered
//! answer      state, iss (RFC 9207), one of each parameter, 30 minutes at most; signed if registered
//! token       of the type asked: bound to the key of this site if registered
//! ID token    encrypted if registered; signature by a published key with the registered algorithm,
//!             iss, aud alone, azp, exp, iat, nbf, nonce, at_hash, sub, acr at least the level asked,
//!             auth_time when max_age was sent
//! userinfo    JSON, signed or encrypted as registered, the same sub, every known claim of its type
//! logout      signature, iss, aud, exp, iat, events exactly, no nonce, sub or sid, each jti once
//! ```
//!
//! The README lists each [`Error`] with what to do about it.

mod algorithm;
mod answer;
mod backchannel_logout;
mod callback;
mod challenge;
mod civil;
mod claims;
mod client;
mod client_key;
mod clock;
mod cookie_key;
mod credentials;
mod decryption;
mod dpop;
mod endpoint;
mod error;
mod http;
mod id_token;
mod identity;
mod initiated_login;
mod issuer;
mod key_set;
mod keys;
mod local_path;
mod login;
mod logout;
mod metadata;
mod random;
mod refresh;
mod refusal;
mod registration;
mod rejection;
mod request;
mod request_object;
mod resource;
mod scope;
mod session;
mod step_up;
mod tokens;

#[cfg(feature = "axum")]
pub mod axum;
pub mod button;

pub use algorithm::SigningAlgorithm;
pub use backchannel_logout::BackchannelLogout;
pub use civil::{Birthdate, Cog, Gender};
pub use client::Client;
pub use client_key::ClientKey;
pub use cookie_key::CookieKey;
pub use credentials::Credentials;
pub use decryption::{DecryptionKey, KeyEncryption};
pub use dpop::DpopKey;
pub use error::{Document, Error, Fault};
pub use identity::{Identity, Level, Subject};
pub use initiated_login::InitiatedLogin;
pub use local_path::LocalPath;
pub use login::{Departure, Login, PendingLogin, Prompt};
pub use logout::{LogoutDeparture, PendingLogout};
pub use refusal::Refusal;
pub use registration::Registration;
pub use rejection::Rejection;
pub use resource::ResourceAnswer;
pub use scope::Scope;
pub use session::Session;
pub use step_up::StepUp;
pub use tokens::AccessToken;

/// The examples of the README, compiled.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
struct Readme;
