//! The other end of every wire: what the gateway meets in the world, made small and real.
//!
//! ```text
//!  citizen, browser ──▶ commune ──▶ gateway (the real `idp`, a process) ──▶ upstream providers
//!                                        │                            └──▶ civil registry
//!                     │                  ├──▶ mailbox (SMTP)
//!                     └── data provider ─┘
//! ```
//!
//! [`scene::Scene`] sets all of it up on loopback; `cargo demo` shows it to a person, and the stories and attacks
//! under `tests/` walk through it. Nothing here links a crate of the gateway: everything is said over HTTP, SMTP
//! and the command line, so this crate is an independent reading of the protocols.

pub mod agent;
pub mod audit;
pub mod authority;
pub mod browser;
pub mod card;
pub mod citizen;
pub mod clock;
pub mod commune;
pub mod cookies;
pub mod data_provider;
pub mod desk_reader;
pub mod engines;
pub mod fapi;
pub mod fuzzing;
pub mod gate;
pub mod gateway;
pub mod hasty_site;
pub mod homologation;
pub mod hook;
pub mod jose;
pub mod library;
pub mod mailbox;
pub mod mutual;
pub mod office;
pub mod pages;
pub mod partner;
pub mod people;
pub mod phone;
pub mod preparation;
pub mod process;
pub mod quick_start;
pub mod random;
pub mod reader;
pub mod receiver;
pub mod registry;
pub mod relying_party;
pub mod scan;
pub mod scene;
mod script;
pub mod sheet;
pub mod site;
pub mod token;
pub mod tools;
pub mod town;
pub mod upstream;
pub mod weakening;
pub mod workspace;
