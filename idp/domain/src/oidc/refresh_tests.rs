//! What a refresh token gives, and to whom.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::client::Registered;
use crate::id::HabilitationId;
use crate::identity::subject::{Pseudonyms, SubjectSecret};
use crate::oidc::binding::{Possession, Thumbprint};
use crate::oidc::client_auth::{AuthenticatedClient, Presented};
use crate::oidc::code::tests::{NOW, form, grant};
use crate::secret::SecretDigest;

const LIFE: Lifetime = Lifetime::seconds(300);

#[expect(clippy::needless_pass_by_value, reason = "reads as a literal at every call")]
fn registered(id: &str, change: Value) -> Registered {
    let mut metadata = json!({
        "client_id": id, "client_name": "V", "redirect_uris": ["https://v.example/"],
        "scope": "openid profile email offline_access", "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    for (name, value) in change.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
    Registered::operated(client, Some(SecretDigest::of("s")), HabilitationId::from_random([7; 16]), NOW)
}

fn standing(client: &Client, binding: Binding) -> Standing {
    Standing::of(&grant(client, None), binding, Bearer::from_random([9; 32]), NOW.plus(Lifetime::seconds(1000)))
}

fn asked(scope: Option<&str>) -> Result<Refresh, TokenError> {
    let token = Bearer::<RefreshToken>::from_random([5; 32]).expose();
    let mut pairs = vec![("refresh_token", token.as_str())];
    pairs.extend(scope.map(|scope| ("scope", scope)));
    Refresh::read(&form(&pairs)).map(|(asked, _)| asked)
}

fn refreshed(
    standing: &Standing,
    presenter: &Registered,
    key: Option<&str>,
    scope: Option<&str>,
    at: Timestamp,
) -> Result<Issued, TokenError> {
    let holds = Possession { key: key.map(|key| Thumbprint::of(key.as_bytes())), ..Possession::default() };
    standing.refresh(&asked(scope)?, &in_force(authenticated(presenter).holding(holds)), at, LIFE)
}

fn refreshed_holding(standing: &Standing, presenter: &Registered, holds: Possession) -> Result<Issued, TokenError> {
    standing.refresh(&asked(None)?, &in_force(authenticated(presenter).holding(holds)), NOW, LIFE)
}

fn in_force(client: AuthenticatedClient<'_>) -> HabilitatedClient<'_> {
    client.habilitated(NOW, &std::sync::Arc::default()).expect("in force")
}

fn authenticated(presenter: &Registered) -> AuthenticatedClient<'_> {
    let credentials = form(&[("client_id", presenter.client.id.as_str()), ("client_secret", "s")]);
    let presented = Presented::read(None, &credentials, None).expect("readable");
    presented.verify(Some(presenter), None, "https://i.example", NOW).expect("right secret")
}

#[test]
fn a_refresh_gives_tokens_of_the_same_sign_in_without_its_nonce() {
    let ville = registered("ville", json!({}));
    let standing = standing(&ville.client, Binding::Bearer);
    let issued = refreshed(&standing, &ville, None, None, NOW).expect("good");
    let (grant, secret) = (&standing.grant, SubjectSecret::new([2; 32]));
    let names = Pseudonyms::of(&grant.account, &grant.session, &ville.client.sector, &secret);
    let claims = issued.id_token("https://i.example", &names, "token", LIFE);
    assert_eq!(claims["auth_time"], json!(standing.grant.auth_time));
    assert_eq!((&claims["sub"], &claims["sid"]), (&json!(names.subject), &json!(names.sid)));
    assert!(claims.get("nonce").is_none());
    assert!(issued.access().family.is_some());
    let answer = issued.answer("a", "i", Some("r"));
    assert_eq!(answer["refresh_token"], "r");
    assert_eq!(answer["scope"], "openid profile email offline_access");
}

#[test]
fn scopes_shrink_for_one_access_token_and_never_grow() {
    let ville = registered("ville", json!({}));
    let standing = standing(&ville.client, Binding::Bearer);
    let scope = |scope| {
        refreshed(&standing, &ville, None, Some(scope), NOW).map(|issued| issued.access().scopes.to_scope_text())
    };
    assert_eq!(scope("openid email").as_deref(), Ok("openid email"));
    assert_eq!(scope("offline_access openid").as_deref(), Ok("openid"));
    for bad in ["email", "openid gender", "openid everything"] {
        assert!(matches!(scope(bad), Err(TokenError::InvalidScope(_))), "{bad}");
    }
}

#[test]
fn data_providers_shrink_for_one_access_token_and_never_grow() {
    let (tax, health) = ("https://tax.example", "https://health.example");
    let ville = registered("ville", json!({"passerelle": {"resources": [tax, health]}}));
    let mut standing = standing(&ville.client, Binding::Bearer);
    standing.grant.resources = ville.client.resources.clone();
    let toward = |target: &str| {
        let token = Bearer::<RefreshToken>::from_random([5; 32]).expose();
        let asked = form(&[("refresh_token", token.as_str()), ("resource", target)]);
        let (asked, _) = Refresh::read(&asked)?;
        let credentials = form(&[("client_id", "ville"), ("client_secret", "s")]);
        let presented = Presented::read(None, &credentials, None).expect("readable");
        let client = presented.verify(Some(&ville), None, "https://i.example", NOW).expect("right secret");
        standing.refresh(&asked, &in_force(client), NOW, LIFE).map(|issued| issued.access().audience.len())
    };
    assert_eq!((toward(tax), toward("")), (Ok(1), Ok(2)), "the grant stays as it is");
    assert!(matches!(toward("https://other.example"), Err(TokenError::InvalidTarget(_))));
}

#[test]
fn a_refresh_is_for_its_own_client_while_it_may_and_in_time() {
    let ville = registered("ville", json!({}));
    let standing = standing(&ville.client, Binding::Bearer);
    let other = refreshed(&standing, &registered("autre", json!({})), None, None, NOW);
    assert!(matches!(other, Err(TokenError::InvalidGrant(_))));
    let withheld = registered("ville", json!({"grant_types": ["authorization_code"]}));
    assert!(matches!(refreshed(&standing, &withheld, None, None, NOW), Err(TokenError::UnauthorizedClient(_))));
    let end = NOW.plus(Lifetime::seconds(1000));
    assert_eq!(refreshed(&standing, &ville, None, None, end).err(), Some(UNKNOWN));
    let last = refreshed(&standing, &ville, None, None, Timestamp::from_epoch(end.epoch() - 10)).expect("still good");
    assert_eq!(last.access().ends, end, "no token outlives its family");
}

#[test]
fn a_refresh_binds_the_access_token_to_what_is_held_now_and_in_the_same_way() {
    let ville = registered("ville", json!({"dpop_bound_access_tokens": true}));
    let bound = standing(&ville.client, Binding::Key(Thumbprint::of(b"k")));
    for key in ["k", "the next one"] {
        let issued = refreshed(&bound, &ville, Some(key), None, NOW).expect("the client proved who it is");
        assert_eq!(issued.access().binding, Binding::Key(Thumbprint::of(key.as_bytes())));
    }
    assert!(matches!(refreshed(&bound, &ville, None, None, NOW), Err(TokenError::InvalidDpopProof(_))));
    assert_eq!(bound.rotation(&ville.client), Rotation::Stays);
    let bearer = registered("ville", json!({}));
    assert_eq!(standing(&bearer.client, Binding::Bearer).rotation(&bearer.client), Rotation::Rotates);
    // Access tokens that were not bound do not become so, nor the other way round.
    assert!(refreshed(&standing(&bearer.client, Binding::Bearer), &bearer, Some("k"), None, NOW).is_err());
    assert!(refreshed(&bound, &bearer, None, None, NOW).is_err());
}

#[test]
fn a_client_that_renews_its_certificate_keeps_its_refresh_tokens() {
    let ville = registered("ville", json!({"tls_client_certificate_bound_access_tokens": true}));
    let of = |certificate: &[u8]| Binding::Certificate(Thumbprint::of(certificate));
    let bound = standing(&ville.client, of(b"old"));
    let with = |certificate: Option<&[u8]>| {
        refreshed_holding(
            &bound,
            &ville,
            Possession { certificate: certificate.map(Thumbprint::of), ..Possession::default() },
        )
    };
    assert_eq!(with(Some(b"new")).expect("the client proved who it is").access().binding, of(b"new"));
    assert!(matches!(with(None), Err(TokenError::InvalidRequest(_))), "its access tokens stay bound");
    let keyed = standing(&ville.client, Binding::Key(Thumbprint::of(b"k")));
    let holds = Possession { certificate: Some(Thumbprint::of(b"c")), ..Possession::default() };
    assert!(refreshed_holding(&keyed, &ville, holds).is_err(), "bound in another way");
}

#[test]
fn a_form_without_a_readable_token_is_refused() {
    assert!(matches!(Refresh::read(&form(&[])), Err(TokenError::InvalidRequest(_))));
    assert_eq!(Refresh::read(&form(&[("refresh_token", "x")])).err(), Some(UNKNOWN));
    let twice = form(&[("refresh_token", "x"), ("refresh_token", "x")]);
    assert!(matches!(Refresh::read(&twice), Err(TokenError::InvalidRequest(_))));
}

proptest! {
    #[test]
    fn no_sequence_of_scopes_gives_more_than_the_citizen_granted(wishes in prop::collection::vec("[a-z_ ]{0,40}", 0..6)) {
        let ville = registered("ville", json!({}));
        let standing = standing(&ville.client, Binding::Bearer);
        for wish in wishes.iter().map(String::as_str).chain(["openid profile", "openid"]) {
            if let Ok(issued) = refreshed(&standing, &ville, None, Some(wish), NOW) {
                prop_assert!(issued.access().scopes.is_within(&standing.grant.scopes));
            }
        }
    }
}
