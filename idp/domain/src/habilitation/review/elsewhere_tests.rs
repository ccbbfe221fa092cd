use super::*;
use crate::habilitation::field::{Field, Where};

const NOW: Timestamp = Timestamp::from_epoch(1_800_000_000);

fn lyon() -> Siret {
    Siret::parse("21690123100011").expect("a SIRET")
}

fn reason() -> Reason {
    Reason::parse("Hors du champ.").expect("a reason")
}

fn wording(title: &str) -> Elsewhere {
    let mut form = Form::default();
    form.set(Field::Title, title).expect("fit");
    form.set(Field::Redirects(Where::Production), "https://cantine.ville-de-lyon.fr/retour").expect("fit");
    let scopes = ["openid", "email"].into_iter().filter_map(Scope::parse).collect();
    Elsewhere::Granted(Box::new(Wording { organisation: lyon(), form, scopes, level: Level::Substantial }))
}

fn begun() -> AnyReview {
    Review::begun_elsewhere(HabilitationRequestId::from_random([1; 16]), lyon(), NOW).into()
}

fn id(number: u8) -> HabilitationId {
    HabilitationId::from_random([number; 16])
}

fn decide(review: &AnyReview, decision: Elsewhere, number: u8) -> Result<Done, NotDone> {
    review.clone().decided_elsewhere(decision, id(number), NOW)
}

fn after(review: &AnyReview, decision: Elsewhere, number: u8) -> AnyReview {
    decide(review, decision, number).expect("follows").review
}

#[test]
fn what_another_platform_grants_is_granted_with_what_it_says() {
    let done = decide(&begun(), wording("Cantine"), 1).expect("granted");
    let Effect::Granted(grant) = &done.effect else { panic!("{done:?}") };
    assert_eq!((grant.level, grant.scopes.len(), grant.replaces.as_ref()), (Level::Substantial, 2, None));
    assert_eq!(grant.redirects, ["https://cantine.ville-de-lyon.fr/retour"]);
    assert_eq!((grant.until, grant.title.as_str()), (NOW.plus(TERM), "Cantine"));
    // A second approval takes the place of the first, wherever the request is by then.
    for open in [Elsewhere::Reopened, wording("Cantines")] {
        let between = after(&done.review, open, 2);
        let next = decide(&between, wording("Cantines scolaires"), 3).expect("granted");
        let Effect::Granted(grant) = next.effect else { panic!("{between:?}") };
        assert_eq!(grant.replaces, between.about().granted.as_ref().map(|granted| granted.habilitation.clone()));
        assert_eq!(next.review.form().get(Field::Title), "Cantines scolaires");
    }
}

#[test]
fn one_organisation_is_not_granted_the_request_of_another() {
    let granted = after(&begun(), wording("Cantine"), 1);
    let Elsewhere::Granted(mut wording) = wording("Cantine") else { panic!("it is") };
    wording.organisation = Siret::parse("21310555400017").expect("a SIRET");
    let refused = decide(&granted, Elsewhere::Granted(wording), 2);
    assert_eq!(refused, Err(NotDone::Refused(super::super::Refusal::OtherOrganisation)));
}

#[test]
fn a_revocation_counts_wherever_the_request_is() {
    let granted = after(&begun(), wording("Cantine"), 1);
    for at in [granted.clone(), after(&granted, Elsewhere::Reopened, 2)] {
        let done = decide(&at, Elsewhere::Revoked(reason()), 3).expect("revoked");
        assert_eq!((done.review.state(), done.effect), (State::Revoked, Effect::Revoked(id(1))));
        let again = decide(&done.review, Elsewhere::Revoked(reason()), 4);
        assert_eq!(again, Err(NotDone::OutOfTurn(State::Revoked)), "once is enough");
        let brought_back = decide(&done.review, wording("Cantine"), 4);
        assert_eq!(brought_back, Err(NotDone::OutOfTurn(State::Revoked)), "and for good");
        let archived = after(&done.review, Elsewhere::Archived, 5);
        assert_eq!(decide(&archived, wording("Cantine"), 6), Err(NotDone::OutOfTurn(State::Archived)));
    }
    assert_eq!(decide(&begun(), Elsewhere::Revoked(reason()), 2), Err(NotDone::OutOfTurn(State::Draft)));
}

#[test]
fn what_is_open_again_and_refused_or_given_up_leaves_what_was_granted() {
    let granted = after(&begun(), wording("Cantine"), 1);
    let open = after(&granted, Elsewhere::Reopened, 2);
    assert_eq!((open.state(), open.about().granted.is_some()), (State::Draft, true));
    for ended in [Elsewhere::Refused(reason()), Elsewhere::ReopeningEnded] {
        let done = decide(&open, ended.clone(), 3).expect("ended");
        assert_eq!(
            (done.review.state(), done.happened, done.effect),
            (State::Granted, Happened::ReopeningEnded, Effect::None)
        );
        assert_eq!(decide(&granted, ended, 4), Err(NotDone::OutOfTurn(State::Granted)), "nothing is open");
    }
    let refused = decide(&begun(), Elsewhere::Refused(reason()), 2).expect("refused");
    assert_eq!((refused.review.state(), refused.happened), (State::Refused, Happened::Refused));
    assert_eq!(decide(&begun(), Elsewhere::ReopeningEnded, 2), Err(NotDone::OutOfTurn(State::Draft)));
    assert_eq!(decide(&granted, Elsewhere::Archived, 2), Err(NotDone::OutOfTurn(State::Granted)), "it is in force");
}
