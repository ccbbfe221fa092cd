//! The mails: a subject and a body of plain text. No image, nothing to track.

use domain::notice::{Message, Notice};

use super::brand::{Brand, Support};
use super::paris;
use super::text::Texts;
use crate::outbound::mail::Letter;

mod card;
mod partner;
pub(crate) mod report;
mod request;
mod service;

pub(crate) use request::happened_words;

/// Writes a notice in its reader's language.
pub(crate) fn write(notice: &Notice, brand: &Brand) -> Letter {
    let t = Texts::new(notice.language);
    let brand_name = brand.name.in_language(notice.language);
    let (subject, mut paragraphs) = match &notice.message {
        Message::SignedIn { citizen, service, provider, level, at, reference } => {
            let service = service.in_language(notice.language);
            let provider = provider.in_language(notice.language);
            let contact = brand.support.as_ref().map_or_else(
                || t.mail_contact_service(reference),
                |support| t.mail_contact(support.shown(), reference),
            );
            let paragraphs = vec![
                t.mail_greeting(citizen),
                t.mail_signed_in(brand_name),
                [
                    t.mail_service(service),
                    t.mail_provider(provider),
                    t.mail_level(t.level(*level)),
                    t.mail_at(&paris::in_words(*at, t)),
                    t.mail_reference(reference),
                ]
                .join("\n"),
                t.mail_it_was_you().to_owned(),
                [t.mail_it_was_not_you().to_owned(), t.mail_change_password(provider), contact].join("\n"),
                t.mail_never_asked().to_owned(),
            ];
            (t.mail_subject(service), paragraphs)
        }
        Message::Card(message) => {
            let loss = format!("{}/carte/perte", brand.site);
            let support = brand.support.as_ref().map(Support::shown);
            card::write(message, card::Sender { name: brand_name, loss: &loss, support }, t)
        }
        Message::CommuneReport { report, everyone } => report::write(report, everyone, t),
        Message::Request(message) => request::write(message, t),
        Message::AgentInvited { agent, commune, link, until } => {
            let paragraphs = vec![
                t.mail_greeting(agent),
                t.mail_invited(commune),
                [t.mail_invited_open(&paris::in_words(*until, t)), link.clone()].join("\n"),
                t.mail_invited_once().to_owned(),
                t.mail_invited_stranger(commune),
            ];
            (t.mail_invited_subject(commune), paragraphs)
        }
        Message::PasskeyAdded { agent, commune, passkey, at } => {
            let paragraphs = vec![
                t.mail_greeting(agent),
                t.mail_passkey(commune),
                [t.mail_passkey_name(passkey), t.mail_at(&paris::in_words(*at, t))].join("\n"),
                t.mail_it_was_you().to_owned(),
                [t.mail_it_was_not_you().to_owned(), t.mail_passkey_stranger().to_owned()].join("\n"),
            ];
            (t.mail_passkey_subject(commune), paragraphs)
        }
        Message::Partner(message) => partner::write(message, t),
        Message::Service(message) => service::write(message, t),
        Message::SecretEnds { service, secret, until } => {
            let service = service.in_language(notice.language);
            let paragraphs = vec![
                t.mail_card_hello().to_owned(),
                t.mail_secret_ends(service, &paris::in_words(*until, t)),
                t.mail_secret_name(secret),
                t.mail_secret_next().to_owned(),
            ];
            (t.mail_secret_subject(service), paragraphs)
        }
    };
    paragraphs.push(format!("{brand_name}\n{}", t.mail_automatic()));
    let attachment = match &notice.message {
        Message::CommuneReport { report, .. } => Some(report::attachment(report)),
        Message::SignedIn { .. }
        | Message::AgentInvited { .. }
        | Message::PasskeyAdded { .. }
        | Message::SecretEnds { .. }
        | Message::Service(_)
        | Message::Card(_)
        | Message::Partner(_)
        | Message::Request(_) => None,
    };
    Letter { subject, body: paragraphs.join("\n\n") + "\n", attachment }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples;
    use domain::client::Label;
    use domain::language::Language;
    use domain::level::Level;
    use domain::time::Timestamp;

    fn notice(language: Language, service: &str) -> Notice {
        Notice {
            to: "angela@exemple.fr".to_owned(),
            language,
            message: Message::SignedIn {
                citizen: "Angela DUBOIS".to_owned(),
                service: Label { fr: service.to_owned(), en: service.to_owned() },
                provider: Label { fr: "Impôts".to_owned(), en: "Tax".to_owned() },
                level: Level::Substantial,
                at: Timestamp::from_epoch(1_787_567_100),
                reference: "0123-4567-89ZZ".to_owned(),
            },
        }
    }

    #[test]
    fn the_notice_tells_what_when_and_what_to_do() {
        let brand = samples::brand();
        let mail = write(&notice(Language::French, "Ville de Val-Fleuri"), &brand);
        assert_eq!(mail.subject, "Connexion à Ville de Val-Fleuri");
        for expected in [
            "Bonjour Angela DUBOIS,",
            "Service\u{a0}: Ville de Val-Fleuri",
            "Compte utilisé\u{a0}: Impôts",
            "Niveau\u{a0}: sécurité renforcée",
            "lundi 24 août 2026 à 12\u{a0}h\u{a0}25 (heure de Paris)",
            "0123-4567-89ZZ",
            "assistance@passerelle.example",
        ] {
            assert!(mail.body.contains(expected), "{expected} in {}", mail.body);
        }
        let english = write(&notice(Language::English, "Ville de Val-Fleuri"), &brand);
        assert_eq!(english.subject, "Sign-in to Ville de Val-Fleuri");
        assert!(english.body.contains("Monday 24 August 2026 at 12:25 (Paris time)"), "{}", english.body);
    }

    #[test]
    fn an_invitation_brings_its_link_alone_on_a_line_and_says_until_when() {
        let link = "https://guichet.example.fr/guichet/invitation/AAAA";
        let message = Message::AgentInvited {
            agent: "Nadia".to_owned(),
            commune: "Val-Fleuri".to_owned(),
            link: link.to_owned(),
            until: Timestamp::from_epoch(1_787_567_100),
        };
        let notice = |language| Notice { message: message.clone(), ..notice(language, "") };
        let french = write(&notice(Language::French), &samples::brand());
        assert_eq!(french.subject, "Votre accès au guichet de Val-Fleuri");
        assert!(french.body.lines().any(|line| line == link), "{}", french.body);
        assert!(french.body.contains("24 août 2026 à 12\u{a0}h\u{a0}25"), "{}", french.body);
        let english = write(&notice(Language::English), &samples::brand());
        assert!(english.body.lines().any(|line| line == link), "{}", english.body);
    }

    #[test]
    fn a_new_passkey_is_told_of_with_what_to_do() {
        let message = Message::PasskeyAdded {
            agent: "Nadia".to_owned(),
            commune: "Val-Fleuri".to_owned(),
            passkey: "Poste 2\r\nBcc: x".to_owned(),
            at: Timestamp::from_epoch(1_787_567_100),
        };
        let mail = write(&Notice { message, ..notice(Language::French, "") }, &samples::brand());
        assert!(mail.body.contains("Clé\u{a0}: Poste 2Bcc: x\n"), "{}", mail.body);
        assert!(mail.body.contains("Ce n’était pas vous"), "{}", mail.body);
    }

    #[test]
    fn a_name_adds_no_line_to_subject_or_body() {
        let brand = samples::brand();
        let plain = write(&notice(Language::French, "Ville"), &brand);
        let hostile = write(&notice(Language::French, "Ville\r\nBcc: all@exemple.fr\r\n\r\nBonjour"), &brand);
        assert_eq!(hostile.subject, "Connexion à VilleBcc: all@exemple.frBonjour");
        assert_eq!(hostile.body.lines().count(), plain.body.lines().count());
    }
}
