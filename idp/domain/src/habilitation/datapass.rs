//! What DataPass tells: its messages, read leniently once their signature was seen to be right.
//!
//! ```text
//!  bytes ──Signed::verify──▶ Signed ──Message::read──▶ Told { event, when } ──timely──▶ AnyReview::decided_elsewhere
//!                                                        │
//!                                                        └── Test, Ignored
//! ```
//!
//! Fields that are not known here are passed over, as are events that nothing follows from. What is needed and wrong is told
//! by the name of its field. Nothing is read of bytes whose signature is not right.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::complete::Terms;
use super::field::{Detail, Field, Person, Where};
use super::form::Form;
use super::review::{Elsewhere, Reason, Wording};
use super::webhook::SharedSecret;
use crate::claims::scopes::Scope;
use crate::level::Level;
use crate::organisation::siret::Siret;
use crate::time::{Lifetime, Timestamp};

/// How long after it was fired a message counts: DataPass tries again for hours, and lets its people send one again.
const LATEST: Lifetime = Lifetime::seconds(3 * 86_400);
/// How far the clock of DataPass may be ahead, in seconds.
const AHEAD: i64 = 300;
/// The longest name of a request or an event that is read.
const LONGEST_NAME: usize = 80;

/// Why a decision was taken, where DataPass does not say.
const REFUSED: &str = "Demande refusée dans DataPass.";
const REVOKED: &str = "Habilitation révoquée dans DataPass.";

/// A body whose signature is right. There is no other way to one than [`Signed::verify`].
///
/// ```compile_fail,E0423
/// let forged = domain::habilitation::datapass::Signed(b"{}");
/// ```
///
/// ```
/// use domain::habilitation::{datapass::Signed, webhook::SharedSecret};
/// let secret = SharedSecret::from_random(&[7; 32]);
/// assert!(Signed::verify(b"{}", &secret.sign(b"{}"), &secret).is_some());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a>(&'a [u8]);

impl<'a> Signed<'a> {
    /// The body, when this is its signature under the secret that is shared with DataPass.
    pub fn verify(body: &'a [u8], signature: &str, secret: &SharedSecret) -> Option<Self> {
        secret.signed(body, signature).then_some(Self(body))
    }
}

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct Fault {
    /// The field, by its place in the message; empty for the message as a whole.
    pub field: &'static str,
    /// What is wrong with it.
    pub why: &'static str,
}

/// What DataPass calls a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelId(String);

impl ModelId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// It tries whether anybody answers.
    Test,
    /// Nothing follows from it.
    Ignored {
        /// What it calls the request, where it does.
        model: String,
        /// What it tells.
        event: String,
    },
    /// Something was decided there.
    Told(Box<Told>),
}

/// What was decided there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it calls the request.
    pub model: ModelId,
    /// When it was fired, in its own clock.
    pub fired: Timestamp,
    /// The name of the event.
    pub event: &'static str,
    /// What was decided.
    pub decision: Elsewhere,
}

impl Told {
    /// Refuses a message that was fired too long ago, or in the future: one that was recorded proves nothing for ever.
    pub const fn timely(&self, now: Timestamp) -> Result<(), Fault> {
        if self.fired.plus(LATEST).is_past(now) {
            return Err(Fault { field: "fired_at", why: "is longer ago than a message counts" });
        }
        if self.fired.seconds_since(now) > AHEAD {
            return Err(Fault { field: "fired_at", why: "is in the future" });
        }
        Ok(())
    }

    /// Until when a repetition of it could come.
    pub const fn counts_until(&self) -> Timestamp {
        self.fired.plus(LATEST)
    }

    /// Of two messages of one second, the one that counts: what takes away outweighs what gives.
    pub const fn weight(&self) -> i64 {
        match self.decision {
            Elsewhere::Granted(_) => 1,
            Elsewhere::Reopened => 2,
            Elsewhere::ReopeningEnded => 3,
            Elsewhere::Refused(_) => 4,
            Elsewhere::Archived => 5,
            Elsewhere::Revoked(_) => 6,
        }
    }
}

impl Message {
    /// Reads a message about one of these types of requests.
    pub fn read(signed: Signed<'_>, types: &BTreeSet<String>) -> Result<Self, Fault> {
        let message: Value = serde_json::from_slice(signed.0).map_err(|_| Fault { field: "", why: "is not JSON" })?;
        let message = message.as_object().ok_or(Fault { field: "", why: "is not a JSON object" })?;
        if message.get("test").and_then(Value::as_bool) == Some(true) {
            return Ok(Self::Test);
        }
        let event = name(message, "event").ok_or(Fault { field: "event", why: "is not a short text" })?;
        let kind = name(message, "model_type").ok_or(Fault { field: "model_type", why: "is not a short text" })?;
        let known = EVENTS.iter().find(|(known, _)| *known == event).filter(|_| types.contains(&kind));
        let Some((event, decide)) = known else {
            return Ok(Self::Ignored { model: number(message, "model_id").unwrap_or_default(), event });
        };
        let bad = Fault { field: "model_id", why: "is neither a number nor a short text" };
        let model = ModelId(number(message, "model_id").ok_or(bad)?);
        let fired = message.get("fired_at").and_then(Value::as_i64).filter(|at| (0..=253_402_300_799).contains(at));
        let fired = fired.ok_or(Fault { field: "fired_at", why: "is not a number of seconds" })?;
        let none = Map::new();
        let data = message.get("data").and_then(Value::as_object).unwrap_or(&none);
        let decision = decide(data)?;
        Ok(Self::Told(Box::new(Told { model, fired: Timestamp::from_epoch(fired), event, decision })))
    }
}

type Decide = fn(&Map<String, Value>) -> Result<Elsewhere, Fault>;

/// The events that something follows from.
const EVENTS: &[(&str, Decide)] = &[
    ("approve", |data| Ok(Elsewhere::Granted(Box::new(wording(data)?)))),
    ("refuse", |data| Ok(Elsewhere::Refused(reason(data, REFUSED)?))),
    ("revoke", |data| Ok(Elsewhere::Revoked(reason(data, REVOKED)?))),
    ("reopen", |_| Ok(Elsewhere::Reopened)),
    ("cancel_reopening", |_| Ok(Elsewhere::ReopeningEnded)),
    ("archive", |_| Ok(Elsewhere::Archived)),
];

/// A short text of visible characters.
fn name(of: &Map<String, Value>, key: &str) -> Option<String> {
    short(of.get(key)?.as_str()?)
}

/// The same, or a number, which is what DataPass calls its requests by.
fn number(of: &Map<String, Value>, key: &str) -> Option<String> {
    of.get(key)?.as_u64().map(|number| number.to_string()).or_else(|| name(of, key))
}

fn short(text: &str) -> Option<String> {
    let fits = (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

/// The reason, where one is told.
fn reason(data: &Map<String, Value>, otherwise: &str) -> Result<Reason, Fault> {
    let told = data.get("reason").and_then(Value::as_str).unwrap_or(otherwise);
    let told = if told.trim().is_empty() { otherwise } else { told };
    Reason::parse(told).map_err(|_| Fault { field: "data.reason", why: "is too long" })
}

/// What was granted.
fn wording(data: &Map<String, Value>) -> Result<Wording, Fault> {
    let siret = data.get("organization").and_then(|organisation| organisation.get("siret"));
    let siret = siret.and_then(Value::as_str).and_then(|text| Siret::parse(text).ok());
    let organisation = siret.ok_or(Fault { field: "data.organization.siret", why: "is not a SIRET" })?;
    let fields = data.get("data").and_then(Value::as_object);
    let fields = fields.ok_or(Fault { field: "data.data", why: "is not an object" })?;
    let scopes = scopes(fields)?;
    let level = match fields.get("france_connect_eidas") {
        None | Some(Value::Null) => Level::Low,
        Some(told) => match told.as_str() {
            Some("eidas_1") => Level::Low,
            Some("eidas_2") => Level::Substantial,
            Some(_) | None => {
                let field = "data.data.france_connect_eidas";
                return Err(Fault { field, why: "is neither eidas_1 nor eidas_2" });
            }
        },
    };
    let form = form(fields, &scopes, level)?;
    Ok(Wording { organisation, form, scopes, level })
}

fn scopes(fields: &Map<String, Value>) -> Result<BTreeSet<Scope>, Fault> {
    let field = "data.data.scopes";
    let told = fields.get("scopes").and_then(Value::as_array).ok_or(Fault { field, why: "is not a list" })?;
    let read = |scope: &Value| scope.as_str().and_then(Scope::parse);
    let mut scopes = told.iter().map(read).collect::<Option<BTreeSet<_>>>();
    if let Some(scopes) = &mut scopes {
        scopes.remove(&Scope::OPENID);
    }
    match scopes {
        None => Err(Fault { field, why: "names a scope that is not known here" }),
        Some(scopes) if scopes.is_empty() => Err(Fault { field, why: "names no scope" }),
        Some(mut scopes) => {
            scopes.insert(Scope::OPENID);
            Ok(scopes)
        }
    }
}

/// What stands in a form of DataPass as it stands in ours.
const SAME: &[(&str, Field)] = &[
    ("description", Field::Description),
    ("date_prevue_mise_en_production", Field::GoLive),
    ("volumetrie_approximative", Field::Volume),
    ("cadre_juridique_nature", Field::LegalReference),
    ("cadre_juridique_url", Field::LegalUri),
    ("destinataire_donnees_caractere_personnel", Field::Recipients),
    ("duree_conservation_donnees_caractere_personnel", Field::Retention),
    ("duree_conservation_donnees_caractere_personnel_justification", Field::RetentionReason),
];

const PEOPLE: [(&str, Person); 3] = [
    ("responsable_traitement", Person::Controller),
    ("delegue_protection_donnees", Person::Dpo),
    ("contact_technique", Person::Technical),
];

/// The form as ours. What is only told, and does not fit, is left out; what is acted on has to fit.
fn form(fields: &Map<String, Value>, scopes: &BTreeSet<Scope>, level: Level) -> Result<Form, Fault> {
    let text = |key: &str| match fields.get(key) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => String::new(),
    };
    let mut form = Form::default();
    let title = text("intitule");
    let bad = Fault { field: "data.data.intitule", why: "is not a title in one line" };
    if title.is_empty() || form.set(Field::Title, &title).is_err() {
        return Err(bad);
    }
    let mut told: Vec<(Field, String)> = SAME.iter().map(|(key, field)| (*field, text(key))).collect();
    for (prefix, person) in PEOPLE {
        let of = |detail: &str| text(&format!("{prefix}_{detail}"));
        let name = format!("{} {}", of("given_name"), of("family_name"));
        for (detail, text) in [
            (Detail::Name, name),
            (Detail::Job, of("job_title")),
            (Detail::Mail, of("email")),
            (Detail::Phone, of("phone_number")),
        ] {
            told.push((Field::Contact(person, detail), text));
        }
    }
    told.push((Field::Level, level.acr().to_owned()));
    told.extend(
        scopes.iter().filter(|scope| **scope != Scope::OPENID).map(|scope| (Field::Asks(*scope), "on".to_owned())),
    );
    for (field, text) in told {
        // Nothing is decided by what does not fit.
        let _ = form.set(field, &text);
    }
    addresses(fields, &mut form)?;
    Ok(form)
}

/// The addresses, where they are told: the forms of DataPass do not ask for them, those of an instance of one's own may.
fn addresses(fields: &Map<String, Value>, form: &mut Form) -> Result<(), Fault> {
    for (key, name, field) in [
        ("redirect_uris", "data.data.redirect_uris", Field::Redirects(Where::Production)),
        ("post_logout_redirect_uris", "data.data.post_logout_redirect_uris", Field::LogoutRedirects(Where::Production)),
    ] {
        let lines = match fields.get(key) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Array(lines)) => {
                lines.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(|lines| lines.join("\n"))
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => None,
        };
        let bad = Fault { field: name, why: "is not a list of https addresses of the internet" };
        let fits = lines.is_some_and(|lines| form.set(field, &lines).is_ok());
        let faulty = Terms::faults(form).into_iter().any(|fault| fault.field == field && !form.get(field).is_empty());
        if !fits || faulty {
            return Err(bad);
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "datapass_tests.rs"]
mod tests;
