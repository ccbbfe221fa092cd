//! The seal under which a login or a session may wait in the citizen's browser.
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
use crate::session::{IdToken, Session};
use crate::tokens::{AccessToken, Scheme};

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
        let authentication = session.identity().authentication();
        Self {
            until,
            id_token: session.id_token().text.as_str().to_owned(),
            acr: authentication.level.acr().to_owned(),
            auth_time: authentication.auth_time.map(OffsetDateTime::unix_timestamp),
            methods: authentication.methods,
            claims: session.identity().claims_as_map().clone(),
            sid: session.id_token().sid.clone(),
            nonce: session.id_token().nonce.clone(),
            issued: session.id_token().issued,
            tokens: session.access_token().map(|access| SealedTokens {
                access: access.value.as_str().to_owned(),
                scheme: access.scheme,
                expires: access.expires,
                refresh: session.refresh_token().map(|it| it.as_str().to_owned()),
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
#[path = "cookie_key_tests.rs"]
mod tests;
