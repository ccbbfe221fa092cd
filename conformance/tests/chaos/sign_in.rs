//! A citizen on the way: goes on where they were, or is told to begin again, and is signed in once.

use std::collections::BTreeSet;
use std::time::Duration;

use conformance::citizen::{Citizen, Page};
use conformance::or_skip;
use conformance::people::{PASSWORD, Person};
use conformance::relying_party::{Ask, RelyingParty};
use conformance::upstream::ProviderId;

use super::{Place, Round, Ruin, everywhere};
use crate::journey::{accept, choose, citizen_of, eventually, expect, to_login};

const PROVIDER: ProviderId = ProviderId::Impots;

/// From the login page of the provider to tokens that open what they should, once.
async fn to_the_end(service: &RelyingParty, citizen: &mut Citizen, ask: &Ask, login: &Page) {
    let inform = expect(citizen.sign_in(login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(citizen, &inform).await;
    received(service, ask, &back).await;
}

/// The service receives a code that opens what it should, once.
async fn received(service: &RelyingParty, ask: &Ask, back: &Page) {
    let tokens = service.finish(ask, back).await.unwrap_or_else(|error| panic!("{}: {error:#}", back.brief()));
    assert_eq!(service.claims(&tokens).await.unwrap()["family_name"], "DUBOIS");
    let again = service.redeem(ask, &back.parameter("code").unwrap()).await.unwrap();
    assert_eq!(again.status(), 400, "a code is spent once");
}

/// The page after a request that a kill may have fallen into, and how the round ended.
fn after(first: Option<Page>) -> (Option<Page>, Round) {
    let round = if first.is_some() { Round::Whole } else { Round::Killed };
    (first, round)
}

async fn asks(ruin: &mut Ruin, place: Place) -> Round {
    let service = ruin.journey.service.clone();
    let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(&service));
    let (page, round) = after(ruin.killed(place, citizen.open(&ask.url())).await);
    let page = match page {
        Some(page) => page,
        None => citizen.open(&ask.url()).await.unwrap(),
    };
    let login = choose(&mut citizen, &expect(page, "choose"), PROVIDER).await;
    to_the_end(&service, &mut citizen, &ask, &login).await;
    round
}

async fn leaves(ruin: &mut Ruin, place: Place) -> Round {
    let service = ruin.journey.service.clone();
    let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(&service));
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let button = format!("form[data-step=choose] button[name=provider][value={PROVIDER}]");
    let (page, round) = after(ruin.killed(place, citizen.press(&chooser, &button, &[])).await);
    let login = if let Some(page) = page {
        expect(page, "login")
    } else {
        let chooser = expect(citizen.open(chooser.url.as_str()).await.unwrap(), "choose");
        choose(&mut citizen, &chooser, PROVIDER).await
    };
    to_the_end(&service, &mut citizen, &ask, &login).await;
    round
}

async fn arrives(ruin: &mut Ruin, place: Place) -> Round {
    let service = ruin.journey.service.clone();
    let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(&service));
    let login = to_login(&mut citizen, &ask, PROVIDER).await;
    let answer = ruin.journey.answer(&citizen, &login, "angela").await;
    let (page, round) = after(ruin.killed(place, citizen.open(answer.as_str())).await);
    let page = match page {
        Some(page) => page,
        None => citizen.open(answer.as_str()).await.unwrap(),
    };
    // What the provider said counts once: where the gateway did not keep what came of it, the citizen goes again.
    if page.name().as_deref() == Some("arriving") || page.name().as_deref() == Some("wait") {
        let chooser = expect(citizen.click(&page, "a[href$='/choose']").await.unwrap(), "choose");
        let login = choose(&mut citizen, &chooser, PROVIDER).await;
        to_the_end(&service, &mut citizen, &ask, &login).await;
        return round;
    }
    let back = accept(&mut citizen, &expect(page, "inform")).await;
    received(&service, &ask, &back).await;
    round
}

async fn goes_on(ruin: &mut Ruin, place: Place) -> Round {
    let service = ruin.journey.service.clone();
    let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(&service));
    let inform = ruin.journey.to_inform(&mut citizen, &ask, PROVIDER, "angela").await;
    let before = ruin.acts("signed_in").await;
    let button = "form[data-step=inform] button[type=submit]";
    let (page, round) = after(ruin.killed(place, citizen.press(&inform, button, &[])).await);
    let back = match page {
        Some(page) => page,
        None => accept(&mut citizen, &inform).await,
    };
    received(&service, &ask, &back).await;
    assert_eq!(ruin.acts("signed_in").await, before + 1, "{place:?}: accounted for once");
    round
}

#[tokio::test]
async fn a_citizen_goes_on_after_a_kill_at_any_moment_of_a_sign_in_and_is_accounted_for_once() {
    let mut ruin = or_skip!(Ruin::set().await);
    let kills = [
        everywhere(&mut ruin, asks).await,
        everywhere(&mut ruin, leaves).await,
        everywhere(&mut ruin, arrives).await,
        everywhere(&mut ruin, goes_on).await,
    ];
    // What each step writes at least: the sign-in; its attempt; arrival, account, both places; and at the end the step,
    // the transaction, the session, the code, the last step.
    for (step, (kills, least)) in kills.into_iter().zip([1, 1, 3, 6]).enumerate() {
        assert!(kills >= least, "step {step}: {kills} kills");
    }
    ruin.journal_is_whole().await;
    every_notice_came(&mut ruin).await;
}

#[tokio::test]
async fn a_citizen_goes_on_after_a_kill_at_the_end_of_a_sign_in_with_sqlite() {
    let mut ruin = or_skip!(Ruin::set_with_sqlite().await);
    assert!(everywhere(&mut ruin, goes_on).await >= 4);
    ruin.journal_is_whole().await;
    every_notice_came(&mut ruin).await;
}

#[tokio::test]
async fn a_citizen_goes_on_after_a_kill_between_any_two_steps_of_a_sign_in() {
    let mut ruin = or_skip!(Ruin::set().await);
    let service = ruin.journey.service.clone();
    let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(&service));
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    ruin.crash().await;
    let login = choose(&mut citizen, &chooser, PROVIDER).await;
    ruin.crash().await;
    let answer = ruin.journey.answer(&citizen, &login, "angela").await;
    ruin.crash().await;
    let inform = expect(citizen.open(answer.as_str()).await.unwrap(), "inform");
    ruin.crash().await;
    let back = accept(&mut citizen, &inform).await;
    ruin.crash().await;
    let tokens = service.finish(&ask, &back).await.unwrap();
    ruin.crash().await;
    assert_eq!(service.claims(&tokens).await.unwrap()["family_name"], "DUBOIS");
    assert_eq!(service.redeem(&ask, &back.parameter("code").unwrap()).await.unwrap().status(), 400);
    assert_eq!(service.userinfo(&tokens.access_token).await.unwrap().status(), 401, "a replay takes the token back");
    assert_eq!(ruin.acts("signed_in").await, 1);
    ruin.journal_is_whole().await;
    every_notice_came(&mut ruin).await;
}

/// One notice for each sign-in that the journal counts. One whose delivery was killed may come again under the name it
/// had: a mailbox shows it once.
async fn every_notice_came(ruin: &mut Ruin) {
    let counted = ruin.acts("signed_in").await;
    ruin.crash().await;
    let angela = Person::named("angela").unwrap().email;
    let mailbox = &ruin.journey.scene.mailbox;
    let names = async || {
        let came = mailbox.messages_to(angela, 0, Duration::from_secs(1)).await;
        let name = |source: &str| {
            let line = source.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"));
            line.unwrap_or_else(|| panic!("a name in {source}")).to_owned()
        };
        came.iter().map(|message| name(&message.source)).collect::<BTreeSet<_>>()
    };
    eventually("a notice for each sign-in", async || (names().await.len() >= counted).then_some(())).await;
    assert_eq!(ruin.sql("SELECT count(*) FROM outbox").await, "0", "nothing more is to come");
    assert_eq!(names().await.len(), counted);
}
