//! What a code gives, and to whom.

use serde_json::json;

use super::*;
use crate::claims::release::Asked;
use crate::client::Registered;
use crate::habilitation::grant::tests::habilitated;
use crate::id::{HabilitationId, ProviderId};
use crate::identity::account::AccountSecret;
use crate::identity::pivot::{Birthdate, Pivot, RawPivot};
use crate::identity::subject::{Pseudonyms, Subject, SubjectSecret};
use crate::oidc::client_auth::Presented;
use crate::oidc::request::Offline;
use crate::oidc::resource::Resources;
use crate::oidc::token::GrantType;
use crate::secret::SecretDigest;

pub(in crate::oidc) const NOW: Timestamp = Timestamp::from_epoch(1_000_000);
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn registered(id: &str, pkce: bool) -> Registered {
    let metadata = json!({
        "client_id": id, "client_name": "V", "redirect_uris": ["https://v.example/"], "scope": "openid profile",
        "token_endpoint_auth_method": "client_secret_post", "passerelle": {"require_pkce": pkce, "claims": ["amr"]},
    });
    let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
    Registered::operated(client, Some(SecretDigest::of("s")), HabilitationId::from_random([7; 16]), NOW)
}

pub(in crate::oidc) fn grant(client: &Client, challenge: Option<&str>) -> Grant {
    let pivot = Pivot::parse(&RawPivot {
        family_name: Some("DUBOIS"),
        given_name: Some("Angela"),
        birthdate: Some("1962-08-24"),
        gender: Some("female"),
        birthplace: Some("75107"),
        birthcountry: Some("99100"),
    })
    .expect("complete");
    Grant {
        client: client.id.clone(),
        scopes: GrantedScopes::intersect(
            &Asked { scopes: client.scopes.clone(), ..Asked::default() },
            &habilitated(client),
        ),
        account: AccountKey::of(&pivot, &AccountSecret::new([1; 32])),
        identity: Identity {
            pivot,
            provider_birthdate: Birthdate::parse("1962-08-24").expect("a date"),
            preferred_username: None,
            email: "a@exemple.fr".into(),
            provider: ProviderId::parse("impots").expect("plain"),
            card: None,
        },
        level: Level::Low,
        amr: vec!["pwd".into()],
        auth_time: Timestamp::from_epoch(999_990),
        session: SessionId::from_random([3; 16]),
        nonce: Some("n".into()),
        redirect: client.redirect("https://v.example/").expect("own"),
        challenge: challenge.map(|text| Challenge::parse(text).expect("well formed")),
        key: None,
        resources: Resources::new(),
        details: AuthorizationDetails::default(),
        offline: Offline::No,
    }
}

pub(in crate::oidc) fn form(pairs: &[(&str, &str)]) -> Parameters {
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Parameters::parse(encoded.as_bytes()).expect("well formed")
}

/// What the access token of an issue opens for its client as it is now.
fn userinfo(issued: &Issued, owner: &Registered, subject: &Subject) -> serde_json::Map<String, serde_json::Value> {
    let switches = std::sync::Arc::default();
    let live = owner.live(NOW, &switches).expect("in force");
    issued.access().open(&live).expect("covered").userinfo(subject)
}

/// Redeems a code of `owner` as `presenter`, with the redirect URI and verifier given.
fn try_redeem(
    owner: &Registered,
    presenter: &str,
    redirect: &str,
    verifier: Option<&str>,
    challenge: Option<&str>,
    at: i64,
) -> Result<Issued, TokenError> {
    let presenter = registered(presenter, owner.client.pkce == PkceRule::Required);
    let credentials = form(&[("client_id", presenter.client.id.as_str()), ("client_secret", "s")]);
    let authentication = Presented::read(None, &credentials, None).expect("readable");
    let client = authentication.verify(Some(&presenter), None, "https://i.example", NOW).expect("right secret");
    let client = client.habilitated(NOW, &std::sync::Arc::default()).expect("in force");
    let code = Bearer::<Code>::from_random([5; 32]).expose();
    let mut pairs = vec![("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", redirect)];
    pairs.extend(verifier.map(|verifier| ("code_verifier", verifier)));
    let form = form(&pairs);
    let (presented, _) = Redemption::read(&form)?;
    redeem(
        &grant(&owner.client, challenge),
        NOW.plus(Lifetime::seconds(30)),
        &presented,
        &client,
        Timestamp::from_epoch(at),
        Lifetime::seconds(300),
    )
}

#[test]
fn a_code_gives_tokens_to_its_own_client_with_everything_it_fits() {
    let owner = registered("ville", true);
    let issued = try_redeem(&owner, "ville", "https://v.example/", Some(VERIFIER), Some(CHALLENGE), 1_000_001)
        .expect("all fits");
    let (access, secret) = (issued.access(), SubjectSecret::new([2; 32]));
    let names = Pseudonyms::of(&access.account, &access.session, &owner.client.sector, &secret);
    let claims = issued.id_token("https://i.example", &names, "token", Lifetime::seconds(60));
    assert_eq!(claims["auth_time"], 999_990);
    assert_eq!(claims["exp"], 1_000_061);
    assert_eq!(claims["nonce"], "n");
    assert_eq!((&claims["sub"], &claims["sid"]), (&json!(names.subject), &json!(names.sid)));
    assert_ne!(claims["sid"], json!(access.session), "the session has another name in each sector");
    assert_eq!(claims["acr"], "eidas1");
    assert_eq!(claims.get("amr"), None, "amr was not asked for");
    assert_eq!(claims.get("family_name"), None, "identity claims come from userinfo");
    assert_eq!(userinfo(&issued, &owner, &names.subject)["family_name"], "DUBOIS");
}

#[test]
fn a_code_that_does_not_fit_gives_nothing() {
    let owner = registered("ville", true);
    let loose = registered("ville", false);
    let right = "https://v.example/";
    for (what, result) in [
        ("another client", try_redeem(&owner, "autre", right, Some(VERIFIER), Some(CHALLENGE), 1_000_001)),
        (
            "another redirect",
            try_redeem(&owner, "ville", "https://v.example", Some(VERIFIER), Some(CHALLENGE), 1_000_001),
        ),
        ("no redirect", try_redeem(&owner, "ville", "", Some(VERIFIER), Some(CHALLENGE), 1_000_001)),
        ("no verifier", try_redeem(&owner, "ville", right, None, Some(CHALLENGE), 1_000_001)),
        ("wrong verifier", try_redeem(&owner, "ville", right, Some(&"a".repeat(43)), Some(CHALLENGE), 1_000_001)),
        ("challenge as verifier", try_redeem(&owner, "ville", right, Some(CHALLENGE), Some(CHALLENGE), 1_000_001)),
        ("verifier without challenge", try_redeem(&loose, "ville", right, Some(VERIFIER), None, 1_000_001)),
        ("PKCE required and absent", try_redeem(&owner, "ville", right, None, None, 1_000_001)),
        ("too late", try_redeem(&owner, "ville", right, Some(VERIFIER), Some(CHALLENGE), 1_000_030)),
    ] {
        assert!(matches!(result, Err(TokenError::InvalidGrant(_))), "{what}");
    }
    assert!(try_redeem(&loose, "ville", right, None, None, 1_000_001).is_ok());
}

#[test]
fn a_scope_withdrawn_after_the_citizen_accepted_is_not_released() {
    let mut owner = registered("ville", true);
    let issued = try_redeem(&owner, "ville", "https://v.example/", Some(VERIFIER), Some(CHALLENGE), 1_000_001)
        .expect("all fits");
    let subject = Subject::pairwise(&issued.access().account, &owner.client.sector, &SubjectSecret::new([2; 32]));
    owner.client.scopes.retain(|scope| scope.name() == "openid");
    let claims = userinfo(&issued, &owner, &subject);
    assert_eq!(claims.keys().collect::<Vec<_>>(), ["sub"]);
}

#[test]
fn the_token_form_is_read_strictly() {
    let code = Bearer::<Code>::from_random([5; 32]).expose();
    for (pairs, expected) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![("grant_type", "authorization_code")], "invalid_request"),
        (vec![("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", "y")], "invalid_grant"),
        (
            vec![("grant_type", "authorization_code"), ("code", code.as_str()), ("code", code.as_str())],
            "invalid_request",
        ),
    ] {
        let form = form(&pairs);
        let read = GrantType::read(&form).and_then(|_| Redemption::read(&form).map(|_| ()));
        let error = read.expect_err("refused");
        assert_eq!(error.code(), expected);
        assert!(crate::oidc::error::is_legal_description(error.description()));
    }
}

#[test]
fn a_token_is_narrowed_to_some_of_the_data_providers_that_were_granted() {
    let (tax, health) = ("https://tax.example", "https://health.example");
    let metadata = json!({
        "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
        "scope": "openid dgfip_rfr", "token_endpoint_auth_method": "client_secret_post",
        "authorization_details_types": ["data_sharing"],
        "passerelle": {"require_pkce": false, "resources": [tax, health]},
    });
    let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
    let owner = Registered::operated(client, Some(SecretDigest::of("s")), HabilitationId::from_random([7; 16]), NOW);
    let details = json!([{"type": "data_sharing", "locations": [tax], "datatypes": ["dgfip_rfr"]}]).to_string();
    let granted = Sharing {
        resources: owner.client.resources.clone(),
        details: AuthorizationDetails::parse(&details).expect("well formed"),
    };
    let redeem_at = |targets: &[&str]| {
        let credentials = form(&[("client_id", "ville"), ("client_secret", "s")]);
        let authentication = Presented::read(None, &credentials, None).expect("readable");
        let client = authentication.verify(Some(&owner), None, "https://i.example", NOW).expect("right secret");
        let client = client.habilitated(NOW, &std::sync::Arc::default()).expect("in force");
        let code = Bearer::<Code>::from_random([5; 32]).expose();
        let mut pairs = vec![("grant_type", "authorization_code"), ("code", code.as_str())];
        pairs.push(("redirect_uri", "https://v.example/"));
        pairs.extend(targets.iter().map(|target| ("resource", *target)));
        let form = form(&pairs);
        let (presented, _) = Redemption::read(&form)?;
        let granted = granted.clone();
        let grant = Grant { resources: granted.resources, details: granted.details, ..grant(&owner.client, None) };
        redeem(&grant, NOW.plus(Lifetime::seconds(30)), &presented, &client, NOW, Lifetime::seconds(300))
    };
    let audience = |issued: &Issued| issued.access().audience.iter().map(|r| r.as_str().to_owned()).collect::<Vec<_>>();
    let all = redeem_at(&[]).expect("all that was granted");
    assert_eq!(audience(&all), [health, tax]);
    assert_eq!(all.answer("t", "i", None)["authorization_details"][0]["datatypes"], json!(["dgfip_rfr"]));
    let one = redeem_at(&[health]).expect("a part");
    assert_eq!(audience(&one), [health]);
    assert_eq!(one.answer("t", "i", None).get("authorization_details"), None, "they are for the other");
    for bad in ["https://other.example", "https://tax.example/", "tax"] {
        assert!(matches!(redeem_at(&[health, bad]), Err(TokenError::InvalidTarget(_))), "{bad}");
    }
}
