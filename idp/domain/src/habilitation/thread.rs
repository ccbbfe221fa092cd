//! What applicants and reviewers write to each other about a request.

use serde::{Deserialize, Serialize};

use super::acting::Author;
use crate::time::Timestamp;

/// As many characters a message has at most.
pub const LONGEST: usize = 5000;

/// On which side of the counter someone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The organisation's.
    Applicant,
    /// The reviewers'.
    Review,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who wrote it.
    pub by: Author,
    /// From which side.
    pub side: Side,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: Words,
}

/// The text of a message: 1 to 5000 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Words(String);

/// A message that says nothing, or too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message has 1 to 5000 characters")]
pub struct NoWords;

impl Words {
    /// Reads it; space around it is left out.
    pub fn parse(text: &str) -> Result<Self, NoWords> {
        let text = text.trim();
        if (1..=LONGEST).contains(&text.chars().count()) { Ok(Self(text.to_owned())) } else { Err(NoWords) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Words {
    type Error = NoWords;

    fn try_from(text: String) -> Result<Self, NoWords> {
        Self::parse(&text)
    }
}

impl From<Words> for String {
    fn from(words: Words) -> Self {
        words.0
    }
}

/// How many messages of the other side a reader has not seen, who last looked at a moment.
pub fn unread(messages: &[Message], reader: Side, looked: Option<Timestamp>) -> usize {
    messages.iter().filter(|message| message.side != reader && looked.is_none_or(|looked| message.at > looked)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unread_is_what_the_other_side_wrote_since_one_looked() {
        let message = |side, at| Message {
            by: Author::Operator,
            side,
            at: Timestamp::from_epoch(at),
            text: Words::parse("Bonjour").expect("words"),
        };
        let thread = [message(Side::Applicant, 10), message(Side::Review, 20), message(Side::Applicant, 30)];
        let seen = |at| Some(Timestamp::from_epoch(at));
        assert_eq!(unread(&thread, Side::Review, None), 2);
        assert_eq!(unread(&thread, Side::Review, seen(10)), 1);
        assert_eq!(unread(&thread, Side::Review, seen(30)), 0);
        assert_eq!(unread(&thread, Side::Applicant, None), 1);
    }

    #[test]
    fn a_message_says_something_and_not_too_much() {
        assert!(Words::parse(" \n ").is_err());
        assert!(Words::parse(&"é".repeat(LONGEST)).is_ok());
        assert!(Words::parse(&"é".repeat(LONGEST + 1)).is_err());
    }
}
