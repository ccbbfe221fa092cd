//! The app API with the real proofs of the scenes of `chip`: which identity gives which level, and the description.

use std::collections::BTreeSet;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::body::Body;
use axum::http::Request;
use axum::routing::post;
use domain::client::Label;
use domain::cnie::card::CardAndCode;
use domain::cnie::identity::AnyIdentity;
use domain::cnie::pairing::{Claim, Device, Network, Pairing};
use domain::cnie::transaction::{
    Act, AnyTransaction, Beginning, ClaimedBy, Handles, Octets, Purpose, Read, SignInPurpose, ToSign, Transaction,
};
use domain::cnie::{HANDLE, TRANSACTION};
use domain::id::{ClientId, ProviderId};
use domain::level::Level;
use domain::oidc::parameters::Parameters;
use domain::secret::{Bearer, base64url, sha256};
use domain::time::{Lifetime, Timestamp};
use domain::upstream::{Assertion, Attempt};
use serde_json::{Value, json};
use store::ephemeral::Put;
use store::registry::{Changed, Told};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::*;
use crate::clock::Clock;
use crate::cnie::reading;
use crate::config::{Config, Environment};
use crate::listen::address::ClientAddress;
use crate::outbound::tests::Origin;
use crate::random::Random;
use crate::upstream::ArrivalError;

const SCENES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../chip/testdata/scenes");
const NOW: Timestamp = Timestamp::from_epoch(1_795_305_600);

fn scene(name: &str) -> Vec<u8> {
    std::fs::read(format!("{SCENES}/{name}")).expect("kept with the sources")
}

/// A gateway that takes the scene's card, the authority it asks, and a phone with one key.
struct Place {
    app: Shared,
    key: EcdsaKeyPair,
    _authority: Origin,
    _folder: TempDir,
}

impl Place {
    async fn set() -> Self {
        let answer = || async { r#"{"status":"valid","birthplace":"75107","birthcountry":"99100","id":"a"}"# };
        let authority = Origin::serve(Router::new().route("/cards", post(answer))).await;
        let folder = TempDir::new().expect("a folder");
        let write = |path: &str, octets: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("below the folder")).expect("writable");
            std::fs::write(path, octets).expect("writable");
        };
        write("trust/anchors/root.der", &scene("rsa/root.der"));
        write("trust/crls/list.der", &scene("rsa/list.der"));
        write("eid/anchors/root.der", &scene("holder/root.der"));
        write("eid/links/below.der", &scene("holder/below.der"));
        write("eid/crls/root.der", &scene("holder/root-list.der"));
        write("eid/crls/below.der", &scene("holder/below-list.der"));
        let url = authority.url("/cards");
        let text = format!(
            "issuer = \"http://127.0.0.1:8401\"\n[dpop]\nrequire_nonce = true\n[cnie]\ntrust = \"../trust\"\n\
             eid_trust = \"../eid\"\nstatus_url = \"{url}\"\nsimulator = true\n"
        );
        write("config/idp.toml", text.as_bytes());
        std::fs::create_dir_all(folder.path().join("config/providers")).expect("writable");
        let none = Environment::Given(std::collections::BTreeMap::new());
        let config = Config::load(&folder.path().join("config/idp.toml"), &none).expect("sound");
        std::fs::create_dir_all(&config.data).expect("writable");
        let app = crate::serve::build(&config, &Clock::manual(NOW), Random::system()).await.expect("it stands");
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self { app, key, _authority: authority, _folder: folder }
    }

    fn jwk(&self) -> Value {
        let point = self.key.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..])})
    }

    /// RFC 7638 §3.
    fn jkt(&self) -> String {
        let jwk = self.jwk();
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
        base64url(&sha256(text.as_bytes()))
    }

    async fn call(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()});
        let now = self.app.clock.now();
        let claims = json!({
            "jti": base64url(&self.app.random.bytes::<16>()), "htm": "POST", "htu": self.app.issuer.at(path),
            "iat": now.epoch(), "nonce": self.app.dpop.secret.nonce(now),
        });
        let part = |value: &Value| base64url(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).expect("signs");
        let mut request = Request::post(path)
            .header("dpop", format!("{signed}.{}", base64url(signature.as_ref())))
            .body(Body::from(body.to_string()))
            .expect("a request");
        request.extensions_mut().insert(ClientAddress([127, 0, 0, 1].into()));
        let Ok(answer) = routes(&self.app).with_state(Arc::clone(&self.app)).oneshot(request).await;
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("whole");
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// What the phone of the scene read, and its chip's dialogue, under the text that its holder signed.
    fn read() -> Read {
        let signed = Octets(scene("holder/signed"));
        let groups = [1_u8, 13, 14].map(|number| (number, Octets(scene(&format!("rsa/dg{number}")))));
        Read {
            sod: Octets(scene("rsa/sod")),
            groups: groups.to_vec(),
            seed: Octets(scene("rsa/randomness")),
            to_sign: ToSign::try_from(signed).expect("32 octets"),
            holder: None,
            rounds: Vec::new(),
        }
    }

    /// The only round of answers.
    fn answers(transaction: &str) -> Value {
        let octets = scene("rsa/answers");
        let (mut relay, mut rest) = (Vec::new(), octets.as_slice());
        while let Some((length, more)) = rest.split_first_chunk::<2>() {
            let (answer, left) = more.split_at(usize::from(u16::from_be_bytes(*length)));
            relay.push(base64url(answer));
            rest = left;
        }
        let done = base64url(&[0x90, 0x00]);
        json!({
            "transaction": transaction, "certificate": base64url(&scene("holder/certificate.der")),
            "signature": base64url(&scene("holder/signature")), "opening": [done, done], "relay": relay,
        })
    }

    async fn keep(&self, bearer: &Bearer<AnyTransaction>, transaction: AnyTransaction) -> String {
        let handle = Bearer::<Pairing>::from_random(self.app.random.bytes());
        let pairing =
            Pairing { transaction: bearer.clone(), device: Device::Same, network: String::new(), claim: Claim::Made };
        assert_eq!(self.app.ephemeral.put(bearer, &transaction, TRANSACTION).await.expect("room"), Put::Fresh);
        assert_eq!(self.app.ephemeral.put(&handle, &pairing, TRANSACTION).await.expect("room"), Put::Fresh);
        handle.expose().as_str().to_owned()
    }

    fn beginning(&self) -> Beginning {
        Beginning { id: self.app.random.bytes(), nonce: [1; 32], number: 1, at: self.app.clock.now() }
    }

    /// An act whose card is about to answer.
    async fn acting(&self, act: Act) -> (StatusCode, Value) {
        let bearer = Bearer::from_random(self.app.random.bytes());
        let transaction = Transaction::begin_act(self.beginning(), act, &self.jkt()).read(Self::read());
        let handle = self.keep(&bearer, transaction.into()).await;
        self.call("/app/v1/transactions/answers", &Self::answers(&handle)).await
    }

    /// A sign-in whose card is about to answer: the answer, and what the browser gets, twice.
    async fn signing_in(&self) -> (String, Vec<Result<Assertion, ArrivalError>>) {
        let provider = ProviderId::parse("carte").expect("plain");
        let now = self.app.clock.now();
        let attempt = Attempt::from_random(provider, Level::High, now, &self.app.random.bytes());
        let bearer = crate::upstream::cnie::bearer(&attempt).expect("its secret");
        let handle = || Bearer::<Pairing>::from_random(self.app.random.bytes());
        let handles = Handles { other: handle(), same: handle(), until: now.plus(HANDLE) };
        let purpose = SignInPurpose {
            client: ClientId::parse("ville").expect("plain"),
            service: Label { fr: "Ville".into(), en: "Town".into() },
            request: Octets(vec![2; 32]),
            level: Level::High,
            claims: Vec::new(),
            place: String::new(),
        };
        let waiting = Transaction::begin(self.beginning(), purpose).showing(handles.clone());
        let by = ClaimedBy { jkt: &self.jkt(), device: Device::Same, network: Network::Same, random: [0; 16], at: now };
        let claimed = waiting.claim(&handles.same, by).expect("shown").transaction;
        assert!(matches!(claimed.purpose(), Purpose::SignIn(_)));
        let handle = self.keep(&bearer, claimed.read(Self::read()).into()).await;
        let (_, answer) = self.call("/app/v1/transactions/answers", &Self::answers(&handle)).await;
        let told = answer["status"].as_str().or(answer["code"].as_str()).unwrap_or_default().to_owned();
        let none = Parameters::parse(b"").expect("empty");
        let mut arrived = Vec::new();
        for _ in 0..2 {
            arrived.push(self.app.upstreams.arrive(&attempt, &none, now).await);
        }
        (told, arrived)
    }

    /// Puts an identity into a state, as records of the registry have it.
    async fn put(&self, card: &domain::cnie::card::CardKey, state: &Value, change: impl FnOnce(&mut Value)) {
        let kept = self.app.registry.identity_of_card(card).await.expect("reads").expect("live");
        let value = serde_json::to_value(&kept.identity).expect("JSON");
        let (_, inner) = value.as_object().and_then(|all| all.iter().next()).expect("one state");
        let (name, fields) = state.as_object().and_then(|all| all.iter().next()).expect("one state");
        let mut base = inner["base"].clone();
        change(&mut base);
        let next: AnyIdentity =
            serde_json::from_value(json!({ name: {"base": base, "state": fields} })).expect("an identity");
        let told = Told { acts: &[], notices: &[], at: self.app.clock.now() };
        assert_eq!(self.app.registry.change_identity(&kept, &next, &told).await.expect("kept"), Changed::Done);
    }
}

fn create() -> Act {
    let terms = domain::cnie::TermsVersion::CURRENT.to_owned();
    Act::Create { email: "angela@exemple.fr".into(), language: domain::language::Language::French, terms }
}

/// The name of a card of the scene.
async fn made(place: &Place) -> domain::cnie::card::CardKey {
    let (status, answer) = place.acting(create()).await;
    assert_eq!((status, answer["result"]["identity"]["state"].as_str()), (StatusCode::OK, Some("created")), "{answer}");
    let secret = &place.app.cnie.as_ref().expect("there").card_secret;
    domain::cnie::card::CardKey::of("FRA", "X4RTBPFW4", secret)
}

#[tokio::test]
async fn a_certified_identity_alone_gives_level_high() {
    let place = Place::set().await;
    let card = made(&place).await;
    let (case, request) = (base64url(&[3; 16]), base64url(&[4; 16]));
    let (soon, past) = (NOW.epoch() + 1000, NOW.epoch());
    let certified = json!({"certified": {"case": case, "since": past, "until": soon}});
    let nothing = |_: &mut Value| {};
    for (state, told) in [
        (json!({"created": {"until": soon}}), "card.address_not_confirmed"),
        (json!({"active": {}}), "card.not_certified"),
        (json!({"requested": {"request": request, "until": soon}}), "card.not_certified"),
        (json!({"at_desk": {"request": request, "case": case, "since": past}}), "card.not_certified"),
        (json!({"approved": {"case": case, "until": soon}}), "card.not_certified"),
        (json!({"suspended": {"certified": certified["certified"], "since": past}}), "card.suspended"),
        (json!({"certified": {"case": case, "since": 0, "until": past}}), "card.not_certified"),
        (certified.clone(), "proved"),
    ] {
        place.put(&card, &state, nothing).await;
        let (answer, arrived) = place.signing_in().await;
        assert_eq!(answer, told, "{state}");
        match arrived.as_slice() {
            [Ok(assertion), Err(ArrivalError::Card(Refusal::OutOfTurn))] if told == "proved" => {
                assert_eq!((assertion.level(), assertion.amr.join(" ")), (Level::High, "sc pin".to_owned()));
                assert_eq!(
                    assertion.pivot.birthplace.as_ref().map(domain::identity::pivot::Place::as_str),
                    Some("75107")
                );
                assert_eq!(assertion.auth_time, Some(NOW));
            }
            [Err(ArrivalError::Card(refusal)), Err(_)] => assert_eq!(refusal.code(), told, "{state}"),
            other => panic!("{state}: {other:?}"),
        }
    }
    // Another chip under the same number; another code than the one that was certified, which ends it.
    let other = base64url(&[9; 32]);
    place.put(&card, &certified, |base| base["chip"] = json!(other)).await;
    assert_eq!(place.signing_in().await.0, "card.other_card");
    let kept = place.app.registry.identity_of_card(&card).await.expect("reads").expect("live");
    assert_eq!(kept.identity.state(), "certified", "it was refused, and left as it is");
}

#[tokio::test]
async fn another_code_ends_the_certification() {
    let place = Place::set().await;
    let card = made(&place).await;
    let certified =
        json!({"certified": {"case": base64url(&[3; 16]), "since": NOW.epoch(), "until": NOW.epoch() + 1000}});
    place.put(&card, &certified, |base| base["code"] = json!(base64url(&[9; 32]))).await;
    assert_eq!(place.signing_in().await.0, "card.code_changed");
    let kept = place.app.registry.identity_of_card(&card).await.expect("reads").expect("live");
    assert_eq!(kept.identity.state(), "active");
    let acts = place.app.registry.entries(0, 100).await.expect("reads");
    assert!(acts.iter().any(|entry| entry.details.contains("code_changed")), "{acts:?}");
}

#[tokio::test]
async fn an_approved_identity_is_certified_by_card_and_code_and_asks_anew_with_another() {
    let place = Place::set().await;
    let card = made(&place).await;
    let approved = json!({"approved": {"case": base64url(&[3; 16]), "until": NOW.epoch() + 1000}});
    let state = |answer: &Value| answer["result"]["identity"]["state"].as_str().unwrap_or_default().to_owned();
    place.put(&card, &json!({"active": {}}), |_| {}).await;
    let terms = domain::cnie::TermsVersion::CURRENT.to_owned();
    let (_, answer) = place.acting(Act::RequestCertification { terms }).await;
    assert_eq!(state(&answer), "requested");
    let qr = answer["result"]["request"]["qr"].as_str().expect("a text");
    let token = qr.rsplit('/').next().expect("its last part");
    let presented = domain::cnie::qr::Presented::read(token).expect("ours");
    let kept = place.app.registry.identity_of_card(&card).await.expect("reads").expect("live").identity;
    let secret = &place.app.cnie.as_ref().expect("there").qr_secret;
    assert!(presented.check(kept.common().code(), secret, NOW).is_ok());

    place.put(&card, &approved, |_| {}).await;
    let (_, answer) = place.acting(Act::Activate).await;
    assert_eq!(state(&answer), "certified");
    assert_eq!(place.acting(Act::Activate).await.1["code"], "card.not_in_this_state");
    place.put(&card, &approved, |base| base["code"] = json!(base64url(&[9; 32]))).await;
    assert_eq!(place.acting(Act::Activate).await.1["code"], "card.code_changed");
    assert_eq!(state(&place.acting(Act::Show).await.1), "active");
    let suspended = json!({"suspended": {
        "certified": {"case": base64url(&[3; 16]), "since": NOW.epoch(), "until": NOW.epoch() + 1000}, "since": NOW.epoch(),
    }});
    let code = serde_json::to_value(kept.common().code()).expect("JSON");
    place.put(&card, &suspended, |base| base["code"] = code).await;
    assert_eq!(state(&place.acting(Act::Restore).await.1), "certified");
    place.app.clock.advance(Lifetime::seconds(1001));
    assert_eq!(state(&place.acting(Act::Show).await.1), "active", "its term is reached");
    assert_eq!(state(&place.acting(Act::Delete).await.1), "closed");
    assert_eq!(place.acting(Act::Show).await.1["code"], "card.no_identity");
}

#[tokio::test]
async fn a_certified_identity_on_another_card_of_the_same_person_gives_way_and_nothing_carries_over() {
    let place = Place::set().await;
    let card = made(&place).await;
    let first = place.app.registry.identity_of_card(&card).await.expect("reads").expect("live").identity;
    let person = serde_json::to_value(first.common().person().expect("is kept")).expect("JSON");
    assert_eq!(place.acting(Act::Delete).await.0, StatusCode::OK);
    // The person, and a homonym who was born elsewhere, each on a card that is not the one shown.
    let secret = &place.app.cnie.as_ref().expect("there").card_secret;
    let certified = json!({"case": base64url(&[3; 16]), "since": NOW.epoch(), "until": NOW.epoch() + 1000});
    let mut others = Vec::new();
    for (number, whose) in [("SIM000001", person), ("SIM000002", json!(base64url(&[9; 32])))] {
        let id = domain::id::IdentityId::from_random(place.app.random.bytes());
        let key = domain::cnie::card::CardKey::of("FRA", number, secret);
        let kept = crate::cnie::bench::identity(&id, key, &json!({ "certified": certified }));
        let mut kept = serde_json::to_value(&kept).expect("JSON");
        kept["certified"]["base"]["person"] = whose;
        let kept: AnyIdentity = serde_json::from_value(kept).expect("an identity");
        let told = Told { acts: &[], notices: &[], at: NOW };
        assert_eq!(place.app.registry.make_identity(&kept, &told).await.expect("kept"), store::registry::Made::Fresh);
        others.push(id);
    }
    let [old, homonym] = others.as_slice() else { panic!("two") };
    let before = place.app.registry.entries(0, 100).await.expect("reads").len();

    made(&place).await;
    let read = async |id| place.app.registry.identity(id).await.expect("reads").expect("kept").identity;
    let AnyIdentity::Closed(closed) = read(old).await else { panic!("it gave way") };
    assert_eq!(closed.why(), domain::cnie::identity::Closure::CardExpired);
    assert_eq!(read(homonym).await.state(), "certified");
    let new = place.app.registry.identity_of_card(&card).await.expect("reads").expect("live").identity;
    let entries = place.app.registry.entries(0, 100).await.expect("reads");
    let said: Vec<Value> =
        entries[before..].iter().map(|entry| serde_json::from_str(&entry.details).expect("JSON")).collect();
    assert_eq!(
        said,
        [
            json!({"identity": old, "change": "closed", "why": "card_expired"}),
            json!({"identity": new.common().id(), "change": "made", "terms": domain::cnie::TermsVersion::CURRENT}),
            json!({"identity": new.common().id(), "change": "replaces", "old": old}),
        ]
    );
}

#[tokio::test]
async fn of_two_last_answers_one_counts() {
    let place = Place::set().await;
    let bearer = Bearer::from_random([5; 32]);
    let transaction = Transaction::begin_act(place.beginning(), create(), &place.jkt()).read(Place::read());
    let handle = place.keep(&bearer, transaction.into()).await;
    let body = Place::answers(&handle);
    let path = "/app/v1/transactions/answers";
    let (one, two) = tokio::join!(place.call(path, &body), place.call(path, &body));
    let told = [&one, &two].map(|(_, answer)| answer["status"] == "proved");
    assert_eq!(told.into_iter().filter(|proved| *proved).count(), 1, "{one:?} {two:?}");
    let codes = ["card.out_of_turn", "card.transaction_unknown"];
    let refused = [&one, &two].map(|(_, answer)| answer["code"].as_str().is_some_and(|code| codes.contains(&code)));
    assert_eq!(refused.into_iter().filter(|refused| *refused).count(), 1, "{one:?} {two:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_proof_ends_the_transaction_and_with_a_call_does_not() {
    let place = Place::set().await;
    let path = "/app/v1/transactions/answers";
    let begin = async || {
        let bearer = Bearer::from_random(place.app.random.bytes());
        let transaction = Transaction::begin_act(place.beginning(), Act::Show, &place.jkt()).read(Place::read());
        place.keep(&bearer, transaction.into()).await
    };
    let flipped = |text: &Value| {
        let mut octets = domain::secret::from_base64url(text.as_str().expect("text")).expect("octets");
        octets[9] ^= 1;
        json!(base64url(&octets))
    };
    for (member, code) in [("signature", "card.holder_not_proven"), ("certificate", "card.holder_not_proven")] {
        let handle = begin().await;
        let mut body = Place::answers(&handle);
        body[member] = flipped(&body[member]);
        assert_eq!(place.call(path, &body).await.1["code"], code, "{member}");
        assert_eq!(place.call(path, &Place::answers(&handle)).await.1["code"], code, "{member}: it is over");
    }
    let handle = begin().await;
    let mut body = Place::answers(&handle);
    body["relay"][0] = flipped(&body["relay"][0]);
    assert_eq!(place.call(path, &body).await.1["code"], "card.chip_not_genuine");
    assert_eq!(place.call(path, &Place::answers(&handle)).await.1["code"], "card.chip_not_genuine", "it is over");
    let handle = begin().await;
    let mut half = Place::answers(&handle);
    half.as_object_mut().expect("an object").remove("signature");
    assert_eq!(place.call(path, &half).await.1["code"], "card.malformed");
    let mut none = Place::answers(&handle);
    none.as_object_mut().expect("an object").retain(|name, _| !["signature", "certificate"].contains(&name.as_str()));
    assert_eq!(place.call(path, &none).await.1["code"], "card.out_of_turn");
    assert_eq!(place.call(path, &Place::answers(&handle)).await.1["code"], "card.no_identity", "it went on");
    let handle = begin().await;
    place.app.clock.advance(TRANSACTION);
    assert_eq!(place.call(path, &Place::answers(&handle)).await.1["code"], "card.transaction_unknown", "five minutes");
}

#[tokio::test]
async fn a_signature_over_something_else_is_no_proof_of_this_transaction() {
    let place = Place::set().await;
    let cnie = place.app.cnie.as_ref().expect("there");
    let read = Place::read();
    let seed = read.seed.0.as_slice().try_into().expect("80 octets");
    let files = card::files(&read.sod, &read.groups);
    let authentic = reading::authenticate(&cnie.trust, &files, reading::Purpose::Remote, NOW).expect("genuine");
    let octets = |list: &Value| -> Vec<Vec<u8>> {
        let texts = list.as_array().expect("a list").iter().filter_map(Value::as_str);
        texts.map(|text| domain::secret::from_base64url(text).expect("octets")).collect()
    };
    let answers = Place::answers("");
    let (opening, relay) = (octets(&answers["opening"]), octets(&answers["relay"]));
    let round = reading::Round { opening: &opening, relay: &relay };
    let live = match reading::go_on(authentic, seed, &[], &[round]).expect("its chip") {
        reading::Reply::Live(live) => live,
        reading::Reply::More(_) => panic!("one round"),
    };
    let [certificate, signature] = ["holder/certificate.der", "holder/signature"].map(scene);
    let signed = read.to_sign;
    let holder = reading::holder(&cnie.trust, (&certificate, &signature), signed.as_bytes(), NOW).expect("its code");
    let other = ToSign::try_from(Octets(vec![7; 32])).expect("32 octets");
    let proof = |expected: &ToSign| CardAndCode::of(&live, &holder, expected, &cnie.card_secret, NOW).map(drop);
    assert_eq!(proof(&other), Err(Refusal::OtherTransaction));
    assert_eq!(proof(&signed), Ok(()));
}

/// A browser's handles for a phone elsewhere and for one of its own device, as the page shows them now.
async fn shown(place: &Place) -> Handles {
    let now = place.app.clock.now();
    let bearer = Bearer::<AnyTransaction>::from_random(place.app.random.bytes());
    let handle = || Bearer::<Pairing>::from_random(place.app.random.bytes());
    let handles = Handles { other: handle(), same: handle(), until: now.plus(HANDLE) };
    let purpose = SignInPurpose {
        client: ClientId::parse("ville").expect("plain"),
        service: Label { fr: "Ville".into(), en: "Town".into() },
        request: Octets(vec![2; 32]),
        level: Level::High,
        claims: Vec::new(),
        place: String::new(),
    };
    let waiting = AnyTransaction::from(Transaction::begin(place.beginning(), purpose).showing(handles.clone()));
    assert_eq!(place.app.ephemeral.put(&bearer, &waiting, TRANSACTION).await.expect("room"), Put::Fresh);
    for (handle, device) in [(&handles.other, Device::Other), (&handles.same, Device::Same)] {
        let pairing = Pairing { transaction: bearer.clone(), device, network: String::new(), claim: Claim::Open };
        assert_eq!(place.app.ephemeral.put(handle, &pairing, HANDLE).await.expect("room"), Put::Fresh);
    }
    handles
}

#[tokio::test]
async fn a_handle_is_claimed_in_its_sixtieth_second_and_not_in_the_next() {
    let place = Place::set().await;
    let handles = [shown(&place).await, shown(&place).await];
    let claim = async |handle: &Bearer<Pairing>| {
        place.call("/app/v1/claims", &json!({"handle": handle.expose().as_str()})).await
    };
    place.app.clock.advance(Lifetime::seconds(59));
    let (status, opened) = claim(&handles[0].other).await;
    assert_eq!((status, opened["confirm"]["kind"].as_str()), (StatusCode::OK, Some("number")), "{opened}");
    place.app.clock.advance(Lifetime::seconds(1));
    for handle in [&handles[1].other, &handles[1].same] {
        assert_eq!(claim(handle).await.1["code"], "card.handle_unknown");
    }
    assert_eq!(claim(&shown(&place).await.other).await.0, StatusCode::OK, "a new one");
}

#[tokio::test]
async fn answers_count_until_the_three_hundredth_second() {
    let place = Place::set().await;
    let path = "/app/v1/transactions/answers";
    let begin = async || {
        let bearer = Bearer::from_random(place.app.random.bytes());
        let transaction = Transaction::begin_act(place.beginning(), Act::Show, &place.jkt()).read(Place::read());
        place.keep(&bearer, transaction.into()).await
    };
    let [in_time, late] = [begin().await, begin().await];
    place.app.clock.advance(Lifetime::seconds(299));
    assert_eq!(place.call(path, &Place::answers(&in_time)).await.1["code"], "card.no_identity", "it was heard");
    place.app.clock.advance(Lifetime::seconds(1));
    assert_eq!(place.call(path, &Place::answers(&late)).await.1["code"], "card.transaction_unknown");
}

/// Lays an identity's moments of certification back by so many seconds, as if it had been certified earlier.
fn earlier(state: &mut Value, seconds: i64) {
    for name in ["since", "until"] {
        state[name] = json!(state[name].as_i64().expect("a moment") - seconds);
    }
}

#[tokio::test]
async fn a_certification_opens_what_asks_for_level_high_for_five_years_to_the_second() {
    let place = Place::set().await;
    let card = made(&place).await;
    let approved = json!({"approved": {"case": base64url(&[3; 16]), "until": NOW.epoch() + 1000}});
    place.put(&card, &approved, |_| {}).await;
    assert_eq!(place.acting(Act::Activate).await.1["result"]["identity"]["state"], "certified");
    let kept = place.app.registry.identity_of_card(&card).await.expect("reads").expect("live").identity;
    let kept = serde_json::to_value(&kept).expect("JSON");
    let mut state = kept["certified"]["state"].clone();
    let term = i64::from(domain::cnie::CERTIFICATION.as_seconds());
    assert_eq!(state["until"].as_i64().expect("its end") - NOW.epoch(), term, "the card lives longer");
    earlier(&mut state, term - 1);
    place.put(&card, &json!({ "certified": state }), |_| {}).await;
    assert_eq!(place.signing_in().await.0, "proved", "in its last second");
    place.app.clock.advance(Lifetime::seconds(1));
    assert_eq!(place.signing_in().await.0, "card.not_certified", "five years");
    let (_, shown) = place.acting(Act::Show).await;
    assert_eq!(shown["result"]["identity"]["state"], "active");
    assert!(shown["result"]["events"].to_string().contains("\"ended\""), "{shown}");
}

#[test]
fn every_route_and_every_code_that_a_phone_can_meet_is_described() {
    let described = openapi::described();
    assert_eq!(described["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    let paths: BTreeSet<&str> = described["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
    let routes = include_str!("mod.rs")
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".route(\"").and_then(|rest| rest.split('"').next()));
    assert_eq!(paths, routes.collect(), "the description and the router");
    let text = described["info"]["description"].as_str().expect("a text");
    let codes: BTreeSet<&str> = described["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for refusal in Refusal::ALL {
        let at_desk = [Refusal::RequestUnknown, Refusal::RequestLate, Refusal::RequestUsed].contains(refusal);
        assert_eq!(codes.contains(refusal.code()), !at_desk, "{refusal:?}");
        assert_eq!(text.contains(&format!("| `{}` |", refusal.code())), !at_desk, "{refusal:?}");
    }
    let known: BTreeSet<String> = crate::audit::Code::all().map(|code| code.to_string()).collect();
    assert!(codes.iter().all(|code| known.contains(*code)), "codes of the log, all of them");
    for schema in ["Opened", "Shown", "Acting", "Brought", "ToProve", "Answered", "Round", "Done", "Terms", "Problem"] {
        assert!(described["components"]["schemas"][schema].is_object(), "{schema}");
    }
    assert!(text.contains("CNIE-AUTH-v1") && text.contains("CNIE-ACT-v1") && text.contains("512 KiB"));
}

/// A day, in seconds.
const DAY: i64 = 86_400;

#[tokio::test]
async fn a_certification_is_renewed_by_the_phone_while_it_counts_at_level_high() {
    let place = Place::set().await;
    let card = made(&place).await;
    let certified = |days: i64| json!({"case": base64url(&[3; 16]), "since": 0, "until": NOW.epoch() + days * DAY});
    let shown = |answer: &Value| answer["result"]["identity"].clone();
    let ask = || Act::RequestCertification { terms: domain::cnie::TermsVersion::CURRENT.to_owned() };
    place.put(&card, &json!({"certified": certified(61)}), |_| {}).await;
    let early = place.acting(ask()).await;
    assert_eq!((early.0, &early.1["code"]), (StatusCode::CONFLICT, &json!("card.renewal_early")));
    let (_, looked) = place.acting(Act::Show).await;
    assert_eq!(shown(&looked)["renewable_from"], NOW.epoch() + DAY, "{looked}");

    place.put(&card, &json!({"certified": certified(30)}), |_| {}).await;
    let (_, asked) = place.acting(ask()).await;
    assert_eq!(shown(&asked)["state"], "requested", "{asked}");
    assert_eq!(shown(&asked)["certified_until"], NOW.epoch() + 30 * DAY);
    assert!(asked["result"]["request"]["qr"].is_string() && shown(&asked).get("renewable_from").is_none(), "{asked}");
    assert_eq!(place.signing_in().await.0, "proved");
    // Asked anew: the certification is carried along.
    let (_, anew) = place.acting(ask()).await;
    assert_ne!(anew["result"]["request"]["qr"], asked["result"]["request"]["qr"]);
    assert_eq!(shown(&anew)["certified_until"], NOW.epoch() + 30 * DAY);

    let case = base64url(&[8; 16]);
    let approved = json!({"approved": {"case": case, "until": NOW.epoch() + 100, "renews": certified(30)}});
    place.put(&card, &approved, |_| {}).await;
    assert_eq!(place.signing_in().await.0, "proved");
    let (_, done) = place.acting(Act::Activate).await;
    assert_eq!(shown(&done)["state"], "certified", "{done}");
    assert!(shown(&done)["certified_until"].as_i64() > Some(NOW.epoch() + 30 * DAY), "{done}");
    // Another code meanwhile: neither the approval nor the certification counts.
    place.put(&card, &approved, |base| base["code"] = json!(base64url(&[9; 32]))).await;
    assert_eq!(place.acting(Act::Activate).await.1["code"], "card.code_changed");
    let kept = place.app.registry.identity_of_card(&card).await.expect("reads").expect("live");
    assert_eq!(kept.identity.state(), "active");
}

/// An identity on the card of the scene, kept before it was kept whose it is.
async fn of_before(place: &Place) -> (domain::cnie::card::CardKey, AnyIdentity) {
    let card = made(place).await;
    let kept = place.app.registry.identity_of_card(&card).await.expect("reads").expect("live").identity;
    assert_eq!(place.acting(Act::Delete).await.0, StatusCode::OK);
    let mut kept = serde_json::to_value(&kept).expect("JSON");
    let base = &mut kept["created"]["base"];
    base["id"] = json!(domain::id::IdentityId::from_random(place.app.random.bytes()));
    let person = base.as_object_mut().and_then(|base| base.remove("person")).expect("is kept");
    let base = base.clone();
    let state = json!({"case": base64url(&[3; 16]), "since": NOW.epoch(), "until": NOW.epoch() + 1000});
    let kept = json!({"certified": {"base": base, "state": state}});
    let kept: AnyIdentity = serde_json::from_value(kept).expect("an identity");
    let told = Told { acts: &[], notices: &[], at: NOW };
    assert_eq!(place.app.registry.make_identity(&kept, &told).await.expect("kept"), store::registry::Made::Fresh);
    let mut whose = serde_json::to_value(&kept).expect("JSON");
    whose["certified"]["base"]["person"] = person;
    (card, serde_json::from_value(whose).expect("an identity"))
}

#[tokio::test]
async fn whose_an_identity_of_before_is_its_card_says_at_the_next_proof() {
    for proof in ["sign-in", "act"] {
        let place = Place::set().await;
        let (card, matched) = of_before(&place).await;
        let person = matched.common().person().expect("is kept");
        assert_eq!(place.app.registry.identity_of_person(&person).await.expect("reads"), None);
        if proof == "act" {
            assert_eq!(place.acting(Act::Show).await.0, StatusCode::OK);
        } else {
            assert_eq!(place.signing_in().await.0, "proved");
        }
        let kept = place.app.registry.identity_of_person(&person).await.expect("reads").expect("is known");
        assert_eq!(kept.identity, matched, "{proof}: nothing else changed");
        assert_eq!(place.app.registry.identity_of_card(&card).await.expect("reads"), Some(kept), "{proof}");
    }
}

#[tokio::test]
async fn an_identity_of_before_gives_way_to_the_one_that_its_person_made_since() {
    let place = Place::set().await;
    let (_, older) = of_before(&place).await;
    let mut since = serde_json::to_value(&older).expect("JSON");
    let base = &mut since["certified"]["base"];
    base["id"] = json!(domain::id::IdentityId::from_random(place.app.random.bytes()));
    let secret = &place.app.cnie.as_ref().expect("there").card_secret;
    base["card"] = json!(domain::cnie::card::CardKey::of("FRA", "SIM000009", secret));
    let since: AnyIdentity = serde_json::from_value(since).expect("an identity");
    let told = Told { acts: &[], notices: &[], at: NOW };
    assert_eq!(place.app.registry.make_identity(&since, &told).await.expect("kept"), store::registry::Made::Fresh);
    assert_eq!(place.signing_in().await.0, "card.no_identity");
    let read = async |id| place.app.registry.identity(id).await.expect("reads").expect("kept").identity;
    let AnyIdentity::Closed(closed) = read(older.common().id()).await else { panic!("it gave way") };
    assert_eq!(closed.why(), domain::cnie::identity::Closure::CardExpired);
    assert_eq!(read(since.common().id()).await, since);
}

#[tokio::test]
async fn a_clock_that_went_back_lets_no_card_prove_anything_and_is_told() {
    let place = Place::set().await;
    let card = made(&place).await;
    let certified = json!({"case": base64url(&[3; 16]), "since": NOW.epoch(), "until": NOW.epoch() + 1000});
    place.put(&card, &json!({"certified": certified}), |_| {}).await;
    let ready = async || {
        let mut request = Request::get("/readyz").body(Body::empty()).expect("a request");
        request.extensions_mut().insert(ClientAddress([127, 0, 0, 1].into()));
        let Ok(answer) = crate::router::routers(&place.app, None).public.oneshot(request).await;
        answer.status()
    };
    // Another node saw a later moment, and kept it.
    let latest = NOW.plus(Lifetime::seconds(121));
    place.app.registry.see_time(latest).await.expect("kept");
    assert_eq!((place.signing_in().await.0.as_str(), ready().await), ("proved", StatusCode::OK), "nobody looked yet");
    crate::serve::housekeeping::look_at_clock(&place.app.registry, &place.app.clock).await;
    let (told, arrived) = place.signing_in().await;
    assert_eq!((told.as_str(), ready().await), ("card.clock_back", StatusCode::SERVICE_UNAVAILABLE));
    let Some(Err(ArrivalError::Card(Refusal::ClockBack))) = arrived.first() else { panic!("{arrived:?}") };
    assert_eq!(place.acting(Act::Show).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let vouched = domain::cnie::assertion::Vouched {
        identity: place
            .app
            .registry
            .identity_of_card(&card)
            .await
            .expect("reads")
            .expect("live")
            .identity
            .common()
            .id()
            .clone(),
        level: Level::High,
        document: None,
    };
    let anew = crate::cnie::standing::stands_anew(&place.app, Some(&vouched)).await;
    assert!(matches!(anew, Err(Fault::Refused(Refusal::ClockBack, _))), "{anew:?}");
    // It is set right.
    place.app.clock.advance(Lifetime::seconds(1));
    assert_eq!((place.signing_in().await.0.as_str(), ready().await), ("proved", StatusCode::OK));
}

#[tokio::test]
async fn what_is_given_anew_asks_the_authority_and_without_what_names_the_card_is_not_high() {
    let place = Place::set().await;
    let card = made(&place).await;
    let certified = json!({"case": base64url(&[3; 16]), "since": NOW.epoch(), "until": NOW.epoch() + 1000});
    place.put(&card, &json!({"certified": certified}), |_| {}).await;
    let (_, arrived) = place.signing_in().await;
    let Some(Ok(assertion)) = arrived.first() else { panic!("{arrived:?}") };
    let vouched = assertion.card.clone().expect("it rests on a card");
    let anew = async |vouched| crate::cnie::standing::stands_anew(&place.app, Some(&vouched)).await.expect("asked");
    assert!(anew(vouched.clone()).await);
    let nameless = domain::cnie::assertion::Vouched { document: None, ..vouched.clone() };
    assert!(!anew(nameless.clone()).await);
    assert!(anew(domain::cnie::assertion::Vouched { level: Level::Low, ..nameless }).await);
    assert!(!format!("{vouched:?}").contains("X4RTBPFW4"), "{vouched:?}");
}
