//! A service under FAPI 2.0 (Security Profile, final): pushed requests, signed assertions, tokens bound to a key. What the
//! standard profile lets pass is refused to it.

use conformance::jose::{self, Algorithm, SigningKey};
use conformance::relying_party::{Ask, RelyingParty};
use conformance::upstream::ProviderId;
use conformance::{clock, random};
use serde_json::{Value, json};
use url::Url;

use crate::journey::{Journey, accept, choose, citizen_of, expect};

/// A service with the keys that it signs its assertions and its proofs with.
struct Party {
    service: RelyingParty,
    assertions: SigningKey,
    proofs: SigningKey,
    http: reqwest::Client,
}

/// An answer: its status and its JSON.
type Answer = (u16, Value);

impl Party {
    async fn register(journey: &Journey) -> Self {
        Self::register_with(journey, SigningKey::generate(Algorithm::Es256)).await
    }

    async fn register_with(journey: &Journey, assertions: SigningKey) -> Self {
        let mut metadata = RelyingParty::ordinary("Département");
        metadata["passerelle"]["profile"] = "fapi2".into();
        metadata["jwks"] = json!({ "keys": [assertions.public_jwk()] });
        metadata.as_object_mut().unwrap().remove("token_endpoint_auth_method");
        let service = journey.register(&metadata).await;
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { service, assertions, proofs: SigningKey::generate(Algorithm::Es256), http }
    }

    fn issuer(&self) -> &str {
        &self.service.metadata.issuer
    }

    fn assertion(&self, audience: &Value) -> String {
        let (id, now) = (&self.service.client_id, clock::now());
        let claims =
            json!({ "iss": id, "sub": id, "aud": audience, "jti": random::token(), "iat": now, "exp": now + 60 });
        self.assertions.sign("JWT", &claims)
    }

    fn proof(&self, method: &str, url: &str, token: Option<&str>, nonce: Option<&str>) -> String {
        let mut jwk = self.proofs.public_jwk();
        for member in ["kid", "use", "alg"] {
            jwk.as_object_mut().unwrap().remove(member);
        }
        let mut claims = json!({ "jti": random::token(), "htm": method, "htu": url, "iat": clock::now() });
        if let Some(token) = token {
            claims["ath"] = jose::sha256(token).into();
        }
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        self.proofs.sign_under(&json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk }), &claims)
    }

    /// Posts a form with an assertion; with a proof for `htu`, repeated once with the nonce that is asked for.
    async fn post(&self, url: &str, htu: Option<&str>, form: &[(&str, &str)]) -> Answer {
        self.post_with(url, htu, form, &json!(self.issuer())).await
    }

    async fn post_with(&self, url: &str, htu: Option<&str>, form: &[(&str, &str)], audience: &Value) -> Answer {
        let mut nonce: Option<String> = None;
        loop {
            let assertion = self.assertion(audience);
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            let proven = [("client_assertion_type", kind), ("client_assertion", assertion.as_str())];
            let mut request = self.http.post(url).form(&[form, &proven].concat());
            if let Some(htu) = htu {
                request = request.header("dpop", self.proof("POST", htu, None, nonce.as_deref()));
            }
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            let given = answer.headers().get("dpop-nonce").map(|value| value.to_str().unwrap().to_owned());
            let body: Value = answer.json().await.unwrap();
            if body["error"] == "use_dpop_nonce" && nonce.is_none() {
                nonce = given;
                continue;
            }
            return (status, body);
        }
    }

    async fn push(&self, ask: &Ask) -> Answer {
        let body = ask.body();
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let form: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(&format!("{}/par", self.issuer()), None, &form).await
    }

    /// The address for the browser, with what stands beside the reference.
    async fn address(&self, ask: &Ask, beside: &[(&str, &str)]) -> String {
        let (status, answer) = self.push(ask).await;
        assert_eq!(status, 201, "{answer}");
        assert!(answer["expires_in"].as_u64().is_some_and(|life| (1..600).contains(&life)), "SP 5.3.2.2-12: {answer}");
        let mut url = Url::parse(&self.service.metadata.authorization_endpoint).unwrap();
        let reference = answer["request_uri"].as_str().unwrap();
        url.query_pairs_mut().append_pair("client_id", &self.service.client_id).append_pair("request_uri", reference);
        url.query_pairs_mut().extend_pairs(beside);
        url.into()
    }

    /// A whole sign-in: the address that the citizen comes back to.
    async fn back(&self, ask: &Ask, beside: &[(&str, &str)]) -> Url {
        let mut citizen = citizen_of(&self.service);
        let chooser = expect(citizen.open(&self.address(ask, beside).await).await.unwrap(), "choose");
        let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
        let inform = expect(citizen.sign_in(&login, "angela", "passerelle").await.unwrap(), "inform");
        accept(&mut citizen, &inform).await.url
    }

    /// Redeems a code at the token endpoint under one of its addresses.
    async fn redeem(&self, ask: &Ask, code: &str, endpoint: &str, htu: Option<&str>) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.service.redirect_uri.as_str()),
            ("code_verifier", ask.verifier.as_str()),
        ];
        self.post(endpoint, htu, &form).await
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_pushed_request_gives_tokens_that_are_bound_to_a_key() {
    let journey = Journey::start().await;
    let party = Party::register(&journey).await;
    let endpoint = party.service.metadata.token_endpoint.clone();
    for length in [64, 384] {
        let ask = party.service.ask("openid profile").with("nonce", &"n".repeat(length));
        let back = party.back(&ask, &[]).await;
        assert_eq!(parameter(&back, "iss").as_deref(), Some(party.issuer()), "SP 5.3.2.2-7");
        assert_eq!(parameter(&back, "state").as_deref(), Some(ask.state.as_str()));
        assert!(back.fragment().is_none());
        let code = parameter(&back, "code").unwrap();
        let (status, tokens) = party.redeem(&ask, &code, &endpoint, Some(&endpoint)).await;
        assert_eq!((status, &tokens["token_type"]), (200, &json!("DPoP")), "{tokens}");
        let id_token = party.service.verify_jwt(tokens["id_token"].as_str().unwrap()).await.unwrap();
        assert_eq!(id_token["nonce"].as_str().map(str::len), Some(length), "never cut short (SP 5.3.2.2-14)");
        let header = jsonwebtoken::decode_header(tokens["id_token"].as_str().unwrap()).unwrap();
        assert_eq!(json!(header.alg), "ES256", "SP 5.4.1-1");

        let (token, userinfo) = (tokens["access_token"].as_str().unwrap(), &party.service.metadata.userinfo_endpoint);
        assert_eq!(party.service.userinfo(token).await.unwrap().status(), 401, "D06: as Bearer");
        let nonce = {
            let proof = party.proof("GET", userinfo, Some(token), None);
            let request = party.http.get(userinfo).header("authorization", format!("DPoP {token}"));
            let asked = request.header("dpop", proof).send().await.unwrap();
            assert_eq!(asked.status(), 401);
            asked.headers()["dpop-nonce"].to_str().unwrap().to_owned()
        };
        let proof = party.proof("GET", userinfo, Some(token), Some(&nonce));
        let request = party.http.get(userinfo).header("authorization", format!("dPoP {token}")).header("dpop", proof);
        let claims: Value = request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
        assert_eq!(claims["sub"], id_token["sub"]);
    }
}

#[tokio::test]
async fn a_token_is_given_to_a_holder_of_a_key_alone() {
    let journey = Journey::start().await;
    let party = Party::register(&journey).await;
    let endpoint = party.service.metadata.token_endpoint.clone();
    let alias = format!("{}/api/v2/token", party.issuer());
    for (case, at, htu, good) in [
        ("no proof (SP 5.3.2.1-4)", &endpoint, None, false),
        ("a proof for another address", &endpoint, Some("https://elsewhere.example/token"), false),
        ("a proof for the canonical address, at another name of it", &alias, Some(endpoint.as_str()), false),
        ("a proof for the address that is called", &alias, Some(alias.as_str()), true),
    ] {
        let ask = party.service.ask("openid");
        let code = parameter(&party.back(&ask, &[]).await, "code").unwrap();
        let (status, answer) = party.redeem(&ask, &code, at, htu).await;
        let told = answer["error"].as_str().unwrap_or("none");
        let expected = if good { (200, "none") } else { (400, "invalid_dpop_proof") };
        assert_eq!((status, told), expected, "{case}: {answer}");
    }
}

#[tokio::test]
async fn what_stands_beside_a_pushed_request_is_never_used() {
    let journey = Journey::start().await;
    let party = Party::register(&journey).await;
    let beside = [
        ("state", "outer"),
        ("nonce", "outer"),
        ("redirect_uri", "https://evil.example/"),
        ("scope", "openid email"),
        ("response_mode", "form_post"),
        ("code_challenge", "outer"),
    ];
    for (case, ask) in [
        ("state inside", party.service.ask("openid profile")),
        ("none inside (state-only-outside)", party.service.ask("openid profile").without("state").without("nonce")),
    ] {
        let back = party.back(&ask, &beside).await;
        assert_eq!(parameter(&back, "state").as_deref(), ask.value("state"), "{case}: {back}");
        let code = parameter(&back, "code").unwrap_or_else(|| panic!("{case}: {back}"));
        let endpoint = party.service.metadata.token_endpoint.clone();
        let (_, tokens) = party.redeem(&ask, &code, &endpoint, Some(&endpoint)).await;
        assert_eq!(tokens["scope"], "openid profile", "{case}: {tokens}");
        let id_token = party.service.verify_jwt(tokens["id_token"].as_str().unwrap()).await.unwrap();
        assert_eq!(id_token["nonce"].as_str(), ask.value("nonce"), "{case}");
    }
}

#[tokio::test]
async fn requests_that_fapi_forbids_are_refused_where_they_come() {
    let journey = Journey::start().await;
    let party = Party::register(&journey).await;
    let ask = || party.service.ask("openid profile");
    let back = citizen_of(&party.service).open(&ask().url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_request"), "B01: {}", back.brief());
    assert_eq!(back.parameter("code"), None);

    for (case, ask, errors) in [
        ("A10 no redirect_uri (SP 5.3.2.2-6)", ask().without("redirect_uri"), &["invalid_request"][..]),
        ("not registered", ask().with("redirect_uri", "https://evil.example/"), &["invalid_request"]),
        ("code id_token (SP 5.3.2.2-1)", ask().with("response_type", "code id_token"), &["unsupported_response_type"]),
        ("token", ask().with("response_type", "token"), &["unsupported_response_type"]),
        (
            "no PKCE (SP 5.3.2.2-5)",
            ask().without("code_challenge").without("code_challenge_method"),
            &["invalid_request"],
        ),
        ("plain PKCE", ask().with("code_challenge_method", "plain"), &["invalid_request"]),
        ("B06 request_uri", ask().and("request_uri", "urn:x"), &["invalid_request"]),
    ] {
        let (status, answer) = party.push(&ask).await;
        assert_eq!(status, 400, "{case}: {answer}");
        assert!(errors.contains(&answer["error"].as_str().unwrap()), "{case}: {answer}");
    }
}

#[tokio::test]
async fn an_assertion_is_for_the_issuer_alone_and_signed_as_fapi_allows() {
    let journey = Journey::start().await;
    let party = Party::register(&journey).await;
    let par = format!("{}/par", party.issuer());
    let form = [("response_type", "code")];
    let issuer = party.issuer().to_owned();
    for (case, audience) in [
        ("the token endpoint", json!(party.service.metadata.token_endpoint)),
        ("the endpoint that is called", json!(par)),
        ("an array", json!([issuer])),
        ("the issuer with a slash", json!(format!("{issuer}/"))),
        ("nobody", Value::Null),
    ] {
        let (status, answer) = party.post_with(&par, None, &form, &audience).await;
        assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")), "C13, SP 5.3.2.1-8: {case}: {answer}");
    }
    let (status, answer) = party.post(&par, None, &form).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")), "the assertion was good: {answer}");

    let weak = Party::register_with(&journey, SigningKey::generate(Algorithm::Rs256)).await;
    let (status, answer) = weak.post(&par, None, &form).await;
    assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")), "SP 5.4.1-1: RS256: {answer}");
}
