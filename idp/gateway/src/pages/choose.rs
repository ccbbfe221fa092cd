//! Step 1: which account the citizen signs in with.

use askama::Template;
use domain::client::Label;
use domain::cnie::refusal::Refusal;
use domain::id::{ProviderId, SignInId};
use domain::level::Level;

use super::{Forms, Page, View};

/// The page on which a citizen chooses an account.
///
/// The choice is posted to `/signin/{id}/choose` as `provider` and `csrf`, the cancellation to `/signin/{id}/cancel`.
#[derive(Debug, Template)]
#[template(path = "choose.html")]
pub(crate) struct Choose<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The sign-in.
    pub(crate) sign_in: &'a SignInId,
    /// The token of its forms.
    pub(crate) csrf: &'a str,
    /// The service the citizen goes to.
    pub(crate) service: &'a Label,
    /// The level it asks for.
    pub(crate) asked: Level,
    /// The accounts that can be used, in order.
    pub(crate) usable: Vec<Usable<'a>>,
    /// The accounts that cannot, in order.
    pub(crate) shut: Vec<Shut<'a>>,
    /// What happened before.
    pub(crate) banner: Option<Banner<'a>>,
}

/// An account that can be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usable<'a> {
    /// Its provider.
    pub(crate) id: &'a ProviderId,
    /// Its title.
    pub(crate) title: &'a Label,
    /// The path of its logo; its first letter stands in for it.
    pub(crate) logo: Option<&'a str>,
}

/// An account that cannot be used, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shut<'a> {
    /// Its provider.
    pub(crate) id: &'a ProviderId,
    /// Its title.
    pub(crate) title: &'a Label,
    /// The path of its logo.
    pub(crate) logo: Option<&'a str>,
    /// Why not.
    pub(crate) why: WhyShut,
}

/// Why an account cannot be used for this sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyShut {
    /// It cannot meet the level asked for.
    LevelTooLow,
    /// The service does not accept it, or it does not serve the service.
    NotForThisService,
    /// It does not answer.
    Unavailable,
    /// The citizen blocked it.
    BlockedByCitizen,
    /// Whoever runs the gateway switched it off.
    SwitchedOff,
}

impl WhyShut {
    /// A name for style sheets and tests.
    const fn name(self) -> &'static str {
        match self {
            Self::LevelTooLow => "level",
            Self::NotForThisService => "service",
            Self::Unavailable => "unavailable",
            Self::BlockedByCitizen => "blocked",
            Self::SwitchedOff => "switched-off",
        }
    }
}

/// What happened before the citizen came (back) to the chooser.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Banner<'a> {
    /// The citizen cancelled at the provider (`access_denied`).
    Cancelled(&'a Label),
    /// The provider answered an error.
    Failed(&'a Label),
    /// The provider did not answer.
    Unreachable(&'a Label),
    /// Our own provider said no to a card.
    Card(&'a Label, Refusal),
    /// The account that was chosen cannot be chosen, or not any more.
    NoLongerOffered,
}

impl Choose<'_> {
    fn banner_words(&self, banner: &Banner<'_>) -> (String, &'static str) {
        let (t, name) = (self.page.t, |label| self.page.name(label));
        match *banner {
            Banner::Cancelled(provider) => (t.banner_cancelled(name(provider)), t.banner_advice()),
            Banner::Failed(provider) => (t.banner_failed(name(provider)), t.banner_advice()),
            Banner::Unreachable(provider) => (t.banner_unreachable(name(provider)), t.banner_advice()),
            Banner::Card(provider, Refusal::RefusedByCitizen) => {
                (t.banner_cancelled(name(provider)), t.banner_advice())
            }
            Banner::Card(_, refusal) => {
                let (told, advice) = super::card::words(t, refusal);
                (told.to_owned(), advice)
            }
            Banner::NoLongerOffered => (t.banner_no_longer_offered().to_owned(), t.banner_advice_other()),
        }
    }

    /// What the level asks of the citizen, where it asks for more than a password.
    fn level_words(&self) -> Option<String> {
        let service = self.page.name(self.service);
        match self.asked {
            Level::Low => None,
            Level::Substantial => Some(self.page.t.choose_level_substantial(service)),
            Level::High => Some(self.page.t.choose_level_high(service)),
        }
    }

    const fn why_words(&self, account: &Shut<'_>) -> &'static str {
        match account.why {
            WhyShut::LevelTooLow => self.page.t.shut_level(),
            WhyShut::NotForThisService => self.page.t.shut_service(),
            WhyShut::Unavailable => self.page.t.shut_unavailable(),
            WhyShut::BlockedByCitizen => self.page.t.shut_blocked(),
            WhyShut::SwitchedOff => self.page.t.shut_switched_off(),
        }
    }

    /// The letter that stands in for a logo.
    fn initial(&self, title: &Label) -> String {
        let letter = self.page.shown(self.page.name(title)).to_string().chars().find(|c| c.is_alphanumeric());
        letter.map_or_else(|| "·".to_owned(), |c| c.to_uppercase().to_string())
    }
}

impl View for Choose<'_> {
    const FORMS: Forms = Forms::Leave;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
