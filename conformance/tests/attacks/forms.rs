//! Group F, forms: another site cannot press our buttons, and whatever is sent to them is answered by a page.

use conformance::citizen::Page;
use conformance::relying_party::RelyingParty;
use conformance::upstream::ProviderId;
use serde_json::json;

use crate::journey::{Journey, accept, citizen_of, expect};

/// The forms of the information page, and the one before it.
const STEPS: [&str; 4] = ["inform", "cancel", "change", "choose"];

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A refusal that a citizen can read.
fn is_a_page(case: &str, page: &Page, status: u16) {
    assert_eq!(page.parameter("code"), None, "{case}: {}", page.brief());
    assert_eq!(page.status.as_u16(), status, "{case}: {}", page.brief());
    assert_eq!(page.name().as_deref(), Some("problem"), "{case}: {}\n{}", page.brief(), page.body);
    assert_eq!(page.refusal(), format!("page.{}", page.code().unwrap()), "{case}: {}", page.brief());
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{case}");
}

/// What the browser says of where a form stood, when it stood elsewhere.
const ELSEWHERE: [(&str, &[(&str, &str)]); 6] = [
    ("foreign origin", &[("origin", "http://evil.example")]),
    ("foreign port", &[("origin", "http://127.0.0.1:1")]),
    ("an origin that hides", &[("origin", "null")]),
    ("cross-site", &[("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")]),
    ("same-site", &[("origin", "http://127.0.0.1:1"), ("sec-fetch-site", "same-site")]),
    ("cross-site without origin", &[("sec-fetch-site", "cross-site")]),
];

#[tokio::test]
async fn a_form_without_its_secret_is_refused_with_a_page() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let csrf = inform.attribute("form[data-step=inform] input[name=csrf]", "value").unwrap();
    let own = inform.url.origin().ascii_serialization();
    let headers = [("origin", own.as_str()), ("sec-fetch-site", "same-origin"), FORM];
    for step in STEPS {
        let url = inform.url.join(step).unwrap();
        for body in ["consent=yes", "csrf=&consent=yes", "csrf=x&consent=yes", &format!("csrf={csrf}&csrf={csrf}")] {
            let page = citizen.clone().forge(&url, &headers, body.as_bytes()).await.unwrap();
            is_a_page(&format!("F03 {step}: {body}"), &page, 403);
            assert_eq!(page.code().as_deref(), Some("P110"), "{step}: {body}");
        }
    }
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn a_form_on_another_site_is_refused_though_it_has_the_secret() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let csrf = inform.attribute("form[data-step=inform] input[name=csrf]", "value").unwrap();
    let good = format!("csrf={csrf}&consent=yes");
    for step in STEPS {
        let url = inform.url.join(step).unwrap();
        // Every cookie is there, as in a browser without `SameSite`: where the form stood is all that speaks.
        for (case, headers) in ELSEWHERE {
            let page = citizen.clone().forge(&url, &[headers, &[FORM]].concat(), good.as_bytes()).await.unwrap();
            assert_eq!(page.status, 403, "F03 {step}: {case}: {}", page.brief());
            assert_eq!(page.parameter("code"), None, "F03 {step}: {case}: {}", page.brief());
            assert_eq!(page.refusal(), "page.P110", "F03 {step}: {case}");
        }
    }
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn a_form_on_another_site_is_refused_with_a_page() {
    let journey = Journey::start().await;
    let mut citizen = journey.citizen();
    let inform = journey.to_inform(&mut citizen, &journey.ask(), ProviderId::Impots, "angela").await;
    for (case, headers) in ELSEWHERE {
        let page = citizen.forge(&inform.url, &[headers, &[FORM]].concat(), b"csrf=x").await.unwrap();
        is_a_page(&format!("F03 {case}"), &page, 403);
    }
}

#[tokio::test]
async fn a_form_that_cannot_be_read_is_answered_by_a_page() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let csrf = inform.attribute("form[data-step=inform] input[name=csrf]", "value").unwrap();
    let own = inform.url.origin().ascii_serialization();
    let good = format!("csrf={csrf}").into_bytes();
    for step in STEPS {
        let url = inform.url.join(step).unwrap();
        for (case, kind, body) in [
            ("JSON", "application/json", format!("{{\"csrf\":\"{csrf}\"}}").into_bytes()),
            ("plain text", "text/plain", good.clone()),
            ("multipart", "multipart/form-data; boundary=x", good.clone()),
            ("not UTF-8", FORM.1, [&good[..], b"&x=%ff%fe"].concat()),
        ] {
            let headers = [("origin", own.as_str()), ("sec-fetch-site", "same-origin"), ("content-type", kind)];
            let page = citizen.clone().forge(&url, &headers, &body).await.unwrap();
            is_a_page(&format!("{step}: {case}"), &page, 400);
            assert_eq!(page.code().as_deref(), Some("P111"), "{step}: {case}");
        }
    }
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn a_private_service_gets_nothing_without_consent() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Assureur");
    metadata["passerelle"]["kind"] = json!("private");
    let insurer = journey.register(&metadata).await;
    let (ask, mut citizen) = (insurer.ask("openid profile"), citizen_of(&insurer));
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let unticked = accept(&mut citizen, &inform).await;
    assert_eq!(unticked.parameter("code"), None, "the tick is checked on the server: {}", unticked.brief());
    let inform = expect(unticked, "inform");
    assert_eq!(inform.refusal(), "signin.consent_missing");
    assert!(inform.status == 422 && inform.has("[role=alert]"), "and asked for: {}", inform.brief());
    let button = "form[data-step=inform] button[type=submit]";
    let back = citizen.press(&inform, button, &[("consent", "yes")]).await.unwrap();
    insurer.finish(&ask, &back).await.unwrap();
}
