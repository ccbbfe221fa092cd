//! Requests in the registry: found, and changed together with what is accounted for and who is told.

use axum::response::Response;
use domain::habilitation::acting::{Acting, Author, Write};
use domain::habilitation::acts::{Done, Effect, NotDone};
use domain::habilitation::any::AnyReview;
use domain::habilitation::complete::Complete;
use domain::habilitation::field::{Field, Person};
use domain::habilitation::form::Form;
use domain::habilitation::review::{Happened, Reason, Refusal, Review};
use domain::id::HabilitationRequestId;
use domain::journal::Act;
use domain::language::Language;
use domain::notice::{Message, Notice, RequestMessage, RequestReader, RequestTold};
use domain::organisation::siret::Siret;
use domain::partners::organisation::Organisation;
use domain::partners::partner::Partner;
use domain::partners::permission::Permit;
use domain::partners::role::{OperatorKind, TeamName};
use domain::time::Timestamp;
use store::StoreError;
use store::ephemeral::{Allowed, Put};
use store::registry::{Changed, Event, KeptReview, Registry, Told};

use super::request;
use crate::app::App;
use crate::audit::Space;
use crate::config::Issuer;
use crate::limits::REQUESTS;
use crate::partners::refusal;
use crate::partners::session::Holder;
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// How many people of a side are written to at most.
const MOST_READERS: usize = 20;

/// Where requests are kept, where their pages are, and what time it is: what a change of one needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Office<'a> {
    /// Where they are kept.
    pub(crate) registry: &'a Registry,
    /// The origin of the partners' space.
    pub(crate) origin: &'a Issuer,
    /// The time.
    pub(crate) now: Timestamp,
}

impl<'a> Office<'a> {
    /// That of the gateway as it runs.
    pub(crate) fn of(app: &'a App) -> Self {
        Self { registry: &app.registry, origin: &app.partners().origin, now: app.clock.now() }
    }
}

/// A request, when there is one of that name.
pub(crate) async fn find(app: &App, id: &str) -> Result<Option<KeptReview>, StoreError> {
    match HabilitationRequestId::parse(id) {
        Ok(id) => app.registry.request(&id).await,
        Err(_) => Ok(None),
    }
}

/// A change of a request: what was done, by whom, and why where a reason is given.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) done: Done,
    pub(crate) by: Author,
    pub(crate) reason: Option<Reason>,
}

impl Turn {
    /// As the page of the request tells it.
    pub(crate) fn event(&self) -> Event {
        Event { happened: self.done.happened, by: self.by.clone(), reason: self.reason.clone() }
    }

    /// As the journal accounts for it.
    pub(crate) fn act(&self) -> Act {
        let about = self.done.review.about();
        let (happened, by) = (self.done.happened, self.by.clone());
        Act::RequestChanged { request: about.id.clone(), organisation: about.organisation, happened, by }
    }
}

/// Acts on a request for whoever is in: keeps what comes of it, and shows the request as it is from then on. An act that does
/// not follow from where the request is, or that somebody else forestalled, shows that.
pub(crate) async fn act<P: Permit, C>(
    app: &App,
    holder: &Holder<P>,
    request: &str,
    told: (&Acting<C>, Option<Reason>),
    take: impl FnOnce(AnyReview) -> Result<Done, NotDone>,
) -> Response {
    act_at(app, holder, request, (told, ""), take).await
}

/// The same, and shows this page of the request.
pub(crate) async fn act_at<P: Permit, C>(
    app: &App,
    holder: &Holder<P>,
    request: &str,
    ((by, reason), page): ((&Acting<C>, Option<Reason>), &str),
    take: impl FnOnce(AnyReview) -> Result<Done, NotDone>,
) -> Response {
    let (here, by) = (&holder.here, by.author().clone());
    let acted = async {
        let Some(kept) = find(app, request).await? else { return Ok(refusal::inside(app, here, Space::Unseen)) };
        match take(kept.review.clone()) {
            Ok(done) => match change(app, &kept, &Turn { done, by, reason }).await? {
                Changed::Done => Ok(see_other(&format!("/espace/demandes/{}{page}", kept.review.about().id))),
                Changed::Lost => Ok(refusal::inside(app, here, Space::ChangedMeanwhile)),
            },
            Err(NotDone::Refused(refused)) => request::page(app, holder, &kept, Some(&refused)).await,
            Err(NotDone::OutOfTurn(_)) => Ok(refusal::inside(app, here, Space::ChangedMeanwhile)),
        }
    };
    acted.await.unwrap_or_else(|error: StoreError| unavailable(app, here.occasion, &error))
}

/// Keeps what becomes of a request, with what it does to habilitations, unless somebody was faster.
pub(crate) async fn change(app: &App, from: &KeptReview, turn: &Turn) -> Result<Changed, StoreError> {
    let changed = change_in(Office::of(app), from, turn).await?;
    app.mail_waiting.notify_one();
    app.webhooks_waiting.notify_one();
    Ok(changed)
}

/// Why a request is not begun.
#[derive(Debug)]
pub(crate) enum NotBegun {
    /// The rules say no.
    Refused(Refusal),
    /// The organisation began too many today.
    TooOften,
}

impl From<NotBegun> for Space {
    fn from(why: NotBegun) -> Self {
        match why {
            NotBegun::Refused(_) => Self::RoleMissing,
            NotBegun::TooOften => Self::TooOften,
        }
    }
}

/// The same where no gateway runs: its mails wait for one.
pub(crate) async fn change_in(office: Office<'_>, from: &KeptReview, turn: &Turn) -> Result<Changed, StoreError> {
    let (acts, notices) = ([turn.act()], notices(office, turn).await?);
    let told = Told { acts: &acts, notices: &notices, at: office.now };
    office.registry.change_request(from, &turn.done, &turn.event(), &told).await
}

/// Keeps a new request.
pub(crate) async fn begin(
    app: &App,
    organisation: &Organisation,
    by: &Acting<Write>,
    form: Form,
) -> Result<Result<HabilitationRequestId, NotBegun>, StoreError> {
    match app.ephemeral.allow(REQUESTS, organisation.siret.digits().as_bytes()).await? {
        Allowed::Yes => {}
        Allowed::No => return Ok(Err(NotBegun::TooOften)),
    }
    let now = app.clock.now();
    let id = HabilitationRequestId::from_random(app.random.bytes());
    let opened = Review::open(id.clone(), organisation.siret, by, now)
        .and_then(|review| review.write(by, form, now).map_err(|(_, refusal)| refusal));
    let review = match opened {
        Ok(review) => review.into(),
        Err(refusal) => return Ok(Err(NotBegun::Refused(refusal))),
    };
    let done = Done { review, happened: Happened::Opened, effect: Effect::None };
    let turn = Turn { done, by: by.author().clone(), reason: None };
    let acts = [turn.act()];
    let told = Told { acts: &acts, notices: &[], at: now };
    let departement = organisation.departement();
    match app.registry.make_request(&turn.done.review, departement.as_ref(), &turn.event(), &told).await? {
        Put::Fresh => {
            app.webhooks_waiting.notify_one();
            Ok(Ok(id))
        }
        Put::Taken => Err(StoreError::Corrupt { what: "the place of a new request" }),
    }
}

/// The mails that go with a change.
pub(crate) async fn notices(office: Office<'_>, turn: &Turn) -> Result<Vec<Notice>, StoreError> {
    let (to, happened) = (&turn.done.review, turn.done.happened);
    let told = |reader| RequestTold::Happened {
        happened,
        reason: turn.reason.as_ref().map(|reason| reason.as_str().to_owned()),
        reader,
    };
    let (writers, reviewers) = match happened {
        Happened::Opened | Happened::Written | Happened::LookedAt | Happened::ApprovedOnce => (false, false),
        Happened::Submitted => (true, true),
        Happened::ChangesRequested
        | Happened::Granted
        | Happened::Refused
        | Happened::Reopened
        | Happened::ReopeningEnded
        | Happened::Revoked
        | Happened::Archived => (true, false),
    };
    let mut letters = Letters::about(office, to).await?;
    if writers {
        letters.tell_writers(office.registry, to, &told(RequestReader::Applicant)).await?;
    }
    if reviewers {
        letters.tell_reviewers(office.registry, &told(RequestReader::Reviewer)).await?;
    }
    // Controller and data protection officer learn of what is granted in their name.
    if happened == Happened::Granted
        && let Ok(form) = Complete::read(to.form())
    {
        for person in [Person::Controller, Person::Dpo] {
            if let Some(reached) = form.contact(person) {
                letters.add(reached.mail.as_str(), &told(RequestReader::Named));
            }
        }
    }
    Ok(letters.notices)
}

/// The mails about one request.
pub(crate) struct Letters {
    service: String,
    organisation: String,
    link: String,
    notices: Vec<Notice>,
}

impl Letters {
    /// None yet.
    pub(crate) async fn about(office: Office<'_>, request: &AnyReview) -> Result<Self, StoreError> {
        let organisation = organisation_name(office.registry, &request.about().organisation).await?;
        let link = format!("{}/espace/demandes/{}", office.origin.as_str(), request.about().id);
        Ok(Self { service: title(request), organisation, link, notices: Vec::new() })
    }

    /// The mails.
    pub(crate) fn into_notices(self) -> Vec<Notice> {
        self.notices
    }

    /// One to everyone who wrote in the request and is still of its organisation.
    pub(crate) async fn tell_writers(
        &mut self,
        registry: &Registry,
        request: &AnyReview,
        told: &RequestTold,
    ) -> Result<(), StoreError> {
        let about = request.about();
        for writer in about.writers.iter().take(MOST_READERS) {
            if let Some(partner) = registry.partner(writer).await?
                && partner.memberships.contains_key(&about.organisation)
            {
                self.add(partner.mail.as_str(), told);
            }
        }
        Ok(())
    }

    /// One to everyone who reviews.
    pub(crate) async fn tell_reviewers(&mut self, registry: &Registry, told: &RequestTold) -> Result<(), StoreError> {
        let Some((team, _)) = registry.partner_team(&TeamName::Operators).await? else { return Ok(()) };
        for member in team.members.iter().take(MOST_READERS) {
            if let Some(reviewer) = registry.partner(&member.partner).await?.filter(reviews) {
                self.add(reviewer.mail.as_str(), told);
            }
        }
        Ok(())
    }

    fn add(&mut self, to: &str, told: &RequestTold) {
        if self.notices.iter().any(|notice| notice.to == to) {
            return;
        }
        let message = RequestMessage {
            service: self.service.clone(),
            organisation: self.organisation.clone(),
            link: self.link.clone(),
            told: told.clone(),
        };
        self.notices.push(Notice {
            to: to.to_owned(),
            language: Language::French,
            message: Message::Request(Box::new(message)),
        });
    }
}

fn reviews(partner: &Partner) -> bool {
    partner.operator.iter().any(|role| match role.kind() {
        OperatorKind::Admin | OperatorKind::Instructor => true,
        OperatorKind::Reporter | OperatorKind::Prefecture => false,
    })
}

/// What a request is called: the name of its service, once it has one.
pub(crate) fn title(request: &AnyReview) -> String {
    request.form().get(Field::Title).to_owned()
}

/// What an organisation is called.
pub(crate) async fn organisation_name(registry: &Registry, siret: &Siret) -> Result<String, StoreError> {
    let found = registry.organisation(siret).await?;
    Ok(found.map_or_else(|| siret.to_string(), |organisation| organisation.name.as_str().to_owned()))
}

/// What somebody is called who did something; none for who has no name.
pub(crate) async fn author_name(app: &App, author: &Author) -> Result<Option<String>, StoreError> {
    match author {
        Author::Partner(id) => Ok(app.registry.partner(id).await?.map(|partner| partner.name.as_str().to_owned())),
        Author::Token(machine) => {
            Ok(app.registry.admin_token(&machine.token).await?.map(|kept| kept.token.name.as_str().to_owned()))
        }
        Author::Operator | Author::Platform | Author::Clock => Ok(None),
    }
}
