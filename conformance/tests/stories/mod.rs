//! What citizens and services do.

mod answers;
mod authorization_details;
mod basic;
mod command;
mod demo;
mod discovery;
mod fapi;
mod franceconnect;
mod introspection;
mod journal;
mod libraries;
mod mtls;
mod operator;
mod outage;
mod pages;
mod pushed;
mod refresh;
mod refused;
mod requests;
mod services;
mod session;
mod sign_in;
mod step_up;
mod stores;
mod tabs;
