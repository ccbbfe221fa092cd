use super::*;

fn register(issuer: &str, redirect_uri: &str) -> Result<Registration, Error> {
    Registration::new(issuer, "commune", Credentials::secret_basic("s"), redirect_uri)
}

#[test]
fn plain_http_is_taken_on_loopback_only() {
    for issuer in ["https://gateway.example", "http://127.0.0.1:8401", "http://localhost:1", "http://[::1]:1"] {
        assert!(register(issuer, "https://commune.example/callback").is_ok(), "{issuer}");
    }
    for issuer in [
        "http://gateway.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://user@gateway.example",
        "https://gateway.example?x",
        "https://gateway.example#x",
        "gateway.example",
    ] {
        let refused = register(issuer, "https://commune.example/callback");
        assert!(matches!(refused, Err(Error::Setting { name: "issuer", .. })), "{issuer}");
    }
}

#[test]
fn a_redirect_uri_is_written_as_the_gateway_will_compare_it() {
    for address in ["https://commune.example/callback", "http://localhost:8400/callback"] {
        assert!(register("https://gateway.example", address).is_ok(), "{address}");
    }
    for address in [
        "http://commune.example/callback",
        "https://commune.example/callback#x",
        "https://Commune.example/callback",
        "https://commune.example:443/callback",
        "https://commune.example",
        "https://commune.example/a/../callback",
        "/callback",
    ] {
        let refused = register("https://gateway.example", address);
        assert!(matches!(refused, Err(Error::Setting { name: "redirect_uri", .. })), "{address}");
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let registration = register("https://gateway.example", "https://commune.example/callback");
    let text = format!("{:?}", registration.map(|it| it.credentials));
    assert_eq!(text, "Ok(Credentials(client_secret_basic))");
}
