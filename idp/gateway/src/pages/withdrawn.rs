//! The service is not served any more, or not for now: said in plain words, with the way back.

use askama::Template;
use domain::client::Label;
use domain::habilitation::grant::NotLive;
use domain::id::SignInId;

use super::{Forms, Page, View};

/// The code on the page.
pub(crate) const CODE: &str = "P350";

/// The page of a citizen in the middle of a sign-in whose service is not served any more. The way back to the service is
/// `/signin/{id}/cancel` with `csrf`: the service is told why.
#[derive(Debug, Template)]
#[template(path = "withdrawn.html")]
pub(crate) struct Withdrawn<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The sign-in.
    pub(crate) sign_in: &'a SignInId,
    /// The token of its forms.
    pub(crate) csrf: &'a str,
    /// The service the citizen goes to.
    pub(crate) service: &'a Label,
    /// Why it is not served.
    pub(crate) why: NotLive,
    /// The stable error code.
    pub(crate) code: &'a str,
    /// The number of this occurrence, as it stands in the logs.
    pub(crate) occurrence: &'a str,
}

impl Withdrawn<'_> {
    fn explanation(&self) -> String {
        let (t, service) = (self.page.t, self.page.name(self.service));
        if self.is_for_now() { t.withdrawn_for_now(service) } else { t.withdrawn(service) }
    }

    fn advice(&self) -> Vec<String> {
        let (t, service) = (self.page.t, self.page.name(self.service));
        let first = if self.is_for_now() { t.withdrawn_later().to_owned() } else { t.withdrawn_ask(service) };
        vec![first, t.withdrawn_otherwise(service)]
    }

    /// Whether it may come back by itself. A citizen is not told more: what stands between a service and those who
    /// habilitate it is not theirs to settle.
    const fn is_for_now(&self) -> bool {
        match self.why {
            NotLive::ServiceOff | NotLive::ProviderOff | NotLive::LevelOff | NotLive::Suspended | NotLive::NotYet => {
                true
            }
            NotLive::Disabled
            | NotLive::None
            | NotLive::Revoked
            | NotLive::Obsolete
            | NotLive::Expired
            | NotLive::AboveLevel => false,
        }
    }
}

impl View for Withdrawn<'_> {
    const FORMS: Forms = Forms::Leave;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
