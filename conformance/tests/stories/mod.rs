//! What citizens and services do.

mod answers;
mod basic;
mod command;
mod demo;
mod discovery;
mod fapi;
mod franceconnect;
mod journal;
mod libraries;
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
mod stores;
mod tabs;
