//! Texts that reviewers write often, with places for what differs.

use serde::{Deserialize, Serialize};

/// For which answer a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A yes.
    Approval,
    /// A request is sent back.
    Changes,
    /// A no.
    Refusal,
}

impl Answer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Approval, Self::Changes, Self::Refusal];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Changes => "changes",
            Self::Refusal => "refusal",
        }
    }
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    answer: Answer,
    title: String,
    text: String,
}

/// What stands in the places of a template.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The name of the service: `{service}`.
    pub service: &'a str,
    /// The organisation: `{organisation}`.
    pub organisation: &'a str,
    /// The number of the request: `{request}`.
    pub request: &'a str,
}

/// Why a template cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// Its title.
    #[error("a title has 1 to 50 characters")]
    Title,
    /// Its text.
    #[error("a text has 1 to 4000 characters")]
    Text,
    /// It has a place that nothing stands in.
    #[error("the places are {{service}}, {{organisation}} and {{request}}")]
    Place,
}

impl Template {
    /// A template, when title and text are right.
    pub fn new(answer: Answer, title: &str, text: &str) -> Result<Self, BadTemplate> {
        let (title, text) = (title.trim(), text.trim());
        if !(1..=50).contains(&title.chars().count()) {
            return Err(BadTemplate::Title);
        }
        if !(1..=4000).contains(&text.chars().count()) {
            return Err(BadTemplate::Text);
        }
        let rest = filled(text, Places { service: "", organisation: "", request: "" });
        if rest.contains(['{', '}']) {
            return Err(BadTemplate::Place);
        }
        Ok(Self { answer, title: title.to_owned(), text: text.to_owned() })
    }

    /// For which answer it is.
    pub const fn answer(&self) -> Answer {
        self.answer
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its text, with its places open.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its text for a request. What stands in a place is not looked at again for places.
    pub fn fill(&self, places: Places<'_>) -> String {
        filled(&self.text, places)
    }
}

fn filled(text: &str, places: Places<'_>) -> String {
    let names = [("{service}", places.service), ("{organisation}", places.organisation), ("{request}", places.request)];
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some((name, value)) = names.iter().find(|(name, _)| from.starts_with(name)) {
            out.push_str(value);
            rest = from.get(name.len()..).unwrap_or_default();
        } else {
            out.push('{');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let text = "Bonjour {organisation}, « {service} » ({request}) manque d’un texte.";
        let template = Template::new(Answer::Changes, "Texte manquant", text).expect("right");
        let places = Places { service: "{organisation}", organisation: "Lyon", request: "42" };
        assert_eq!(template.fill(places), "Bonjour Lyon, « {organisation} » (42) manque d’un texte.");
    }

    #[test]
    fn a_place_of_nothing_and_a_title_that_is_too_long_are_refused() {
        let new = |title: &str, text: &str| Template::new(Answer::Refusal, title, text).map(|_| ());
        assert_eq!(new("Non", "Bonjour {name}"), Err(BadTemplate::Place));
        assert_eq!(new(&"é".repeat(51), "Bonjour"), Err(BadTemplate::Title));
        assert_eq!(new("Non", " "), Err(BadTemplate::Text));
        assert_eq!(new(&"é".repeat(50), "Bonjour {service}"), Ok(()));
    }
}
