//! Something went wrong: what happened, what to do, and what to tell support.

use askama::Template;

use super::{Forms, Page, Service, View};
use crate::audit::names;

/// The page of a problem that no page of the sign-in can tell better.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub(crate) struct Problem<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// What went wrong.
    pub(crate) what: WhatWentWrong,
    /// The stable error code; support knows it.
    pub(crate) code: &'a str,
    /// The number of this occurrence, as it stands in the logs.
    pub(crate) occurrence: &'a str,
    /// The service, when it is known. For an unexpected return its link leads to the sign-in.
    pub(crate) service: Option<Service<'a>>,
}

/// What went wrong, as a citizen can understand it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhatWentWrong {
    /// The relying party is unknown or switched off.
    UnknownService,
    /// Its redirect URI is not registered.
    UnknownReturnAddress,
    /// Its request cannot be read.
    BadRequest,
    /// A return from a provider that no sign-in waits for.
    UnexpectedReturn,
    /// A form whose token is missing, wrong or used.
    StaleForm,
    /// There is no such page.
    NotFound,
    /// The page exists, not with this method.
    WrongMethod,
    /// Too much was asked for from one address in a short time.
    TooManyRequests,
    /// A part of the gateway does not answer, or it is stopping.
    Unavailable,
    /// A link of a mail that is not ours, or not for this.
    UnknownLink,
    /// A link of a mail whose time is over.
    LateLink,
    /// A request for certification that is none, was used, or is over.
    NoRequest,
}

names! {
    /// The code of a page that refuses, as citizens and integrators read it out.
    ProblemCode {
        /// The authorization request cannot be read.
        P100 = "P100",
        /// `client_id` is missing, repeated or malformed.
        P101 = "P101",
        /// The client is unknown or disabled.
        P102 = "P102",
        /// `redirect_uri` is missing or repeated.
        P103 = "P103",
        /// `redirect_uri` is not registered.
        P104 = "P104",
        /// `state` is repeated or too long.
        P105 = "P105",
        /// `request_uri` names no request of this client.
        P106 = "P106",
        /// The request object is not one of this client.
        P107 = "P107",
        /// The secret of a form is missing or another's, or the form stood on another site.
        P110 = "P110",
        /// A form cannot be read.
        P111 = "P111",
        /// A logout request cannot be trusted.
        P120 = "P120",
        /// A link of a mail is not ours, or not for this page.
        P130 = "P130",
        /// The time of a link is over.
        P131 = "P131",
        /// A request for certification is none, was used, or is over.
        P132 = "P132",
        /// A return from a provider that names no sign-in.
        P201 = "P201",
        /// A return from a provider that belongs to no attempt.
        P202 = "P202",
        /// A return from a logout at a provider that nobody was sent to.
        P203 = "P203",
        /// No such page.
        P404 = "P404",
        /// The page has no such method.
        P405 = "P405",
        /// Too many sign-ins from one address.
        P429 = "P429",
        /// A part of the gateway does not answer.
        P500 = "P500",
    }
}

impl Problem<'_> {
    /// After an unexpected return the sign-in is still there to go on with.
    fn back_words(&self, service: &Service<'_>) -> String {
        let (t, name) = (self.page.t, self.page.name(service.name));
        if self.what == WhatWentWrong::UnexpectedReturn { t.resume_to(name) } else { t.back_to(name) }
    }

    fn title(&self) -> String {
        let t = self.page.t;
        match self.what {
            WhatWentWrong::UnknownService => t.problem_unknown_service_title(),
            WhatWentWrong::UnknownReturnAddress => t.problem_return_title(),
            WhatWentWrong::BadRequest => t.problem_request_title(),
            WhatWentWrong::UnexpectedReturn => t.problem_return_trip_title(),
            WhatWentWrong::StaleForm => t.problem_form_title(),
            WhatWentWrong::NotFound => t.problem_not_found_title(),
            WhatWentWrong::WrongMethod => t.problem_method_title(),
            WhatWentWrong::TooManyRequests => t.problem_too_many_title(),
            WhatWentWrong::UnknownLink => t.problem_link_title(),
            WhatWentWrong::LateLink => t.problem_link_late_title(),
            WhatWentWrong::NoRequest => t.problem_asked_title(),
            WhatWentWrong::Unavailable => return t.problem_unavailable_title(self.page.brand_name()),
        }
        .to_owned()
    }

    fn explanation(&self) -> String {
        let t = self.page.t;
        match self.what {
            WhatWentWrong::UnknownService => return t.problem_unknown_service(self.page.brand_name()),
            WhatWentWrong::UnknownReturnAddress => t.problem_return(),
            WhatWentWrong::BadRequest => t.problem_request(),
            WhatWentWrong::UnexpectedReturn => t.problem_return_trip(),
            WhatWentWrong::StaleForm => t.problem_form(),
            WhatWentWrong::NotFound => t.problem_not_found(),
            WhatWentWrong::WrongMethod => t.problem_method(),
            WhatWentWrong::TooManyRequests => t.problem_too_many(),
            WhatWentWrong::Unavailable => t.problem_unavailable(),
            WhatWentWrong::UnknownLink => t.problem_link(),
            WhatWentWrong::LateLink => t.problem_link_late(),
            WhatWentWrong::NoRequest => t.problem_asked(),
        }
        .to_owned()
    }

    const fn advice(&self) -> &'static str {
        let t = self.page.t;
        match self.what {
            WhatWentWrong::UnknownService | WhatWentWrong::UnknownReturnAddress => t.problem_unknown_service_advice(),
            WhatWentWrong::BadRequest => t.problem_request_advice(),
            WhatWentWrong::UnexpectedReturn | WhatWentWrong::StaleForm => t.problem_restart_advice(),
            WhatWentWrong::NotFound | WhatWentWrong::WrongMethod => t.problem_not_found_advice(),
            WhatWentWrong::TooManyRequests => t.problem_too_many_advice(),
            WhatWentWrong::Unavailable => t.problem_unavailable_advice(),
            WhatWentWrong::UnknownLink => t.problem_link_advice(),
            WhatWentWrong::LateLink => t.problem_link_late_advice(),
            WhatWentWrong::NoRequest => t.problem_asked_advice(),
        }
    }
}

impl View for Problem<'_> {
    const FORMS: Forms = Forms::None;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
