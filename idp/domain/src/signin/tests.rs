//! The sign-in, step by step, and when a session is reused.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::client::{Client, Registered};
use crate::habilitation::grant::tests::leaked;
use crate::id::HabilitationId;
use crate::identity::account::{Account, AccountSecret, AccountState, NotAdmitted};
use crate::identity::civil::{Answer, Life, Outcome as Finding};
use crate::identity::pivot::{Pivot, RawPivot};
use crate::identity::subject::{Subject, SubjectSecret};
use crate::level::LevelRange;
use crate::oidc::parameters::Parameters;
use crate::oidc::request::Incoming;
use crate::oidc::sharing::Sharing;
use crate::upstream::{Assertion, Authentication, Provider};
use offer::{Health, choose};
use session::{NotReusable, ProviderStanding, Told};

const NOW: Timestamp = Timestamp::from_epoch(1_000_000);

fn client(kind: &str) -> LiveHabilitation<'static> {
    leaked(registration(kind))
}

fn registration(kind: &str) -> Client {
    let metadata = json!({
        "client_id": "ville", "client_name": "Ville", "redirect_uris": ["https://v.example/"],
        "scope": "openid profile email", "passerelle": {"kind": kind},
    });
    Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine")
}

fn request(client: &LiveHabilitation<'_>, extra: &[(&str, &str)]) -> AuthorizationRequest {
    let mut pairs = vec![
        ("client_id", "ville"),
        ("redirect_uri", "https://v.example/"),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("state", "s"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    pairs.extend_from_slice(extra);
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    let id = HabilitationId::from_random([7; 16]);
    let registered = Registered::operated(client.client().clone(), None, id, NOW);
    Incoming::read(Parameters::parse(encoded.as_bytes()).expect("well formed"))
        .expect("names a client")
        .check(Some(&registered), NOW, &std::sync::Arc::default())
        .expect("a good request")
        .0
}

fn start(byte: u8) -> Start {
    Start {
        id: SignInId::from_random([byte; 16]),
        csrf: [byte; 32],
        reference: Reference::from_random([byte; 12]),
        language: Language::French,
        at: NOW,
    }
}

fn provider() -> Provider {
    let levels = LevelRange::new(Level::Low, Level::High).expect("ordered");
    Provider { levels, ..crate::upstream::tests::provider() }
}

fn assertion(level: Level) -> Assertion {
    let userinfo = json!({
        "family_name": "DUBOIS", "given_name": "Angela", "birthdate": "1962-08-24", "gender": "female",
        "birthplace": "75107", "birthcountry": "99100", "email": "angela@exemple.fr",
    });
    Assertion::read(
        &provider(),
        Authentication { acr: Some(level.acr()), ..Authentication::default() },
        userinfo.as_object().expect("an object"),
    )
    .expect("complete")
}

fn choosing(client: &LiveHabilitation<'_>, extra: &[(&str, &str)]) -> SignIn<Choosing> {
    match SignIn::start(request(client, extra), client, None, start(1)) {
        Beginning::Choose(signin) => signin,
        other => panic!("{other:?}"),
    }
}

fn account(key: AccountKey) -> Account {
    Account { key, state: AccountState::Active, blocked_providers: BTreeSet::new(), created: NOW, last_used: NOW }
}

/// Accepts at once: nothing has changed since the verification.
fn accept(
    signin: SignIn<Informing>,
    client: &LiveHabilitation<'_>,
    acceptance: Acceptance,
) -> Result<SignIn<Finishing>, (SignIn<Informing>, ConsentMissing)> {
    let session = Session::open(signin.citizen().clone());
    let account = account(signin.citizen().account.clone());
    let still = signin
        .still_holds(client, Some(&session), Some(&account), ProviderStanding::Accepted)
        .expect("nothing changed");
    signin.accept(client, acceptance, still, &[9; 64], NOW)
}

fn arrived(signin: SignIn<Choosing>, client: &LiveHabilitation<'_>, level: Level) -> SignIn<Informing> {
    let chosen =
        choose(&[provider()], |_| Health::Answering, client, signin.request().level, &BTreeSet::new(), &provider().id)
            .expect("open");
    let away = signin.depart(chosen, &[4; 96], NOW);
    let secret = away.attempt().secret().to_owned();
    let (arriving, attempt) = away.callback(&provider().id, &secret).expect("its own answer");
    let said = assertion(level);
    assert_eq!(attempt.level, arriving.request().level);
    let met = arriving.meets(&said, &provider(), client.client()).expect("met");
    let confirmed =
        Answer { outcome: Finding::Found(said.pivot.clone()), life: Life::Living }.confirm().expect("found");
    let secret = AccountSecret::new([1; 32]);
    let account = account(AccountKey::of(confirmed.pivot(), &secret));
    let admitted = account.admit(&provider().id, confirmed, &secret).expect("open");
    let fresh = Fresh { session: SessionId::from_random([7; 16]), at: NOW };
    arriving.verified(met, admitted, said, fresh)
}

fn informing(client: &LiveHabilitation<'_>, level: Level) -> SignIn<Informing> {
    arrived(choosing(client, &[]), client, level)
}

#[test]
fn a_citizen_goes_from_the_choice_to_a_code() {
    let client = client("public");
    let finishing = accept(informing(&client, Level::Low), &client, Acceptance::WentOn).expect("no consent needed");
    match finishing.answer("https://i.example").deliver() {
        crate::oidc::response::Delivery::Redirect(url) => assert!(url.starts_with("https://v.example/?code=")),
        crate::oidc::response::Delivery::Form { .. } => panic!("no form was asked for"),
    }
    assert_eq!(finishing.notice(&provider().title).to, "angela@exemple.fr");
    assert_eq!(finishing.grant().level, Level::Low);
    assert_eq!(finishing.act().kind(), "signed_in");
    assert_eq!(finishing.end("https://i.example", NOW).outcome(), Outcome::Finished);
}

#[test]
fn the_journal_names_no_person() {
    let client = client("public");
    let finishing = accept(informing(&client, Level::Low), &client, Acceptance::WentOn).expect("no consent needed");
    let details = finishing.act().details();
    for personal in ["DUBOIS", "Angela", "1962", "angela@", "75107"] {
        assert!(!details.contains(personal), "{personal} in {details}");
    }
}

#[test]
fn a_private_party_needs_the_citizen_s_consent() {
    let private = client("private");
    let signin = informing(&private, Level::Low);
    assert!(signin.needs_consent(&private));
    let (signin, ConsentMissing) = accept(signin, &private, Acceptance::WentOn).expect_err("no tick");
    let finishing = accept(signin, &private, Acceptance::Consented).expect("ticked");
    match finishing.act() {
        crate::journal::Act::SignedIn { consented: Some(claims), .. } => {
            assert!(claims.contains(&"family_name".to_owned()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_that_does_not_belong_leaves_the_citizen_where_they_are() {
    let client = client("public");
    let chosen = choose(&[provider()], |_| Health::Answering, &client, Level::Low, &BTreeSet::new(), &provider().id)
        .expect("open");
    let away = choosing(&client, &[]).depart(chosen, &[4; 96], NOW);
    let secret = away.attempt().secret().to_owned();
    let away = away.callback(&provider().id, "wrong").expect_err("not its answer");
    let other = ProviderId::parse("autre").expect("plain");
    let away = away.callback(&other, &secret).expect_err("not its provider");
    let (arriving, _) = away.callback(&provider().id, &secret).expect("its own answer");
    assert!(SignIn::<Away>::try_from(AnySignIn::from(arriving)).is_err(), "the attempt is spent");
}

#[test]
fn a_scope_withdrawn_while_the_citizen_reads_is_not_granted() {
    let signin = informing(&client("public"), Level::Low);
    let mut less = registration("public");
    less.scopes.retain(|scope| scope.name() == "openid");
    let finishing = accept(signin, &leaked(less), Acceptance::WentOn).expect("no consent needed");
    assert!(finishing.grant().scopes.is_anonymous());
}

fn begin(
    client: &LiveHabilitation<'_>,
    session: &Session,
    standing: ProviderStanding,
    extra: &[(&str, &str)],
) -> Beginning {
    SignIn::start(request(client, extra), client, Some((session, standing)), start(2))
}

#[test]
fn a_session_serves_low_and_substantial_and_never_high() {
    let client = client("public");
    for (held, asked, reported) in [
        (Level::Low, "eidas1", Some(Level::Low)),
        (Level::Low, "eidas2", None),
        (Level::Substantial, "eidas1", Some(Level::Substantial)),
        (Level::High, "eidas2", Some(Level::Substantial)),
        (Level::High, "eidas3", None),
    ] {
        let session = Session::open(informing(&client, held).citizen().clone());
        match begin(&client, &session, ProviderStanding::Accepted, &[("acr_values", asked)]) {
            Beginning::Inform(signin) => {
                let level = accept(signin, &client, Acceptance::WentOn).expect("public").grant().level;
                assert_eq!(Some(level), reported);
            }
            Beginning::Choose(_) => assert_eq!(reported, None, "{held:?} for {asked}"),
            Beginning::Answer(..) => panic!("no prompt was sent"),
        }
    }
}

#[test]
fn a_session_is_not_reused_when_the_request_or_the_provider_says_so() {
    let client = client("public");
    let session = Session::open(informing(&client, Level::Substantial).citizen().clone());
    let later = Timestamp::from_epoch(NOW.epoch() + 100);
    let reuse = |extra: &[(&str, &str)], standing| session.reuse(&request(&client, extra), standing, later).err();
    let accepted = ProviderStanding::Accepted;
    assert_eq!(reuse(&[], accepted), None);
    assert_eq!(reuse(&[("prompt", "login")], accepted), Some(NotReusable::LoginAsked));
    assert_eq!(reuse(&[("prompt", "select_account")], accepted), Some(NotReusable::LoginAsked));
    assert_eq!(reuse(&[("max_age", "99")], accepted), Some(NotReusable::TooOld));
    assert_eq!(reuse(&[("max_age", "100")], accepted), None);
    let same_second = session.reuse(&request(&client, &[("max_age", "0")]), accepted, NOW).err();
    assert_eq!(same_second, Some(NotReusable::TooOld));
    assert_eq!(reuse(&[("idp_hint", "poste")], accepted), Some(NotReusable::OtherProviderAsked));
    assert_eq!(reuse(&[("acr_values", "eidas3")], accepted), Some(NotReusable::HighAsked));
    assert_eq!(reuse(&[], ProviderStanding::NotAccepted), Some(NotReusable::Provider));
}

#[test]
fn what_changed_while_the_citizen_was_reading_stops_the_sign_in() {
    let client = client("public");
    let (fresh, accepted) = (informing(&client, Level::Low), ProviderStanding::Accepted);
    let mut held = account(fresh.citizen().account.clone());
    assert!(fresh.still_holds(&client, None, Some(&held), accepted).is_ok(), "a fresh sign-in needs no session");
    let session = Session::open(fresh.citizen().clone());
    let Beginning::Inform(reused) = begin(&client, &session, ProviderStanding::Accepted, &[]) else {
        panic!("the session fits");
    };
    assert!(reused.still_holds(&client, Some(&session), Some(&held), accepted).is_ok());
    assert_eq!(reused.still_holds(&client, None, Some(&held), accepted).err(), Some(NoLonger::SessionEnded));
    let mut other = fresh.citizen().clone();
    other.session = SessionId::from_random([8; 16]);
    assert_eq!(
        reused.still_holds(&client, Some(&Session::open(other)), Some(&held), accepted).err(),
        Some(NoLonger::SessionEnded)
    );
    let closed = fresh.still_holds(&client, None, Some(&held), ProviderStanding::NotAccepted);
    assert_eq!(closed.err(), Some(NoLonger::ProviderClosed));
    let mut stricter = registration("public");
    stricter.minimum_level = Level::Substantial;
    let raised = fresh.still_holds(&leaked(stricter), None, Some(&held), accepted);
    assert_eq!(raised.err(), Some(NoLonger::LevelRaised));
    held.blocked_providers.insert(provider().id);
    let blocked = NoLonger::NotAdmitted(NotAdmitted::ProviderBlocked);
    assert_eq!(fresh.still_holds(&client, None, Some(&held), accepted).err(), Some(blocked));
    held.state = AccountState::Frozen;
    assert_eq!(
        fresh.still_holds(&client, None, Some(&held), accepted).err(),
        Some(NoLonger::NotAdmitted(NotAdmitted::Frozen))
    );
}

#[test]
fn who_signs_in_again_takes_the_relying_parties_along_and_another_citizen_does_not() {
    let client = client("public");
    let first = informing(&client, Level::Low);
    let session = |name: u8, informed: &[&str]| {
        let mut citizen = first.citizen().clone();
        citizen.session = SessionId::from_random([name; 16]);
        let mut session = Session::open(citizen);
        for id in informed {
            session.inform(
                &ClientId::parse(id).expect("plain"),
                Told { scopes: first.granted(&client), sharing: Sharing::default() },
            );
        }
        session
    };
    let told = |session: &Session| -> Vec<(String, SessionId)> {
        session.relying_parties().map(|(client, session)| (client.to_string(), session.clone())).collect()
    };
    let (one, two, three) = (session(1, &["a", "b"]), session(2, &["b", "c"]), session(3, &[]));
    let (id1, id2) = (one.id().clone(), two.id().clone());
    let mut second = two;
    second.succeed(one).expect("the same citizen");
    // B was in both: which of them it is still in, nobody here knows.
    let expected = [("a", &id1), ("b", &id1), ("b", &id2), ("c", &id2)].map(|(name, id)| (name.to_owned(), id.clone()));
    assert_eq!(told(&second), expected);
    let kept = serde_json::to_string(&second).expect("plain data");
    let mut third = three;
    third.succeed(serde_json::from_str(&kept).expect("its own form")).expect("the same citizen");
    assert_eq!(told(&third), expected);

    let mut citizen = first.citizen().clone();
    citizen.account = AccountKey::try_from(crate::secret::base64url(&[1; 32])).expect("32 bytes");
    let mut other = Session::open(citizen);
    let ended = other.succeed(third).expect_err("another citizen");
    assert_eq!(told(&ended), expected);
    assert_eq!(told(&other), []);

    // Who asks for a sign-in anew all the time does not make the record grow for ever.
    let mut last = session(10, &["a"]);
    for name in 11..30 {
        let mut next = session(name, &["a"]);
        next.succeed(last).expect("the same citizen");
        last = next;
    }
    let newest: Vec<_> = (21..30).map(|name| ("a".to_owned(), SessionId::from_random([name; 16]))).collect();
    assert_eq!(told(&last), newest, "the eight before, and this one");
}

#[test]
fn a_session_kept_yesterday_is_read_today() {
    let session = Session::open(informing(&client("public"), Level::Low).citizen().clone());
    let mut kept = serde_json::to_value(&session).expect("plain data");
    kept["earlier"] = serde_json::json!({"ville": session.id()});
    let read: Session = serde_json::from_value(kept.clone()).expect("one earlier session for each relying party");
    assert_eq!(
        read.relying_parties().map(|(client, id)| (client.as_str(), id)).collect::<Vec<_>>(),
        [("ville", session.id())]
    );
    for new in ["earlier", "life"] {
        kept.as_object_mut().expect("an object").remove(new).expect("kept today");
    }
    kept["citizen"].as_object_mut().expect("an object").remove("hint");
    let read: Session = serde_json::from_value(kept).expect("yesterday's form");
    assert_eq!(read.id(), session.id());
    assert_eq!(read.citizen().hint, None);
    assert!(!read.is_ending());
}

#[test]
fn a_session_whose_end_has_begun_serves_nobody_and_still_names_who_has_to_hear_of_it() {
    let client = client("public");
    let finishing = accept(informing(&client, Level::Low), &client, Acceptance::WentOn).expect("public");
    let (_, session) = finishing.opens().expect("a fresh one");
    assert!(session.clone().open_still().is_some() && finishing.informed(session.clone()).is_some());
    let ending = session.clone().ending();
    assert!(ending.is_ending() && ending.knows(&session));
    assert!(ending.clone().open_still().is_none());
    assert!(finishing.informed(ending).is_none(), "nobody joins it any more");
    assert!(!Session::open(session.citizen().clone()).knows(&session));
}

#[test]
fn a_second_click_gets_the_same_answer_until_the_code_ends() {
    let client = client("public");
    let finishing = accept(informing(&client, Level::Low), &client, Acceptance::WentOn).expect("public");
    let (answer, opened) = (finishing.answer("https://i.example"), finishing.opens().expect("fresh").0.clone());
    let ended = finishing.end("https://i.example", NOW.plus(Lifetime::seconds(30)));
    assert_eq!(ended.repeat(NOW), Some(answer));
    assert_eq!(ended.opened().map(Bearer::expose).as_deref(), Some(&*opened.expose()), "the session comes with it");
    assert_eq!(ended.repeat(NOW.plus(Lifetime::seconds(30))), None);
}

#[test]
fn nobody_but_the_expected_citizen_is_signed_in() {
    let client = client("public");
    let subject = |byte: u8| {
        let key = AccountKey::try_from(crate::secret::base64url(&[byte; 32])).expect("32 bytes");
        Subject::pairwise(&key, &client.client().sector, &SubjectSecret::new([5; 32]))
    };
    let asked = format!(r#"{{"id_token":{{"sub":{{"value":"{}"}}}}}}"#, subject(1).as_str());
    let chosen = choose(&[provider()], |_| Health::Answering, &client, Level::Low, &BTreeSet::new(), &provider().id);
    let away = choosing(&client, &[("claims", &asked)]).depart(chosen.expect("open"), &[4; 96], NOW);
    let secret = away.attempt().secret().to_owned();
    let (arriving, _) = away.callback(&provider().id, &secret).expect("its own answer");
    assert!(arriving.expects(&subject(1)));
    assert!(!arriving.expects(&subject(2)));
}

#[test]
fn prompt_none_never_shows_a_page() {
    let client = client("public");
    let silent = [("prompt", "none")];
    match SignIn::start(request(&client, &silent), &client, None, start(3)) {
        Beginning::Answer(AuthorizeError::LoginRequired, _) => {}
        other => panic!("{other:?}"),
    }
    let first = informing(&client, Level::Low);
    let mut session = Session::open(first.citizen().clone());
    match begin(&client, &session, ProviderStanding::Accepted, &silent) {
        Beginning::Answer(AuthorizeError::InteractionRequired, _) => {}
        other => panic!("{other:?}"),
    }
    session.inform(&client.client().id, Told { scopes: first.granted(&client), sharing: first.sharing(&client) });
    assert!(matches!(begin(&client, &session, ProviderStanding::Accepted, &silent), Beginning::Inform(_)));
    let wider = [("prompt", "none"), ("claims", r#"{"userinfo":{"email":null}}"#)];
    assert!(matches!(begin(&client, &session, ProviderStanding::Accepted, &wider), Beginning::Answer(..)));
}

#[test]
fn every_step_survives_being_kept_and_loaded() {
    let client = client("public");
    let informing = informing(&client, Level::Low);
    let steps: Vec<AnySignIn> = vec![
        choosing(&client, &[]).into(),
        informing.clone().into(),
        accept(informing.clone(), &client, Acceptance::WentOn).expect("public").into(),
        informing.give_up("https://i.example", AuthorizeError::AccessDenied, "x", NOW).signin.into(),
    ];
    for step in steps {
        let kept = serde_json::to_string(&step).expect("plain data");
        let loaded: AnySignIn = serde_json::from_str(&kept).expect("its own form");
        assert_eq!(loaded.page(), step.page());
        assert_eq!(serde_json::to_string(&loaded).expect("plain data"), kept);
    }
}

#[test]
fn the_pivot_of_the_registry_is_released_and_the_provider_s_date_kept() {
    let client = client("public");
    let signin = informing(&client, Level::Low);
    let expected = Pivot::parse(&RawPivot {
        family_name: Some("DUBOIS"),
        given_name: Some("Angela"),
        birthdate: Some("1962-08-24"),
        gender: Some("female"),
        birthplace: Some("75107"),
        birthcountry: Some("99100"),
    })
    .expect("complete");
    assert_eq!(signin.citizen().identity.pivot, expected);
}

/// A client that may ask one data provider for one thing, and the request that asks for it.
fn sharing_client(kind: &str) -> (LiveHabilitation<'static>, [(&'static str, &'static str); 2]) {
    let metadata = json!({
        "client_id": "ville", "client_name": "Ville", "redirect_uris": ["https://v.example/"],
        "scope": "openid profile dgfip_rfr", "authorization_details_types": ["data_sharing"],
        "passerelle": {"kind": kind, "resources": ["https://tax.example"]},
    });
    let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
    let details = r#"[{"type":"data_sharing","locations":["https://tax.example"],"datatypes":["dgfip_rfr"]}]"#;
    (leaked(client), [("scope", "openid"), ("authorization_details", details)])
}

/// As [`request`], with parameters in the place of its own.
fn asking(client: &LiveHabilitation<'_>, changes: &[(&str, &str)]) -> SignIn<Choosing> {
    let asked = request(client, &[]);
    let parameters = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(changes).finish();
    let parameters = Parameters::parse(parameters.as_bytes()).expect("well formed");
    let sharing = Sharing::asked(&parameters, client).expect("habilitated");
    let scopes = parameters.one("scope").expect("once").expect("there").split(' ');
    let scopes = scopes.filter_map(crate::claims::scopes::Scope::parse).collect();
    let asked = AuthorizationRequest {
        asked: crate::claims::release::Asked { scopes, ..Default::default() },
        resources: sharing.resources,
        details: sharing.details,
        ..asked
    };
    match SignIn::start(asked, client, None, start(1)) {
        Beginning::Choose(signin) => signin,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_data_provider_may_be_asked_is_personal_and_needs_a_private_party_s_consent() {
    let (private, changes) = sharing_client("private");
    let signin = arrived(asking(&private, &changes), &private, Level::Low);
    assert!(signin.granted(&private).is_anonymous() && !signin.is_anonymous(&private));
    let (signin, ConsentMissing) = accept(signin, &private, Acceptance::WentOn).expect_err("no tick");
    let finishing = accept(signin, &private, Acceptance::Consented).expect("ticked");
    assert_eq!(finishing.consented(), Some(&["dgfip_rfr".to_owned()][..]));
    let details = finishing.act().details();
    for accounted in ["data_sharing", "https://tax.example", "dgfip_rfr"] {
        assert!(details.contains(accounted), "{accounted} in {details}");
    }
    let (_, session) = finishing.opens().expect("a fresh one");
    let told = |sharing: &Sharing| session.was_informed(private.client(), &finishing.grant().scopes, sharing);
    assert!(told(&finishing.grant().sharing(&private)) && told(&Sharing::default()));
}

#[test]
fn a_session_that_was_told_of_no_data_provider_shares_with_none_silently() {
    let (client, changes) = sharing_client("public");
    let first = arrived(asking(&client, &changes), &client, Level::Low);
    let mut session = Session::open(first.citizen().clone());
    session.inform(&client.client().id, Told { scopes: first.granted(&client), sharing: Sharing::default() });
    assert!(session.was_informed(client.client(), &first.granted(&client), &Sharing::default()));
    assert!(!session.was_informed(client.client(), &first.granted(&client), &first.sharing(&client)));
}

#[test]
fn a_data_provider_withdrawn_while_the_citizen_reads_is_not_granted() {
    let (client, changes) = sharing_client("public");
    let signin = arrived(asking(&client, &changes), &client, Level::Low);
    let mut less = client.client().clone();
    less.resources.clear();
    let finishing = accept(signin, &leaked(less), Acceptance::WentOn).expect("no consent needed");
    assert!(finishing.grant().resources.is_empty() && finishing.grant().details.is_empty());
}
