//! The end of a session: whoever was told that they are logged out is, and every relying party hears of it.

use conformance::citizen::{Citizen, Page};
use conformance::or_skip;
use conformance::receiver::{Mood, Receiver};
use conformance::relying_party::{RelyingParty, Tokens};
use conformance::upstream::ProviderId;
use http::StatusCode;
use url::Url;

use super::{Place, Round, Ruin, everywhere};
use crate::journey::{accept, eventually, expect};

const HEARS: Mood = Mood::Answers(StatusCode::OK);

/// Two services that hear of logouts.
struct Town {
    services: [RelyingParty; 2],
    receivers: [Receiver; 2],
    bye: String,
}

impl Town {
    async fn register(ruin: &Ruin) -> Self {
        let mut bye = String::new();
        let (mut services, mut receivers) = (Vec::new(), Vec::new());
        for name in ["Piscine", "Port"] {
            let receiver = Receiver::start(HEARS).await;
            let mut metadata = RelyingParty::ordinary(name);
            metadata["backchannel_logout_uri"] = receiver.uri().into();
            metadata["backchannel_logout_session_required"] = true.into();
            if bye.is_empty() {
                bye = metadata["post_logout_redirect_uris"][0].as_str().unwrap().to_owned();
            }
            services.push(ruin.journey.register(&metadata).await);
            receivers.push(receiver);
        }
        let (Ok(services), Ok(receivers)) = (services.try_into(), receivers.try_into()) else { panic!("two of each") };
        Self { services, receivers, bye }
    }

    /// The page that asks the citizen to go on to a service.
    async fn to_inform(
        &self,
        ruin: &Ruin,
        citizen: &mut Citizen,
        at: usize,
    ) -> (conformance::relying_party::Ask, Page) {
        let ask = self.services[at].ask("openid profile").with("prompt", "login");
        let mut there = std::mem::take(citizen).stopping_at(&self.services[at].redirect_uri);
        let inform = ruin.journey.to_inform(&mut there, &ask, ProviderId::Impots, "angela").await;
        *citizen = there;
        (ask, inform)
    }

    async fn sign_in(&self, ruin: &Ruin, citizen: &mut Citizen, at: usize) -> Tokens {
        let (ask, inform) = self.to_inform(ruin, citizen, at).await;
        let back = accept(citizen, &inform).await;
        self.services[at].finish(&ask, &back).await.unwrap()
    }

    /// Signed in at the first, and at the second in the same session.
    async fn sign_in_everywhere(&self, ruin: &Ruin, citizen: &mut Citizen) -> [Tokens; 2] {
        let first = self.sign_in(ruin, citizen, 0).await;
        let ask = self.services[1].ask("openid profile");
        let mut there = std::mem::take(citizen).stopping_at(&self.services[1].redirect_uri);
        let inform = expect(there.open(&ask.url()).await.unwrap(), "inform");
        let back = accept(&mut there, &inform).await;
        *citizen = there;
        [first, self.services[1].finish(&ask, &back).await.unwrap()]
    }

    fn logout(&self, hint: &Tokens) -> String {
        let mut url = Url::parse(&self.services[0].metadata.end_session_endpoint).unwrap();
        url.query_pairs_mut()
            .append_pair("id_token_hint", &hint.id_token)
            .append_pair("post_logout_redirect_uri", &self.bye);
        url.into()
    }

    /// Waits until each service heard of the end of the session that it knows.
    async fn both_hear(&self, place: &str, known: &[Tokens; 2]) {
        for ((service, receiver), tokens) in self.services.iter().zip(&self.receivers).zip(known) {
            let session = service.verify_jwt(&tokens.id_token).await.unwrap()["sid"].clone();
            eventually(&format!("{place}: a logout token for {}", service.client_id), async || {
                for received in receiver.received() {
                    if service.verify_jwt(received.token()).await.unwrap()["sid"] == session
                        && received.answered == HEARS
                    {
                        return Some(());
                    }
                }
                None
            })
            .await;
        }
    }

    async fn is_signed_out(&self, citizen: &Citizen) {
        let mut citizen = citizen.clone().stopping_at(&self.services[1].redirect_uri);
        let silent = citizen.open(&self.services[1].ask("openid").with("prompt", "none").url()).await.unwrap();
        assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{}", silent.brief());
    }
}

async fn logs_out(ruin: &mut Ruin, town: &Town, place: Place) -> Round {
    let mut citizen = Citizen::new();
    let known = town.sign_in_everywhere(ruin, &mut citizen).await;
    let mut citizen = citizen.stopping_at(&town.bye);
    let logout = town.logout(&known[0]);
    let (round, page) = match ruin.killed(place, citizen.open(&logout)).await {
        Some(page) => (Round::Whole, page),
        // Whoever was not told tries once more.
        None => (Round::Killed, citizen.open(&logout).await.unwrap()),
    };
    assert!(page.url.as_str().starts_with(&town.bye), "{place:?}: {}", page.brief());
    town.is_signed_out(&citizen).await;
    town.both_hear(&format!("{place:?}"), &known).await;
    round
}

/// A session that takes the place of an earlier one of the same citizen, killed on the way: the service of the earlier
/// one hears of the end too.
async fn takes_the_place(ruin: &mut Ruin, town: &Town, place: Place) -> Round {
    let mut citizen = Citizen::new();
    let first = town.sign_in(ruin, &mut citizen, 0).await;
    let (ask, inform) = town.to_inform(ruin, &mut citizen, 1).await;
    let button = "form[data-step=inform] button[type=submit]";
    let (round, back) = match ruin.killed(place, citizen.press(&inform, button, &[])).await {
        Some(page) => (Round::Whole, page),
        None => (Round::Killed, accept(&mut citizen, &inform).await),
    };
    let second = town.services[1].finish(&ask, &back).await.unwrap();
    let mut citizen = citizen.stopping_at(&town.bye);
    let page = citizen.open(&town.logout(&first)).await.unwrap();
    let page = if page.name().as_deref() == Some("confirm-logout") {
        citizen.press(&page, "button[value=yes]", &[]).await.unwrap()
    } else {
        page
    };
    assert!(page.url.as_str().starts_with(&town.bye), "{place:?}: {}", page.brief());
    town.both_hear(&format!("{place:?}"), &[first, second]).await;
    round
}

#[tokio::test]
async fn a_logout_is_told_to_every_service_though_the_gateway_is_killed_on_the_way() {
    let mut ruin = or_skip!(Ruin::set().await);
    let town = Town::register(&ruin).await;
    // The session marked, the journal with whom to tell, the session gone, the way back from the provider.
    assert!(everywhere(&mut ruin, async |ruin, place| logs_out(ruin, &town, place).await).await >= 5);
    ruin.journal_is_whole().await;
}

#[tokio::test]
async fn a_session_that_takes_the_place_of_another_loses_no_service_though_the_gateway_is_killed_on_the_way() {
    let mut ruin = or_skip!(Ruin::set().await);
    let town = Town::register(&ruin).await;
    assert!(everywhere(&mut ruin, async |ruin, place| takes_the_place(ruin, &town, place).await).await >= 6);
}

#[tokio::test]
async fn a_logout_that_was_confirmed_is_told_after_a_kill_while_it_was_being_told() {
    let mut ruin = or_skip!(Ruin::set().await);
    let town = Town::register(&ruin).await;
    for receiver in &town.receivers {
        receiver.set(Mood::Hangs);
    }
    let mut citizen = Citizen::new();
    let known = town.sign_in_everywhere(&ruin, &mut citizen).await;
    let mut citizen = citizen.stopping_at(&town.bye);
    let page = citizen.open(&town.logout(&known[0])).await.unwrap();
    assert!(page.url.as_str().starts_with(&town.bye), "{}", page.brief());
    eventually("both being told", async || {
        town.receivers.iter().all(|receiver| !receiver.received().is_empty()).then_some(())
    })
    .await;
    ruin.journey.scene.gateway.kill().await.unwrap();
    for receiver in &town.receivers {
        receiver.set(HEARS);
    }
    ruin.come_back().await;
    town.both_hear("after the kill", &known).await;
    town.is_signed_out(&citizen).await;
}
