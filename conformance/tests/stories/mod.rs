//! What citizens and services do.

mod answers;
mod authorization_details;
mod command;
mod demo;
mod introspection;
mod journal;
mod libraries;
mod mtls;
mod operator;
mod outage;
mod pages;
mod pushed;
mod refused;
mod requests;
mod services;
mod session;
mod sign_in;
mod step_up;
mod stores;
mod tabs;
