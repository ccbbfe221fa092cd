//! Signing out: the question before it (OIDC RP-Initiated Logout §2), and the page after it.

use askama::Template;
use axum::response::Response;
use domain::client::Label;
use http::header::REFRESH;
use http::{HeaderValue, StatusCode};

use super::{Forms, Page, Service, View};

/// The question whether to sign out. It is posted to `/end-session` with `csrf`, the fields of the request that asked,
/// and `answer=yes` or `answer=no`.
#[derive(Debug, Template)]
#[template(path = "confirm_logout.html")]
pub(crate) struct ConfirmLogout<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The token of its form.
    pub(crate) csrf: &'a str,
    /// Fields that travel with the answer, such as `id_token_hint` and `state`.
    pub(crate) fields: &'a [(&'a str, &'a str)],
    /// The service that asks, when it is known.
    pub(crate) service: Option<&'a Label>,
}

/// The page on the way to the provider, to sign out there too. It goes on by itself, at once, and has a link for who
/// stays.
///
/// It is a page and not a redirect, because a service's logout is often a form: Chromium holds the `form-action` of the
/// page with that form against every redirect that follows, and a service can list the gateway there, not the provider
/// that its citizen chose.
#[derive(Debug, Template)]
#[template(path = "leaving.html")]
pub(crate) struct Leaving<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The provider.
    pub(crate) provider: &'a Label,
    /// Its address.
    pub(crate) to: &'a str,
}

impl Leaving<'_> {
    /// The answer, which goes on without any script.
    pub(crate) fn go_on(&self) -> Response {
        going_on(self.answer(StatusCode::OK), self.to)
    }
}

/// A page that goes on to an address at once. Unlike after a redirect, nothing of the page's own address goes along.
pub(crate) fn going_on(mut page: Response, to: &str) -> Response {
    // The address is one that a URL was made into: printable ASCII without a line break.
    let refresh = HeaderValue::try_from(format!("0; url={to}")).expect("a URL is ASCII");
    page.headers_mut().insert(REFRESH, refresh);
    page
}

impl View for Leaving<'_> {
    const FORMS: Forms = Forms::None;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}

/// The page after signing out, where the service named no address to go back to.
#[derive(Debug, Template)]
#[template(path = "logged_out.html")]
pub(crate) struct LoggedOut<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// What the citizen answered.
    pub(crate) session: Session,
    /// The service, when it is known.
    pub(crate) service: Option<Service<'a>>,
}

/// What became of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    /// It is closed, or there was none.
    Closed,
    /// The citizen kept it.
    Kept,
}

impl LoggedOut<'_> {
    fn back_words(&self, service: &Service<'_>) -> String {
        self.page.t.back_to(self.page.name(service.name))
    }

    const fn title(&self) -> &'static str {
        match self.session {
            Session::Closed => self.page.t.logged_out_title(),
            Session::Kept => self.page.t.logged_out_stayed_title(),
        }
    }

    const fn is_closed(&self) -> bool {
        match self.session {
            Session::Closed => true,
            Session::Kept => false,
        }
    }
}

impl View for ConfirmLogout<'_> {
    const FORMS: Forms = Forms::Leave;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}

impl View for LoggedOut<'_> {
    const FORMS: Forms = Forms::None;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
