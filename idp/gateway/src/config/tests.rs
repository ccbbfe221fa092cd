//! The configuration as an operator meets it: what is shipped loads, and every mistake is told where it stands.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use domain::level::Level;
use tempfile::TempDir;

use super::*;
use crate::random::Random;

/// A configuration folder of its own.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        let folder = Self(TempDir::new().expect("a temporary folder"));
        fs::create_dir_all(folder.path("config/providers")).expect("writable");
        folder
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> &Self {
        fs::write(self.path(name), text).expect("writable");
        self
    }

    pub(super) fn load(&self) -> Result<Config, Problems> {
        self.load_in(&[])
    }

    pub(super) fn load_in(&self, variables: &[(&str, &str)]) -> Result<Config, Problems> {
        let variables: BTreeMap<_, _> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::load(&self.path("config/idp.toml"), &Environment::Given(variables))
    }

    /// What is told about this `idp.toml`.
    pub(super) fn told(&self, text: &str) -> String {
        self.write("config/idp.toml", text);
        self.load().expect_err(text).to_string()
    }

    /// What is told about this provider file, beside a sound `idp.toml`.
    pub(super) fn told_of_provider(&self, text: &str) -> String {
        self.write("config/idp.toml", LOCAL).write("config/providers/impots.toml", text);
        self.load().expect_err(text).to_string()
    }
}

pub(super) const LOCAL: &str = "issuer = \"http://127.0.0.1:8401\"\n";
pub(super) const PROVIDER: &str =
    "issuer = \"http://127.0.0.1:8402/impots\"\nclient_id = \"passerelle\"\ntitle_fr = \"Impôts\"\n";

const PRODUCTION: &str = r#"
issuer = "https://connexion.example.fr"
[listen]
address = "0.0.0.0:8443"
trusted_proxies = ["10.0.0.0/8"]
[mail]
smtp = "smtps://mail.example.fr"
from = "Passerelle <ne-pas-repondre@example.fr>"
[civil_registry]
url = "https://etat-civil.example.fr/individus"
"#;

fn key_text() -> String {
    domain::secret::base64url(&[7; 32])
}

#[test]
fn a_loopback_issuer_is_all_that_a_sandbox_must_say() {
    let folder = Folder::new();
    folder.write("config/idp.toml", LOCAL);
    let config = folder.load().expect("enough");
    assert_eq!(config.listen.address.to_string(), "127.0.0.1:8401");
    assert_eq!(
        config.data,
        folder.path("data").parent().expect("a folder").canonicalize().expect("there").join("data")
    );
    assert_eq!(config.lifetimes.code.as_seconds(), 30);
    assert!(matches!(config.ephemeral, EphemeralEngine::Memory));
    assert!(matches!(&config.registry, RegistryEngine::Sqlite(path) if path.ends_with("data/registry.sqlite")));
    assert!(matches!(config.civil_registry, CivilRegistry::Consulted { form: CivilForm::Json, .. }));
    assert_eq!(config.egress.loopback, Loopback::Allowed);
    assert!(config.providers.is_empty());
}

#[test]
fn what_is_shipped_loads_once_the_secrets_are_there() {
    let folder = Folder::new();
    let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../config");
    for name in ["idp.toml", "production.toml"] {
        fs::copy(shipped.join(name), folder.path("config").join(name)).expect(name);
    }
    for file in fs::read_dir(shipped.join("providers")).expect("shipped") {
        let path = file.expect("listed").path();
        let name = path.file_name().expect("a file").to_owned();
        fs::copy(&path, folder.path("config/providers").join(name)).expect("copied");
    }
    fs::create_dir_all(folder.path("config/secrets")).expect("writable");
    let ec = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key").serialize_pem();
    let rsa = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key").serialize_pem();
    for id in ["impots", "assurance-maladie", "poste", "msa"] {
        folder.write(&format!("config/secrets/{id}.secret"), "a-secret");
    }
    folder.write("config/secrets/mobile.key.pem", &ec).write("config/secrets/identite-numerique.key.pem", &ec);
    folder
        .write("config/secrets/msa.decryption.pem", &rsa)
        .write("config/secrets/identite-numerique.decryption.pem", &ec);

    let config = folder.load().unwrap_or_else(|problems| panic!("{problems}"));
    let ids: Vec<_> = config.providers.iter().map(|provider| provider.id.as_str()).collect();
    assert_eq!(ids, ["impots", "assurance-maladie", "poste", "mobile", "msa", "identite-numerique"]);
    let ceilings: Vec<_> = config.providers.iter().map(|provider| provider.levels.ceiling()).collect();
    assert_eq!(ceilings, [Level::Low, Level::Low, Level::Substantial, Level::Low, Level::Low, Level::High]);

    folder
        .write("config/secrets/master.key", &key_text())
        .write("config/secrets/postgres.url", "postgres://passerelle@localhost/passerelle")
        .write("config/secrets/redis.url", "rediss://localhost/")
        .write("config/secrets/smtp.password", "geheim");
    // The shipped providers are those of the sandbox, on loopback: a production has its own.
    fs::create_dir_all(folder.path("config/providers.production")).expect("writable");
    let production = Config::load(&folder.path("config/production.toml"), &Environment::Given(BTreeMap::new()));
    let production = production.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(production.issuer.as_str(), "https://connexion.example.fr");
    assert!(matches!(production.registry, RegistryEngine::Postgres(_)));
}

#[test]
fn the_shipped_file_names_every_key_with_its_default() {
    let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../config/idp.toml");
    let text = fs::read_to_string(&shipped).expect("shipped");
    let folder = Folder::new();
    // Without its values the file must mean the same: each value that it shows is the default.
    folder.write("config/idp.toml", LOCAL);
    let bare = folder.load().expect("sound");
    folder.write("config/idp.toml", &text);
    let shown = folder.load().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(format!("{bare:?}"), format!("{shown:?}"));

    // An unknown key that resembles none is answered with the known ones: each of them stands in the file.
    let sections = [
        "listen",
        "mtls",
        "data",
        "secrets",
        "ephemeral",
        "registry",
        "mail",
        "civil_registry",
        "providers",
        "brand",
        "lifetimes",
        "keys",
        "keys.pkcs11",
        "limits",
        "egress",
        "datapass",
        "log",
    ];
    for section in sections {
        let told = folder.told(&format!("{LOCAL}[{section}]\nqqqqqqqqqqqqqqqq = 1\n"));
        let known = told.split("known here: ").nth(1).expect(&told).trim();
        let shown = text.split(&format!("[{section}]\n")).nth(1).expect(section);
        let shown = shown.split("\n[").next().unwrap_or(shown);
        for key in known.split(", ") {
            let stands = shown.lines().any(|line| line.starts_with(&format!("{key} = ")));
            assert!(stands || text.contains(&format!("\n[{section}.{key}]\n")), "[{section}] {key}");
        }
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_line_and_what_is_allowed() {
    let told = Folder::new().told(
        "issuer = \"http://connexion.example.fr\"\n\
         isuer = 1\n\
         [listen]\n\
         adress = \"x\"\n\
         address = \"127.0.0.1\"\n\
         [lifetimes]\n\
         code = 3600\n\
         [brand]\n\
         colour = \"red\"\n\
         [log]\n\
         format = \"xml\"\n",
    );
    for expected in [
        "7 problems",
        "idp.toml:1: issuer: \"http://connexion.example.fr\" must be https",
        "idp.toml:2: isuer: no such key; did you mean `issuer`?",
        "idp.toml:4: listen.adress: no such key; did you mean `address`?",
        "idp.toml:5: listen.address: \"127.0.0.1\" is not an address with a port",
        "idp.toml:7: lifetimes.code: 3600 must be a whole number from 1 to 600",
        "idp.toml:9: brand.colour: \"red\" must be a colour",
        "idp.toml:11: log.format: \"xml\" must be \"text\" or \"json\"",
    ] {
        assert!(told.contains(expected), "{expected}\n--- in\n{told}");
    }
}

#[test]
fn a_file_that_is_not_toml_is_told_with_its_line() {
    let told = Folder::new().told("issuer = \"http://127.0.0.1:1\"\n[listen\naddress = \n");
    assert!(told.contains("idp.toml:2: unclosed table"), "{told}");
    assert!(!told.contains("no such key"), "{told}");
}

#[test]
fn paths_start_at_the_folder_of_the_file_and_come_out_absolute_and_plain() {
    let folder = Folder::new();
    let root = folder.0.path().canonicalize().expect("there");
    for (written, meant) in [
        ("x", root.join("config/x")),
        ("./x/../y", root.join("config/y")),
        ("../../x", root.parent().expect("not the root").join("x")),
        ("/var/lib/x", PathBuf::from("/var/lib/x")),
    ] {
        folder.write("config/idp.toml", &format!("{LOCAL}[data]\ndirectory = \"{written}\"\n"));
        assert_eq!(folder.load().expect("sound").data, meant, "{written}");
    }
}

#[test]
fn a_missing_file_is_told_by_name() {
    let told = Folder::new().load().expect_err("missing").to_string();
    assert!(told.contains("idp.toml: cannot be read"), "{told}");
}

#[test]
fn a_secret_in_the_configuration_is_refused_and_never_shown() {
    let folder = Folder::new();
    for (text, advice) in [
        ("[mail]\npassword = \"geheim\"\n", "`password_file`"),
        ("[secrets]\nmaster_key = \"geheim\"\n", "`master_key_file`"),
        ("[mail]\nsmtp = \"smtps://me:geheim@mail.example.fr\"\n", "neither user name nor password"),
        ("[secrets]\ntoken = 12\n", "a secret never stands in the configuration"),
        ("[civil_registry]\nurl = \"https://me:geheim@registry.example.fr\"\n", "neither user name nor password"),
    ] {
        let told = folder.told(&format!("{LOCAL}{text}"));
        assert!(told.contains(advice), "{told}");
        assert!(!told.contains("geheim"), "{told}");
    }
    let told = folder.told_of_provider(&format!("{PROVIDER}client_secret = \"geheim\"\n"));
    assert!(
        told.contains("`client_secret_file`") && told.contains("`client_secret_env`") && !told.contains("geheim"),
        "{told}"
    );
}

#[test]
fn secrets_come_by_file_or_environment_and_debug_never_shows_them() {
    let folder = Folder::new();
    folder
        .write(
            "config/idp.toml",
            &format!(
                "{LOCAL}[ephemeral]\nengine = \"redis\"\n[registry]\nengine = \"postgres\"\nurl_file = \"pg.url\"\n"
            ),
        )
        .write("config/pg.url", "postgres://me:geheim@localhost/x\n")
        .write("config/providers/impots.toml", &format!("{PROVIDER}client_secret_env = \"IMPOTS\"\n"));
    let variables = [
        ("PASSERELLE_REDIS_URL", "redis://:geheim@localhost"),
        ("IMPOTS", "geheim"),
        ("PASSERELLE_MASTER_KEY", &key_text()),
    ];
    let config = folder.load_in(&variables).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(
        matches!(&config.registry, RegistryEngine::Postgres(url) if url.expose() == "postgres://me:geheim@localhost/x")
    );
    assert!(matches!(&config.secrets.master_key, MasterKeySource::Held(key) if key.bytes() == &[7; 32]));
    assert!(
        matches!(&config.providers[0].authentication, UpstreamAuthentication::ClientSecretBasic(secret) if secret.expose() == "geheim")
    );
    let shown = format!("{config:?}");
    assert!(!shown.contains("geheim") && !shown.contains(&key_text()), "{shown}");

    let told = folder.load().expect_err("nothing in the environment").to_string();
    assert!(told.contains("PASSERELLE_REDIS_URL") && told.contains("variable IMPOTS is not set"), "{told}");
}

#[test]
fn a_sandbox_makes_its_master_key_once_and_a_production_never_does() {
    let folder = Folder::new();
    folder.write("config/idp.toml", LOCAL);
    let first = folder.load().expect("sound").secrets.master_key.obtain(Random::system()).expect("writable");
    let again = folder.load().expect("sound").secrets.master_key.obtain(Random::system()).expect("there");
    assert_eq!(first.bytes(), again.bytes());
    let mode = fs::metadata(folder.path("data/master.key")).expect("made").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mode = fs::metadata(folder.path("data")).expect("made").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);

    let other = Folder::new();
    let told = other.told(PRODUCTION);
    assert!(told.contains("secrets.master_key_file: there is no master key"), "{told}");
    assert!(other.load_in(&[("PASSERELLE_MASTER_KEY", &key_text())]).is_ok());
    let short = other.load_in(&[("PASSERELLE_MASTER_KEY", "short")]).expect_err("too short").to_string();
    assert!(short.contains("32 random bytes"), "{short}");
}

#[test]
fn plain_http_is_for_loopback_or_behind_a_named_proxy() {
    let folder = Folder::new();
    let key = key_text();
    let production = |text: &str| {
        folder.write("config/idp.toml", text);
        folder.load_in(&[("PASSERELLE_MASTER_KEY", &key)])
    };
    assert!(production(PRODUCTION).is_ok());
    let open = production(&PRODUCTION.replace("trusted_proxies = [\"10.0.0.0/8\"]", "")).expect_err("open").to_string();
    assert!(open.contains("listen.address: plain HTTP is served on loopback only"), "{open}");
    let half =
        production(&PRODUCTION.replace("[mail]", "tls_key = \"key.pem\"\n[mail]")).expect_err("half").to_string();
    assert!(half.contains("give both or none"), "{half}");
}

#[test]
fn a_public_issuer_needs_a_civil_registry_a_mail_server_and_protected_ways_to_them() {
    let folder = Folder::new();
    let key = key_text();
    let told = |text: &str| {
        folder.write("config/idp.toml", text);
        folder.load_in(&[("PASSERELLE_MASTER_KEY", &key)]).expect_err(text).to_string()
    };
    let bare = told("issuer = \"https://connexion.example.fr\"\n");
    for expected in ["civil_registry.url: is missing", "mail.smtp: is missing", "mail.from: is missing"] {
        assert!(bare.contains(expected), "{bare}");
    }
    for (from, to, expected) in [
        ("https://etat-civil.example.fr/individus", "", "may be empty on a loopback issuer only"),
        ("https://etat-civil.example.fr/individus", "http://etat-civil.example.fr/", "must be https"),
        ("https://etat-civil.example.fr/individus", "https://10.0.0.9/", "list it in `egress.allow_private`"),
        ("smtps://mail.example.fr", "smtp://mail.example.fr", "plain SMTP"),
        ("Passerelle <ne-pas-repondre@example.fr>", "nobody", "is not a sender"),
    ] {
        let told = told(&PRODUCTION.replace(from, to));
        assert!(told.contains(expected), "{told}");
    }
    folder.write(
        "config/idp.toml",
        &format!(
            "{}[egress]\nallow_private = [\"10.0.0.0/24\"]\n",
            PRODUCTION.replace("https://etat-civil.example.fr/individus", "https://10.0.0.9/")
        ),
    );
    assert!(folder.load_in(&[("PASSERELLE_MASTER_KEY", &key)]).is_ok());
}

#[test]
fn redis_and_postgresql_are_reached_in_the_clear_on_this_machine_alone() {
    let folder = Folder::new();
    folder.write("config/idp.toml", &format!("{LOCAL}[ephemeral]\nengine = \"redis\"\n"));
    for (address, fault) in [
        ("redis://localhost", None),
        ("redis://:geheim@127.0.0.1:6379/1", None),
        ("redis://[::1]/", None),
        ("unix:///run/redis.sock", None),
        ("redis+unix:///run/redis.sock", None),
        ("rediss://:geheim@redis.example", None),
        ("redis://:geheim@redis.example", Some("is in the clear, which is for loopback only: use rediss://")),
        ("redis://10.0.0.9/", Some("is in the clear")),
        ("redis://127.0.0.1.example/", Some("is in the clear")),
        ("rediss://redis.example/#insecure", Some("must not end with a fragment")),
        ("http://localhost", Some("must begin with rediss://")),
    ] {
        let told = folder.load_in(&[("PASSERELLE_REDIS_URL", address)]).err().map(|problems| problems.to_string());
        check_told(address, fault, told.as_deref());
    }

    folder.write("config/idp.toml", &format!("{LOCAL}[registry]\nengine = \"postgres\"\n"));
    for (address, fault) in [
        ("postgres://me:geheim@localhost/x", None),
        ("postgresql://127.0.0.1:5432/x", None),
        ("postgres://[::1]/x", None),
        ("postgres:///x?host=/run/postgresql", None),
        ("postgres://%2Frun%2Fpostgresql/x", None),
        ("postgres://me:geheim@pg.example/x?sslmode=verify-full", None),
        ("postgres://me:geheim@pg.example/x?sslmode=verify-full&sslrootcert=/etc/ca.pem", None),
        ("postgres://me:geheim@pg.example/x", Some("must end with ?sslmode=verify-full")),
        ("postgres://me:geheim@pg.example/x?sslmode=require", Some("must end with ?sslmode=verify-full")),
        ("postgres://me:geheim@pg.example/x?sslmode=verify-ca", Some("must end with ?sslmode=verify-full")),
        ("postgres://pg.example/x?sslmode=verify-full&ssl-mode=prefer", Some("must end with ?sslmode=verify-full")),
        ("postgres://localhost/x?host=pg.example", Some("must end with ?sslmode=verify-full")),
        ("postgres://localhost/x?hostaddr=192.0.2.1", Some("must end with ?sslmode=verify-full")),
        ("postgres:///x", Some("must name its host")),
        ("mysql://localhost/x", Some("must begin with postgres://")),
    ] {
        let told = folder.load_in(&[("PASSERELLE_POSTGRES_URL", address)]).err().map(|problems| problems.to_string());
        check_told(address, fault, told.as_deref());
    }
}

fn check_told(what: &str, fault: Option<&str>, told: Option<&str>) {
    match (fault, told) {
        (None, None) => (),
        (Some(fault), Some(told)) => assert!(told.contains(fault) && !told.contains("geheim"), "{what}: {told}"),
        (None, Some(_)) | (Some(_), None) => panic!("{what}: {told:?}"),
    }
}

#[test]
fn files_with_secrets_that_others_may_read_are_named_once_each() {
    let folder = Folder::new();
    let ec = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key").serialize_pem();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::create_dir_all(folder.path("data")).expect("writable");
    let text = format!(
        "{LOCAL}[listen]\ntls_certificate = \"chain.pem\"\ntls_key = \"tls.pem\"\n\
         [mail]\nusername = \"me\"\npassword_file = \"mail\"\n[ephemeral]\nengine = \"redis\"\nurl_file = \"redis\"\n"
    );
    let secret = format!("{PROVIDER}client_secret_file = \"../secret\"\n");
    let key = format!(
        "{}auth_method = \"private_key_jwt\"\nprivate_key_file = \"../key.pem\"\n\
         id_token_encrypted_response_alg = \"ECDH-ES\"\ndecryption_key_file = \"../key.pem\"\n",
        PROVIDER.replace("impots\"", "poste\"")
    );
    folder
        .write("config/idp.toml", &text)
        .write("config/chain.pem", &certified.cert.pem())
        .write("config/tls.pem", &certified.signing_key.serialize_pem())
        .write("config/mail", "geheim")
        .write("config/redis", "redis://localhost")
        .write("config/secret", "geheim")
        .write("config/key.pem", &ec)
        .write("config/providers/impots.toml", &secret)
        .write("config/providers/poste.toml", &key)
        .write("data/master.key", &key_text())
        .write("data/registry.sqlite", "");
    let secrets = ["config/key.pem", "config/mail", "config/redis", "config/secret", "config/tls.pem"];
    let secrets = [&secrets[..], &["data/master.key", "data/registry.sqlite"]].concat();
    let with_mode = |mode: u32| {
        for name in &secrets {
            fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).expect("ours");
        }
        folder.load().unwrap_or_else(|problems| panic!("{problems}")).exposed
    };
    let root = folder.0.path().canonicalize().expect("there");
    let all: Vec<PathBuf> = secrets.iter().map(|name| root.join(name)).collect();
    assert_eq!(with_mode(0o600), Vec::<PathBuf>::new());
    assert_eq!(with_mode(0o400), Vec::<PathBuf>::new());
    assert_eq!(with_mode(0o640), all);
    assert_eq!(with_mode(0o604), all);
}

#[test]
fn a_public_issuer_behind_a_proxy_on_its_own_machine_names_that_proxy() {
    let folder = Folder::new();
    folder.write("config/idp.toml", &PRODUCTION.replace("0.0.0.0:8443", "127.0.0.1:8443"));
    assert!(folder.load_in(&[("PASSERELLE_MASTER_KEY", &key_text())]).is_ok());
    let unnamed = PRODUCTION
        .replace("0.0.0.0:8443", "127.0.0.1:8443")
        .replace("trusted_proxies = [\"10.0.0.0/8\"]", "trusted_proxies = []");
    let told = folder.told(&unnamed);
    assert!(told.contains("idp.toml:5: listen.trusted_proxies: a public issuer without `tls_certificate`"), "{told}");
}

#[test]
fn limits_by_address_spare_this_machine_on_a_loopback_issuer_alone() {
    let folder = Folder::new();
    folder.write("config/idp.toml", &format!("{LOCAL}[limits]\nauthorize_per_minute = 0\n"));
    let sandbox = folder.load().expect("sound");
    assert_eq!((sandbox.listen.loopback, sandbox.limits.authorize), (LoopbackClients::Exempt, None));
    folder.write("config/idp.toml", PRODUCTION);
    let production = folder.load_in(&[("PASSERELLE_MASTER_KEY", &key_text())]).expect("sound");
    assert_eq!(production.listen.loopback, LoopbackClients::Counted);
    assert_eq!(production.limits.authorize.map(std::num::NonZeroU32::get), Some(120));
    assert_eq!(production.listen.max_connections_per_address, 100);
}

#[test]
fn limits_by_client_hold_unless_they_are_switched_off() {
    let folder = Folder::new();
    let read = |limits: &str| {
        folder.write("config/idp.toml", &format!("{LOCAL}[limits]\n{limits}"));
        let limits = folder.load().expect("sound").limits;
        [limits.calls, limits.pushes].map(|number| number.map(std::num::NonZeroU32::get))
    };
    assert_eq!(read(""), [Some(30_000), Some(3_000)]);
    assert_eq!(read("calls_per_client_per_minute = 7\npushes_per_client_per_minute = 0\n"), [Some(7), None]);
    assert_eq!(read("calls_per_client_per_minute = 0\n"), [None, Some(3_000)]);
}

#[test]
fn a_sandbox_may_go_without_civil_registry() {
    let folder = Folder::new();
    folder.write("config/idp.toml", &format!("{LOCAL}[civil_registry]\nurl = \"\"\n"));
    assert!(matches!(folder.load().expect("sound").civil_registry, CivilRegistry::NotConsulted(_)));
}

#[test]
fn a_pushed_request_waits_less_than_ten_minutes() {
    let folder = Folder::new();
    folder.write("config/idp.toml", LOCAL);
    assert_eq!(folder.load().expect("sound").lifetimes.pushed_request.as_seconds(), 90);
    folder.write("config/idp.toml", &format!("{LOCAL}[lifetimes]\npushed_request = 599\n"));
    assert_eq!(folder.load().expect("sound").lifetimes.pushed_request.as_seconds(), 599);
    for wrong in ["600", "0", "-1", "\"90\""] {
        let told = folder.told(&format!("{LOCAL}[lifetimes]\npushed_request = {wrong}\n"));
        assert!(told.contains("lifetimes.pushed_request") && told.contains("from 1 to 599"), "{wrong}: {told}");
    }
}

#[test]
fn a_profile_shortens_what_the_configuration_allows_and_lengthens_nothing() {
    let read = |text: &str| {
        let folder = Folder::new();
        folder.write("config/idp.toml", &format!("{LOCAL}[lifetimes]\n{text}"));
        let lifetimes = folder.load().expect("fine").lifetimes;
        Profile::ALL.map(|profile| {
            let under = lifetimes.under(profile);
            [under.code, under.access_token, under.id_token].map(Lifetime::as_seconds)
        })
    };
    assert_eq!(read("code = 300"), [[60, 300, 300], [60, 300, 300], [30, 60, 60]]);
    assert_eq!(read("code = 10\naccess_token = 20\nid_token = 30"), [[10, 20, 30]; 3]);
}
