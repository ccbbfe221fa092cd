use super::*;

/// Keys and tokens made by an unrelated implementation (joserfc, Python): each holds [`PLAIN`].
const PLAIN: &str = "header.claims.signature";
const P256: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNvfHRABpKOZJQJwi\n\
    jKtNLkiCrLp1civI0oBRftK1tQmhRANCAAT1Sdr25oHgzkSYlF3AzNrvi2DYT9VR\n\
    UFaE3K3XtP+HtfkNHUUL8AeOQPjAEOfrsNMimqfkQ8LpuJ5ic6KeMb10\n\
    -----END PRIVATE KEY-----\n";
const RSA: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCdGih9vhERf5hE\n\
    NEvFC3lSkRP/muy06Xws5xsKhuaTrY/h5X4Yurj6LDOfKt7u6Y4rL8mOemz93ltL\n\
    1Jbeb62xuhySOPC/6OzNUwe3Fy6Cb1/cqZDILZWi9wlf10CibrqDO6mI/Wj3IObV\n\
    RdNn9Boe74jiUAQQzTAjRCnZseqNlW3MGryFisnxYSTr/V2WY++b/eQSzcHVKwm+\n\
    FkxabLnpgM4n57yYLWXNwbCy1DSLChHAr+GOYhJQSfQ6Tf/LvCC2oiSLKIIPZV0A\n\
    iBvFtnywKGU8l3ECA4s62TwPlkXmBcQqQJOx+WZHRGkAFIGFg/uJJ0LkRwnKuFMt\n\
    aatatNzJAgMBAAECggEAAoIavWSIdJAQnUjRy4k9saIcAKEM6xfYjLBP5TYhfkrE\n\
    w6WHWDEQUlDcWMvgF/kQn63j+OtezBrTDaiM6WuSXrEK/bv8/q4NrHrejP9zavpe\n\
    PHFUnMLljbQwqSAQVHI8y2rrb615ZzYA7szDmE2fESQKj8UZRi9lzQUB6guGJCaF\n\
    LrnvhNJuTT8V/IMETPooi3gVi7j1sw4nUwuWJP8GCtuBhwXhggV4kQSgIpAu6ron\n\
    1Vt7fR4TWQKegeduyWQklEmrNjWPbyrr3tCxo5ffuM9CZX5JwCeulkPdCF2DS1Kv\n\
    JLjdr872mD8OGGoIjgG6OB6uVKeDD/GI8iumV4DUxQKBgQDWv5xSqR85rLpgyXbj\n\
    xXGvbPfKfZppQSUGdbaLYj3qOMISY9uq83M3oNMRPgwFD2ZzA4VImLx55q/s6pIj\n\
    sqP5xsFj0Xvjsa5ySoaEjRDQx5NORb8/kXGpJZCBLR3A3UDs2P8fbzx9LDu2usC7\n\
    wc9T8u0bJErav1zL6Nk/Y9VwuwKBgQC7R8FPVWDEn6cy0kZWlgh4DuaI3uJCT2Pz\n\
    0fp/gGtlne9T0T2bFkGpcrInR6+aA+Yx0c3Tc1j7uZ1opChSUFL10Tv4yH3P2tBa\n\
    QraH5npJ9RCYNRD6HmuItlNsIOPECNsSq9xO00G++N3gziT3v2VUB9txESui51PO\n\
    yCEOTVwiSwKBgG27W1WhtaLy8Amk6Gta6MyLEdMWe2BtOU4juDNg7+JPPlvHSuf/\n\
    nlA+jZux6NJtHByJIAIIicaAakTVV/eFwORQ+2DWGkgu8sTT8AirTHxifpLwcNk6\n\
    qKmV2FEpjJqQdCySdUrKvE353ElzBCjsz9RFvYKw+M7uGazYPqp1iQshAoGBAJgu\n\
    GJDkqbtcmDqdz3YweDVGtmHl6ylC5c+Mgub0bVCnY4BSeKL7FOQiRU3R3IlkPbuh\n\
    5oS6KEZ0b8pGClXI24DQQtFH6aPrBH8z0qrfx+Ms9g0YofD8oxj2PxeQKkRzhcDI\n\
    Uj7jP3t1MqaoHDYNGsOLlu9rqm+3Vcyjpui+R+29AoGAd+W1K1MwchIjMtejB7fY\n\
    QPnpD/4D0lSUFLuYc0GmxGUU7om0KqrCR0iXPjWSWsHWVwJMmcCT4vUFwC5GaB7c\n\
    m/Y3RUzRTMZwuEDOARwtL4vKD/OjWAdxcC8q9lUC7gJiXhw6FnzntpQhNpHf5TWg\n\
    +7kzX+bVzBc0YUr6KYQiO8k=\n\
    -----END PRIVATE KEY-----\n";
const TOKENS: [(KeyEncryption, &str, &str); 4] = [
    (
        KeyEncryption::EcdhEs,
        P256,
        "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSIsImN0eSI6IkpXVCIsImVwayI6eyJjcnYiOiJQLTI1NiIsIngiOiJQR2Nt\
        aFVUSzhGeHUtYklkWFpHeExkM0RiT2toRmNMUE9sMmZaWEg3NE4wIiwieSI6IlBjQkNYcmNIeXItb2VCVm15YS1sNmhPVzQ5OXdL\
        TnZsc2dtNGVGbjFqd2ciLCJrdHkiOiJFQyJ9fQ..zFq9uVFmxUwhMJC7.0BqIVl9FQOfmhoh-BENdj3ICHn_ongc.EOhT7F69ak-\
        mdW8Xql9lIg",
    ),
    (
        KeyEncryption::EcdhEs,
        P256,
        "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSIsImN0eSI6IkpXVCIsImFwdSI6IlFXeHBZMlUiLCJhcHYiOiJRbTlpIiwi\
        ZXBrIjp7ImNydiI6IlAtMjU2IiwieCI6IlBhNXJlcDlZdG1BY3ctbVNnQ0dDM0k3eUhTSXloNmlJcFZVQkQ2TkJPQnMiLCJ5Ijoi\
        ZkdnYlFMN1NQaWVIVmV4VzlKTXpWSGRkMzBtSnlxc3pZTlpaUGlQejFHOCIsImt0eSI6IkVDIn19..V72ie2S3BW7fREUM.S-fzC\
        umNWawD9pLjyYn-3jUheAyVXDA.zML3fqDsCKjg0Nvr4z0gEQ",
    ),
    (
        KeyEncryption::EcdhEsA256kw,
        P256,
        "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJjdHkiOiJKV1QiLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJ4\
        IjoiUXljWVY4XzRXcHdqQnNvV1FiclVkM3d0XzM5TEJfSFJ0RFMxRl9yZW1rMCIsInkiOiI1d2dodXV4TGxDLWd0aUcwTEtXR00w\
        Z3pkcjBzbWpjMW52T2xiRlNUOHFnIiwia3R5IjoiRUMifX0.5_I6GlvhVdLOjuXCZ2fuC2oF4GHiSStp6Kiwzir-GgL03qAWv0vs\
        sQ.Fow4OQ5jEQt3QpVm.t3MBn6pQnKVk-syK1_P0FbfqlhVjtzE.ea4D8hT7bFuNV-RztDuTWg",
    ),
    (
        KeyEncryption::RsaOaep256,
        RSA,
        "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIiwiY3R5IjoiSldUIn0.cm5MrLIM8HEEaeXprnw8DUsv3MtJ-zt2\
        p7xk6ubxuyXHYlanMILHNK3yylxF6fWF7BveoG0sFgiankUzSfhphc4pOEECsp5FuhDZDt7ey0tUGB0CEVozzmQHQ7a2i8rB9LAC\
        ckoktWiPblUkZ504GY-z98mM4mpRwHJ7ZkqD8OdnJWclsKMPLlyV0uYvnU5btRyioPMVu8YZAb0uMAqzKEBedTyThii1M4PLlbbo\
        0368ciE412hi5-UC82U0fuJpRhTkBCFUnjGCt52QtR2KK9HfAeXko5plwIscb1J1ao06HCAL0Pn9XaI_6Htld4DNd1Q_aOnEbIIq\
        ANCp_pLeRA.1MaAZY_8pBqCjZ4s.2NY82qi701Dy7mmPSlY8kvHL3VBEtLE.HyfusHLGjUBS4ITtON5VYQ",
    ),
];

fn key(encryption: KeyEncryption, pem: &str) -> DecryptionKey {
    DecryptionKey::from_pem(pem, "k", encryption).expect("a usable key")
}

#[test]
fn tokens_of_an_unrelated_implementation_are_decrypted() {
    for (encryption, pem, token) in TOKENS {
        let read = signed_within(token, &[key(encryption, pem)]);
        assert_eq!(read.as_ref().map(|it| it.as_str()), Ok(PLAIN), "{encryption:?}");
    }
}

#[test]
fn a_token_altered_anywhere_or_for_another_key_is_undecipherable_and_nothing_else() {
    for (encryption, pem, token) in TOKENS {
        let ours = [key(encryption, pem)];
        for place in (0..token.len()).filter(|place| token.as_bytes()[*place] != b'.') {
            let mut altered = token.as_bytes().to_vec();
            // the upper bits of a character: the lower ones may be padding, which decoding refuses too
            altered[place] = if altered[place] == b'A' { b'Q' } else { b'A' };
            if altered == token.as_bytes() {
                continue;
            }
            let altered = String::from_utf8(altered).expect("ASCII");
            assert_eq!(signed_within(&altered, &ours).err(), Some(Rejection::Undecipherable), "{place}");
        }
        if pem == P256 {
            let other = agreement::PrivateKey::generate(&ECDH_P256).expect("a key");
            let other = DecryptionKey(Arc::new(Inner {
                kid: "k".into(),
                private: match encryption {
                    KeyEncryption::EcdhEs => Private::Agreed(other),
                    KeyEncryption::EcdhEsA256kw | KeyEncryption::RsaOaep256 => Private::AgreedAndWrapped(other),
                },
                public_jwk: json!({}),
            }));
            assert_eq!(signed_within(token, &[other]).err(), Some(Rejection::Undecipherable));
        }
    }
}

#[test]
fn the_algorithm_is_the_registered_one_and_no_other() {
    for (encryption, pem, token) in TOKENS {
        for other in [KeyEncryption::EcdhEs, KeyEncryption::EcdhEsA256kw, KeyEncryption::RsaOaep256] {
            let Ok(other_key) = DecryptionKey::from_pem(pem, "k", other) else { continue };
            let read = signed_within(token, &[other_key]);
            assert_eq!(read.is_ok(), other == encryption, "{encryption:?} {other:?}");
        }
    }
    assert!(DecryptionKey::from_pem(RSA, "k", KeyEncryption::EcdhEs).is_err());
    assert!(DecryptionKey::from_pem(P256, "k", KeyEncryption::RsaOaep256).is_err());
}

#[test]
fn what_is_not_encrypted_is_told_apart_and_a_key_is_found_among_two() {
    let (encryption, pem, token) = TOKENS[0];
    assert_eq!(signed_within(PLAIN, &[key(encryption, pem)]).err(), Some(Rejection::NotEncrypted));
    assert_eq!(signed_within("a.b.c.d.e", &[key(encryption, pem)]).err(), Some(Rejection::Undecipherable));
    assert_eq!(signed_within(PLAIN, &[]).map(|it| it.as_str().to_owned()), Ok(PLAIN.to_owned()));
    let with_a_key = token.replacen("..", ".AAAA.", 1);
    assert_eq!(signed_within(&with_a_key, &[key(encryption, pem)]).err(), Some(Rejection::Undecipherable));
    let newer = DecryptionKey(Arc::new(Inner {
        kid: "newer".into(),
        private: Private::Agreed(agreement::PrivateKey::generate(&ECDH_P256).expect("a key")),
        public_jwk: json!({}),
    }));
    assert!(signed_within(token, &[newer, key(encryption, pem)]).is_ok());
}

#[test]
fn the_published_half_is_public() {
    for (encryption, pem, kty) in [(KeyEncryption::EcdhEs, P256, "EC"), (KeyEncryption::RsaOaep256, RSA, "RSA")] {
        let key = key(encryption, pem);
        let jwk = key.public_jwk();
        assert_eq!((&jwk["kty"], &jwk["use"], &jwk["alg"]), (&json!(kty), &json!("enc"), &json!(encryption.name())));
        assert!(["d", "p", "q", "dp", "dq", "qi"].iter().all(|private| jwk.get(private).is_none()), "{jwk}");
        assert_eq!(format!("{key:?}"), format!("DecryptionKey({} k)", encryption.name()));
    }
}
