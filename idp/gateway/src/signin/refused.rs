//! `/signin/{id}/refused`: the checks said no.

use axum::extract::State;
use axum::response::Response;
use domain::signin;
use domain::signin::refusal::Refusal;
use http::StatusCode;

use super::at::At;
use super::page::Occasion;
use crate::app::Shared;
use crate::pages::View as _;
use crate::pages::refused::{Refused, WhyRefused};

/// `GET /signin/{id}/refused`.
pub(crate) async fn get(State(app): State<Shared>, at: At<signin::Refused>) -> Response {
    let refusal = at.signin.refusal();
    let why = match refusal {
        Refusal::Civil(outcome) => WhyRefused::NotConfirmed(outcome),
        Refusal::CivilUnavailable => WhyRefused::RegistryUnavailable,
        Refusal::Account(reason) => WhyRefused::NotAdmitted(reason),
        Refusal::IdentityInvalid => WhyRefused::InvalidIdentity,
        Refusal::LevelTooLow => WhyRefused::LevelNotMet(at.signin.request().level),
        Refusal::LevelAboveCeiling => WhyRefused::UntrustedAnswer,
        Refusal::AnotherPerson => WhyRefused::AnotherPerson,
    };
    let path = format!("/signin/{}/refused", at.signin.id());
    Refused {
        page: Occasion::in_language(at.signin.language()).page(&app).switch_at(&path),
        sign_in: at.signin.id(),
        csrf: at.signin.csrf(),
        service: at.signin.service(),
        provider: at.signin.provider(),
        provider_title: &app.provider_title(at.signin.provider()),
        why,
        code: refusal.code(),
        occurrence: at.signin.reference().as_str(),
    }
    .answer(StatusCode::OK)
}
