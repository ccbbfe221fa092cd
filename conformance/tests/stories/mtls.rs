//! Services with certificates (RFC 8705): how they prove who they are, and tokens that are of no use to others.

use conformance::fapi::Proof;
use conformance::gateway::Installation;
use conformance::jose::{Algorithm, SigningKey};
use conformance::mutual::{Door, Identity, client_from};
use conformance::relying_party::RelyingParty;
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use http::Method;
use serde_json::{Value, json};
use toml::Table;

use crate::journey::{Journey, citizen_of};
use crate::mutual::{assert_refused, bound, redemption, self_signed, told};

async fn published(installation: &Installation) -> Value {
    let address = format!("{}/.well-known/openid-configuration", installation.issuer());
    installation.client().unwrap().get(address).send().await.unwrap().json().await.unwrap()
}

/// A scene whose gateway asks for certificates at this door, and the addresses it tells of.
async fn behind(door: &Door) -> (Journey, Value) {
    let journey = Journey::set(Setting { overrides: door.overrides(), ..Setting::default() }).await;
    let document = published(journey.scene.gateway.installation()).await;
    (journey, document["mtls_endpoint_aliases"].clone())
}

fn at(aliases: &Value, endpoint: &str) -> String {
    aliases[endpoint].as_str().unwrap_or_else(|| panic!("{endpoint}: {aliases}")).to_owned()
}

#[tokio::test]
async fn the_document_tells_of_certificates_and_of_the_addresses_that_ask_for_them() {
    let (door, plain) = (Door::new(), Journey::start().await);
    let without = published(plain.scene.gateway.installation()).await;
    assert_eq!(without["tls_client_certificate_bound_access_tokens"], false);
    assert!(without.get("mtls_endpoint_aliases").is_none());
    assert!(!without["token_endpoint_auth_methods_supported"].to_string().contains("tls_client_auth"));

    let (journey, aliases) = behind(&door).await;
    let document = published(journey.scene.gateway.installation()).await;
    assert_eq!(document["tls_client_certificate_bound_access_tokens"], true);
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        assert!(document["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&method.into()));
    }
    for endpoint in ["token", "userinfo", "revocation", "introspection", "pushed_authorization_request"] {
        let alias = at(&aliases, &format!("{endpoint}_endpoint"));
        assert!(alias.starts_with(&door.url()), "{alias}");
        // Each is served there: it answers, and not that there is no such page.
        let status = door.client(None).post(&alias).send().await.unwrap().status();
        assert_ne!(status, 404, "{alias}");
    }
    // Pages are not: a browser that went there would be asked for a certificate.
    for path in ["/authorize?client_id=x", "/signin/x", "/.well-known/openid-configuration"] {
        let status = door.client(None).get(format!("{}{path}", door.url())).send().await.unwrap().status();
        assert_eq!(status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_service_is_known_by_its_certificate_and_its_tokens_are_of_use_to_it_alone() {
    let door = Door::new();
    let (journey, aliases) = behind(&door).await;
    let (own, given) = (Identity::self_signed("ville.example"), door.authority.issue("ville.example"));
    let by_subject = json!({"tls_client_auth_subject_dn": "CN=ville.example,O=Ville d’essai,C=FR"});
    let by_host = json!({"tls_client_auth_san_dns": "ville.example"});
    let thief = Identity::self_signed("ville.example");
    for (metadata, identity) in [
        (self_signed(&own), &own),
        (bound("tls_client_auth", &by_subject), &given),
        (bound("tls_client_auth", &by_host), &given),
    ] {
        let method = metadata["token_endpoint_auth_method"].as_str().unwrap();
        let service = journey.register(&metadata).await;
        assert_eq!(service.secret, None, "{method}: no secret is made for it");
        let client = door.client(Some(identity));
        let (ask, code) = journey.code(&service).await;
        let form = redemption(&service, &ask, &code);
        let (status, tokens) = told(client.post(at(&aliases, "token_endpoint")).form(&form)).await;
        assert_eq!((status, &tokens["token_type"]), (200, &json!("Bearer")), "{method}: {tokens}");
        let token = tokens["access_token"].as_str().unwrap();

        let userinfo = at(&aliases, "userinfo_endpoint");
        let (status, claims) = told(client.get(&userinfo).bearer_auth(token)).await;
        assert_eq!((status, &claims["family_name"]), (200, &json!("DUBOIS")), "{method}");
        let others = [("none", door.client(None)), ("another", door.client(Some(&thief)))];
        for (case, other) in &others {
            assert_refused(case, other.get(&userinfo).bearer_auth(token)).await;
            assert_refused(case, other.post(&userinfo).form(&[("access_token", token)])).await;
        }
        let public = &service.metadata.userinfo_endpoint;
        let plain = journey.scene.gateway.installation().client().unwrap();
        assert_refused("where nobody asks for one", plain.get(public).bearer_auth(token)).await;

        // The same proof serves wherever a service proves itself.
        let mut form = vec![("client_id", service.client_id.as_str()), ("token", token)];
        let revocation = at(&aliases, "revocation_endpoint");
        assert_eq!(told(others[1].1.post(&revocation).form(&form)).await.0, 401, "{method}: not by another");
        assert_eq!(told(client.post(&revocation).form(&form)).await.0, 200, "{method}");
        assert_refused("revoked", client.get(&userinfo).bearer_auth(token)).await;
        form.clear();
        let pushed = client.post(at(&aliases, "pushed_authorization_request_endpoint"));
        let pushed =
            pushed.header("content-type", "application/x-www-form-urlencoded").body(service.ask("openid").body());
        let (status, pushed) = told(pushed).await;
        assert!(status == 201 && pushed["request_uri"].is_string(), "{method}: {status} {pushed}");
    }
}

#[tokio::test]
async fn a_service_of_certificates_is_refused_with_any_other_proof() {
    let door = Door::new();
    let (journey, aliases) = behind(&door).await;
    let (own, given) = (Identity::self_signed("ville.example"), door.authority.issue("ville.example"));
    let by_itself = journey.register(&self_signed(&own)).await;
    let by_host = json!({"tls_client_auth_san_dns": "ville.example"});
    let by_host = journey.register(&bound("tls_client_auth", &by_host)).await;
    let (impostor, neighbour) = (Identity::self_signed("ville.example"), door.authority.issue("autre.example"));
    let token_endpoint = at(&aliases, "token_endpoint");
    for (case, service, identity) in [
        ("none", &by_itself, None),
        ("none", &by_host, None),
        ("another of the same name", &by_itself, Some(&impostor)),
        ("one of the authority", &by_itself, Some(&given)),
        ("self-signed with the right name", &by_host, Some(&impostor)),
        ("of the authority with another name", &by_host, Some(&neighbour)),
    ] {
        let (ask, code) = journey.code(service).await;
        let form = redemption(service, &ask, &code);
        let (status, told) = told(door.client(identity).post(&token_endpoint).form(&form)).await;
        assert_eq!((status, &told["error"]), (401, &json!("invalid_client")), "{case}");
        // The code was not spent by whoever failed to prove who they are.
        let honest = if service.client_id == by_itself.client_id { &own } else { &given };
        let (status, told) = self::told(door.client(Some(honest)).post(&token_endpoint).form(&form)).await;
        assert_eq!(status, 200, "{case}: {told}");
    }
    let (ask, code) = journey.code(&by_itself).await;
    let with_secret = [redemption(&by_itself, &ask, &code), vec![("client_secret", "x".to_owned())]].concat();
    let (status, _) = told(door.client(Some(&own)).post(&token_endpoint).form(&with_secret)).await;
    assert_eq!(status, 401, "a secret is not its method");
}

#[tokio::test]
async fn a_service_with_a_secret_binds_its_tokens_to_the_certificate_it_shows() {
    let door = Door::new();
    let (journey, aliases) = behind(&door).await;
    let service = journey.register(&bound("client_secret_post", &json!({}))).await;
    let (shown, other) = (Identity::self_signed("ville.example"), Identity::self_signed("ville.example"));
    let secret = ("client_secret", service.secret.clone().unwrap());
    let (ask, code) = journey.code(&service).await;
    let form = [redemption(&service, &ask, &code), vec![secret.clone()]].concat();
    let (status, told_) = told(door.client(None).post(at(&aliases, "token_endpoint")).form(&form)).await;
    assert_eq!((status, &told_["error"]), (400, &json!("invalid_request")), "it registered to bind them");

    let (ask, code) = journey.code(&service).await;
    let form = [redemption(&service, &ask, &code), vec![secret]].concat();
    let (status, tokens) = told(door.client(Some(&shown)).post(at(&aliases, "token_endpoint")).form(&form)).await;
    assert_eq!(status, 200, "{tokens}");
    let (token, userinfo) = (tokens["access_token"].as_str().unwrap(), at(&aliases, "userinfo_endpoint"));
    assert_eq!(told(door.client(Some(&shown)).get(&userinfo).bearer_auth(token)).await.0, 200);
    assert_refused("another", door.client(Some(&other)).get(&userinfo).bearer_auth(token)).await;
    assert_refused("none", door.client(None).get(&userinfo).bearer_auth(token)).await;

    // A service that did not ask for it is given tokens that anyone may bear, certificate or not.
    let mut metadata = RelyingParty::ordinary("Ville simple");
    metadata["token_endpoint_auth_method"] = "client_secret_post".into();
    let simple = journey.register(&metadata).await;
    let (ask, code) = journey.code(&simple).await;
    let secret = ("client_secret", simple.secret.clone().unwrap());
    let form = [redemption(&simple, &ask, &code), vec![secret]].concat();
    let (_, tokens) = told(door.client(Some(&shown)).post(at(&aliases, "token_endpoint")).form(&form)).await;
    assert_eq!(simple.userinfo(tokens["access_token"].as_str().unwrap()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_service_that_renews_its_certificate_keeps_what_its_citizens_granted() {
    let door = Door::new();
    let (journey, aliases) = behind(&door).await;
    let change = json!({
        "tls_client_auth_san_dns": "ville.example",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    let service = journey.register(&bound("tls_client_auth", &change)).await;
    let (old, new) = (door.authority.issue("ville.example"), door.authority.issue("ville.example"));
    let ask = service.ask("openid profile offline_access").and("prompt", "consent");
    let back = journey.to_return(&mut citizen_of(&service), &ask, ProviderId::Impots, "angela").await;
    let form = redemption(&service, &ask, &back.parameter("code").unwrap());
    let token_endpoint = at(&aliases, "token_endpoint");
    let (status, tokens) = told(door.client(Some(&old)).post(&token_endpoint).form(&form)).await;
    assert_eq!(status, 200, "{tokens}");
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", service.client_id.as_str()),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let userinfo = at(&aliases, "userinfo_endpoint");
    for (shown, other) in [(&old, &new), (&new, &old)] {
        let (status, tokens) = told(door.client(Some(shown)).post(&token_endpoint).form(&form)).await;
        assert_eq!(status, 200, "{tokens}");
        let token = tokens["access_token"].as_str().unwrap();
        assert_eq!(told(door.client(Some(shown)).get(&userinfo).bearer_auth(token)).await.0, 200);
        assert_refused("not the one of the call", door.client(Some(other)).get(&userinfo).bearer_auth(token)).await;
    }
    let neighbour = door.authority.issue("autre.example");
    let (status, _) = told(door.client(Some(&neighbour)).post(&token_endpoint).form(&form)).await;
    assert_eq!(status, 401, "the client must still be itself");
}

#[tokio::test]
async fn a_key_is_proven_for_the_address_that_asks_for_certificates_too() {
    let door = Door::new();
    let (journey, aliases) = behind(&door).await;
    let mut metadata = RelyingParty::ordinary("Ville");
    metadata["token_endpoint_auth_method"] = "client_secret_post".into();
    let service = journey.register(&metadata).await;
    let key = SigningKey::generate(Algorithm::Es256);
    let endpoint = at(&aliases, "token_endpoint");
    let (elsewhere, own) = ("https://other.example/token".to_owned(), service.metadata.token_endpoint.clone());
    for (address, counts) in [(&endpoint, true), (&own, true), (&elsewhere, false)] {
        let unasked = Proof::new(&key, &Method::POST, &own).signed(&key);
        let first = door.client(None).post(&endpoint).header("dpop", unasked);
        let form = [("client_id", service.client_id.clone()), ("client_secret", service.secret.clone().unwrap())];
        let first = first.form(&form).send().await.unwrap();
        let nonce = first.headers()["dpop-nonce"].to_str().unwrap().to_owned();
        let refused: Value = first.json().await.unwrap();
        assert_eq!(refused["error"], "use_dpop_nonce", "a proof for the common address lacks but the nonce: {refused}");
        let proof = Proof::new(&key, &Method::POST, address).claim("nonce", nonce).signed(&key);
        let (ask, code) = journey.code(&service).await;
        let secret = ("client_secret", service.secret.clone().unwrap());
        let form = [redemption(&service, &ask, &code), vec![secret]].concat();
        let asked = || door.client(None).post(&endpoint).form(&form).header("dpop", &proof);
        let (status, answer) = told(asked()).await;
        if counts {
            assert_eq!((status, &answer["token_type"]), (200, &json!("DPoP")), "{address}: {answer}");
        } else {
            assert_eq!((status, &answer["error"]), (400, &json!("invalid_dpop_proof")), "{address}");
        }
        let again = told(asked()).await;
        assert_eq!((again.0, &again.1["error"]), (400, &json!("invalid_dpop_proof")), "{address}: a proof counts once");
    }
}

#[tokio::test]
async fn a_service_behind_a_proxy_is_known_by_the_certificate_that_the_proxy_hands_on() {
    for form in ["rfc9440", "escaped-pem"] {
        let overrides: Table = toml::from_str(&format!(
            "[listen]\ntrusted_proxies = [\"127.0.0.9\"]\n\
             [mtls]\nproxy_header = \"Client-Cert\"\nproxy_header_form = \"{form}\"\nproxies = [\"127.0.0.9\"]\n",
        ))
        .unwrap();
        let journey = Journey::set(Setting { overrides, ..Setting::default() }).await;
        let (own, other) = (Identity::self_signed("ville.example"), Identity::self_signed("ville.example"));
        let service = journey.register(&self_signed(&own)).await;
        let handed = |identity: &Identity| match form {
            "rfc9440" => identity.byte_sequence(),
            _ => identity.escaped_pem(),
        };
        let proxy = client_from([127, 0, 0, 9].into());
        let (ask, code) = journey.code(&service).await;
        let redeem = redemption(&service, &ask, &code);
        let exchange = proxy.post(&service.metadata.token_endpoint).form(&redeem);
        let (status, tokens) = told(exchange.header("client-cert", handed(&own))).await;
        assert_eq!(status, 200, "{form}: {tokens}");
        let token = tokens["access_token"].as_str().unwrap();
        let userinfo = || proxy.get(&service.metadata.userinfo_endpoint).bearer_auth(token);
        assert_eq!(told(userinfo().header("client-cert", handed(&own))).await.0, 200, "{form}");
        assert_refused("another", userinfo().header("client-cert", handed(&other))).await;
        assert_refused("none", userinfo()).await;
    }
}
