//! `[keys]` and `[secrets]` as an operator meets them.

use std::collections::BTreeMap;

use domain::keys::Timetable;
use domain::secret::base64url;
use domain::time::Lifetime;

use super::tests::{Folder, LOCAL};
use super::*;
use crate::random::Random;

fn told(text: &str) -> String {
    Folder::new().told(&format!("{LOCAL}{text}"))
}

#[test]
fn a_key_verifies_for_longer_than_what_the_configuration_lets_it_sign() {
    let folder = Folder::new();
    let load = |text: &str| {
        folder.write("config/idp.toml", &format!("{LOCAL}{text}"));
        folder.load()
    };
    let short = told("[lifetimes]\nid_token = 3600\n[keys]\nverify_for_hours = 1\n");
    assert!(short.contains("keys.verify_for_hours: must be 2 at least"), "{short}");
    let session = told("[lifetimes]\nsession = 43_200\n[keys]\nverify_for_hours = 12\n");
    assert!(session.contains("must be 13 at least: what a key signed may be verified for 43500 seconds"), "{session}");
    assert!(load("[lifetimes]\nsession = 43_200\n[keys]\nverify_for_hours = 13\n").is_ok());
    assert!(told("[keys]\nverify_for_hours = 0\n").contains("from 1 to 8760"));
    assert!(told("[keys]\nrotate_every_days = 4000\n").contains("from 0 to 3650"));
    let keys = load("[keys]\nrotate_every_days = 0\n").expect("sound").keys;
    let expected = Timetable::new(Lifetime::seconds(1800), Lifetime::seconds(86_400), None).expect("enough");
    assert_eq!(keys.timetable, expected);
}

#[test]
fn a_token_is_named_whole_or_not_at_all() {
    let folder = Folder::new();
    folder.write("config/module.so", "a library").write("config/pin", "1234");
    let load = |text: &str, pin: &[(&str, &str)]| {
        folder.write("config/idp.toml", &format!("{LOCAL}[keys]\n{text}"));
        folder.load_in(pin).map_err(|problems| problems.to_string())
    };
    assert!(load("holder = \"pkcs11\"\n", &[]).expect_err("no token").contains("needs `module` in [keys.pkcs11]"));
    for (text, expected) in [
        ("module = \"nowhere.so\"\ntoken_label = \"a\"\npin_file = \"pin\"\n", "there is no library"),
        ("module = \"module.so\"\npin_file = \"pin\"\n", "either the label of the token or its `slot`"),
        ("module = \"module.so\"\ntoken_label = \"a\"\nslot = \"1\"\npin_file = \"pin\"\n", "either the label"),
        ("module = \"module.so\"\nslot = \"one\"\npin_file = \"pin\"\n", "must be the number of a slot"),
        ("module = \"module.so\"\ntoken_label = \"a\"\n", "keys.pkcs11.pin_file: the token needs its PIN"),
        ("module = \"module.so\"\ntoken_label = \"a\"\npin = \"1234\"\n", "no such key"),
        ("module = \"module.so\"\ntoken_label = \"a\"\npin_file = \"pin\"\nsessions = 0\n", "from 1 to 256"),
    ] {
        let told = load(&format!("[keys.pkcs11]\n{text}"), &[]).expect_err(text);
        assert!(told.contains(expected), "{told}");
    }
    let whole = "holder = \"pkcs11\"\n[keys.pkcs11]\nmodule = \"module.so\"\ntoken_label = \"a\"\n";
    let config = load(whole, &[("PASSERELLE_PKCS11_PIN", "geheim")]).expect("sound");
    assert_eq!(config.keys.holder, Holder::Token);
    let token = config.keys.token.as_ref().expect("named");
    assert_eq!((token.pin.expose(), token.sessions, &token.place), ("geheim", 8, &TokenPlace::Label("a".into())));
    assert!(!format!("{config:?}").contains("geheim"));
    let by_slot =
        load("[keys.pkcs11]\nmodule = \"module.so\"\nslot = \"7\"\npin_file = \"pin\"\n", &[]).expect("sound");
    assert_eq!(by_slot.keys.token.expect("named").place, TokenPlace::Slot(7));
    assert_eq!(by_slot.keys.holder, Holder::Registry, "a token may be there for keys of before alone");
}

#[test]
fn a_protected_master_key_is_opened_by_its_passphrase_from_a_file_or_the_environment() {
    let folder = Folder::new();
    let passphrase = Secret::new("correct horse battery");
    let text = passphrase::protect(&[7; 32], &passphrase, Random::system()).expect("protected");
    folder.write("config/master.key", text.expose());
    let with = "[secrets]\nmaster_key_file = \"master.key\"\n";
    folder.write("config/idp.toml", &format!("{LOCAL}{with}"));
    let opened = |variables: &[(&str, &str)]| {
        let secrets = folder.load_in(variables).map_err(|problems| problems.to_string())?.secrets;
        assert_eq!(secrets.protection, Protection::Passphrase);
        secrets.master_key.obtain(Random::system()).map(|key| *key.bytes()).map_err(|error| error.to_string())
    };
    let variable = "PASSERELLE_MASTER_KEY_PASSPHRASE";
    assert_eq!(opened(&[(variable, passphrase.expose())]), Ok([7; 32]));
    let none = opened(&[]).expect_err("no passphrase");
    assert!(none.contains("master.key is under a passphrase: give it by `master_key_passphrase_file`"), "{none}");
    let wrong = opened(&[(variable, "geheim geheim")]).expect_err("another");
    assert!(wrong.contains("is not opened by the passphrase, or was changed") && !wrong.contains("geheim"), "{wrong}");
    folder.write("config/passphrase", "correct horse battery\n");
    folder.write("config/idp.toml", &format!("{LOCAL}{with}master_key_passphrase_file = \"passphrase\"\n"));
    assert_eq!(opened(&[]), Ok([7; 32]));
}

#[test]
fn sealing_keys_have_versions_above_the_master_key() {
    let folder = Folder::new();
    folder.write("config/two.key", &base64url(&[2; 32]));
    let load = |keys: &str| {
        folder.write("config/idp.toml", &format!("{LOCAL}[secrets]\nsealing_keys = {keys}\n"));
        folder.load().map_err(|problems| problems.to_string())
    };
    let keys = load("{ 2 = \"two.key\", 255 = \"two.key\" }").expect("sound").secrets.sealing_keys;
    let versions: BTreeMap<u8, [u8; 32]> = keys.iter().map(|(version, key)| (*version, *key.bytes())).collect();
    assert_eq!(versions, BTreeMap::from([(2, [2; 32]), (255, [2; 32])]));
    for version in ["0", "1", "256", "02", "two"] {
        let told = load(&format!("{{ {version} = \"two.key\" }}")).expect_err(version);
        assert!(told.contains("is not a version from 2 to 255"), "{told}");
    }
    assert!(load("{ 2 = \"nowhere.key\" }").expect_err("missing").contains("nowhere.key cannot be read"));
    assert!(load("{ 2 = 2 }").expect_err("a number").contains("must be a text in quotes"));
}
