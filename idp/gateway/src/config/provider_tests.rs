//! The files of identity providers as an operator meets them.

use domain::id::ClientId;
use domain::level::Level;

use super::tests::{Folder, LOCAL, PROVIDER};
use super::*;

#[test]
fn mistakes_in_a_provider_file_are_told_with_its_name_and_line() {
    let folder = Folder::new();
    let secret = "client_secret_env = \"X\"\n";
    for (extra, expected) in [
        ("levls = []\n", "impots.toml:5: levls: no such key; did you mean `levels`?"),
        ("levels = [\"eidas2\", \"eidas1\"]\n", "impots.toml:5: levels: must list levels from the floor up"),
        ("levels = [\"eidas9\"]\n", "impots.toml:5: levels: \"eidas9\" must be \"eidas1\""),
        ("levels = []\n", "levels: must list levels"),
        ("scopes = [\"profile\"]\n", "scopes: must hold \"openid\""),
        ("id = \"other\"\n", "id: \"other\" must be the name of the file, \"impots\""),
        ("auth_method = \"none\"\n", "auth_method: \"none\" must be"),
        ("auth_method = \"private_key_jwt\"\n", "private_key_file: is missing"),
        ("active = \"yes\"\n", "active: \"yes\" must be true or false"),
        ("sandbox = \"yes\"\n", "sandbox: \"yes\" must be true or false"),
        ("logout = \"no\"\n", "logout: \"no\" must be true or false"),
        ("id_token_signed_response_alg = \"none\"\n", "must be \"ES256\" or \"RS256\""),
        ("id_token_encrypted_response_alg = \"ECDH-ES\"\n", "decryption_key_file: is missing"),
        ("id_token_encrypted_response_alg = \"RSA1_5\"\n", "must be \"ECDH-ES\" or"),
        ("decryption_key_file = \"x\"\n", "decryption_key_file: nothing is encrypted"),
        ("[filter]\nonly_clients = [\"a\"]\nexcept_clients = [\"b\"]\n", "filter.except_clients: goes without"),
        ("[filter]\nonly = [\"a\"]\n", "filter.only: no such key"),
        ("[levels_map]\nhigh = \"eidas7\"\n", "levels_map: the level must be"),
    ] {
        let told = folder.told_of_provider(&format!("{PROVIDER}{secret}{extra}"));
        assert!(told.contains(expected), "{expected}\n--- in\n{told}");
    }
    let bare = folder.told_of_provider("");
    for key in ["issuer: is missing", "client_id: is missing", "title_fr: is missing", "client_secret_file: is missing"]
    {
        assert!(bare.contains(key), "{bare}");
    }
}

#[test]
fn two_providers_never_share_an_issuer() {
    let folder = Folder::new();
    let text = format!("{PROVIDER}client_secret_env = \"X\"\n");
    folder
        .write("config/idp.toml", LOCAL)
        .write("config/providers/a.toml", &text)
        .write("config/providers/b.toml", &text);
    let told = folder.load_in(&[("X", "geheim")]).expect_err("twice").to_string();
    assert!(told.contains("b.toml: has the issuer of `a`"), "{told}");
}

#[test]
fn a_provider_is_read_with_its_map_of_levels_its_filter_and_its_keys() {
    let folder = Folder::new();
    let ec = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key").serialize_pem();
    folder.write("config/idp.toml", LOCAL).write("config/ec.pem", &ec).write(
        "config/providers/carte.toml",
        &format!(
            "{PROVIDER}auth_method = \"private_key_jwt\"\nprivate_key_file = \"../ec.pem\"\nlevels = [\"eidas2\", \"eidas3\"]\n\
             id_token_encrypted_response_alg = \"ECDH-ES\"\ndecryption_key_file = \"../ec.pem\"\nmax_concurrent = 2\n\
             logout = false\n\
             [acr_values]\neidas3 = \"high\"\n[levels_map]\nhigh = \"eidas3\"\n[filter]\nonly_clients = [\"a\"]\n"
        ),
    );
    let config = folder.load().unwrap_or_else(|problems| panic!("{problems}"));
    let provider = &config.providers[0];
    assert_eq!(provider.acr.to_ask(Level::High), "high");
    assert_eq!(provider.acr.to_ask(Level::Low), "eidas1");
    assert_eq!(provider.acr.level_of("high"), Some(Level::High));
    assert_eq!(provider.acr.level_of("eidas3"), None);
    assert!(provider.clients.admits(&ClientId::parse("a").expect("plain")));
    assert!(!provider.clients.admits(&ClientId::parse("b").expect("plain")));
    assert_eq!((provider.concurrency, provider.timeout.as_millis()), (2, 5000));
    assert_eq!(provider.logout, LogoutRule::EndsHere);
    assert_eq!(format!("{:?}", provider.decryption_key), "Some(DecryptionKey(ECDH-ES))");
    let UpstreamAuthentication::PrivateKeyJwt(key) = &provider.authentication else { panic!("a key") };
    // A thumbprint (RFC 7638) is a SHA-256 in base64url.
    assert_eq!(key.kid().as_str().len(), 43);

    let rsa = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key").serialize_pem();
    folder.write("config/ec.pem", &rsa);
    let told = folder.load().expect_err("RSA for ECDH-ES").to_string();
    assert!(told.contains("does not hold a key for ECDH-ES"), "{told}");
}
