//! Pushed authorization requests (RFC 9126; FAPI 2.0 Security Profile §5.3.3).

use relying_party_sdk::{Client, Credentials, Error, Fault, Level, Login};
use serde_json::json;

use crate::provider::{Breakage, Endpoint, Provider, REDIRECT_URI, SECRET, Script, set, usual_login};
use crate::signing::client_key_pem;

#[tokio::test]
async fn a_pushed_request_leaves_the_client_and_the_handle_in_the_browser_and_nothing_else() {
    let provider = Provider::start(Script::default()).await;
    let keyed = Credentials::private_key_jwt(&client_key_pem(), "key-2026").unwrap();
    for (credentials, seen) in
        [(Credentials::secret_basic(SECRET), "basic"), (Credentials::secret_post(SECRET), "post"), (keyed, "key-2026")]
    {
        let registration = provider.registration_with(credentials, REDIRECT_URI).with_pushed_requests();
        let client = Client::discover(registration).await.unwrap();
        let session = provider.sign_in(&client, &Login::at_least(Level::Substantial)).await.unwrap();
        assert_eq!(session.identity().level(), Level::Substantial, "what was pushed is what was asked");
        assert_eq!(provider.in_browser(), ["client_id", "request_uri"]);
        assert_eq!(provider.authenticated_by(), seen);
    }
    assert_eq!(provider.hits(Endpoint::Par), 3);
}

#[tokio::test]
async fn requests_are_pushed_when_the_gateway_requires_it_and_else_not_unless_asked() {
    let provider = Provider::start(Script::default()).await;
    provider.sign_in(&provider.client().await, &usual_login()).await.unwrap();
    assert_eq!(provider.hits(Endpoint::Par), 0);
    provider.change(|script| script.discovery = set(json!({"require_pushed_authorization_requests": true})));
    provider.sign_in(&provider.client().await, &usual_login()).await.unwrap();
    assert_eq!(provider.hits(Endpoint::Par), 1);
}

#[tokio::test]
async fn a_gateway_without_the_endpoint_is_refused_when_requests_are_to_be_pushed() {
    let absent = json!({"pushed_authorization_request_endpoint": "(absent)"});
    let provider = Provider::start(Script { discovery: set(absent), ..Script::default() }).await;
    assert!(Client::discover(provider.registration()).await.is_ok());
    let pushed = provider.registration().with_pushed_requests();
    assert!(matches!(Client::discover(pushed).await, Err(Error::Unsupported { .. })));
    provider.change(|script| {
        script.discovery = set(json!({
            "pushed_authorization_request_endpoint": "(absent)", "require_pushed_authorization_requests": true,
        }));
    });
    assert!(matches!(Client::discover(provider.registration()).await, Err(Error::Unsupported { .. })));
}

#[tokio::test]
async fn a_pushed_request_that_is_refused_or_answered_badly_sends_nobody_anywhere() {
    let provider = Provider::start(Script::default()).await;
    let wrong = provider.registration_with(Credentials::secret_basic("wrong"), REDIRECT_URI).with_pushed_requests();
    let client = Client::discover(wrong).await.unwrap();
    let error = client.login(&usual_login()).await.expect_err("the client is refused");
    assert!(matches!(&error, Error::RequestRefused { refusal } if refusal.error() == "invalid_client"), "{error}");

    let client = Client::discover(provider.registration().with_pushed_requests()).await.unwrap();
    for members in [json!({"request_uri": "(absent)"}), json!({"request_uri": 7}), json!({"request_uri": "a b"})] {
        provider.change(|script| script.pushed_answer = set(members.clone()));
        let error = client.login(&usual_login()).await.expect_err("no handle");
        assert!(matches!(error, Error::Malformed { .. }), "{members}: {error}");
    }
    for (how, code) in [(Breakage::Redirect, "redirected"), (Breakage::ServerError, "status")] {
        provider.change(|script| script.broken = Some((Endpoint::Par, how)));
        let error = client.login(&usual_login()).await.expect_err("no proper answer");
        assert_eq!((error.code(), error.fault()), (code, Fault::Gateway));
    }
}
