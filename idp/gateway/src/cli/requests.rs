//! `idp habilitations` on requests: list and show them, look at their points, agree, send back, refuse, open again. The same acts
//! as on the pages of a reviewer; the author is whoever runs the gateway, who counts as one person with all programs.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::habilitation::acting::{Acting, Author};
use domain::habilitation::acts::{Done, NotDone};
use domain::habilitation::any::{AnyReview, State};
use domain::habilitation::checklist::{Mark, Point};
use domain::habilitation::complete::Complete;
use domain::habilitation::review::{Reason, Refusal};
use domain::id::{HabilitationId, HabilitationRequestId};
use domain::organisation::siret::Siret;
use domain::people::commune::Departement;
use serde_json::{Value, json};
use store::registry::{Changed, KeptReview, Part, Registry};

use super::Bench;
use super::habilitations::by;
use crate::habilitation::agreement::Agreement;
use crate::habilitation::keep::{self, Office, Turn};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List requests, in the order of their numbers
    Requests {
        /// Those in this state alone: draft, submitted, changes_requested, granted, refused, revoked, archived
        #[arg(long, value_parser = state)]
        state: Option<State>,
        /// Those of this SIRET alone
        #[arg(long, value_name = "SIRET")]
        organisation: Option<String>,
        /// Those of this département alone
        #[arg(long, value_name = "NN")]
        departement: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say that points of a request were looked at and are good
    Look {
        #[command(flatten)]
        one: One,
        /// A point, once for each
        #[arg(long = "point", value_name = "POINT", required_unless_present = "all", value_parser = point)]
        points: Vec<Point>,
        /// Every point that is open
        #[arg(long, conflicts_with = "points")]
        all: bool,
    },
    /// Agree to a request; where two must, the other is a person of the partners' space
    Approve {
        #[command(flatten)]
        one: One,
        /// Why it goes without the homologation bench, where that did not pass on every host citizens come back to
        #[arg(long, value_name = "REASON")]
        without_bench: Option<String>,
    },
    /// Refuse a request; what was granted before stays
    Refuse(Decision),
    /// Send a request back
    RequestChanges(Decision),
    /// Open a request again that was granted or refused
    Reopen(One),
    /// Give up what was opened again: the request is as it was granted
    CancelReopening(One),
}

/// Which request.
#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Its number
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// The version that was read: with another, nothing is done
    #[arg(long)]
    version: Option<i64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which request, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Decision {
    #[command(flatten)]
    one: One,
    /// Why: the applicant reads it
    #[arg(long)]
    reason: String,
}

fn state(text: &str) -> Result<State, String> {
    let named = State::ALL.iter().copied().find(|state| state.name() == text);
    named.ok_or_else(|| "there is no such state".to_owned())
}

fn point(text: &str) -> Result<Point, String> {
    Point::parse(text).ok_or_else(|| format!("there is no such point: {}", Point::ALL.map(Point::name).join(", ")))
}

pub(super) async fn run<W: Write>(
    command: Command,
    bench: &mut Bench<'_, W>,
    registry: &Registry,
) -> anyhow::Result<()> {
    let now = bench.clock.now();
    match command {
        Command::Requests { state, organisation, departement, json } => {
            let organisation = organisation.map(|siret| Siret::parse(&siret).context(siret)).transpose()?;
            let departement = departement.map(|code| Departement::parse(&code).context(code)).transpose()?;
            list(bench, registry, &Part { state, departement, organisation }, json).await
        }
        Command::Look { one, points, all } => {
            act(bench, registry, (&one, None), |review| {
                let open = |point: &(Point, bool)| !point.1;
                let points = match &review {
                    AnyReview::Submitted(step) if all => {
                        step.step().checklist.points().filter(open).map(|(point, _)| point).collect()
                    }
                    AnyReview::Submitted(_)
                    | AnyReview::Draft(_)
                    | AnyReview::ChangesRequested(_)
                    | AnyReview::Granted(_)
                    | AnyReview::Refused(_)
                    | AnyReview::Revoked(_)
                    | AnyReview::Archived(_) => points,
                };
                let mut points = points.into_iter();
                let first = points.next().unwrap_or(Point::Organisation);
                let start = review.look(&Acting::operator(), first, Mark::Seen)?;
                points.try_fold(start, |done, point| done.review.look(&Acting::operator(), point, Mark::Seen))
            })
            .await
        }
        Command::Approve { one, without_bench } => approve(bench, registry, (&one, without_bench)).await,
        Command::Refuse(Decision { one, reason }) => {
            let reason = Reason::parse(&reason)?;
            let why = Some(reason.clone());
            act(bench, registry, (&one, why), |review| review.refuse(&Acting::operator(), reason, now)).await
        }
        Command::RequestChanges(Decision { one, reason }) => {
            let reason = Reason::parse(&reason)?;
            let why = Some(reason.clone());
            act(bench, registry, (&one, why), |review| review.request_changes(&Acting::operator(), reason, now)).await
        }
        Command::Reopen(one) => {
            act(bench, registry, (&one, None), |review| review.reopen(&Acting::operator(), now)).await
        }
        Command::CancelReopening(one) => {
            act(bench, registry, (&one, None), |review| review.give_up(&Acting::operator())).await
        }
    }
}

/// How many requests are read at once.
const PAGE: u32 = 500;

async fn list<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    part: &Part<State>,
    json: bool,
) -> anyhow::Result<()> {
    let mut all: Vec<KeptReview> = Vec::new();
    loop {
        let page = registry.requests_page(part, all.last().map(|kept| &kept.review.about().id), PAGE).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    if json {
        bench.say_json(&all.iter().map(summary).collect());
        return Ok(());
    }
    for kept in &all {
        let (about, state) = (kept.review.about(), kept.review.state().name());
        let (title, organisation) = (keep::title(&kept.review), about.organisation.digits());
        bench.say(&format!("{} {state:<17} {organisation} version {:<4} {title}", about.id, kept.version));
    }
    Ok(())
}

/// A request, when there is one of that name.
pub(super) async fn find(registry: &Registry, id: &str) -> anyhow::Result<Option<KeptReview>> {
    Ok(match HabilitationRequestId::parse(id) {
        Ok(id) => registry.request(&id).await?,
        Err(_) => None,
    })
}

fn summary(kept: &KeptReview) -> Value {
    let about = kept.review.about();
    json!({
        "request": about.id, "state": kept.review.state().name(), "organisation": about.organisation.digits(),
        "version": kept.version, "title": keep::title(&kept.review), "opened": about.opened,
        "habilitation": about.granted.as_ref().map(|granted| &granted.habilitation),
    })
}

/// Shows a request, as it stands.
pub(super) fn show<W: Write>(bench: &mut Bench<'_, W>, kept: &KeptReview, json: bool) {
    let (about, review) = (kept.review.about(), &kept.review);
    let open = match review {
        AnyReview::Submitted(review) => review.step().checklist.open(),
        AnyReview::Draft(_)
        | AnyReview::ChangesRequested(_)
        | AnyReview::Granted(_)
        | AnyReview::Refused(_)
        | AnyReview::Revoked(_)
        | AnyReview::Archived(_) => Vec::new(),
    };
    let open: Vec<&str> = open.into_iter().map(Point::name).collect();
    if json {
        let mut told = summary(kept);
        told["form"] = json!(review.form());
        told["points_open"] = json!(open);
        bench.say_json(&told);
        return;
    }
    let faults = Complete::read(review.form()).err().unwrap_or_default();
    let first = review.first().map_or_else(|| "-".to_owned(), |first| by(&first.by));
    for (what, value) in [
        ("request", about.id.to_string()),
        ("state", review.state().name().to_owned()),
        ("version", kept.version.to_string()),
        ("organisation", about.organisation.digits()),
        ("applicant", by(&about.applicant)),
        ("opened", super::moment(about.opened)),
        ("first", first),
        ("open points", open.join(" ")),
        ("to put right", faults.len().to_string()),
    ] {
        bench.say(&format!("{what:<13} {value}"));
    }
    for (field, text) in review.form().filled() {
        bench.say(&format!("  {:<28} {}", field.name(), text.replace('\n', " / ")));
    }
}

async fn approve<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    (one, without): (&One, Option<String>),
) -> anyhow::Result<()> {
    let without = without.map(|text| Reason::parse(&text).context("--without-bench")).transpose()?;
    let (id, now) = (HabilitationId::from_random(bench.random.bytes()), bench.clock.now());
    let kept = known(registry, one).await?;
    let siret = kept.review.about().organisation;
    let organisation = registry.organisation(&siret).await?.with_context(|| format!("nobody brought in {siret}"))?;
    let agreement = Agreement::of(registry, (&kept.review, &organisation), now).await?.without_bench(without);
    act(bench, registry, (one, None), |review| agreement.give(review, &Acting::operator(), id)).await
}

async fn known(registry: &Registry, one: &One) -> anyhow::Result<KeptReview> {
    let kept = find(registry, &one.id).await?.with_context(|| format!("there is no request {:?}", one.id))?;
    match one.version {
        Some(read) if read != kept.version => {
            bail!("{} was changed since: it is at version {}", one.id, kept.version)
        }
        Some(_) | None => Ok(kept),
    }
}

/// Acts on a request, and tells what it is from then on.
async fn act<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    (one, reason): (&One, Option<Reason>),
    take: impl FnOnce(AnyReview) -> Result<Done, NotDone>,
) -> anyhow::Result<()> {
    let kept = known(registry, one).await?;
    let done = match take(kept.review.clone()) {
        Ok(done) => done,
        Err(NotDone::Refused(refusal)) => bail!("{}", told(&refusal)),
        Err(NotDone::OutOfTurn(state)) => bail!("{} is {}: this does not follow from there", one.id, state.name()),
    };
    change(bench, registry, &kept, &Turn { done, by: Author::Operator, reason }).await?;
    let kept = known(registry, &One { id: one.id.clone(), version: None, json: one.json }).await?;
    if one.json {
        bench.say_json(&summary(&kept));
    } else {
        bench.say(&format!("{} is {}", one.id, kept.review.state().name()));
    }
    Ok(())
}

/// Keeps what was done to a request; the mails that go with it wait for the gateway.
pub(super) async fn change<W: Write>(
    bench: &Bench<'_, W>,
    registry: &Registry,
    kept: &KeptReview,
    turn: &Turn,
) -> anyhow::Result<()> {
    let space = bench.config.partners.as_ref().context("requests need the partners' space: `partners.origin`")?;
    let office = Office { registry, origin: &space.origin, now: bench.clock.now() };
    match keep::change_in(office, kept, turn).await? {
        Changed::Done => Ok(()),
        Changed::Lost => bail!("the request was changed at the same time: look again"),
    }
}

/// Why a request stays as it is, with everything that is to be put right.
fn told(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Incomplete(faults) => {
            let each = faults.iter().map(|fault| format!("{} {}", fault.field.name(), fault.why));
            format!("{refusal}: {}", each.collect::<Vec<_>>().join("; "))
        }
        Refusal::Unchecked(points) => {
            let each: Vec<&str> = points.iter().map(|point| point.name()).collect();
            format!("{refusal}: {}", each.join(", "))
        }
        Refusal::OtherOrganisation
        | Refusal::BroughtIn
        | Refusal::NotHomologated
        | Refusal::Unchanged
        | Refusal::Own
        | Refusal::SamePerson
        | Refusal::NothingGranted => refusal.to_string(),
    }
}
