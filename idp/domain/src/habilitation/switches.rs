//! Kill switches: a service, a provider or a level that is off, on every node, within a second.
//!
//! A switch stops and explains: who turned it, why, since when. It changes no habilitation: turned on again, everything
//! stands as it stood.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::acting::Author;
use crate::id::{ClientId, ProviderId};
use crate::level::Level;
use crate::time::Timestamp;

/// The longest reason, in characters.
const MAX_REASON: usize = 500;

/// What can be switched off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Switch {
    /// One relying party.
    Service(ClientId),
    /// One identity provider, for every relying party.
    Provider(ProviderId),
    /// One level, for every relying party.
    Level(Level),
}

/// The text names no switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a switch is service:CLIENT_ID, provider:ID or level:eidas1|eidas2|eidas3")]
pub struct NotASwitch;

impl Switch {
    /// The kind and the name, as a registry keeps them apart.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Service(client) => ("service", client.as_str()),
            Self::Provider(provider) => ("provider", provider.as_str()),
            Self::Level(level) => ("level", level.acr()),
        }
    }

    /// The switch of a kind and a name.
    pub fn of(kind: &str, name: &str) -> Result<Self, NotASwitch> {
        match kind {
            "service" => ClientId::parse(name).map(Self::Service).map_err(|_| NotASwitch),
            "provider" => ProviderId::parse(name).map(Self::Provider).map_err(|_| NotASwitch),
            "level" => Level::from_acr(name).map(Self::Level).ok_or(NotASwitch),
            _ => Err(NotASwitch),
        }
    }

    /// Reads `kind:name`.
    pub fn parse(text: &str) -> Result<Self, NotASwitch> {
        let (kind, name) = text.split_once(':').ok_or(NotASwitch)?;
        Self::of(kind, name)
    }
}

impl std::str::FromStr for Switch {
    type Err = NotASwitch;

    fn from_str(text: &str) -> Result<Self, NotASwitch> {
        Self::parse(text)
    }
}

impl std::fmt::Display for Switch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, name) = self.parts();
        write!(f, "{kind}:{name}")
    }
}

/// Why something was done: a sentence of 1 to 500 characters in one line, for whoever reads the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

/// The text is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reason has 1 to 500 characters in one line")]
pub struct NotAReason;

impl Reason {
    /// Reads a reason; blanks around it do not count.
    pub fn parse(text: &str) -> Result<Self, NotAReason> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= MAX_REASON && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAReason) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = NotAReason;

    fn try_from(text: String) -> Result<Self, NotAReason> {
        Self::parse(&text)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

/// Who did something, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub by: Author,
    /// Why; nothing where the act says it all.
    pub why: Option<Reason>,
}

impl Deed {
    /// Of whoever runs the gateway, where the act says it all.
    pub const OPERATOR: Self = Self { by: Author::Operator, why: None };
}

/// A switch that is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Off {
    /// Who turned it.
    pub by: Author,
    /// Why.
    pub why: Reason,
    /// Since when.
    pub since: Timestamp,
}

/// The switches that are off. What is not named is on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Switches {
    services: BTreeMap<ClientId, Off>,
    providers: BTreeMap<ProviderId, Off>,
    levels: BTreeMap<Level, Off>,
}

impl Switches {
    /// Adds a switch that is off.
    pub fn turn_off(&mut self, switch: Switch, off: Off) {
        match switch {
            Switch::Service(client) => self.services.insert(client, off),
            Switch::Provider(provider) => self.providers.insert(provider, off),
            Switch::Level(level) => self.levels.insert(level, off),
        };
    }

    /// The switch of a relying party, when it is off.
    pub fn service(&self, client: &ClientId) -> Option<&Off> {
        self.services.get(client)
    }

    /// The switch of an identity provider, when it is off.
    pub fn provider(&self, provider: &ProviderId) -> Option<&Off> {
        self.providers.get(provider)
    }

    /// The switch of a level, when it is off.
    pub fn level(&self, level: Level) -> Option<&Off> {
        self.levels.get(&level)
    }

    /// Every switch that is off: services first, then providers, then levels.
    pub fn all(&self) -> impl Iterator<Item = (Switch, &Off)> {
        let services = self.services.iter().map(|(client, off)| (Switch::Service(client.clone()), off));
        let providers = self.providers.iter().map(|(provider, off)| (Switch::Provider(provider.clone()), off));
        services.chain(providers).chain(self.levels.iter().map(|(level, off)| (Switch::Level(*level), off)))
    }
}

impl FromIterator<(Switch, Off)> for Switches {
    fn from_iter<T: IntoIterator<Item = (Switch, Off)>>(all: T) -> Self {
        let mut switches = Self::default();
        for (switch, off) in all {
            switches.turn_off(switch, off);
        }
        switches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_read_back_as_it_is_written() {
        for text in ["service:ville", "service:a:b", "provider:impots", "level:eidas3"] {
            assert_eq!(Switch::parse(text).expect("a switch").to_string(), text);
        }
        for bad in ["", "ville", "service:", "service:a b", "provider:Impots", "level:eidas4", "all:x"] {
            assert_eq!(Switch::parse(bad), Err(NotASwitch), "{bad}");
        }
    }

    #[test]
    fn a_reason_is_one_line_of_text() {
        assert_eq!(Reason::parse("  la clé a fui  ").expect("a reason").as_str(), "la clé a fui");
        for bad in ["", "   ", "a\nb", "a\u{1b}[31m", &"x".repeat(MAX_REASON + 1)] {
            assert_eq!(Reason::parse(bad), Err(NotAReason), "{bad:?}");
        }
    }

    #[test]
    fn a_switch_stops_what_it_names_and_nothing_else() {
        let off = Off {
            by: Author::Operator,
            why: Reason::parse("essai").expect("a reason"),
            since: Timestamp::from_epoch(5),
        };
        let names = ["service:ville", "provider:impots", "level:eidas3"];
        let switches: Switches =
            names.iter().map(|name| (Switch::parse(name).expect("a switch"), off.clone())).collect();
        let (client, provider) = (|id| ClientId::parse(id).expect("plain"), |id| ProviderId::parse(id).expect("plain"));
        assert_eq!(switches.service(&client("ville")), Some(&off));
        assert_eq!(switches.service(&client("impots")), None);
        assert_eq!(switches.provider(&provider("impots")), Some(&off));
        assert_eq!(switches.provider(&provider("ville")), None);
        assert_eq!(switches.level(Level::High), Some(&off));
        assert_eq!(switches.level(Level::Low), None);
        assert_eq!(switches.all().map(|(switch, _)| switch.to_string()).collect::<Vec<_>>(), names);
    }
}
