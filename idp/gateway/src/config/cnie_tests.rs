//! `[cnie]` as an operator meets it.

use domain::cnie::assertion::Uncertified;

use super::tests::{Folder, LOCAL, PROVIDER};
use super::*;

const CARD: &str =
    "[cnie]\ntrust = \"trust/cnie\"\neid_trust = \"trust/eid\"\nstatus_url = \"http://127.0.0.1:8406/cards\"\n";

#[test]
fn without_its_section_there_is_no_card_provider() {
    let folder = Folder::new();
    folder.write("config/idp.toml", LOCAL);
    assert!(folder.load().expect("sound").cnie.is_none());
}

#[test]
fn the_card_provider_asks_for_its_roots_and_its_authority_and_for_no_more() {
    let folder = Folder::new();
    folder.write("config/idp.toml", &format!("{LOCAL}{CARD}"));
    let cnie = folder.load().expect("sound").cnie.expect("there");
    assert_eq!((cnie.id.as_str(), cnie.order, cnie.uncertified), ("carte", 1, Uncertified::Nothing));
    assert_eq!((cnie.cards, cnie.status_timeout.as_millis()), (Cards::Real, 2000));
    assert!(cnie.trust.ends_with("config/trust/cnie") && cnie.eid_trust.ends_with("config/trust/eid"));
    for key in ["trust", "eid_trust", "status_url"] {
        let others = CARD.lines().filter(|line| !line.starts_with(&format!("{key} =")));
        let without = others.collect::<Vec<_>>().join("\n");
        let told = folder.told(&format!("{LOCAL}{without}"));
        assert!(told.contains(&format!("cnie.{key}: is missing")), "{key}: {told}");
    }
}

#[test]
fn an_identity_without_a_desk_gives_low_at_the_most() {
    let folder = Folder::new();
    let read = |value: &str| {
        folder.write("config/idp.toml", &format!("{LOCAL}{CARD}uncertified = \"{value}\"\n"));
        folder.load().map(|config| config.cnie.expect("there").uncertified)
    };
    assert_eq!(read("none"), Ok(Uncertified::Nothing));
    assert_eq!(read("eidas1"), Ok(Uncertified::Low));
    for above in ["eidas2", "eidas3", ""] {
        assert!(read(above).expect_err("refused").to_string().contains("cnie.uncertified"), "{above}");
    }
}

#[test]
fn a_simulator_is_for_a_sandbox_alone() {
    let folder = Folder::new();
    folder.write("config/idp.toml", &format!("{LOCAL}{CARD}simulator = true\n"));
    assert_eq!(folder.load().expect("sound").cnie.expect("there").cards, Cards::Simulated);
    let public = format!("issuer = \"https://connexion.example.fr\"\n{CARD}simulator = true\n");
    assert!(folder.told(&public).contains("cnie.simulator: may be true on a loopback issuer only"));
}

#[test]
fn the_card_provider_has_an_id_of_its_own() {
    let folder = Folder::new();
    folder
        .write("config/secret", "geheim")
        .write("config/providers/carte.toml", &format!("{PROVIDER}client_secret_file = \"../secret\"\n"));
    assert!(folder.told(&format!("{LOCAL}{CARD}")).contains("`carte` is the id of another provider already"));
    folder.write("config/idp.toml", &format!("{LOCAL}{CARD}id = \"cnie\"\n"));
    assert!(folder.load().is_ok());
}

#[test]
fn the_card_authority_is_where_the_gateway_may_call() {
    let folder = Folder::new();
    let elsewhere = CARD.replace("http://127.0.0.1:8406", "https://10.1.2.3");
    assert!(folder.told(&format!("{LOCAL}{elsewhere}")).contains("10.1.2.3 is a private address"));
    assert!(
        folder
            .told(&format!("{LOCAL}{}", CARD.replace("http://127.0.0.1:8406", "http://a.example")))
            .contains("cnie.status_url")
    );
}
