//! The mails about a request: what happened, why, and where to look. Nothing of the form stands in them.

use domain::habilitation::any::Due;
use domain::habilitation::review::Happened;
use domain::notice::{RequestMessage, RequestReader, RequestTold};

use crate::pages::text::Texts;

/// Subject and paragraphs.
pub(super) fn write(message: &RequestMessage, t: Texts) -> (String, Vec<String>) {
    let RequestMessage { service, organisation, link, told } = message;
    let service = if service.is_empty() { t.request_unnamed() } else { service.as_str() };
    let (what, mut paragraphs) = match told {
        RequestTold::Happened { happened, reason, reader } => {
            let first = match reader {
                RequestReader::Applicant => sentence(happened_words(*happened, t)),
                RequestReader::Reviewer => t.mail_request_review().to_owned(),
                RequestReader::Named => t.mail_request_named().to_owned(),
            };
            let reason = reason.as_ref().map(|reason| format!("{}\n{reason}", t.mail_request_reason()));
            (happened_words(*happened, t), [Some(first), reason].into_iter().flatten().collect())
        }
        RequestTold::Said => (t.mail_request_said(), vec![sentence(t.mail_request_said())]),
        RequestTold::Due(due) => {
            let words = match due {
                Due::Remind => t.mail_request_remind(),
                Due::Warn => t.mail_request_warn(),
                Due::Archive => t.happened_archived(),
            };
            (words, vec![sentence(words)])
        }
    };
    paragraphs.insert(1.min(paragraphs.len()), t.mail_request_about(service, organisation));
    paragraphs.push(format!("{}\n{link}", t.mail_request_link()));
    (t.mail_request_subject(what, service), paragraphs)
}

fn sentence(words: &str) -> String {
    format!("{words}.")
}

/// What happened, in words.
pub(crate) fn happened_words(happened: Happened, t: Texts) -> &'static str {
    match happened {
        Happened::Opened => t.happened_opened(),
        Happened::Written => t.happened_written(),
        Happened::Submitted => t.happened_submitted(),
        Happened::ChangesRequested => t.happened_changes(),
        Happened::LookedAt => t.happened_looked(),
        Happened::ApprovedOnce => t.happened_once(),
        Happened::Granted => t.happened_granted(),
        Happened::Refused => t.happened_refused(),
        Happened::Reopened => t.happened_reopened(),
        Happened::ReopeningEnded => t.happened_kept(),
        Happened::Revoked => t.happened_revoked(),
        Happened::Archived => t.happened_archived(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::language::Language;

    #[test]
    fn a_mail_says_what_happened_why_and_where_to_look() {
        let told = RequestTold::Happened {
            happened: Happened::Refused,
            reason: Some("Il manque un texte.".to_owned()),
            reader: RequestReader::Applicant,
        };
        let (service, organisation) = ("Cantine".to_owned(), "Ville de Lyon".to_owned());
        let link = "https://espace.example/espace/demandes/x".to_owned();
        let message = RequestMessage { service, organisation, link: link.clone(), told };
        let (subject, paragraphs) = write(&message, Texts::new(Language::French));
        assert_eq!(subject, "Demande refusée\u{a0}: Cantine");
        let body = paragraphs.join("\n\n");
        for expected in ["Demande refusée.", "Ville de Lyon", "Il manque un texte.", &link] {
            assert!(body.contains(expected), "{expected} in {body}");
        }
    }
}
