//! The provider against a site that does everything right, plan by plan.

use serde_json::Value;
use url::Url;

use super::plan::Plan;
use super::provider::{Answer, Authorized, Body, Notice, Pace, Provider, Registered, UserinfoForm};
use super::token_call::{Outcome, Proof, Verifier};
use super::trial::{HintSeen, RedirectSeen};
use crate::jose::{BadToken, Claims, KeySet, SigningAlgorithm, verify};
use crate::level::Level;
use crate::secret::{base64url, sha256};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_epoch(1_800_000_000);
const ISSUER: &str = "https://g.example/banc/run";
const VERIFIER: &str = "0123456789012345678901234567890123456789012";

fn provider() -> Provider {
    let registered = Registered {
        redirect_uris: vec!["https://v.example/cb?x=1".to_owned()],
        post_logout_redirect_uris: vec!["https://v.example/bye".to_owned()],
        algorithm: SigningAlgorithm::Es256,
        userinfo: UserinfoForm::Json,
    };
    Provider::open(ISSUER, registered, &[7; 32], NOW).expect("keys can be made")
}

fn ask(provider: &mut Provider, draw: u8) -> Url {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", provider.credentials().client_id)
        .append_pair("redirect_uri", "https://v.example/cb?x=1")
        .append_pair("scope", "openid")
        .append_pair("state", &format!("state-of-the-site-{draw:06}"))
        .append_pair("nonce", &format!("nonce-of-the-site-{draw:06}"))
        .append_pair("code_challenge", &base64url(&sha256(VERIFIER.as_bytes())))
        .append_pair("code_challenge_method", "S256")
        .append_pair("acr_values", "eidas2")
        .finish();
    match provider.authorize(&query, NOW, &[draw; 32]) {
        Authorized::Back(back) => back.parse().expect("an address"),
        Authorized::Nowhere => panic!("it is registered"),
    }
}

fn of(back: &Url, name: &str) -> Option<String> {
    back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn redeem(provider: &mut Provider, back: &Url) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", &of(back, "code").expect("a code"))
        .append_pair("redirect_uri", "https://v.example/cb?x=1")
        .append_pair("code_verifier", VERIFIER)
        .finish();
    let own = provider.credentials();
    let (id, secret) = (own.client_id.to_owned(), own.secret.to_owned());
    provider.token(Some((&id, &secret)), &form, NOW).expect("keys can be read")
}

fn body(answer: &Answer) -> Value {
    match &answer.body {
        Body::Json(value) => value.clone(),
        Body::Empty | Body::Jwt(_) => panic!("{answer:?}"),
    }
}

fn token_of(plan: Plan) -> (Provider, String) {
    let mut provider = provider();
    provider.follow(plan);
    let back = ask(&mut provider, 1);
    let answer = redeem(&mut provider, &back);
    let token = body(&answer)["id_token"].as_str().expect("a token").to_owned();
    (provider, token)
}

fn claims(provider: &mut Provider, token: &str) -> Result<Claims, BadToken> {
    let keys = KeySet::parse(&provider.jwks(NOW).expect("keys")).expect("a good set");
    verify(token, SigningAlgorithm::Es256, &keys)
}

#[test]
fn an_honest_answer_is_right_in_everything() {
    let mut provider = provider();
    let back = ask(&mut provider, 1);
    assert_eq!(of(&back, "x").as_deref(), Some("1"), "what was registered stays");
    assert_eq!(of(&back, "state").as_deref(), Some("state-of-the-site-000001"));
    assert_eq!(of(&back, "iss").as_deref(), Some(ISSUER));
    let answer = redeem(&mut provider, &back);
    let token = body(&answer)["id_token"].as_str().expect("a token").to_owned();
    let claims = claims(&mut provider, &token).expect("its own signature");
    assert_eq!(claims.text("iss"), Ok(ISSUER));
    assert_eq!(claims.text("nonce"), Ok("nonce-of-the-site-000001"));
    assert_eq!(claims.text("acr"), Ok(Level::Substantial.acr()));
    assert_eq!(claims.integer("exp"), Ok(NOW.epoch() + 300));
    let userinfo = provider.userinfo(body(&answer)["access_token"].as_str()).expect("keys can be read");
    assert_eq!(body(&userinfo)["sub"].as_str(), claims.text("sub").ok());
    let login = &provider.logins()[0];
    assert_eq!((login.calls[0].proof, login.calls[0].verifier), (Proof::Right, Verifier::Right));
    assert_eq!(login.userinfo_calls, 1);
}

#[test]
fn each_plan_is_wrong_in_its_one_way() {
    let back = |plan| {
        let mut provider = provider();
        provider.follow(plan);
        ask(&mut provider, 1)
    };
    assert_eq!(of(&back(Plan::StateMissing), "state"), None);
    let other = of(&back(Plan::StateOther), "state").expect("there is one");
    assert!(other.len() >= 22 && other != "state-of-the-site-000001");
    assert_ne!(of(&back(Plan::IssuerOfAnswer), "iss").as_deref(), Some(ISSUER));
    let cancelled = back(Plan::Cancelled);
    assert_eq!((of(&cancelled, "error").as_deref(), of(&cancelled, "code")), (Some("access_denied"), None));

    let text = |plan, name: &'static str| {
        let (mut provider, token) = token_of(plan);
        claims(&mut provider, &token).expect("signed well").text(name).ok().map(str::to_owned)
    };
    assert_eq!(text(Plan::NonceAbsent, "nonce"), None);
    assert_ne!(text(Plan::NonceOther, "nonce").as_deref(), Some("nonce-of-the-site-000001"));
    assert_ne!(text(Plan::IssuerOfToken, "iss").as_deref(), Some(ISSUER));
    assert_eq!(text(Plan::Audience, "aud").as_deref(), Some("un-autre-service"));
    assert_eq!(text(Plan::LevelLower, "acr").as_deref(), Some("eidas1"));
    let (mut provider, token) = token_of(Plan::Expired);
    assert_eq!(claims(&mut provider, &token).expect("signed well").integer("exp"), Ok(NOW.epoch() - 3600));
    let refused = |plan| {
        let (mut provider, token) = token_of(plan);
        claims(&mut provider, &token).expect_err("wrong")
    };
    assert_eq!(refused(Plan::Signature), BadToken::Signature);
    assert_eq!(refused(Plan::UnknownKey), BadToken::UnknownKey);
    assert_eq!(refused(Plan::Unsigned), BadToken::Algorithm);
    let (mut provider, _) = token_of(Plan::SubjectOfUserinfo);
    let login = provider.logins()[0].clone();
    let userinfo = provider.userinfo(Some(&login.access_token)).expect("keys can be read");
    assert_ne!(body(&userinfo)["sub"], Value::from(login.citizen.subject));
}

#[test]
fn a_new_key_is_published_with_the_token_that_it_signs_and_not_before() {
    let mut provider = provider();
    provider.follow(Plan::NewKey);
    let before = KeySet::parse(&provider.jwks(NOW).expect("keys")).expect("a good set");
    let back = ask(&mut provider, 1);
    let token = body(&redeem(&mut provider, &back))["id_token"].as_str().expect("a token").to_owned();
    assert_eq!(verify(&token, SigningAlgorithm::Es256, &before).err(), Some(BadToken::UnknownKey));
    assert!(claims(&mut provider, &token).is_ok());
    assert_eq!(provider.jwks(NOW).expect("keys")["keys"].as_array().map(Vec::len), Some(4));
}

#[test]
fn an_endpoint_out_of_order_answers_503_and_a_silent_one_late() {
    for (plan, pace) in [(Plan::Outage, Pace::AtOnce), (Plan::Silence, Pace::Late)] {
        let mut provider = provider();
        provider.follow(plan);
        let back = ask(&mut provider, 1);
        let answer = redeem(&mut provider, &back);
        assert_eq!((answer.status, answer.pace), (503, pace));
        assert_eq!(provider.logins()[0].calls[0].outcome, Outcome::OutOfOrder);
    }
}

#[test]
fn a_code_gives_tokens_once_and_only_for_the_right_client_and_verifier() {
    let mut provider = provider();
    let back = ask(&mut provider, 1);
    let code = of(&back, "code").expect("a code");
    let (id, secret) = (provider.credentials().client_id.to_owned(), provider.credentials().secret.to_owned());
    let form = |verifier: &str, uri: &str| {
        format!("grant_type=authorization_code&code={code}&code_verifier={verifier}&redirect_uri={uri}")
    };
    let uri = "https%3A%2F%2Fv.example%2Fcb%3Fx%3D1";
    let good = form(VERIFIER, uri);
    let mut status =
        |basic: Option<(&str, &str)>, body: &str| provider.token(basic, body, NOW).expect("keys can be read").status;
    assert_eq!(status(None, &good), 401);
    assert_eq!(status(Some((&id, "wrong")), &good), 401);
    assert_eq!(status(Some((&id, &secret)), &format!("{good}&client_id={id}&client_secret={secret}")), 401);
    assert_eq!(status(Some((&id, &secret)), &form(&VERIFIER.replace('0', "1"), uri)), 400);
    assert_eq!(status(Some((&id, &secret)), &form("", uri)), 400);
    assert_eq!(status(Some((&id, &secret)), &form(VERIFIER, "https%3A%2F%2Fv.example%2Fcb")), 400);
    assert_eq!(status(Some((&id, &secret)), "grant_type=authorization_code&code=unknown"), 400);
    assert_eq!(status(None, &format!("{good}&client_id={id}&client_secret={secret}")), 200);
    assert_eq!(status(Some((&id, &secret)), &good), 400);
    let outcomes: Vec<_> = provider.logins()[0].calls.iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes.last(), Some(&Outcome::Again));
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Tokens).count(), 1);
}

#[test]
fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let mut provider = provider();
    let query = "response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2F&scope=openid";
    assert_eq!(provider.authorize(query, NOW, &[1; 32]), Authorized::Nowhere);
    ask(&mut provider, 2);
    assert_eq!(provider.end_session("post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F"), None);
    assert_eq!(provider.logins()[1].logout.map(|seen| seen.redirect), Some(RedirectSeen::Other));
}

#[test]
fn a_logout_is_read_with_whom_it_is_about_and_where_it_goes_back_to() {
    let (mut provider, token) = token_of(Plan::Honest);
    let back = provider
        .end_session(&format!("id_token_hint={token}&post_logout_redirect_uri=https%3A%2F%2Fv.example%2Fbye&state=s"));
    assert_eq!(back.as_deref(), Some("https://v.example/bye?state=s"));
    let seen = provider.logins()[0].logout.expect("seen");
    assert_eq!((seen.hint, seen.redirect), (HintSeen::Right, RedirectSeen::Registered));
    let (_, other) = token_of(Plan::Audience);
    let mut fresh = self::provider();
    ask(&mut fresh, 9);
    fresh.end_session(&format!("id_token_hint={other}"));
    assert_eq!(fresh.logins()[0].logout.map(|seen| seen.hint), Some(HintSeen::Wrong));
}

#[test]
fn a_notice_is_signed_by_the_issuer_and_a_forged_one_is_not() {
    let (mut provider, _) = token_of(Plan::Honest);
    let login = provider.logins()[0].clone();
    let mut read = |notice| {
        let body = provider.logout_notice(&login, notice, NOW).expect("keys can be read");
        let token = body.strip_prefix("logout_token=").expect("a form").to_owned();
        claims(&mut provider, &token)
    };
    let claims = read(Notice::Right).expect("signed well");
    assert_eq!(claims.text("sid"), Ok(login.sid.as_str()));
    assert_eq!(read(Notice::Forged).err(), Some(BadToken::Signature));
}

#[test]
fn a_run_is_the_same_after_it_was_kept_and_shows_no_secret() {
    let (provider, _) = token_of(Plan::Honest);
    let kept = serde_json::to_string(&provider).expect("plain data");
    let mut read: Provider = serde_json::from_str(&kept).expect("its own form");
    assert_eq!(serde_json::to_string(&read).expect("plain data"), kept);
    let back = ask(&mut read, 2);
    assert_eq!(redeem(&mut read, &back).status, 200);
    let own = provider.credentials();
    let shown = format!("{:?}", provider.logins()[0].exchanges);
    assert!(!shown.contains(own.secret) && !shown.contains(&provider.logins()[0].code), "{shown}");
}

#[test]
fn two_runs_share_nothing() {
    let registered = || provider().registered().clone();
    let open = |random| Provider::open(ISSUER, registered(), &[random; 32], NOW).expect("keys can be made");
    let (mut one, other) = (open(1), open(2));
    assert_ne!(one.credentials().client_id, other.credentials().client_id);
    assert_ne!(one.credentials().secret, other.credentials().secret);
    let back = ask(&mut one, 1);
    let token = body(&redeem(&mut one, &back))["id_token"].as_str().expect("a token").to_owned();
    let mut other = other;
    assert!(claims(&mut other, &token).is_err());
}

#[test]
fn userinfo_is_signed_where_that_is_registered_by_each_algorithm() {
    for algorithm in SigningAlgorithm::ALL {
        let registered = Registered { algorithm, userinfo: UserinfoForm::Signed, ..provider().registered().clone() };
        let mut provider = Provider::open(ISSUER, registered, &[3; 32], NOW).expect("keys can be made");
        let back = ask(&mut provider, 1);
        let tokens = body(&redeem(&mut provider, &back));
        let keys = KeySet::parse(&provider.jwks(NOW).expect("keys")).expect("a good set");
        let id_token = verify(tokens["id_token"].as_str().expect("a token"), algorithm, &keys).expect("signed well");
        let answer = provider.userinfo(tokens["access_token"].as_str()).expect("keys can be read");
        let Body::Jwt(userinfo) = answer.body else { panic!("signed") };
        let claims = verify(&userinfo, algorithm, &keys).expect("signed well");
        assert_eq!(claims.text("sub"), id_token.text("sub"));
        assert_eq!(claims.text("aud"), Ok(provider.credentials().client_id));
    }
}
