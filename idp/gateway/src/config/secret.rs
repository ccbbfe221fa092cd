//! Secrets and where they come from: a file or the environment, never the configuration itself.

#[cfg(test)]
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use super::reader::{Read, Section};
/// A secret text. Neither `Debug` nor anything else shows it but [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    pub(crate) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text, to hand to whoever needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The environment variables of the process, or those a test gives.
#[derive(Debug, Clone)]
pub(crate) enum Environment {
    /// Those of the process.
    Process,
    /// These alone.
    #[cfg(test)]
    Given(BTreeMap<String, String>),
}

impl Environment {
    /// The variable, when it is set to something.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn read(&self, name: &str) -> Option<Secret> {
        let text = match self {
            Self::Process => Zeroizing::new(std::env::var(name).ok()?),
            #[cfg(test)]
            Self::Given(variables) => Zeroizing::new(variables.get(name)?.clone()),
        };
        (!text.trim().is_empty()).then(|| Secret::new(text.trim()))
    }
}

/// Reads a secret from a file: its text without surrounding white space.
pub(crate) fn read_file(path: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| format!("the secret file {} cannot be read: {error}", path.display()))?;
    match text.trim() {
        "" => Err(format!("the secret file {} is empty", path.display())),
        secret => Ok(Secret::new(secret)),
    }
}

/// A secret from the environment variable `variable`, else from the file that `key` names. `None` when there is
/// neither.
pub(super) fn from_variable_or_file(
    section: &Section<'_>,
    environment: &Environment,
    variable: &str,
    key: &'static str,
) -> Read<Option<Secret>> {
    let file = section.secret_path(key)?;
    match (environment.read(variable), file) {
        (Some(secret), _) => Ok(Some(secret)),
        (None, None) => Ok(None),
        (None, Some(path)) => read_file(&path).map(Some).map_err(|fault| section.contradiction(key, &fault)),
    }
}
