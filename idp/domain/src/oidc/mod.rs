//! What relying parties and the gateway say to each other (OpenID Connect Core 1.0, OAuth 2.0).

pub mod authorization_details;
pub mod backchannel;
pub mod binding;
pub mod certificate;
mod claims_parameter;
pub mod client_auth;
pub mod code;
mod demands;
pub mod dpop;
pub mod error;
pub mod introspection;
pub mod logout;
pub mod metadata;
pub mod parameters;
pub mod pkce;
pub mod prompt;
pub mod pushed;
pub mod refresh;
pub mod request;
pub mod request_object;
pub mod resource;
pub mod response;
pub mod sharing;
pub mod token;
