//! The pages of whoever has an identity on a card, outside the phone: what it is, what the links of its mails ask, the
//! request to take to a desk, and the card that is lost.

use askama::Template;
use domain::time::Timestamp;

use super::{Forms, Page, View, paris};

/// What an identity on a card is, how it is certified, and what to do when the card is lost.
#[derive(Debug, Template)]
#[template(path = "holder_home.html")]
pub(crate) struct Home<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
}

/// What a link of a mail asks: a page with a button, since programs that look through mails follow links. It is posted
/// to the path of the question with `csrf`, the token of the link itself, which is secret, and `answer`.
#[derive(Debug, Template)]
#[template(path = "holder_ask.html")]
pub(crate) struct Ask<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// What is asked.
    pub(crate) question: Question,
    /// The token of the link.
    pub(crate) csrf: &'a str,
}

/// What the link of a mail asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether the address is theirs.
    Confirm,
    /// Whether to close the identity at once, or in two days.
    Leave,
    /// Whether to keep it after all.
    Stay,
}

impl Question {
    /// Where the answer is posted to.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Confirm => "/carte/confirmer",
            Self::Leave => "/carte/fermer",
            Self::Stay => "/carte/garder",
        }
    }

    /// Its name in tests and styles.
    const fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Leave => "leave",
            Self::Stay => "stay",
        }
    }
}

/// An answer that a citizen can give: what it brings about, the words of its button, and its value.
#[derive(Debug, Clone, Copy)]
struct Answer {
    lead: Option<&'static str>,
    button: &'static str,
    value: &'static str,
}

impl Ask<'_> {
    const fn title(&self) -> &'static str {
        let t = self.page.t;
        match self.question {
            Question::Confirm => t.holder_confirm_title(),
            Question::Leave => t.holder_leave_title(),
            Question::Stay => t.holder_stay_title(),
        }
    }

    const fn lead(&self) -> &'static str {
        let t = self.page.t;
        match self.question {
            Question::Confirm => t.holder_confirm_lead(),
            Question::Leave => t.holder_leave_lead(),
            Question::Stay => t.holder_stay_lead(),
        }
    }

    const fn note(&self) -> Option<&'static str> {
        match self.question {
            Question::Confirm => Some(self.page.t.holder_confirm_stranger()),
            Question::Leave | Question::Stay => None,
        }
    }

    fn answers(&self) -> Vec<Answer> {
        let t = self.page.t;
        match self.question {
            Question::Confirm => vec![Answer { lead: None, button: t.holder_confirm_go(), value: "yes" }],
            Question::Stay => vec![Answer { lead: None, button: t.holder_stay_go(), value: "yes" }],
            Question::Leave => vec![
                Answer { lead: Some(t.holder_leave_lost()), button: t.holder_leave_lost_go(), value: "lost" },
                Answer { lead: Some(t.holder_leave_delete()), button: t.holder_leave_delete_go(), value: "delete" },
            ],
        }
    }
}

/// What was done.
#[derive(Debug, Template)]
#[template(path = "holder_told.html")]
pub(crate) struct Told<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// What it tells.
    pub(crate) what: Done,
}

/// What was done, or was so already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// A link may be on its way: the one answer to the form of lost cards.
    LinkSent,
    /// The address is confirmed.
    Confirmed,
    /// The identity is closed, for its card is lost.
    Closed,
    /// It will be closed.
    Leaves(Timestamp),
    /// It stays.
    Stays,
    /// It was closed before.
    Over,
}

impl Told<'_> {
    const fn title(&self) -> &'static str {
        let t = self.page.t;
        match self.what {
            Done::LinkSent => t.loss_sent_title(),
            Done::Confirmed => t.holder_confirmed_title(),
            Done::Closed => t.holder_closed_title(),
            Done::Leaves(_) => t.holder_leaves_title(),
            Done::Stays => t.holder_stays_title(),
            Done::Over => t.holder_over_title(),
        }
    }

    fn lead(&self) -> String {
        let t = self.page.t;
        match self.what {
            Done::LinkSent => t.loss_sent(),
            Done::Confirmed => t.holder_confirmed(),
            Done::Closed => t.holder_closed(),
            Done::Leaves(until) => return t.holder_leaves(&paris::in_words(until, t)),
            Done::Stays => t.holder_stays(),
            Done::Over => t.holder_over(),
        }
        .to_owned()
    }

    fn more(&self) -> Vec<&'static str> {
        let t = self.page.t;
        match self.what {
            Done::LinkSent => vec![t.loss_sent_nothing_yet(), t.loss_sent_none(), t.loss_sent_no_mailbox()],
            Done::Closed => vec![t.holder_closed_authorities()],
            Done::Confirmed | Done::Leaves(_) | Done::Stays | Done::Over => Vec::new(),
        }
    }

    const fn name(&self) -> &'static str {
        match self.what {
            Done::LinkSent => "link-sent",
            Done::Confirmed => "confirmed",
            Done::Closed => "closed",
            Done::Leaves(_) => "leaves",
            Done::Stays => "stays",
            Done::Over => "over",
        }
    }
}

/// The form of whoever lost the card, or wants to be deleted without the phone. It is posted to `/carte/perte` with
/// `csrf`, `number` and `mail`.
#[derive(Debug, Template)]
#[template(path = "holder_loss.html")]
pub(crate) struct Loss<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The token of its form.
    pub(crate) csrf: &'a str,
    /// What was sent before: number and address.
    pub(crate) sent: (&'a str, &'a str),
    /// What cannot be one.
    pub(crate) wrong: Option<Wrong>,
}

/// A field that cannot be what it should be, whatever the gateway knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The number of the card.
    Number,
    /// The address.
    Mail,
}

impl Loss<'_> {
    const fn number_is_wrong(&self) -> bool {
        matches!(self.wrong, Some(Wrong::Number))
    }

    const fn mail_is_wrong(&self) -> bool {
        matches!(self.wrong, Some(Wrong::Mail))
    }
}

/// The request for certification, to be shown or printed. It names nobody.
#[derive(Debug, Template)]
#[template(path = "holder_request.html")]
pub(crate) struct Request<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The token of the request.
    pub(crate) token: &'a str,
    /// When it ends.
    pub(crate) until: Timestamp,
    /// Whether cards of a simulator are taken.
    pub(crate) simulator: bool,
}

impl Request<'_> {
    fn until_day(&self) -> String {
        self.page.t.request_until(&last_day(self.until, self.page.t))
    }
}

/// The last day on which something that ends at this moment can be used the whole day long, or part of it.
pub(crate) fn last_day(until: Timestamp, t: super::text::Texts) -> String {
    paris::day(Timestamp::from_epoch(until.epoch().saturating_sub(1)), t)
}

macro_rules! views {
    ($($view:ident $forms:ident),+) => {
        $(impl View for $view<'_> {
            const FORMS: Forms = Forms::$forms;

            fn page(&self) -> &Page<'_> {
                &self.page
            }
        })+
    };
}

views!(Home None, Ask Leave, Told None, Loss Leave, Request None);
