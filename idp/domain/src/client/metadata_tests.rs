//! What client metadata may say.

use super::*;
use crate::client::{ObjectRule, PkceRule, check_redirect_uri};
use serde_json::json;

fn metadata(extra: &Value) -> Value {
    let mut base = json!({ "client_name": "Ville", "redirect_uris": ["https://ville.example/retour"] });
    for (key, value) in extra.as_object().expect("an object") {
        base[key] = value.clone();
    }
    base
}

#[expect(clippy::needless_pass_by_value, reason = "reads as a literal at every call")]
fn read(extra: Value) -> Result<Client, MetadataError> {
    Client::from_metadata(&metadata(&extra), || ClientId::parse("made").expect("plain"))
}

#[test]
fn a_minimal_client_gets_the_careful_defaults() {
    let client = read(json!({})).expect("enough");
    assert_eq!(client.id.as_str(), "made");
    assert_eq!(client.sector.as_str(), "made");
    assert_eq!(client.pkce, PkceRule::Required);
    assert_eq!(client.id_token_algorithm, SigningAlgorithm::Rs256);
    assert_eq!(client.scopes.len(), 1);
    assert_eq!(client.default_level, Level::Low);
}

#[test]
fn metadata_of_the_wrong_form_is_refused_with_its_field() {
    for (bad, field) in [
        (json!({"client_nam": "x"}), "client_nam"),
        (json!({"redirect_uris": "https://x.example/"}), "redirect_uris"),
        (json!({"redirect_uris": []}), "redirect_uris"),
        (json!({"scope": "openid everything"}), "everything"),
        (json!({"scope": "profile"}), "openid"),
        (json!({"grant_types": ["implicit"]}), "grant_types"),
        (json!({"subject_type": "public"}), "subject_type"),
        (json!({"token_endpoint_auth_method": "none"}), "token_endpoint_auth_method"),
        (json!({"token_endpoint_auth_method": "private_key_jwt"}), "jwks"),
        (json!({"id_token_signed_response_alg": "none"}), "id_token_signed_response_alg"),
        (json!({"passerelle": {"minimum_acr": "eidas9"}}), "minimum_acr"),
        (json!({"passerelle": {"require_pkce": "no"}}), "require_pkce"),
        (json!({"passerelle": {"providers_only": ["a"], "providers_except": ["b"]}}), "providers_only"),
        (json!({"passerelle": {"kin": "public"}}), "passerelle.kin"),
    ] {
        let error = read(bad.clone()).expect_err(&bad.to_string()).to_string();
        assert!(error.contains(field), "{error} names {field}");
    }
}

#[test]
fn a_default_level_never_lies_below_the_minimum() {
    let client =
        read(json!({"default_acr_values": ["eidas1"], "passerelle": {"minimum_acr": "eidas2"}})).expect("both known");
    assert_eq!(client.default_level, Level::Substantial);
}

#[test]
fn redirect_uris_that_could_hide_something_cannot_be_registered() {
    for bad in [
        "http://ville.example/",
        "https://ville.example/#x",
        "https://VILLE.example/",
        "https://ville.example:443/",
        "https://ville.example./",
        "https://ville.example/a/../b",
        "https://ville.example/%2e%2e/b",
        "https://ville.example\\@evil.example/",
        "https://user@ville.example/",
        "https://*.example/",
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "https://ville.example/a b",
        "https://vîlle.example/",
        "/relative",
        "",
    ] {
        assert!(check_redirect_uri(bad).is_err(), "{bad:?}");
    }
    for good in [
        "https://ville.example/retour?a=b",
        "https://ville.example",
        "http://127.0.0.1:8400/cb",
        "http://[::1]:1/cb",
        "http://localhost/cb",
    ] {
        assert_eq!(check_redirect_uri(good), Ok(()), "{good}");
    }
}

#[test]
fn redirects_are_compared_byte_for_byte() {
    let client = read(json!({})).expect("enough");
    assert!(client.redirect("https://ville.example/retour").is_some());
    for other in [
        "https://ville.example/retour/",
        "https://ville.example/retour?x=1",
        "https://VILLE.example/retour",
        "https://ville.example:443/retour",
        "https://ville.example./retour",
        "https://ville.example/retour#",
        "https://ville.example.evil.tld/retour",
        "https://ville.example/x/..;/retour",
        "",
    ] {
        assert!(client.redirect(other).is_none(), "{other}");
    }
}

#[test]
fn a_registered_query_is_kept_when_parameters_are_added() {
    let uris = ["https://v.example/r?a=b", "https://v.example/s", "https://v.example/t?a?", "https://v.example/u?"];
    let client = read(json!({ "redirect_uris": uris })).expect("fine");
    let with = |uri: &str, pairs: &[(&str, &str)]| client.redirect(uri).expect("own").with_parameters(pairs);
    assert_eq!(with("https://v.example/r?a=b", &[("code", "x y")]), "https://v.example/r?a=b&code=x+y");
    assert_eq!(with("https://v.example/s", &[("code", "x")]), "https://v.example/s?code=x");
    assert_eq!(with("https://v.example/s", &[]), "https://v.example/s");
    assert_eq!(with("https://v.example/t?a?", &[("code", "x")]), "https://v.example/t?a?&code=x");
    assert_eq!(with("https://v.example/u?", &[("code", "x")]), "https://v.example/u?code=x");
}

#[test]
fn a_fapi_client_gets_the_defaults_of_its_profile_and_nothing_looser() {
    let key = crate::jose::SigningKey::generate(SigningAlgorithm::Es256, crate::id::Kid::parse("k").expect("plain"));
    let jwks = json!({"keys": [key.expect("works").public_jwk()]});
    let fapi = |extra: Value| {
        let mut base = json!({"jwks": jwks, "passerelle": {"profile": "fapi2"}});
        for (key, value) in extra.as_object().expect("an object") {
            base[key] = value.clone();
        }
        read(base)
    };
    let client = fapi(json!({})).expect("the defaults are enough");
    assert_eq!(client.authentication, Authentication::PrivateKeyJwt);
    assert_eq!(client.constraint, SenderConstraint::Dpop);
    assert_eq!(client.pushing, PushRule::Required);
    assert_eq!(client.id_token_algorithm, SigningAlgorithm::Es256);
    for (bad, field) in [
        (json!({"token_endpoint_auth_method": "client_secret_basic"}), "token_endpoint_auth_method"),
        (json!({"dpop_bound_access_tokens": false}), "dpop_bound_access_tokens"),
        (json!({"require_pushed_authorization_requests": false}), "require_pushed_authorization_requests"),
        (json!({"id_token_signed_response_alg": "RS256"}), "id_token_signed_response_alg"),
        (json!({"authorization_signed_response_alg": "RS256"}), "authorization_signed_response_alg"),
        (json!({"userinfo_signed_response_alg": "RS256"}), "userinfo_signed_response_alg"),
        (json!({"request_object_signing_alg": "RS256"}), "request_object_signing_alg"),
        (json!({"passerelle": {"profile": "fapi2", "require_pkce": false}}), "require_pkce"),
        (json!({"passerelle": {"profile": "fapi1"}}), "profile"),
        (json!({"dpop_bound_access_tokens": true, "tls_client_certificate_bound_access_tokens": true}), "one without"),
        (json!({"jwks_uri": "https://v.example/jwks"}), "one without the other"),
    ] {
        let error = fapi(bad.clone()).expect_err(&bad.to_string()).to_string();
        assert!(error.contains(field), "{error} names {field}");
    }
}

#[test]
fn a_franceconnect_client_gets_userinfo_as_a_jwt() {
    let client = read(json!({"passerelle": {"profile": "franceconnect"}})).expect("enough");
    assert_eq!(client.userinfo, UserinfoFormat::Signed(SigningAlgorithm::Rs256));
}

#[test]
fn resources_are_https_uris() {
    let client = read(json!({"passerelle": {"resources": ["https://api.example"]}})).expect("one");
    assert_eq!(client.resources.len(), 1);
    assert!(read(json!({"passerelle": {"resources": ["api"]}})).is_err());
    assert!(read(json!({"passerelle": {"data_provider": "http://api.example"}})).is_err());
}

/// A key of a key set, with the certificate of another in its `x5c`: any certificate will do here.
fn certified_key() -> Value {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let key = crate::jose::SigningKey::generate(SigningAlgorithm::Es256, crate::id::Kid::parse("k").expect("plain"));
    let mut jwk = key.expect("works").public_jwk();
    let made = rcgen::generate_simple_self_signed(["client.example".to_owned()]).expect("a certificate");
    jwk["x5c"] = json!([STANDARD.encode(made.cert.der())]);
    jwk
}

#[test]
fn a_client_of_tls_client_auth_registers_one_name_of_its_certificate() {
    let method = "tls_client_auth";
    let field = "tls_client_auth_san_dns";
    let client = read(json!({"token_endpoint_auth_method": method, field: "ville.example"})).expect("enough");
    let Authentication::TlsClientAuth(name) = &client.authentication else { panic!("{:?}", client.authentication) };
    assert_eq!((name.field(), name.value(), client.authentication.name()), (field, "ville.example", method));
    assert!(!client.authentication.needs_secret());
    let stored = serde_json::to_value(&client).expect("an object");
    let again: Client = serde_json::from_value(stored).expect("as it was");
    assert_eq!(again.authentication, client.authentication);
    for (bad, told) in [
        (json!({"token_endpoint_auth_method": method}), "tls_client_auth_subject_dn"),
        (json!({"token_endpoint_auth_method": method, field: "*.example"}), field),
        (json!({"token_endpoint_auth_method": method, field: "a.example", "tls_client_auth_san_ip": "::1"}), field),
        (json!({field: "ville.example"}), field),
        (json!({"token_endpoint_auth_method": "client_secret_post", field: "ville.example"}), field),
    ] {
        let error = read(bad.clone()).expect_err(&bad.to_string()).to_string();
        assert!(error.contains(told), "{error} names {told}");
    }
}

#[test]
fn a_client_of_self_signed_tls_client_auth_registers_its_certificates() {
    let method = |jwks: Value| json!({"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": jwks});
    let client = read(method(json!({"keys": [certified_key()]}))).expect("enough");
    assert_eq!(client.authentication, Authentication::SelfSignedTlsClientAuth);
    let (mut plain, mut broken) = (certified_key(), certified_key());
    plain.as_object_mut().expect("an object").remove("x5c");
    (broken["x5c"], broken["kid"]) = (json!(["AAAA"]), json!("another"));
    for (bad, told) in [
        (method(json!({"keys": [plain]})), "x5c"),
        (method(json!({"keys": [certified_key(), broken]})), "x5c"),
        (json!({"token_endpoint_auth_method": "self_signed_tls_client_auth"}), "jwks"),
    ] {
        let error = read(bad.clone()).expect_err(&bad.to_string()).to_string();
        assert!(error.contains(told), "{error} names {told}");
    }
    let elsewhere =
        json!({"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks_uri": "https://v.example/jwks"});
    read(elsewhere).expect("its certificates are looked at when they are fetched");
}

#[test]
fn a_client_kept_before_there_were_certificates_is_read_as_it_was() {
    for method in ["client_secret_basic", "client_secret_post", "private_key_jwt"] {
        let kept: Authentication = serde_json::from_value(json!(method)).expect("a unit");
        assert_eq!(kept.name(), method);
    }
}

#[test]
fn the_strict_profile_takes_certificates_for_authentication_and_for_tokens() {
    let client = read(json!({
        "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=Ville,C=FR",
        "tls_client_certificate_bound_access_tokens": true, "passerelle": {"profile": "fapi2"},
    }))
    .expect("as FAPI 2.0 wants it");
    assert_eq!(client.constraint, SenderConstraint::Certificate);
}

#[test]
fn request_objects_are_registered_with_keys_and_algorithms_that_can_serve() {
    let key = crate::jose::SigningKey::generate(SigningAlgorithm::Es256, crate::id::Kid::parse("k").expect("plain"));
    let jwks = json!({"keys": [key.expect("works").public_jwk()]});
    for algorithm in crate::jose::jwe::KeyAlgorithm::ALL {
        let client = read(json!({
            "jwks": jwks, "request_object_signing_alg": "ES256", "require_signed_request_object": true,
            "request_object_encryption_alg": algorithm.name(), "request_object_encryption_enc": "A256GCM",
        }));
        let objects = client.expect("all can be served").request_objects;
        assert_eq!((objects.rule, objects.signing), (ObjectRule::Signed, Some(SigningAlgorithm::Es256)));
        assert_eq!(objects.encryption, Some(algorithm));
    }
    for (bad, field) in [
        (json!({"require_signed_request_object": true}), "jwks"),
        (json!({"request_object_signing_alg": "none", "jwks": jwks}), "request_object_signing_alg"),
        (json!({"request_object_signing_alg": "HS256", "jwks": jwks}), "request_object_signing_alg"),
        (json!({"request_object_signing_alg": "RS256", "jwks": jwks}), "request_object_signing_alg"),
        (json!({"request_object_encryption_alg": "ECDH-ES", "jwks": jwks}), "request_object_encryption_enc"),
        (
            json!({"request_object_encryption_alg": "RSA1_5", "request_object_encryption_enc": "A256GCM",
                "jwks": jwks}),
            "request_object_encryption_alg",
        ),
    ] {
        let error = read(bad.clone()).expect_err(&bad.to_string()).to_string();
        assert!(error.contains(field), "{error} names {field}");
    }
}

#[test]
fn a_data_provider_needs_no_redirect_uri_and_may_have_its_introspection_signed() {
    let own = json!({"data_provider": "https://api.example"});
    let provider = read(json!({"redirect_uris": [], "passerelle": own})).expect("it signs nobody in");
    assert_eq!(provider.introspection, IntrospectionFormat::OnRequest(SigningAlgorithm::Rs256));
    let signed = read(json!({"introspection_signed_response_alg": "ES256", "passerelle": own})).expect("one");
    assert_eq!(signed.introspection, IntrospectionFormat::Signed(SigningAlgorithm::Es256));
    assert!(read(json!({"introspection_signed_response_alg": "none"})).is_err());
    let types = |list: Value| read(json!({"authorization_details_types": list})).map(|client| client.detail_types);
    assert_eq!(types(json!(["data_sharing"])), Ok([DetailType::DataSharing].into()));
    assert!(types(json!(["payment_initiation"])).is_err() && types(json!("data_sharing")).is_err());
}

#[test]
fn a_franceconnect_client_may_say_what_it_does_that_french_software_does_not() {
    let silent = read(json!({"passerelle": {"profile": "franceconnect"}})).expect("enough");
    assert_eq!(silent.authentication, Authentication::ClientSecretPost);
    assert_eq!(silent.pkce, PkceRule::Optional);
    let modern = read(json!({
        "token_endpoint_auth_method": "client_secret_basic",
        "passerelle": {"profile": "franceconnect", "require_pkce": true},
    }))
    .expect("enough");
    assert_eq!(modern.authentication, Authentication::ClientSecretBasic);
    assert_eq!(modern.pkce, PkceRule::Required);
    let standard = read(json!({})).expect("enough");
    assert_eq!((standard.authentication, standard.pkce), (Authentication::ClientSecretBasic, PkceRule::Required));
}
