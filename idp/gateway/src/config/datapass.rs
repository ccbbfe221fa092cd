//! `[datapass]`: the platform of habilitations whose word is taken here. Without a secret there is none, and no route for it.

use std::collections::BTreeSet;

use domain::habilitation::webhook::SharedSecret;

use super::reader::{Read, Section};
use super::secret::{Environment, from_variable_or_file};

/// What is taken from DataPass.
#[derive(Debug, Clone)]
pub(crate) struct DataPass {
    /// What its messages are signed with.
    pub(crate) secret: SharedSecret,
    /// The types of requests that are ours; it may tell of others.
    pub(crate) types: BTreeSet<String>,
}

pub(super) fn read(section: &Section<'_>, environment: &Environment) -> Read<Option<DataPass>> {
    let types = section.list("model_types", &["authorization_request/france_connect"], |text| {
        let plain = !text.is_empty() && text.len() <= 80 && text.bytes().all(|byte| byte.is_ascii_graphic());
        if plain { Ok(text.to_owned()) } else { Err("must hold 1 to 80 visible ASCII characters each".to_owned()) }
    });
    let secret = from_variable_or_file(section, environment, "PASSERELLE_DATAPASS_SECRET", "secret_file")?;
    let types = types?.into_iter().collect();
    let Some(secret) = secret else { return Ok(None) };
    match SharedSecret::parse(secret.expose()) {
        Ok(secret) => Ok(Some(DataPass { secret, types })),
        Err(short) => Err(section.contradiction("secret_file", &short.to_string())),
    }
}
