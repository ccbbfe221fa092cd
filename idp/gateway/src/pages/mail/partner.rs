//! The mails to partners.

use domain::notice::PartnerMessage;
use domain::time::Timestamp;

use crate::pages::paris;
use crate::pages::text::Texts;

/// The subject, and the paragraphs.
pub(super) fn write(message: &PartnerMessage, t: Texts) -> (String, Vec<String>) {
    let at = |moment: Timestamp| t.mail_at(&paris::in_words(moment, t));
    let plain = |subject: &'static str, name: &str, what: &'static str, facts: String| {
        (subject.to_owned(), told(name, what, facts, t))
    };
    match message {
        PartnerMessage::SignUp { link, until } => {
            (t.mail_space_sign_up_subject().to_owned(), opening(t.mail_space_sign_up().to_owned(), link, *until, t))
        }
        PartnerMessage::SignUpKnown { link } => {
            let paragraphs = vec![[t.mail_space_known(), link].join("\n"), t.mail_space_stranger().to_owned()];
            (t.mail_space_known_subject().to_owned(), paragraphs)
        }
        PartnerMessage::Invited { team, link, until } => {
            (t.mail_space_invited_subject(team), opening(t.mail_space_invited(team), link, *until, t))
        }
        PartnerMessage::PasskeyAdded { name, passkey, at: moment } => {
            let facts = [t.mail_passkey_name(passkey), at(*moment)].join("\n");
            plain(t.mail_space_passkey_added_subject(), name, t.mail_space_passkey_added(), facts)
        }
        PartnerMessage::PasskeyWithdrawn { name, passkey, at: moment } => {
            let facts = [t.mail_passkey_name(passkey), at(*moment)].join("\n");
            plain(t.mail_space_withdrawn_subject(), name, t.mail_space_withdrawn(), facts)
        }
        PartnerMessage::RecoveryCodeMade { name, at: moment } => {
            plain(t.mail_space_code_subject(), name, t.mail_space_code(), at(*moment))
        }
        PartnerMessage::RecoveryAsked { name, at: moment } => {
            plain(t.mail_space_asked_subject(), name, t.mail_space_asked(), at(*moment))
        }
        PartnerMessage::RecoveryToApprove { name, mail, link } => {
            let paragraphs = vec![t.mail_space_approve(name, mail), [t.mail_space_approve_open(), link].join("\n")];
            (t.mail_space_approve_subject(name), paragraphs)
        }
        PartnerMessage::RecoveryApproved { name, link, until } => {
            let mut paragraphs = opening(t.mail_space_approved().to_owned(), link, *until, t);
            paragraphs.insert(0, t.mail_greeting(name));
            (t.mail_space_approved_subject().to_owned(), paragraphs)
        }
        PartnerMessage::RecoveryRefused { name, at: moment } => {
            plain(t.mail_space_refused_subject(), name, t.mail_space_refused(), at(*moment))
        }
        PartnerMessage::Recovered { name, passkey, at: moment } => {
            let facts = [t.mail_passkey_name(passkey), at(*moment)].join("\n");
            plain(t.mail_space_recovered_subject(), name, t.mail_space_recovered(), facts)
        }
        PartnerMessage::RolesChanged { name, team, at: moment } => {
            (t.mail_space_roles_subject(team), vec![t.mail_greeting(name), t.mail_space_roles(team), at(*moment)])
        }
        PartnerMessage::Left { name, team, at: moment } => {
            (t.mail_space_left_subject(team), vec![t.mail_greeting(name), t.mail_space_left(team), at(*moment)])
        }
        PartnerMessage::OrganisationAccepted { name, team, at: moment } => {
            (t.mail_space_accepted_subject(team), vec![t.mail_greeting(name), t.mail_space_accepted(team), at(*moment)])
        }
    }
}

/// What the mail is about, and the address that opens once.
fn opening(what: String, link: &str, until: Timestamp, t: Texts) -> Vec<String> {
    vec![
        what,
        [t.mail_space_open(&paris::in_words(until, t)), link.to_owned()].join("\n"),
        t.mail_space_once().to_owned(),
        t.mail_space_stranger().to_owned(),
    ]
}

/// What was done to an account, and what to do if it was somebody else.
fn told(name: &str, what: &str, facts: String, t: Texts) -> Vec<String> {
    vec![
        t.mail_greeting(name),
        what.to_owned(),
        facts,
        t.mail_it_was_you().to_owned(),
        [t.mail_it_was_not_you(), t.mail_space_not_you()].join("\n"),
    ]
}
