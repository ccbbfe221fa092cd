//! What is encrypted to a client (OIDC Registration §2, JARM §3), and whether its keys allow it.

use serde::{Deserialize, Serialize};

use super::fields::{Fields, MetadataError};
use super::{Authentication, Client, ClientKeys};
use crate::jose::jwe::{CONTENT_ENCRYPTION, KeyAlgorithm};

pub(super) const KEY_ALGORITHMS: &str = "ECDH-ES, ECDH-ES+A256KW, RSA-OAEP-256";

/// How keys are encrypted to a client, for each thing that is; content is always A256GCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Encryption {
    /// Its ID tokens.
    pub id_token: Option<KeyAlgorithm>,
    /// Its userinfo answers.
    pub userinfo: Option<KeyAlgorithm>,
    /// Its signed authorization responses.
    pub authorization: Option<KeyAlgorithm>,
}

impl Fields<'_> {
    /// The registered encryption of the answers to a client.
    pub(super) fn encryption(&self) -> Result<Encryption, MetadataError> {
        Ok(Encryption {
            id_token: self.encrypted("id_token_encrypted_response_alg", "id_token_encrypted_response_enc")?,
            userinfo: self.encrypted("userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc")?,
            authorization: self
                .encrypted("authorization_encrypted_response_alg", "authorization_encrypted_response_enc")?,
        })
    }

    /// One pair of `alg` and `enc`. An `enc` alone means nothing; an `alg` alone means A128CBC-HS256, which is not
    /// supported.
    pub(super) fn encrypted(
        &self,
        alg: &'static str,
        enc: &'static str,
    ) -> Result<Option<KeyAlgorithm>, MetadataError> {
        match (self.text(alg)?, self.text(enc)?) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(MetadataError::Missing(alg)),
            (Some(name), Some(CONTENT_ENCRYPTION)) => {
                KeyAlgorithm::parse(name).map(Some).ok_or(MetadataError::Unknown(alg, KEY_ALGORITHMS))
            }
            (Some(_), None) => Err(MetadataError::DefaultEncryption(enc)),
            (Some(_), Some(_)) => Err(MetadataError::Unknown(enc, CONTENT_ENCRYPTION)),
        }
    }
}

/// Refuses a client whose own keys cannot serve what it registered. Keys that it keeps elsewhere are looked at when they
/// are needed.
pub(super) fn check_keys(client: &Client) -> Result<(), MetadataError> {
    let Encryption { id_token, userinfo, authorization } = client.encryption;
    for (field, algorithm) in [
        ("id_token_encrypted_response_alg", id_token),
        ("userinfo_encrypted_response_alg", userinfo),
        ("authorization_encrypted_response_alg", authorization),
    ] {
        let Some(algorithm) = algorithm else { continue };
        match &client.keys {
            ClientKeys::None => return Err(MetadataError::Missing("jwks or jwks_uri")),
            ClientKeys::Inline(keys) if keys.recipient(algorithm).is_none() => {
                return Err(MetadataError::NoKey { field, needs: algorithm.name() });
            }
            ClientKeys::Inline(_) | ClientKeys::At(_) => {}
        }
    }
    match (&client.keys, &client.authentication) {
        (ClientKeys::Inline(keys), Authentication::PrivateKeyJwt)
            if !client.profile.algorithms().any(|algorithm| keys.verifies(algorithm)) =>
        {
            Err(MetadataError::NoKey { field: "token_endpoint_auth_method", needs: "private_key_jwt" })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ClientId, Kid};
    use crate::jose::{SigningAlgorithm, SigningKey};
    use serde_json::{Value, json};

    fn public(usage: &str) -> Value {
        let kid = Kid::parse("k").expect("plain");
        let mut key = SigningKey::generate(SigningAlgorithm::Es256, kid).expect("works").public_jwk();
        key["use"] = json!(usage);
        if usage == "enc" {
            key.as_object_mut().expect("an object").remove("alg");
        }
        json!({"keys": [key]})
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads as a literal at every call")]
    fn read(extra: Value) -> Result<Encryption, MetadataError> {
        let mut metadata = json!({"client_name": "V", "redirect_uris": ["https://v.example/"]});
        for (name, value) in extra.as_object().expect("an object") {
            metadata[name] = value.clone();
        }
        Client::from_metadata(&metadata, || ClientId::parse("v").expect("plain")).map(|client| client.encryption)
    }

    #[test]
    fn each_answer_is_encrypted_as_registered() {
        let read = read(json!({
            "jwks": public("enc"),
            "id_token_encrypted_response_alg": "ECDH-ES", "id_token_encrypted_response_enc": "A256GCM",
            "authorization_encrypted_response_alg": "ECDH-ES+A256KW",
            "authorization_encrypted_response_enc": "A256GCM",
        }));
        let expected = Encryption {
            id_token: Some(KeyAlgorithm::EcdhEs),
            userinfo: None,
            authorization: Some(KeyAlgorithm::EcdhEsA256kw),
        };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn what_cannot_be_encrypted_is_not_registered() {
        for (bad, told) in [
            (json!({"jwks": public("enc"), "userinfo_encrypted_response_alg": "ECDH-ES"}), "must be A256GCM"),
            (
                json!({"jwks": public("enc"), "userinfo_encrypted_response_enc": "A256GCM"}),
                "userinfo_encrypted_response_alg",
            ),
            (
                json!({"jwks": public("enc"), "userinfo_encrypted_response_alg": "ECDH-ES",
                    "userinfo_encrypted_response_enc": "A128CBC-HS256"}),
                "supported: A256GCM",
            ),
            (
                json!({"jwks": public("enc"), "id_token_encrypted_response_alg": "RSA1_5",
                    "id_token_encrypted_response_enc": "A256GCM"}),
                "supported: ECDH-ES",
            ),
            (
                json!({"jwks": public("sig"), "id_token_encrypted_response_alg": "ECDH-ES",
                    "id_token_encrypted_response_enc": "A256GCM"}),
                "no key",
            ),
            (
                json!({"jwks": public("enc"), "id_token_encrypted_response_alg": "RSA-OAEP-256",
                    "id_token_encrypted_response_enc": "A256GCM"}),
                "RSA-OAEP-256",
            ),
            (
                json!({"id_token_encrypted_response_alg": "ECDH-ES", "id_token_encrypted_response_enc": "A256GCM"}),
                "jwks or jwks_uri",
            ),
            (json!({"jwks": public("enc"), "token_endpoint_auth_method": "private_key_jwt"}), "private_key_jwt"),
        ] {
            let error = read(bad.clone()).expect_err(&bad.to_string()).to_string();
            assert!(error.contains(told), "{error} says {told}");
        }
    }

    #[test]
    fn keys_kept_elsewhere_are_looked_at_later() {
        let read = read(json!({
            "jwks_uri": "https://v.example/jwks",
            "userinfo_encrypted_response_alg": "RSA-OAEP-256", "userinfo_encrypted_response_enc": "A256GCM",
        }));
        assert_eq!(read.map(|encryption| encryption.userinfo), Ok(Some(KeyAlgorithm::RsaOaep256)));
    }
}
