//! What the telephone's pages show.

use askama::Template;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::Carried;
use crate::card::Holder;
use crate::phone::{Confirm, Failure, Opened, Outcome};

/// Digits of both numbers.
const DIGITS: usize = 6;

/// What each act is called.
pub(super) fn title(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "create" => "Créer mon identité",
        "show" => "Voir mon identité",
        "request_certification" => "Demander la certification",
        "activate" => "Terminer la certification",
        "restore" => "Réactiver mon identité",
        "delete" => "Supprimer mon identité",
        "code" => "Changer mon code",
        _ => return None,
    })
}

/// What came of each act.
fn done(kind: &str) -> &'static str {
    match kind {
        "create" => "Identité créée",
        "show" => "Votre identité",
        "request_certification" => "Certification demandée",
        "activate" => "Identité certifiée",
        "restore" => "Identité réactivée",
        "delete" => "Identité supprimée",
        _ => "C’est fait",
    }
}

/// The first page.
#[derive(Template)]
#[template(path = "phone_home.html")]
pub(super) struct Home<'a> {
    pub(super) wallet: &'a [Carried],
    pub(super) chosen: usize,
    /// How the identity on the card stood when it was last shown; none where it was not, on this telephone.
    pub(super) known: Option<&'a str>,
    pub(super) link: &'a str,
    pub(super) wrong: &'a str,
}

impl Home<'_> {
    fn carried(&self) -> &Carried {
        &self.wallet[self.chosen]
    }

    /// What can be done, by name and title, and whether it cannot be undone.
    fn acts(&self) -> Vec<(&'static str, &'static str, bool)> {
        possible(self.known).iter().filter_map(|kind| Some((*kind, title(kind)?, *kind == "delete"))).collect()
    }
}

/// What an identity admits that was in this state when it was last shown, or that may have gone on since without the
/// telephone: by a link of a mail, or at the desk.
fn possible(known: Option<&str>) -> &'static [&'static str] {
    match known {
        Some("created" | "active") => &["show", "request_certification", "code", "delete"],
        Some("requested" | "at_desk") => &["show", "activate", "request_certification", "code", "delete"],
        Some("awaiting_activation") => &["activate", "show", "delete"],
        Some("certified") => &["show", "code", "delete"],
        Some("suspended") => &["restore", "show", "delete"],
        Some("closed") => &["create", "code"],
        Some(_) | None => &["show", "create", "code"],
    }
}

/// What an act needs before it begins.
#[derive(Template)]
#[template(path = "phone_act.html")]
pub(super) struct Preparing<'a> {
    pub(super) title: &'a str,
    pub(super) kind: &'a str,
    pub(super) email: &'a str,
    pub(super) terms: &'a str,
    pub(super) version: &'a str,
}

/// Who asks for what, and the keypad.
#[derive(Template)]
#[template(path = "phone_ask.html")]
pub(super) struct Asking<'a> {
    pub(super) title: &'a str,
    pub(super) holder: &'a Holder,
    pub(super) opened: Option<&'a Opened>,
    pub(super) entry: &'a Entry,
}

impl Asking<'_> {
    /// The numbers to pick from, and which is picked.
    fn choices(&self) -> Vec<(u8, bool)> {
        match self.opened.map(|opened| &opened.confirm) {
            Some(Confirm::Number { choices }) => {
                choices.iter().map(|choice| (*choice, self.entry.number == Some(*choice))).collect()
            }
            Some(Confirm::None) | None => Vec::new(),
        }
    }

    /// Whether it is of the citizen's own: nobody else asks, and nobody is refused.
    fn is_own(&self) -> bool {
        self.opened.is_none_or(|opened| opened.purpose.service.is_none())
    }

    fn place(&self) -> &str {
        let Some(opened) = self.opened else { return "" };
        let place = &opened.purpose.place;
        place.as_str().or_else(|| place["fr"].as_str()).unwrap_or_default()
    }

    fn level(&self) -> &'static str {
        match self.opened.and_then(|opened| opened.purpose.acr.as_deref()) {
            Some("eidas3") => "élevé",
            Some("eidas2") => "substantiel",
            Some(_) => "faible",
            None => "",
        }
    }
}

/// What was typed so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) can: String,
    pub(super) code: String,
    pub(super) new_code: String,
    pub(super) number: Option<u8>,
    pub(super) wrong: String,
}

impl Entry {
    /// With a key of the keypad pressed: it goes to the first number that is not whole. Anything but a digit takes the last
    /// one away.
    pub(super) fn pressed(mut self, key: &str, wants_new: bool) -> Self {
        let digit = key.chars().next().filter(char::is_ascii_digit);
        let mut fields = vec![&mut self.can, &mut self.code];
        if wants_new {
            fields.push(&mut self.new_code);
        }
        match digit {
            Some(digit) => {
                if let Some(field) = fields.into_iter().find(|field| field.len() < DIGITS) {
                    field.push(digit);
                }
            }
            None => {
                if let Some(field) = fields.into_iter().rev().find(|field| !field.is_empty()) {
                    field.pop();
                }
            }
        }
        self
    }

    /// What is still to be typed or picked.
    pub(super) fn missing(&self, wants_number: bool, wants_new: bool) -> Option<String> {
        let is_whole = |field: &str| field.len() == DIGITS && field.bytes().all(|digit| digit.is_ascii_digit());
        let missing = if wants_number && self.number.is_none() {
            "Choisissez le nombre affiché par le navigateur."
        } else if !is_whole(&self.can) {
            "Saisissez les 6 chiffres imprimés sur la carte."
        } else if !is_whole(&self.code) {
            "Saisissez les 6 chiffres de votre code."
        } else if wants_new && !is_whole(&self.new_code) {
            "Saisissez les 6 chiffres de votre nouveau code."
        } else {
            return None;
        };
        Some(missing.to_owned())
    }

    /// For another try: what is printed on the card stays.
    pub(super) fn again(self) -> Self {
        Self { code: String::new(), new_code: String::new(), ..self }
    }
}

/// What came of it.
#[derive(Template, Default)]
#[template(path = "phone_result.html")]
pub(super) struct Result {
    failed: bool,
    title: String,
    lines: Vec<String>,
    facts: Vec<(&'static str, String)>,
    events: Vec<(String, String)>,
    request: Option<(String, String)>,
    code: String,
}

impl Result {
    pub(super) fn refused() -> Self {
        let lines = vec!["La demande est refusée. Le navigateur l’affiche aussi.".to_owned()];
        Self { title: "Demande refusée".to_owned(), lines, ..Self::default() }
    }

    pub(super) fn cancelled() -> Self {
        let lines = vec!["Rien n’a été fait.".to_owned()];
        Self { title: "Annulé".to_owned(), lines, ..Self::default() }
    }

    pub(super) fn code_changed() -> Self {
        let lines = vec![
            "Votre carte a une nouvelle clé.".to_owned(),
            "La certification attachée à l’ancienne prend fin : demandez-la de nouveau.".to_owned(),
        ];
        Self { title: "Code changé".to_owned(), lines, ..Self::default() }
    }

    pub(super) fn failed(failure: &Failure, sentence: String) -> Self {
        let code = failure.code().unwrap_or_default().to_owned();
        Self { failed: true, title: "Cela n’a pas abouti".to_owned(), lines: vec![sentence], code, ..Self::default() }
    }

    pub(super) fn of(outcome: &Outcome) -> Self {
        if outcome.kind == "sign_in" {
            let lines = vec!["Revenez au navigateur : la connexion s’y poursuit.".to_owned()];
            return Self { title: "C’est confirmé".to_owned(), lines, ..Self::default() };
        }
        let identity = &outcome.identity;
        let told = |name: &str| day(&identity[name]);
        let mut facts = vec![("État", state(outcome.state()).to_owned())];
        facts.extend(told("certified_until").map(|day| ("Certifiée jusqu’au", day)));
        facts.extend(told("card_expires").map(|day| ("Carte valable jusqu’au", day)));
        let request = outcome.request.as_ref().map(|request| {
            let member = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
            facts.extend(day(&request["until"]).map(|day| ("Demande valable jusqu’au", day)));
            (member("qr"), member("document"))
        });
        let events = outcome.events.iter();
        let events = events.map(|event| (day(&event["at"]).unwrap_or_default(), event_name(event)));
        Self { title: done(&outcome.kind).to_owned(), facts, events: events.collect(), request, ..Self::default() }
    }
}

fn event_name(event: &Value) -> String {
    let kind = event["kind"].as_str().unwrap_or_default();
    let french = match kind {
        "created" => "créée",
        "address_confirmed" => "adresse confirmée",
        "requested" => "certification demandée",
        "at_desk" => "au guichet",
        "approved" => "approuvée par la mairie",
        "failed" => "certification non aboutie",
        "lapsed" => "demande expirée",
        "certified" => "certifiée",
        "ended" => "certification terminée",
        "suspended" => "suspendue",
        "restored" => "rétablie",
        "closed" => "fermée",
        other => return other.replace('_', " "),
    };
    french.to_owned()
}

fn state(word: &str) -> &str {
    match word {
        "created" => "créée : confirmez l’adresse reçue par courriel",
        "active" => "active, non certifiée",
        "requested" => "certification demandée",
        "at_desk" => "certification en cours au guichet",
        "awaiting_activation" => "à terminer sur ce téléphone",
        "certified" => "certifiée",
        "suspended" => "suspendue",
        "closed" => "fermée",
        other => other,
    }
}

/// A moment as epoch seconds or as a text, in the French way; a text that is no moment stays.
fn day(value: &Value) -> Option<String> {
    let moment = match value {
        Value::Number(seconds) => OffsetDateTime::from_unix_timestamp(seconds.as_i64()?).ok()?,
        Value::String(text) => match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(moment) => moment,
            Err(_) => return Some(text.clone()),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    moment.format(format_description!("[day]/[month]/[year]")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keypad_fills_one_number_after_the_other() {
        let mut entry = Entry::default();
        for digit in "412907246813".chars() {
            entry = entry.pressed(&digit.to_string(), false);
        }
        assert_eq!((entry.can.as_str(), entry.code.as_str()), ("412907", "246813"));
        assert_eq!(entry.clone().pressed("5", false).code, "246813", "no more than there is room for");
        assert_eq!(entry.clone().pressed("<", false).code, "24681");
        assert_eq!(entry.missing(true, false).unwrap(), "Choisissez le nombre affiché par le navigateur.");
        assert_eq!(entry.missing(false, false), None);
        assert!(entry.missing(false, true).is_some());
    }

    #[test]
    fn what_is_offered_is_what_the_state_admits_or_what_it_may_have_become() {
        let all = ["created", "active", "requested", "at_desk", "awaiting_activation", "certified", "suspended"];
        for state in all {
            assert!(possible(Some(state)).contains(&"delete") && !possible(Some(state)).contains(&"create"), "{state}");
            assert!(possible(Some(state)).iter().all(|kind| title(kind).is_some()), "{state}");
        }
        let offering = |kind: &'static str| -> Vec<&str> {
            all.into_iter().filter(|state| possible(Some(state)).contains(&kind)).collect()
        };
        assert_eq!(offering("restore"), ["suspended"]);
        assert_eq!(offering("activate"), ["requested", "at_desk", "awaiting_activation"]);
        assert_eq!(possible(Some("closed")), ["create", "code"]);
        assert_eq!(possible(None), ["show", "create", "code"]);
    }

    #[test]
    fn a_day_is_told_whatever_form_it_comes_in() {
        assert_eq!(day(&0.into()).as_deref(), Some("01/01/1970"));
        assert_eq!(day(&"2031-11-22T10:00:00Z".into()).as_deref(), Some("22/11/2031"));
        assert_eq!(day(&"2031-11-22".into()).as_deref(), Some("2031-11-22"));
        assert_eq!(day(&Value::Null), None);
    }
}
