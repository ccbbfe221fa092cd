//! `[keys]` and `[keys.pkcs11]`: how long signing keys live, and what holds their private halves.

use std::path::PathBuf;

use domain::keys::Timetable;
use domain::time::Lifetime;

use super::Lifetimes;
use super::reader::{Read, Section};
use super::secret::{Environment, Secret, from_variable_or_file};

/// How signing keys are kept.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// How long they live.
    pub(crate) timetable: Timetable,
    /// What holds the next ones.
    pub(crate) holder: Holder,
    /// The token, when there is one.
    pub(crate) token: Option<TokenConfig>,
}

/// What holds the private half of a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The registry, sealed under the master key.
    Registry,
    /// A token, which the key never leaves.
    Token,
}

/// A token that is reached through PKCS#11.
#[derive(Debug, Clone)]
pub(crate) struct TokenConfig {
    /// The library of its maker.
    pub(crate) module: PathBuf,
    /// Which of the library's tokens it is.
    pub(crate) place: TokenPlace,
    /// What unlocks it.
    pub(crate) pin: Secret,
    /// How many signatures it may be asked for at once.
    pub(crate) sessions: u32,
}

/// Which of the tokens of a library is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenPlace {
    /// The one of this label.
    Label(String),
    /// The one in this slot.
    Slot(u64),
}

pub(super) fn read(section: &Section<'_>, environment: &Environment, lifetimes: Read<Lifetimes>) -> Read<Keys> {
    let days = section.number("rotate_every_days", 90, 0..=3650);
    let hours = section.number("verify_for_hours", 24, 1..=8760);
    let token = section.whole("pkcs11", |section| token(section, environment));
    let holder = section.text("holder", "registry", |text| match text {
        "registry" => Ok(Holder::Registry),
        "pkcs11" => Ok(Holder::Token),
        _ => Err("must be \"registry\" or \"pkcs11\"".to_owned()),
    });
    let rotate_every = Some(days?).filter(|days| *days > 0).map(|days| Lifetime::seconds(days * 86_400));
    let timetable = Timetable::new(lifetimes?.longest_signed(), Lifetime::seconds(hours? * 3600), rotate_every)
        .map_err(|short| {
            let hours = short.shortest.as_seconds().div_ceil(3600);
            section.contradiction("verify_for_hours", &format!("must be {hours} at least: {short} (see [lifetimes])"))
        });
    let (holder, token) = (holder?, token?);
    if holder == Holder::Token && token.is_none() {
        return Err(section.contradiction("holder", "\"pkcs11\" needs `module` in [keys.pkcs11]"));
    }
    Ok(Keys { timetable: timetable?, holder, token })
}

fn token(section: &Section<'_>, environment: &Environment) -> Read<Option<TokenConfig>> {
    let module = section.path("module");
    let label = section.text("token_label", "", |text| match text.trim() {
        // CK_TOKEN_INFO has 32 bytes for it (PKCS#11 §3.2).
        label if label.len() <= 32 => Ok(label.to_owned()),
        _ => Err("must have 32 bytes at most".to_owned()),
    });
    let slot = section.text("slot", "", |text| match text {
        "" => Ok(None),
        number => number.parse().map(Some).map_err(|_| "must be the number of a slot, in quotes".to_owned()),
    });
    let pin = from_variable_or_file(section, environment, "PASSERELLE_PKCS11_PIN", "pin_file");
    let sessions = section.number("sessions", 8, 1..=256);
    let (Some(module), label, slot, pin, sessions) = (module?, label?, slot?, pin?, sessions?) else {
        return Ok(None);
    };
    if !module.is_file() {
        return Err(section.contradiction("module", &format!("there is no library {}", module.display())));
    }
    let place = match (label.as_str(), slot) {
        (label, None) if !label.is_empty() => TokenPlace::Label(label.to_owned()),
        ("", Some(slot)) => TokenPlace::Slot(slot),
        (_, None | Some(_)) => {
            return Err(section.contradiction("token_label", "give either the label of the token or its `slot`"));
        }
    };
    let pin = pin.ok_or_else(|| {
        section.contradiction("pin_file", "the token needs its PIN, in this file or in PASSERELLE_PKCS11_PIN")
    })?;
    Ok(Some(TokenConfig { module, place, pin, sessions }))
}
