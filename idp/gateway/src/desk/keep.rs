//! Cases in the registry: found as they are now, kept step by step, and concluded together with the identity they are
//! about.

use std::collections::BTreeMap;

use domain::cnie::case::alarm::{WINDOW, alarms};
use domain::cnie::case::{AnyCase, Case, Decided, Outcome, Papers, Settled};
use domain::cnie::identity::{AnyIdentity, Approval};
use domain::id::CaseId;
use domain::journal::{Act, CardIdentityChange, CaseDecision};
use domain::notice::{CardMessage, Message, Notice};
use domain::people::commune::CommuneCode;
use domain::secret::base64url;
use domain::time::Timestamp;
use store::StoreError;
use store::registry::{Case as Row, CaseEnd, Changed, Kept, KeptCase, Told, Transition};

use crate::app::App;
use crate::audit;

/// A case as it was read.
pub(crate) type Found = KeptCase<AnyCase>;

/// What became of a decision.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concluded {
    /// It stands.
    Done,
    /// Someone else changed the case or the identity meanwhile.
    Lost,
}

/// The row of a case.
pub(crate) fn row(case: AnyCase) -> Row<AnyCase> {
    let end = match &case {
        AnyCase::Decided(over) => Some(CaseEnd { at: over.at(), outcome: over.outcome().kept() }),
        AnyCase::Scanned(_) | AnyCase::Read(_) | AnyCase::Matched(_) | AnyCase::Awaiting(_) => None,
    };
    Row {
        id: case.id().clone(),
        commune: case.commune().clone(),
        agent: case.agent().clone(),
        opened: case.opened(),
        end,
        reader: case.awaits().map(|_| case.reader().clone()),
        record: case,
    }
}

/// The case, as it is now: one that was left for too long has lapsed.
pub(crate) async fn find(app: &App, id: &CaseId) -> Result<Option<Found>, StoreError> {
    let Some(found) = app.registry.case::<AnyCase>(id).await? else { return Ok(None) };
    settled(app, found).await.map(Some)
}

/// The open cases of a commune, as they are now.
pub(crate) async fn open(app: &App, commune: &CommuneCode) -> Result<Vec<Found>, StoreError> {
    let mut open = Vec::new();
    for found in app.registry.open_cases::<AnyCase>(commune).await? {
        open.push(settled(app, found).await?);
    }
    open.retain(|found| found.case.end.is_none());
    Ok(open)
}

/// Ends the cases that nobody ended: for the hourly round.
pub(crate) async fn lapse(app: &App) -> Result<(), StoreError> {
    for found in app.registry.cases_left_open::<AnyCase>(app.clock.now(), 200).await? {
        let _: Found = settled(app, found).await?;
    }
    Ok(())
}

async fn settled(app: &App, found: Found) -> Result<Found, StoreError> {
    let Settled::Lapsed(over) = found.case.record.clone().settle(app.clock.now()) else { return Ok(found) };
    let id = found.case.id.clone();
    // Whoever was faster settled it too, or went on in the last second: what is kept counts.
    let _: Concluded = conclude(app, &found, over, None).await?;
    app.registry.case(&id).await?.ok_or(StoreError::Corrupt { what: "a case that was there" })
}

/// Keeps the next step of a case.
pub(crate) async fn keep(app: &App, from: &Found, to: AnyCase) -> Result<Changed, StoreError> {
    let told = Told { acts: &[], notices: &[], at: app.clock.now() };
    app.registry.change_case(from, &row(to), None, &told).await
}

/// Keeps the end of a case, what becomes of the identity, what is accounted for and who is told: all or nothing. What was
/// read of the card goes.
pub(crate) async fn conclude(
    app: &App,
    from: &Found,
    over: Case<Decided>,
    approval: Option<Approval>,
) -> Result<Concluded, StoreError> {
    let (now, papers) = (app.clock.now(), from.case.record.papers().cloned());
    let identity = app.registry.identity(from.case.record.identity()).await?;
    let step = identity.and_then(|kept| Step::of(kept, over.id(), approval, now));
    // What was to be approved is not at this desk any more: the case says so, and nothing is approved.
    let is_gone = step.is_none() && over.outcome() == Outcome::Approved;
    let over = if is_gone { from.case.record.clone().gone(now) } else { AnyCase::from(over) };
    let acts: Vec<Act> = step.iter().map(Step::act).chain(decision(&over)).collect();
    let notices: Vec<Notice> = step.iter().map(Step::notice).collect();
    let told = Told { acts: &acts, notices: &notices, at: now };
    let transition = step.as_ref().map(|step| Transition { from: &step.from, to: &step.to });
    if app.registry.change_case(from, &row(over.clone()), transition, &told).await? == Changed::Lost {
        return Ok(Concluded::Lost);
    }
    app.mail_waiting.notify_one();
    if let Some(papers) = papers {
        let _: Option<Papers> = app.ephemeral.take(&papers).await?;
    }
    ring(app, &over).await?;
    Ok(Concluded::Done)
}

/// What an identity does when its case ends.
struct Step {
    from: Kept,
    to: AnyIdentity,
    change: CardIdentityChange,
    message: CardMessage,
}

impl Step {
    /// None when the identity is not at this desk any more.
    fn of(from: Kept, case: &CaseId, approval: Option<Approval>, now: Timestamp) -> Option<Self> {
        let AnyIdentity::AtDesk(identity) = from.identity.clone().settle(now).into_inner() else { return None };
        if identity.case() != case {
            return None;
        }
        let (to, change, message) = match approval {
            None => {
                let change = CardIdentityChange::Failed(case.clone());
                (AnyIdentity::from(identity.refuse(now)), change, CardMessage::Failed)
            }
            Some(approval) => {
                let approved = identity.approve(approval, now).ok()?;
                let until = approved.until();
                (approved.into(), CardIdentityChange::Approved(case.clone()), CardMessage::Approved { until })
            }
        };
        Some(Self { from, to, change, message })
    }

    fn act(&self) -> Act {
        Act::CardIdentityChanged { identity: self.to.common().id().clone(), change: self.change.clone() }
    }

    fn notice(&self) -> Notice {
        let common = self.to.common();
        let message = Message::Card(self.message.clone());
        Notice { to: common.mail().to_owned(), language: common.language(), message }
    }
}

/// What a decision stands on, for the journal: verdicts and digests, nothing of the citizen.
fn decision(case: &AnyCase) -> Option<Act> {
    let AnyCase::Decided(over) = case else { return None };
    let outcome = over.outcome();
    let mut evidence = BTreeMap::from([
        ("outcome".to_owned(), outcome.name().to_owned()),
        ("reader".to_owned(), case.reader().as_str().to_owned()),
    ]);
    let mut add = |name: &str, value: String| evidence.insert(name.to_owned(), value);
    if let Some(reason) = outcome.reason() {
        add("reason", reason.name().to_owned());
    }
    if let Some(second) = over.second() {
        add("second", second.as_str().to_owned());
    }
    let proved = over.evidence();
    for (name, digest) in [("sod", &proved.sod), ("transcript", &proved.transcript), ("verdict", &proved.verdict)] {
        if let Some(digest) = digest {
            add(name, base64url(&digest.0));
        }
    }
    if let Some(finger) = proved.finger {
        add("fingerprint", finger.name().to_owned());
    }
    Some(Act::CaseDecided(CaseDecision {
        case: case.id().clone(),
        commune: case.commune().clone(),
        agent: case.agent().clone(),
        outcome: outcome.kept(),
        status_reference: proved.status.clone(),
        evidence,
    }))
}

/// Tells of what someone should look at.
async fn ring(app: &App, case: &AnyCase) -> Result<(), StoreError> {
    let AnyCase::Decided(over) = case else { return Ok(()) };
    let since = Timestamp::from_epoch(over.at().epoch().saturating_sub(WINDOW.as_seconds().into()));
    let within = app.registry.cases_opened_by(case.agent(), since).await?;
    for alarm in alarms(over, u32::try_from(within).unwrap_or(u32::MAX)) {
        audit::alarm(alarm, case);
    }
    Ok(())
}
