//! A form that was filled in wrongly: it comes back as it was, with the field that is wrong.

use super::{Desk, Field, Sent};

/// What was filled in wrongly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mistake<'a> {
    /// Under which code it is accounted for.
    pub(crate) code: Desk,
    /// Where.
    pub(crate) field: Field,
    /// What was sent.
    pub(crate) form: &'a Sent,
}

impl Mistake<'_> {
    /// Whether it is in the field, or the group of fields, of this name.
    pub(super) fn is_in(&self, name: &str) -> bool {
        let field = match self.field {
            Field::Name => "name",
            Field::Mail => "mail",
            Field::Roles => "roles",
            Field::Trained => "trained",
            Field::Authorised => "authorised",
            Field::Birthdate => "birthdate",
            Field::Key => "key",
        };
        field == name
    }
}
