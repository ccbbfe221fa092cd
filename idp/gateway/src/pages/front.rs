//! What stands at the address of the gateway itself: for whoever typed it, and came from no service.

use askama::Template;

use super::{Forms, Page, View};

/// What this is, and the ways on that there are.
#[derive(Debug, Template)]
#[template(path = "front.html")]
pub(crate) struct Front<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Whether identities on cards are looked after here.
    pub(crate) cards: bool,
    /// Where the public figures are, if they are told.
    pub(crate) figures: Option<&'a str>,
    /// Where the desks of communes are, if there are any.
    pub(crate) desk: Option<&'a str>,
}

impl Front<'_> {
    const fn has_ways(&self) -> bool {
        self.cards || self.figures.is_some() || self.desk.is_some()
    }
}

impl View for Front<'_> {
    const FORMS: Forms = Forms::None;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
