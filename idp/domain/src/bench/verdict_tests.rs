use std::collections::BTreeSet;

use super::super::asked::Asked;
use super::super::plan::Plan;
use super::super::token_call::TokenCall;
use super::super::trial::LogoutSeen;
use super::*;
use crate::oidc::pkce::Challenge;
use crate::time::Timestamp;

const RIGHT: TokenCall = TokenCall {
    proof: Proof::Right,
    verifier: Verifier::Right,
    redirect: SameRedirect::Same,
    outcome: Outcome::Tokens,
};

#[expect(clippy::unnecessary_wraps, reason = "as a trial holds it")]
const fn page(shows: Shows) -> Option<Landing> {
    Some(Landing::Page { status: 200, text: Written::Something, shows })
}

/// A sign-in that went as it should.
fn good() -> Trial {
    let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let asked = Asked { challenge, ..Asked::default() };
    let mut login = Login::begin(Plan::Honest, asked, &[1; 32], Timestamp::from_epoch(1));
    login.calls = vec![RIGHT];
    login.userinfo_calls = 1;
    let shown = page(Shows::TheCitizen);
    Trial { begun: Ok(login), landing: shown.clone(), page: shown.clone(), after: shown, exchanges: Vec::new() }
}

/// The same with a site that refused: the token was given, nobody is shown.
fn refusing() -> Trial {
    let nobody = page(Shows::Nobody);
    Trial { landing: nobody.clone(), page: nobody, after: None, ..good() }
}

fn stopped() -> Trial {
    with(refusing(), |login| login.calls.clear())
}

fn with(mut trial: Trial, change: impl FnOnce(&mut Login)) -> Trial {
    change(trial.begun.as_mut().expect("begun"));
    trial
}

/// What a site does that passes the check.
fn passing(check: Check) -> Trial {
    match check {
        Check::Request
        | Check::State
        | Check::Nonce
        | Check::Pkce
        | Check::Level
        | Check::SignIn
        | Check::TokenRequest
        | Check::PkceVerifier
        | Check::KeyRotation
        | Check::Replay
        | Check::TwoCitizens
        | Check::BackchannelForged => {
            let refused = Some(Landing::Page { status: 400, text: Written::Nothing, shows: Shows::Nobody });
            if check == Check::BackchannelForged { Trial { landing: refused, ..good() } } else { good() }
        }
        Check::StateMissing | Check::StateOther | Check::IssuerOfAnswer | Check::OtherBrowser => stopped(),
        Check::NonceOther
        | Check::NonceAbsent
        | Check::IssuerOfToken
        | Check::Audience
        | Check::Expired
        | Check::Unsigned
        | Check::Signature
        | Check::LevelLower
        | Check::SubjectOfUserinfo
        | Check::UnknownKey => refusing(),
        Check::Cancelled => Trial { after: Some(Landing::Provider), ..stopped() },
        Check::Outage | Check::Silence => {
            let told = Some(Landing::Page { status: 503, text: Written::Something, shows: Shows::Nobody });
            Trial { landing: told, ..with(refusing(), |login| login.calls[0].outcome = Outcome::OutOfOrder) }
        }
        Check::Logout => {
            let seen = LogoutSeen { hint: HintSeen::Right, redirect: RedirectSeen::Registered };
            Trial { after: page(Shows::Nobody), ..with(good(), |login| login.logout = Some(seen)) }
        }
        Check::BackchannelLogout => {
            let taken = Some(Landing::Page { status: 204, text: Written::Nothing, shows: Shows::Nobody });
            Trial { landing: taken, after: page(Shows::Nobody), ..good() }
        }
    }
}

fn judged(check: Check, trial: &Trial) -> Verdict {
    of(check, trial, Some(&good()))
}

fn failed(check: Check, trial: &Trial) -> Vec<Finding> {
    match judged(check, trial) {
        Verdict::Failed(found) => found,
        other => panic!("{check:?} of {trial:?} is {other:?}"),
    }
}

#[test]
fn what_a_good_site_does_passes_every_check() {
    for check in Check::ALL {
        assert_eq!(judged(check, &passing(check)), Verdict::Passed, "{check:?}");
    }
}

#[test]
fn a_site_that_does_not_answer_passes_nothing() {
    for check in Check::ALL {
        let gone = Trial::not_begun(Trouble::Unreachable, Vec::new());
        match judged(check, &gone) {
            Verdict::Failed(found) => assert_eq!(found, [Finding::NotBegun(Trouble::Unreachable)], "{check:?}"),
            Verdict::NotMade(reason) => assert_eq!((check, reason), (Check::PkceVerifier, Reason::NoChallenge)),
            Verdict::Passed => panic!("{check:?} is green although nothing answered"),
        }
    }
    let requests = [Check::Request, Check::State, Check::Nonce, Check::Pkce, Check::Level];
    let calls = [Check::TokenRequest, Check::PkceVerifier];
    for check in Check::ALL.into_iter().filter(|check| !requests.contains(check) && !calls.contains(check)) {
        let nowhere = Some(Landing::Nowhere(Trouble::TimedOut));
        let hung = Trial { landing: nowhere.clone(), page: nowhere.clone(), after: nowhere, ..passing(check) };
        assert!(!failed(check, &hung).is_empty(), "{check:?}");
        let blind = Trial { landing: None, page: None, after: None, ..passing(check) };
        assert!(!failed(check, &blind).is_empty(), "{check:?}");
    }
}

#[test]
fn a_citizen_who_is_shown_where_nobody_should_be_is_told() {
    for check in Check::ALL.into_iter().filter(|check| check.plan() != Plan::Honest && *check != Check::KeyRotation) {
        let trial = passing(check);
        let on_page = Trial { page: page(Shows::TheCitizen), ..trial.clone() };
        assert_eq!(failed(check, &on_page), [Finding::SignedIn], "{check:?}");
        let other = Trial { page: page(Shows::SomebodyElse), ..trial };
        assert_eq!(failed(check, &other), [Finding::MixedUp], "{check:?}");
    }
    let other_browser = Trial { page: page(Shows::TheCitizen), ..passing(Check::OtherBrowser) };
    assert_eq!(failed(Check::OtherBrowser, &other_browser), [Finding::SignedIn]);
}

#[test]
fn a_wrong_return_must_not_reach_the_token_endpoint() {
    for check in [Check::StateMissing, Check::StateOther, Check::IssuerOfAnswer, Check::OtherBrowser, Check::Cancelled]
    {
        let called = with(passing(check), |login| login.calls = vec![RIGHT]);
        assert_eq!(failed(check, &called), [Finding::TokenCalled], "{check:?}");
    }
}

#[test]
fn a_wrong_token_that_was_never_given_proves_nothing() {
    let tokens = Check::ALL.into_iter().filter(|check| passing(*check) == refusing());
    for check in tokens {
        let never = with(passing(check), |login| login.calls.clear());
        assert_eq!(failed(check, &never), [Finding::TokenNotCalled], "{check:?}");
        let refused = with(passing(check), |login| login.calls[0].outcome = Outcome::Refused);
        assert_eq!(failed(check, &refused), [Finding::TokenNotGiven], "{check:?}");
    }
}

#[test]
fn a_flaw_of_the_request_turns_its_own_line_red_and_no_other() {
    let lines = [Check::Request, Check::State, Check::Nonce, Check::Pkce, Check::Level];
    for flaw in [Flaw::Repeated, Flaw::StateShort, Flaw::NonceMissing, Flaw::ChallengeMethod, Flaw::LevelUnknown] {
        let trial = with(good(), |login| login.asked.flaws = BTreeSet::from([flaw]));
        let red: Vec<_> = lines.into_iter().filter(|check| judged(*check, &trial) != Verdict::Passed).collect();
        assert_eq!(red, [flaw.check()], "{flaw:?}");
    }
}

#[test]
fn the_call_of_the_token_endpoint_is_judged_in_everything() {
    let cases = [
        (TokenCall { proof: Proof::Absent, ..RIGHT }, Check::TokenRequest, Finding::ProofAbsent),
        (TokenCall { proof: Proof::Wrong, ..RIGHT }, Check::TokenRequest, Finding::ProofWrong),
        (TokenCall { redirect: SameRedirect::Other, ..RIGHT }, Check::TokenRequest, Finding::RedirectOther),
        (TokenCall { verifier: Verifier::Absent, ..RIGHT }, Check::PkceVerifier, Finding::VerifierAbsent),
        (TokenCall { verifier: Verifier::Wrong, ..RIGHT }, Check::PkceVerifier, Finding::VerifierWrong),
    ];
    for (call, check, finding) in cases {
        assert_eq!(failed(check, &with(good(), |login| login.calls = vec![call])), [finding]);
    }
    let twice = with(good(), |login| login.calls = vec![RIGHT, RIGHT]);
    assert_eq!(failed(Check::TokenRequest, &twice), [Finding::CodeAgain]);
    assert_eq!(failed(Check::Replay, &twice), [Finding::CodeAgain]);
    let none = with(good(), |login| login.asked.challenge = None);
    assert_eq!(judged(Check::PkceVerifier, &none), Verdict::NotMade(Reason::NoChallenge));
}

#[test]
fn an_ordinary_sign_in_that_does_not_show_its_citizen_is_red() {
    for (trial, finding) in [
        (Trial { page: page(Shows::Nobody), ..good() }, Finding::NotShown),
        (Trial { page: page(Shows::SomebodyElse), ..good() }, Finding::MixedUp),
        (Trial { landing: Some(Landing::Provider), ..good() }, Finding::SentBack),
    ] {
        assert_eq!(failed(Check::SignIn, &trial), [finding]);
        assert_eq!(failed(Check::KeyRotation, &trial), [finding]);
    }
    let crashed = Some(Landing::Page { status: 502, text: Written::Something, shows: Shows::Nobody });
    assert_eq!(failed(Check::SignIn, &Trial { landing: crashed, ..good() }), [Finding::Crashed(502)]);
    let mixed = Trial { after: page(Shows::SomebodyElse), ..good() };
    assert_eq!(failed(Check::TwoCitizens, &mixed), [Finding::MixedUp]);
}

#[test]
fn a_page_about_trouble_is_no_crash_and_not_blank_and_leads_on() {
    let landing = |status, text| Some(Landing::Page { status, text, shows: Shows::Nobody });
    for check in [Check::Outage, Check::Silence, Check::Cancelled] {
        let crashed = Trial { landing: landing(500, Written::Something), ..passing(check) };
        assert_eq!(failed(check, &crashed), [Finding::Crashed(500)]);
        let blank = Trial { landing: landing(200, Written::Nothing), ..passing(check) };
        assert_eq!(failed(check, &blank), [Finding::Blank]);
        let back = Trial { landing: Some(Landing::Provider), ..passing(check) };
        assert_eq!(failed(check, &back), [Finding::SentBack]);
    }
    let unavailable = Trial { landing: landing(503, Written::Something), ..passing(Check::Cancelled) };
    assert_eq!(failed(Check::Cancelled, &unavailable), [Finding::Crashed(503)], "cancelling is ordinary");
    let locked = Trial { after: page(Shows::Nobody), ..passing(Check::Cancelled) };
    assert_eq!(failed(Check::Cancelled, &locked), [Finding::NoRetry]);
}

#[test]
fn a_logout_names_its_session_leads_back_and_ends_it() {
    let seen =
        |hint, redirect| with(passing(Check::Logout), |login| login.logout = Some(LogoutSeen { hint, redirect }));
    let (right, own) = (HintSeen::Right, RedirectSeen::Registered);
    for (trial, finding) in [
        (seen(HintSeen::Absent, own), Finding::HintAbsent),
        (seen(HintSeen::Wrong, own), Finding::HintWrong),
        (seen(right, RedirectSeen::Absent), Finding::NoWayBack),
        (seen(right, RedirectSeen::Other), Finding::NoWayBack),
        (with(passing(Check::Logout), |login| login.logout = None), Finding::NoEndSession),
        (Trial { after: page(Shows::TheCitizen), ..seen(right, own) }, Finding::StillSignedIn),
    ] {
        assert_eq!(failed(Check::Logout, &trial), [finding]);
    }
}

#[test]
fn a_notice_ends_the_session_and_a_forged_one_does_not() {
    let answered = |status| Some(Landing::Page { status, text: Written::Nothing, shows: Shows::Nobody });
    let notice = || passing(Check::BackchannelLogout);
    for (trial, finding) in [
        (Trial { landing: answered(404), ..notice() }, Finding::NoticeRefused(404)),
        (Trial { after: page(Shows::TheCitizen), ..notice() }, Finding::StillSignedIn),
    ] {
        assert_eq!(failed(Check::BackchannelLogout, &trial), [finding]);
    }
    let forged = || passing(Check::BackchannelForged);
    for (trial, finding) in [
        (Trial { landing: answered(200), ..forged() }, Finding::NoticeTaken(200)),
        (Trial { after: page(Shows::Nobody), ..forged() }, Finding::SignedOut),
    ] {
        assert_eq!(failed(Check::BackchannelForged, &trial), [finding]);
    }
}

#[test]
fn userinfo_is_judged_only_where_a_site_reads_it() {
    let never = with(good(), |login| login.userinfo_calls = 0);
    let verdict = of(Check::SubjectOfUserinfo, &refusing(), Some(&never));
    assert_eq!(verdict, Verdict::NotMade(Reason::NoUserinfo));
    assert_eq!(of(Check::SubjectOfUserinfo, &refusing(), None), Verdict::NotMade(Reason::NoUserinfo));
}
