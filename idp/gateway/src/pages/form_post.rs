//! The page that posts an authorization response to the relying party (OAuth 2.0 Form Post Response Mode §2). It sends
//! itself, and has a button where no script runs.

use askama::Template;
use domain::client::Label;
use domain::oidc::response::Name;

use super::{Forms, Page, View};

/// The page between the gateway and a relying party that takes its answers by POST.
#[derive(Template)]
#[template(path = "form_post.html")]
pub(crate) struct FormPost<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The service the citizen goes back to.
    pub(crate) service: &'a Label,
    /// Its registered redirect URI.
    pub(crate) action: &'a str,
    /// The response.
    pub(crate) fields: &'a [(Name, String)],
}

impl View for FormPost<'_> {
    const FORMS: Forms = Forms::SendThemselves;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
