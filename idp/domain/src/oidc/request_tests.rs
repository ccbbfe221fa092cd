//! The rules of the authorization request, as tables and properties.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::claims::claim::Claim;
use crate::id::{HabilitationId, Kid};
use crate::jose::SigningKey;
use crate::oidc::response::Delivery;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "https://ville.example/retour";

fn registered() -> Registered {
    let metadata = json!({
        "client_name": "Ville", "redirect_uris": [REDIRECT], "scope": "openid profile email",
        "passerelle": {"claims": ["amr"]},
    });
    let client = Client::from_metadata(&metadata, || ClientId::parse("ville").expect("plain")).expect("fine");
    Registered::operated(client, None, HabilitationId::from_random([7; 16]), Timestamp::from_epoch(0))
}

fn good() -> Vec<(&'static str, String)> {
    [
        ("client_id", "ville"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "the state"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

fn with(changes: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let mut pairs = good();
    for (name, value) in changes {
        pairs.retain(|(held, _)| held != name);
        if !value.is_empty() {
            pairs.push((name, (*value).to_owned()));
        }
    }
    pairs
}

fn check(pairs: &[(&str, String)], found: Option<&Registered>) -> Result<AuthorizationRequest, Rejected> {
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let parameters = Parameters::parse(encoded.as_bytes()).expect("well formed");
    Incoming::read(parameters)
        .map_err(Rejected::Page)?
        .check(found, Timestamp::from_epoch(1_000_000), &Arc::default())
        .map(|(request, _)| request)
}

fn accepted(changes: &[(&'static str, &str)]) -> AuthorizationRequest {
    check(&with(changes), Some(&registered())).expect("a good request")
}

fn answered(changes: &[(&'static str, &str)]) -> AuthorizeError {
    match check(&with(changes), Some(&registered())) {
        Err(Rejected::Answer { error, description, .. }) => {
            assert!(crate::oidc::error::is_legal_description(description));
            error
        }
        other => panic!("{changes:?} gave {other:?}"),
    }
}

#[test]
fn a_good_request_is_read_and_unknown_parameters_are_ignored() {
    let request =
        accepted(&[("whatever", "x"), ("nonce", "n"), ("ui_locales", "en"), ("display", "popup"), ("max_age", "60")]);
    assert_eq!(request.level, Level::Low);
    assert_eq!(request.nonce.as_deref(), Some("n"));
    assert_eq!(request.language, Some(Language::English));
    assert_eq!(request.max_age, Some(60));
    assert_eq!(request.prompt, Prompt::Any);
}

#[test]
fn until_client_and_redirect_are_good_a_fault_makes_a_page() {
    let known = registered();
    let disabled = Registered { state: crate::client::ClientState::Disabled, ..registered() };
    for (pairs, found, fault) in [
        (with(&[("client_id", "")]), Some(&known), PageFault::ClientMissing),
        (with(&[("client_id", "a b")]), Some(&known), PageFault::ClientMissing),
        (good(), None, PageFault::ClientUnknown),
        (good(), Some(&disabled), PageFault::ClientUnknown),
        (with(&[("redirect_uri", "")]), Some(&known), PageFault::RedirectMissing),
        (with(&[("redirect_uri", "https://evil.example/")]), Some(&known), PageFault::RedirectUnknown),
        (
            with(&[("redirect_uri", "https://ville.example/retour?x=1"), ("scope", "")]),
            Some(&known),
            PageFault::RedirectUnknown,
        ),
    ] {
        assert_eq!(check(&pairs, found).err(), Some(Rejected::Page(fault)));
    }
}

#[test]
fn a_parameter_sent_twice_is_refused_each_in_its_place() {
    for name in ["client_id", "redirect_uri", "state"] {
        let mut pairs = good();
        pairs.push(pairs.iter().find(|(held, _)| *held == name).expect("held").clone());
        assert!(matches!(check(&pairs, Some(&registered())), Err(Rejected::Page(_))), "{name}");
    }
    for name in [
        "response_type",
        "scope",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "acr_values",
        "prompt",
        "max_age",
        "login_hint",
        "ui_locales",
        "claims",
        "idp_hint",
        "response_mode",
        "display",
        "id_token_hint",
    ] {
        let mut pairs = good();
        pairs.retain(|(held, _)| *held != name);
        let value = if name == "scope" { "openid" } else { "code" };
        pairs.push((name, value.to_owned()));
        pairs.push((name, value.to_owned()));
        match check(&pairs, Some(&registered())) {
            Err(Rejected::Answer { error: AuthorizeError::InvalidRequest, .. }) => {}
            other => panic!("{name} twice gave {other:?}"),
        }
    }
}

#[test]
fn faults_behind_a_good_redirect_are_answered_with_the_code_of_the_standard() {
    for (changes, error) in [
        (vec![("response_type", "")], AuthorizeError::InvalidRequest),
        (vec![("response_type", "token")], AuthorizeError::UnsupportedResponseType),
        (vec![("response_type", "code id_token")], AuthorizeError::UnsupportedResponseType),
        (vec![("response_mode", "web_message")], AuthorizeError::InvalidRequest),
        (vec![("scope", "")], AuthorizeError::InvalidRequest),
        (vec![("scope", "profile")], AuthorizeError::InvalidRequest),
        (vec![("scope", "openid birth")], AuthorizeError::InvalidScope),
        (vec![("scope", "openid dgfip_rfr")], AuthorizeError::InvalidScope),
        (vec![("request", "x")], AuthorizeError::RequestNotSupported),
        (vec![("request_uri", "x")], AuthorizeError::RequestUriNotSupported),
        (vec![("registration", "{}")], AuthorizeError::RegistrationNotSupported),
        (vec![("code_challenge", "")], AuthorizeError::InvalidRequest),
        (vec![("code_challenge", ""), ("code_challenge_method", "")], AuthorizeError::InvalidRequest),
        (vec![("code_challenge_method", "")], AuthorizeError::InvalidRequest),
        (vec![("code_challenge_method", "plain")], AuthorizeError::InvalidRequest),
        (vec![("code_challenge_method", "s256")], AuthorizeError::InvalidRequest),
        (vec![("code_challenge", "short")], AuthorizeError::InvalidRequest),
        (vec![("prompt", "none login")], AuthorizeError::InvalidRequest),
        (vec![("prompt", "whatever")], AuthorizeError::InvalidRequest),
        (vec![("max_age", "-1")], AuthorizeError::InvalidRequest),
        (vec![("max_age", "1e3")], AuthorizeError::InvalidRequest),
        (vec![("claims", "{")], AuthorizeError::InvalidRequest),
        (vec![("claims", "[]")], AuthorizeError::InvalidRequest),
        (vec![("claims", r#"{"userinfo":[]}"#)], AuthorizeError::InvalidRequest),
        (vec![("claims", r#"{"userinfo":{"email":3}}"#)], AuthorizeError::InvalidRequest),
        (
            vec![("claims", r#"{"id_token":{"acr":{"essential":true,"value":"gold"}}}"#)],
            AuthorizeError::UnmetAuthenticationRequirements,
        ),
        (vec![("idp_hint", "Not An Id")], AuthorizeError::InvalidIdpHint),
    ] {
        assert_eq!(answered(&changes), error, "{changes:?}");
    }
}

#[test]
fn errors_of_front_channel_response_types_go_to_the_fragment() {
    for (kind, fragment) in [("token", true), ("id_token token", true), ("nonsense", false)] {
        let Err(Rejected::Answer { to, error, description }) =
            check(&with(&[("response_type", kind)]), Some(&registered()))
        else {
            panic!("{kind} was accepted");
        };
        let Delivery::Redirect(url) = to.error("https://issuer.example", error, description).deliver() else {
            panic!("no form was asked for");
        };
        assert_eq!(url.contains('#'), fragment, "{url}");
        assert!(url.contains("state=the+state") && url.contains("iss=https%3A%2F%2Fissuer.example"));
    }
}

#[test]
fn what_is_kept_of_a_request_is_bounded() {
    let long = "x".repeat(MAX_STATE + 1);
    assert_eq!(
        check(&with(&[("state", &long)]), Some(&registered())).err(),
        Some(Rejected::Page(PageFault::StateUnusable))
    );
    assert!(check(&with(&[("state", &long[1..])]), Some(&registered())).is_ok());
    assert_eq!(answered(&[("nonce", &long[..=MAX_NONCE])]), AuthorizeError::InvalidRequest);
    assert_eq!(accepted(&[("nonce", &long[..MAX_NONCE])]).nonce.map(|nonce| nonce.len()), Some(MAX_NONCE));
    assert_eq!(accepted(&[("login_hint", &long)]).login_hint, None);
    for subject in ["x".repeat(256), format!("{}é", "x".repeat(254))] {
        let claims = json!({"id_token": {"sub": {"value": subject}}}).to_string();
        assert_eq!(accepted(&[("claims", &claims)]).expected_subject, None);
    }
    assert_eq!(answered(&[("id_token_hint", &"x".repeat(MAX_HINT + 1))]), AuthorizeError::InvalidRequest);
}

#[test]
fn the_lowest_known_level_asked_for_is_taken_and_the_floor_always_holds() {
    let mut high_floor = registered();
    high_floor.client.minimum_level = Level::Substantial;
    for (values, level) in [
        ("", Level::Low),
        ("eidas2", Level::Substantial),
        ("eidas3 eidas2", Level::Substantial),
        ("eidas3 eidas3", Level::High),
        ("gold eidas3", Level::High),
        ("gold", Level::Low),
    ] {
        assert_eq!(accepted(&[("acr_values", values)]).level, level, "{values}");
        let floored = check(&with(&[("acr_values", values)]), Some(&high_floor)).expect("good").level;
        assert_eq!(floored, level.max(Level::Substantial), "{values}");
    }
    let essential = r#"{"id_token":{"acr":{"essential":true,"values":["eidas3"]}}}"#;
    assert_eq!(accepted(&[("claims", essential), ("acr_values", "eidas1")]).level, Level::High);
}

#[test]
fn claims_are_read_and_unknown_ones_ignored() {
    let claims = r#"{"userinfo":{"email":null,"shoe_size":null},"id_token":{"family_name":{"essential":true},"amr":null,"sub":{"value":"1.x"}},"other":3}"#;
    let request = accepted(&[("claims", claims)]);
    assert_eq!(request.asked.userinfo, [Claim::Email].into());
    assert_eq!(request.asked.id_token, [Claim::FamilyName].into());
    assert_eq!(request.asked.amr, AmrAsked::Yes);
    assert_eq!(request.expected_subject.as_deref(), Some("1.x"));
}

#[test]
fn an_id_token_of_ours_names_whom_the_relying_party_expects() {
    let key = |kid| SigningKey::generate(SigningAlgorithm::Es256, Kid::parse(kid).expect("plain")).expect("works");
    let (mine, other) = (key("k"), key("k"));
    let own = KeySet::parse(&json!({"keys": [mine.public_jwk()]})).expect("own keys");
    let hint = |key: &SigningKey, aud: &str| {
        key.sign("JWT", &json!({"iss": "https://i.example", "aud": aud, "sub": "1.x", "exp": 1}))
    };
    let good = hint(&mine, "ville");
    let read = |text: &str, extra: &[(&'static str, &str)]| {
        let mut changes = vec![("id_token_hint", text)];
        changes.extend_from_slice(extra);
        accepted(&changes).with_hint_read("https://i.example", &own)
    };
    assert_eq!(read(&good, &[]).expect("ours").expected_subject.as_deref(), Some("1.x"));
    let another = [("claims", r#"{"id_token":{"sub":{"value":"1.y"}}}"#)];
    for refused in
        [read("x.y.z", &[]), read(&hint(&other, "ville"), &[]), read(&hint(&mine, "autre"), &[]), read(&good, &another)]
    {
        assert!(matches!(refused, Err(Rejected::Answer { error: AuthorizeError::InvalidRequest, .. })));
    }
}

#[test]
fn prompt_words_come_in_any_order() {
    for (text, prompt) in [
        ("none", Prompt::None),
        ("login consent", Prompt::LoginAndConsent),
        ("consent login", Prompt::LoginAndConsent),
        ("select_account", Prompt::Login),
        ("consent", Prompt::Consent),
    ] {
        assert_eq!(accepted(&[("prompt", text)]).prompt, prompt);
    }
}

#[test]
fn a_challenge_is_answered_by_its_verifier_alone() {
    let challenge = Challenge::parse(CHALLENGE).expect("of the standard");
    assert!(challenge.is_answered_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
    for wrong in ["", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl", CHALLENGE, &"a".repeat(129)] {
        assert!(!challenge.is_answered_by(wrong));
    }
}

proptest! {
    #[test]
    fn state_is_echoed_byte_for_byte_whatever_it_holds(state in "\\PC{1,60}|[\\x00-\\x1f]{1,8}") {
        let request = accepted(&[("state", &state)]);
        let Delivery::Redirect(url) = request.answer_to.code("https://issuer.example", "abc").deliver() else {
            panic!("no form was asked for");
        };
        prop_assert!(url.is_ascii() && !url.contains(['\r', '\n', '\0', ' ']));
        let query = url.split_once('?').expect("a query").1;
        let read = Parameters::parse(query.as_bytes()).expect("well formed");
        prop_assert_eq!(read.one("state"), Ok(Some(state.as_str())));
    }

    #[test]
    fn no_parameters_lead_anywhere_but_to_the_registered_redirect(
        pairs in prop::collection::vec((prop::sample::select(vec![
            "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "prompt", "claims", "acr_values",
            "response_mode", "request", "code_challenge", "code_challenge_method", "max_age",
        ]), prop_oneof![Just(REDIRECT.to_owned()), Just("ville".to_owned()), Just("code".to_owned()), "\\PC{0,30}"]), 0..12),
    ) {
        match check(&pairs, Some(&registered())) {
            Ok(request) => prop_assert_eq!(request.redirect.as_str(), REDIRECT),
            Err(Rejected::Answer { to, error, description }) => {
                let goes_to = match to.error("https://issuer.example", error, description).deliver() {
                    Delivery::Redirect(url) => url,
                    Delivery::Form { action, .. } => action,
                };
                prop_assert!(goes_to.starts_with(REDIRECT));
            }
            Err(Rejected::Page(_)) => {}
        }
    }
}

#[test]
fn data_providers_are_asked_for_by_clients_registered_for_them() {
    assert_eq!(answered(&[("resource", "https://api.example")]), AuthorizeError::InvalidTarget);
    let details = r#"[{"type":"data_sharing","locations":["https://api.example"],"datatypes":["dgfip_rfr"]}]"#;
    assert_eq!(answered(&[("authorization_details", details)]), AuthorizeError::InvalidAuthorizationDetails);
    let mut registered = registered();
    registered.client.resources.insert(crate::oidc::resource::Resource::parse("https://api.example").expect("one"));
    let mut pairs = good();
    pairs.extend([("resource", "https://api.example".to_owned()), ("resource", "https://api.example".to_owned())]);
    let request = check(&pairs, Some(&registered)).expect("a resource may be repeated");
    assert_eq!(request.resources, registered.client.resources);
    assert!(accepted(&[]).resources.is_empty() && accepted(&[]).details.is_empty());
}
