//! Organisations, and the people of a team.

use askama::Template;
use domain::id::PartnerId;
use domain::organisation::register::Resolved;
use domain::organisation::siret::Siret;
use domain::partners::organisation::{Organisation, OrganisationKind};
use domain::partners::partner::Partner;
use domain::partners::recovery::Recovery;
use domain::partners::role::{OperatorKind, OrganisationRole, Seat, TeamName};
use domain::partners::team::{Member, Team};

use super::{Shell, space_views};
use crate::audit::Space;
use crate::pages::services::Section;
use crate::pages::{Page, paris};
use crate::partners::session::CheckedForm;

/// What whoever looks at a team may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum May {
    /// Look.
    Look,
    /// Invite, change, remove, decide.
    Change,
}

/// The people of a team.
#[derive(Debug, Template)]
#[template(path = "space_people.html")]
pub(crate) struct People<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The team.
    pub(crate) team: &'a Team,
    /// What it is called.
    pub(crate) called: &'a str,
    /// Its address.
    pub(crate) place: &'a str,
    /// The recoveries that wait for a second person here.
    pub(crate) waiting: &'a [(Recovery, Partner)],
    /// What whoever looks may do.
    pub(crate) may: May,
    /// Who looks.
    pub(crate) own: &'a PartnerId,
    /// What was typed, where something is wrong with it.
    pub(crate) form: Option<&'a CheckedForm>,
    /// What is wrong.
    pub(crate) code: Option<Space>,
}

impl People<'_> {
    fn code(&self) -> Option<&'static str> {
        self.code.map(Space::name)
    }

    fn changes(&self) -> bool {
        self.may == May::Change
    }

    fn is_own(&self, member: &Member) -> bool {
        member.partner == *self.own
    }

    fn of_operator(&self) -> bool {
        self.team.name == TeamName::Operators
    }

    fn roles(&self, seat: &Seat) -> String {
        match seat {
            Seat::Organisation(_, role) => self.page.organisation_role(role).to_owned(),
            Seat::Operator(roles) => {
                roles.iter().map(|role| self.page.operator_role(role)).collect::<Vec<_>>().join(", ")
            }
        }
    }

    fn since(&self, member: &Member) -> String {
        self.page.t.space_since(&paris::date_in_words(member.since, self.page.t))
    }

    fn until(&self, invitation: &domain::partners::invitation::PartnerInvitation) -> String {
        self.page.t.space_invited_until(&paris::in_words(invitation.until, self.page.t))
    }

    fn asked(&self, recovery: &Recovery) -> String {
        paris::in_words(recovery.asked, self.page.t)
    }

    fn typed(&self) -> &str {
        self.form.and_then(|form| form.field("mail")).unwrap_or_default()
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    const fn choices(&self) -> [OrganisationRole; 3] {
        OrganisationRole::ALL
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn has(&self, seat: &Seat, role: &OrganisationRole) -> bool {
        matches!(seat, Seat::Organisation(_, held) if held == role)
    }

    /// Whether a box of the operator's roles is ticked for somebody.
    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    fn ticked(&self, seat: &Seat, name: &str) -> bool {
        match seat {
            Seat::Operator(roles) => roles.iter().any(|role| role.kind().name() == name),
            Seat::Organisation(..) => false,
        }
    }

    /// The département of somebody's prefecture; the first, for one of several.
    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    fn departement(&self, seat: &Seat) -> String {
        let Seat::Operator(roles) = seat else { return String::new() };
        let prefecture = roles.iter().find(|role| role.kind() == OperatorKind::Prefecture);
        prefecture.and_then(|role| role.to_string().strip_prefix("prefecture:").map(str::to_owned)).unwrap_or_default()
    }
}

/// A number, and whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The number.
    pub(crate) siret: Siret,
    /// Whose it is, by the register.
    pub(crate) resolved: Resolved<'static>,
}

/// An organisation that is brought in.
#[derive(Debug, Template)]
#[template(path = "space_new_organisation.html")]
pub(crate) struct NewOrganisation<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The number that was typed.
    pub(crate) siret: &'a str,
    /// Whose it is, once it was read.
    pub(crate) found: Option<&'a Found>,
    /// The name that was typed.
    pub(crate) name: &'a str,
    /// What is wrong.
    pub(crate) code: Option<Space>,
}

impl NewOrganisation<'_> {
    fn code(&self) -> Option<&'static str> {
        self.code.map(Space::name)
    }

    /// The facts of the register: word and value.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let t = self.page.t;
        let Some(found) = self.found else { return Vec::new() };
        match &found.resolved {
            Resolved::Commune(commune) => vec![
                (t.space_fact_name(), commune.name.to_owned()),
                (t.space_fact_departement(), format!("{} ({})", commune.departement_name(), commune.departement)),
                (t.space_fact_commune(), commune.code.to_string()),
            ],
            Resolved::AttachedBody(body) => vec![
                (t.space_fact_name(), body.name.to_owned()),
                (t.space_fact_kind(), body.kind.name().to_owned()),
                (t.space_fact_communes(), body.communes.len().to_string()),
            ],
            Resolved::Unknown { .. } => Vec::new(),
        }
    }

    fn is_unknown(&self) -> bool {
        self.found.is_some_and(|found| matches!(found.resolved, Resolved::Unknown { .. }))
    }

    fn hint(&self) -> Option<String> {
        match &self.found?.resolved {
            Resolved::Unknown { looks_like: Some(commune) } => Some(self.page.t.space_looks_like(&commune.label())),
            Resolved::Unknown { looks_like: None } | Resolved::Commune(_) | Resolved::AttachedBody(_) => None,
        }
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    const fn kinds(&self) -> [OrganisationKind; 3] {
        [OrganisationKind::AttachedBody, OrganisationKind::OperatorOfSeveral, OrganisationKind::Editor]
    }
}

/// The page of an organisation.
#[derive(Debug, Template)]
#[template(path = "space_organisation.html")]
pub(crate) struct OrganisationPage<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// Which.
    pub(crate) organisation: &'a Organisation,
    /// Whether whoever looks may say that its people belong to it.
    pub(crate) accepts: bool,
    /// Whether whoever looks sees its people.
    pub(crate) sees_people: bool,
    /// Its services.
    pub(crate) section: &'a Section,
    /// Whether who looks may see its requests.
    pub(crate) sees_requests: bool,
}

impl OrganisationPage<'_> {
    fn is_verified(&self) -> bool {
        self.organisation.verified().is_ok()
    }
}

impl Page<'_> {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn kind_of_organisation(&self, kind: &OrganisationKind) -> &'static str {
        match kind {
            OrganisationKind::Commune => self.t.kind_commune(),
            OrganisationKind::AttachedBody => self.t.kind_attached(),
            OrganisationKind::OperatorOfSeveral => self.t.kind_several(),
            OrganisationKind::Editor => self.t.kind_editor(),
        }
    }
}

space_views!(People: Stay, NewOrganisation: Stay, OrganisationPage: Stay);
