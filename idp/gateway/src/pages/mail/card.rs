//! What a citizen is told of their identity on a card: subject and paragraphs. No reason of a desk: none comes here.

use domain::cnie::identity::{Closure, Ending};
use domain::notice::{CardMessage, Remedy};
use domain::time::Timestamp;

use crate::pages::holder::last_day;
use crate::pages::paris;
use crate::pages::text::Texts;

/// Who writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'a> {
    /// The brand's name.
    pub(super) name: &'a str,
    /// The address of the page for lost cards.
    pub(super) loss: &'a str,
    /// Where support is reached.
    pub(super) support: Option<&'a str>,
}

/// Writes one message.
pub(super) fn write(message: &CardMessage, sender: Sender<'_>, t: Texts) -> (String, Vec<String>) {
    let (subject, mut told) = words(message, sender.name, t);
    told.insert(0, t.mail_card_hello().to_owned());
    told.extend(stranger(message).then(|| t.mail_card_stranger(sender.loss)));
    told.extend(sender.support.map(|support| t.mail_card_support(support)));
    told.push(t.mail_card_never_asked().to_owned());
    (subject, told)
}

/// Whether it may be news to a citizen whose card or code is in other hands, and who has to act.
const fn stranger(message: &CardMessage) -> bool {
    match message {
        CardMessage::Requested { .. }
        | CardMessage::Approved { .. }
        | CardMessage::Certified { .. }
        | CardMessage::Ended { why: Ending::CodeChanged }
        | CardMessage::Restored
        | CardMessage::Stays => true,
        CardMessage::ConfirmAddress { .. }
        | CardMessage::Failed
        | CardMessage::Lapsed
        | CardMessage::EndsSoon { .. }
        | CardMessage::Ended { why: Ending::TermReached }
        | CardMessage::Suspended
        | CardMessage::CloseLink { .. }
        | CardMessage::Leaves { .. }
        | CardMessage::Closed { .. } => false,
    }
}

fn words(message: &CardMessage, brand: &str, t: Texts) -> (String, Vec<String>) {
    let moment = |at: &Timestamp| paris::in_words(*at, t);
    let day = |until: &Timestamp| last_day(*until, t);
    // A link stands alone on its line, so that no mark of the sentence becomes part of it.
    let open = |words: &str, link: &str| format!("{words}\n{link}");
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let (subject, told) = match message {
        CardMessage::ConfirmAddress { link } => (
            t.mail_card_confirm_subject(),
            vec![
                t.mail_card_confirm(brand),
                open(t.mail_card_confirm_open(), link),
                t.mail_card_confirm_stranger().to_owned(),
            ],
        ),
        CardMessage::Requested { until } => (
            t.mail_card_requested_subject(),
            vec![t.mail_card_requested(&day(until)), t.mail_card_requested_bring().to_owned()],
        ),
        CardMessage::Approved { until } => (t.mail_card_approved_subject(), vec![t.mail_card_approved(&moment(until))]),
        CardMessage::Failed => (t.mail_card_failed_subject(), own(&[t.mail_card_failed(), t.mail_card_failed_again()])),
        CardMessage::Lapsed => (t.mail_card_lapsed_subject(), own(&[t.mail_card_lapsed(), t.mail_card_failed_again()])),
        CardMessage::Certified { until } => (t.mail_card_certified_subject(), vec![t.mail_card_certified(&day(until))]),
        CardMessage::EndsSoon { days, until, remedy } => {
            let helps = match remedy {
                Remedy::Ask => t.mail_card_ends_soon_ask(),
                Remedy::GoOn => t.mail_card_ends_soon_go_on(),
                Remedy::Restore => t.mail_card_ends_soon_restore(),
                Remedy::NewCard => t.mail_card_ends_soon_new_card(),
            };
            let told = vec![t.mail_card_ends_soon(&day(until)), helps.to_owned()];
            return (ends_soon(*days, t), told);
        }
        CardMessage::Ended { why: Ending::TermReached } => {
            (t.mail_card_ended_subject(), own(&[t.mail_card_ended(), t.mail_card_ended_again()]))
        }
        CardMessage::Ended { why: Ending::CodeChanged } => {
            (t.mail_card_code_subject(), own(&[t.mail_card_code(), t.mail_card_ended_again()]))
        }
        CardMessage::Suspended => (t.mail_card_suspended_subject(), own(&[t.mail_card_suspended()])),
        CardMessage::Restored => (t.mail_card_restored_subject(), own(&[t.mail_card_restored()])),
        CardMessage::CloseLink { link } => {
            (t.mail_card_loss_subject(), vec![open(t.mail_card_loss(), link), t.mail_card_loss_stranger().to_owned()])
        }
        CardMessage::Leaves { until, link } => (
            t.mail_card_leaves_subject(),
            vec![t.mail_card_leaves(&moment(until)), open(t.mail_card_leaves_keep(), link)],
        ),
        CardMessage::Stays => (t.mail_card_stays_subject(), own(&[t.mail_card_stays()])),
        CardMessage::Closed { why } => {
            (t.mail_card_closed_subject(), own(&[closed(*why, t), t.mail_card_closed_again()]))
        }
    };
    (subject.to_owned(), told)
}

fn ends_soon(days: u16, t: Texts) -> String {
    if days == 1 {
        return t.mail_card_ends_soon_day_subject().to_owned();
    }
    t.mail_card_ends_soon_subject(&days.to_string())
}

/// Why, as far as a mailbox may hear it: what an authority or an operator found out is for them to tell.
const fn closed(why: Closure, t: Texts) -> &'static str {
    match why {
        Closure::Deleted => t.mail_card_closed_deleted(),
        Closure::CardLost => t.mail_card_closed_lost(),
        Closure::CardExpired => t.mail_card_closed_expired(),
        Closure::NotConfirmed => t.mail_card_closed_unconfirmed(),
        Closure::HolderDeceased | Closure::DeskError | Closure::SignerRevoked | Closure::Fraud => {
            t.mail_card_closed_state()
        }
    }
}

#[cfg(test)]
#[path = "card_tests.rs"]
mod tests;
