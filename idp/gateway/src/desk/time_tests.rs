//! What a desk is told too late, to the second of the gateway's own clock: a request after its thirty days, a case after its hour.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::cnie::case::{Declared, STEP};
use domain::cnie::{REQUEST, qr};
use domain::id::{AgentId, PasskeyId, ReaderId};
use domain::journal::AgentChange;
use domain::language::Language;
use domain::notice::{Message, Notice};
use domain::people::agent::{Agent, AgentState, Period, Role, Roles, Terms};
use domain::people::commune::{Commune, CommuneCode, CommuneState};
use domain::people::name::{MailAddress, Name};
use domain::people::reader::{Reader, ReaderKey, ReaderState};
use domain::people::session::AgentSession;
use domain::secret::{Bearer, base64url};
use domain::time::{Lifetime, Timestamp};
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::json;
use store::ephemeral::Put;
use store::registry::{Accepted, KeptPasskey, TeamChange};
use tower::ServiceExt as _;

use crate::cnie::bench::{Gateway, code, request, states};
use crate::listen::address::ClientAddress;
use crate::people::session;
use crate::router::routers;

/// A desk at work: an agent on duty, a reader, and the identities of citizens who asked for certification.
struct Desk {
    gateway: Gateway,
    agent: AgentId,
    passkey: PasskeyId,
    readers: Vec<ReaderId>,
}

impl Desk {
    async fn open() -> Self {
        let gateway = Gateway::standing_with("[desk]\norigin = \"http://localhost:8401\"\n").await;
        let (app, now) = (&gateway.app, gateway.clock.now());
        let name = |text: &str| Name::parse(text).expect("a name");
        let commune = CommuneCode::parse("35238").expect("a code");
        let state = CommuneState::Certifying { from: now };
        let enrolled = Commune { code: commune.clone(), name: name("Val-Fleuri"), state };
        assert_eq!(app.registry.insert_commune(&enrolled, now).await.expect("kept"), Put::Fresh);

        let period = Period::new(now, now.plus(Lifetime::seconds(400 * 86_400))).expect("in order");
        let roles = Roles::of([Role::Agent]).expect("one");
        let agent = Agent {
            id: AgentId::from_random(app.random.bytes()),
            commune: commune.clone(),
            name: name("Nadia"),
            mail: MailAddress::parse("nadia@mairie.exemple.fr").expect("an address"),
            terms: Terms { roles, trained: Some(now), authorised: Some(period) },
            state: AgentState::Invited,
            declared: Declared::default(),
        };
        let (nadia, place, passkey) = ("Nadia".into(), "Val-Fleuri".into(), "poste".into());
        let message = Message::PasskeyAdded { agent: nadia, commune: place, passkey, at: now };
        let notice = Notice { to: agent.mail.as_str().to_owned(), language: Language::French, message };
        let (secret, act) = (Bearer::from_random(app.random.bytes()), AgentChange::Invited(agent.terms.clone()));
        let change = TeamChange { agent: &agent, act: &act, by: None, invitation: Some((&secret, &notice)) };
        let (_, seen) = app.registry.team(&commune).await.expect("reads").expect("enrolled");
        assert_eq!(app.registry.change_team(&change, seen, now).await.expect("kept"), Put::Fresh);
        let (id, credential) = (PasskeyId::of(b"poste"), "{}".to_owned());
        let passkey =
            KeptPasskey { id, owner: agent.id.clone(), name: name("poste"), credential, added: now, last_used: None };
        let accepted = app.registry.accept_invitation(&secret, &passkey, &notice, now).await.expect("kept");
        assert_eq!(accepted, Accepted::Done);

        // The public keys of RFC 7515, Appendix A.3.1, and RFC 7517, Appendix A.1.
        let mut readers = Vec::new();
        for (x, y) in [
            ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
            ("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"),
        ] {
            let reader = Reader {
                id: ReaderId::from_random(app.random.bytes()),
                commune: commune.clone(),
                name: name("Guichet"),
                key: ReaderKey::of(&json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})).expect("a key"),
                state: ReaderState::Registered,
                proved: None,
            };
            assert_eq!(app.registry.insert_reader(&reader, None, now).await.expect("kept"), Put::Fresh);
            readers.push(reader.id);
        }
        Self { agent: agent.id, passkey: passkey.id, readers, gateway }
    }

    /// The text of the QR code of a citizen who asks now.
    async fn asked(&self, number: &str) -> String {
        let until = self.gateway.clock.now().plus(REQUEST);
        let id = self.gateway.keep(number, &states::requested(until)).await;
        let secret = &self.gateway.cnie().qr_secret;
        qr::write((&id, code()), &request(), until, secret).expect("identifiers of 16 octets")
    }

    /// A request of the agent's, in a session that begins now: the status, where it leads, and the page.
    async fn go(&self, path: &str, form: Option<&[(&str, &str)]>) -> (StatusCode, String, String) {
        let app = &self.gateway.app;
        let begun = AgentSession::begin(self.agent.clone(), self.passkey.clone(), app.clock.now());
        let secret = session::begin(app, &begun).await.expect("kept");
        let mut headers = http::HeaderMap::new();
        app.desk().cookies.set_agent(&mut headers, &secret);
        let cookie = headers[SET_COOKIE].to_str().expect("ASCII").split(';').next().expect("its pair").to_owned();
        let csrf = base64url(&secret.expand(&[b"agent form"]));
        let (method, body) = match form {
            Some(fields) => {
                let mut body = url::form_urlencoded::Serializer::new(String::new());
                body.append_pair("csrf", &csrf).extend_pairs(fields);
                ("POST", body.finish())
            }
            None => ("GET", String::new()),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(COOKIE, cookie)
            .header("host", "localhost:8401")
            .header("origin", "http://localhost:8401")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .expect("a request");
        request.extensions_mut().insert(ClientAddress([127, 0, 0, 1].into()));
        let Ok(answer) = routers(app, None).public.oneshot(request).await;
        let (status, place) = (answer.status(), answer.headers().get(LOCATION).cloned());
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("whole");
        let place = place.map(|place| place.to_str().expect("ASCII").to_owned()).unwrap_or_default();
        (status, place, String::from_utf8(body.to_vec()).expect("a page"))
    }

    /// A scan for one of the readers: one that waits for a card serves no other case.
    async fn scan(&self, qr: &str, reader: usize) -> (StatusCode, String, String) {
        self.go("/guichet/dossiers", Some(&[("qr", qr), ("reader", self.readers[reader].as_str())])).await
    }

    /// Moves the clock to so many seconds after a moment.
    fn after(&self, since: Timestamp, seconds: u32) {
        let passed = u32::try_from(self.gateway.clock.now().seconds_since(since)).expect("time goes on");
        self.gateway.clock.advance(Lifetime::seconds(seconds - passed));
    }
}

#[tokio::test]
async fn a_request_serves_in_the_last_second_of_its_thirty_days_and_not_in_the_next() {
    let desk = Desk::open().await;
    let asked = desk.gateway.clock.now();
    let [in_time, late] = [desk.asked("SIM000001").await, desk.asked("SIM000002").await];
    desk.after(asked, REQUEST.as_seconds() - 1);
    let (status, place, page) = desk.scan(&in_time, 0).await;
    assert!(status == StatusCode::SEE_OTHER && place.starts_with("/guichet/dossiers/"), "{status} {place} {page}");
    let (status, _, again) = desk.scan(&in_time, 1).await;
    assert_eq!(status, StatusCode::CONFLICT, "and once: {again}");
    desk.after(asked, REQUEST.as_seconds());
    let (status, _, page) = desk.scan(&late, 1).await;
    assert_eq!(status, StatusCode::GONE, "day thirty: {page}");
    assert!(page.contains("data-banner"), "the agent is told why: {page}");
    desk.after(asked, REQUEST.as_seconds() + 86_400);
    assert_eq!(desk.scan(&late, 1).await.0, StatusCode::GONE, "day thirty-one");
    assert_eq!(desk.scan(&desk.asked("SIM000003").await, 1).await.0, StatusCode::SEE_OTHER, "a new request");
}

#[tokio::test]
async fn a_case_that_was_left_for_an_hour_is_over_and_the_citizen_may_ask_again() {
    let desk = Desk::open().await;
    let scanned = desk.gateway.clock.now();
    let (_, place, _) = desk.scan(&desk.asked("SIM000001").await, 0).await;
    desk.after(scanned, STEP.as_seconds() - 1);
    let (status, _, page) = desk.go(&place, None).await;
    assert!(status == StatusCode::OK && page.contains("data-page=\"desk-card\""), "{page}");
    desk.after(scanned, STEP.as_seconds());
    let (status, _, page) = desk.go(&place, None).await;
    assert!(status == StatusCode::OK && page.contains("data-page=\"desk-outcome\""), "{page}");
    let identities = desk.gateway.app.registry.identities(Some("active"), None, 10).await.expect("reads");
    assert_eq!(identities.len(), 1, "back to where it asks from");
    // The agent says no to what is over already: they see what it came to.
    let (status, shown, _) = desk.go(&format!("{place}/refus"), Some(&[("raison", "citizen_left")])).await;
    assert_eq!((status, shown), (StatusCode::SEE_OTHER, place));
}
