//! A sign-in that is over, or that cannot be found: never a dead end.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::{Forms, Page, Service, View};
use crate::audit::{self, Other};

/// The page of a sign-in that cannot go on.
#[derive(Debug, Template)]
#[template(path = "ended.html")]
pub(crate) struct Ended<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Why it cannot.
    pub(crate) how: HowEnded,
    /// The service, when the sign-in is still known.
    pub(crate) service: Option<Service<'a>>,
}

/// How a sign-in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HowEnded {
    /// Its code was given out.
    Finished,
    /// The citizen cancelled, and there is nowhere to send them.
    Cancelled,
    /// It took too long.
    Expired,
    /// The browser does not show the cookie it began with, or names a sign-in nobody knows.
    CookieLost,
}

impl HowEnded {
    /// The code on the page.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Finished => "sign_in_finished",
            Self::Cancelled => "sign_in_cancelled",
            Self::Expired => "sign_in_expired",
            Self::CookieLost => "cookie_lost",
        }
    }
}

impl Ended<'_> {
    /// The answer to whoever asks for what is over: accounted for as a refusal.
    pub(crate) fn refuse(&self) -> Response {
        let refused = match self.how {
            HowEnded::CookieLost => Other::CookieLost,
            HowEnded::Finished | HowEnded::Cancelled | HowEnded::Expired => Other::Expired,
        };
        audit::mark(self.answer(StatusCode::GONE), refused)
    }

    fn back_words(&self, service: &Service<'_>) -> String {
        self.page.t.back_to(self.page.name(service.name))
    }

    const fn title(&self) -> &'static str {
        let t = self.page.t;
        match self.how {
            HowEnded::Finished => t.ended_finished_title(),
            HowEnded::Cancelled => t.ended_cancelled_title(),
            HowEnded::Expired => t.ended_expired_title(),
            HowEnded::CookieLost => t.lost_title(),
        }
    }

    fn paragraphs(&self) -> Vec<&'static str> {
        let t = self.page.t;
        match self.how {
            HowEnded::Finished => vec![t.ended_finished()],
            HowEnded::Cancelled => vec![t.nothing_sent()],
            HowEnded::Expired => vec![t.ended_expired(), t.nothing_sent()],
            HowEnded::CookieLost => vec![t.lost(), t.nothing_sent()],
        }
    }

    fn advice(&self) -> Vec<String> {
        let t = self.page.t;
        let restart = self.service.as_ref().map_or_else(
            || t.ended_restart_somewhere().to_owned(),
            |service| t.ended_restart(self.page.name(service.name)),
        );
        match self.how {
            HowEnded::Finished => vec![t.close_tab().to_owned()],
            HowEnded::Cancelled | HowEnded::Expired => vec![restart],
            HowEnded::CookieLost => {
                vec![t.lost_restart().to_owned(), t.lost_same_browser().to_owned(), t.lost_cookies().to_owned()]
            }
        }
    }
}

impl View for Ended<'_> {
    const FORMS: Forms = Forms::None;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
