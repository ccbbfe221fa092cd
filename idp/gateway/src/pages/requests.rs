//! The pages of a request: the list, its blocks, the thread, the review, the queue. A block is drawn from the table of fields
//! ([`Field::kind`]): a new field needs no page.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use askama::Template;
use domain::bench::report::Outcome;
use domain::claims::scopes::{Scope, Source};
use domain::habilitation::any::{AnyReview, State};
use domain::habilitation::checklist::Point;
use domain::habilitation::complete::{Complete, Fault, Why};
use domain::habilitation::differences::Difference;
use domain::habilitation::explained::explained;
use domain::habilitation::field::{Block, Detail, Field, Kind, Person, Where, askable};
use domain::habilitation::form::{Conflict, Unfit};
use domain::habilitation::homologation::{Homologation, Lack, Summary, Uncovered};
use domain::habilitation::review::{Decision, Happened, Refusal};
use domain::habilitation::templates::{Answer, BadTemplate, Template as Prose};
use domain::habilitation::thread::{Message, Side};
use domain::partners::organisation::Organisation;
use domain::time::Timestamp;
use store::registry::{After, Event};

use super::mail::happened_words;
use super::partners::{Crumb, Shell, space_views};
use super::text::Texts;
use super::{Page, paris};
use crate::bench::request::Benched;
use crate::habilitation::file::Unread;

space_views! {
    List: Stay, BlockPage: Stay, RequestPage: Stay, Exchange: Stay, ReviewPage: Stay, Queue: Stay,
    Templates: Stay, NotAFile: Stay,
}

/// A request among the pages above.
pub(crate) fn address(page: &Page<'_>, review: &AnyReview) -> Crumb {
    Crumb { href: format!("/espace/demandes/{}", review.about().id), title: page.request_title(review) }
}

impl Page<'_> {
    /// A step of a request, in words.
    pub(crate) fn request_state(&self, state: impl Borrow<State>) -> &'static str {
        let t = self.t;
        match *state.borrow() {
            State::Draft => t.request_draft(),
            State::Submitted => t.request_submitted(),
            State::ChangesRequested => t.request_changes(),
            State::Granted => t.request_granted(),
            State::Refused => t.request_refused(),
            State::Revoked => t.request_revoked(),
            State::Archived => t.request_archived(),
        }
    }

    /// The title of a block.
    pub(crate) fn block_title(&self, block: impl Borrow<Block>) -> &'static str {
        let t = self.t;
        match *block.borrow() {
            Block::Service => t.block_service(),
            Block::Scopes => t.block_scopes(),
            Block::Level => t.block_level(),
            Block::Legal => t.block_legal(),
            Block::Data => t.block_data(),
            Block::Contacts => t.block_contacts(),
            Block::Addresses => t.block_addresses(),
            Block::Alternative => t.block_alternative(),
        }
    }

    /// What a request is called, also before its service has a name.
    pub(crate) fn request_title(&self, request: &AnyReview) -> String {
        let title = request.form().get(Field::Title);
        if title.is_empty() { self.t.request_unnamed().to_owned() } else { title.to_owned() }
    }

    /// What a field is called.
    pub(crate) fn field_label(&self, field: impl Borrow<Field>) -> String {
        field.borrow().label().in_language(self.t.language()).to_owned()
    }

    /// What is wrong with an answer.
    pub(crate) fn why(&self, why: &Why) -> String {
        let t = self.t;
        match why {
            Why::Missing => t.why_missing().to_owned(),
            Why::Number { from, to } => t.why_number(&from.to_string(), &to.to_string()),
            Why::Day => t.why_day().to_owned(),
            Why::Mail => t.why_mail().to_owned(),
            Why::Phone => t.why_phone().to_owned(),
            Why::Mobile => t.why_mobile().to_owned(),
            Why::Uri => t.why_uri().to_owned(),
            Why::Address { line, fault } => t.why_address(&line.to_string(), &fault.to_string()),
            Why::TooMany { most } => t.why_too_many(&most.to_string()),
            Why::NothingAsked => t.why_nothing_asked().to_owned(),
            Why::OwnBasis => t.why_own_basis().to_owned(),
        }
    }

    fn unfit(&self, unfit: impl Borrow<Unfit>) -> String {
        let t = self.t;
        match *unfit.borrow() {
            Unfit::TooLong { seen, most } => t.unfit_long(&seen.to_string(), &most.to_string()),
            Unfit::Control => t.unfit_control().to_owned(),
            Unfit::Choice => t.unfit_choice().to_owned(),
        }
    }

    /// What happened to a request, in words.
    fn happened(&self, happened: impl Borrow<Happened>) -> &'static str {
        happened_words(*happened.borrow(), self.t)
    }

    /// One of the choices of a field, in words.
    fn choice(&self, field: impl Borrow<Field>, choice: &str) -> &'static str {
        let t = self.t;
        match (*field.borrow(), choice) {
            (Field::Level, "eidas1") => t.level_choice_low(),
            (Field::Level, "eidas2") => t.level_choice_substantial(),
            (Field::Level, "eidas3") => t.level_choice_high(),
            (_, "loi") => t.nature_law(),
            (_, "decret") => t.nature_decree(),
            (_, "arrete") => t.nature_order(),
            (_, "deliberation") => t.nature_deliberation(),
            (_, "convention") => t.nature_agreement(),
            (_, _) => t.nature_other(),
        }
    }

    /// What stands in a field, as people read it.
    fn filled(&self, field: Field, text: &str) -> String {
        match field.kind() {
            Kind::Tick => self.t.yes().to_owned(),
            Kind::Choice(_) => self.choice(field, text).to_owned(),
            Kind::Day => paris::beginning_of(text).map_or_else(|| text.to_owned(), |day| paris::day(day, self.t)),
            Kind::Line(_) | Kind::Text(_) | Kind::Lines(_) | Kind::Number | Kind::Mail | Kind::Phone | Kind::Uri => {
                text.to_owned()
            }
        }
    }

    fn when(&self, moment: impl Borrow<Timestamp>) -> String {
        paris::in_words(*moment.borrow(), self.t)
    }

    /// What is missing for a host.
    fn bench_lack(&self, lack: &Uncovered) -> String {
        match lack.lack {
            Lack::Missing => self.t.bench_missing(&lack.host),
            Lack::Failed => self.t.bench_lack_failed(&lack.host),
            Lack::Aged => self.t.bench_aged(&lack.host),
        }
    }

    fn bench_outcome(&self, summary: &Summary) -> &'static str {
        match summary.outcome {
            Outcome::Passed => self.t.bench_passed(),
            Outcome::Failed => self.t.bench_failed(),
        }
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    const fn bench_class(&self, summary: &Summary) -> &'static str {
        match summary.outcome {
            Outcome::Passed => "active",
            Outcome::Failed => "outside",
        }
    }

    /// How many checks passed, and on which hosts.
    fn bench_sum(&self, summary: &Summary) -> String {
        let hosts: Vec<&str> = summary.hosts.iter().map(String::as_str).collect();
        let count = self.t.bench_count(&summary.passed.to_string(), &summary.checks.to_string());
        format!("{count} · {}", hosts.join(", "))
    }

    /// The reason of a reviewer who agreed without the bench.
    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    fn bench_waived<'r>(&self, request: &'r AnyReview) -> Option<&'r Decision> {
        let homologation = match request {
            AnyReview::Submitted(review) => review.step().homologation.as_ref(),
            AnyReview::Draft(_)
            | AnyReview::ChangesRequested(_)
            | AnyReview::Granted(_)
            | AnyReview::Refused(_)
            | AnyReview::Revoked(_)
            | AnyReview::Archived(_) => None,
        };
        match homologation? {
            Homologation::Waived(decision) => Some(decision),
            Homologation::Reports(_) => None,
        }
    }
}

/// A request in a list.
#[derive(Debug)]
pub(crate) struct Line {
    id: String,
    title: Option<String>,
    state: State,
    reopened: bool,
    organisation: Option<String>,
    since: Option<Timestamp>,
    sensitive: bool,
}

impl Line {
    /// The line of a request.
    pub(crate) fn of(request: &AnyReview) -> Self {
        let (about, form) = (request.about(), request.form());
        let title = Some(form.get(Field::Title)).filter(|title| !title.is_empty()).map(str::to_owned);
        let state = request.state();
        Self {
            id: about.id.as_str().to_owned(),
            title,
            state,
            reopened: about.granted.is_some() && state != State::Granted,
            organisation: None,
            since: None,
            sensitive: Complete::read(form).is_ok_and(|complete| complete.needs_two()),
        }
    }

    /// The same for the reviewers: whose it is, and since when it waits.
    pub(crate) fn waiting(self, organisation: String, since: Timestamp) -> Self {
        Self { organisation: Some(organisation), since: Some(since), ..self }
    }
}

/// The requests of an organisation.
#[derive(Debug, Template)]
#[template(path = "request_list.html")]
pub(crate) struct List<'a> {
    pub(crate) page: Page<'a>,
    pub(crate) shell: Shell<'a>,
    pub(crate) organisation: &'a Organisation,
    pub(crate) lines: &'a [Line],
    pub(crate) csrf: &'a str,
    pub(crate) may_write: bool,
}

/// A file that is no request.
#[derive(Debug, Template)]
#[template(path = "request_import.html")]
pub(crate) struct NotAFile<'a> {
    pub(crate) page: Page<'a>,
    pub(crate) shell: Shell<'a>,
    pub(crate) organisation: &'a Organisation,
    pub(crate) csrf: &'a str,
    pub(crate) unread: &'a Unread,
    pub(crate) text: &'a str,
}

impl NotAFile<'_> {
    fn words(&self) -> String {
        let t = self.page.t;
        match self.unread {
            Unread::NotAForm => t.import_not_json().to_owned(),
            Unread::Version => t.import_version().to_owned(),
            Unread::Fields(names) => t.import_fields(&names.join(", ")),
        }
    }
}

/// What somebody typed that cannot be kept.
#[derive(Debug)]
pub(crate) struct Typed {
    /// The text.
    pub(crate) text: String,
    /// Why not.
    pub(crate) unfit: Unfit,
}

/// One block of the form.
#[derive(Debug, Template)]
#[template(path = "request_block.html")]
pub(crate) struct BlockPage<'a> {
    pub(crate) page: Page<'a>,
    pub(crate) shell: Shell<'a>,
    pub(crate) request: &'a AnyReview,
    pub(crate) version: i64,
    pub(crate) block: Block,
    pub(crate) csrf: &'a str,
    pub(crate) may_write: bool,
    pub(crate) faults: &'a [Fault],
    pub(crate) typed: &'a BTreeMap<Field, Typed>,
    pub(crate) conflicts: &'a [Conflict],
}

/// A field as it is drawn.
#[derive(Debug)]
pub(crate) struct Drawn {
    field: Field,
    name: String,
    label: String,
    hint: Option<&'static str>,
    value: String,
    wrong: Option<String>,
    theirs: Option<String>,
}

impl Drawn {
    const fn kind(&self) -> Kind {
        self.field.kind()
    }

    const fn is_tick(&self) -> bool {
        matches!(self.kind(), Kind::Tick)
    }

    const fn is_area(&self) -> bool {
        matches!(self.kind(), Kind::Text(_) | Kind::Lines(_))
    }

    const fn choices(&self) -> Option<&'static [&'static str]> {
        match self.kind() {
            Kind::Choice(choices) => Some(choices),
            Kind::Line(_)
            | Kind::Text(_)
            | Kind::Lines(_)
            | Kind::Tick
            | Kind::Number
            | Kind::Day
            | Kind::Mail
            | Kind::Phone
            | Kind::Uri => None,
        }
    }

    const fn input(&self) -> &'static str {
        match self.kind() {
            Kind::Day => "date",
            Kind::Mail => "email",
            Kind::Phone => "tel",
            Kind::Uri => "url",
            Kind::Line(_) | Kind::Text(_) | Kind::Lines(_) | Kind::Tick | Kind::Choice(_) | Kind::Number => "text",
        }
    }

    const fn is_number(&self) -> bool {
        matches!(self.kind(), Kind::Number)
    }

    fn described(&self) -> String {
        let mut ids = Vec::new();
        if self.wrong.is_some() {
            ids.push(format!("{}-wrong", self.name));
        }
        if self.hint.is_some() {
            ids.push(format!("{}-hint", self.name));
        }
        ids.join(" ")
    }
}

/// The scopes of one source.
#[derive(Debug)]
pub(crate) struct Group {
    source: Source,
    title: String,
    open: bool,
    scopes: Vec<AskedScope>,
}

/// A scope in the form.
#[derive(Debug)]
pub(crate) struct AskedScope {
    asks: Drawn,
    need: Drawn,
    label: String,
    explained: String,
}

impl BlockPage<'_> {
    fn drawn(&self, field: Field) -> Drawn {
        let typed = self.typed.get(&field);
        let conflict = self.conflicts.iter().find(|conflict| conflict.field == field);
        let fault = self.faults.iter().find(|fault| fault.field == field);
        let value = match (typed, conflict) {
            (Some(typed), _) => typed.text.clone(),
            (None, Some(conflict)) => conflict.mine.clone(),
            (None, None) => self.request.form().get(field).to_owned(),
        };
        let wrong = match (typed, fault) {
            (Some(typed), _) => Some(self.page.unfit(typed.unfit)),
            (None, Some(fault)) => Some(self.page.why(&fault.why)),
            (None, None) => None,
        };
        Drawn {
            field,
            name: field.name(),
            label: self.page.field_label(field),
            hint: self.hint(field),
            value,
            wrong,
            theirs: conflict.map(|conflict| conflict.theirs.clone()),
        }
    }

    /// The fields that are drawn one under the other: all but scopes, and of the texts of scopes those that are asked for.
    fn fields(&self) -> Vec<Drawn> {
        self.block
            .fields()
            .filter(|field| match field {
                Field::Asks(_) | Field::Need(_) => false,
                Field::Basis(scope) => !self.request.form().get(Field::Asks(*scope)).is_empty(),
                Field::Title
                | Field::Description
                | Field::ServiceUri
                | Field::GoLive
                | Field::Volume
                | Field::Editor
                | Field::Level
                | Field::LevelReason
                | Field::LegalNature
                | Field::LegalReference
                | Field::LegalUri
                | Field::Recipients
                | Field::Retention
                | Field::RetentionReason
                | Field::Contact(..)
                | Field::Redirects(_)
                | Field::LogoutRedirects(_)
                | Field::Alternative
                | Field::AlternativeAttested
                | Field::DpoInformed
                | Field::TermsAccepted => true,
            })
            .map(|field| self.drawn(field))
            .collect()
    }

    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        if self.block != Block::Scopes {
            return groups;
        }
        let language = self.page.t.language();
        for scope in askable() {
            let asked = AskedScope {
                asks: self.drawn(Field::Asks(scope)),
                need: self.drawn(Field::Need(scope)),
                label: scope.label().in_language(language).to_owned(),
                explained: explained(scope).in_language(language).to_owned(),
            };
            let open = !asked.asks.value.is_empty() || asked.asks.wrong.is_some();
            match groups.iter_mut().find(|group| group.source == scope.source()) {
                Some(group) => {
                    group.open |= open;
                    group.scopes.push(asked);
                }
                None => groups.push(Group {
                    source: scope.source(),
                    title: scope.source().label().in_language(language).to_owned(),
                    open: open || scope.source() == Source::Identity,
                    scopes: vec![asked],
                }),
            }
        }
        groups
    }

    fn hint(&self, field: Field) -> Option<&'static str> {
        let t = self.page.t;
        Some(match field {
            Field::Title => t.hint_title(),
            Field::Description => t.hint_description(),
            Field::ServiceUri => t.hint_service_uri(),
            Field::Editor => t.hint_editor(),
            Field::LegalReference => t.hint_legal(),
            Field::Basis(_) => t.hint_basis(),
            Field::Recipients => t.hint_recipients(),
            Field::Retention => t.hint_retention(),
            Field::RetentionReason => t.hint_retention_reason(),
            Field::LevelReason => t.hint_level_reason(),
            Field::Contact(Person::Technical, Detail::Phone) => t.hint_phone(),
            Field::Redirects(Where::Production) => t.hint_redirects(),
            Field::Redirects(Where::Sandbox) => t.hint_sandbox(),
            Field::Alternative => t.hint_alternative(),
            Field::GoLive
            | Field::Volume
            | Field::Level
            | Field::Asks(_)
            | Field::Need(_)
            | Field::LegalNature
            | Field::LegalUri
            | Field::Contact(Person::Controller | Person::Dpo, Detail::Phone)
            | Field::Contact(_, Detail::Name | Detail::Job | Detail::Mail)
            | Field::LogoutRedirects(_)
            | Field::AlternativeAttested
            | Field::DpoInformed
            | Field::TermsAccepted => return None,
        })
    }

    fn lead(&self) -> &'static str {
        let t = self.page.t;
        match self.block {
            Block::Service => t.lead_service(),
            Block::Scopes => t.lead_scopes(),
            Block::Level => t.lead_level(),
            Block::Legal => t.lead_legal(),
            Block::Data => t.lead_data(),
            Block::Contacts => t.lead_contacts(),
            Block::Addresses => t.lead_addresses(),
            Block::Alternative => t.lead_alternative(),
        }
    }

    fn position(&self) -> String {
        let at = Block::ALL.iter().position(|block| *block == self.block).unwrap_or_default();
        self.page.t.block_position(&(at + 1).to_string(), &Block::ALL.len().to_string())
    }

    fn is_last(&self) -> bool {
        Block::ALL.last() == Some(&self.block)
    }
}

/// What happened, and who did it.
#[derive(Debug)]
pub(crate) struct EventLine {
    /// When.
    pub(crate) at: Timestamp,
    /// Who; none for who has no name.
    pub(crate) by: Option<String>,
    /// What.
    pub(crate) event: Event,
}

/// One request.
#[expect(clippy::struct_excessive_bools, reason = "what a page shows or does not")]
#[derive(Debug, Template)]
#[template(path = "request.html")]
pub(crate) struct RequestPage<'a> {
    pub(crate) page: Page<'a>,
    pub(crate) shell: Shell<'a>,
    pub(crate) request: &'a AnyReview,
    pub(crate) organisation: &'a Organisation,
    pub(crate) csrf: &'a str,
    pub(crate) faults: &'a [Fault],
    pub(crate) events: &'a [EventLine],
    pub(crate) unread: usize,
    pub(crate) told: Option<&'a Refusal>,
    pub(crate) may_write: bool,
    pub(crate) may_submit: bool,
    pub(crate) may_review: bool,
    pub(crate) may_run: bool,
    pub(crate) bench: &'a Benched,
}

impl RequestPage<'_> {
    fn state(&self) -> State {
        self.request.state()
    }

    fn reopened(&self) -> bool {
        self.request.about().granted.is_some() && self.state() != State::Granted
    }

    fn writable(&self) -> bool {
        self.may_write && matches!(self.state(), State::Draft | State::ChangesRequested)
    }

    fn can_reopen(&self) -> bool {
        self.may_write && matches!(self.state(), State::Granted | State::Refused)
    }

    fn can_archive(&self) -> bool {
        self.may_write && !self.reopened() && matches!(self.state(), State::Draft | State::Refused | State::Revoked)
    }

    fn verified(&self) -> bool {
        self.organisation.verified().is_ok()
    }

    fn open_faults(&self, block: impl Borrow<Block>) -> usize {
        let block = *block.borrow();
        self.faults.iter().filter(|fault| fault.field.block() == block).count()
    }

    fn block_words(&self, block: impl Borrow<Block>) -> String {
        let t = self.page.t;
        match self.open_faults(*block.borrow()) {
            0 => t.block_done().to_owned(),
            1 => t.block_one_open().to_owned(),
            more => t.block_open(&more.to_string()),
        }
    }

    fn refusal_words(&self) -> Option<&'static str> {
        let t = self.page.t;
        Some(match self.told? {
            Refusal::OtherOrganisation => t.refusal_other(),
            Refusal::Incomplete(_) => t.refusal_incomplete(),
            Refusal::Unchanged => t.refusal_unchanged(),
            Refusal::Own => t.refusal_own(),
            Refusal::SamePerson => t.refusal_same(),
            Refusal::BroughtIn => t.refusal_brought_in(),
            Refusal::Unchecked(_) => t.refusal_unchecked(),
            Refusal::NotHomologated => t.refusal_bench(),
            Refusal::NothingGranted => t.refusal_nothing(),
        })
    }

    /// The reason that matters now: of what sent it back, refused or revoked it.
    fn reason(&self) -> Option<&str> {
        let decision = match self.request {
            AnyReview::ChangesRequested(review) => &review.step().decision,
            AnyReview::Refused(review) => &review.step().decision,
            AnyReview::Revoked(review) => &review.step().decision,
            AnyReview::Draft(_) | AnyReview::Submitted(_) | AnyReview::Granted(_) | AnyReview::Archived(_) => {
                return None;
            }
        };
        Some(decision.reason.as_str())
    }

    fn next(&self) -> &'static str {
        let t = self.page.t;
        match self.state() {
            State::Draft if self.faults.is_empty() => t.next_submit(),
            State::Draft => t.next_fill(),
            State::Submitted => t.next_wait(),
            State::ChangesRequested => t.next_change(),
            State::Granted => t.next_granted(),
            State::Refused => t.next_refused(),
            State::Revoked => t.next_revoked(),
            State::Archived => t.next_archived(),
        }
    }
}

/// A message, and who wrote it.
#[derive(Debug)]
pub(crate) struct Said {
    /// Who; none for who has no name.
    pub(crate) by: Option<String>,
    /// What.
    pub(crate) message: Message,
}

impl Said {
    fn is_review(&self) -> bool {
        self.message.side == Side::Review
    }
}

/// The thread of a request.
#[derive(Debug, Template)]
#[template(path = "request_exchange.html")]
pub(crate) struct Exchange<'a> {
    pub(crate) page: Page<'a>,
    pub(crate) shell: Shell<'a>,
    pub(crate) request: &'a AnyReview,
    pub(crate) csrf: &'a str,
    pub(crate) said: &'a [Said],
    pub(crate) side: Option<Side>,
    pub(crate) typed: Option<&'a str>,
}

/// A text that a reviewer may take.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// For which answer.
    pub(crate) answer: Answer,
    /// Its title.
    pub(crate) title: String,
    /// The text, with its places filled.
    pub(crate) text: String,
}

/// The review of a request.
#[derive(Debug, Template)]
#[template(path = "request_review.html")]
pub(crate) struct ReviewPage<'a> {
    pub(crate) page: Page<'a>,
    pub(crate) shell: Shell<'a>,
    pub(crate) request: &'a AnyReview,
    pub(crate) organisation: &'a Organisation,
    pub(crate) csrf: &'a str,
    pub(crate) differences: &'a [Difference],
    pub(crate) has_earlier: bool,
    pub(crate) complete: Option<&'a Complete>,
    pub(crate) prepared: &'a [Prepared],
    pub(crate) first: Option<String>,
    pub(crate) others: usize,
    pub(crate) typed: Option<&'a str>,
    pub(crate) may_run: bool,
    pub(crate) bench: &'a Benched,
}

impl ReviewPage<'_> {
    fn points(&self) -> Vec<(Point, bool)> {
        match self.request {
            AnyReview::Submitted(review) => review.step().checklist.points().collect(),
            AnyReview::Draft(_)
            | AnyReview::ChangesRequested(_)
            | AnyReview::Granted(_)
            | AnyReview::Refused(_)
            | AnyReview::Revoked(_)
            | AnyReview::Archived(_) => Vec::new(),
        }
    }

    fn is_submitted(&self) -> bool {
        self.request.state() == State::Submitted
    }

    fn in_force(&self) -> bool {
        self.request.about().granted.is_some()
    }

    fn needs_two(&self) -> bool {
        self.complete.is_some_and(Complete::needs_two)
    }

    fn all_seen(&self) -> bool {
        self.points().iter().all(|(_, seen)| *seen)
    }

    fn filled(&self) -> Vec<(Block, Vec<(Field, String)>)> {
        let form = self.request.form();
        Block::ALL
            .into_iter()
            .map(|block| {
                let fields = block.fields().filter(|field| !form.get(*field).is_empty());
                (block, fields.map(|field| (field, self.page.filled(field, form.get(field)))).collect::<Vec<_>>())
            })
            .filter(|(_, fields)| !fields.is_empty())
            .collect()
    }

    fn point(&self, point: impl Borrow<Point>) -> &'static str {
        let t = self.page.t;
        match *point.borrow() {
            Point::Organisation => t.point_organisation(),
            Point::Belonging => t.point_belonging(),
            Point::Addresses => t.point_addresses(),
            Point::Readable => t.point_readable(),
            Point::LegalText => t.point_legal(),
            Point::ForeignData => t.point_foreign(),
            Point::Minimal => t.point_minimal(),
            Point::Level => t.point_level(),
            Point::Retention => t.point_retention(),
            Point::Contacts => t.point_contacts(),
            Point::Alternative => t.point_alternative(),
            Point::NoDuplicate => t.point_duplicate(),
        }
    }

    fn difference(&self, difference: &Difference) -> String {
        let t = self.page.t;
        let label = self.page.field_label(difference.field());
        let filled = |text: &String| self.page.filled(difference.field(), text);
        match difference {
            Difference::Ticked(_) => t.difference_ticked(&label),
            Difference::Unticked(_) => t.difference_unticked(&label),
            Difference::Added { now, .. } => t.difference_added(&label, &filled(now)),
            Difference::Removed { was, .. } => t.difference_removed(&label, &filled(was)),
            Difference::Changed { was, now, .. } => t.difference_changed(&label, &filled(was), &filled(now)),
        }
    }

    fn asked(&self) -> Vec<(Scope, String)> {
        let language = self.page.t.language();
        self.complete.map_or_else(Vec::new, |complete| {
            complete.scopes().keys().map(|scope| (*scope, scope.label().in_language(language).to_owned())).collect()
        })
    }
}

/// What waits for the reviewers.
#[derive(Debug, Template)]
#[template(path = "request_queue.html")]
pub(crate) struct Queue<'a> {
    pub(crate) page: Page<'a>,
    pub(crate) shell: Shell<'a>,
    pub(crate) state: State,
    pub(crate) counts: &'a BTreeMap<State, i64>,
    pub(crate) lines: &'a [Line],
    pub(crate) next: Option<&'a After>,
    pub(crate) now: Timestamp,
}

impl Queue<'_> {
    fn is_shown(&self, state: impl Borrow<State>) -> bool {
        *state.borrow() == self.state
    }

    fn states(&self) -> Vec<(State, i64)> {
        State::ALL.iter().map(|state| (*state, self.counts.get(state).copied().unwrap_or_default())).collect()
    }

    fn waits(&self, line: &Line) -> Option<String> {
        let days = self.now.seconds_since(line.since?) / 86_400;
        Some(match days {
            ..=0 => self.page.t.waits_today().to_owned(),
            1 => self.page.t.waits_day().to_owned(),
            days => self.page.t.waits_days(&days.to_string()),
        })
    }
}

/// What somebody typed for a template that cannot be kept.
#[derive(Debug)]
pub(crate) struct Wrong<'a> {
    /// Why.
    pub(crate) bad: BadTemplate,
    /// The title.
    pub(crate) title: &'a str,
    /// The text.
    pub(crate) text: &'a str,
}

/// The texts that reviewers write often.
#[expect(clippy::struct_field_names, reason = "the templates of the page of templates")]
#[derive(Debug, Template)]
#[template(path = "request_templates.html")]
pub(crate) struct Templates<'a> {
    pub(crate) page: Page<'a>,
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    pub(crate) templates: &'a [(String, Prose)],
    pub(crate) may_change: bool,
    pub(crate) wrong: Option<Wrong<'a>>,
}

impl Templates<'_> {
    fn answer(&self, answer: impl Borrow<Answer>) -> &'static str {
        answer_words(self.page.t, *answer.borrow())
    }

    fn wrong_words(&self) -> Option<&'static str> {
        let t = self.page.t;
        Some(match self.wrong.as_ref()?.bad {
            BadTemplate::Title => t.template_title_wrong(),
            BadTemplate::Text => t.template_text_wrong(),
            BadTemplate::Place => t.template_place_wrong(),
        })
    }

    fn typed(&self) -> (&str, &str) {
        self.wrong.as_ref().map_or(("", ""), |wrong| (wrong.title, wrong.text))
    }
}

fn answer_words(t: Texts, answer: Answer) -> &'static str {
    match answer {
        Answer::Approval => t.answer_approval(),
        Answer::Changes => t.answer_changes(),
        Answer::Refusal => t.answer_refusal(),
    }
}
