//! `[admin]` as an operator meets it.

use super::tests::{Folder, LOCAL};

const SPACE: &str = "[partners]\norigin = \"http://localhost:8405\"\n";

#[test]
fn without_an_origin_there_is_no_admin_api_and_with_one_it_has_a_socket_of_its_own() {
    let folder = Folder::new();
    let load = |text: &str| {
        folder.write("config/idp.toml", &format!("{LOCAL}{SPACE}{text}"));
        folder.load().unwrap_or_else(|problems| panic!("{text}\n{problems}")).admin
    };
    assert!(load("").is_none() && load("[admin]\norigin = \"\"\nlisten = \"\"\n").is_none());
    let there = load("[admin]\norigin = \"http://127.0.0.1:8406\"\nlisten = \"127.0.0.1:8406\"\n").expect("an API");
    assert_eq!((there.origin.as_str(), there.door.address.port()), ("http://127.0.0.1:8406", 8406));
    assert!(there.door.tls.is_none());
}

#[test]
fn an_admin_api_that_everybody_would_reach_is_refused() {
    let folder = Folder::new();
    for (text, advice) in [
        ("origin = \"http://localhost:8406\"\n", "admin.listen: is needed"),
        ("listen = \"127.0.0.1:8406\"\n", "has no effect without `origin`"),
        ("origin = \"http://localhost:1\"\nlisten = \"8406\"\n", "is not an address with a port"),
        ("origin = \"http://localhost:1\"\nlisten = \"0.0.0.0:8406\"\n", "must be on loopback"),
        ("origin = \"http://api.example.fr\"\nlisten = \"127.0.0.1:1\"\n", "must be https"),
        ("origin = \"https://api.example.fr\"\nlisten = \"127.0.0.1:1\"\n", "tls_certificate: is needed"),
        ("tls_certificate = \"a.pem\"\ntls_key = \"a.key\"\n", "has no effect without `origin` and `listen`"),
        ("origin = \"http://localhost:1\"\nlisten = \"127.0.0.1:1\"\ntoken = \"x\"\n", "token"),
    ] {
        let told = folder.told(&format!("{LOCAL}{SPACE}[admin]\n{text}"));
        assert!(told.contains(advice), "{advice}\n--- in\n{told}");
    }
    let alone = "[admin]\norigin = \"http://localhost:1\"\nlisten = \"127.0.0.1:1\"\n";
    let told = folder.told(&format!("{LOCAL}{alone}"));
    assert!(told.contains("needs the partners' space"), "{told}");
}

#[test]
fn a_token_has_a_limit_of_its_own() {
    let folder = Folder::new();
    let limit = |text: &str| {
        folder.write("config/idp.toml", &format!("{LOCAL}{text}"));
        folder.load().unwrap_or_else(|problems| panic!("{text}\n{problems}")).limits.tokens.map(u32::from)
    };
    assert_eq!(limit(""), Some(600));
    assert_eq!(limit("[limits]\ncalls_per_token_per_minute = 5\n"), Some(5));
    assert_eq!(limit("[limits]\ncalls_per_token_per_minute = 0\n"), None);
}
