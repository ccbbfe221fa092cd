//! What citizens and services do.

mod answers;
mod command;
mod demo;
mod journal;
mod libraries;
mod logout;
mod logout_profile;
mod operator;
mod outage;
mod pages;
mod pushed;
mod refused;
mod requests;
mod services;
mod session;
mod sign_in;
mod stores;
mod tabs;
