//! Pages outside a sign-in: in which language, and with which number in the log.

use axum::response::Response;
use domain::id::Reference;
use domain::language::Language;
use http::StatusCode;
use http::header::{ACCEPT_LANGUAGE, HeaderMap};

use crate::app::App;
use crate::audit::{Code, Entry};
use crate::cookies;
use crate::pages::problem::{Problem, ProblemCode, WhatWentWrong};
use crate::pages::{Page, Service, View as _};

/// What is known of a request for which no sign-in is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occasion {
    language: Language,
}

impl Occasion {
    /// Reads the language that was chosen in this browser, or that it prefers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let preferred = || headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let language = cookies::language(headers).or_else(|| preferred().and_then(Language::from_accept_language));
        Self { language: language.unwrap_or_default() }
    }

    /// The language of a sign-in.
    pub(crate) const fn in_language(language: Language) -> Self {
        Self { language }
    }

    /// The page around the answer.
    pub(crate) fn page(self, app: &App) -> Page<'_> {
        Page::new(&app.brand, self.language)
    }
}

/// A problem page. Its number stands in the log beside its code.
pub(crate) fn problem(
    app: &App,
    occasion: Occasion,
    status: StatusCode,
    what: WhatWentWrong,
    code: ProblemCode,
) -> Response {
    problem_at(app, occasion, status, what, code, None)
}

/// A problem page with the way back to a service.
pub(crate) fn problem_at(
    app: &App,
    occasion: Occasion,
    status: StatusCode,
    what: WhatWentWrong,
    code: ProblemCode,
    service: Option<Service<'_>>,
) -> Response {
    let occurrence = Reference::from_random(app.random.bytes());
    let page = occasion.page(app);
    let answer = Problem { page, what, code: code.name(), occurrence: occurrence.as_str(), service }.answer(status);
    Entry::new(Code::Page(code)).numbered(occurrence).on(answer)
}
