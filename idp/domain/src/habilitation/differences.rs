//! What changed between two versions of a form, field by field.

use super::field::{Field, Kind};
use super::form::Form;

/// One field that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Ticked now.
    Ticked(Field),
    /// No longer ticked.
    Unticked(Field),
    /// Filled in now.
    Added {
        /// Which.
        field: Field,
        /// What stands there.
        now: String,
    },
    /// Empty now.
    Removed {
        /// Which.
        field: Field,
        /// What stood there.
        was: String,
    },
    /// Another text.
    Changed {
        /// Which.
        field: Field,
        /// What stood there.
        was: String,
        /// What stands there.
        now: String,
    },
}

impl Difference {
    /// Where.
    pub const fn field(&self) -> Field {
        match self {
            Self::Ticked(field)
            | Self::Unticked(field)
            | Self::Added { field, .. }
            | Self::Removed { field, .. }
            | Self::Changed { field, .. } => *field,
        }
    }
}

/// The differences of a form from an earlier one, in the order of the form.
pub fn between(earlier: &Form, later: &Form) -> Vec<Difference> {
    Field::all()
        .filter_map(|field| {
            let (was, now) = (earlier.get(field), later.get(field));
            let tick = matches!(field.kind(), Kind::Tick);
            match (was.is_empty(), now.is_empty(), tick) {
                _ if was == now => None,
                (true, false, true) => Some(Difference::Ticked(field)),
                (false, true, true) => Some(Difference::Unticked(field)),
                (true, _, _) => Some(Difference::Added { field, now: now.to_owned() }),
                (false, true, _) => Some(Difference::Removed { field, was: was.to_owned() }),
                (false, false, _) => Some(Difference::Changed { field, was: was.to_owned(), now: now.to_owned() }),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::scopes::Scope;

    #[test]
    fn every_kind_of_change_is_told_apart_and_what_is_equal_is_not_told() {
        let email = Field::Asks(Scope::parse("email").expect("a scope"));
        let gender = Field::Asks(Scope::parse("gender").expect("a scope"));
        let write = |entries: &[(Field, &str)]| {
            let mut form = Form::default();
            for (field, text) in entries {
                form.set(*field, text).expect("fit");
            }
            form
        };
        let was = write(&[(Field::Title, "Cantine"), (Field::Volume, "20"), (gender, "on"), (Field::Editor, "X")]);
        let now =
            write(&[(Field::Title, "Cantines"), (Field::Volume, "20"), (email, "on"), (Field::Recipients, "École")]);
        let told = between(&was, &now);
        let (x, ecole) = ("X".to_owned(), "École".to_owned());
        assert_eq!(
            told,
            [
                Difference::Changed { field: Field::Title, was: "Cantine".to_owned(), now: "Cantines".to_owned() },
                Difference::Removed { field: Field::Editor, was: x },
                Difference::Unticked(gender),
                Difference::Ticked(email),
                Difference::Added { field: Field::Recipients, now: ecole },
            ]
        );
        assert_eq!(between(&now, &now), []);
    }
}
