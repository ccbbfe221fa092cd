//! Each mail in both languages: what to do is said, no reason of a desk is, and a link stands alone on its line.

use domain::language::Language;

use super::*;

const LINK: &str = "https://passerelle.example/carte/fermer/AAAA";
const LOSS: &str = "https://passerelle.example/carte/perte";
const UNTIL: Timestamp = Timestamp::from_epoch(1_798_761_600);

fn sender<'a>() -> Sender<'a> {
    Sender { name: "Passerelle", loss: LOSS, support: Some("assistance@passerelle.example") }
}

fn all() -> Vec<CardMessage> {
    let link = || LINK.to_owned();
    let mut all = vec![
        CardMessage::ConfirmAddress { link: link() },
        CardMessage::Requested { until: UNTIL },
        CardMessage::Approved { until: UNTIL },
        CardMessage::Failed,
        CardMessage::Lapsed,
        CardMessage::Certified { until: UNTIL },
        CardMessage::EndsSoon { days: 60, until: UNTIL, remedy: Remedy::Ask },
        CardMessage::EndsSoon { days: 30, until: UNTIL, remedy: Remedy::GoOn },
        CardMessage::EndsSoon { days: 30, until: UNTIL, remedy: Remedy::Restore },
        CardMessage::EndsSoon { days: 30, until: UNTIL, remedy: Remedy::NewCard },
        CardMessage::EndsSoon { days: 1, until: UNTIL, remedy: Remedy::Ask },
        CardMessage::Ended { why: Ending::TermReached },
        CardMessage::Ended { why: Ending::CodeChanged },
        CardMessage::Suspended,
        CardMessage::Restored,
        CardMessage::CloseLink { link: link() },
        CardMessage::Leaves { until: UNTIL, link: link() },
        CardMessage::Stays,
    ];
    all.extend(Closure::ALL.map(|why| CardMessage::Closed { why }));
    all
}

fn read(message: &CardMessage, language: Language) -> (String, String) {
    let (subject, paragraphs) = write(message, sender(), Texts::new(language));
    (subject, paragraphs.join("\n\n"))
}

#[test]
fn each_mail_has_a_subject_of_one_line_and_says_that_nobody_asks_for_the_code() {
    for message in all() {
        let (french, english) = (read(&message, Language::French), read(&message, Language::English));
        assert_ne!(french, english, "{message:?}");
        for (subject, body) in [&french, &english] {
            assert!(!subject.is_empty() && !subject.contains(char::is_control), "{subject:?}");
            assert!(body.contains("assistance@passerelle.example"), "{body}");
        }
        assert!(french.1.contains("jamais le code de votre carte"), "{}", french.1);
    }
}

#[test]
fn a_link_stands_alone_on_its_line_and_only_where_it_is_meant() {
    for message in all() {
        let (_, body) = read(&message, Language::French);
        let has_link = matches!(
            message,
            CardMessage::ConfirmAddress { .. } | CardMessage::CloseLink { .. } | CardMessage::Leaves { .. }
        );
        assert_eq!(body.lines().filter(|line| *line == LINK).count(), usize::from(has_link), "{body}");
        assert_eq!(body.matches(LINK).count(), usize::from(has_link), "{body}");
    }
}

#[test]
fn a_refusal_at_the_desk_is_told_without_a_reason_and_with_how_to_try_again() {
    let (subject, body) = read(&CardMessage::Failed, Language::French);
    assert_eq!(subject, "La certification n’a pas abouti");
    assert!(body.contains("Vous pouvez réessayer"), "{body}");
    for hint in ["empreinte", "photo", "agent", "motif", "raison", "fraude", "guichet"] {
        assert!(!body.to_lowercase().contains(hint), "{hint}: {body}");
    }
}

#[test]
fn what_an_authority_found_out_is_not_for_a_mailbox() {
    let told = |why| read(&CardMessage::Closed { why }, Language::French);
    let same = told(Closure::Fraud);
    for why in [Closure::HolderDeceased, Closure::DeskError, Closure::SignerRevoked] {
        assert_eq!(told(why), same, "{why:?}");
    }
    for word in ["fraude", "décès", "mort", "mairie"] {
        assert!(!same.1.to_lowercase().contains(word), "{word}: {}", same.1);
    }
    assert_ne!(told(Closure::CardLost), same);
}

#[test]
fn an_end_is_told_by_its_day_and_the_days_that_are_left() {
    let soon = |days, remedy| read(&CardMessage::EndsSoon { days, until: UNTIL, remedy }, Language::French);
    let (subject, body) = soon(7, Remedy::Ask);
    assert_eq!(subject, "Votre certification prend fin dans 7 jours");
    assert!(body.contains("1er janvier 2027"), "{body}");
    assert!(
        read(&CardMessage::EndsSoon { days: 1, until: UNTIL, remedy: Remedy::Ask }, Language::French)
            .0
            .ends_with("dans un jour")
    );
}

#[test]
fn whoever_did_not_do_it_reads_where_to_close_the_identity() {
    for message in
        [CardMessage::Requested { until: UNTIL }, CardMessage::Certified { until: UNTIL }, CardMessage::Stays]
    {
        let (_, body) = read(&message, Language::French);
        assert!(body.contains(LOSS), "{body}");
    }
}
