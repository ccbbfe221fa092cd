//! A data provider that wants the citizen to sign in again, more surely or more recently (RFC 9470).

use crate::challenge::Challenge;
use crate::identity::Level;
use crate::login::Login;

/// What a data provider asked with `insufficient_user_authentication`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepUp {
    level: Option<Level>,
    max_age: Option<i64>,
}

impl StepUp {
    /// Reads a `WWW-Authenticate` header (RFC 9470 §3); none when it asks for no step up, or for one that cannot be
    /// understood.
    pub fn parse(header: &str) -> Option<Self> {
        let challenge = Challenge::with_error(header, "insufficient_user_authentication")?;
        let level = match challenge.get("acr_values") {
            // any of them will do, the first is preferred
            Some(values) => Some(values.split(' ').find_map(Level::from_acr)?),
            None => None,
        };
        let max_age = match challenge.get("max_age") {
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => Some(text.parse().ok()?),
            Some(_) => return None,
            None => None,
        };
        (level.is_some() || max_age.is_some()).then_some(Self { level, max_age })
    }

    /// The level asked, if one was.
    pub fn level(&self) -> Option<Level> {
        self.level
    }
}

impl Login {
    /// The same login, as sure and as recent as a data provider asked. The callback refuses anything less, so that
    /// the citizen is not sent back and forth.
    #[must_use]
    pub fn stepped_up(mut self, step_up: StepUp) -> Self {
        self.level = self.level.max(step_up.level.unwrap_or(self.level));
        self.max_age = match (self.max_age, step_up.max_age) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = r#"DPoP error="insufficient_user_authentication", error_description="stronger""#;

    #[test]
    fn what_a_data_provider_asks_is_read_in_its_order_of_preference() {
        let read = |rest: &str| StepUp::parse(&format!("{ASKED}{rest}"));
        assert_eq!(
            read(r#", acr_values="urn:x eidas3 eidas2", max_age="300""#),
            Some(StepUp { level: Some(Level::High), max_age: Some(300) })
        );
        assert_eq!(read(", max_age=0"), Some(StepUp { level: None, max_age: Some(0) }));
        assert_eq!(read(r#", acr_values="urn:x""#), None, "no level of ours would do");
        assert_eq!(read(r#", max_age="-1""#), None);
        assert_eq!(read(r#", max_age="99999999999999999999""#), None);
        assert_eq!(read(""), None, "nothing to do better");
        assert_eq!(StepUp::parse(r#"Basic error="insufficient_user_authentication", max_age=1"#), None);
        assert!(StepUp::parse(r#"bearer error="insufficient_user_authentication", max_age=1"#).is_some());
    }

    #[test]
    fn a_step_up_never_asks_less_than_the_login_did() {
        let step_up = StepUp { level: Some(Level::Substantial), max_age: Some(300) };
        let login = Login::at_least(Level::High).with_max_age(std::time::Duration::from_mins(1)).stepped_up(step_up);
        assert_eq!((login.level, login.max_age), (Level::High, Some(60)));
        let login = Login::at_least(Level::Low).stepped_up(step_up);
        assert_eq!((login.level, login.max_age), (Level::Substantial, Some(300)));
    }
}
