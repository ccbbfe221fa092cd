//! Logout tokens, taken and refused (OpenID Connect Back-Channel Logout 1.0 §2.6, §2.8; the attack F08 and the
//! back-channel modules of the relying-party certification).

use relying_party_sdk::{BackchannelLogout, Client, Document, Error, Rejection, Session};
use serde_json::{Value, json};

use crate::provider::{CLIENT_ID, Provider, Script, now, set, usual_login};
use crate::signing::Signer;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A logout token as it should be, with these members changed.
pub(crate) fn token(provider: &Provider, signer: Signer, header: Value, claims: Value) -> String {
    let mut all = json!({
        "iss": provider.issuer(), "aud": CLIENT_ID, "iat": now(), "exp": now() + 120, "jti": provider.next("jti"),
        "events": {EVENT: {}}, "sub": "subject-1", "sid": "session-1",
    });
    set(claims)(&mut all);
    let kid = if signer == Signer::Rs256 { "rs" } else { "es" };
    let mut head = json!({"alg": signer.alg(), "kid": kid, "typ": "logout+jwt"});
    set(header)(&mut head);
    format!("logout_token={}", signer.sign(&head, all.to_string().as_bytes()))
}

struct Scene {
    provider: Provider,
    client: Client,
    session: Session,
}

async fn scene() -> Scene {
    let provider = Provider::start(Script::default()).await;
    let client = provider.client().await;
    let session = provider.sign_in(&client, &usual_login()).await.unwrap();
    Scene { provider, client, session }
}

impl Scene {
    async fn told(&self, header: Value, claims: Value) -> Result<BackchannelLogout, Error> {
        self.client.backchannel_logout(&token(&self.provider, Signer::Es256, header, claims)).await
    }

    async fn refused(&self, claims: Value) -> Rejection {
        reason(self.told(json!({}), claims).await)
    }
}

fn reason(outcome: Result<BackchannelLogout, Error>) -> Rejection {
    match outcome {
        Err(Error::Untrusted { document: Document::LogoutToken, reason }) => reason,
        other => panic!("expected a rejection, got {other:?}"),
    }
}

#[tokio::test]
async fn a_logout_ends_the_sessions_it_names_and_no_other() {
    let scene = scene().await;
    for (claims, ends) in [
        (json!({}), true),
        (json!({"sub": "(absent)"}), true),
        (json!({"sid": "(absent)"}), true),
        (json!({"unknown": [1], "sub": "(absent)"}), true),
        (json!({"sid": "session-2"}), false),
        (json!({"sub": "subject-2", "sid": "(absent)"}), false),
        (json!({"sub": "subject-2"}), false),
        // a session opened after the logout
        (json!({"sid": "(absent)", "iat": now() - 100}), false),
    ] {
        let logout = scene.told(json!({}), claims.clone()).await.unwrap();
        assert_eq!(logout.ends(&scene.session), ends, "{claims}");
    }
    let logout = scene.told(json!({}), json!({"sid": "(absent)"})).await.unwrap();
    assert_eq!((logout.subject(), logout.sid()), (Some(scene.session.identity().subject()), None));
}

#[tokio::test]
async fn the_kind_of_token_may_be_told_in_any_case_or_not_at_all() {
    let scene = scene().await;
    for typ in ["logout+jwt", "Logout+JWT", "(absent)"] {
        assert!(scene.told(json!({"typ": typ}), json!({})).await.is_ok(), "{typ}");
    }
    for typ in ["at+jwt", "dpop+jwt"] {
        let reason = reason(scene.told(json!({"typ": typ}), json!({})).await);
        assert!(matches!(reason, Rejection::Unreadable { .. }), "{typ}: {reason:?}");
    }
}

#[tokio::test]
async fn a_logout_token_by_or_for_someone_else_or_that_is_none_is_refused() {
    let scene = scene().await;
    assert!(matches!(scene.refused(json!({"iss": "https://evil.example"})).await, Rejection::Issuer { .. }));
    assert_eq!(scene.refused(json!({"aud": "other"})).await, Rejection::Audience);
    assert_eq!(scene.refused(json!({"aud": [CLIENT_ID, "other"]})).await, Rejection::ExtraAudience);
    for events in [json!({}), json!({"http://evil.example/event": {}}), json!(EVENT), json!({EVENT: true})] {
        let reason = scene.refused(json!({"events": events})).await;
        assert!(matches!(reason, Rejection::Value { claim: "events", .. }), "{events}: {reason:?}");
    }
    assert!(matches!(scene.refused(json!({"nonce": "n"})).await, Rejection::Value { claim: "nonce", .. }));
    assert!(matches!(scene.refused(json!({"sub": "(absent)", "sid": "(absent)"})).await, Rejection::Missing { .. }));
    assert!(matches!(scene.refused(json!({"iat": now() - 400})).await, Rejection::Expired { .. }));
    assert!(matches!(scene.refused(json!({"iat": now() + 70})).await, Rejection::Early { .. }));
    assert!(matches!(scene.refused(json!({"exp": now() - 70})).await, Rejection::Expired { .. }));
    for claim in ["iss", "aud", "iat", "exp", "jti", "events"] {
        assert_eq!(scene.refused(json!({claim: "(absent)"})).await, Rejection::Missing { claim });
    }
    assert!(matches!(scene.refused(json!({"sid": 7})).await, Rejection::Type { claim: "sid", .. }));
}

#[tokio::test]
async fn a_logout_token_that_is_not_signed_as_registered_is_refused() {
    let scene = scene().await;
    for signer in [Signer::None, Signer::Rs256, Signer::Hs256OfThePublicKey] {
        let body = token(&scene.provider, signer, json!({}), json!({}));
        let reason = reason(scene.client.backchannel_logout(&body).await);
        assert!(matches!(reason, Rejection::Algorithm { .. }), "{signer:?}: {reason:?}");
    }
    let body = token(&scene.provider, Signer::OtherEs256, json!({}), json!({}));
    assert_eq!(reason(scene.client.backchannel_logout(&body).await), Rejection::Signature);
}

#[tokio::test]
async fn a_logout_token_is_taken_once_unless_it_could_not_be_carried_out() {
    let scene = scene().await;
    let body = token(&scene.provider, Signer::Es256, json!({}), json!({}));
    let logout = scene.client.backchannel_logout(&body).await.unwrap();
    assert_eq!(reason(scene.client.clone().backchannel_logout(&body).await), Rejection::Replayed);
    scene.client.release_logout(&logout);
    assert!(scene.client.backchannel_logout(&body).await.is_ok());
}

#[tokio::test]
async fn a_body_without_one_logout_token_is_refused() {
    let scene = scene().await;
    let one = token(&scene.provider, Signer::Es256, json!({}), json!({}));
    for body in [String::new(), "logout_toke=x".into(), format!("{one}&{one}")] {
        assert!(matches!(scene.client.backchannel_logout(&body).await, Err(Error::Answer { .. })), "{body}");
    }
}

#[tokio::test]
async fn an_id_token_is_no_logout_token_and_the_other_way_round() {
    let scene = scene().await;
    let id_token = json!({"events": "(absent)", "nonce": "n", "acr": "eidas1"});
    assert!(matches!(scene.refused(id_token).await, Rejection::Missing { claim: "events" }));
    scene.provider.change(|script| {
        script.claims = set(json!({"nonce": "(absent)", "events": {EVENT: {}}}));
    });
    let outcome = scene.provider.sign_in(&scene.client, &usual_login()).await;
    assert!(matches!(outcome, Err(Error::Untrusted { reason: Rejection::Missing { claim: "nonce" }, .. })));
}
