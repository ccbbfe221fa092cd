//! What is done to a team, of an organisation or of the operator, on its one page: `people` and `operators` hold the proofs,
//! this the acts.

use axum::response::Response;
use domain::id::{PartnerId, RecoveryId};
use domain::notice::PartnerMessage;
use domain::partners::organisation::Organisation;
use domain::partners::partner::Partner;
use domain::partners::recovery::{Recovery, Second, deciding};
use domain::partners::role::{OperatorRole, OperatorRoles, OrganisationRole, Seat, TeamName};
use domain::partners::team::{By, Change, Team};
use domain::people::commune::Departement;
use domain::people::name::MailAddress;
use domain::secret::Bearer;
use http::StatusCode;
use store::StoreError;
use store::ephemeral::Allowed;
use store::registry::{TeamVersion, Updated};

use super::invitation::office;
use super::office::NotDone;
use super::recovery::teams_of;
use super::refusal::{inside, status};
use super::session::{CheckedForm, Here};
use crate::app::App;
use crate::audit::{Entry, Space};
use crate::limits::{self, INVITATIONS_BY, INVITATIONS_OF};
use crate::pages::View as _;
use crate::pages::partners::{Crumb, Done, May, People, Wrong};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// A team, and who looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crew<'a> {
    /// The gateway.
    pub(super) app: &'a App,
    /// Who looks.
    pub(super) here: &'a Here,
    /// The organisation; the operator, for `None`.
    pub(super) of: Option<&'a Organisation>,
}

/// The address of a team's page.
pub(super) fn place(team: &TeamName) -> String {
    match team {
        TeamName::Organisation(siret) => format!("/espace/organisations/{}/personnes", siret.digits()),
        TeamName::Operators => "/espace/operateurs".to_owned(),
    }
}

impl Crew<'_> {
    fn name(&self) -> TeamName {
        self.of.map_or(TeamName::Operators, |organisation| TeamName::Organisation(organisation.siret))
    }

    /// What the team is called.
    fn called(&self) -> &str {
        self.of.map_or(&self.app.brand.name.fr, |organisation| organisation.name.as_str())
    }

    /// Shows it.
    pub(super) async fn show(&self, may: May, told: Option<&str>) -> Response {
        self.page(may, told, None).await
    }

    async fn page(&self, may: May, told: Option<&str>, mistake: Option<(Space, Wrong, &CheckedForm)>) -> Response {
        let (team, waiting) = match self.read().await {
            Ok(Some(read)) => read,
            Ok(None) => return inside(self.app, self.here, Space::Unknown),
            Err(error) => return unavailable(self.app, self.here.occasion, &error),
        };
        let page = self.here.page(self.app);
        let t = page.words();
        let place = place(&team.name);
        let page = page.switch_at(&place);
        let title = if self.of.is_some() { t.space_people_title() } else { t.space_operators() };
        let up = self.of.map(|organisation| Crumb {
            href: format!("/espace/organisations/{}", organisation.siret.digits()),
            title: organisation.name.as_str().to_owned(),
        });
        let code = mistake.as_ref().map(|(code, _, _)| *code);
        let (wrong, form) = mistake.map_or((Vec::new(), None), |(_, wrong, form)| (vec![wrong], Some(form)));
        let told = told.and_then(Done::named).map(|done| done.words(t).to_owned());
        let shell = self.here.shell(title).below(up).wrong(wrong).told(told);
        let view = People {
            page,
            shell,
            team: &team,
            called: self.called(),
            place: &place,
            waiting: &waiting,
            may,
            own: &self.here.partner.id,
            form,
            code,
        };
        match code {
            Some(code) => Entry::new(code).on(view.answer(status(code))),
            None => view.answer(StatusCode::OK),
        }
    }

    async fn read(&self) -> Result<Option<(Team, Vec<(Recovery, Partner)>)>, StoreError> {
        let Some((team, _)) = self.app.registry.partner_team(&self.name()).await? else { return Ok(None) };
        let mut waiting = Vec::new();
        for recovery in self.app.registry.recoveries(self.app.clock.now()).await? {
            let Some(partner) = self.app.registry.partner(&recovery.partner).await? else { continue };
            let teams = teams_of(self.app, &partner).await?;
            if deciding(&partner, &teams).contains(&team.name) {
                waiting.push((recovery, partner));
            }
        }
        Ok(Some((team, waiting)))
    }

    async fn team(&self) -> Result<(Team, TeamVersion), Response> {
        match self.app.registry.partner_team(&self.name()).await {
            Ok(Some(read)) => Ok(read),
            Ok(None) => Err(inside(self.app, self.here, Space::Unknown)),
            Err(error) => Err(unavailable(self.app, self.here.occasion, &error)),
        }
    }

    /// Somebody is invited.
    pub(super) async fn invite(&self, by: By<'_>, form: &CheckedForm) -> Response {
        let read = match self.team().await {
            Ok(read) => read,
            Err(refused) => return refused,
        };
        let t = self.here.page(self.app).words();
        let Ok(mail) = MailAddress::parse(form.field("mail").unwrap_or_default()) else {
            let wrong = Wrong { field: "mail", words: t.wrong_mail().to_owned() };
            return self.page(May::Change, None, Some((Space::InputInvalid, wrong, form))).await;
        };
        let Some(seat) = self.seat(form) else {
            let wrong = Wrong { field: "roles", words: t.wrong_roles().to_owned() };
            return self.page(May::Change, None, Some((Space::InputInvalid, wrong, form))).await;
        };
        let (own, team) = (self.here.partner.id.as_str(), self.name().text());
        let wanted = [(INVITATIONS_BY, own.as_bytes()), (INVITATIONS_OF, team.as_bytes())];
        match limits::allowed(self.app, &wanted).await {
            Ok(Allowed::Yes) => {}
            Ok(Allowed::No) => return inside(self.app, self.here, Space::TooOften),
            Err(error) => return unavailable(self.app, self.here.occasion, &error),
        }
        match office(self.app).invite(&read, by, (mail, seat), self.called()).await {
            Ok(_) => self.done(Done::Invited),
            Err(NotDone::Refused(why)) if Space::from(why) == Space::MailTaken => {
                let wrong = Wrong { field: "mail", words: t.space_mail_taken().to_owned() };
                self.page(May::Change, None, Some((Space::MailTaken, wrong, form))).await
            }
            Err(error) => self.not_done(error),
        }
    }

    /// Somebody has other roles.
    pub(super) async fn change(&self, by: By<'_>, partner: &str, form: &CheckedForm) -> Response {
        let Some(seat) = self.seat(form) else { return inside(self.app, self.here, Space::InputInvalid) };
        self.apply(by, partner, Change::Seat(seat), Done::Changed).await
    }

    /// Somebody leaves, or is taken out.
    pub(super) async fn remove(&self, by: By<'_>, partner: &str) -> Response {
        self.apply(by, partner, Change::Remove, Done::Removed).await
    }

    async fn apply(&self, by: By<'_>, partner: &str, change: Change, done: Done) -> Response {
        let read = match self.team().await {
            Ok(read) => read,
            Err(refused) => return refused,
        };
        let Ok(partner) = PartnerId::parse(partner) else { return inside(self.app, self.here, Space::Unknown) };
        match office(self.app).change(&read, by, (&partner, change), self.called()).await {
            Ok(()) => self.done(done),
            Err(error) => self.not_done(error),
        }
    }

    /// An invitation is taken back.
    pub(super) async fn withdraw(&self, by: By<'_>, form: &CheckedForm) -> Response {
        let read = match self.team().await {
            Ok(read) => read,
            Err(refused) => return refused,
        };
        let Ok(mail) = MailAddress::parse(form.field("mail").unwrap_or_default()) else {
            return inside(self.app, self.here, Space::Unknown);
        };
        match office(self.app).withdraw(&read, by, &mail).await {
            Ok(()) => self.done(Done::Withdrawn),
            Err(error) => self.not_done(error),
        }
    }

    /// A second person decides on a recovery.
    pub(super) async fn decide(&self, second: Second<'_>, form: &CheckedForm) -> Response {
        match self.decided(second, form).await {
            Ok(Ok(done)) => self.done(done),
            Ok(Err(code)) => inside(self.app, self.here, code),
            Err(error) => unavailable(self.app, self.here.occasion, &error),
        }
    }

    async fn decided(&self, second: Second<'_>, form: &CheckedForm) -> Result<Result<Done, Space>, StoreError> {
        let (app, now) = (self.app, self.app.clock.now());
        let id = form.field("recovery").and_then(|text| RecoveryId::parse(text).ok());
        let found = match &id {
            Some(id) => app.registry.recovery(id).await?,
            None => None,
        };
        let Some(recovery) = found else { return Ok(Err(Space::Unknown)) };
        let Some(partner) = app.registry.partner(&recovery.partner).await? else { return Ok(Err(Space::Unknown)) };
        let decided = match recovery.decide(&partner, &teams_of(app, &partner).await?, second, now) {
            Ok(decided) => decided,
            Err(why) => return Ok(Err(why.into())),
        };
        let name = partner.name.as_str().to_owned();
        let (updated, done) = match form.field("decision") {
            Some("oui") => {
                let secret: Bearer<Recovery> = Bearer::from_random(app.random.bytes());
                let link = app.partners().origin.at(&format!("/espace/recuperation/{}", *secret.expose()));
                let until = now.plus(Recovery::LINK);
                let told = office(app).posting(&partner.mail, PartnerMessage::RecoveryApproved { name, link, until });
                (app.registry.approve_recovery((&recovery, &decided), &secret, &told, now).await?, Done::Approved)
            }
            Some("non") => {
                let told = office(app).posting(&partner.mail, PartnerMessage::RecoveryRefused { name, at: now });
                (app.registry.refuse_recovery((&recovery, &decided), &told, now).await?, Done::Refused)
            }
            Some(_) | None => return Ok(Err(Space::InputInvalid)),
        };
        Ok(match updated {
            Updated::Done => Ok(done),
            Updated::Missing => Err(Space::ChangedMeanwhile),
        })
    }

    /// The seat that a form gives.
    fn seat(&self, form: &CheckedForm) -> Option<Seat> {
        if let Some(organisation) = self.of {
            let role = OrganisationRole::named(form.field("role")?)?;
            return Some(Seat::Organisation(organisation.siret, role));
        }
        let ticked = [
            ("admin", OperatorRole::Admin),
            ("instructor", OperatorRole::Instructor),
            ("reporter", OperatorRole::Reporter),
        ];
        let ticked = ticked.into_iter().filter(|(name, _)| form.field(name) == Some("yes"));
        let mut roles: OperatorRoles = ticked.map(|(_, role)| role).collect();
        if let Some(code) = form.field("departement") {
            roles.insert(OperatorRole::Prefecture(Departement::parse(code.trim()).ok()?));
        }
        Some(Seat::Operator(roles)).filter(Seat::is_any)
    }

    fn done(&self, done: Done) -> Response {
        self.app.mail_waiting.notify_one();
        see_other(&format!("{}?fait={}", place(&self.name()), done.name()))
    }

    fn not_done(&self, error: NotDone) -> Response {
        match error {
            NotDone::Refused(why) => inside(self.app, self.here, why.into()),
            NotDone::Meanwhile => inside(self.app, self.here, Space::ChangedMeanwhile),
            NotDone::Store(error) => unavailable(self.app, self.here.occasion, &error),
        }
    }
}
