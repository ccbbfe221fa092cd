//! What is refused at the desk, in words.

use askama::Template;

use super::super::{Forms, Page, View};
use crate::audit::Desk;

/// The page of a refusal.
#[derive(Debug, Template)]
#[template(path = "people_refused.html")]
pub(crate) struct Refused<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// What is refused.
    pub(crate) code: Desk,
    /// The number of this occurrence.
    pub(crate) occurrence: &'a str,
    /// Where to go from here.
    pub(crate) way_on: WayOn,
}

/// Where to go from a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WayOn {
    /// To the first page of the desk.
    Desk,
    /// To the sign-in.
    SignIn,
}

impl Refused<'_> {
    const fn words(&self) -> (&'static str, &'static str, &'static str) {
        let t = self.page.t;
        match self.code {
            Desk::InvitationGone => {
                (t.refused_invitation_title(), t.refused_invitation(), t.refused_invitation_advice())
            }
            Desk::NotActive | Desk::PasskeyWithdrawn => {
                (t.refused_access_title(), t.refused_access(), t.refused_ask_admin())
            }
            Desk::NotAuthorised => (t.refused_dates_title(), t.refused_dates(), t.refused_ask_admin()),
            Desk::RoleMissing => (t.refused_role_title(), t.refused_role(), t.refused_ask_admin()),
            Desk::Untrained => (t.refused_untrained_title(), t.refused_untrained(), t.refused_ask_admin()),
            Desk::CommuneNotCertifying => (t.refused_commune_title(), t.refused_commune(), t.refused_commune_advice()),
            Desk::Unknown | Desk::OtherCommune | Desk::ReaderUnknown => {
                (t.refused_unknown_title(), t.refused_unknown(), t.refused_look_again())
            }
            Desk::OwnDeclaration => (t.refused_declaration_title(), t.refused_declaration(), t.refused_own_advice()),
            Desk::CorrectionDiffers => (t.refused_differs_title(), t.refused_differs(), t.refused_differs_advice()),
            Desk::OwnTerms => (t.refused_own_title(), t.refused_own(), t.refused_own_advice()),
            Desk::AlreadyDeclared => (t.refused_declared_title(), t.refused_declared(), t.refused_declared_advice()),
            Desk::LastAdmin => (t.refused_last_title(), t.refused_last(), t.refused_last_advice()),
            Desk::PasskeyLast => (t.refused_passkey_title(), t.refused_passkey(), t.refused_passkey_advice()),
            Desk::PasskeysTooMany => (t.refused_many_title(), t.refused_many(), t.refused_many_advice()),
            Desk::StaleForm | Desk::CeremonyUnknown => {
                (t.problem_form_title(), t.problem_form(), t.refused_look_again())
            }
            Desk::ChangedMeanwhile
            | Desk::NoCorrection
            | Desk::InputInvalid
            | Desk::MailTaken
            | Desk::ReaderKnown
            | Desk::AssertionRefused
            | Desk::RegistrationRefused
            | Desk::PasskeyUnknown
            | Desk::PasskeyKnown => (t.refused_meanwhile_title(), t.refused_meanwhile(), t.refused_look_again()),
        }
    }

    const fn title(&self) -> &'static str {
        self.words().0
    }

    const fn explanation(&self) -> &'static str {
        self.words().1
    }

    const fn advice(&self) -> &'static str {
        self.words().2
    }

    const fn way(&self) -> &'static str {
        match self.way_on {
            WayOn::Desk => "/guichet",
            WayOn::SignIn => "/guichet/connexion",
        }
    }

    const fn way_words(&self) -> &'static str {
        match self.way_on {
            WayOn::Desk => self.page.t.desk_back(),
            WayOn::SignIn => self.page.t.sign_in_go(),
        }
    }
}

impl View for Refused<'_> {
    const FORMS: Forms = Forms::None;

    fn page(&self) -> &Page<'_> {
        &self.page
    }
}
