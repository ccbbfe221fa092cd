//! What is told of requests and of who did something: names of the domain, moments as RFC 3339, people by their number alone.

use std::collections::BTreeMap;

use domain::habilitation::acting::Author;
use domain::habilitation::any::AnyReview;
use domain::habilitation::checklist::Point;
use domain::habilitation::complete::Complete;
use domain::habilitation::differences::Difference;
use domain::habilitation::form::Form;
use domain::habilitation::review::{Approval, Decision};
use domain::habilitation::thread::{Message, Side};
use domain::organisation::siret::Siret;
use domain::partners::token::TokenReach;
use domain::people::commune::Departement;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use store::registry::{Event, KeptReview, Part};
use utoipa::{IntoParams, ToSchema};

use super::problem::{Trouble, Wrong};
use crate::audit::Admin;
use crate::cli::moment;

/// How many are on a page when nothing is said, and at most.
const USUAL_PAGE: u32 = 50;
const LONGEST_PAGE: u32 = 200;

/// Which part of a list, and from where on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wish {
    /// Those in this state alone.
    pub(super) state: Option<String>,
    /// Those of this département alone: `69`, `2A`, `974`.
    departement: Option<String>,
    /// Those of the organisation with this SIRET alone.
    organisation: Option<String>,
    /// `next` of the page before; the first page without.
    pub(super) cursor: Option<String>,
    /// How many at most: 1 to 200, 50 without.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Which part of the list of one organisation, and from where on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OwnWish {
    /// Those in this state alone.
    state: Option<String>,
    /// `next` of the page before; the first page without.
    cursor: Option<String>,
    /// How many at most: 1 to 200, 50 without.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

impl OwnWish {
    /// The same of the whole, for one organisation.
    pub(super) fn within(self, organisation: Siret) -> Wish {
        let Self { state, cursor, limit } = self;
        Wish { state, cursor, limit, departement: None, organisation: Some(organisation.digits()) }
    }
}

impl Wish {
    /// How many.
    pub(super) fn limit(&self) -> Result<u32, Trouble> {
        let limit = self.limit.unwrap_or(USUAL_PAGE);
        if (1..=LONGEST_PAGE).contains(&limit) { Ok(limit) } else { Err(Admin::QueryInvalid.into()) }
    }

    /// The part that is asked for, within the reach of a token; none when nothing of it lies there.
    pub(super) fn part<S>(&self, state: Option<S>, reach: &TokenReach) -> Result<Option<Part<S>>, Trouble> {
        let departement = self.departement.as_deref().map(Departement::parse).transpose();
        let organisation = self.organisation.as_deref().map(Siret::parse).transpose();
        let mut departement = departement.map_err(|_| Admin::QueryInvalid)?;
        let mut organisation = organisation.map_err(|_| Admin::QueryInvalid)?;
        match reach {
            TokenReach::Everywhere => {}
            TokenReach::Departement(own) if departement.as_ref().is_none_or(|asked| asked == own) => {
                departement = Some(own.clone());
            }
            TokenReach::Organisation(own) if organisation.as_ref().is_none_or(|asked| asked == own) => {
                organisation = Some(*own);
            }
            TokenReach::Departement(_) | TokenReach::Organisation(_) => return Ok(None),
        }
        Ok(Some(Part { state, departement, organisation }))
    }
}

/// Between which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Span {
    /// The earlier version.
    pub(super) from: i64,
    /// The later one; the one of now without.
    pub(super) to: Option<i64>,
}

/// Of which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Days {
    /// The first, as `2026-11-01`; that of the page of the service without.
    pub(super) from: Option<String>,
    /// The last; today without.
    pub(super) to: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// What is on it, in an order that does not change.
    pub(super) items: Vec<T>,
    /// The `cursor` of the next page; none on the last one.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// A page of at most so many; `place` is where one ends.
    pub(super) fn of(items: Vec<T>, limit: u32, place: impl Fn(&T) -> String) -> Self {
        let full = u32::try_from(items.len()).is_ok_and(|many| many == limit);
        let next = items.last().filter(|_| full).map(place);
        Self { items, next }
    }
}

/// Who did something.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct By {
    /// `partner`, `operator`, `platform`, `clock` or `token`.
    kind: &'static str,
    /// The number of the partner or of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

impl From<&Author> for By {
    fn from(author: &Author) -> Self {
        let (kind, id) = match author {
            Author::Partner(partner) => ("partner", Some(partner.to_string())),
            Author::Operator => ("operator", None),
            Author::Platform => ("platform", None),
            Author::Clock => ("clock", None),
            Author::Token(machine) => ("token", Some(machine.token.to_string())),
        };
        Self { kind, id }
    }
}

/// The answers of a form, by the names of its fields (`title`, `asks.email`, `dpo.mail`, `redirects.production`). A field
/// that is empty is left out; a tick is `on`.
pub(super) type Answers = BTreeMap<String, String>;

/// The answers of a form.
pub(super) fn answers(form: &Form) -> Answers {
    form.filled().map(|(field, text)| (field.name(), text.to_owned())).collect()
}

/// A request in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listed {
    /// Its number.
    pub(super) id: String,
    /// Whose it is: a SIRET.
    organisation: String,
    /// `draft`, `submitted`, `changes_requested`, `granted`, `refused`, `revoked` or `archived`.
    state: &'static str,
    /// The name of the service, once it has one.
    title: String,
    /// Its version: it grows with each change.
    version: i64,
    /// When it was begun.
    opened: String,
    /// The habilitation that was granted for it and is in force.
    habilitation: Option<String>,
}

impl From<&KeptReview> for Listed {
    fn from(kept: &KeptReview) -> Self {
        let about = kept.review.about();
        Self {
            id: about.id.to_string(),
            organisation: about.organisation.digits(),
            state: kept.review.state().name(),
            title: crate::habilitation::keep::title(&kept.review),
            version: kept.version,
            opened: moment(about.opened),
            habilitation: about.granted.as_ref().map(|granted| granted.habilitation.to_string()),
        }
    }
}

/// A request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Told {
    #[serde(flatten)]
    listed: Listed,
    /// Who began it.
    applicant: By,
    /// How often it was submitted.
    submissions: u32,
    /// What was written.
    form: Answers,
    /// What is still to be put right before it can be submitted.
    faults: Vec<Wrong>,
    /// While it is before the reviewers: the points that bear on it.
    points: Vec<Seen>,
    /// Whether two must agree.
    needs_two: bool,
    /// Who agreed so far.
    approvals: Vec<Agreed>,
    /// The last decision with a reason, while it stands.
    decision: Option<Decided>,
}

/// A point of the review.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Seen {
    /// Its name.
    point: &'static str,
    /// Whether a reviewer looked at it.
    seen: bool,
}

/// Somebody agreed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Agreed {
    by: By,
    at: String,
}

/// A decision with its reason.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Decided {
    by: By,
    at: String,
    /// Why, as the applicant reads it.
    reason: String,
}

impl From<&Approval> for Agreed {
    fn from(approval: &Approval) -> Self {
        Self { by: By::from(&approval.by), at: moment(approval.at) }
    }
}

impl From<&Decision> for Decided {
    fn from(decision: &Decision) -> Self {
        let (by, at) = (By::from(&decision.by), moment(decision.at));
        Self { by, at, reason: decision.reason.as_str().to_owned() }
    }
}

impl From<&KeptReview> for Told {
    fn from(kept: &KeptReview) -> Self {
        let (review, about) = (&kept.review, kept.review.about());
        let complete = Complete::read(review.form());
        let (mut points, mut approvals, mut decision) = (Vec::new(), Vec::new(), None);
        match review {
            AnyReview::Submitted(review) => {
                let seen = |(point, seen): (Point, bool)| Seen { point: point.name(), seen };
                points = review.step().checklist.points().map(seen).collect();
                approvals = review.step().first.iter().map(Agreed::from).collect();
            }
            AnyReview::Granted(review) => approvals = review.step().approvals.iter().map(Agreed::from).collect(),
            AnyReview::ChangesRequested(review) => decision = Some(Decided::from(&review.step().decision)),
            AnyReview::Refused(review) => decision = Some(Decided::from(&review.step().decision)),
            AnyReview::Revoked(review) => decision = Some(Decided::from(&review.step().decision)),
            AnyReview::Draft(_) | AnyReview::Archived(_) => {}
        }
        Self {
            listed: Listed::from(kept),
            applicant: By::from(&about.applicant),
            submissions: about.submissions,
            form: answers(review.form()),
            needs_two: complete.as_ref().is_ok_and(Complete::needs_two),
            faults: complete.err().iter().flatten().map(Wrong::from).collect(),
            points,
            approvals,
            decision,
        }
    }
}

/// A version of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionTold {
    version: i64,
    at: String,
    /// What happened: `opened`, `written`, `submitted`, `looked_at`, `approved_once`, `granted`, …
    happened: &'static str,
    by: By,
    /// Why, where a reason is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl VersionTold {
    /// What became of a request at a version.
    pub(super) fn of(version: i64, (at, event): &(Timestamp, Event)) -> Self {
        let reason = event.reason.as_ref().map(|reason| reason.as_str().to_owned());
        Self { version, at: moment(*at), happened: event.happened.name(), by: By::from(&event.by), reason }
    }
}

/// A field that is not the same in two versions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Differs {
    field: String,
    /// What stood there; nothing when it was empty.
    was: Option<String>,
    /// What stands there; nothing when it is empty.
    now: Option<String>,
}

impl From<Difference> for Differs {
    fn from(difference: Difference) -> Self {
        let field = difference.field().name();
        let on = || Some("on".to_owned());
        let (was, now) = match difference {
            Difference::Ticked(_) => (None, on()),
            Difference::Unticked(_) => (on(), None),
            Difference::Added { now, .. } => (None, Some(now)),
            Difference::Removed { was, .. } => (Some(was), None),
            Difference::Changed { was, now, .. } => (Some(was), Some(now)),
        };
        Self { field, was, now }
    }
}

/// What was written about a request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Said {
    by: By,
    /// `applicant` or `review`.
    side: Counter,
    at: String,
    text: String,
}

/// A side of the counter.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Counter {
    Applicant,
    Review,
}

impl From<&Message> for Said {
    fn from(message: &Message) -> Self {
        let side = match message.side {
            Side::Applicant => Counter::Applicant,
            Side::Review => Counter::Review,
        };
        Self { by: By::from(&message.by), side, at: moment(message.at), text: message.text.as_str().to_owned() }
    }
}
