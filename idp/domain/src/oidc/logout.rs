//! RP-initiated logout (OIDC RP-Initiated Logout 1.0): whose wish is it, and where does the citizen go then.

use super::parameters::Parameters;
use crate::client::{Client, ClientState, Registered, RegisteredRedirect};
use crate::id::{ClientId, SessionId};
use crate::jose::{self, KeySet, SigningAlgorithm};
use crate::secret::from_base64url;

/// A logout request, before the client was looked up.
#[derive(Debug)]
pub struct LogoutRequest<'a> {
    hint: Option<&'a str>,
    client: Option<ClientId>,
    redirect: Option<&'a str>,
    state: Option<&'a str>,
}

/// What a logout request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logout {
    /// The hint proves that a relying party of this session asks: end it and go there.
    Proven {
        /// The session the hint names.
        session: SessionId,
        /// The relying party.
        client: ClientId,
        /// Where to go then, if anywhere.
        then: Option<Return>,
    },
    /// Nothing proves the request: ask the citizen first (RP-Initiated Logout §2, §6), and go nowhere then.
    ToConfirm,
}

/// Where a citizen goes after logging out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    redirect: RegisteredRedirect,
    state: Option<String>,
}

impl Return {
    /// The URL, with `state` when there was one and nothing else.
    pub fn url(&self) -> String {
        let parameters: Vec<(&str, &str)> = self.state.as_deref().map(|state| ("state", state)).into_iter().collect();
        self.redirect.with_parameters(&parameters)
    }
}

/// Why a logout request makes an error page. Nothing is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLogout {
    /// A parameter was sent twice.
    #[error("a parameter was sent more than once")]
    Repeated,
    /// The hint is not an ID token of ours.
    #[error("id_token_hint is not an ID token of this issuer")]
    Hint,
    /// The hint belongs to another client than `client_id`, or to none that is served.
    #[error("id_token_hint belongs to another client")]
    Client,
    /// The redirect URI is not in the client's list, or nothing proves which client asks.
    #[error("post_logout_redirect_uri is not registered for the client")]
    Redirect,
}

impl<'a> LogoutRequest<'a> {
    /// Reads the parameters.
    pub fn read(parameters: &'a Parameters) -> Result<Self, BadLogout> {
        let one = |name| parameters.one(name).map_err(|_| BadLogout::Repeated);
        let named = one("client_id")?.map(|id| ClientId::parse(id).map_err(|_| BadLogout::Client)).transpose()?;
        let hint = one("id_token_hint")?;
        let hinted = hint.map(|hint| unverified_audience(hint).ok_or(BadLogout::Hint)).transpose()?;
        let client = match (named, hinted) {
            (Some(named), Some(hinted)) if named != hinted => return Err(BadLogout::Client),
            (named, hinted) => hinted.or(named),
        };
        Ok(Self { hint, client, redirect: one("post_logout_redirect_uri")?, state: one("state")? })
    }

    /// The client to look up.
    pub const fn client(&self) -> Option<&ClientId> {
        self.client.as_ref()
    }

    /// Decides. An expired hint is still a hint (RP-Initiated Logout §2); `own` are the gateway's published keys.
    pub fn check(&self, found: Option<&Registered>, issuer: &str, own: &KeySet) -> Result<Logout, BadLogout> {
        let client = found.filter(|found| found.state == ClientState::Active).map(|found| &found.client);
        let Some(hint) = self.hint else {
            // Without a hint a redirect would let any site log citizens out and land them where it likes.
            return Ok(Logout::ToConfirm);
        };
        let client: &Client = client.ok_or(BadLogout::Client)?;
        let claims = SigningAlgorithm::ALL
            .into_iter()
            .find_map(|algorithm| jose::verify(hint, algorithm, own).ok())
            .ok_or(BadLogout::Hint)?;
        claims.require("iss", issuer).map_err(|_| BadLogout::Hint)?;
        claims.require_audience(client.id.as_str()).map_err(|_| BadLogout::Hint)?;
        let session = claims.text("sid").ok().and_then(|sid| SessionId::parse(sid).ok()).ok_or(BadLogout::Hint)?;
        let then = match self.redirect {
            None => None,
            Some(uri) => Some(Return {
                redirect: client.post_logout_redirect(uri).ok_or(BadLogout::Redirect)?,
                state: self.state.map(str::to_owned),
            }),
        };
        Ok(Logout::Proven { session, client: client.id.clone(), then })
    }
}

/// The audience of a token, read before its signature is verified, only to find the client.
fn unverified_audience(token: &str) -> Option<ClientId> {
    let payload = from_base64url(token.split('.').nth(1)?)?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    ClientId::parse(claims.get("aud")?.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Kid;
    use crate::jose::SigningKey;
    use serde_json::json;

    const ISSUER: &str = "https://issuer.example";

    fn registered() -> Registered {
        let metadata = json!({
            "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
            "post_logout_redirect_uris": ["https://v.example/bye"],
        });
        let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
        Registered { client, secret: None, state: ClientState::Active }
    }

    fn key() -> SigningKey {
        SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works")
    }

    fn hint(key: &SigningKey) -> String {
        let sid = SessionId::from_random([1; 16]);
        key.sign("JWT", &json!({"iss": ISSUER, "aud": "ville", "sid": sid, "exp": 1, "sub": "1.x"}))
    }

    fn decide(pairs: &[(&str, &str)], key: &SigningKey) -> Result<Logout, BadLogout> {
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let parameters = Parameters::parse(encoded.as_bytes()).expect("well formed");
        let own = KeySet::parse(&json!({"keys": [key.public_jwk()]})).expect("own keys");
        LogoutRequest::read(&parameters)?.check(Some(&registered()), ISSUER, &own)
    }

    #[test]
    fn a_hint_of_ours_proves_the_wish_even_when_expired() {
        let key = key();
        let hint = hint(&key);
        let pairs =
            [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", "https://v.example/bye"), ("state", "é b")];
        match decide(&pairs, &key) {
            Ok(Logout::Proven { then: Some(then), .. }) => {
                assert_eq!(then.url(), "https://v.example/bye?state=%C3%A9+b");
            }
            other => panic!("{other:?}"),
        }
        match decide(&pairs[..2], &key) {
            Ok(Logout::Proven { then: Some(then), .. }) => assert_eq!(then.url(), "https://v.example/bye"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_a_hint_the_citizen_is_asked_and_goes_nowhere() {
        let key = key();
        assert_eq!(decide(&[], &key), Ok(Logout::ToConfirm));
        let pairs = [("client_id", "ville"), ("post_logout_redirect_uri", "https://v.example/bye"), ("state", "x")];
        assert_eq!(decide(&pairs, &key), Ok(Logout::ToConfirm));
    }

    #[test]
    fn hints_that_are_not_ours_or_of_another_client_make_a_page() {
        let key = key();
        let good = hint(&key);
        let forged =
            hint(&SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works"));
        let mut parts = good.split('.');
        let payload = parts.nth(1).expect("three parts");
        let none = format!("{}.{payload}.", crate::secret::base64url(br#"{"alg":"none"}"#));
        for bad in [forged.as_str(), none.as_str(), "x", "a.b.c"] {
            assert_eq!(decide(&[("id_token_hint", bad)], &key), Err(BadLogout::Hint), "{bad}");
        }
        assert_eq!(decide(&[("id_token_hint", &good), ("client_id", "autre")], &key), Err(BadLogout::Client));
        for bad in ["https://v.example/bye?x=1", "https://v.example/", "https://evil.example/"] {
            let pairs = [("id_token_hint", good.as_str()), ("post_logout_redirect_uri", bad)];
            assert_eq!(decide(&pairs, &key), Err(BadLogout::Redirect), "{bad}");
        }
        assert_eq!(decide(&[("state", "a"), ("state", "a")], &key), Err(BadLogout::Repeated));
    }
}
