//! The mails about what ends of a service.

use domain::notice::{ServiceMessage, ServiceTold};

use crate::pages::paris;
use crate::pages::text::Texts;

/// Subject and paragraphs.
pub(super) fn write(message: &ServiceMessage, t: Texts) -> (String, Vec<String>) {
    let service = message.service.in_language(t.language());
    let at = |moment| paris::in_words(moment, t);
    let (subject, told, next) = match &message.told {
        ServiceTold::HabilitationEnds(until) => (
            t.mail_service_habilitation_subject(service),
            t.mail_service_habilitation(service, &at(*until)),
            t.mail_service_habilitation_next(),
        ),
        ServiceTold::CertificateEnds(name, until) => (
            t.mail_service_certificate_subject(service),
            t.mail_service_certificate(service, name, &at(*until)),
            t.mail_service_certificate_next(),
        ),
        ServiceTold::KeyIsOld(name, since) => (
            t.mail_service_key_subject(service),
            t.mail_service_key(service, name, &at(*since)),
            t.mail_service_key_next(),
        ),
        ServiceTold::KeysRefused(seen) => {
            (t.mail_service_keys_subject(service), t.mail_service_keys(service, &at(*seen)), t.mail_service_keys_next())
        }
    };
    let mut paragraphs = vec![t.mail_card_hello().to_owned(), told, next.to_owned()];
    paragraphs.extend(message.link.clone());
    (subject, paragraphs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::client::Label;
    use domain::language::Language;
    use domain::time::Timestamp;

    #[test]
    fn a_mail_says_what_ends_when_and_what_to_do_in_both_languages() {
        let until = Timestamp::from_epoch(1_787_567_100);
        let label = |fr: &str, en: &str| Label { fr: fr.to_owned(), en: en.to_owned() };
        for told in [
            ServiceTold::HabilitationEnds(until),
            ServiceTold::CertificateEnds("cle-1".to_owned(), until),
            ServiceTold::KeyIsOld("cle-1".to_owned(), until),
            ServiceTold::KeysRefused(until),
        ] {
            let link = "https://espace.example/espace/services/x".to_owned();
            let message = ServiceMessage { service: label("Cantine", "Canteen"), told, link: Some(link.clone()) };
            for (language, service, day) in
                [(Language::French, "Cantine", "24 août 2026"), (Language::English, "Canteen", "24 August 2026")]
            {
                let (subject, paragraphs) = write(&message, Texts::new(language));
                let body = paragraphs.join("\n");
                assert!(subject.contains(service) && body.contains(service) && body.contains(day), "{subject} {body}");
                assert!(paragraphs.len() == 4 && paragraphs[3] == link, "{body}");
            }
        }
    }
}
