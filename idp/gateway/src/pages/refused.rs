//! A check said no: which one, in plain words, and the ways on.

use askama::Template;
use domain::client::Label;
use domain::id::{ProviderId, SignInId};
use domain::identity::account::NotAdmitted;
use domain::identity::civil::NotConfirmed;
use domain::level::Level;

use super::{Forms, Page, View};

/// The page of a sign-in that the checks refused.
///
/// Another account is asked for at `/signin/{id}/change`; the same one, where trying again can help, by the form of
/// the chooser, `/signin/{id}/choose` with `provider`; the way back to the service is `/signin/{id}/cancel`. Each with
/// `csrf`.
#[derive(Debug, Template)]
#[template(path = "refused.html")]
pub(crate) struct Refused<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The sign-in.
    pub(crate) sign_in: &'a SignInId,
    /// The token of its forms.
    pub(crate) csrf: &'a str,
    /// The service the citizen goes to.
    pub(crate) service: &'a Label,
    /// The provider whose answer was refused.
    pub(crate) provider: &'a ProviderId,
    /// Its title.
    pub(crate) provider_title: &'a Label,
    /// Why.
    pub(crate) why: WhyRefused,
    /// The stable error code.
    pub(crate) code: &'a str,
    /// The number of this occurrence, as it stands in the logs.
    pub(crate) occurrence: &'a str,
}

/// Why the checks refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyRefused {
    /// The civil registry does not confirm the identity.
    NotConfirmed(NotConfirmed),
    /// The civil registry does not answer.
    RegistryUnavailable,
    /// The account does not admit the sign-in.
    NotAdmitted(NotAdmitted),
    /// The provider returned an identity that is incomplete or malformed.
    InvalidIdentity,
    /// The provider vouched for less than this level.
    LevelNotMet(Level),
    /// The provider's answer could not be verified.
    UntrustedAnswer,
    /// The service expects another person.
    AnotherPerson,
}

impl Refused<'_> {
    const fn title(&self) -> &'static str {
        let t = self.page.t;
        match self.why {
            WhyRefused::NotConfirmed(_) => t.refused_identity_title(),
            WhyRefused::RegistryUnavailable => t.refused_registry_title(),
            WhyRefused::NotAdmitted(NotAdmitted::Frozen | NotAdmitted::OtherAccount) => t.refused_frozen_title(),
            WhyRefused::NotAdmitted(NotAdmitted::ProviderBlocked) => t.refused_blocked_title(),
            WhyRefused::InvalidIdentity => t.refused_invalid_title(),
            WhyRefused::LevelNotMet(_) => t.refused_level_title(),
            WhyRefused::UntrustedAnswer => t.refused_untrusted_title(),
            WhyRefused::AnotherPerson => t.refused_another_title(),
        }
    }

    fn explanation(&self) -> String {
        let t = self.page.t;
        let provider = self.page.name(self.provider_title);
        match self.why {
            WhyRefused::NotConfirmed(NotConfirmed::SingleEcho) => t.refused_single_echo(provider),
            WhyRefused::NotConfirmed(NotConfirmed::Several) => t.refused_several(provider),
            WhyRefused::NotConfirmed(NotConfirmed::MarriedName) => t.refused_married_name(provider),
            WhyRefused::NotConfirmed(NotConfirmed::NotFound) => t.refused_not_found(provider),
            WhyRefused::NotConfirmed(NotConfirmed::Rejected) => t.refused_rejected(provider),
            WhyRefused::NotConfirmed(NotConfirmed::Deceased) => t.refused_deceased().to_owned(),
            WhyRefused::RegistryUnavailable => t.refused_registry().to_owned(),
            WhyRefused::NotAdmitted(NotAdmitted::Frozen | NotAdmitted::OtherAccount) => t.refused_frozen().to_owned(),
            WhyRefused::NotAdmitted(NotAdmitted::ProviderBlocked) => t.refused_blocked(provider),
            WhyRefused::InvalidIdentity => t.refused_invalid(provider),
            WhyRefused::LevelNotMet(level) => t.refused_level(self.page.name(self.service), t.level(level), provider),
            WhyRefused::UntrustedAnswer => t.refused_untrusted(provider),
            WhyRefused::AnotherPerson => t.refused_another(self.page.name(self.service)),
        }
    }

    fn advice(&self) -> Vec<String> {
        let t = self.page.t;
        let provider = self.page.name(self.provider_title);
        let service = self.page.name(self.service);
        match self.why {
            WhyRefused::NotConfirmed(
                NotConfirmed::SingleEcho | NotConfirmed::Several | NotConfirmed::NotFound | NotConfirmed::Rejected,
            )
            | WhyRefused::InvalidIdentity => {
                vec![t.refused_identity_advice(provider), t.refused_identity_advice_other().to_owned()]
            }
            WhyRefused::NotConfirmed(NotConfirmed::MarriedName) => {
                vec![t.refused_married_name_advice(provider), t.refused_identity_advice_other().to_owned()]
            }
            WhyRefused::NotConfirmed(NotConfirmed::Deceased) => {
                vec![t.refused_deceased_advice().to_owned(), t.refused_deceased_advice_relative(service)]
            }
            WhyRefused::RegistryUnavailable => vec![t.refused_registry_advice().to_owned()],
            WhyRefused::NotAdmitted(NotAdmitted::Frozen | NotAdmitted::OtherAccount) => {
                vec![t.refused_frozen_advice().to_owned()]
            }
            WhyRefused::NotAdmitted(NotAdmitted::ProviderBlocked) => vec![t.refused_blocked_advice().to_owned()],
            WhyRefused::LevelNotMet(_) => vec![t.refused_level_advice().to_owned()],
            WhyRefused::UntrustedAnswer => vec![t.refused_try_again_advice().to_owned()],
            WhyRefused::AnotherPerson => vec![t.refused_another_advice().to_owned()],
        }
    }

    const fn may_try_again(&self) -> bool {
        match self.why {
            WhyRefused::RegistryUnavailable
            | WhyRefused::LevelNotMet(_)
            | WhyRefused::UntrustedAnswer
            | WhyRefused::AnotherPerson => true,
            WhyRefused::NotConfirmed(_) | WhyRefused::NotAdmitted(_) | WhyRefused::InvalidIdentity => false,
        }
    }

    /// Whether another account of the same person could pass: a death or a freeze holds for all of them.
    const fn may_choose_another(&self) -> bool {
        match self.why {
            WhyRefused::NotConfirmed(NotConfirmed::Deceased)
            | WhyRefused::NotAdmitted(NotAdmitted::Frozen | NotAdmitted::OtherAccount) => false,
            WhyRefused::NotConfirmed(
                NotConfirmed::SingleEcho
                | NotConfirmed::Several
                | NotConfirmed::MarriedName
                | NotConfirmed::NotFound
                | NotConfirmed::Rejected,
            )
            | WhyRefused::NotAdmitted(NotAdmitted::ProviderBlocked)
            | WhyRefused::RegistryUnavailable
            | WhyRefused::InvalidIdentity
            | WhyRefused::LevelNotMet(_)
            | WhyRefused::UntrustedAnswer
            | WhyRefused::AnotherPerson => true,
        }
    }
}

impl View for Refused<'_> {
    const FORMS: Forms = Forms::Leave;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
