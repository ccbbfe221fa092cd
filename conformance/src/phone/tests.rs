//! The telephone against a small server that plays the terminal: the card's side of the interface, honest and hostile.

use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jsonwebtoken::jwk::ThumbprintHash;

use super::*;
use crate::card::apdu::{Answer, Command};
use crate::card::crypt::Hash;
use crate::card::curve::{BRAINPOOL_P256, P256, Parameters, Secret};
use crate::card::messaging::Channel;
use crate::card::{CIPHER, Card, Pki, Profile, der};
use crate::clock;
use crate::desk_reader::{DeskReader, Turn};
use crate::site::{Site, listen};

const N: [u8; 32] = [3; 32];
const EXPIRES: u64 = 4_000_000_000;

/// One transaction as the terminal keeps it.
#[derive(Default)]
pub(super) struct Terminal {
    issuer: String,
    pub(super) opened: u32,
    refused: bool,
    purpose: Value,
    jkt: String,
    zone: Vec<u8>,
    text: Vec<u8>,
    server_key: Vec<u8>,
    channel: Option<Channel>,
    pub(super) more: u32,
    lies: bool,
}

pub(super) type Shared = Arc<Mutex<Terminal>>;

fn problem(code: &str) -> Response {
    (StatusCode::FORBIDDEN, Json(json!({ "code": code, "detail": "no" }))).into_response()
}

/// The key of a proof; a proof without the nonce is sent back for one.
#[expect(clippy::result_large_err, reason = "an answer, in a test")]
fn proved(headers: &HeaderMap) -> Result<String, Response> {
    let proof = headers["dpop"].to_str().unwrap();
    let header = jsonwebtoken::decode_header(proof).unwrap();
    let jwk = header.jwk.unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.required_spec_claims.clear();
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    let claims = jsonwebtoken::decode::<Value>(proof, &key, &rules).unwrap().claims;
    if claims["nonce"] != "n1" {
        let challenge = [("dpop-nonce", "n1"), ("www-authenticate", "DPoP error=\"use_dpop_nonce\"")];
        return Err((StatusCode::UNAUTHORIZED, challenge, Json(json!({ "code": "nonce" }))).into_response());
    }
    Ok(jwk.thumbprint(ThumbprintHash::SHA256).unwrap())
}

async fn open(State(shared): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let jkt = match proved(&headers) {
        Ok(jkt) => jkt,
        Err(answer) => return answer,
    };
    let mut terminal = shared.lock().unwrap();
    terminal.opened += 1;
    if body["handle"] == "h" && terminal.opened > 1 {
        terminal.refused = true;
        return problem("card.claimed_twice");
    }
    let sign_in = json!({
        "kind": "sign_in", "client_id": "ville", "service": { "fr": "Ville", "en": "Town" }, "acr": "eidas3",
        "request_hash": jose::encode([5; 32]), "claims": [{ "fr": "Nom", "en": "Name" }], "place": "Lyon",
    });
    terminal.purpose = body.get("purpose").cloned().unwrap_or(sign_in);
    terminal.jkt = jkt;
    let choices = if body["handle"] == "h" {
        json!({ "kind": "number", "choices": [11, 22, 33] })
    } else {
        json!({ "kind": "none" })
    };
    Json(json!({
        "transaction": "t", "id": "AAAAAAAAAAAAAAAAAAAAAA", "nonce": jose::encode(N), "expires": EXPIRES,
        "issuer": terminal.issuer, "purpose": terminal.purpose, "confirm": choices, "simulator": true,
    }))
    .into_response()
}

fn bytes(value: &Value) -> Vec<u8> {
    jose::decode(value.as_str().unwrap()).unwrap()
}

/// T, written a second time from the description.
fn text(terminal: &Terminal) -> Vec<u8> {
    let purpose = &terminal.purpose;
    let member = |name: &str| purpose[name].as_str().unwrap_or_default().to_owned();
    let mut input = Vec::new();
    let field = |octets: &[u8], into: &mut Vec<u8>| {
        into.extend((octets.len() as u64).to_be_bytes());
        into.extend(octets);
    };
    let request = if member("kind") == "sign_in" {
        vec![5; 32]
    } else {
        let mut parameters = Vec::new();
        for name in ["email", "language", "terms"] {
            field(member(name).as_bytes(), &mut parameters);
        }
        Hash::Sha256.of(&parameters)
    };
    let is_act = member("kind") != "sign_in";
    field(if is_act { b"CNIE-ACT-v1" } else { b"CNIE-AUTH-v1" }, &mut input);
    field(terminal.issuer.as_bytes(), &mut input);
    field(b"AAAAAAAAAAAAAAAAAAAAAA", &mut input);
    field(&N, &mut input);
    field(b"4000000000", &mut input);
    field(if is_act { member("kind") } else { member("client_id") }.as_bytes(), &mut input);
    field(&request, &mut input);
    field(member("acr").as_bytes(), &mut input);
    field(terminal.jkt.as_bytes(), &mut input);
    field(&Hash::Sha256.of(&terminal.server_key), &mut input);
    Hash::Sha256.of(&input)
}

/// Begins chip authentication with a key of the server's: what a phone hands over, and what it relays.
fn began(terminal: &mut Terminal, body: &Value) -> Value {
    let file = bytes(&body["dg14"]);
    let infos = der::all(der::find(der::find(&file, 0x6e).unwrap(), der::SET).unwrap()).unwrap();
    let info = infos.iter().map(|info| info.whole).max_by_key(|info| info.len()).unwrap();
    let chip = BRAINPOOL_P256.decode(&info[info.len() - 65..]).unwrap();
    let secret = Secret::generate(&BRAINPOOL_P256);
    terminal.server_key = secret.encoded();
    terminal.zone = bytes(&body["dg1"]);
    let mut channel = Channel::new(CIPHER, &secret.shared(&chip).unwrap());
    let protocol = der::object(0x80, &der::oid_value("0.4.0.127.0.7.2.2.3.2.4"));
    let key = der::object(0x7c, &der::object(0x80, &secret.encoded()));
    let opening = [
        Command::new(0x22, [0x41, 0xa4]).carrying(protocol),
        Command::new(0x86, [0, 0]).carrying(key).expecting(0x100),
    ];
    let select = channel.wrap(&Command::select_file(0x0101)).to_bytes();
    // The counters of the answer to come: one for the command, one for itself.
    terminal.channel = Some(channel);
    terminal.text = text(terminal);
    if terminal.lies {
        terminal.text[0] ^= 1;
    }
    json!({
        "server_key": jose::encode(&terminal.server_key), "to_sign": jose::encode(&terminal.text),
        "opening": opening.map(|command| jose::encode(command.to_bytes())), "relay": [jose::encode(select)],
    })
}

async fn card(State(shared): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut terminal = shared.lock().unwrap();
    match proved(&headers) {
        Ok(jkt) if jkt == terminal.jkt => {}
        Ok(_) => return problem("card.other_key"),
        Err(answer) => return answer,
    }
    if terminal.purpose["kind"] == "sign_in" && body["number"] != 22 {
        return problem("card.number");
    }
    Json(began(&mut terminal, &body)).into_response()
}

async fn answers(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut terminal = shared.lock().unwrap();
    if body["transaction"] != "t" {
        return problem("card.unknown");
    }
    if let Some(certificate) = body.get("certificate") {
        let certificate = bytes(certificate);
        let head = &Secret::generate(&P256).public_info(Parameters::Named)[..26];
        let at = certificate.windows(26).position(|window| window == head).unwrap() + 26;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &certificate[at..at + 65]);
        let digest = aws_lc_rs::digest::Digest::import_less_safe(&terminal.text, &aws_lc_rs::digest::SHA256).unwrap();
        if key.verify_digest(&digest, &bytes(&body["signature"])).is_err() {
            return problem("card.signature");
        }
    }
    let relayed: Vec<_> = body["relay"].as_array().unwrap().iter().map(bytes).collect();
    let Some(mut channel) = terminal.channel.take() else { return problem("card.spent") };
    let [answer] = &relayed[..] else { return problem("card.count") };
    let Ok(opened) = channel.unwrap(false, &Answer::parse(answer).unwrap()) else { return problem("card.channel") };
    terminal.more += 1;
    if opened.data.is_empty() {
        let read = channel.wrap(&Command::read(0, terminal.zone.len())).to_bytes();
        terminal.channel = Some(channel);
        return Json(json!({ "status": "more", "relay": [jose::encode(read)] })).into_response();
    }
    assert_eq!(opened.data, terminal.zone);
    let kind = terminal.purpose["kind"].clone();
    Json(json!({ "status": "proved", "result": { "kind": kind, "identity": { "state": "created" } } })).into_response()
}

async fn refuse(State(shared): State<Shared>) -> StatusCode {
    shared.lock().unwrap().refused = true;
    StatusCode::NO_CONTENT
}

/// The desk's side: one case that waits for a card.
async fn case(headers: HeaderMap) -> Response {
    match proved(&headers) {
        Ok(_) => Json(json!({ "case": "c", "nonce": "n", "step": "card" })).into_response(),
        Err(answer) => answer,
    }
}

async fn desk_card(State(shared): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    assert!(bytes(&body["dg2"]).len() > 2000, "the face, too");
    Json(began(&mut shared.lock().unwrap(), &body))
}

async fn desk_answers(State(shared): State<Shared>, Json(mut body): Json<Value>) -> Response {
    body["transaction"] = "t".into();
    let answered = answers(State(shared), Json(body)).await;
    let octets = axum::body::to_bytes(answered.into_body(), 1 << 16).await.unwrap();
    let mut said: Value = serde_json::from_slice(&octets).unwrap();
    if said["status"] == "proved" {
        said = json!({ "status": "read" });
    }
    Json(said).into_response()
}

pub(super) async fn terminal() -> (Site, Shared, String) {
    let listener = listen(0).await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let shared = Arc::new(Mutex::new(Terminal { issuer: issuer.clone(), ..Terminal::default() }));
    let router = Router::new()
        .route("/app/v1/terms", get(async || Json(json!({ "version": "2", "text": {} }))))
        .route("/app/v1/claims", post(open))
        .route("/app/v1/transactions", post(open))
        .route("/app/v1/transactions/card", post(card))
        .route("/app/v1/transactions/answers", post(answers))
        .route("/app/v1/transactions/refuse", post(refuse))
        .route("/reader/v1/cases/next", post(case))
        .route("/reader/v1/cases/card", post(desk_card))
        .route("/reader/v1/cases/answers", post(desk_answers))
        .with_state(Arc::clone(&shared));
    (Site::serve(listener, router), shared, issuer)
}

pub(super) fn angela() -> (Holder, Card) {
    let holder = Holder::named("angela").unwrap();
    let card = Card::genuine(&Arc::new(Pki::new(clock::now())), &holder);
    (holder, card)
}

async fn sign_in(mischief: Option<Mischief>) -> (Result<Outcome, Failure>, Shared) {
    let (_site, shared, issuer) = terminal().await;
    let (holder, card) = angela();
    let mut phone = Phone::new(card, &issuer).of(&holder);
    phone.mischief = mischief;
    let outcome = async {
        let mut visit = phone.claim(&format!("{issuer}/app/q/h")).await?;
        phone.prove(&mut visit, Some(22)).await
    };
    (outcome.await, shared)
}

#[tokio::test]
async fn an_honest_phone_proves_its_card_with_a_key_of_the_servers() {
    let (outcome, shared) = sign_in(None).await;
    assert_eq!(outcome.unwrap().kind, "sign_in");
    assert_eq!(shared.lock().unwrap().more, 2, "what was left to read was relayed");
}

#[tokio::test]
async fn an_act_signs_its_parameters_and_shows_its_result() {
    let (_site, _shared, issuer) = terminal().await;
    let (holder, card) = angela();
    let mut phone = Phone::new(card, &issuer).of(&holder);
    assert_eq!(phone.create("angela@exemple.fr").await.unwrap().state(), "created");
    assert_eq!(phone.act(Act::Show).await.unwrap().kind, "show");
}

#[tokio::test]
async fn a_phone_signs_nothing_but_what_follows_from_what_it_was_shown() {
    let (_site, shared, issuer) = terminal().await;
    let (holder, card) = angela();
    shared.lock().unwrap().lies = true;
    let mut phone = Phone::new(card, &issuer).of(&holder);
    assert!(matches!(phone.act(Act::Show).await, Err(Failure::OtherText)));
}

#[tokio::test]
async fn every_mischief_is_one() {
    let other = Parcel {
        body: json!({ "signature": jose::encode([1; 64]), "certificate": jose::encode(angela().1.applet().certificate()), "opening": [], "relay": [jose::encode([0x90, 0])] }),
    };
    for (mischief, code) in [
        (Mischief::Replay(other), "card.signature"),
        (Mischief::SwapTransaction("another".into()), "card.unknown"),
        (Mischief::SignAnother([9; 32]), "card.signature"),
        (Mischief::ForgedChip, "card.channel"),
        (Mischief::AlteredCommand, "card.channel"),
        (Mischief::AlteredAnswer, "card.channel"),
        (Mischief::Drop, "card.count"),
        (Mischief::DoubleClaim, "card.claimed_twice"),
        (Mischief::WrongNumber, "card.number"),
    ] {
        let told = format!("{mischief:?}");
        let (outcome, _) = sign_in(Some(mischief)).await;
        assert_eq!(outcome.unwrap_err().code(), Some(code), "{told}");
    }
}

#[tokio::test]
async fn a_clone_cannot_answer_the_servers_key() {
    let (_site, _shared, issuer) = terminal().await;
    let (holder, _) = angela();
    let clone = Card::issue(&Arc::new(Pki::new(clock::now())), &holder, Profile::named("clone").unwrap());
    let mut phone = Phone::new(clone, &issuer).of(&holder);
    assert_eq!(phone.act(Act::Show).await.unwrap_err().code(), Some("card.channel"));
}

#[tokio::test]
async fn wrong_numbers_never_reach_the_gateway() {
    let (_site, shared, issuer) = terminal().await;
    let (holder, card) = angela();
    let card = card.shared();
    let mut phone = Phone::new(Arc::clone(&card), &issuer).typing("000000", holder.code);
    let fault = phone.act(Act::Show).await.unwrap_err();
    assert!(matches!(fault, Failure::Card(reading::Fault::Password)), "{fault}");
    let mut phone = Phone::new(card, &issuer).typing(holder.can, "000000");
    let fault = phone.act(Act::Show).await.unwrap_err();
    assert!(matches!(fault, Failure::Card(reading::Fault::Code(2))), "{fault}");
    assert_eq!(shared.lock().unwrap().more, 0);
}

#[tokio::test]
async fn a_changed_code_is_the_one_that_is_typed_next() {
    let (_site, _shared, issuer) = terminal().await;
    let (holder, card) = angela();
    let mut phone = Phone::new(card, &issuer).of(&holder);
    phone.change_code("222333").unwrap();
    assert!(phone.act(Act::Show).await.is_ok());
}

#[tokio::test]
async fn a_citizen_says_no_and_links_of_others_are_not_followed() {
    let (_site, shared, issuer) = terminal().await;
    let phone = Phone::new(angela().1, &issuer);
    let mut visit = phone.claim(&format!("{issuer}/app/l/h")).await.unwrap();
    phone.refuse(&mut visit).await.unwrap();
    assert!(shared.lock().unwrap().refused);
    for address in ["http://evil.example/app/q/h", "h", &format!("{issuer}/app/x/h")] {
        assert!(matches!(phone.claim(address).await, Err(Failure::Address)), "{address}");
    }
}

#[tokio::test]
async fn a_desk_reader_reads_the_face_and_relays() {
    let (_site, shared, issuer) = terminal().await;
    let (holder, card) = angela();
    let mut reader = DeskReader::new(&issuer);
    assert_eq!(reader.turn().await.unwrap(), Turn::Idle, "no card lies on it");
    reader.insert(card, holder.can);
    assert_eq!(reader.turn().await.unwrap(), Turn::CardRead);
    assert_eq!(shared.lock().unwrap().more, 2);
}
