//! A request as a file: `GET /espace/demandes/{request}/demande.json`, and a new one from such a file:
//! `POST /espace/organisations/{siret}/demandes/import`. A field that is unknown or does not fit is named, and nothing is made.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::habilitation::acting::Acting;
use domain::habilitation::field::Field;
use domain::habilitation::form::Form;
use domain::partners::permission::{EditRequests, ReadRequests};
use http::{HeaderValue, header};
use serde_json::{Map, Value, json};

use super::keep;
use crate::app::Shared;
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::requests::NotAFile;
use crate::pages::services::above;
use crate::partners::refusal;
use crate::partners::session::{CheckedForm, Holder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// The version of the file. One that grows takes in the ones before it.
const VERSION: u64 = 1;

/// `GET /espace/demandes/{request}/demande.json`.
pub(crate) async fn get(
    holder: Holder<ReadRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
) -> Response {
    match keep::find(&app, &request).await {
        Ok(Some(kept)) => {
            let (about, form) = (kept.review.about(), kept.review.form());
            let file = json!({
                "version": VERSION, "request": about.id, "organisation": about.organisation.digits(),
                "state": kept.review.state().name(), "form": form,
            });
            let name = HeaderValue::from_static("attachment; filename=\"demande.json\"");
            let typed = HeaderValue::from_static("application/json");
            let body = format!("{file:#}\n");
            ([(header::CONTENT_TYPE, typed), (header::CONTENT_DISPOSITION, name)], body).into_response()
        }
        Ok(None) => refusal::inside(&app, &holder.here, Space::Unseen),
        Err(error) => unavailable(&app, holder.here.occasion, &error),
    }
}

/// Why a text is no request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is not JSON, or not an object with a form.
    NotAForm,
    /// It is of a version that this program does not know.
    Version,
    /// These fields are unknown, or hold what cannot stand in them.
    Fields(Vec<String>),
}

/// Reads a file: what [`get`] gave, or the form in it alone.
pub(crate) fn read(text: &str) -> Result<Form, Unread> {
    let value: Value = serde_json::from_str(text).map_err(|_| Unread::NotAForm)?;
    if value.get("version").is_some_and(|version| version.as_u64() != Some(VERSION)) {
        return Err(Unread::Version);
    }
    let fields: &Map<String, Value> = value.get("form").unwrap_or(&value).as_object().ok_or(Unread::NotAForm)?;
    let (mut form, mut wrong) = (Form::default(), Vec::new());
    for (name, text) in fields {
        let fits = Field::parse(name).zip(text.as_str()).is_some_and(|(field, text)| form.set(field, text).is_ok());
        if !fits {
            wrong.push(name.chars().take(60).collect());
        }
    }
    if wrong.is_empty() { Ok(form) } else { Err(Unread::Fields(wrong)) }
}

/// `POST /espace/organisations/{siret}/demandes/import`.
pub(crate) async fn import(holder: Holder<EditRequests>, State(app): State<Shared>, sent: CheckedForm) -> Response {
    let here = &holder.here;
    let Some(organisation) = &holder.organisation else { return refusal::inside(&app, here, Space::Unseen) };
    let text = sent.text("file");
    let form = match read(text) {
        Ok(form) => form,
        Err(unread) => {
            let page = here.page(&app);
            let shell = here.shell(page.words().import_title()).below(above(organisation));
            let view = NotAFile { page, shell, organisation, csrf: &here.csrf, unread: &unread, text };
            return Entry::new(Space::InputInvalid).on(view.answer(refusal::status(Space::InputInvalid)));
        }
    };
    match keep::begin(&app, organisation, &Acting::from(&holder.held), form).await {
        Ok(Ok(id)) => see_other(&format!("/espace/demandes/{id}")),
        Ok(Err(why)) => refusal::inside(&app, here, why.into()),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_or_says_which_fields_are_wrong() {
        let form = read(r#"{"version":1,"form":{"title":"Cantine","asks.email":"on"}}"#).expect("a form");
        assert_eq!((form.get(Field::Title), form.filled().count()), ("Cantine", 2));
        assert_eq!(read(r#"{"title":"Cantine"}"#).expect("a form alone").get(Field::Title), "Cantine");
        assert_eq!(read("[]"), Err(Unread::NotAForm));
        assert_eq!(read("{"), Err(Unread::NotAForm));
        assert_eq!(read(r#"{"version":2,"form":{}}"#), Err(Unread::Version));
        let wrong = read(r#"{"form":{"title":"a","level":"eidas4","x.y":"z","volume":3}}"#);
        let names = ["level", "x.y", "volume"].map(str::to_owned).to_vec();
        assert_eq!(wrong, Err(Unread::Fields(names)));
    }
}
