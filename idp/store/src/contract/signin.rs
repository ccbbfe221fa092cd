//! The sign-in through the store: kept by one node at each step, found by the other, and gone on with.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use domain::client::{Client, Label, Registered};
use domain::habilitation::grant::{Environment, LiveHabilitation};
use domain::id::{HabilitationId, ProviderId, Reference, SessionId, SignInId};
use domain::identity::account::{Account, AccountKey, AccountSecret, AccountState};
use domain::identity::civil::{Answer, Life, NotConfirmed, Outcome as Finding};
use domain::language::Language;
use domain::level::{Level, LevelRange};
use domain::oidc::code::Code;
use domain::oidc::error::AuthorizeError;
use domain::oidc::parameters::Parameters;
use domain::oidc::request::{AuthorizationRequest, Incoming};
use domain::secret::Bearer;
use domain::signin::offer::{Health, choose};
use domain::signin::refusal::Refusal;
use domain::signin::session::{ProviderStanding, Session, Told};
use domain::signin::{
    Acceptance, AnySignIn, Arriving, Away, Beginning, Choosing, Finishing, Fresh, Informing, Outcome, Refused, SignIn,
    Start,
};
use domain::time::{Lifetime, Timestamp};
use domain::upstream::{AcrTable, Assertion, Authentication, ClientFilter, Provider, ProviderStatus, Visibility};
use serde_json::json;

use super::{Nodes, at_once, bearer, for_each_engine, now, random};
use crate::ephemeral::{Put, Swap};

for_each_engine!(nodes: memory, redis; {
    every_step_is_found_by_another_node_and_goes_on,
    a_refused_sign_in_is_found_and_tried_again,
    a_sign_in_given_up_is_found_over,
    a_session_is_found_and_reused,
    a_code_is_spent_by_one_of_many,
});

const HALF_HOUR: Lifetime = Lifetime::seconds(1800);

fn client() -> Client {
    let metadata = json!({
        "client_id": "ville", "client_name": "Ville", "redirect_uris": ["https://v.example/"],
        "scope": "openid profile email",
    });
    Client::from_metadata(&metadata, || unreachable!("it is named")).expect("valid")
}

fn request() -> AuthorizationRequest {
    let asked = b"client_id=ville&redirect_uri=https%3A%2F%2Fv.example%2F&response_type=code&scope=openid+profile\
        &state=s&nonce=n&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let incoming = Incoming::read(Parameters::parse(asked).expect("well formed")).expect("names a client");
    incoming.check(Some(registered()), now(), &Arc::default()).expect("a good request").0
}

fn registered() -> &'static Registered {
    static REGISTERED: LazyLock<Registered> = LazyLock::new(|| {
        Registered::operated(client(), None, HabilitationId::from_random([7; 16]), Timestamp::from_epoch(1))
    });
    &REGISTERED
}

fn live() -> LiveHabilitation<'static> {
    registered().live(now(), &Arc::default()).expect("in force")
}

fn start() -> Start {
    Start {
        id: SignInId::from_random(random()),
        csrf: random(),
        reference: Reference::from_random(random()),
        language: Language::French,
        at: now(),
    }
}

fn provider() -> Provider {
    Provider {
        id: ProviderId::parse("impots").expect("plain"),
        title: Label { fr: "Impôts".to_owned(), en: "Tax".to_owned() },
        order: 1,
        status: ProviderStatus::Open,
        visibility: Visibility::Shown,
        levels: LevelRange::new(Level::Low, Level::Substantial).expect("ordered"),
        clients: ClientFilter::All,
        amr: vec!["pwd".to_owned()],
        acr: AcrTable::default(),
        environment: Environment::Production,
    }
}

fn assertion() -> Assertion {
    let userinfo = json!({
        "family_name": "DUBOIS", "given_name": "Angela", "birthdate": "1962-08-24", "gender": "female",
        "birthplace": "75107", "birthcountry": "99100", "email": "angela@exemple.fr",
    });
    Assertion::read(
        &provider(),
        Authentication { acr: Some(Level::Low.acr()), ..Authentication::default() },
        userinfo.as_object().expect("an object"),
    )
    .expect("complete")
}

/// A browser that comes to the other node each time.
struct Browser<'a> {
    nodes: &'a Nodes,
    cookie: Bearer<AnySignIn>,
    visits: usize,
}

impl<'a> Browser<'a> {
    async fn starts(nodes: &'a Nodes) -> Self {
        let Beginning::Choose(choosing) = SignIn::start(request(), &live(), None, start()) else {
            panic!("there is no session");
        };
        let cookie = bearer();
        assert_eq!(nodes.one.put(&cookie, &choosing.into(), HALF_HOUR).await.expect("puts"), Put::Fresh);
        Self { nodes, cookie, visits: 0 }
    }

    /// Finds the sign-in at a step, lets it go on, and keeps it; a double click that comes after loses.
    async fn goes<S, N>(&mut self, on: impl FnOnce(SignIn<S>) -> SignIn<N>)
    where
        SignIn<S>: TryFrom<AnySignIn, Error = AnySignIn>,
        AnySignIn: From<SignIn<N>>,
    {
        self.visits += 1;
        let node = if self.visits.is_multiple_of(2) { &self.nodes.one } else { &self.nodes.two };
        let (kept, version) = node.look(&self.cookie).await.expect("looks").expect("is there");
        let Ok(step) = SignIn::<S>::try_from(kept) else { panic!("another step was kept") };
        let next = AnySignIn::from(on(step));
        let swap = node.swap(&self.cookie, version, &next, HALF_HOUR).await.expect("swaps");
        let Swap::Done(stands) = swap else { panic!("nobody else swapped") };
        assert_eq!(node.swap(&self.cookie, version, &next, HALF_HOUR).await.expect("swaps"), Swap::Lost);
        let (found, version) = self.finds().await;
        assert_eq!(version, stands);
        assert_eq!(written(&found), written(&next), "nothing of the step is lost");
    }

    async fn finds(&self) -> (AnySignIn, crate::ephemeral::Version) {
        self.nodes.two.look(&self.cookie).await.expect("looks").expect("is there")
    }

    async fn informed(nodes: &'a Nodes) -> Self {
        let mut browser = Self::starts(nodes).await;
        browser.goes(departs).await;
        browser.goes(comes_back).await;
        browser.goes(is_verified).await;
        browser
    }

    async fn finishing(nodes: &'a Nodes) -> (Self, SignIn<Finishing>) {
        let mut browser = Self::informed(nodes).await;
        browser.goes(accepts).await;
        let (kept, _) = browser.finds().await;
        let finishing = SignIn::<Finishing>::try_from(kept).expect("accepted");
        (browser, finishing)
    }
}

fn written(signin: &AnySignIn) -> serde_json::Value {
    serde_json::to_value(signin).expect("is JSON")
}

fn departs(choosing: SignIn<Choosing>) -> SignIn<Away> {
    let wanted = provider().id;
    let chosen =
        choose(&[provider()], |_| Health::Answering, &live(), choosing.request().level, &BTreeSet::new(), &wanted);
    choosing.depart(chosen.expect("open"), &random(), now())
}

fn comes_back(away: SignIn<Away>) -> SignIn<Arriving> {
    let secret = away.attempt().secret().to_owned();
    let Ok((arriving, _)) = away.callback(&provider().id, &secret) else { panic!("its own answer") };
    arriving
}

fn account(key: AccountKey) -> Account {
    Account { key, state: AccountState::Active, blocked_providers: BTreeSet::new(), created: now(), last_used: now() }
}

fn is_verified(arriving: SignIn<Arriving>) -> SignIn<Informing> {
    let said = assertion();
    let met = arriving.meets(&said, &provider(), &client()).expect("met");
    let answer = Answer { outcome: Finding::Rectified(said.pivot.clone()), life: Life::Living };
    let confirmed = answer.confirm().expect("found");
    let secret = AccountSecret::new([1; 32]);
    let account = account(AccountKey::of(confirmed.pivot(), &secret));
    let admitted = account.admit(&provider().id, confirmed, &secret).expect("open");
    arriving.verified(met, admitted, said, Fresh { session: SessionId::from_random(random()), at: now() })
}

fn accepts(informing: SignIn<Informing>) -> SignIn<Finishing> {
    let account = account(informing.citizen().account.clone());
    let still =
        informing.still_holds(&live(), None, Some(&account), ProviderStanding::Accepted).expect("nothing changed");
    informing.accept(&live(), Acceptance::WentOn, still, &random(), now()).expect("a public service")
}

async fn every_step_is_found_by_another_node_and_goes_on(nodes: Nodes) {
    let (mut browser, finishing) = Browser::finishing(&nodes).await;
    let code = Code::Live { grant: Box::new(finishing.grant().clone()), ends: now().plus(Lifetime::seconds(30)) };
    // Resumed after a crash, the code is put a second time and changes nothing.
    for expected in [Put::Fresh, Put::Taken] {
        let put = nodes.one.put(finishing.code(), &code, Lifetime::seconds(30)).await.expect("puts");
        assert_eq!(put, expected);
    }
    browser.goes(|at: SignIn<Finishing>| at.end("https://i.example", now())).await;
    let (kept, _) = browser.finds().await;
    let AnySignIn::Ended(ended) = kept else { panic!("it is over") };
    assert_eq!(ended.outcome(), Outcome::Finished);
    match nodes.two.take(finishing.code()).await.expect("takes") {
        Some(Code::Live { grant, .. }) => assert_eq!(*grant, *finishing.grant()),
        Some(Code::Spent { .. }) | None => panic!("nobody redeemed it"),
    }
}

async fn a_refused_sign_in_is_found_and_tried_again(nodes: Nodes) {
    let mut browser = Browser::starts(&nodes).await;
    browser.goes(departs).await;
    browser.goes(SignIn::<Away>::reconsider).await;
    browser.goes(departs).await;
    browser.goes(comes_back).await;
    let refusal = Refusal::Civil(NotConfirmed::Several);
    browser.goes(|arriving: SignIn<Arriving>| arriving.refuse(refusal)).await;
    let (kept, _) = browser.finds().await;
    assert_eq!(SignIn::<Refused>::try_from(kept).expect("refused").refusal(), refusal);
    browser.goes(SignIn::<Refused>::retry).await;
    browser.goes(departs).await;
    browser.goes(comes_back).await;
    browser.goes(is_verified).await;
    browser.goes(SignIn::<Informing>::change_account).await;
}

async fn a_sign_in_given_up_is_found_over(nodes: Nodes) {
    let mut browser = Browser::informed(&nodes).await;
    let give_up = |informing: SignIn<Informing>| {
        informing.give_up("https://i.example", AuthorizeError::AccessDenied, "the citizen went back", now()).signin
    };
    browser.goes(give_up).await;
    let (kept, _) = browser.finds().await;
    let AnySignIn::Ended(ended) = kept else { panic!("it is over") };
    assert_eq!(ended.outcome(), Outcome::GivenUp);
}

async fn a_session_is_found_and_reused(nodes: Nodes) {
    let (_, finishing) = Browser::finishing(&nodes).await;
    let (cookie, mut session) = (bearer(), Session::open(finishing.citizen().clone()));
    let (scopes, sharing) = (finishing.grant().scopes.clone(), finishing.grant().sharing(&live()));
    session.inform(&client().id, Told { scopes, sharing });
    assert_eq!(nodes.one.put(&cookie, &session, HALF_HOUR).await.expect("puts"), Put::Fresh);
    let (found, _) = nodes.two.look(&cookie).await.expect("looks").expect("is there");
    assert!(found.was_informed(&client(), &finishing.grant().scopes, &finishing.grant().sharing(&live())));
    let standing = Some((&found, ProviderStanding::Accepted));
    let Beginning::Inform(informing) = SignIn::start(request(), &live(), standing, start()) else {
        panic!("the session fits");
    };
    assert_eq!(informing.citizen(), finishing.citizen());
}

async fn a_code_is_spent_by_one_of_many(nodes: Nodes) {
    let (_, finishing) = Browser::finishing(&nodes).await;
    let life = Lifetime::seconds(30);
    let first = Code::Live { grant: Box::new(finishing.grant().clone()), ends: now().plus(life) };
    assert_eq!(nodes.one.put(finishing.code(), &first, life).await.expect("puts"), Put::Fresh);
    let answers = at_once(40, nodes.both(), |node, _| {
        let code = finishing.code().clone();
        async move {
            match node.look(&code).await.expect("looks").expect("is there") {
                (Code::Live { .. }, version) => {
                    let spent = Code::Spent { gave: Some(bearer()), family: None };
                    matches!(node.swap(&code, version, &spent, life).await.expect("swaps"), Swap::Done(_))
                }
                (Code::Spent { gave, family: _ }, _) => {
                    assert!(gave.is_some(), "a replay finds what to revoke");
                    false
                }
            }
        }
    });
    let redeemed = answers.await.into_iter().filter(|redeemed| *redeemed).count();
    assert_eq!(redeemed, 1);
}
