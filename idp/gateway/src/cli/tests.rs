//! The commands as an operator or a script runs them: what is printed, what is kept, how they end.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use domain::jose::SigningAlgorithm;

use super::*;

/// A configuration and what was kept under it.
pub(super) struct Place(TempDir, BTreeMap<String, String>);

impl Place {
    pub(super) fn new() -> Self {
        let place = Self(TempDir::new().expect("a folder"), BTreeMap::new());
        fs::create_dir_all(place.0.path().join("config/providers")).expect("writable");
        place.write("config/idp.toml", "issuer = \"http://127.0.0.1:8401\"\n");
        place
    }

    pub(super) fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("writable");
        path.display().to_string()
    }

    /// Runs a command; gives its exit code, and what it printed or why it failed.
    pub(super) async fn run(&self, arguments: &[&str]) -> (u8, String) {
        let config = self.0.path().join("config/idp.toml").display().to_string();
        let line = ["idp"].iter().chain(arguments).copied().chain(["--config", &config]);
        let cli = match Cli::try_parse_from(line) {
            Ok(cli) => cli,
            Err(error) => return (2, error.to_string()),
        };
        let mut out = Vec::new();
        match Box::pin(run(cli, &Environment::Given(self.1.clone()), &mut out)).await {
            Ok(()) => (0, String::from_utf8(out).expect("text")),
            Err(failure) => (failure.exit_code(), failure.to_string()),
        }
    }

    /// Runs a command that must succeed and print JSON.
    pub(super) async fn json(&self, arguments: &[&str]) -> Value {
        let (code, printed) = self.run(arguments).await;
        assert_eq!(code, 0, "{printed}");
        serde_json::from_str(&printed).expect("JSON")
    }

    fn client(&self, changes: &Value) -> String {
        let mut metadata = json!({
            "client_id": "ville", "client_name": "Ville", "redirect_uris": ["https://ville.example/retour"],
        });
        for (key, value) in changes.as_object().expect("an object") {
            metadata[key] = value.clone();
        }
        self.write("client.json", &metadata.to_string())
    }
}

#[tokio::test]
async fn a_client_is_registered_once_and_its_secret_shown_once() {
    let place = Place::new();
    let file = place.client(&json!({}));
    let first = place.json(&["clients", "import", &file, "--json"]).await;
    assert_eq!(first["client_id"], "ville");
    // 256 bits in base64url.
    assert_eq!(first["client_secret"].as_str().map(str::len), Some(43));

    let again = place.json(&["clients", "import", &file, "--json"]).await;
    assert_eq!(again, json!({"client_id": "ville", "client_secret": null}));
    let renewed = place.json(&["clients", "import", &file, "--json", "--new-secret"]).await;
    assert_ne!(renewed["client_secret"], first["client_secret"]);
    assert_eq!(renewed["client_secret"].as_str().map(str::len), Some(43));

    let (_, journal) = place.run(&["journal", "verify"]).await;
    assert_eq!(journal.trim(), "the journal is whole: 5 entries");
}

#[tokio::test]
async fn a_journal_that_was_put_back_is_told_by_a_logged_head() {
    let place = Place::new();
    let (kept, registry) = (place.0.path().join("kept.sqlite"), place.0.path().join("data/registry.sqlite"));
    let head = async || {
        let config = Config::load(&place.0.path().join("config/idp.toml"), &Environment::Given(BTreeMap::new()));
        let config = config.expect("sound");
        let bench = Bench { config, clock: Clock::system(), random: Random::system(), out: &mut Vec::new() };
        let registry = bench.registry().await.expect("opens");
        let head = registry.journal_head().await.expect("reads");
        registry.close().await;
        head.to_string()
    };
    let verify = async |head: &str| place.run(&["journal", "verify", "--holds", head]).await.0;
    place.run(&["clients", "import", &place.client(&json!({}))]).await;
    let first = head().await;
    fs::copy(&registry, &kept).expect("a backup");
    place.run(&["clients", "disable", "ville"]).await;
    let second = head().await;
    assert_eq!((verify(&first).await, verify(&second).await), (0, 0));

    fs::copy(&kept, &registry).expect("the backup comes back");
    assert_eq!(place.run(&["journal", "verify"]).await.0, 0, "it is a true journal");
    assert_eq!((verify(&first).await, verify(&second).await), (0, 1));
    place.run(&["clients", "import", &place.client(&json!({}))]).await;
    assert_eq!((verify(&first).await, verify(&second).await), (0, 1), "another act in its place does not hide it");
    assert_eq!((verify("0:x").await, verify("x").await), (2, 2));
}

#[tokio::test]
async fn an_import_changes_the_metadata_and_keeps_the_secret_that_works() {
    let place = Place::new();
    place.json(&["clients", "import", &place.client(&json!({})), "--json"]).await;
    let secret = async || {
        let config = Config::load(&place.0.path().join("config/idp.toml"), &Environment::Given(BTreeMap::new()));
        let config = config.expect("sound");
        let bench = Bench { config, clock: Clock::system(), random: Random::system(), out: &mut Vec::new() };
        let registry = bench.registry().await.expect("opens");
        let id = domain::id::ClientId::parse("ville").expect("plain");
        let held = registry.client(&id).await.expect("read").expect("there");
        registry.close().await;
        (held.client.name.fr, !held.secrets.is_empty())
    };
    place.json(&["clients", "import", &place.client(&json!({"client_name": "Autre ville"})), "--json"]).await;
    assert_eq!(secret().await, ("Autre ville".to_owned(), true));

    let keys = public_keys();
    let by_key = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": keys});
    let imported = place.json(&["clients", "import", &place.client(&by_key), "--json"]).await;
    assert_eq!(imported["client_secret"], Value::Null);
    assert!(!secret().await.1, "a client that authenticates by keys has no secret");
    let (code, told) = place.run(&["clients", "import", &place.client(&by_key), "--new-secret"]).await;
    assert_eq!(code, 1, "{told}");

    let back = place.json(&["clients", "import", &place.client(&json!({})), "--json"]).await;
    assert!(back["client_secret"].is_string(), "it needs one again");
}

fn public_keys() -> Value {
    use domain::id::Kid;
    use domain::jose::{SigningAlgorithm, SigningKey};
    let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("a key");
    json!({"keys": [key.public_jwk()]})
}

#[tokio::test]
async fn a_client_without_an_identifier_gets_one() {
    let place = Place::new();
    let file =
        place.write("client.json", r#"{"client_name":"Ville","redirect_uris":["https://ville.example/retour"]}"#);
    let (one, two) = (
        place.json(&["clients", "import", &file, "--json"]).await,
        place.json(&["clients", "import", &file, "--json"]).await,
    );
    assert_ne!(one["client_id"], two["client_id"]);
    assert_eq!(one["client_id"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn a_client_joins_the_sector_whose_list_holds_its_redirect_uris() {
    use crate::outbound::tests::Origin;
    use axum::response::Redirect;
    use axum::routing::get;
    let listed = || async { r#"["https://ville.example/retour","https://autre.example/"]"# };
    let router = axum::Router::new()
        .route("/list", get(listed))
        .route("/moved", get(|| async { Redirect::to("/list") }))
        .route("/other", get(|| async { r#"["https://autre.example/"]"# }))
        .route("/texts", get(|| async { r#"["https://ville.example/retour",7]"# }));
    let (place, origin) = (Place::new(), Origin::serve(router).await);
    let import = async |uri: &str| {
        place.run(&["clients", "import", &place.client(&json!({"sector_identifier_uri": uri}))]).await
    };
    for (path, told) in [("/moved", "303"), ("/none", "404"), ("/other", "does not stand"), ("/texts", "list of texts")]
    {
        let (code, said) = import(&origin.url(path)).await;
        assert!(code == 1 && said.contains(told) && said.contains("client.json"), "{path}: {said}");
    }
    for private in ["https://169.254.169.254/list", "https://10.0.0.1/list"] {
        let (code, said) = import(private).await;
        assert!(code == 1 && said.contains("private network"), "{said}");
    }
    assert_eq!(place.json(&["clients", "list", "--json"]).await, json!([]));
    assert_eq!(import(&origin.url("/list")).await.0, 0);
    assert_eq!(place.json(&["clients", "show", "ville", "--json"]).await["metadata"]["sector"], "127.0.0.1");
    // Its host vouches for its list, and for nobody who is merely called like it.
    let named = place.client(&json!({"client_id": "127.0.0.1"}));
    let (code, told) = place.run(&["clients", "import", &named]).await;
    assert!(code == 1 && told.contains("the sector 127.0.0.1 is that of a host by its list"), "{told}");
}

#[tokio::test]
async fn clients_are_listed_shown_disabled_and_enabled() {
    let place = Place::new();
    place.run(&["clients", "import", &place.client(&json!({"scope": "openid email"}))]).await;
    let state = async || place.json(&["clients", "show", "ville", "--json"]).await["state"].clone();
    assert_eq!(state().await, "active");
    assert_eq!(place.run(&["clients", "disable", "ville"]).await, (0, "ville is disabled\n".to_owned()));
    assert_eq!(state().await, "disabled");
    assert_eq!(place.run(&["clients", "enable", "ville"]).await, (0, "ville is active\n".to_owned()));
    let list = place.json(&["clients", "list", "--json"]).await;
    assert_eq!(list[0]["client_id"], "ville");
    let (_, shown) = place.run(&["clients", "show", "ville"]).await;
    assert!(shown.contains("https://ville.example/retour") && shown.contains("email"), "{shown}");
    let (_, listed) = place.run(&["clients", "list"]).await;
    assert!(listed.contains("ville") && listed.contains("client_secret_basic"), "{listed}");
    for command in ["show", "disable", "enable"] {
        let (code, told) = place.run(&["clients", command, "nobody"]).await;
        assert_eq!((code, told.as_str()), (1, "there is no client nobody"));
    }
}

#[tokio::test]
async fn metadata_that_cannot_be_registered_is_told_and_nothing_is_kept() {
    let place = Place::new();
    for (text, expected) in [
        ("{", "not JSON"),
        ("[]", "client metadata"),
        (r#"{"client_name":"Ville","redirect_uris":["http://ville.example/"]}"#, "redirect_uris"),
        (r#"{"client_name":"Ville","redirect_uri":[]}"#, "redirect_uri"),
    ] {
        let file = place.write("client.json", text);
        let (code, told) = place.run(&["clients", "import", &file]).await;
        assert_eq!(code, 1);
        assert!(told.contains(expected) && told.contains("client.json"), "{told}");
    }
    let (code, told) = place.run(&["clients", "import", "/nowhere.json"]).await;
    assert!(code == 1 && told.contains("/nowhere.json"), "{told}");
    assert_eq!(place.json(&["clients", "list", "--json"]).await, json!([]));
}

#[tokio::test]
async fn a_client_whose_answers_the_token_cannot_sign_is_refused() {
    let mut place = Place::new();
    let import = async |place: &Place, changes: Value| {
        let file = place.client(&changes);
        place.run(&["clients", "import", &file]).await
    };
    place.run(&["keys", "rotate"]).await;
    // A registry whose token made ES256 alone.
    let config = place.0.path().join("config/idp.toml");
    let none = Environment::Given(BTreeMap::new());
    let loaded = Config::load(&config, &none).unwrap_or_else(|problems| panic!("{problems}"));
    let vault = serve::vault(&loaded, Random::system()).expect("a vault");
    let registry = serve::registry(&loaded, vault, &Clock::system()).await.expect("a registry");
    for key in registry.keys().await.expect("reads") {
        if key.life.algorithm != SigningAlgorithm::Es256 {
            let gone = registry.erase_key(&key.life, Clock::system().now()).await.expect("writes");
            assert_eq!(gone, store::registry::Updated::Done);
        }
    }
    registry.close().await;
    assert_eq!(import(&place, json!({})).await.0, 0, "keys of the registry are made of every algorithm");
    place.write(
        "config/idp.toml",
        "issuer = \"http://127.0.0.1:8401\"\n[keys]\nholder = \"pkcs11\"\n\
         [keys.pkcs11]\nmodule = \"module.so\"\ntoken_label = \"a\"\n",
    );
    place.write("config/module.so", "");
    place.1.insert("PASSERELLE_PKCS11_PIN".to_owned(), "1234".to_owned());
    for (changes, field) in [
        (json!({}), "id_token_signed_response_alg: there is no RS256 key"),
        (
            json!({"id_token_signed_response_alg": "ES256", "userinfo_signed_response_alg": "PS256"}),
            "userinfo_signed_response_alg: there is no PS256 key",
        ),
        (
            json!({"id_token_signed_response_alg": "ES256", "authorization_signed_response_alg": "EdDSA"}),
            "authorization_signed_response_alg: there is no EdDSA key",
        ),
    ] {
        let (code, told) = import(&place, changes).await;
        assert!(code == 1 && told.contains(field) && told.contains("client.json"), "{told}");
    }
    let (code, told) = import(&place, json!({"id_token_signed_response_alg": "ES256"})).await;
    assert_eq!(code, 0, "{told}");
}

#[tokio::test]
async fn a_rotation_makes_a_key_of_each_algorithm_or_of_one() {
    let place = Place::new();
    assert_eq!(place.run(&["keys", "rotate"]).await.0, 0);
    let keys = place.json(&["keys", "list", "--json"]).await;
    assert_eq!(keys.as_array().map(Vec::len), Some(SigningAlgorithm::ALL.len()));
    assert!(keys.as_array().expect("a list").iter().all(|key| key["state"] == "signing"), "the first sign at once");
    let (_, made) = place.run(&["keys", "rotate", "--algorithm", "ES256"]).await;
    assert_eq!(made.lines().count(), 1, "{made}");
    let (_, listed) = place.run(&["keys", "list"]).await;
    assert_eq!(listed.matches("announced ").count(), SigningAlgorithm::ALL.len() + 2, "one key announced: {listed}");
    assert_eq!(place.run(&["keys", "rotate", "--algorithm", "HS256"]).await.0, 2);
    let (_, checked) = place.run(&["keys", "check", "--count", "2"]).await;
    let signing: Vec<&str> = checked.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(signing, SigningAlgorithm::ALL.map(SigningAlgorithm::name), "{checked}");
}

#[tokio::test]
async fn the_master_key_is_put_under_a_passphrase_and_another_and_taken_out_and_stays_the_same() {
    let mut place = Place::new();
    let (code, told) = place.run(&["master-key", "protect"]).await;
    assert_eq!((code, told.as_str()), (1, "there is no master key yet: the first start makes it"));
    place.run(&["keys", "rotate"]).await;
    let file = place.0.path().join("data/master.key");
    let kept = || fs::read_to_string(&file).expect("readable");
    let plain = kept();
    let (code, told) = place.run(&["master-key", "protect"]).await;
    assert!(code == 1 && told.contains("there is no passphrase"), "{told}");
    assert_eq!(place.run(&["master-key", "unprotect"]).await.0, 1);

    let variable = "PASSERELLE_MASTER_KEY_PASSPHRASE".to_owned();
    place.1.insert(variable.clone(), "too short".to_owned());
    let (code, told) = place.run(&["master-key", "protect"]).await;
    assert!(code == 1 && told.contains("12 characters") && kept() == plain, "{told}");
    place.1.insert(variable.clone(), "the first passphrase".to_owned());
    assert_eq!(place.run(&["master-key", "protect"]).await.0, 0);
    assert!(kept().starts_with("passerelle-key-1$argon2id$v=19$m=65536,t=3,p=1$") && !kept().contains(&plain));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).expect("there").permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(place.run(&["keys", "check"]).await.0, 0, "the registry opens");
    assert_eq!(place.run(&["master-key", "protect"]).await.0, 1);

    let next = place.write("next", "the second passphrase\n");
    assert_eq!(place.run(&["master-key", "rewrap", "--passphrase-file", &next]).await.0, 0);
    let (code, told) = place.run(&["keys", "list"]).await;
    assert!(code == 2 && told.contains("is not opened by the passphrase"), "{told}");
    place.1.insert(variable, "the second passphrase".to_owned());
    assert_eq!(place.run(&["keys", "check"]).await.0, 0);
    assert_eq!(place.run(&["master-key", "unprotect"]).await.0, 0);
    assert_eq!(kept(), plain);
}

#[tokio::test]
async fn a_new_sealing_key_seals_what_comes_and_opens_with_the_old_one_what_was() {
    let place = Place::new();
    place.run(&["keys", "rotate"]).await;
    let key = place.write("config/two.key", &domain::secret::base64url(&[2; 32]));
    let with = format!("issuer = \"http://127.0.0.1:8401\"\n[secrets]\nsealing_keys = {{ 2 = {key:?} }}\n");
    place.write("config/idp.toml", &with);
    assert_eq!(place.run(&["keys", "rotate", "--algorithm", "ES256"]).await.0, 0);
    let keys = place.json(&["keys", "list", "--json"]).await;
    assert_eq!(keys.as_array().map(Vec::len), Some(SigningAlgorithm::ALL.len() + 1));
    place.write("config/idp.toml", "issuer = \"http://127.0.0.1:8401\"\n");
    let (code, told) = place.run(&["keys", "list"]).await;
    assert!(code == 1 && told.contains("signing_keys"), "what the new key sealed stays closed without it: {told}");
}

#[tokio::test]
async fn a_configuration_that_is_wrong_ends_with_two() {
    let place = Place::new();
    let (code, told) = place.run(&["check-config"]).await;
    assert_eq!(
        (code, told.trim()),
        (0, "the configuration is sound: issuer http://127.0.0.1:8401, 0 identity providers")
    );
    place.write(
        "config/idp.toml",
        "issuer = \"http://127.0.0.1:8401\"\n[listen]\ntls_certificate = \"a\"\ntls_key = \"b\"\n",
    );
    let (code, told) = place.run(&["check-config"]).await;
    assert!(code == 2 && told.contains("cannot be read"), "{told}");
    place.write("config/idp.toml", "isuer = \"x\"\n");
    for command in [&["check-config"][..], &["serve"], &["migrate"], &["clients", "list"], &["keys", "list"]] {
        let (code, told) = place.run(command).await;
        assert!(code == 2 && told.contains("did you mean `issuer`?"), "{told}");
    }
    assert_eq!(place.run(&["clients", "imprt", "x"]).await.0, 2);
}

#[tokio::test]
async fn a_port_that_is_taken_ends_with_two_and_a_plain_word() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = held.local_addr().expect("bound");
    let place = Place::new();
    place.write("config/idp.toml", &format!("issuer = \"http://{address}\"\n[listen]\naddress = \"{address}\"\n"));
    let (code, told) = place.run(&["serve"]).await;
    assert_eq!(code, 2);
    assert!(told.starts_with(&format!("address {address} is already in use; ")), "{told}");
}

#[tokio::test]
async fn migrating_is_done_as_often_as_one_likes() {
    let place = Place::new();
    for _ in 0..2 {
        assert_eq!(place.run(&["migrate"]).await, (0, "the registry has the schema of this program\n".to_owned()));
    }
}

#[test]
fn an_id_that_begins_with_a_hyphen_is_an_id() {
    use clap::Parser as _;
    for line in [
        ["keys", "withdraw", "-v8xZ"],
        ["clients", "show", "-v8xZ"],
        ["clients", "disable", "-v8xZ"],
        ["clients", "enable", "-v8xZ"],
        ["agents", "renew", "-v8xZ"],
        ["agents", "remove", "-v8xZ"],
        ["cards", "show", "-v8xZ"],
    ] {
        let read = Cli::try_parse_from(["idp"].iter().chain(&line));
        assert!(read.is_ok(), "{line:?}: {}", read.err().map(|error| error.to_string()).unwrap_or_default());
    }
    // One that reads as a known option stands after `--`.
    let line = ["idp", "--config", "idp.toml", "keys", "withdraw", "--", "-h8xZ"];
    assert!(Cli::try_parse_from(line).is_ok(), "the field's way of saying that no option follows");
}
