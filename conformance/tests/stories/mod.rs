//! What citizens and services do.

mod demo;
mod libraries;
mod pages;
mod refused;
mod sign_in;
mod tabs;
