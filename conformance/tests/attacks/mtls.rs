//! Group D, certificates of clients: claimed in a header, stolen without their key, forged with the right names.

use conformance::mutual::{Identity, client_from};
use conformance::relying_party::RelyingParty;
use conformance::scene::Setting;
use serde_json::{Value, json};
use toml::Table;

use crate::journey::Journey;
use crate::mutual::{assert_refused, redemption, self_signed, told};

/// A proxy that hands certificates on, a load balancer that is trusted about addresses alone, and the world.
const PROXY: [u8; 4] = [127, 0, 0, 9];
const BALANCER: [u8; 4] = [127, 0, 0, 8];
const WORLD: [u8; 4] = [127, 0, 0, 1];

/// A gateway behind such a proxy, and a service known by its certificate, which everybody can read: it is public.
async fn behind_a_proxy() -> (Journey, RelyingParty, Identity) {
    let overrides: Table = toml::from_str(
        "[listen]\ntrusted_proxies = [\"127.0.0.9\", \"127.0.0.8\"]\n\
         [mtls]\nproxy_header = \"Client-Cert\"\nproxies = [\"127.0.0.9\"]\n",
    )
    .unwrap();
    let journey = Journey::set(Setting { overrides, ..Setting::default() }).await;
    let own = Identity::self_signed("ville.example");
    let service = journey.register(&self_signed(&own)).await;
    (journey, service, own)
}

#[tokio::test]
async fn a_certificate_header_from_outside_proves_nothing() {
    let (journey, service, own) = behind_a_proxy().await;
    let endpoint = &service.metadata.token_endpoint;
    for (from, path) in [(WORLD, "/token"), (BALANCER, "/token"), (WORLD, "/par"), (WORLD, "/revoke")] {
        let (ask, code) = journey.code(&service).await;
        let form = redemption(&service, &ask, &code);
        let url = endpoint.replace("/token", path);
        // Written by the attacker, with whatever else might make a proxy of them.
        let forged = client_from(from.into()).post(url).form(&form).header("client-cert", own.byte_sequence());
        let forged = forged.header("x-forwarded-for", "127.0.0.9").header("forwarded", "for=127.0.0.9");
        let (status, answer) = told(forged).await;
        assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")), "D09 {from:?} {path}");
    }
    // The same words from the proxy are believed: this test can tell.
    let (ask, code) = journey.code(&service).await;
    let form = redemption(&service, &ask, &code);
    let (status, tokens) =
        told(client_from(PROXY.into()).post(endpoint).form(&form).header("client-cert", own.byte_sequence())).await;
    assert_eq!(status, 200, "{tokens}");

    // A stolen token is of no use with the certificate of its victim in a header.
    let token = tokens["access_token"].as_str().unwrap();
    for from in [WORLD, BALANCER] {
        let request = client_from(from.into()).get(&service.metadata.userinfo_endpoint).bearer_auth(token);
        assert_refused("D09", request.header("client-cert", own.byte_sequence())).await;
    }
}

#[tokio::test]
async fn a_header_that_came_twice_is_no_certificate() {
    let (journey, service, own) = behind_a_proxy().await;
    let attacker = Identity::self_signed("ville.example");
    // A proxy that adds its line beside the client's own: whichever stands first, neither counts.
    for (first, second) in [(&own, &attacker), (&attacker, &own), (&own, &own)] {
        let (ask, code) = journey.code(&service).await;
        let request = client_from(PROXY.into()).post(&service.metadata.token_endpoint);
        let request = request.form(&redemption(&service, &ask, &code));
        let lines = request.header("client-cert", first.byte_sequence()).header("client-cert", second.byte_sequence());
        assert_eq!(told(lines).await.0, 401, "D09");
    }
    for nonsense in
        ["", ":", "::", ":!!!:", ":AAAA:", "?1", &own.escaped_pem(), &format!("{0}, {0}", own.byte_sequence())]
    {
        let (ask, code) = journey.code(&service).await;
        let request = client_from(PROXY.into()).post(&service.metadata.token_endpoint);
        let request = request.form(&redemption(&service, &ask, &code)).header("client-cert", nonsense);
        let (status, answer): (u16, Value) = told(request).await;
        assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")), "{nonsense}");
    }
}

#[tokio::test]
async fn a_name_in_a_certificate_that_no_authority_gave_proves_nothing() {
    let (journey, _, _) = behind_a_proxy().await;
    let metadata = crate::mutual::bound("tls_client_auth", &json!({"tls_client_auth_san_dns": "ville.example"}));
    let service = journey.register(&metadata).await;
    let (ask, code) = journey.code(&service).await;
    let impostor = Identity::self_signed("ville.example");
    let request = client_from(PROXY.into()).post(&service.metadata.token_endpoint);
    let request = request.form(&redemption(&service, &ask, &code)).header("client-cert", impostor.byte_sequence());
    assert_eq!(told(request).await.0, 401);
}
