//! ID tokens and userinfo that are signed and then encrypted to the client (RFC 7516, OpenID Connect Core 1.0 §16.14).

use std::sync::LazyLock;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use relying_party_sdk::{
    Client, ClientKey, Credentials, DecryptionKey, Error, KeyEncryption, Registration, Rejection, SigningAlgorithm,
};
use serde_json::{Value, json};

use crate::provider::{Endpoint, Provider, REDIRECT_URI, Script, rejection, set, usual_login};
use crate::signing::{Signer, client_key_pem};

static RSA: LazyLock<PrivateDecryptingKey> =
    LazyLock::new(|| PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap());

const ALL: [KeyEncryption; 3] = [KeyEncryption::EcdhEs, KeyEncryption::EcdhEsA256kw, KeyEncryption::RsaOaep256];

fn key(encryption: KeyEncryption, kid: &str) -> DecryptionKey {
    let pem = match encryption {
        KeyEncryption::EcdhEs | KeyEncryption::EcdhEsA256kw => client_key_pem(),
        KeyEncryption::RsaOaep256 => {
            let der: Pkcs8V1Der<'_> = RSA.as_der().unwrap();
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
        }
    };
    DecryptionKey::from_pem(&pem, kid, encryption).unwrap()
}

/// Encrypts to the client's published key, as a gateway would.
fn encrypt(token: &str, encryption: KeyEncryption, published: &Value, change: &Value) -> String {
    let mut header = json!({"alg": encryption.name(), "enc": "A256GCM", "cty": "JWT", "kid": published["kid"]});
    let content = [7_u8; 32];
    let (content, encrypted) = match encryption {
        KeyEncryption::EcdhEs => (agreed(&mut header, published, "A256GCM"), Vec::new()),
        KeyEncryption::EcdhEsA256kw => {
            let kek = AesKek::new(&AES_256, &agreed(&mut header, published, "ECDH-ES+A256KW")).unwrap();
            let mut wrapped = [0; 40];
            kek.wrap(&content, &mut wrapped).unwrap();
            (content, wrapped.to_vec())
        }
        KeyEncryption::RsaOaep256 => {
            let public = OaepPublicEncryptingKey::new(RSA.public_key()).unwrap();
            let mut encrypted = vec![0; public.ciphertext_size()];
            public.encrypt(&OAEP_SHA256_MGF1SHA256, &content, &mut encrypted, None).unwrap();
            (content, encrypted)
        }
    };
    set(change.clone())(&mut header);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let protected = encode(header.to_string().as_bytes());
    let mut sealed = token.as_bytes().to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content).unwrap());
    let nonce = Nonce::assume_unique_for_key([9; 12]);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(protected.as_bytes()), &mut sealed).unwrap();
    format!("{protected}.{}.{}.{}.{}", encode(&encrypted), encode(&[9; 12]), encode(&sealed), encode(tag.as_ref()))
}

/// RFC 7518 §4.6, with the KDF written out.
fn agreed(header: &mut Value, published: &Value, purpose: &str) -> [u8; 32] {
    let ephemeral = PrivateKey::generate(&ECDH_P256).unwrap();
    let point = ephemeral.compute_public_key().unwrap();
    let (x, y) = point.as_ref()[1..].split_at(32);
    header["epk"] =
        json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)});
    header["apu"] = json!(URL_SAFE_NO_PAD.encode("gateway"));
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(published[name].as_str().unwrap()).unwrap();
    let theirs = UnparsedPublicKey::new(&ECDH_P256, [vec![4], coordinate("x"), coordinate("y")].concat());
    agree(&ephemeral, theirs, aws_lc_rs::error::Unspecified, |shared| {
        let mut hashed = vec![0, 0, 0, 1];
        hashed.extend(shared);
        for field in [purpose, "gateway", ""] {
            hashed.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
            hashed.extend(field.as_bytes());
        }
        hashed.extend(256_u32.to_be_bytes());
        Ok(<[u8; 32]>::try_from(digest(&SHA256, &hashed).as_ref()).unwrap())
    })
    .unwrap()
}

/// A provider that encrypts to what this registration publishes, with a header changed like this.
fn encrypting(provider: &Provider, registration: &Registration, encryption: KeyEncryption, change: Value) {
    let published = registration.public_keys()["keys"][0].clone();
    provider.change(|script| {
        script.encrypt = Some(Box::new(move |token| encrypt(token, encryption, &published, &change)));
    });
}

#[tokio::test]
async fn an_encrypted_id_token_and_userinfo_are_decrypted_and_verified() {
    for encryption in ALL {
        let script = Script { userinfo_signer: Some(Signer::Es256), ..Script::default() };
        let provider = Provider::start(script).await;
        let registration = provider
            .registration()
            .with_userinfo_signed_by(SigningAlgorithm::Es256)
            .with_userinfo_encrypted_to(key(encryption, "enc-1"))
            .with_id_token_encrypted_to(key(encryption, "enc-1"));
        assert_eq!(registration.public_keys()["keys"].as_array().unwrap().len(), 1, "one key, published once");
        encrypting(&provider, &registration, encryption, json!({}));
        let client = Client::discover(registration).await.unwrap();
        let session = provider.sign_in(&client, &usual_login()).await.unwrap();
        assert_eq!(session.identity().family_name(), Some("DUBOIS"));
        // the gateway could not read a hint that is encrypted to this site
        let departure = client.logout(&session).unwrap();
        let (_, hint) = departure.url.query_pairs().find(|(name, _)| name == "id_token_hint").unwrap();
        assert_eq!(hint.split('.').count(), 3);
    }
}

#[tokio::test]
async fn whatever_keeps_a_token_from_being_decrypted_the_error_is_the_same() {
    let provider = Provider::start(Script::default()).await;
    let encryption = KeyEncryption::EcdhEs;
    let registration = provider.registration().with_id_token_encrypted_to(key(encryption, "enc-1"));
    let client = Client::discover(registration.clone()).await.unwrap();
    for change in [
        json!({"enc": "A128GCM"}),
        json!({"enc": "(absent)"}),
        json!({"alg": "RSA1_5"}),
        json!({"alg": "dir"}),
        json!({"alg": "ECDH-ES+A256KW"}),
        json!({"kid": "another"}),
        json!({"zip": "DEF"}),
        json!({"crit": ["x"]}),
        json!({"cty": "text/plain"}),
        json!({"apu": "AAAA"}),
        json!({"apv": 7}),
        json!({"epk": "(absent)"}),
        json!({"epk": {"kty": "EC", "crv": "P-384", "x": "AAAA", "y": "AAAA"}}),
        // a point off the curve
        json!({"epk": {"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode([1; 32]), "y": URL_SAFE_NO_PAD.encode([1; 32])}}),
    ] {
        encrypting(&provider, &registration, encryption, change.clone());
        let reason = rejection(provider.sign_in(&client, &usual_login()).await);
        assert_eq!(reason, Rejection::Undecipherable, "{change}");
    }
    assert_eq!(provider.hits(Endpoint::Userinfo), 0);
}

#[tokio::test]
async fn a_token_that_is_not_encrypted_is_refused_where_encryption_is_registered_and_the_other_way_round() {
    let provider = Provider::start(Script::default()).await;
    let registration = provider.registration().with_id_token_encrypted_to(key(KeyEncryption::EcdhEs, "enc-1"));
    let client = Client::discover(registration.clone()).await.unwrap();
    assert_eq!(rejection(provider.sign_in(&client, &usual_login()).await), Rejection::NotEncrypted);
    encrypting(&provider, &registration, KeyEncryption::EcdhEs, json!({}));
    let plain = provider.client().await;
    let reason = rejection(provider.sign_in(&plain, &usual_login()).await);
    assert!(matches!(reason, Rejection::Algorithm { .. }), "{reason:?}");
}

#[tokio::test]
async fn a_token_within_an_encrypted_one_is_verified_like_any_other() {
    let provider = Provider::start(Script::default()).await;
    let registration = provider.registration().with_id_token_encrypted_to(key(KeyEncryption::EcdhEs, "enc-1"));
    encrypting(&provider, &registration, KeyEncryption::EcdhEs, json!({}));
    let client = Client::discover(registration).await.unwrap();
    provider.change(|script| script.signer = Signer::OtherEs256);
    assert_eq!(rejection(provider.sign_in(&client, &usual_login()).await), Rejection::Signature);
    provider.change(|script| script.signer = Signer::None);
    assert!(matches!(rejection(provider.sign_in(&client, &usual_login()).await), Rejection::Algorithm { .. }));
    provider.change(|script| {
        script.signer = Signer::Es256;
        script.claims = set(json!({"aud": "other"}));
    });
    assert_eq!(rejection(provider.sign_in(&client, &usual_login()).await), Rejection::Audience);
}

#[tokio::test]
async fn a_gateway_that_does_not_encrypt_as_registered_is_refused() {
    for members in [
        json!({"id_token_encryption_alg_values_supported": ["RSA-OAEP"]}),
        json!({"id_token_encryption_enc_values_supported": ["A128CBC-HS256"]}),
    ] {
        let provider = Provider::start(Script { discovery: set(members), ..Script::default() }).await;
        let registration = provider.registration().with_id_token_encrypted_to(key(KeyEncryption::EcdhEs, "enc-1"));
        assert!(matches!(Client::discover(registration).await, Err(Error::Unsupported { .. })));
    }
}

#[tokio::test]
async fn settings_that_do_not_fit_each_other_are_told_at_the_start() {
    let provider = Provider::start(Script::default()).await;
    let encrypted = |kid| key(KeyEncryption::EcdhEs, kid);
    let keyed =
        provider.registration_with(Credentials::private_key_jwt(&client_key_pem(), "sig-1").unwrap(), REDIRECT_URI);
    for (registration, name) in [
        (provider.registration().with_userinfo_encrypted_to(encrypted("enc-1")), "userinfo"),
        (keyed.clone().with_id_token_encrypted_to(encrypted("sig-1")), "kid"),
        (provider.registration().with_fapi2(), "credentials"),
        (keyed.clone().with_fapi2().with_id_token_signed_by(SigningAlgorithm::Rs256), "algorithm"),
        (keyed.clone().with_fapi2().with_answers_signed_by(SigningAlgorithm::Rs256), "algorithm"),
    ] {
        let error = Client::discover(registration).await.expect_err("they do not fit");
        assert!(matches!(&error, Error::Setting { name: seen, .. } if *seen == name), "{name}: {error}");
    }
    let request_key = ClientKey::from_pem(&client_key_pem(), "sig-1").unwrap();
    let registration = keyed.with_signed_requests(request_key).with_id_token_encrypted_to(encrypted("enc-1"));
    let published = registration.public_keys();
    let kids: Vec<_> = published["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, ["sig-1", "enc-1"], "a key of two uses that sign is published once");
    assert!(!published.to_string().contains("\"d\""));
}
