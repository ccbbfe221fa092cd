//! A browser that leaves while its sign-in is being finished.

use std::collections::BTreeSet;
use std::future::{Future as _, poll_fn};
use std::task::Poll;

use domain::client::{Client, Label, Registered};
use domain::habilitation::grant::Environment;
use domain::id::{HabilitationId, ProviderId, Reference, SessionId, SignInId};
use domain::identity::account::{Account, AccountKey, AccountSecret, AccountState};
use domain::identity::civil::{Answer, Life, Outcome};
use domain::language::Language;
use domain::level::{Level, LevelRange};
use domain::oidc::parameters::Parameters;
use domain::oidc::request::Incoming;
use domain::secret::base64url;
use domain::signin::offer::{Health, choose};
use domain::signin::session::ProviderStanding;
use domain::signin::{Acceptance, Beginning, Fresh, Start};
use domain::upstream::{AcrTable, Assertion, Authentication, ClientFilter, Provider, ProviderStatus, Visibility};
use http::header::COOKIE;
use serde_json::json;

use super::*;

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

/// A sign-in that its citizen accepted just now.
fn accepted(app: &App) -> SignIn<Finishing> {
    let metadata = json!({"client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"]});
    let client = Client::from_metadata(&metadata, || unreachable!("it is named")).expect("valid");
    let asked = b"client_id=ville&redirect_uri=https%3A%2F%2Fv.example%2F&response_type=code&scope=openid\
        &state=s&nonce=n&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let id = HabilitationId::from_random([7; 16]);
    let registered = Registered::operated(client.clone(), None, id, app.clock.now());
    app.watched.put(registered.clone());
    let live = registered.live(app.clock.now(), &Arc::default()).expect("in force");
    let incoming = Incoming::read(Parameters::parse(asked).expect("well formed")).expect("names a client");
    let request = incoming.check(Some(&registered), app.clock.now(), &Arc::default()).expect("a good request").0;
    let (random, now) = (&app.random, app.clock.now());
    let (id, reference) = (SignInId::from_random(random.bytes()), Reference::from_random(random.bytes()));
    let start = Start { id, csrf: random.bytes(), reference, language: Language::French, at: now };
    let Beginning::Choose(choosing) = SignIn::start(request, &live, None, start) else { panic!("no session") };
    let chosen = choose(&[provider()], |_| Health::Answering, &live, Level::Low, &BTreeSet::new(), &provider().id);
    let away = choosing.depart(chosen.expect("open"), &random.bytes(), now);
    let secret = away.attempt().secret().to_owned();
    let Ok((arriving, _)) = away.callback(&provider().id, &secret) else { panic!("its own answer") };
    let userinfo = json!({
        "family_name": "DUBOIS", "given_name": "Angela", "birthdate": "1962-08-24", "gender": "female",
        "birthplace": "75107", "birthcountry": "99100", "email": "angela@exemple.fr",
    });
    let authentication = Authentication { acr: Some(Level::Low.acr()), ..Authentication::default() };
    let said = Assertion::read(&provider(), authentication, userinfo.as_object().expect("an object"));
    let said = said.expect("complete");
    let met = arriving.meets(&said, &provider(), &client).expect("met");
    let answer = Answer { outcome: Outcome::Rectified(said.pivot.clone()), life: Life::Living };
    let (confirmed, secret) = (answer.confirm().expect("found"), AccountSecret::new([1; 32]));
    let account = Account {
        key: AccountKey::of(confirmed.pivot(), &secret),
        state: AccountState::Active,
        blocked_providers: BTreeSet::new(),
        created: now,
        last_used: now,
    };
    let admitted = account.admit(&provider().id, confirmed, &secret).expect("open");
    let fresh = Fresh { session: SessionId::from_random(random.bytes()), at: now };
    let informing = arriving.verified(met, admitted, said, fresh);
    let still = informing.still_holds(&live, None, Some(&account), ProviderStanding::Accepted);
    let still = still.expect("nothing changed");
    informing.accept(&live, Acceptance::WentOn, still, &random.bytes(), now).expect("a public service")
}

#[tokio::test]
async fn a_browser_that_leaves_while_its_session_is_replaced_leaves_nothing_half_done() {
    let (app, _folder) = crate::serve::standing("issuer = \"http://127.0.0.1:8401\"\n").await;
    let signin = accepted(&app);
    // Somebody else's session in the same browser: it ends, and everyone is told.
    let mut other = signin.citizen().clone();
    other.account = AccountKey::try_from(base64url(&[9; 32])).expect("32 bytes");
    other.session = SessionId::from_random(app.random.bytes());
    let earlier: Bearer<Session> = Bearer::from_random(app.random.bytes());
    let put = app.ephemeral.put(&earlier, &Session::open(other), Lifetime::seconds(600)).await;
    assert_eq!(put.expect("room"), Put::Fresh);
    let mut headers = HeaderMap::new();
    let cookie = format!("passerelle-session={}", earlier.expose().as_str());
    headers.insert(COOKIE, cookie.parse().expect("plain"));
    let (slot, _) = Slot::open_known(&app, &signin.clone().into()).await.expect("room");

    let mut completing = Box::pin(complete(&app, &headers, slot, signin.clone()));
    while app.ephemeral.look(&earlier).await.expect("looks").is_some() {
        let polled = poll_fn(|context| Poll::Ready(completing.as_mut().poll(context).is_ready())).await;
        assert!(!polled, "it ended before the earlier session was seen to go");
        tokio::task::yield_now().await;
    }
    drop(completing);
    app.endings.close();
    app.endings.wait().await;

    let kinds = app.registry.entries(0, 100).await.expect("reads").into_iter().map(|entry| entry.kind);
    let kinds: Vec<String> = kinds.filter(|kind| kind.starts_with("signed_in") || kind == "logged_out").collect();
    assert_eq!(kinds, ["signed_in", "logged_out"]);
    let (secret, session) = signin.opens().expect("a fresh one");
    let (kept, _) = app.ephemeral.look(secret).await.expect("looks").expect("in its place");
    assert_eq!(kept.id(), session.id());
}
