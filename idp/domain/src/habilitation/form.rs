//! A form as far as it was filled in: what people typed, field by field. Nothing here is complete or right but what
//! [`Complete`](super::complete::Complete) read from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::field::{Field, Kind};
use crate::claims::scopes::Scope;

/// What was typed. An empty field is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Form(BTreeMap<Field, String>);

/// Why a text cannot stand in a field at all. What was typed goes back to the page as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is too long.
    #[error("has {seen} characters, {most} at most")]
    TooLong {
        /// How long it is.
        seen: usize,
        /// How long it may be.
        most: usize,
    },
    /// It holds a character that cannot be shown.
    #[error("holds a character that cannot be shown")]
    Control,
    /// It is none of the choices.
    #[error("is none of the choices")]
    Choice,
}

/// A field that two people changed at the same time, to different texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Which.
    pub field: Field,
    /// What the other person made of it: it stays.
    pub theirs: String,
    /// What this person typed: it goes back to them, so that nothing is lost.
    pub mine: String,
}

/// What came of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The form with every change that nobody else's stood against.
    pub form: Form,
    /// The fields it changed.
    pub changed: BTreeSet<Field>,
    /// What stood against each other.
    pub conflicts: Vec<Conflict>,
}

/// What one line of text, a mail address, an address of the web may count at most.
const LONGEST_LINE: usize = 2048;

impl Form {
    /// What stands in a field; empty when nothing does.
    pub fn get(&self, field: Field) -> &str {
        self.0.get(&field).map_or("", String::as_str)
    }

    /// Writes in a field. Line ends are made one, space around is left out.
    pub fn set(&mut self, field: Field, text: &str) -> Result<(), Unfit> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim();
        fits(field.kind(), text)?;
        if text.is_empty() {
            self.0.remove(&field);
        } else {
            self.0.insert(field, text.to_owned());
        }
        Ok(())
    }

    /// The fields in which something stands.
    pub fn filled(&self) -> impl Iterator<Item = (Field, &str)> {
        self.0.iter().map(|(field, text)| (*field, text.as_str()))
    }

    /// The scopes that are ticked.
    pub fn asked(&self) -> impl Iterator<Item = Scope> {
        super::field::askable().filter(|scope| !self.get(Field::Asks(*scope)).is_empty())
    }

    /// The form after someone who had read `base` wrote `typed`, while it had become `self`.
    ///
    /// A field that they left as it was read stays as it is now; one that both changed, to different texts, stays as it is
    /// now and is a conflict.
    pub fn merge(&self, base: &Self, typed: &Self, fields: impl IntoIterator<Item = Field>) -> Merged {
        let mut merged = Merged { form: self.clone(), changed: BTreeSet::new(), conflicts: Vec::new() };
        for field in fields {
            let (was, is, mine) = (base.get(field), self.get(field), typed.get(field));
            if mine == was || mine == is {
                continue;
            }
            if is == was {
                merged.changed.insert(field);
                if mine.is_empty() {
                    merged.form.0.remove(&field);
                } else {
                    merged.form.0.insert(field, mine.to_owned());
                }
            } else {
                merged.conflicts.push(Conflict { field, theirs: is.to_owned(), mine: mine.to_owned() });
            }
        }
        merged
    }
}

fn fits(kind: Kind, text: &str) -> Result<(), Unfit> {
    let (most, lines) = match kind {
        Kind::Line(most) => (most, false),
        Kind::Text(most) | Kind::Lines(most) => (most, true),
        Kind::Tick if matches!(text, "" | "on") => return Ok(()),
        Kind::Choice(choices) if text.is_empty() || choices.contains(&text) => return Ok(()),
        Kind::Tick | Kind::Choice(_) => return Err(Unfit::Choice),
        Kind::Number | Kind::Day | Kind::Phone => (40, false),
        Kind::Mail => (254, false),
        Kind::Uri => (LONGEST_LINE, false),
    };
    let seen = text.chars().count();
    if seen > most {
        return Err(Unfit::TooLong { seen, most });
    }
    let shown = |c: char| (!c.is_control() || lines && matches!(c, '\n' | '\t')) && !is_hidden(c);
    if text.chars().all(shown) { Ok(()) } else { Err(Unfit::Control) }
}

/// Characters that show nothing or turn what follows around: a text that holds one is not what it seems.
const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(entries: &[(Field, &str)]) -> Form {
        let mut form = Form::default();
        for (field, text) in entries {
            form.set(*field, text).expect("fit");
        }
        form
    }

    #[test]
    fn what_was_typed_is_kept_and_an_empty_field_is_absent() {
        let mut form = form(&[(Field::Title, "  Cantine  "), (Field::Description, "une\r\ndeux")]);
        assert_eq!((form.get(Field::Title), form.get(Field::Description)), ("Cantine", "une\ndeux"));
        form.set(Field::Title, " ").expect("fit");
        assert_eq!(form.filled().count(), 1);
    }

    #[test]
    fn a_text_that_is_too_long_or_hides_something_changes_nothing() {
        let mut form = form(&[(Field::Title, "Cantine")]);
        let long = "é".repeat(101);
        assert_eq!(form.set(Field::Title, &long), Err(Unfit::TooLong { seen: 101, most: 100 }));
        for hidden in ["Can\u{202E}tine", "Can\u{200B}tine", "Can\ntine", "Can\u{0}tine"] {
            assert_eq!(form.set(Field::Title, hidden), Err(Unfit::Control), "{hidden:?}");
        }
        assert_eq!(form.set(Field::Level, "eidas4"), Err(Unfit::Choice));
        assert_eq!(form.set(Field::TermsAccepted, "yes"), Err(Unfit::Choice));
        assert_eq!(form.get(Field::Title), "Cantine");
    }

    #[test]
    fn of_two_who_write_at_once_neither_loses_a_text() {
        let base = form(&[(Field::Title, "Cantine"), (Field::Recipients, "École")]);
        let now = form(&[(Field::Title, "Cantine scolaire"), (Field::Recipients, "École")]);
        let typed = form(&[(Field::Title, "Cantines"), (Field::Recipients, "Écoles"), (Field::Volume, "20")]);
        let merged = now.merge(&base, &typed, [Field::Title, Field::Recipients, Field::Volume]);
        assert_eq!(
            merged.form,
            form(&[(Field::Title, "Cantine scolaire"), (Field::Recipients, "Écoles"), (Field::Volume, "20")])
        );
        assert_eq!(merged.changed, BTreeSet::from([Field::Recipients, Field::Volume]));
        let conflict =
            Conflict { field: Field::Title, theirs: "Cantine scolaire".to_owned(), mine: "Cantines".to_owned() };
        assert_eq!(merged.conflicts, [conflict]);
    }

    #[test]
    fn a_field_that_was_only_read_does_not_undo_what_another_wrote() {
        let base = form(&[(Field::Title, "Cantine")]);
        let now = form(&[(Field::Title, "Cantine scolaire")]);
        let merged = now.merge(&base, &base, [Field::Title]);
        assert_eq!((merged.form, merged.conflicts.len()), (now, 0));
    }

    #[test]
    fn a_form_is_kept_and_exported_by_the_names_of_its_fields() {
        let form = form(&[(Field::Title, "Cantine"), (Field::Asks(Scope::parse("email").expect("a scope")), "on")]);
        let json = serde_json::to_string(&form).expect("JSON");
        assert_eq!(json, r#"{"title":"Cantine","asks.email":"on"}"#);
        assert_eq!(serde_json::from_str::<Form>(&json).expect("a form"), form);
    }
}
