//! What a form must hold before anybody is asked to look at it.

use super::*;

/// A form that can be submitted: school meals, with name and mail address.
pub(in crate::habilitation) fn filled() -> Form {
    let mut form = Form::default();
    let ask = |name: &str| Scope::parse(name).expect("a scope");
    let mut entries = vec![
        (Field::Title, "Cantine scolaire"),
        (Field::Description, "Les parents inscrivent leurs enfants à la cantine."),
        (Field::ServiceUri, "https://cantine.ville-de-lyon.fr/"),
        (Field::GoLive, "2027-09-01"),
        (Field::Volume, "300"),
        (Field::Asks(ask("identite_pivot")), "on"),
        (Field::Need(ask("identite_pivot")), "Reconnaître le parent."),
        (Field::Asks(ask("email")), "on"),
        (Field::Need(ask("email")), "Confirmer l’inscription."),
        (Field::Level, "eidas1"),
        (Field::LegalNature, "arrete"),
        (Field::LegalReference, "Arrêté du 8 novembre 2018"),
        (Field::Recipients, "Le service scolaire."),
        (Field::Retention, "12"),
        (Field::Redirects(Where::Production), "https://cantine.ville-de-lyon.fr/retour"),
        (Field::Alternative, "Le guichet de la mairie."),
        (Field::AlternativeAttested, "on"),
        (Field::DpoInformed, "on"),
        (Field::TermsAccepted, "on"),
    ];
    for person in Person::ALL {
        entries.extend([
            (Field::Contact(person, Detail::Name), "Camille Martin"),
            (Field::Contact(person, Detail::Job), "Direction"),
            (Field::Contact(person, Detail::Mail), "contact@ville-de-lyon.fr"),
            (Field::Contact(person, Detail::Phone), "06 39 98 00 00"),
        ]);
    }
    for (field, text) in entries {
        form.set(field, text).expect("fit");
    }
    form
}

fn with(entries: &[(Field, &str)]) -> Result<Complete, Vec<Fault>> {
    let mut form = filled();
    for (field, text) in entries {
        form.set(*field, text).expect("fit");
    }
    Complete::read(&form)
}

fn fault(field: Field, text: &str) -> Option<Why> {
    let faults = with(&[(field, text)]).err()?;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].field, field);
    Some(faults[0].why.clone())
}

fn scope(name: &str) -> Scope {
    Scope::parse(name).expect("a scope")
}

#[test]
fn a_form_with_every_answer_is_complete() {
    let complete = Complete::read(&filled()).expect("complete");
    assert_eq!((complete.title(), complete.level(), complete.retention()), ("Cantine scolaire", Level::Low, 12));
    assert_eq!(complete.scopes()[&scope("email")].basis, "Arrêté du 8 novembre 2018");
    assert_eq!(complete.redirects(), ["https://cantine.ville-de-lyon.fr/retour"]);
    assert_eq!(complete.contact(Person::Technical).expect("there").phone, "0639980000");
    assert!(!complete.needs_two());
}

#[test]
fn an_empty_form_says_everything_that_is_missing_in_the_order_of_the_form() {
    let faults = Complete::read(&Form::default()).expect_err("empty");
    let order: Vec<_> = Field::all().collect();
    let places: Vec<_> = faults.iter().map(|fault| order.iter().position(|field| *field == fault.field)).collect();
    assert!(places.is_sorted());
    assert_eq!(faults.first().map(|fault| fault.field), Some(Field::Title));
    assert!(faults.iter().any(|fault| fault.why == Why::NothingAsked));
    assert_eq!(faults.len(), 28);
}

#[test]
fn each_needed_answer_is_missed_alone() {
    for (field, _) in filled().filled() {
        if let Field::Asks(_) = field {
            continue;
        }
        assert_eq!(fault(field, ""), Some(Why::Missing), "{field:?}");
    }
}

#[test]
fn answers_that_mean_nothing_are_refused_each_for_its_reason() {
    let range = |from, to| Some(Why::Number { from, to });
    assert_eq!(fault(Field::Volume, "0"), range(1, 100_000_000));
    assert_eq!(fault(Field::Volume, "-3"), range(1, 100_000_000));
    assert_eq!(fault(Field::Retention, "1201"), range(0, 1200));
    assert_eq!(fault(Field::GoLive, "2027-02-29"), Some(Why::Day));
    assert_eq!(fault(Field::GoLive, "01/09/2027"), Some(Why::Day));
    assert_eq!(fault(Field::Contact(Person::Dpo, Detail::Mail), "dpo(at)ville"), Some(Why::Mail));
    assert_eq!(fault(Field::Contact(Person::Dpo, Detail::Phone), "12"), Some(Why::Phone));
    assert_eq!(fault(Field::ServiceUri, "http://cantine.ville-de-lyon.fr/"), Some(Why::Uri));
    assert_eq!(fault(Field::LegalUri, "ftp://textes.example/"), Some(Why::Uri));
}

#[test]
fn who_answers_at_night_has_a_mobile() {
    let phone = Field::Contact(Person::Technical, Detail::Phone);
    for landline in ["04 72 10 30 30", "+33 4 72 10 30 30", "+49 170 1234567"] {
        assert_eq!(fault(phone, landline), Some(Why::Mobile), "{landline}");
    }
    for mobile in ["06.39.98.00.00", "+33639980000", "07 39 98 00 00", "+262 692 12 34 56"] {
        assert_eq!(fault(phone, mobile), None, "{mobile}");
    }
    assert_eq!(fault(Field::Contact(Person::Dpo, Detail::Phone), "04 72 10 30 30"), None);
}

#[test]
fn what_goes_further_needs_its_reason() {
    let missing = |field| vec![Fault { field, why: Why::Missing }];
    assert_eq!(with(&[(Field::Retention, "37")]).expect_err("no reason"), missing(Field::RetentionReason));
    assert!(with(&[(Field::Retention, "36")]).is_ok());
    assert!(with(&[(Field::Retention, "37"), (Field::RetentionReason, "Code du travail")]).is_ok());
    assert_eq!(with(&[(Field::Level, "eidas2")]).expect_err("no reason"), missing(Field::LevelReason));
}

#[test]
fn data_of_another_administration_has_a_text_of_its_own() {
    let tax = scope("dgfip_rfr");
    let asks = [(Field::Asks(tax), "on"), (Field::Need(tax), "Calculer le tarif.")];
    let faults = with(&asks).expect_err("no text");
    assert_eq!(faults, [Fault { field: Field::Basis(tax), why: Why::OwnBasis }]);
    let complete = with(&[asks[0], asks[1], (Field::Basis(tax), "Délibération 12")]).expect("complete");
    assert_eq!(complete.scopes()[&tax].basis, "Délibération 12");
}

#[test]
fn two_people_agree_to_level_high_and_to_fiscal_and_health_data() {
    let with_scope = |name: &str| {
        let scope = scope(name);
        let entries = [(Field::Asks(scope), "on"), (Field::Need(scope), "x"), (Field::Basis(scope), "x")];
        with(&entries).expect("complete").needs_two()
    };
    assert!(with(&[(Field::Level, "eidas3"), (Field::LevelReason, "Procuration")]).expect("complete").needs_two());
    assert!(!with(&[(Field::Level, "eidas2"), (Field::LevelReason, "Dossier")]).expect("complete").needs_two());
    assert!(with_scope("dgfip_rfr") && with_scope("cnam_caisse") && with_scope("complementaire_sante_solidaire"));
    assert!(!with_scope("cnaf_enfants") && !with_scope("gender"));
}

#[test]
fn addresses_are_judged_line_by_line_and_by_environment() {
    let production = Field::Redirects(Where::Production);
    let typed = "https://cantine.ville-de-lyon.fr/retour\n\n http://cantine.ville-de-lyon.fr/retour ";
    let faults = with(&[(production, typed)]).expect_err("http");
    assert!(matches!(faults[..], [Fault { why: Why::Address { line: 3, .. }, .. }]), "{faults:?}");
    let many = "https://cantine.ville-de-lyon.fr/retour\n".repeat(51);
    assert_eq!(fault(production, &many), Some(Why::TooMany { most: 50 }));
    let sandbox = Field::Redirects(Where::Sandbox);
    assert_eq!(fault(sandbox, "http://localhost:8080/retour"), None);
    assert!(matches!(fault(sandbox, "https://cantine.ville-de-lyon.fr/retour"), Some(Why::Address { line: 1, .. })));
}
