//! An organisation: whom partners act for. Its facts come from the register; whether whoever brought it in belongs to it is
//! proved apart.

use serde::{Deserialize, Serialize};

use super::partner::Partner;
use super::permission::{AcceptOrganisation, Held};
use super::session::Fresh;
use crate::organisation::host::{HostFault, ProductionHost};
use crate::organisation::siret::Siret;
use crate::people::commune::{CommuneCode, Departement};
use crate::people::name::{MailAddress, Name};
use crate::time::{Lifetime, Timestamp};

/// What an organisation is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationKind {
    /// A commune.
    Commune,
    /// A body attached to communes: a CCAS, a community of communes, a syndicate.
    AttachedBody,
    /// Somebody who runs the services of several communes.
    OperatorOfSeveral,
    /// An editor of software, who acts for communes and controls no data.
    Editor,
}

impl OrganisationKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Commune, Self::AttachedBody, Self::OperatorOfSeveral, Self::Editor];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commune => "commune",
            Self::AttachedBody => "attached_body",
            Self::OperatorOfSeveral => "operator_of_several",
            Self::Editor => "editor",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Whether it is proved that its people belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Belonging {
    /// Nothing is proved: drafts and sandbox clients, nothing that goes to production.
    Unverified,
    /// The mail address of its first person is at a domain known to be its own.
    MailDomain {
        /// When it was seen.
        at: Timestamp,
    },
    /// An operator looked, and accepted it.
    Accepted {
        /// When.
        at: Timestamp,
    },
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its SIRET.
    pub siret: Siret,
    /// Its name in the register.
    pub name: Name,
    /// What it is here for.
    pub kind: OrganisationKind,
    /// The commune it is, or has its seat in.
    pub commune: Option<CommuneCode>,
    /// Whether it is proved that its people belong to it.
    pub belonging: Belonging,
    /// When it was brought in.
    pub since: Timestamp,
}

/// Proof that an organisation may go to production: its people are known to belong to it.
///
/// ```compile_fail
/// # fn forged(siret: domain::organisation::siret::Siret) {
/// let verified = domain::partners::organisation::Verified { siret };
/// # }
/// ```
///
/// ```
/// # fn proved(organisation: &domain::partners::organisation::Organisation) {
/// let verified = organisation.verified();
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    siret: Siret,
}

impl Verified {
    /// The organisation.
    pub const fn siret(&self) -> Siret {
        self.siret
    }
}

/// Why an organisation is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// Nobody says of themselves that they belong, or did.
    #[error("whoever acts for an organisation does not accept it")]
    OwnOrganisation,
    /// It was before.
    #[error("the organisation is verified already")]
    Already,
}

/// Why an organisation keeps its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReleased {
    /// It is known whose it is.
    #[error("the organisation is verified: its people are known to belong to it")]
    Verified,
    /// Somebody works on it.
    #[error("somebody worked on it within thirty days")]
    InUse,
}

/// Nothing proves yet that the people of an organisation belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the organisation is not verified yet")]
pub struct Unverified;

impl Organisation {
    /// The département it lies in, as far as it is known.
    pub fn departement(&self) -> Option<Departement> {
        self.commune.as_ref().map(CommuneCode::departement)
    }

    /// How long one that nothing proves keeps its place while nobody works on it.
    pub const UNPROVED: Lifetime = Lifetime::seconds(30 * 86_400);

    /// Whether something lies that long back.
    pub const fn is_long(since: Timestamp, now: Timestamp) -> bool {
        since.plus(Self::UNPROVED).is_past(now)
    }

    /// Whether an operator may take it from whoever brought it in: what is proved is nobody's to take.
    pub const fn release(&self) -> Result<(), NotReleased> {
        match self.belonging {
            Belonging::Unverified => Ok(()),
            Belonging::MailDomain { .. } | Belonging::Accepted { .. } => Err(NotReleased::Verified),
        }
    }

    /// Whether time alone takes it from them: nothing proves it, and nobody brought it in, or worked on a request of it,
    /// within [`Self::UNPROVED`].
    pub fn release_idle(&self, touched: Option<Timestamp>, now: Timestamp) -> Result<(), NotReleased> {
        self.release()?;
        let last = touched.map_or(self.since, |touched| touched.max(self.since));
        if Self::is_long(last, now) { Ok(()) } else { Err(NotReleased::InUse) }
    }

    /// The organisation once an operator accepted that its people belong to it.
    pub fn accept(
        &self,
        by: &Partner,
        (held, fresh): (&Held<AcceptOrganisation>, &Fresh),
        now: Timestamp,
    ) -> Result<Self, NotAccepted> {
        let one = held.partner() == &by.id && fresh.partner() == &by.id && held.organisation() == Some(self.siret);
        if !one || by.is_or_was_of(&self.siret) {
            return Err(NotAccepted::OwnOrganisation);
        }
        match self.belonging {
            Belonging::Unverified => Ok(Self { belonging: Belonging::Accepted { at: now }, ..self.clone() }),
            Belonging::MailDomain { .. } | Belonging::Accepted { .. } => Err(NotAccepted::Already),
        }
    }

    /// The proof that what goes to production asks for.
    pub fn verified(&self) -> Result<Verified, Unverified> {
        match self.belonging {
            Belonging::MailDomain { .. } | Belonging::Accepted { .. } => Ok(Verified { siret: self.siret }),
            Belonging::Unverified => Err(Unverified),
        }
    }
}

/// Providers of mail for anybody, and domains under which anybody has a name: an address there proves no organisation.
const ANYBODYS: [&str; 42] = [
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "outlook.fr",
    "hotmail.com",
    "hotmail.fr",
    "live.com",
    "live.fr",
    "msn.com",
    "yahoo.com",
    "yahoo.fr",
    "ymail.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "aol.com",
    "gmx.com",
    "gmx.fr",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "tutanota.com",
    "mailo.com",
    "netcourrier.com",
    "zoho.com",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "sfr.fr",
    "neuf.fr",
    "bbox.fr",
    "laposte.net",
    "numericable.fr",
    "club-internet.fr",
    "cegetel.net",
    "gouv.fr",
    "asso.fr",
    "com.fr",
    "nom.fr",
    "prd.fr",
    "tm.fr",
    "co.uk",
];

/// A domain of mail that is an organisation's own, by the word of the operator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnDomain(String);

/// Why a domain is nobody's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOwn {
    /// It is no host of the internet.
    #[error("{0}")]
    Host(#[from] HostFault),
    /// Anybody has an address there.
    #[error("anybody may have an address there: it proves no organisation")]
    Anybodys,
}

impl OwnDomain {
    /// Reads a domain.
    pub fn parse(text: &str) -> Result<Self, NotOwn> {
        let host = ProductionHost::parse(text)?;
        if ANYBODYS.contains(&host.ascii()) { Err(NotOwn::Anybodys) } else { Ok(Self(host.ascii().to_owned())) }
    }

    /// The domain, as the DNS has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an address is at this very domain: a host under it may be another's.
    fn has(&self, mail: &MailAddress) -> bool {
        mail.folded().rsplit_once('@').is_some_and(|(_, domain)| domain == self.0)
    }
}

impl Belonging {
    /// What the confirmed addresses of all who administer an organisation prove: that it is theirs, when each is at one of its
    /// own domains. One at another address could be whoever came first.
    pub fn by_mail<'a>(
        admins: impl IntoIterator<Item = &'a MailAddress>,
        domains: &[OwnDomain],
        now: Timestamp,
    ) -> Self {
        let mut admins = admins.into_iter().peekable();
        let some = admins.peek().is_some();
        if some && admins.all(|mail| domains.iter().any(|domain| domain.has(mail))) {
            Self::MailDomain { at: now }
        } else {
            Self::Unverified
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organisation(belonging: Belonging) -> Organisation {
        Organisation {
            siret: Siret::parse("21690123100011").expect("a SIRET"),
            name: Name::parse("Commune de Lyon").expect("a name"),
            kind: OrganisationKind::Commune,
            commune: Some(CommuneCode::parse("69123").expect("a code")),
            belonging,
            since: Timestamp::from_epoch(1),
        }
    }

    #[test]
    fn an_organisation_of_which_nothing_is_proved_does_not_go_to_production() {
        let at = Timestamp::from_epoch(5);
        assert_eq!(organisation(Belonging::Unverified).verified(), Err(Unverified));
        for belonging in [Belonging::MailDomain { at }, Belonging::Accepted { at }] {
            assert_eq!(organisation(belonging).verified().expect("proved").siret().digits(), "21690123100011");
        }
        assert_eq!(organisation(Belonging::Unverified).departement().expect("known").as_str(), "69");
    }

    #[test]
    fn an_organisation_that_nothing_proves_gives_its_place_back() {
        let (day, lyon) = (86_400, organisation(Belonging::Unverified));
        let at = |seconds: i64| Timestamp::from_epoch(1 + seconds);
        assert_eq!(lyon.release(), Ok(()), "the operator knows better");
        assert_eq!(lyon.release_idle(None, at(30 * day - 1)), Err(NotReleased::InUse));
        assert_eq!(lyon.release_idle(None, at(30 * day)), Ok(()));
        let worked = Some(at(10 * day));
        assert_eq!(lyon.release_idle(worked, at(40 * day - 1)), Err(NotReleased::InUse));
        assert_eq!(lyon.release_idle(worked, at(40 * day)), Ok(()));
        for belonging in [Belonging::MailDomain { at: at(0) }, Belonging::Accepted { at: at(0) }] {
            assert_eq!(organisation(belonging).release(), Err(NotReleased::Verified));
            assert_eq!(organisation(belonging).release_idle(None, at(9999 * day)), Err(NotReleased::Verified));
        }
    }

    #[test]
    fn nobody_accepts_an_organisation_they_act_for() {
        use super::super::partner::WayBack;
        use super::super::partner::tests::partner;
        use super::super::permission::About;
        use super::super::role::{OperatorRole, OrganisationRole};
        use super::super::session::PartnerSession;
        let lyon = organisation(Belonging::Unverified);
        let at = Timestamp::from_epoch(5);
        let instructor =
            Partner { operator: [OperatorRole::Instructor].into(), way_back: WayBack::RecoveryCode, ..partner(1) };
        let accepted = |by: &Partner, organisation: &Organisation| {
            let (id, passkey) = (crate::id::PartnerSessionId::from_random([1; 16]), by.passkeys[0].clone());
            let fresh = PartnerSession::begin(id, by.id.clone(), passkey, at).fresh(by, at).expect("fresh");
            let held = by.may(AcceptOrganisation, About::Organisation(&lyon)).expect("an operator");
            organisation.accept(by, (&held, &fresh), at)
        };
        assert_eq!(accepted(&instructor, &lyon), Ok(organisation(Belonging::Accepted { at })));
        let own = Partner { memberships: [(lyon.siret, OrganisationRole::Reader)].into(), ..instructor.clone() };
        assert_eq!(accepted(&own, &lyon), Err(NotAccepted::OwnOrganisation));
        let once = Partner { left: [lyon.siret].into(), ..instructor.clone() };
        assert_eq!(accepted(&once, &lyon), Err(NotAccepted::OwnOrganisation), "who left it a moment ago");
        let verified = organisation(Belonging::MailDomain { at });
        assert_eq!(accepted(&instructor, &verified), Err(NotAccepted::Already));
    }

    #[test]
    fn an_address_belongs_to_a_domain_itself_and_every_admin_counts() {
        let at = Timestamp::from_epoch(5);
        let domains = ["ville-x.fr", "Lyon.fr"].map(|text| OwnDomain::parse(text).expect(text));
        let by = |mails: &[&str]| {
            let mails: Vec<_> = mails.iter().map(|text| MailAddress::parse(text).expect("an address")).collect();
            Belonging::by_mail(&mails, &domains, at)
        };
        for good in [&["a@lyon.fr"][..], &["a@LYON.FR"], &["a@lyon.fr", "b@ville-x.fr"]] {
            assert_eq!(by(good), Belonging::MailDomain { at }, "{good:?}");
        }
        for bad in [
            &[][..],
            &["a@xlyon.fr"],
            &["a@mairie.lyon.fr"],
            &["a@lyon.fr.example"],
            &["lyon.fr@example.fr"],
            &["a@lyon.fr", "first@gmail.com"],
        ] {
            assert_eq!(by(bad), Belonging::Unverified, "{bad:?}");
        }
    }

    #[test]
    fn what_anybody_may_have_an_address_at_is_nobodys_own() {
        for bad in ["gmail.com", "GMAIL.com", "orange.fr", "laposte.net", "gouv.fr"] {
            assert_eq!(OwnDomain::parse(bad), Err(NotOwn::Anybodys), "{bad}");
        }
        for bad in ["", "fr", "localhost", "ville.test", "*.lyon.fr", "10.0.0.1", "a@lyon.fr"] {
            assert!(matches!(OwnDomain::parse(bad), Err(NotOwn::Host(_))), "{bad}");
        }
        assert_eq!(OwnDomain::parse("Mairie-Épinal.fr").expect("a domain").as_str(), "xn--mairie-pinal-heb.fr");
    }
}
