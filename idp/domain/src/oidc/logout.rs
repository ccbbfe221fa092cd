//! RP-initiated logout (OIDC RP-Initiated Logout 1.0): whose wish is it, and where does the citizen go then.

use serde::{Deserialize, Serialize};

use super::parameters::Parameters;
use crate::client::{Client, ClientState, Registered, RegisteredRedirect};
use crate::id::{ClientId, ProviderId};
use crate::identity::subject::Sid;
use crate::jose::{self, BadToken, KeySet, SigningAlgorithm};
use crate::secret::from_base64url;

/// A logout request, before the client was looked up.
#[derive(Debug)]
pub struct LogoutRequest<'a> {
    hint: Option<&'a str>,
    named: Option<ClientId>,
    hinted: Option<ClientId>,
    redirect: Option<&'a str>,
    state: Option<&'a str>,
}

/// What a logout request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logout {
    /// The hint proves that a relying party of this session asks, or of one that is over: end it and go there.
    Proven {
        /// Where to go then, if anywhere.
        then: Option<Return>,
    },
    /// Nothing proves the request: ask the citizen first (RP-Initiated Logout §2, §6).
    ToConfirm {
        /// Where to go once the citizen has said yes, and only then.
        then: Option<Return>,
    },
}

/// Where a citizen goes after logging out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// A citizen who logged out here and was sent on to log out at the provider: where they go when they come back. It is
/// kept under the `state` of that request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// The provider they were sent to.
    pub provider: ProviderId,
    /// The relying party that asked, or was named.
    pub client: Option<ClientId>,
    /// Where they go then, if anywhere.
    pub then: Option<Return>,
}

/// What followed the end of a session, for a second click on the same button. It is kept under a secret derived from that
/// of the session, for a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoggedOut {
    /// A page said so.
    Told,
    /// The citizen went back to the relying party.
    SentBack {
        /// Where.
        to: String,
    },
    /// The citizen went on to the provider, to log out there too.
    SentOn {
        /// The provider.
        provider: ProviderId,
        /// Its address.
        to: String,
    },
}

impl LoggedOut {
    /// What follows when there is no provider to go on to.
    pub fn back(then: Option<&Return>) -> Self {
        then.map_or(Self::Told, |then| Self::SentBack { to: then.url() })
    }
}

/// The gateway's own keys, as far as a hint may be signed with them.
#[derive(Debug, Clone, Copy)]
pub struct HintKeys<'a> {
    /// Those in the JWKS.
    pub published: &'a KeySet,
    /// Those and the retired ones that were not erased yet.
    pub known: &'a KeySet,
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
    /// The redirect URI is not in the client's list.
    #[error("post_logout_redirect_uri is not registered for the client")]
    Redirect,
}

/// What a hint is worth.
enum Hint {
    /// Ours, of this session, by a key that stands in the JWKS.
    Current(String),
    /// Ours, by a key that was retired.
    Old(String),
    /// By a key that nobody knows, or knows any more: no proof, and no forgery either.
    Unknown,
}

impl<'a> LogoutRequest<'a> {
    /// Reads the parameters.
    pub fn read(parameters: &'a Parameters) -> Result<Self, BadLogout> {
        let one = |name| parameters.one(name).map_err(|_| BadLogout::Repeated);
        let named = one("client_id")?.map(|id| ClientId::parse(id).map_err(|_| BadLogout::Client)).transpose()?;
        let hint = one("id_token_hint")?;
        let hinted = hint.map(|hint| unverified_audience(hint).ok_or(BadLogout::Hint)).transpose()?;
        if let (Some(named), Some(hinted)) = (&named, &hinted)
            && named != hinted
        {
            return Err(BadLogout::Client);
        }
        Ok(Self { hint, named, hinted, redirect: one("post_logout_redirect_uri")?, state: one("state")? })
    }

    /// The client to look up.
    pub fn client(&self) -> Option<&ClientId> {
        self.hinted.as_ref().or(self.named.as_ref())
    }

    /// Decides for a browser that holds a session which the client knows as `held`. An expired hint is still a hint (RP-Initiated Logout §2);
    /// one by a retired key proves a wish for the session that is there and for no other.
    pub fn check(
        &self,
        found: Option<&Registered>,
        issuer: &str,
        keys: HintKeys<'_>,
        held: Option<&Sid>,
    ) -> Result<Logout, BadLogout> {
        let client = found.filter(|found| found.state == ClientState::Active).map(|found| &found.client);
        let worth = match self.hint {
            None => Hint::Unknown,
            Some(hint) => weigh(hint, client.ok_or(BadLogout::Client)?, issuer, keys)?,
        };
        match worth {
            Hint::Current(session) => {
                let then = self.then(client)?;
                // With the proof of another session the citizen decides.
                let proven = held.is_none_or(|held| held.as_str() == session);
                Ok(if proven { Logout::Proven { then } } else { Logout::ToConfirm { then } })
            }
            Hint::Old(session) if held.is_some_and(|held| held.as_str() == session) => {
                Ok(Logout::Proven { then: self.then(client)? })
            }
            // The citizen's word stands for the hint where the client was named (§3: other means of confirming it).
            Hint::Old(_) | Hint::Unknown => {
                let client = client.filter(|client| self.named.as_ref() == Some(&client.id));
                Ok(Logout::ToConfirm { then: self.then(client)? })
            }
        }
    }

    /// Where to go then: an address of the client's own list, or an error page; nowhere without a client.
    fn then(&self, client: Option<&Client>) -> Result<Option<Return>, BadLogout> {
        let (Some(uri), Some(client)) = (self.redirect, client) else { return Ok(None) };
        let redirect = client.post_logout_redirect(uri).ok_or(BadLogout::Redirect)?;
        Ok(Some(Return { redirect, state: self.state.map(str::to_owned) }))
    }
}

/// Verifies a hint and reads the session it names.
fn weigh(hint: &str, client: &Client, issuer: &str, keys: HintKeys<'_>) -> Result<Hint, BadLogout> {
    let verified = |keys| {
        let verdicts = SigningAlgorithm::ALL.into_iter().map(|algorithm| jose::verify(hint, algorithm, keys));
        // Of all algorithms at most one is that of the token; what that one says counts.
        verdicts.into_iter().find(|verdict| !matches!(verdict, Err(BadToken::Algorithm)))
    };
    let (claims, published) = match (verified(keys.published), verified(keys.known)) {
        (Some(Ok(claims)), _) => (claims, true),
        (_, Some(Ok(claims))) => (claims, false),
        (_, Some(Err(BadToken::UnknownKey))) => return Ok(Hint::Unknown),
        (_, Some(Err(_)) | None) => return Err(BadLogout::Hint),
    };
    claims.require("iss", issuer).map_err(|_| BadLogout::Hint)?;
    claims.require_audience(client.id.as_str()).map_err(|_| BadLogout::Hint)?;
    let session = claims.text("sid").map_err(|_| BadLogout::Hint)?.to_owned();
    Ok(if published { Hint::Current(session) } else { Hint::Old(session) })
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
    use crate::id::{HabilitationId, Kid, SessionId};
    use crate::identity::subject::SubjectSecret;
    use crate::jose::SigningKey;
    use crate::time::Timestamp;
    use serde_json::json;

    const ISSUER: &str = "https://issuer.example";
    const BYE: &str = "https://v.example/bye";

    fn registered() -> Registered {
        let metadata = json!({
            "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
            "post_logout_redirect_uris": [BYE],
        });
        let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
        Registered::operated(client, None, HabilitationId::from_random([7; 16]), Timestamp::from_epoch(0))
    }

    fn key(kid: &str) -> SigningKey {
        SigningKey::generate(SigningAlgorithm::Es256, Kid::parse(kid).expect("plain")).expect("works")
    }

    fn session(byte: u8) -> Sid {
        let secret = SubjectSecret::new([9; 32]);
        Sid::pairwise(&SessionId::from_random([byte; 16]), &registered().client.sector, &secret)
    }

    fn hint(key: &SigningKey) -> String {
        key.sign("JWT", &json!({"iss": ISSUER, "aud": "ville", "sid": session(1), "exp": 1, "sub": "1.x"}))
    }

    /// An issuer with one key in its JWKS and one retired.
    struct House {
        current: SigningKey,
        retired: SigningKey,
    }

    impl House {
        fn new() -> Self {
            Self { current: key("current"), retired: key("retired") }
        }

        fn decide(&self, pairs: &[(&str, &str)], held: Option<u8>) -> Result<Logout, BadLogout> {
            let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            let parameters = Parameters::parse(encoded.as_bytes()).expect("well formed");
            let published = KeySet::parse(&json!({"keys": [self.current.public_jwk()]})).expect("own keys");
            let known = json!({"keys": [self.current.public_jwk(), self.retired.public_jwk()]});
            let known = KeySet::parse(&known).expect("own keys");
            let request = LogoutRequest::read(&parameters)?;
            let found = registered();
            let found = request.client().filter(|id| **id == found.client.id).map(|_| &found);
            let keys = HintKeys { published: &published, known: &known };
            request.check(found, ISSUER, keys, held.map(session).as_ref())
        }
    }

    fn proven(then: Option<&str>) -> (bool, Option<String>) {
        (true, then.map(str::to_owned))
    }

    fn to_confirm(then: Option<&str>) -> (bool, Option<String>) {
        (false, then.map(str::to_owned))
    }

    /// Whether it is proven, and where it goes then.
    fn told(decided: Result<Logout, BadLogout>) -> Result<(bool, Option<String>), BadLogout> {
        decided.map(|logout| match logout {
            Logout::Proven { then } => (true, then.map(|then| then.url())),
            Logout::ToConfirm { then } => (false, then.map(|then| then.url())),
        })
    }

    #[test]
    fn a_hint_of_ours_proves_the_wish_even_when_expired() {
        let house = House::new();
        let hint = hint(&house.current);
        let pairs = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "é b")];
        assert_eq!(told(house.decide(&pairs, Some(1))), Ok(proven(Some("https://v.example/bye?state=%C3%A9+b"))));
        assert_eq!(told(house.decide(&pairs, None)), Ok(proven(Some("https://v.example/bye?state=%C3%A9+b"))));
        assert_eq!(told(house.decide(&pairs[..2], Some(1))), Ok(proven(Some(BYE))));
        assert_eq!(told(house.decide(&pairs[..1], Some(1))), Ok(proven(None)));
        assert_eq!(
            told(house.decide(&pairs[..2], Some(2))),
            Ok(to_confirm(Some(BYE))),
            "of another session: asked first"
        );
    }

    #[test]
    fn without_a_hint_the_citizen_is_asked_and_goes_on_only_where_a_client_is_named() {
        let house = House::new();
        let (uri, state, client) = (("post_logout_redirect_uri", BYE), ("state", "x"), ("client_id", "ville"));
        for held in [None, Some(1)] {
            assert_eq!(told(house.decide(&[], held)), Ok(to_confirm(None)));
            assert_eq!(told(house.decide(&[state], held)), Ok(to_confirm(None)));
            assert_eq!(
                told(house.decide(&[uri, state], held)),
                Ok(to_confirm(None)),
                "nobody says whose address it is"
            );
            assert_eq!(told(house.decide(&[client, state], held)), Ok(to_confirm(None)));
            let then = "https://v.example/bye?state=x";
            assert_eq!(told(house.decide(&[client, uri, state], held)), Ok(to_confirm(Some(then))));
            let other = [("client_id", "autre"), uri];
            assert_eq!(told(house.decide(&other, held)), Ok(to_confirm(None)), "nobody is registered under that name");
            let evil = [client, ("post_logout_redirect_uri", "https://evil.example/")];
            assert_eq!(house.decide(&evil, held), Err(BadLogout::Redirect));
        }
    }

    #[test]
    fn a_hint_by_a_retired_key_ends_the_session_it_names_and_no_other() {
        let house = House::new();
        let hint = hint(&house.retired);
        let pairs = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("client_id", "ville")];
        assert_eq!(told(house.decide(&pairs[..2], Some(1))), Ok(proven(Some(BYE))));
        for held in [None, Some(2)] {
            assert_eq!(told(house.decide(&pairs[..2], held)), Ok(to_confirm(None)), "{held:?}");
            assert_eq!(told(house.decide(&pairs, held)), Ok(to_confirm(Some(BYE))), "{held:?}");
        }
    }

    #[test]
    fn a_hint_by_a_key_that_was_erased_counts_as_none() {
        let house = House::new();
        let hint = hint(&key("erased"));
        let pairs = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("client_id", "ville")];
        assert_eq!(told(house.decide(&pairs[..2], Some(1))), Ok(to_confirm(None)));
        assert_eq!(told(house.decide(&pairs, Some(1))), Ok(to_confirm(Some(BYE))));
    }

    #[test]
    fn hints_that_are_not_ours_or_of_another_client_make_a_page() {
        let house = House::new();
        let good = hint(&house.current);
        let (forged, forged_old) = (hint(&key("current")), hint(&key("retired")));
        let mut parts = good.split('.');
        let payload = parts.nth(1).expect("three parts");
        let none = format!("{}.{payload}.", crate::secret::base64url(br#"{"alg":"none"}"#));
        let elsewhere = json!({"iss": "https://o.example", "aud": "ville", "sid": session(1), "sub": "1.x"});
        let elsewhere = house.current.sign("JWT", &elsewhere);
        for bad in [&forged, &forged_old, &none, &elsewhere, "x", "a.b.c"] {
            assert_eq!(house.decide(&[("id_token_hint", bad)], Some(1)), Err(BadLogout::Hint), "{bad}");
        }
        let other = [("id_token_hint", good.as_str()), ("client_id", "autre")];
        assert_eq!(house.decide(&other, Some(1)), Err(BadLogout::Client));
        for bad in ["https://v.example/bye?x=1", "https://v.example/", "https://evil.example/"] {
            let pairs = [("id_token_hint", good.as_str()), ("post_logout_redirect_uri", bad)];
            assert_eq!(house.decide(&pairs, Some(1)), Err(BadLogout::Redirect), "{bad}");
        }
        assert_eq!(house.decide(&[("state", "a"), ("state", "a")], None), Err(BadLogout::Repeated));
    }
}
