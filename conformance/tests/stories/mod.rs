//! What citizens and services do.

mod command;
mod demo;
mod libraries;
mod operator;
mod pages;
mod pushed;
mod refused;
mod sign_in;
mod stores;
mod tabs;
