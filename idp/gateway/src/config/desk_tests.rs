//! `[desk]` as an operator meets it.

use super::tests::{Folder, LOCAL};
use super::*;

const CERTIFIED: &str = "[listen]\ntls_certificate = \"chain.pem\"\ntls_key = \"key.pem\"\n";

fn load(text: &str) -> Option<Place> {
    let folder = Folder::new();
    folder.write("config/idp.toml", &format!("{LOCAL}{text}"));
    folder.load().unwrap_or_else(|problems| panic!("{text}\n{problems}")).desk
}

#[test]
fn without_an_origin_there_is_no_desk() {
    assert!(load("").is_none() && load("[desk]\norigin = \"\"\nlisten = \"\"\n").is_none());
}

#[test]
fn a_desk_is_on_the_main_door_or_on_one_of_its_own() {
    let shared = load("[desk]\norigin = \"http://localhost:8401\"\n").expect("a desk");
    assert!(shared.door.is_none());
    assert_eq!(shared.origin.as_str(), "http://localhost:8401");
    let own = load("[desk]\norigin = \"http://localhost:8404\"\nlisten = \"127.0.0.1:8404\"\n").expect("a desk");
    let door = own.door.expect("its own");
    assert!(door.address.port() == 8404 && door.tls.is_none());
    let far = "[desk]\norigin = \"https://guichet.example.fr\"\nlisten = \"0.0.0.0:8404\"\n";
    let door = load(&format!("{CERTIFIED}{far}")).expect("a desk").door.expect("its own");
    assert!(door.tls.expect("that of the other door").certificate.ends_with("chain.pem"));
    let own = format!("{far}tls_certificate = \"own.pem\"\ntls_key = \"own.key\"\n");
    let door = load(&format!("{CERTIFIED}{own}")).expect("a desk").door.expect("its own");
    assert!(door.tls.expect("its own").certificate.ends_with("own.pem"));
    let proxied = format!("[listen]\ntrusted_proxies = [\"10.0.0.0/8\"]\n{far}");
    assert!(load(&proxied).expect("a desk").door.expect("its own").tls.is_none());
}

#[test]
fn an_origin_that_passkeys_cannot_belong_to_is_told() {
    let folder = Folder::new();
    for (text, advice) in [
        ("origin = \"http://127.0.0.1:8401\"\n", "never to an IP address"),
        ("origin = \"https://192.0.2.1\"\n", "never to an IP address"),
        ("origin = \"http://[::1]:8401\"\n", "never to an IP address"),
        ("origin = \"http://guichet.example.fr\"\n", "must be https"),
        ("origin = \"https://guichet.example.fr/\"\n", "must not end with a slash"),
        ("origin = \"https://guichet.example.fr/guichet\"\n", "must have no path"),
        ("listen = \"127.0.0.1:8404\"\n", "desk.listen: has no effect without `origin`"),
        ("origin = \"http://localhost:1\"\nlisten = \"8404\"\n", "is not an address with a port"),
        ("origin = \"http://localhost:1\"\nlisten = \"0.0.0.0:8404\"\n", "must be on loopback"),
        ("origin = \"https://g.example.fr\"\nlisten = \"127.0.0.1:8404\"\n", "tls_certificate: is needed"),
        ("origin = \"http://localhost:1\"\ntls_key = \"key.pem\"\n", "goes with `tls_key`"),
        (
            "origin = \"http://localhost:1\"\ntls_certificate = \"a.pem\"\ntls_key = \"a.key\"\n",
            "tls_certificate: has no effect without `listen`",
        ),
        (
            "origin = \"http://localhost:1\"\nlisten = \"127.0.0.1:1\"\ntls_certificate = \"a.pem\"\ntls_key = \"a.key\"\n",
            "goes with an https `origin`",
        ),
        ("origin = \"http://localhost:1\"\nrp_id = \"x\"\n", "rp_id"),
    ] {
        let told = folder.told(&format!("{LOCAL}[desk]\n{text}"));
        assert!(told.contains(advice), "{advice}\n--- in\n{told}");
    }
}

#[test]
fn the_partners_space_is_a_place_as_a_desk_is() {
    let folder = Folder::new();
    let both = "[desk]\norigin = \"http://localhost:8404\"\nlisten = \"127.0.0.1:8404\"\n\
                [partners]\norigin = \"http://localhost:8405\"\nlisten = \"127.0.0.1:8405\"\n";
    folder.write("config/idp.toml", &format!("{LOCAL}{both}"));
    let config = folder.load().unwrap_or_else(|problems| panic!("{problems}"));
    let ports = [&config.desk, &config.partners].map(|place| {
        let door = place.as_ref().and_then(|place| place.door.as_ref()).expect("its own");
        door.address.port()
    });
    assert_eq!(ports, [8404, 8405]);
    folder.write("config/idp.toml", LOCAL);
    assert!(folder.load().unwrap_or_else(|problems| panic!("{problems}")).partners.is_none());
    let told = folder.told(&format!("{LOCAL}[partners]\norigin = \"http://127.0.0.1:8401\"\n"));
    assert!(told.contains("partners.origin") && told.contains("never to an IP address"), "{told}");
}
