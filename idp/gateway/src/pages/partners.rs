//! The pages of the partners' space, and the frame that all of them have: who is in, where one is (breadcrumbs), what went
//! wrong (a summary that links to each field), what was done (a notice).
//!
//! ```text
//!     let page = here.page(&app);
//!     let shell = here.shell(page.words().people_title()).below(&[Crumb { … }]).wrong(mistakes);
//!     People { page, shell, … }.answer(StatusCode::OK)
//! ```
//!
//! A view of the space has two fields, `page` and `shell`, and a template that extends `space_layout.html`; its block is
//! `content`, its first element an `h1` with `shell.title`.

use askama::Template;
use domain::partners::organisation::Organisation;
use domain::partners::partner::{Partner, Safeguard};
use domain::partners::role::{OperatorRole, OrganisationRole};
use domain::people::name::MailAddress;

use super::Page;
use super::text::Texts;
use crate::audit::Space;

mod account;
mod figures;
mod refused;
mod team;

pub(crate) use account::{Account, Asking, LostAll, Sent, ShownCode};
pub(crate) use figures::ServicePage;
pub(crate) use refused::{Refused, WayOn};
pub(crate) use team::{Found, May, NewOrganisation, OrganisationPage, People};

impl Page<'_> {
    /// The words of this page's language, for titles and notices.
    pub(crate) const fn words(&self) -> Texts {
        self.t
    }

    /// A role in an organisation, in words.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    pub(crate) fn organisation_role(&self, role: &OrganisationRole) -> &'static str {
        match role {
            OrganisationRole::Admin => self.t.role_organisation_admin(),
            OrganisationRole::Editor => self.t.role_organisation_editor(),
            OrganisationRole::Reader => self.t.role_organisation_reader(),
        }
    }

    /// A role with the operator, in words.
    pub(crate) fn operator_role(&self, role: &OperatorRole) -> String {
        match role {
            OperatorRole::Admin => self.t.role_operator_admin().to_owned(),
            OperatorRole::Instructor => self.t.role_operator_instructor().to_owned(),
            OperatorRole::Reporter => self.t.role_operator_reporter().to_owned(),
            OperatorRole::Prefecture(departement) => self.t.role_operator_prefecture(departement.as_str()),
        }
    }
}

/// A step of the way to a page: what stands above it.
#[derive(Debug, Clone)]
pub(crate) struct Crumb {
    /// Its address.
    pub(crate) href: String,
    /// Its title.
    pub(crate) title: String,
}

/// Something that was filled in wrongly.
#[derive(Debug, Clone)]
pub(crate) struct Wrong {
    /// The `id` of the field.
    pub(crate) field: &'static str,
    /// What is wrong with it.
    pub(crate) words: String,
}

/// Who is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    /// The partner.
    pub(crate) partner: &'a Partner,
    /// The secret of the forms.
    pub(crate) csrf: &'a str,
}

/// The frame of a page.
#[derive(Debug, Clone)]
pub(crate) struct Shell<'a> {
    /// The title.
    pub(crate) title: String,
    /// Who is in.
    pub(crate) signed: Option<Signed<'a>>,
    /// The pages above.
    pub(crate) trail: Vec<Crumb>,
    /// What was filled in wrongly.
    pub(crate) wrong: Vec<Wrong>,
    /// What was done just now.
    pub(crate) notice: Option<String>,
}

impl<'a> Shell<'a> {
    /// The frame of a page with this title, for nobody in particular.
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), signed: None, trail: Vec::new(), wrong: Vec::new(), notice: None }
    }

    /// The same for somebody who is in.
    #[must_use]
    pub(crate) fn inside(self, signed: Signed<'a>) -> Self {
        Self { signed: Some(signed), ..self }
    }

    /// The same with another title.
    #[must_use]
    pub(crate) fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// The same below these pages, the topmost first; the first page of the space stands above them by itself.
    #[must_use]
    pub(crate) fn below(self, trail: impl IntoIterator<Item = Crumb>) -> Self {
        Self { trail: trail.into_iter().collect(), ..self }
    }

    /// The same with what was filled in wrongly.
    #[must_use]
    pub(crate) fn wrong(self, wrong: Vec<Wrong>) -> Self {
        Self { wrong, ..self }
    }

    /// The same with what was done just now.
    #[must_use]
    pub(crate) fn told(self, notice: Option<String>) -> Self {
        Self { notice, ..self }
    }

    /// The secret of the forms; empty where nobody is in.
    pub(crate) fn csrf(&self) -> &'a str {
        self.signed.map_or("", |signed| signed.csrf)
    }

    /// What is wrong with a field.
    pub(crate) fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.words.as_str())
    }

    /// Whether it is the first page.
    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    pub(crate) fn is_home(&self, page: &Page<'_>) -> bool {
        page.path == Some("/espace")
    }

    /// Whether who is in would be locked out by losing a passkey.
    pub(crate) fn lacks_safeguard(&self) -> bool {
        self.signed.is_some_and(|signed| signed.partner.safeguard() == Safeguard::Missing)
    }

    /// Whether who is in does anything for the operator.
    pub(crate) fn reviews(&self) -> bool {
        self.signed.is_some_and(|signed| !signed.partner.operator.is_empty())
    }

    /// Whether who is in looks after the operator's people.
    pub(crate) fn looks_after_operators(&self) -> bool {
        self.signed.is_some_and(|signed| signed.partner.operator.contains(&OperatorRole::Admin))
    }
}

/// Makes views of the space: what their forms may do.
macro_rules! space_views {
    ($($view:ident: $forms:ident),+ $(,)?) => {
        $(impl $crate::pages::View for $view<'_> {
            const FORMS: $crate::pages::Forms = $crate::pages::Forms::$forms;

            fn page(&self) -> &$crate::pages::Page<'_> {
                &self.page
            }
        })+
    };
}
pub(crate) use space_views;

/// What stands above the button of the sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The passkey is registered: here it is tried for the first time.
    PasskeyReady,
    /// They are out.
    SignedOut,
    /// The last attempt came to nothing.
    Refused(Space),
}

impl Told {
    /// What an address may ask to be told.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "cle" => Some(Self::PasskeyReady),
            "sortie" => Some(Self::SignedOut),
            _ => None,
        }
    }
}

/// What is said of a ceremony that came to nothing.
fn what_failed(t: Texts, code: Space) -> &'static str {
    if code == Space::CeremonyUnknown {
        t.told_too_late()
    } else if code == Space::InputInvalid {
        t.wrong_name()
    } else if code == Space::PasskeyKnown {
        t.say_known()
    } else if code == Space::PasskeyUnknown {
        t.space_told_unknown()
    } else if code == Space::MailKnown {
        t.space_mail_known()
    } else {
        t.space_say_failed()
    }
}

/// What was done just now, as an address asks to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was withdrawn, or somebody was taken out of a team.
    Removed,
    /// A session was ended.
    SessionEnded,
    /// Somebody was invited.
    Invited,
    /// Somebody has other roles.
    Changed,
    /// An invitation was taken back.
    Withdrawn,
    /// A recovery was agreed to.
    Approved,
    /// A recovery was not.
    Refused,
    /// An organisation was brought in.
    Created,
    /// An organisation was accepted.
    Accepted,
}

impl Done {
    const ALL: [Self; 10] = [
        Self::PasskeyAdded,
        Self::Removed,
        Self::SessionEnded,
        Self::Invited,
        Self::Changed,
        Self::Withdrawn,
        Self::Approved,
        Self::Refused,
        Self::Created,
        Self::Accepted,
    ];

    /// Its name in an address.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PasskeyAdded => "cle",
            Self::Removed => "retrait",
            Self::SessionEnded => "session",
            Self::Invited => "invitation",
            Self::Changed => "role",
            Self::Withdrawn => "reprise",
            Self::Approved => "accord",
            Self::Refused => "refus",
            Self::Created => "creation",
            Self::Accepted => "rattachement",
        }
    }

    /// What an address asks to be told.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.name() == name)
    }

    /// In words.
    pub(crate) const fn words(self, t: Texts) -> &'static str {
        match self {
            Self::PasskeyAdded => t.space_done_passkey(),
            Self::Removed => t.space_done_removed(),
            Self::SessionEnded => t.space_done_session(),
            Self::Invited => t.space_done_invited(),
            Self::Changed => t.space_done_changed(),
            Self::Withdrawn => t.space_done_withdrawn(),
            Self::Approved => t.space_done_approved(),
            Self::Refused => t.space_done_refused(),
            Self::Created => t.space_done_created(),
            Self::Accepted => t.space_done_accepted(),
        }
    }
}

/// Signing in.
#[derive(Debug, Template)]
#[template(path = "space_sign_in.html")]
pub(crate) struct SignIn<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The name of the ceremony: the secret of the form.
    pub(crate) csrf: &'a str,
    /// What the passkey is asked, JSON.
    pub(crate) options: &'a str,
    /// Where to go after.
    pub(crate) back: &'a str,
    /// What stands above the button.
    pub(crate) told: Option<Told>,
}

impl SignIn<'_> {
    fn code(&self) -> Option<&'static str> {
        match self.told {
            Some(Told::Refused(code)) => Some(code.name()),
            Some(Told::PasskeyReady | Told::SignedOut) | None => None,
        }
    }

    fn told_words(&self) -> Option<&'static str> {
        Some(match self.told? {
            Told::PasskeyReady => self.page.t.told_passkey_ready(),
            Told::SignedOut => self.page.t.space_signed_out(),
            Told::Refused(code) => what_failed(self.page.t, code),
        })
    }
}

/// A passkey once more.
#[derive(Debug, Template)]
#[template(path = "space_confirm.html")]
pub(crate) struct Confirm<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The name of the ceremony.
    pub(crate) ceremony: &'a str,
    /// What the passkey is asked, JSON.
    pub(crate) options: &'a str,
    /// Where to go after.
    pub(crate) back: &'a str,
    /// Why the last attempt came to nothing.
    pub(crate) refused: Option<Space>,
}

impl Confirm<'_> {
    fn code(&self) -> Option<&'static str> {
        self.refused.map(Space::name)
    }

    fn told_words(&self) -> Option<&'static str> {
        self.refused.map(|code| what_failed(self.page.t, code))
    }
}

/// A new account: its name, and its first passkey.
#[derive(Debug, Template)]
#[template(path = "space_register.html")]
pub(crate) struct Register<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The secret of the form: the session's for somebody who is in, else the name of the ceremony.
    pub(crate) csrf: &'a str,
    /// The name of the ceremony, of somebody who is in.
    pub(crate) ceremony: Option<&'a str>,
    /// What the authenticator is asked, JSON.
    pub(crate) options: &'a str,
    /// The address that was confirmed, of an account that begins.
    pub(crate) mail: Option<&'a MailAddress>,
    /// The team that one comes into, by an invitation.
    pub(crate) team: Option<&'a str>,
    /// Where the form goes.
    pub(crate) place: &'a str,
    /// Why the last attempt came to nothing.
    pub(crate) refused: Option<Space>,
}

impl Register<'_> {
    fn code(&self) -> Option<&'static str> {
        self.refused.map(Space::name)
    }

    fn told_words(&self) -> Option<&'static str> {
        self.refused.map(|code| what_failed(self.page.t, code))
    }
}

/// An invitation, for whoever has an account.
#[derive(Debug, Template)]
#[template(path = "space_join.html")]
pub(crate) struct Way<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The team.
    pub(crate) team: &'a str,
    /// The secret of the forms of whoever is in; empty for whoever is not.
    pub(crate) csrf: &'a str,
    /// The address of the invitation.
    pub(crate) place: &'a str,
}

/// An organisation one acts for.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Which.
    pub(crate) organisation: Organisation,
    /// As what.
    pub(crate) role: OrganisationRole,
}

impl Place {
    fn is_verified(&self) -> bool {
        self.organisation.verified().is_ok()
    }
}

/// The first page.
#[derive(Debug, Template)]
#[template(path = "space_home.html")]
pub(crate) struct Home<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The organisations.
    pub(crate) places: &'a [Place],
    /// Who is in.
    pub(crate) partner: &'a Partner,
}

space_views!(SignIn: Passkey, Confirm: Passkey, Register: Passkey, Way: Stay, Home: Stay);
