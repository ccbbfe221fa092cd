//! THE TABLE: every permission of the partners' space, what it is about, and the roles that hold it. Nothing else decides.
//!
//! A permission is a type as well as a value: [`Held<P>`] is the proof that somebody holds `P`, made by
//! [`Partner::may`](super::partner::Partner::may) alone. What is dangerous asks for a [`Fresh`](super::session::Fresh) passkey
//! besides.
//!
//! To add one: a row. Routes, the printed table and the conformance story follow.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use super::lineage::Lineage;
use super::organisation::Organisation;
use super::role::{OperatorKind, OrganisationRole};
use crate::id::PartnerId;
use crate::organisation::siret::Siret;
use crate::people::commune::Departement;

/// Who holds a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// Anybody at all.
    Anyone,
    /// Any partner who is signed in.
    SignedIn,
    /// Those who have this role in the organisation it is about.
    Organisation(OrganisationRole),
    /// Those who have this role with the operator; a prefecture, for its own département.
    Operator(OperatorKind),
}

impl Holder {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::SignedIn => "signed_in",
            Self::Organisation(OrganisationRole::Admin) => "organisation.admin",
            Self::Organisation(OrganisationRole::Editor) => "organisation.editor",
            Self::Organisation(OrganisationRole::Reader) => "organisation.reader",
            Self::Operator(OperatorKind::Admin) => "operator.admin",
            Self::Operator(OperatorKind::Instructor) => "operator.instructor",
            Self::Operator(OperatorKind::Reporter) => "operator.reporter",
            Self::Operator(OperatorKind::Prefecture) => "operator.prefecture",
        }
    }
}

/// What a permission is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The space as a whole.
    Space,
    /// One organisation.
    Organisation,
}

impl Over {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Space => "space",
            Self::Organisation => "organisation",
        }
    }
}

/// What somebody asks for a permission about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About<'a> {
    /// The space as a whole.
    Space,
    /// This organisation.
    Organisation(&'a Organisation),
}

/// What an act under a permission needs besides: what reading does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// Nothing.
    Plain,
    /// A passkey that signed within five minutes: what changes the ways into one's own account.
    Guarded,
    /// The same, and that its loss would not lock its owner out.
    Dangerous,
}

impl Risk {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Guarded => "guarded",
            Self::Dangerous => "dangerous",
        }
    }
}

mod closed {
    pub trait Closed {}
}

/// The acts under a permission need a session, no more.
#[derive(Debug)]
pub enum Plain {}

/// The acts under a permission need a [`Recent`](super::session::Recent) passkey.
#[derive(Debug)]
pub enum Guarded {}

/// The acts under a permission need a [`Fresh`](super::session::Fresh) one.
#[derive(Debug)]
pub enum Dangerous {}

/// How dangerous a permission is: [`Plain`], [`Guarded`] or [`Dangerous`].
pub trait Hazard: closed::Closed {
    /// The same as a value.
    const RISK: Risk;
}

impl closed::Closed for Plain {}
impl closed::Closed for Guarded {}
impl closed::Closed for Dangerous {}

impl Hazard for Plain {
    const RISK: Risk = Risk::Plain;
}

impl Hazard for Guarded {
    const RISK: Risk = Risk::Guarded;
}

impl Hazard for Dangerous {
    const RISK: Risk = Risk::Dangerous;
}

/// A permission as a type. The closed list: the rows of the table.
pub trait Permit: closed::Closed + Copy + Default + Send + Sync + 'static {
    /// How dangerous what it allows is.
    type Hazard: Hazard;

    /// The same as a value.
    const PERMISSION: Permission;
}

const READERS: &[Holder] = &[
    Holder::Organisation(OrganisationRole::Admin),
    Holder::Organisation(OrganisationRole::Editor),
    Holder::Organisation(OrganisationRole::Reader),
    Holder::Operator(OperatorKind::Admin),
    Holder::Operator(OperatorKind::Instructor),
    Holder::Operator(OperatorKind::Reporter),
    Holder::Operator(OperatorKind::Prefecture),
];
const COLLEAGUES: &[Holder] = &[
    Holder::Organisation(OrganisationRole::Admin),
    Holder::Organisation(OrganisationRole::Editor),
    Holder::Organisation(OrganisationRole::Reader),
    Holder::Operator(OperatorKind::Admin),
    Holder::Operator(OperatorKind::Instructor),
];
const WRITERS: &[Holder] =
    &[Holder::Organisation(OrganisationRole::Admin), Holder::Organisation(OrganisationRole::Editor)];
const WRITERS_AND_REVIEWERS: &[Holder] = &[
    Holder::Organisation(OrganisationRole::Admin),
    Holder::Organisation(OrganisationRole::Editor),
    Holder::Operator(OperatorKind::Admin),
    Holder::Operator(OperatorKind::Instructor),
];
const REVIEWERS: &[Holder] = &[Holder::Operator(OperatorKind::Admin), Holder::Operator(OperatorKind::Instructor)];
const OPERATORS: &[Holder] = &[
    Holder::Operator(OperatorKind::Admin),
    Holder::Operator(OperatorKind::Instructor),
    Holder::Operator(OperatorKind::Reporter),
    Holder::Operator(OperatorKind::Prefecture),
];
const OPERATOR_ADMIN: &[Holder] = &[Holder::Operator(OperatorKind::Admin)];
const ADMIN: &[Holder] = &[Holder::Organisation(OrganisationRole::Admin)];
const ADMIN_AND_OPERATOR_ADMIN: &[Holder] =
    &[Holder::Organisation(OrganisationRole::Admin), Holder::Operator(OperatorKind::Admin)];

macro_rules! permissions {
    ($($(#[$doc:meta])+ $name:ident = $text:literal, $over:ident, $hazard:ident, $holders:expr;)+) => {
        /// What may be done in the partners' space. Each has its row, with the roles that hold it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Permission {
            $($(#[$doc])+ $name,)+
        }

        impl Permission {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// What it is about.
            pub const fn over(self) -> Over {
                match self {
                    $(Self::$name => Over::$over,)+
                }
            }

            /// What its acts need besides.
            pub const fn risk(self) -> Risk {
                match self {
                    $(Self::$name => <$hazard as Hazard>::RISK,)+
                }
            }

            /// The roles that hold it.
            pub const fn holders(self) -> &'static [Holder] {
                match self {
                    $(Self::$name => $holders,)+
                }
            }
        }

        $($(#[$doc])+
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name;

        impl closed::Closed for $name {}

        impl Permit for $name {
            type Hazard = $hazard;
            const PERMISSION: Permission = Permission::$name;
        })+
    };
}

permissions! {
    /// To see what is public.
    Anyone = "anyone", Space, Plain, &[Holder::Anyone];
    /// To be in, and to look after one's own account.
    SignedIn = "signed_in", Space, Plain, &[Holder::SignedIn];
    /// To take from one's own account a way in, or to give it one: a passkey, a recovery code.
    ChangeAccount = "change_account", Space, Guarded, &[Holder::SignedIn];
    /// To bring in an organisation.
    CreateOrganisation = "create_organisation", Space, Plain, &[Holder::SignedIn];
    /// To see that an organisation is here, and what it has.
    ReadOrganisation = "read_organisation", Organisation, Plain, READERS;
    /// To see who acts for it.
    ReadPeople = "read_people", Organisation, Plain, COLLEAGUES;
    /// To invite, change and remove who acts for it.
    ChangePeople = "change_people", Organisation, Dangerous, ADMIN;
    /// To say that its people belong to it.
    AcceptOrganisation = "accept_organisation", Organisation, Dangerous, REVIEWERS;
    /// To be the second person of a recovery of one of its people.
    ApproveRecovery = "approve_recovery", Organisation, Dangerous, ADMIN;
    /// To read its requests.
    ReadRequests = "read_requests", Organisation, Plain, READERS;
    /// To write its requests.
    EditRequests = "edit_requests", Organisation, Plain, WRITERS;
    /// To hand a request in, and to take it back.
    SubmitRequests = "submit_requests", Organisation, Plain, WRITERS;
    /// To write into the thread of a request.
    WriteMessages = "write_messages", Organisation, Plain, WRITERS_AND_REVIEWERS;
    /// To review its requests: ask for changes, refuse.
    ReviewRequests = "review_requests", Organisation, Plain, REVIEWERS;
    /// To approve its requests.
    ApproveRequests = "approve_requests", Organisation, Dangerous, REVIEWERS;
    /// To revoke what was approved.
    RevokeHabilitations = "revoke_habilitations", Organisation, Dangerous, REVIEWERS;
    /// To see its services.
    ReadServices = "read_services", Organisation, Plain, READERS;
    /// To make and change its sandbox services.
    EditSandbox = "edit_sandbox", Organisation, Plain, WRITERS;
    /// To see and make anew what its services prove themselves with.
    ChangeCredentials = "change_credentials", Organisation, Dangerous, WRITERS;
    /// To run the homologation bench on its services.
    RunBench = "run_bench", Organisation, Plain, WRITERS_AND_REVIEWERS;
    /// To switch one of its services off.
    SwitchOff = "switch_off", Organisation, Dangerous, ADMIN_AND_OPERATOR_ADMIN;
    /// To read the figures of its services.
    ReadFigures = "read_figures", Organisation, Plain, READERS;
    /// To look after its webhooks and the keys of its programs.
    ChangeWebhooks = "change_webhooks", Organisation, Dangerous, ADMIN;
    /// To see the requests that wait: all, or those of one's département.
    ReadQueue = "read_queue", Space, Plain, OPERATORS;
    /// To change the templates of what reviewers write.
    ChangeTemplates = "change_templates", Space, Plain, OPERATOR_ADMIN;
    /// To throw a switch that is about more than one organisation.
    ThrowSwitches = "throw_switches", Space, Dangerous, OPERATOR_ADMIN;
    /// To see who acts for the operator.
    ReadOperators = "read_operators", Space, Plain, OPERATOR_ADMIN;
    /// To invite, change and remove who acts for the operator, and to be the second person of a recovery.
    ChangeOperators = "change_operators", Space, Dangerous, OPERATOR_ADMIN;
    /// To see what is switched off.
    ReadSwitches = "read_switches", Space, Plain, OPERATORS;
    /// To see what was granted: all, or what was in one's département.
    ReadHabilitations = "read_habilitations", Space, Plain, OPERATORS;
}

/// How far what somebody holds reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All of it.
    Everywhere,
    /// What concerns these départements.
    Within(BTreeSet<Departement>),
}

impl Reach {
    /// Whether something in this département lies in it; what lies nowhere known does in none.
    pub fn covers(&self, departement: Option<&Departement>) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Within(some) => departement.is_some_and(|departement| some.contains(departement)),
        }
    }
}

/// Whose the organisation is that something is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// Theirs: they have a seat in it, or had one.
    Theirs,
    /// Another's, or there is none.
    Another,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHeld {
    /// They were removed.
    #[error("the account was removed")]
    Removed,
    /// They have no role that holds it, and see what it is about.
    #[error("no role of the partner holds the permission")]
    Role,
    /// They have no role that holds it, and nothing shows them that what it is about exists.
    #[error("the partner does not see what the permission is about")]
    Unseen,
}

/// Proof that a partner holds a permission, at the moment it was asked. It is made by
/// [`Partner::may`](super::partner::Partner::may) alone, is not kept and not copied: each request asks anew.
///
/// ```
/// use domain::partners::partner::Partner;
/// use domain::partners::permission::{About, ApproveRequests, Held, NotHeld};
/// # fn at_the_review(partner: &Partner, about: About<'_>) -> Result<Held<ApproveRequests>, NotHeld> {
/// partner.may(ApproveRequests, about)
/// # }
/// ```
///
/// ```compile_fail
/// use domain::partners::partner::Partner;
/// use domain::partners::permission::{About, ApproveRequests, Held, NotHeld, Own, Reach};
/// # fn at_the_review(partner: &Partner, about: About<'_>) -> Result<Held<ApproveRequests>, NotHeld> {
/// let (lineage, own, permission) = (partner.lineage.clone(), Own::Another, std::marker::PhantomData);
/// Ok(Held { partner: partner.id.clone(), lineage, organisation: None, reach: Reach::Everywhere, own, permission })
/// # }
/// ```
///
/// Who reads does not approve by that:
///
/// ```compile_fail
/// use domain::partners::partner::Partner;
/// use domain::partners::permission::{About, ApproveRequests, Held, NotHeld, ReadRequests};
/// # fn at_the_review(partner: &Partner, about: About<'_>) -> Result<Held<ApproveRequests>, NotHeld> {
/// partner.may(ReadRequests, about)
/// # }
/// ```
#[derive(Debug)]
pub struct Held<P> {
    pub(super) partner: PartnerId,
    pub(super) lineage: Lineage,
    pub(super) organisation: Option<Siret>,
    pub(super) reach: Reach,
    pub(super) own: Own,
    pub(super) permission: PhantomData<fn() -> P>,
}

impl<P: Permit> Held<P> {
    /// Who.
    pub const fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// Who brought them in.
    pub const fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// About which organisation; `None` for a permission over the space.
    pub const fn organisation(&self) -> Option<Siret> {
        self.organisation
    }

    /// Whether the organisation it is about is their own.
    pub const fn own(&self) -> Own {
        self.own
    }

    /// How far it reaches.
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_name_of_its_own_and_somebody_who_holds_it() {
        let names: BTreeSet<&str> = Permission::ALL.iter().map(|permission| permission.name()).collect();
        assert_eq!(names.len(), Permission::ALL.len());
        for permission in Permission::ALL {
            let holders: BTreeSet<Holder> = permission.holders().iter().copied().collect();
            assert!(!holders.is_empty() && holders.len() == permission.holders().len(), "{permission:?}");
            let of_organisations = holders.iter().any(|holder| matches!(holder, Holder::Organisation(_)));
            assert!(!of_organisations || permission.over() == Over::Organisation, "{permission:?}");
        }
    }

    #[test]
    fn nobody_who_only_reads_holds_what_is_dangerous() {
        let reads = [
            Holder::Anyone,
            Holder::SignedIn,
            Holder::Organisation(OrganisationRole::Reader),
            Holder::Operator(OperatorKind::Reporter),
            Holder::Operator(OperatorKind::Prefecture),
        ];
        for permission in Permission::ALL.iter().filter(|permission| permission.risk() == Risk::Dangerous) {
            assert!(!permission.holders().iter().any(|holder| reads.contains(holder)), "{permission:?}");
        }
    }

    #[test]
    fn whoever_may_do_something_about_an_organisation_sees_it() {
        let seeing = Permission::ReadOrganisation.holders();
        for permission in Permission::ALL.iter().filter(|permission| permission.over() == Over::Organisation) {
            assert!(permission.holders().iter().all(|holder| seeing.contains(holder)), "{permission:?}");
        }
    }
}
