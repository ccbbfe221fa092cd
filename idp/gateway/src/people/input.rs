//! What a commune admin types: read into types, or told field by field.

use domain::cnie::card::CardSecret;
use domain::cnie::case::PersonMark;
use domain::identity::pivot::Birthdate;
use domain::people::agent::{Period, Role, Roles, Terms};
use domain::people::name::{MailAddress, Name};
use domain::people::team::Newcomer;

use crate::pages::paris;
use crate::signin::form::Sent;

/// A field of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// A name.
    Name,
    /// A mail address.
    Mail,
    /// The roles.
    Roles,
    /// The date of the training.
    Trained,
    /// The dates of the authorisation.
    Authorised,
    /// A date of birth.
    Birthdate,
    /// A reader's key.
    Key,
}

/// Reads someone who is to become an agent, or names the first field that cannot be read.
pub(crate) fn newcomer(form: &Sent) -> Result<Newcomer, Field> {
    let name = Name::parse(form.field("name").unwrap_or_default()).map_err(|_| Field::Name)?;
    let mail = MailAddress::parse(form.field("mail").unwrap_or_default()).map_err(|_| Field::Mail)?;
    Ok(Newcomer { name, mail, terms: terms(form)? })
}

/// Reads who an agent declares to be; of the date, the parts that their card has.
pub(crate) fn person(form: &Sent, secret: &CardSecret) -> Result<PersonMark, Field> {
    let surname = Name::parse(form.field("name").unwrap_or_default()).map_err(|_| Field::Name)?;
    let born = form.field("birthdate").and_then(|day| Birthdate::parse(day).ok()).ok_or(Field::Birthdate)?;
    PersonMark::declared(surname.as_str(), born, secret).ok_or(Field::Name)
}

/// Reads the terms that an agent works on.
pub(crate) fn terms(form: &Sent) -> Result<Terms, Field> {
    let roles = [("agent", Role::Agent), ("admin", Role::CommuneAdmin)];
    let roles = roles.into_iter().filter(|(name, _)| form.field(name) == Some("yes")).map(|(_, role)| role);
    let roles = Roles::of(roles).map_err(|_| Field::Roles)?;
    let trained = match form.field("trained") {
        Some(day) => Some(paris::beginning_of(day).ok_or(Field::Trained)?),
        None => None,
    };
    Ok(Terms { roles, trained, authorised: authorised(form.field("from"), form.field("until"))? })
}

/// Reads the first and the last day of an authorisation: both, or neither.
pub(crate) fn authorised(from: Option<&str>, until: Option<&str>) -> Result<Option<Period>, Field> {
    match (from, until) {
        (None, None) => Ok(None),
        (Some(from), Some(until)) => {
            let period = paris::beginning_of(from).zip(paris::end_of(until));
            period.and_then(|(from, until)| Period::new(from, until).ok()).map(Some).ok_or(Field::Authorised)
        }
        (Some(_), None) | (None, Some(_)) => Err(Field::Authorised),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authorisation_lasts_to_the_end_of_its_last_day() {
        let period = authorised(Some("2026-03-01"), Some("2026-03-01")).expect("a day").expect("one");
        assert_eq!(period.until().seconds_since(period.from()), 86_400);
        assert_eq!(authorised(None, None), Ok(None));
        for (from, until) in [
            (Some("2026-03-02"), Some("2026-03-01")),
            (Some("2026-03-01"), None),
            (None, Some("2026-03-01")),
            (Some("demain"), Some("2026-03-01")),
        ] {
            assert_eq!(authorised(from, until), Err(Field::Authorised));
        }
    }
}
