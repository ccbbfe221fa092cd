//! What citizens and services do.

mod answers;
mod client_keys;
mod command;
mod demo;
mod encryption;
mod journal;
mod libraries;
mod mtls;
mod operator;
mod outage;
mod pages;
mod pushed;
mod refused;
pub(crate) mod request_object;
mod requests;
mod services;
mod session;
mod sign_in;
mod stores;
mod tabs;
