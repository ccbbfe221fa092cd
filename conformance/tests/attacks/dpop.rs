//! Group D: proofs of possession (RFC 9449), each made wrong in one way, at every endpoint that reads them.

use conformance::engines::Redis;
use conformance::fapi::{Answer, Proof, Tokens};
use conformance::gateway::Ephemeral;
use conformance::jose::{self, Algorithm, SigningKey};
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use conformance::{clock, or_skip, random};
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::fapi::{Fleet, Secured};
use crate::journey::Journey;

/// Where proofs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Par,
    Token,
    Userinfo,
}

impl Endpoint {
    const ALL: [Self; 3] = [Self::Par, Self::Token, Self::Userinfo];

    /// How a bad proof is refused: 401 where a token is used, 400 where one is asked for (RFC 9449 §5, §7.1).
    fn refusal(self) -> u16 {
        match self {
            Self::Par | Self::Token => 400,
            Self::Userinfo => 401,
        }
    }

    fn success(self) -> u16 {
        match self {
            Self::Par => 201,
            Self::Token | Self::Userinfo => 200,
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Par | Self::Token => Method::POST,
            Self::Userinfo => Method::GET,
        }
    }
}

/// A service with live tokens, which can repeat a call at every endpoint with any proof.
struct Bench {
    service: Secured,
    tokens: Tokens,
}

impl Bench {
    async fn set(journey: &Journey) -> Self {
        Self::of(Secured::register(journey).await).await
    }

    async fn of(service: Secured) -> Self {
        let tokens = service.offline().await;
        Self { service, tokens }
    }

    fn url(&self, endpoint: Endpoint) -> &str {
        let metadata = &self.service.party.party.metadata;
        match endpoint {
            Endpoint::Par => &metadata.pushed_authorization_request_endpoint,
            Endpoint::Token => &metadata.token_endpoint,
            Endpoint::Userinfo => &metadata.userinfo_endpoint,
        }
    }

    /// An honest proof for an endpoint, of a key.
    fn proof_of(&self, endpoint: Endpoint, key: &SigningKey) -> Proof {
        let proof = self.service.party.proof(key, &endpoint.method(), self.url(endpoint));
        if endpoint == Endpoint::Userinfo { proof.with_token(&self.tokens.access_token) } else { proof }
    }

    /// An honest proof for an endpoint.
    fn proof(&self, endpoint: Endpoint) -> Proof {
        self.proof_of(endpoint, &self.service.holder)
    }

    fn signed(&self, proof: &Proof) -> Vec<String> {
        vec![proof.signed(&self.service.holder)]
    }

    /// A call that is honest but for its proofs.
    async fn call(&self, endpoint: Endpoint, proofs: &[String]) -> Answer {
        let proofs: Vec<_> = proofs.iter().map(|proof| ("dpop", proof.as_str())).collect();
        let (party, url) = (&self.service.party, self.url(endpoint));
        let answer = match endpoint {
            Endpoint::Par => party.post_with(url, &proofs, &party.ask("openid").form()).await,
            Endpoint::Token => {
                let token = self.tokens.refresh_token.as_deref().unwrap();
                let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
                party.post_with(url, &proofs, &form).await
            }
            Endpoint::Userinfo => {
                let authorization = format!("DPoP {}", self.tokens.access_token);
                let headers = [&[("authorization", authorization.as_str())], proofs.as_slice()].concat();
                party.send(Method::GET, url, &headers, &[]).await
            }
        };
        answer.unwrap()
    }

    /// A proof is refused as itself: the status of the place, the code, and a word of the sentence that names it.
    async fn refuses(&self, endpoint: Endpoint, (case, proofs, word): (&str, Vec<String>, &str)) {
        let answer = self.call(endpoint, &proofs).await;
        let place = format!("D05 {case} at {endpoint:?}: {}", answer.body);
        let code = if word == "used before" { "dpop.proof_reused" } else { "dpop.proof_invalid" };
        assert_eq!(answer.refusal(), (endpoint.refusal(), "invalid_dpop_proof".into(), code.into()), "{place}");
        let sentence = answer.json()["error_description"].as_str().unwrap_or_default().to_owned();
        assert!(sentence.contains(word), "{place}");
        assert_eq!(answer.header("cache-control"), "no-store", "{place}");
        if endpoint == Endpoint::Userinfo {
            let challenge = answer.header("www-authenticate");
            let told = "DPoP algs=\"ES256 PS256 EdDSA\", error=\"invalid_dpop_proof\"";
            assert!(challenge.contains(told), "{place}: {challenge}");
        }
    }
}

/// Proofs whose header is wrong.
fn wrong_headers(bench: &Bench, at: Endpoint) -> Vec<(&'static str, Vec<String>, &'static str)> {
    let holder = &bench.service.holder;
    let honest = || bench.proof(at);
    let header = |name: &str, value: Value| bench.signed(&honest().header(name, value));
    let rsa = SigningKey::generate(Algorithm::Rs256);
    let mut private = holder.bare_jwk();
    private["d"] = json!(jose::encode(random::bytes::<32>()));
    let mut off_curve = holder.bare_jwk();
    off_curve["y"] = off_curve["x"].clone();
    let stranger = SigningKey::generate(Algorithm::Es256);
    let shared = json!({ "kty": "oct", "k": jose::encode(random::bytes::<32>()) });
    let unsigned = |alg: &str| {
        let signed = honest().header("alg", alg).signed(holder);
        vec![format!("{}.", signed.rsplit_once('.').unwrap().0)]
    };
    let whole = honest().signed(holder);
    vec![
        ("two headers", vec![honest().signed(holder), honest().signed(holder)], "two DPoP headers"),
        ("not a JWT", vec!["abc".into()], "compact JWS"),
        ("empty", vec![String::new()], "compact JWS"),
        ("two in one header", vec![format!("{whole}, {whole}")], "JWS"),
        ("longer than any", vec!["a".repeat(8193)], "longer than"),
        ("no typ", header("typ", Value::Null), "typ must"),
        ("typ of an ordinary token", header("typ", json!("JWT")), "typ must"),
        ("no alg", header("alg", Value::Null), "alg must"),
        ("alg none", unsigned("none"), "alg must"),
        ("an empty signature", unsigned("ES256"), "signature"),
        ("alg RS256", vec![bench.proof_of(at, &rsa).signed(&rsa)], "alg must"),
        ("alg HS256", header("alg", json!("HS256")), "alg must"),
        ("another alg than the key's", header("alg", json!("EdDSA")), "signature"),
        ("no jwk", header("jwk", Value::Null), "jwk must"),
        ("jwk is a text", header("jwk", json!("x")), "jwk must"),
        ("a private key in jwk", header("jwk", private), "jwk must"),
        ("a shared key in jwk", header("jwk", shared), "jwk must"),
        ("a point that is on no curve", header("jwk", off_curve), "signature"),
        ("signed by another key", vec![honest().signed(&stranger)], "signature"),
        ("the key elsewhere", header("jku", json!("http://127.0.0.1:9/jwks")), "parameter"),
        ("a certificate elsewhere", header("x5u", json!("http://127.0.0.1:9/x5u")), "parameter"),
        ("a certificate", header("x5c", json!(["MIIB"])), "parameter"),
        ("an extension that is critical", header("crit", json!(["b64"])), "parameter"),
    ]
}

/// Proofs whose claims are wrong.
fn wrong_claims(bench: &Bench, at: Endpoint) -> Vec<(&'static str, Vec<String>, &'static str)> {
    let claim = |name: &str, value: Value| bench.signed(&bench.proof(at).claim(name, value));
    let (now, url) = (clock::now(), bench.url(at));
    let port_of_another = url.replacen("127.0.0.1:", "127.0.0.1:1", 1);
    let mut cases = vec![
        ("no jti", claim("jti", Value::Null), "jti"),
        ("an empty jti", claim("jti", json!("")), "jti"),
        ("jti is a number", claim("jti", json!(1)), "jti"),
        ("a jti of 257 bytes", claim("jti", json!("j".repeat(257))), "jti"),
        ("no htm", claim("htm", Value::Null), "htm is missing"),
        ("another htm", claim("htm", json!("PUT")), "htm is not"),
        ("htm in lower case", claim("htm", json!(at.method().as_str().to_lowercase())), "htm is not"),
        ("no htu", claim("htu", Value::Null), "htu is missing"),
        ("htu of another path", claim("htu", json!(format!("{url}/x"))), "htu is not"),
        ("htu of another scheme", claim("htu", json!(url.replacen("http:", "https:", 1))), "htu is not"),
        ("htu of another port", claim("htu", json!(port_of_another)), "htu is not"),
        ("htu of another host", claim("htu", json!(url.replacen("127.0.0.1", "localhost", 1))), "htu is not"),
        ("htu is a path", claim("htu", json!("/token")), "htu is not"),
        ("no iat", claim("iat", Value::Null), "iat must"),
        ("iat is a text", claim("iat", json!(now.to_string())), "iat must"),
        ("iat an hour ago", claim("iat", json!(now - 3600)), "iat is too far"),
        ("iat an hour ahead", claim("iat", json!(now + 3600)), "iat is too far"),
        ("iat a minute ahead", claim("iat", json!(now + 61)), "iat is too far"),
        ("iat beyond numbers", claim("iat", json!(i64::MIN)), "iat is too far"),
        ("nonce is a number", claim("nonce", json!(1)), "nonce must"),
    ];
    if at == Endpoint::Userinfo {
        let other = jose::sha256(random::token());
        cases.extend([
            ("no ath", claim("ath", Value::Null), "ath is missing"),
            ("ath of another token", claim("ath", json!(other)), "ath is not"),
            ("the token itself as ath", claim("ath", json!(bench.tokens.access_token)), "ath is not"),
        ]);
    }
    cases
}

#[tokio::test]
async fn a_proof_that_is_wrong_in_one_way_is_refused_everywhere() {
    let journey = Journey::start().await;
    let bench = Bench::set(&journey).await;
    for endpoint in Endpoint::ALL {
        for case in wrong_headers(&bench, endpoint) {
            bench.refuses(endpoint, case).await;
        }
        for case in wrong_claims(&bench, endpoint) {
            bench.refuses(endpoint, case).await;
        }
        let honest = bench.call(endpoint, &bench.signed(&bench.proof(endpoint))).await;
        assert_eq!(honest.status, endpoint.success(), "the same call with an honest proof: {}", honest.body);
    }
    for endpoint in [Endpoint::Token, Endpoint::Userinfo] {
        bench.refuses(endpoint, ("no proof", Vec::new(), "proof")).await;
    }
    assert_eq!(bench.call(Endpoint::Par, &[]).await.status, 201, "a push needs no proof");
}

#[tokio::test]
async fn what_a_proof_may_hold_beside_is_no_fault() {
    let journey = Journey::start().await;
    let bench = Bench::set(&journey).await;
    for endpoint in Endpoint::ALL {
        let (now, url) = (clock::now(), bench.url(endpoint).to_owned());
        let honest = || bench.proof(endpoint);
        let address = |text: String| honest().claim("htu", text);
        for (case, proof) in [
            ("claims of its own", honest().claim("sub", "x").claim("more", json!({ "a": [1] }))),
            ("nbf and exp", honest().claim("nbf", now - 5).claim("exp", now + 30)),
            ("10 s ago", honest().claim("iat", now - 10)),
            ("10 s ahead", honest().claim("iat", now + 10)),
            ("htu with a query", address(format!("{url}?a=b"))),
            ("htu with a fragment", address(format!("{url}#a"))),
            ("htu whose scheme is in upper case", address(url.replacen("http:", "HTTP:", 1))),
            ("htu with dots in its path", address(url.replacen("/par", "/x/../par", 1))),
            ("typ in another case", honest().header("typ", "DPoP+JWT")),
            ("a kid", honest().header("kid", "../../etc/passwd")),
            ("a jwk that names its use", honest().header("jwk", bench.service.holder.public_jwk()).header("kid", "x")),
        ] {
            let answer = bench.call(endpoint, &bench.signed(&proof)).await;
            assert_eq!(answer.status, endpoint.success(), "{case} at {endpoint:?}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn header_names_and_schemes_have_no_case_and_answers_have_a_date() {
    let journey = Journey::start().await;
    let bench = Bench::set(&journey).await;
    let url = url::Url::parse(bench.url(Endpoint::Userinfo)).unwrap();
    let host = format!("127.0.0.1:{}", url.port().unwrap());
    for (name, scheme, accept) in [
        ("DPoP", "DPoP", "Accept: */*\r\n"),
        ("dpop", "dPoP", ""),
        ("DPOP", "dpop", "Accept: application/json, text/html;q=0.1\r\n"),
        ("dPoP", "DPOP", "Accept: image/png\r\n"),
    ] {
        let proof = bench.proof(Endpoint::Userinfo).signed(&bench.service.holder);
        let token = &bench.tokens.access_token;
        let request = format!(
            "GET /userinfo HTTP/1.1\r\nHost: {host}\r\nAuthorization: {scheme} {token}\r\n{name}: {proof}\r\n{accept}\
             Connection: close\r\n\r\n"
        );
        let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("DUBOIS"), "{name}, {scheme}: {answer}");
        assert!(answer.to_ascii_lowercase().contains("\r\ndate: "), "FAPI 2.0 5.3.4: {answer}");
    }
}

#[tokio::test]
async fn each_algorithm_of_the_profile_proves_a_key() {
    let journey = Journey::start().await;
    for algorithm in Algorithm::FAPI {
        let mut service = Secured::register(&journey).await;
        service.holder = SigningKey::generate(algorithm).into();
        let tokens = service.tokens(&service.party.ask("openid profile")).await;
        assert_eq!(tokens.token_type, "DPoP", "{algorithm:?}");
        let claims = service.party.userinfo(&tokens.access_token, &service.holder).await.unwrap().json();
        assert_eq!(claims["family_name"], "DUBOIS", "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_bound_token_is_refused_without_its_key() {
    let journey = Journey::start().await;
    let bench = Bench::set(&journey).await;
    let (party, token, url) = (&bench.service.party, &bench.tokens.access_token, bench.url(Endpoint::Userinfo));
    let stranger = SigningKey::generate(Algorithm::Es256);
    let bearer = format!("Bearer {token}");
    let proof = bench.proof(Endpoint::Userinfo).signed(&bench.service.holder);
    let posted = bench.proof(Endpoint::Userinfo).claim("htm", "POST").signed(&bench.service.holder);
    let get = async |headers: &[(&str, &str)]| party.send(Method::GET, url, headers, &[]).await.unwrap();
    for (case, answer) in [
        ("D06 as Bearer", get(&[("authorization", &bearer)]).await),
        ("D06 as Bearer with its proof", get(&[("authorization", &bearer), ("dpop", &proof)]).await),
        (
            "D06 in a form with its proof",
            party.send(Method::POST, url, &[("dpop", &posted)], &[("access_token", token)]).await.unwrap(),
        ),
        ("D05 with the proof of another key", party.userinfo(token, &stranger).await.unwrap()),
    ] {
        assert_eq!(answer.refusal(), (401, "invalid_token".into(), "token.refused".into()), "{case}");
        assert!(!answer.body.contains("DUBOIS"), "{case}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("DPoP algs=\"ES256 PS256 EdDSA\""), "{case}: RFC 9449 7.1: {challenge}");
    }
    let unproven = get(&[("authorization", &format!("DPoP {token}"))]).await;
    assert_eq!(unproven.refusal(), (401, "invalid_dpop_proof".into(), "dpop.proof_invalid".into()));
    assert_eq!(bench.service.opens(token).await, 200, "none of this spoilt it");

    // A token that is bound to nothing is no better for a proof (RFC 9449 §7.1: the scheme follows the binding).
    let (_, plain) = journey.tokens(ProviderId::Impots, "angela").await;
    let answer = party.userinfo(&plain.access_token, &bench.service.holder).await.unwrap();
    assert_eq!(answer.refusal(), (401, "invalid_token".into(), "token.refused".into()), "D11");
}

#[tokio::test]
async fn a_code_is_redeemed_with_the_key_it_was_asked_for() {
    let journey = Journey::start().await;
    let service = Secured::register(&journey).await;
    let (party, holder, stranger) = (&service.party, &service.holder, SigningKey::generate(Algorithm::Es256));
    let named = || party.ask("openid profile").and("dpop_jkt", &holder.thumbprint());
    let plain = || party.ask("openid profile");
    for (case, ask, key) in [
        ("named", named(), None),
        ("proven with the push", plain(), Some(&**holder)),
        ("both", named(), Some(&**holder)),
    ] {
        let url = party.pushed(&ask, key).await.unwrap();
        let code = service.code_at(&mut service.citizen(), &url).await;
        let stolen = party.redeem(&ask, &code, &stranger).await.unwrap();
        let told = (400, "invalid_grant".into(), "grant.code_of_another_key".into());
        assert_eq!(stolen.refusal(), told, "D07 {case}");
        let url = party.pushed(&ask, key).await.unwrap();
        let code = service.code_at(&mut service.citizen(), &url).await;
        let tokens = party.redeem(&ask, &code, holder).await.unwrap().tokens().unwrap();
        assert_eq!(service.opens(&tokens.access_token).await, 200, "{case}");
    }
    for (case, ask, key) in [
        ("D07 a key is named and another proven", named(), Some(&stranger)),
        ("dpop_jkt is no thumbprint", plain().and("dpop_jkt", "x"), None),
        ("dpop_jkt twice", named().and("dpop_jkt", &stranger.thumbprint()), None),
    ] {
        let answer = party.push(&ask, key).await.unwrap();
        assert_eq!(answer.refusal(), (400, "invalid_request".into(), "request.invalid_request".into()), "{case}");
    }
}

#[tokio::test]
async fn a_nonce_that_is_missing_foreign_or_stale_is_asked_for_again_with_a_fresh_one() {
    let journey = Journey::start().await;
    let bench = Bench::set(&journey).await;
    let other = Journey::start().await;
    let stranger = Bench::set(&other).await;
    for endpoint in Endpoint::ALL {
        // The moment of a nonce of ours, put back beyond its life: it is no nonce of ours any more.
        let mut moved = base64_bytes(&bench.service.party.nonce());
        moved[6] = moved[6].wrapping_sub(2);
        for (case, nonce) in [
            ("none", Value::Null),
            ("of another gateway", json!(stranger.service.party.nonce())),
            ("of another moment", json!(jose::encode(&moved))),
            ("no nonce at all", json!("nonce")),
        ] {
            let proof = bench.proof(endpoint).claim("nonce", nonce);
            let answer = bench.call(endpoint, &bench.signed(&proof)).await;
            let expected = (endpoint.refusal(), "use_dpop_nonce".into(), "dpop.nonce_due".into());
            assert_eq!(answer.refusal(), expected, "D08 {case} at {endpoint:?}");
            if endpoint == Endpoint::Userinfo {
                let challenge = answer.header("www-authenticate");
                assert!(
                    challenge.contains("EdDSA\", error=\"use_dpop_nonce\""),
                    "in the challenge for DPoP: {challenge}"
                );
            }
            let fresh = answer.header("dpop-nonce");
            assert!(!fresh.is_empty(), "D08 {case} at {endpoint:?}");
            let again = bench.proof(endpoint).claim("nonce", fresh);
            let answer = bench.call(endpoint, &bench.signed(&again)).await;
            assert_eq!(answer.status, endpoint.success(), "{case} at {endpoint:?}: {}", answer.body);
            assert!(!answer.header("dpop-nonce").is_empty(), "RFC 9449 8.2: the next nonce comes with success too");
        }
    }
}

fn base64_bytes(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
}

#[tokio::test]
async fn where_no_nonce_is_required_a_foreign_one_is_refused_all_the_same() {
    let overrides = "[dpop]\nrequire_nonce = false".parse().unwrap();
    let journey = Journey::set(Setting { overrides, ..Setting::default() }).await;
    let bench = Bench::set(&journey).await;
    for endpoint in Endpoint::ALL {
        let answer = bench.call(endpoint, &bench.signed(&bench.proof(endpoint))).await;
        assert_eq!(answer.status, endpoint.success(), "{}", answer.body);
        assert_eq!(answer.header("dpop-nonce"), "", "nobody is told to use one");
        let proof = bench.proof(endpoint).claim("nonce", random::token());
        let answer = bench.call(endpoint, &bench.signed(&proof)).await;
        assert_eq!(answer.refusal(), (endpoint.refusal(), "use_dpop_nonce".into(), "dpop.nonce_due".into()));
    }
}

/// The same proof a second time, wherever the second time is.
async fn is_spent_after_one_use(first: &Bench, second: &Bench) {
    for endpoint in Endpoint::ALL {
        let proof = first.signed(&first.proof(endpoint));
        let answer = first.call(endpoint, &proof).await;
        assert_eq!(answer.status, endpoint.success(), "{}", answer.body);
        second.refuses(endpoint, ("jti reused", proof, "used before")).await;
        // The same jti of the same key is the same proof, whatever else it says (§11.1).
        let honest = first.proof(endpoint).claim("jti", random::token());
        assert_eq!(first.call(endpoint, &first.signed(&honest)).await.status, endpoint.success());
        let resigned = first.signed(&honest.claim("iat", clock::now() - 3).claim("more", 1));
        second.refuses(endpoint, ("jti reused in another proof", resigned, "used before")).await;
    }
}

#[tokio::test]
async fn a_proof_counts_once() {
    let journey = Journey::start().await;
    let bench = Bench::set(&journey).await;
    is_spent_after_one_use(&bench, &bench).await;
    let chosen = bench.proof(Endpoint::Par).claim("jti", "chosen");
    let stranger = SigningKey::generate(Algorithm::Es256);
    let other = chosen.clone().header("jwk", stranger.bare_jwk()).signed(&stranger);
    assert_eq!(bench.call(Endpoint::Par, &[other]).await.status, 201);
    assert_eq!(bench.call(Endpoint::Par, &bench.signed(&chosen)).await.status, 201, "another key chose the same jti");
}

#[tokio::test]
async fn a_proof_counts_once_on_all_nodes() {
    let fleet = or_skip!(Fleet::start().await);
    let [first, second] = fleet.register().await;
    let first = Bench::of(first).await;
    let second = Bench { service: second, tokens: first.tokens.clone() };
    is_spent_after_one_use(&first, &second).await;
    is_spent_after_one_use(&second, &first).await;
}

#[tokio::test]
async fn a_proof_that_was_used_stays_used_over_a_restart_with_redis() {
    let redis = or_skip!(Redis::start().await);
    let setting = Setting { ephemeral: Ephemeral::Redis(redis.url()), ..Setting::default() };
    let mut journey = Journey::set(setting).await;
    let bench = Bench::set(&journey).await;
    let proof = bench.signed(&bench.proof(Endpoint::Userinfo));
    assert_eq!(bench.call(Endpoint::Userinfo, &proof).await.status, 200);
    journey.scene.gateway.restart().await.unwrap();
    bench.refuses(Endpoint::Userinfo, ("jti reused after a restart", proof, "used before")).await;
    let nonce = bench.proof(Endpoint::Userinfo);
    let answer = bench.call(Endpoint::Userinfo, &bench.signed(&nonce)).await;
    assert_eq!(answer.status, 200, "a nonce given before the restart counts on: {}", answer.body);
}
