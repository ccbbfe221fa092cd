//! One block of a request: `GET` and `POST /espace/demandes/{request}/{block}`. It is saved by itself, right or wrong; what
//! cannot be kept at all goes back to whoever typed it, and so does what stands against another's words.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::Response;
use domain::habilitation::acting::{Acting, Write};
use domain::habilitation::acts::NotDone;
use domain::habilitation::any::AnyReview;
use domain::habilitation::complete::{Complete, Fault};
use domain::habilitation::field::{Block, Field};
use domain::habilitation::form::{Conflict, Form, Unfit};
use domain::partners::permission::{EditRequests, Permit, ReadRequests};
use http::StatusCode;
use store::StoreError;
use store::registry::{Changed, KeptReview};

use super::keep::{self, Turn};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::requests::{BlockPage, Typed, address};
use crate::partners::refusal;
use crate::partners::session::{CheckedForm, Here, Holder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// How often a save is tried again when others save at the same time.
const TRIES: u32 = 8;

/// `GET /espace/demandes/{request}/{block}`.
pub(crate) async fn get(
    holder: Holder<ReadRequests>,
    State(app): State<Shared>,
    Path((request, block)): Path<(String, String)>,
) -> Response {
    let here = &holder.here;
    match found(&app, &holder, &request, &block).await {
        Ok((kept, block)) => show(&app, here, Shown::of(&kept, block), StatusCode::OK),
        Err(answer) => answer,
    }
}

async fn found<P: Permit>(
    app: &App,
    holder: &Holder<P>,
    request: &str,
    block: &str,
) -> Result<(KeptReview, Block), Response> {
    let here = &holder.here;
    let unseen = || refusal::inside(app, here, Space::Unseen);
    let block = Block::parse(block).ok_or_else(unseen)?;
    let kept = keep::find(app, request).await.map_err(|error| unavailable(app, here.occasion, &error))?;
    Ok((kept.ok_or_else(unseen)?, block))
}

/// What a block shows.
struct Shown<'a> {
    kept: &'a KeptReview,
    block: Block,
    typed: BTreeMap<Field, (String, Unfit)>,
    conflicts: Vec<Conflict>,
}

impl<'a> Shown<'a> {
    fn of(kept: &'a KeptReview, block: Block) -> Self {
        Self { kept, block, typed: BTreeMap::new(), conflicts: Vec::new() }
    }
}

fn show(app: &App, here: &Here, shown: Shown<'_>, status: StatusCode) -> Response {
    let Shown { kept, block, typed, conflicts } = shown;
    let review = &kept.review;
    let form = review.form();
    let faults = match (Complete::read(form), was_touched(form, block)) {
        // Nobody is told that everything is missing from a block that they have not begun.
        (Err(faults), true) => faults,
        (Ok(_), _) | (Err(_), false) => Vec::new(),
    };
    let faults: Vec<Fault> = faults.into_iter().filter(|fault| fault.field.block() == block).collect();
    let page = here.page(app);
    let typed: BTreeMap<Field, Typed> =
        typed.into_iter().map(|(field, (text, unfit))| (field, Typed { text, unfit })).collect();
    let view = BlockPage {
        page,
        shell: here.shell(page.block_title(block)).below([address(&page, review)]),
        request: review,
        version: kept.version,
        block,
        csrf: &here.csrf,
        may_write: writable(review),
        faults: &faults,
        typed: &typed,
        conflicts: &conflicts,
    };
    view.answer(status)
}

fn was_touched(form: &Form, block: Block) -> bool {
    block.fields().any(|field| !form.get(field).is_empty())
}

/// Whether anything may be written in it at this step.
pub(crate) fn writable(review: &AnyReview) -> bool {
    match review {
        AnyReview::Draft(_) | AnyReview::ChangesRequested(_) => true,
        AnyReview::Submitted(_)
        | AnyReview::Granted(_)
        | AnyReview::Refused(_)
        | AnyReview::Revoked(_)
        | AnyReview::Archived(_) => false,
    }
}

/// `POST /espace/demandes/{request}/{block}`.
pub(crate) async fn post(
    holder: Holder<EditRequests>,
    State(app): State<Shared>,
    Path((request, block)): Path<(String, String)>,
    form: CheckedForm,
) -> Response {
    let (here, by) = (&holder.here, Acting::from(&holder.held));
    let (kept, block) = match found(&app, &holder, &request, &block).await {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let base = form.field("version").and_then(|version| version.parse().ok()).unwrap_or(kept.version);
    let saved = match save(&app, kept, (block, base), &form, &by).await {
        Ok(saved) => saved,
        Err(error) => return unavailable(&app, here.occasion, &error),
    };
    match saved {
        Saved::Closed => refusal::inside(&app, here, Space::ChangedMeanwhile),
        Saved::Refused => refusal::inside(&app, here, Space::RoleMissing),
        Saved::Kept { kept, typed, conflicts } if typed.is_empty() && conflicts.is_empty() => {
            see_other(&onwards(&kept.review, block, form.field("then")))
        }
        Saved::Kept { kept, typed, conflicts } => {
            let code = if conflicts.is_empty() { Space::InputInvalid } else { Space::ChangedMeanwhile };
            let answer = show(&app, here, Shown { kept: &kept, block, typed, conflicts }, refusal::status(code));
            Entry::new(code).on(answer)
        }
    }
}

/// Where a save leads: the page of the request, or the next block.
fn onwards(review: &AnyReview, block: Block, then: Option<&str>) -> String {
    let id = &review.about().id;
    let next = Block::ALL.into_iter().skip_while(|one| *one != block).nth(1);
    match (then, next) {
        (Some("next"), Some(next)) => format!("/espace/demandes/{id}/{}", next.name()),
        _ => format!("/espace/demandes/{id}"),
    }
}

/// What came of a save.
#[expect(clippy::large_enum_variant, reason = "one is made a request, and looked at at once")]
enum Saved {
    /// Everything that could be kept is.
    Kept { kept: KeptReview, typed: BTreeMap<Field, (String, Unfit)>, conflicts: Vec<Conflict> },
    /// The request is not open to be written in.
    Closed,
    /// The rules say no.
    Refused,
}

async fn save(
    app: &App,
    kept: KeptReview,
    (block, version): (Block, i64),
    sent: &CheckedForm,
    by: &Acting<Write>,
) -> Result<Saved, StoreError> {
    let id = kept.review.about().id.clone();
    let base = app.registry.request_form(&id, version).await?.unwrap_or_else(|| kept.review.form().clone());
    let (mut mine, mut typed, mut fit) = (base.clone(), BTreeMap::new(), Vec::new());
    for field in block.fields().filter(|field| sent.shows(&field.name())) {
        let text = sent.text(&field.name());
        match mine.set(field, text) {
            Ok(()) => fit.push(field),
            Err(unfit) => {
                typed.insert(field, (text.to_owned(), unfit));
            }
        }
    }
    Ok(match merge(app, kept, (&base, &mine, &fit), by).await? {
        Merged::Kept { kept, conflicts } => Saved::Kept { kept, typed, conflicts },
        Merged::NotDone(NotDone::OutOfTurn(_)) => Saved::Closed,
        Merged::NotDone(NotDone::Refused(_)) => Saved::Refused,
    })
}

/// What came of bringing together what several wrote.
#[expect(clippy::large_enum_variant, reason = "one is made a request, and looked at at once")]
pub(crate) enum Merged {
    /// Everything is kept that nobody else's words stand against.
    Kept {
        /// The request as it is now.
        kept: KeptReview,
        /// What stands against each other: of each, the other's words stay.
        conflicts: Vec<Conflict>,
    },
    /// Nothing is.
    NotDone(NotDone),
}

/// Keeps in a request what somebody who had read `base` made of these fields, with what others wrote meanwhile.
pub(crate) async fn merge(
    app: &App,
    mut kept: KeptReview,
    (base, mine, fields): (&Form, &Form, &[Field]),
    by: &Acting<Write>,
) -> Result<Merged, StoreError> {
    let id = kept.review.about().id.clone();
    for _ in 0..TRIES {
        let merged = kept.review.form().merge(base, mine, fields.iter().copied());
        if merged.changed.is_empty() {
            return Ok(Merged::Kept { kept, conflicts: merged.conflicts });
        }
        let done = match kept.review.clone().write(by, merged.form, app.clock.now()) {
            Ok(done) => done,
            Err(not_done) => return Ok(Merged::NotDone(not_done)),
        };
        let turn = Turn { done, by: by.author().clone(), reason: None };
        if keep::change(app, &kept, &turn).await? == Changed::Done {
            let kept = KeptReview { review: turn.done.review, version: kept.version.saturating_add(1) };
            return Ok(Merged::Kept { kept, conflicts: merged.conflicts });
        }
        match app.registry.request(&id).await? {
            Some(again) => kept = again,
            None => return Ok(Merged::NotDone(NotDone::OutOfTurn(kept.review.state()))),
        }
    }
    Err(StoreError::Corrupt { what: "a request that changes all the time" })
}
