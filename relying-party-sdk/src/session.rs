//! The signed-in citizen, and the seal under which a login or a session may wait in the citizen's browser.
//!
//! Nothing is kept on the server: a cookie holds the sealed value, AES-256-GCM under a key that only this site
//! has. The browser can neither read nor alter it, nor use one kind for the other.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::clock;
use crate::error::Error;
use crate::identity::{Authentication, Identity, Level, Subject};
use crate::login::{Pending, PendingLogin};
use crate::logout::PendingLogout;
use crate::random;
use crate::rejection::Rejection;
use crate::tokens::{AccessToken, Scheme};

/// A verified sign-in: the identity, and the ID token that a logout will show to the gateway.
#[derive(Clone)]
pub struct Session {
    identity: Identity,
    id_token: IdToken,
    access_token: Option<AccessToken>,
    refresh_token: Option<Zeroizing<String>>,
}

/// A verified ID token, as a logout, a refresh and a logout by the gateway will need it.
#[derive(Clone)]
pub(crate) struct IdToken {
    pub(crate) text: Zeroizing<String>,
    /// The session at the gateway.
    pub(crate) sid: Option<String>,
    /// The nonce of the sign-in.
    pub(crate) nonce: Option<String>,
    /// Seconds since 1970; none in a session sealed before this was kept.
    pub(crate) issued: Option<i64>,
}

impl IdToken {
    /// What is kept of a token with these verified claims.
    pub(crate) fn read(text: &str, claims: &Claims) -> Result<Self, Rejection> {
        Ok(Self {
            text: Zeroizing::new(text.to_owned()),
            sid: claims.text("sid")?.map(str::to_owned),
            nonce: claims.text("nonce")?.map(str::to_owned),
            issued: claims.seconds("iat")?,
        })
    }
}

impl Session {
    pub(crate) fn new(identity: Identity, id_token: IdToken) -> Self {
        Self { identity, id_token, access_token: None, refresh_token: None }
    }

    pub(crate) fn with_tokens(mut self, access: AccessToken, refresh: Option<Zeroizing<String>>) -> Self {
        self.access_token = Some(access);
        self.refresh_token = refresh;
        self
    }

    /// The citizen.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The citizen, for a site that has a session of its own and needs no logout at the gateway.
    pub fn into_identity(self) -> Identity {
        self.identity
    }

    /// The access token, to call data providers with; none unless registered
    /// [`with_tokens_kept`](crate::Registration::with_tokens_kept).
    pub fn access_token(&self) -> Option<&AccessToken> {
        self.access_token.as_ref()
    }

    /// The name of the citizen's session at the gateway (`sid`), by which the gateway ends it.
    pub fn sid(&self) -> Option<&str> {
        self.id_token.sid.as_deref()
    }

    pub(crate) fn id_token(&self) -> &IdToken {
        &self.id_token
    }

    pub(crate) fn refresh_token(&self) -> Option<&Zeroizing<String>> {
        self.refresh_token.as_ref()
    }
}

/// Shows nothing about the citizen.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// The key under which this site seals what waits in browsers. Whoever has it can forge sessions: keep it like a
/// password, share it between the processes of the site. A new key ends every session and login under way.
#[derive(Clone)]
pub struct CookieKey(Zeroizing<[u8; 32]>);

/// What a sealed value is; one kind never opens as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Login,
    Session,
    Logout,
}

impl Kind {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Login => b"relying-party-sdk v1 login",
            Self::Session => b"relying-party-sdk v1 session",
            Self::Logout => b"relying-party-sdk v1 logout",
        }
    }
}

impl CookieKey {
    /// A new key from the system's generator, for a single process: sessions end when it does.
    pub fn generate() -> Self {
        Self(random::key())
    }

    /// A key of 32 random bytes in base64, as `openssl rand -base64 32` makes it.
    ///
    /// # Errors
    /// [`Error::Setting`] when it is anything else.
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new).ok();
        bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()).map(|key| Self(Zeroizing::new(key))).ok_or(
            Error::Setting {
                name: "cookie_key",
                seen: "(secret)".into(),
                wanted: "give 32 random bytes in base64, `openssl rand -base64 32`",
            },
        )
    }

    /// Seals a login under way, as text fit for a cookie.
    pub fn seal_login(&self, login: &PendingLogin) -> String {
        self.seal(Kind::Login, &login.0)
    }

    /// Opens a login that [`CookieKey::seal_login`] sealed.
    ///
    /// # Errors
    /// [`Error::Unsealable`] for everything else.
    pub fn open_login(&self, sealed: &str) -> Result<PendingLogin, Error> {
        self.open::<Pending>(Kind::Login, sealed).map(PendingLogin)
    }

    /// Seals a session until its lifetime is over.
    pub fn seal_session(&self, session: &Session, lifetime: Duration) -> String {
        let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        self.seal(Kind::Session, &Sealed::of(session, clock::now().saturating_add(seconds)))
    }

    /// Opens a session that [`CookieKey::seal_session`] sealed and whose lifetime is not over.
    ///
    /// # Errors
    /// [`Error::Unsealable`] for everything else.
    pub fn open_session(&self, sealed: &str) -> Result<Session, Error> {
        self.open_session_at(sealed, clock::now())
    }

    fn open_session_at(&self, sealed: &str, now: i64) -> Result<Session, Error> {
        let sealed: Sealed = self.open(Kind::Session, sealed)?;
        if sealed.until <= now {
            return Err(Error::Unsealable);
        }
        sealed.into_session()
    }

    /// Seals a logout under way, as text fit for a cookie.
    pub fn seal_logout(&self, logout: &PendingLogout) -> String {
        self.seal(Kind::Logout, &logout.0)
    }

    /// Opens a logout that [`CookieKey::seal_logout`] sealed.
    ///
    /// # Errors
    /// [`Error::Unsealable`] for everything else.
    pub fn open_logout(&self, sealed: &str) -> Result<PendingLogout, Error> {
        self.open(Kind::Logout, sealed).map(PendingLogout)
    }

    fn seal(&self, kind: Kind, value: &impl Serialize) -> String {
        let mut bytes = Zeroizing::new(serde_json::to_vec(value).expect("these are maps with text keys"));
        let nonce = self
            .of(kind)
            .seal_in_place_append_tag(Aad::from(kind.label()), &mut *bytes)
            .expect("a cookie is far below the 64 GiB that AES-GCM can seal");
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend_from_slice(&bytes);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    fn open<T: DeserializeOwned>(&self, kind: Kind, sealed: &str) -> Result<T, Error> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Error::Unsealable)?;
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or(Error::Unsealable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Unsealable)?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let plain =
            self.of(kind).open_in_place(nonce, Aad::from(kind.label()), &mut rest).map_err(|_| Error::Unsealable)?;
        serde_json::from_slice(plain).map_err(|_| Error::Unsealable)
    }

    /// A key for each kind, so that the nonces of one do not use up those of another.
    fn of(&self, kind: Kind) -> RandomizedNonceKey {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
            .extract(&*self.0)
            .expand(&[kind.label()], &AES_256_GCM)
            .and_then(|material| material.fill(&mut *bytes))
            .expect("HKDF-SHA-256 yields the 32 bytes of an AES-256 key");
        RandomizedNonceKey::new(&AES_256_GCM, &*bytes).expect("AES-256-GCM takes any 32 bytes")
    }
}

/// Shows nothing.
impl fmt::Debug for CookieKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieKey(…)")
    }
}

/// A session as it is sealed. Kept apart so that nobody outside can make a [`Session`] but by a callback.
#[derive(Serialize, Deserialize)]
struct Sealed {
    until: i64,
    id_token: String,
    acr: String,
    auth_time: Option<i64>,
    methods: Vec<String>,
    claims: Map<String, Value>,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    issued: Option<i64>,
    #[serde(default)]
    tokens: Option<SealedTokens>,
}

#[derive(Serialize, Deserialize)]
struct SealedTokens {
    access: String,
    scheme: Scheme,
    expires: Option<i64>,
    refresh: Option<String>,
}

impl Sealed {
    fn of(session: &Session, until: i64) -> Self {
        let authentication = session.identity.authentication();
        Self {
            until,
            id_token: session.id_token.text.as_str().to_owned(),
            acr: authentication.level.acr().to_owned(),
            auth_time: authentication.auth_time.map(OffsetDateTime::unix_timestamp),
            methods: authentication.methods,
            claims: session.identity.claims_as_map().clone(),
            sid: session.id_token.sid.clone(),
            nonce: session.id_token.nonce.clone(),
            issued: session.id_token.issued,
            tokens: session.access_token.as_ref().map(|access| SealedTokens {
                access: access.value.as_str().to_owned(),
                scheme: access.scheme,
                expires: access.expires,
                refresh: session.refresh_token.as_ref().map(|it| it.as_str().to_owned()),
            }),
        }
    }

    fn into_session(self) -> Result<Session, Error> {
        let claims = Claims::from_map(self.claims);
        let authentication = Authentication {
            subject: Subject::read(&claims).map_err(|_| Error::Unsealable)?,
            level: Level::from_acr(&self.acr).ok_or(Error::Unsealable)?,
            auth_time: self.auth_time.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
            methods: self.methods,
        };
        let identity = Identity::read(authentication, claims).map_err(|_| Error::Unsealable)?;
        let text = Zeroizing::new(self.id_token);
        let id_token = IdToken { text, sid: self.sid, nonce: self.nonce, issued: self.issued };
        let session = Session::new(identity, id_token);
        Ok(match self.tokens {
            None => session,
            Some(kept) => {
                let access =
                    AccessToken { value: Zeroizing::new(kept.access), scheme: kept.scheme, expires: kept.expires };
                session.with_tokens(access, kept.refresh.map(Zeroizing::new))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        let claims = Claims::parse(r#"{"sub":"s","family_name":"MARTIN-LEFÈVRE","birthdate":"1985-03-00"}"#.as_bytes())
            .expect("claims");
        let authentication = Authentication {
            subject: Subject::read(&claims).expect("a subject"),
            level: Level::Substantial,
            auth_time: OffsetDateTime::from_unix_timestamp(1_800_000_000).ok(),
            methods: vec!["pwd".into()],
        };
        let text = Zeroizing::new("a.b.c".into());
        let id_token = IdToken { text, sid: Some("s-1".into()), nonce: None, issued: Some(7) };
        Session::new(Identity::read(authentication, claims).expect("an identity"), id_token)
    }

    #[test]
    fn a_session_comes_back_from_its_cookie_as_it_went() {
        let key = CookieKey::generate();
        let sealed = key.seal_session(&session(), Duration::from_mins(1));
        let opened = key.open_session(&sealed).expect("the same key opens it");
        assert_eq!(opened.identity().family_name(), Some("MARTIN-LEFÈVRE"));
        assert_eq!(opened.identity().birthdate().map(|it| it.to_string()).as_deref(), Some("1985-03-00"));
        assert_eq!(opened.identity().level(), Level::Substantial);
        assert_eq!(opened.identity().methods(), ["pwd"]);
        assert_eq!(opened.identity().auth_time(), session().identity().auth_time());
        assert_eq!(opened.id_token().text.as_str(), "a.b.c");
        assert_eq!((opened.sid(), opened.id_token().issued), (Some("s-1"), Some(7)));
        assert!(opened.access_token().is_none());
        assert_ne!(sealed, key.seal_session(&session(), Duration::from_mins(1)), "each seal is another");
    }

    #[test]
    fn kept_tokens_come_back_from_the_cookie_too() {
        let access = AccessToken { value: Zeroizing::new("at".into()), scheme: Scheme::Dpop, expires: Some(9) };
        let session = session().with_tokens(access, Some(Zeroizing::new("rt".into())));
        let key = CookieKey::generate();
        let opened = key.open_session(&key.seal_session(&session, Duration::from_mins(1))).expect("the same key");
        let access = opened.access_token().expect("it was kept");
        assert_eq!((access.value.as_str(), access.is_bound(), access.expires), ("at", true, Some(9)));
        assert_eq!(opened.refresh_token().map(|it| it.as_str()), Some("rt"));
    }

    #[test]
    fn a_session_sealed_by_an_older_version_still_opens() {
        let key = CookieKey::generate();
        let mut sealed = serde_json::to_value(Sealed::of(&session(), i64::MAX)).expect("JSON");
        for added in ["sid", "nonce", "issued", "tokens"] {
            sealed.as_object_mut().expect("an object").remove(added);
        }
        let opened = key.open_session(&key.seal(Kind::Session, &sealed)).expect("an older session");
        assert_eq!(opened.identity().family_name(), Some("MARTIN-LEFÈVRE"));
    }

    #[test]
    fn a_session_dies_with_its_lifetime() {
        let key = CookieKey::generate();
        let sealed = key.seal(Kind::Session, &Sealed::of(&session(), 100));
        assert!(key.open_session_at(&sealed, 99).is_ok());
        assert!(key.open_session_at(&sealed, 100).is_err());
    }

    #[test]
    fn an_altered_cookie_opens_nowhere() {
        let key = CookieKey::generate();
        let sealed = key.seal_session(&session(), Duration::from_mins(1));
        assert!(CookieKey::generate().open_session(&sealed).is_err(), "another key");
        assert!(key.open_login(&sealed).is_err(), "another kind");
        assert!(key.open_logout(&sealed).is_err(), "another kind");
        for place in 0..sealed.len() {
            let mut altered = sealed.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).expect("ASCII");
            assert!(key.open_session(&altered).is_err(), "character {place}");
        }
        for short in ["", "AAAA", &sealed[..20]] {
            assert!(key.open_session(short).is_err());
        }
    }

    #[test]
    fn a_cookie_key_is_32_bytes_of_base64() {
        assert!(CookieKey::from_base64(&STANDARD.encode([7; 32])).is_ok());
        for text in ["", "secret", &STANDARD.encode([7; 31]), &STANDARD.encode([7; 33])] {
            assert!(CookieKey::from_base64(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_personal_shows_in_debug_output() {
        assert_eq!(format!("{:?}", session()), "Session { identity: Identity { level: Substantial, .. }, .. }");
        assert_eq!(format!("{:?}", CookieKey::generate()), "CookieKey(…)");
    }
}
