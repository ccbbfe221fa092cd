//! What a citizen is told of their identity on a card: subject and paragraphs.

use domain::cnie::identity::{Closure, Ending};
use domain::notice::CardMessage;
use domain::time::Timestamp;

use crate::pages::paris;
use crate::pages::text::Texts;

/// Writes one message.
pub(super) fn write(message: &CardMessage, t: Texts) -> (String, Vec<String>) {
    let moment = |at: &Timestamp| paris::in_words(*at, t);
    let (subject, text) = match message {
        CardMessage::ConfirmAddress { link } => {
            let asked = [t.card_mail_confirm(), link].join("\n");
            let paragraphs = [t.card_mail_greeting(), &asked, t.card_mail_confirm_stranger()];
            return (t.card_mail_confirm_subject().to_owned(), paragraphs.map(str::to_owned).to_vec());
        }
        CardMessage::Requested { until } => {
            (t.card_mail_requested_subject().to_owned(), t.card_mail_requested(&moment(until)))
        }
        CardMessage::Approved { until } => {
            (t.card_mail_approved_subject().to_owned(), t.card_mail_approved(&moment(until)))
        }
        CardMessage::Failed => (t.card_mail_failed_subject().to_owned(), t.card_mail_failed().to_owned()),
        CardMessage::Certified { until } => {
            (t.card_mail_certified_subject().to_owned(), t.card_mail_certified(&moment(until)))
        }
        CardMessage::EndsSoon { days, until } => {
            (t.card_mail_ends_soon_subject(&days.to_string()), t.card_mail_ends_soon(&moment(until)))
        }
        CardMessage::Ended { why } => (t.card_mail_ended_subject().to_owned(), ended(*why, t).to_owned()),
        CardMessage::Suspended => (t.card_mail_suspended_subject().to_owned(), t.card_mail_suspended().to_owned()),
        CardMessage::Restored => (t.card_mail_restored_subject().to_owned(), t.card_mail_restored().to_owned()),
        CardMessage::Closed { why } => {
            (t.card_mail_closed_subject().to_owned(), [closed(*why, t), t.card_mail_closed()].join(" "))
        }
    };
    (subject, vec![t.card_mail_greeting().to_owned(), text, t.card_mail_stranger().to_owned()])
}

const fn ended(why: Ending, t: Texts) -> &'static str {
    match why {
        Ending::TermReached => t.card_mail_ended_term(),
        Ending::CodeChanged => t.card_mail_ended_code(),
    }
}

const fn closed(why: Closure, t: Texts) -> &'static str {
    match why {
        Closure::Deleted => t.card_closed_deleted(),
        Closure::CardLost => t.card_closed_lost(),
        Closure::CardExpired => t.card_closed_expired(),
        Closure::HolderDeceased => t.card_closed_deceased(),
        Closure::DeskError => t.card_closed_desk(),
        Closure::SignerRevoked => t.card_closed_signer(),
        Closure::Fraud => t.card_closed_fraud(),
        Closure::NotConfirmed => t.card_closed_unconfirmed(),
    }
}
