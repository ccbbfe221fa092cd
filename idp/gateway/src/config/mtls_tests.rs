//! `[mtls]` as an operator meets it.

use super::tests::{Folder, LOCAL};
use super::*;

const CERTIFIED: &str = "[listen]\ntls_certificate = \"chain.pem\"\ntls_key = \"key.pem\"\n";

#[test]
fn client_certificates_are_asked_for_at_an_address_of_their_own_or_by_a_proxy() {
    use domain::oidc::metadata::{Chains, ClientCertificates};
    let folder = Folder::new();
    let load = |text: &str| {
        folder.write("config/idp.toml", &format!("{LOCAL}{text}"));
        folder.load().unwrap_or_else(|problems| panic!("{text}\n{problems}")).mtls
    };
    assert_eq!(load("").published(), ClientCertificates::NotAsked);
    let own =
        load(&format!("{CERTIFIED}[mtls]\naddress = \"127.0.0.1:8443\"\npublic_url = \"https://127.0.0.1:8443\"\n"));
    let at = Some("https://127.0.0.1:8443");
    assert_eq!(own.published(), ClientCertificates::Asked { at, chains: Chains::NotJudged });
    let apart = "[mtls]\naddress = \"127.0.0.1:8443\"\npublic_url = \"https://127.0.0.1:8443\"\n\
                 tls_certificate = \"own.pem\"\ntls_key = \"own.key\"\n";
    for (text, file) in [(apart.to_owned(), "own.pem"), (format!("{CERTIFIED}{apart}"), "own.pem")] {
        assert!(load(&text).door.expect("open").tls.certificate.ends_with(file), "{text}");
    }
    assert!(own.door.expect("open").tls.certificate.ends_with("chain.pem"), "that of the other address");
    let proxied = "[listen]\ntrusted_proxies = [\"10.0.0.0/8\"]\n\
                   [mtls]\nproxy_header = \"X-SSL-Cert\"\nproxy_header_form = \"escaped-pem\"\nproxies = [\"10.1.0.0/16\"]\n";
    let mtls = load(proxied);
    assert_eq!(mtls.published(), ClientCertificates::Asked { at: None, chains: Chains::NotJudged });
    let forwarded = mtls.forwarded.expect("configured");
    assert_eq!((forwarded.header.as_str(), forwarded.form), ("x-ssl-cert", CertificateForm::EscapedPem));
    assert!(forwarded.believes([10, 1, 2, 3].into()) && !forwarded.believes([10, 2, 0, 1].into()));
    for more in ["authorities = \"ca.pem\"\n", "proxy_verifies_chain = true\n"] {
        let told = load(&format!("{proxied}{more}"));
        assert_eq!(told.published(), ClientCertificates::Asked { at: None, chains: Chains::Judged }, "{more}");
    }
}

#[test]
fn client_certificates_that_nothing_can_present_or_anyone_could_forge_are_told() {
    let folder = Folder::new();
    let proxies = "[listen]\ntrusted_proxies = [\"10.0.0.0/8\"]\n";
    for (text, advice) in [
        (format!("{CERTIFIED}[mtls]\naddress = \"127.0.0.1:8443\"\n"), "public_url: goes with `address`"),
        (format!("{CERTIFIED}[mtls]\naddress = \"8443\"\n"), "mtls.address: \"8443\" is not an address with a port"),
        (
            "[mtls]\naddress = \"127.0.0.1:8443\"\npublic_url = \"https://127.0.0.1:8443\"\n".to_owned(),
            "tls_certificate: is needed with `address`",
        ),
        (
            format!("{CERTIFIED}[mtls]\naddress = \"127.0.0.1:8443\"\npublic_url = \"http://127.0.0.1:8443\"\n"),
            "must be https",
        ),
        (
            "[mtls]\naddress = \"127.0.0.1:8443\"\ntls_key = \"key.pem\"\n".to_owned(),
            "mtls.tls_certificate: goes with `tls_key`",
        ),
        (
            "[mtls]\ntls_certificate = \"chain.pem\"\ntls_key = \"key.pem\"\n".to_owned(),
            "tls_certificate: has no effect without `address`",
        ),
        ("[mtls]\nauthorities = \"ca.pem\"\n".to_owned(), "authorities: has no effect"),
        ("[mtls]\npublic_url = \"https://mtls.example.fr\"\n".to_owned(), "public_url: has no effect"),
        (format!("{proxies}[mtls]\nproxy_header = \"Client-Cert\"\n"), "name the proxies that set it"),
        (format!("{proxies}[mtls]\nproxies = [\"10.0.0.1\"]\n"), "goes with `proxy_header`"),
        (format!("{proxies}[mtls]\nproxy_header = \"a b\"\nproxies = [\"10.0.0.1\"]\n"), "not the name of a header"),
        (
            format!("{proxies}[mtls]\nproxy_header = \"Client-Cert\"\nproxies = [\"192.0.2.1\"]\n"),
            "must all lie within `listen.trusted_proxies`",
        ),
        (
            format!("{proxies}[mtls]\nproxy_header = \"Client-Cert\"\nproxies = [\"0.0.0.0/0\"]\n"),
            "must all lie within `listen.trusted_proxies`",
        ),
        (format!("{proxies}[mtls]\nproxy_header_form = \"pem\"\n"), "must be \"rfc9440\" or \"escaped-pem\""),
    ] {
        let told = folder.told(&format!("{LOCAL}{text}"));
        assert!(told.contains(advice), "{advice}\n--- in\n{told}");
    }
}
