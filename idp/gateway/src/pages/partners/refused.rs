//! What is refused in the partners' space, in words.

use askama::Template;

use super::{Shell, space_views};
use crate::audit::Space;
use crate::pages::Page;
use crate::pages::text::Texts;

/// The page of a refusal.
#[derive(Debug, Template)]
#[template(path = "space_refused.html")]
pub(crate) struct Refused<'a> {
    page: Page<'a>,
    shell: Shell<'a>,
    code: Space,
    occurrence: &'a str,
    way_on: WayOn,
}

/// Where to go from a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WayOn {
    /// To the first page of the space.
    Home,
    /// To the sign-in.
    SignIn,
}

impl<'a> Refused<'a> {
    /// The page of this refusal, with the number of its occurrence.
    pub(crate) fn new(page: Page<'a>, shell: Shell<'a>, code: Space, occurrence: &'a str, way_on: WayOn) -> Self {
        let shell = shell.titled(words(page.t, code).0);
        Self { page, shell, code, occurrence, way_on }
    }

    const fn explanation(&self) -> &'static str {
        words(self.page.t, self.code).1
    }

    const fn advice(&self) -> &'static str {
        words(self.page.t, self.code).2
    }

    const fn way(&self) -> &'static str {
        match self.way_on {
            WayOn::Home if matches!(self.code, Space::Unsafeguarded) => "/espace/compte",
            WayOn::Home => "/espace",
            WayOn::SignIn => "/espace/entree",
        }
    }

    const fn way_words(&self) -> &'static str {
        match self.way_on {
            WayOn::Home if matches!(self.code, Space::Unsafeguarded) => self.page.t.space_account_go(),
            WayOn::Home => self.page.t.space_back(),
            WayOn::SignIn => self.page.t.sign_in_go(),
        }
    }
}

const fn words(t: Texts, code: Space) -> (&'static str, &'static str, &'static str) {
    match code {
        Space::LinkGone => (t.space_link_gone_title(), t.space_link_gone(), t.space_link_gone_advice()),
        Space::NotActive => (t.refused_access_title(), t.refused_access(), t.space_ask_admin()),
        Space::RoleMissing => (t.refused_role_title(), t.refused_role(), t.space_ask_admin()),
        Space::Unseen | Space::Unknown => (t.space_unseen_title(), t.space_unseen(), t.space_ask_admin()),
        Space::StaleForm | Space::CeremonyUnknown => (t.problem_form_title(), t.problem_form(), t.refused_look_again()),
        Space::Unsafeguarded => {
            (t.space_unsafeguarded_title(), t.space_unsafeguarded(), t.space_unsafeguarded_advice())
        }
        Space::OrganisationUnverified => (t.space_unverified(), t.request_unverified(), t.refused_look_again()),
        Space::FormTooLong => (t.form_too_long_title(), t.form_too_long(), t.refused_look_again()),
        Space::PasskeyLast => (t.refused_passkey_title(), t.refused_passkey(), t.refused_passkey_advice()),
        Space::PasskeysTooMany => (t.refused_many_title(), t.refused_many(), t.refused_many_advice()),
        Space::OwnRoles => (t.space_own_roles_title(), t.space_own_roles(), t.space_ask_admin()),
        Space::LastAdmin => (t.space_last_title(), t.space_last(), t.space_last_advice()),
        Space::NotSecond => (t.space_second_title(), t.space_second(), t.space_own_roles()),
        Space::NotAnother => (t.space_another_title(), t.space_another(), t.space_ask_admin()),
        Space::TooOften => (t.space_often_title(), t.space_often(), t.space_often_advice()),
        Space::Busy => (t.space_busy_title(), t.space_busy(), t.refused_look_again()),
        Space::NotFresh
        | Space::MailTaken
        | Space::OrganisationKnown
        | Space::ChangedMeanwhile
        | Space::InputInvalid
        | Space::MailKnown
        | Space::AssertionRefused
        | Space::RegistrationRefused
        | Space::PasskeyUnknown
        | Space::PasskeyKnown => (t.refused_meanwhile_title(), t.refused_meanwhile(), t.refused_look_again()),
    }
}

space_views!(Refused: None);
