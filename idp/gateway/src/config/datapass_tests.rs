//! `[datapass]` as an operator meets it.

use super::tests::{Folder, LOCAL};
use super::*;

fn load(text: &str, secret: &str) -> Result<Option<DataPass>, Problems> {
    let folder = Folder::new();
    folder.write("config/datapass.secret", secret);
    folder.write("config/idp.toml", &format!("{LOCAL}{text}"));
    folder.load().map(|config| config.datapass)
}

const NAMED: &str = "[datapass]\nsecret_file = \"datapass.secret\"\n";

#[test]
fn without_a_secret_nothing_is_taken_from_elsewhere() {
    for text in ["", "[datapass]\n", "[datapass]\nsecret_file = \"\"\n"] {
        assert!(load(text, "").expect("sound").is_none(), "{text}");
    }
    let read = load(NAMED, &format!("  {}\n", "s".repeat(32))).expect("sound").expect("a platform");
    assert_eq!(read.secret.expose(), "s".repeat(32));
    assert_eq!(read.types.into_iter().collect::<Vec<_>>(), ["authorization_request/france_connect"]);
    let types = format!("{NAMED}model_types = [\"authorization_request/passerelle\"]\n");
    let read = load(&types, &"s".repeat(32)).expect("sound").expect("a platform");
    assert!(read.types.contains("authorization_request/passerelle") && read.types.len() == 1);
}

#[test]
fn a_secret_that_anybody_may_guess_is_told_and_not_shown() {
    let told = load(NAMED, &"s".repeat(31)).expect_err("too short").to_string();
    assert!(told.contains("datapass.secret_file") && told.contains("32") && !told.contains("sss"), "{told}");
    let told = load(&format!("{NAMED}model_types = [\"\"]\n"), &"s".repeat(32)).expect_err("empty").to_string();
    assert!(told.contains("datapass.model_types"), "{told}");
    let told = load("[datapass]\nsecret = \"x\"\n", "").expect_err("in the file itself").to_string();
    assert!(told.contains("secret_file"), "{told}");
}
