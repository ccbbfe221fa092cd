//! At the desk: answers of passkeys that are replayed, stolen, forged or made elsewhere; invitations, sessions and pages of
//! others. Each is refused under its own code, and an honest agent still gets in.

use conformance::agent::{self, Agent, Counts, Finger};
use conformance::citizen::{Citizen, Page};
use conformance::or_skip;
use conformance::tools::Tool;
use url::Url;

use crate::journey::expect;
use crate::stories::people::{NEWCOMER, Townhall};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A refusal under this code, with a page of the desk.
fn is_refused(case: &str, page: &Page, code: &str) {
    assert_eq!(page.refusal(), code, "{case}: {}", page.brief());
    assert!(page.status.is_client_error(), "{case}: {}", page.brief());
    assert!(page.has(&format!("main[data-code='{code}']")), "{case}: {}\n{}", page.brief(), page.body);
}

/// Posts what a page of the desk could have posted, with every cookie of this browser.
async fn post(browser: &Citizen, url: &Url, fields: &[(&str, &str)]) -> Page {
    let origin = url.origin().ascii_serialization();
    let headers = [("origin", origin.as_str()), ("sec-fetch-site", "same-origin"), FORM];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    browser.clone().forge(url, &headers, body.as_bytes()).await.unwrap()
}

fn csrf(page: &Page, form: &str) -> String {
    page.attribute(&format!("form[data-step={form}] input[name=csrf]"), "value").unwrap()
}

#[tokio::test]
async fn an_answer_of_a_passkey_serves_once_and_in_its_own_browser_alone() {
    let hall = Townhall::open().await;
    let (mut nadia, _) = hall.agent("Nadia", &["--agent"]).await;
    nadia.browser = Citizen::new();
    let page = expect(nadia.open("/guichet/connexion").await.unwrap(), "desk-sign-in");
    let credential = nadia.sign(&page).await.unwrap();
    let (name, url) = (csrf(&page, "sign-in"), page.url.clone());
    let fields = [("csrf", name.as_str()), ("credential", credential.as_str())];

    // Another browser, which has a ceremony of its own: neither the answer nor its name opens anything there.
    let mut thief = Agent::at(&hall.origin);
    let own = thief.open("/guichet/connexion").await.unwrap();
    is_refused("another browser", &post(&thief.browser, &url, &fields).await, "agent.ceremony_unknown");
    is_refused("no browser", &post(&Citizen::new(), &url, &fields).await, "agent.ceremony_unknown");
    let swapped = [("csrf", csrf(&own, "sign-in")), ("credential", credential.clone())];
    let swapped = swapped.each_ref().map(|(name, value)| (*name, value.as_str()));
    is_refused("another's ceremony", &post(&thief.browser, &url, &swapped).await, "agent.assertion_refused");

    let entered = post(&nadia.browser, &url, &fields).await;
    assert_eq!((entered.status.as_u16(), entered.url.path()), (303, "/guichet"), "{}", entered.brief());
    is_refused("replayed", &post(&nadia.browser, &url, &fields).await, "agent.ceremony_unknown");
    let later = nadia.open("/guichet/connexion").await.unwrap();
    let later = [("csrf", csrf(&later, "sign-in")), ("credential", credential)];
    let later = later.each_ref().map(|(name, value)| (*name, value.as_str()));
    is_refused("an old answer to a new question", &post(&nadia.browser, &url, &later).await, "agent.assertion_refused");
    expect(nadia.sign_in().await.unwrap(), "desk-account");
}

#[tokio::test]
async fn a_signature_for_another_origin_or_without_a_finger_or_by_a_copied_key_is_refused() {
    let hall = Townhall::open().await;
    let invited = hall.invite("Nadia", &["--agent"]).await;
    let mut nadia = Agent { counts: Counts::Yes, ..Agent::at(&hall.origin) };
    expect(nadia.come(&invited.link).await.unwrap(), "desk-account");

    let mut phished = nadia.clone();
    let page = phished.open("/guichet/connexion").await.unwrap();
    phished.origin = Url::parse("http://localhost:1").unwrap();
    is_refused("another port", &phished.enter(&page).await.unwrap(), "agent.assertion_refused");

    let mut unverified = Agent { finger: Finger::Untouched, ..nadia.clone() };
    is_refused("nobody verified", &unverified.sign_in().await.unwrap(), "agent.assertion_refused");

    // The copy signs after the original: its counter stands still.
    let mut copy = Agent { browser: Citizen::new(), ..nadia.clone() };
    expect(nadia.sign_in().await.unwrap(), "desk-account");
    is_refused("a copied key", &copy.sign_in().await.unwrap(), "agent.assertion_refused");

    let page = nadia.open("/guichet/connexion").await.unwrap();
    let credential = nadia.sign(&page).await.unwrap();
    let mut forged: serde_json::Value = serde_json::from_str(&credential).unwrap();
    let signature = forged["response"]["signature"].as_str().unwrap();
    let turned = if signature.ends_with("AA") { "BB" } else { "AA" };
    forged["response"]["signature"] = format!("{}{turned}", &signature[..signature.len() - 2]).into();
    let sent = [("csrf", csrf(&page, "sign-in")), ("credential", forged.to_string())];
    let sent = sent.each_ref().map(|(name, value)| (*name, value.as_str()));
    is_refused("a forged signature", &post(&nadia.browser, &page.url, &sent).await, "agent.assertion_refused");
    for nothing in ["", "x", "{}", "null", "[]"] {
        let page = nadia.open("/guichet/connexion").await.unwrap();
        let sent = [("csrf", csrf(&page, "sign-in")), ("credential", nothing.to_owned())];
        let sent = sent.each_ref().map(|(name, value)| (*name, value.as_str()));
        is_refused(nothing, &post(&nadia.browser, &page.url, &sent).await, "agent.assertion_refused");
    }
    expect(nadia.sign_in().await.unwrap(), "desk-account");
}

#[tokio::test]
async fn an_invitation_opens_once_in_time_and_for_its_own_ceremony() {
    let hall = Townhall::open().await;
    let (first, second) = (hall.invite("Nadia", &["--agent"]).await, hall.invite("Samir", &["--agent"]).await);
    let mut nadia = Agent::at(&hall.origin);
    let page = expect(nadia.browser.open(&first.link).await.unwrap(), "desk-register");
    let credential = nadia.make(&page).await.unwrap();
    let name = csrf(&page, "register");
    let fields = [("csrf", name.as_str()), ("credential", credential.as_str()), ("name", "x")];
    let crossed = post(&nadia.browser, &Url::parse(&second.link).unwrap(), &fields).await;
    is_refused("the ceremony of one invitation for another", &crossed, "agent.ceremony_unknown");

    // A browser elsewhere prepared one, and is too slow.
    let mut slow = Agent::at(&hall.origin);
    let prepared = expect(slow.browser.open(&first.link).await.unwrap(), "desk-register");
    expect(nadia.come(&first.link).await.unwrap(), "desk-account");
    is_refused("taken meanwhile", &slow.add(&prepared, "x").await.unwrap(), "agent.invitation_gone");
    let used = Agent::at(&hall.origin).browser.open(&first.link).await.unwrap();
    is_refused("used", &used, "agent.invitation_gone");

    let renewed = hall.idp(&["agents", "renew", &second.id]).await;
    assert!(renewed.contains("/guichet/invitation/"), "{renewed}");
    let replaced = Citizen::new().open(&second.link).await.unwrap();
    is_refused("replaced", &replaced, "agent.invitation_gone");
    for bad in ["x", &"A".repeat(43), &"A".repeat(5000)] {
        let page = Citizen::new().open(&format!("{}/guichet/invitation/{bad}", hall.origin)).await.unwrap();
        is_refused("made up", &page, "agent.invitation_gone");
    }

    let late = hall.invite("Lea", &["--agent"]).await;
    let mut lea = Agent::at(&hall.origin);
    let page = expect(lea.browser.open(&late.link).await.unwrap(), "desk-register");
    let file = hall.scene.gateway.installation().data().join("registry.sqlite");
    let mut command = std::process::Command::new(or_skip!(Tool::Sqlite.find()));
    let ended =
        command.args(["-batch", "-cmd", ".timeout 5000"]).arg(file).arg("UPDATE invitations SET ends = ends - 604801");
    assert!(ended.status().unwrap().success());
    is_refused("over, seen", &lea.add(&page, "x").await.unwrap(), "agent.invitation_gone");
    is_refused("over", &Citizen::new().open(&late.link).await.unwrap(), "agent.invitation_gone");
}

#[tokio::test]
async fn who_is_removed_or_out_of_their_dates_is_out_with_the_next_request() {
    let hall = Townhall::open().await;
    let (mut nadia, id) = hall.agent("Nadia", &["--agent"]).await;
    hall.idp(&["agents", "set", &id, "--from", "2020-01-01", "--until", "2020-12-31"]).await;
    is_refused("outside", &nadia.open("/guichet/compte").await.unwrap(), "agent.not_authorised");
    expect(nadia.open("/guichet/compte").await.unwrap(), "desk-sign-in");
    is_refused("outside, anew", &nadia.sign_in().await.unwrap(), "agent.not_authorised");
    hall.idp(&["agents", "set", &id, "--from", "2020-01-01", "--until", "2199-12-31"]).await;
    expect(nadia.sign_in().await.unwrap(), "desk-account");

    let before = nadia.browser.clone();
    hall.idp(&["agents", "remove", &id]).await;
    is_refused("removed", &nadia.open("/guichet/compte").await.unwrap(), "agent.not_active");
    nadia.browser = before;
    expect(nadia.open("/guichet/compte").await.unwrap(), "desk-sign-in");
    is_refused("removed, anew", &nadia.sign_in().await.unwrap(), "agent.passkey_unknown");
}

#[tokio::test]
async fn an_admin_reaches_nobody_of_another_commune_and_nothing_of_their_own_terms() {
    let hall = Townhall::open().await;
    let installation = hall.scene.gateway.installation();
    agent::enrol(installation, "13055", "Ailleurs").await.unwrap();
    let elsewhere = agent::invite(installation, "13055", "Lea", &["--admin"]).await.unwrap();
    let mut lea = Agent::at(&hall.origin);
    expect(lea.come(&elsewhere.link).await.unwrap(), "desk-account");
    let (mut nadia, id) = hall.agent("Nadia", &["--admin"]).await;
    let (mut samir, agent) = hall.agent("Samir", &["--agent"]).await;

    let own = expect(lea.open(&format!("/guichet/agents/{}", elsewhere.id)).await.unwrap(), "desk-agent");
    let secret = csrf(&own, "remove");
    for id in [&id, &agent, &"0".repeat(32), &"x".to_owned()] {
        let page = lea.open(&format!("/guichet/agents/{id}")).await.unwrap();
        is_refused("another commune's", &page, "agent.unknown");
        for step in ["", "/retrait", "/invitation"] {
            let url = Url::parse(&format!("{}/guichet/agents/{id}{step}", hall.origin)).unwrap();
            let fields = [("csrf", secret.as_str()), ("agent", "yes")];
            is_refused(step, &post(&lea.browser, &url, &fields).await, "agent.unknown");
        }
    }
    let states: Vec<_> = hall.agents().await.as_array().unwrap().iter().map(|agent| agent["state"].clone()).collect();
    assert_eq!(states, ["active", "active"], "nothing was done");

    let at = |path: &str| Url::parse(&format!("{}{path}", hall.origin)).unwrap();
    let page = expect(nadia.open(&format!("/guichet/agents/{id}")).await.unwrap(), "desk-agent");
    assert!(!page.has("form[data-step=terms]"), "their own terms are not even offered");
    let secret = csrf(&page, "remove");
    let terms = [
        ("csrf", secret.as_str()),
        ("agent", "yes"),
        ("admin", "yes"),
        ("from", "2020-01-01"),
        ("until", "2199-12-31"),
    ];
    let own = format!("/guichet/agents/{id}");
    is_refused("own terms", &post(&nadia.browser, &at(&own), &terms).await, "agent.own_terms");
    for step in ["retrait", "invitation"] {
        let refused = post(&nadia.browser, &at(&format!("{own}/{step}")), &terms[..1]).await;
        is_refused(step, &refused, "agent.last_admin");
    }
    for path in ["/guichet/agents", "/guichet/agents/x", "/guichet/lecteurs"] {
        is_refused(path, &samir.open(path).await.unwrap(), "agent.role_missing");
        is_refused(path, &post(&samir.browser, &at(path), &NEWCOMER).await, "agent.role_missing");
    }
}

#[tokio::test]
async fn a_form_of_the_desk_needs_its_secret_and_its_own_site() {
    let hall = Townhall::open().await;
    let (mut nadia, id) = hall.agent("Nadia", &["--admin"]).await;
    let account = nadia.open("/guichet/compte").await.unwrap();
    let secret = csrf(&account, "sign-out");
    for path in [
        "/guichet/deconnexion".to_owned(),
        "/guichet/agents".to_owned(),
        format!("/guichet/agents/{id}"),
        format!("/guichet/agents/{id}/retrait"),
        format!("/guichet/agents/{id}/invitation"),
        "/guichet/lecteurs".to_owned(),
        format!("/guichet/lecteurs/{id}/retrait"),
        "/guichet/compte/cle/retrait".to_owned(),
    ] {
        let url = Url::parse(&format!("{}{path}", hall.origin)).unwrap();
        for fields in [&[("csrf", "")][..], &[("csrf", "x")], &[("x", "y")]] {
            is_refused(&path, &post(&nadia.browser, &url, fields).await, "agent.stale_form");
        }
        let body = format!("csrf={secret}");
        for headers in [
            &[("origin", "http://evil.example"), FORM][..],
            &[("origin", "http://localhost:1"), ("sec-fetch-site", "same-site"), FORM],
            &[("origin", hall.scene.gateway.issuer()), ("sec-fetch-site", "cross-site"), FORM],
            &[("origin", "null"), FORM],
        ] {
            let page = nadia.browser.clone().forge(&url, headers, body.as_bytes()).await.unwrap();
            is_refused(&format!("{path} {headers:?}"), &page, "agent.stale_form");
        }
    }
    // Nobody who is not in gets further than the sign-in.
    for path in ["/guichet", "/guichet/compte", "/guichet/compte/cle", "/guichet/agents", "/guichet/lecteurs"] {
        let page = Citizen::new().open(&format!("{}{path}", hall.origin)).await.unwrap();
        expect(page, "desk-sign-in");
    }
    assert_eq!(hall.agents().await.as_array().unwrap().len(), 1);
    expect(nadia.open("/guichet/compte").await.unwrap(), "desk-account");
}
