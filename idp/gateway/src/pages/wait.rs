//! Checking is under way: what a second click sees while the first is still at work.

use askama::Template;
use domain::client::Label;
use domain::id::SignInId;

use super::{Forms, Page, View};

/// The page of a sign-in whose checks have not finished. It does not reload by itself: a page that moves under a
/// screen reader is lost (WCAG 2.2 §2.2.1).
#[derive(Debug, Template)]
#[template(path = "wait.html")]
pub(crate) struct Wait<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The sign-in.
    pub(crate) sign_in: &'a SignInId,
    /// The service the citizen goes to.
    pub(crate) service: &'a Label,
}

impl View for Wait<'_> {
    const FORMS: Forms = Forms::None;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
