//! New tokens for a citizen who is signed in (OpenID Connect Core 1.0 §12).

use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::client::Client;
use crate::clock;
use crate::decryption::signed_within;
use crate::error::{Document, Error};
use crate::id_token::Refreshed;
use crate::keys::Kind;
use crate::session::{IdToken, Session};

impl Client {
    /// Exchanges the refresh token of a session, kept with
    /// [`with_tokens_kept`](crate::Registration::with_tokens_kept), for a new access token. The session that comes
    /// back has the new tokens: keep it in place of the old one. The identity is the one of the sign-in.
    ///
    /// # Errors
    /// [`Error::NoRefreshToken`] when the session has none, [`Error::TokenRefused`] when the gateway does not take
    /// it any more: sign the citizen in again. [`Error::Untrusted`] when a new ID token is about someone else,
    /// another sign-in, or was issued by or for someone else.
    pub async fn refresh(&self, session: &Session) -> Result<Session, Error> {
        let refresh_token = session.refresh_token().ok_or(Error::NoRefreshToken)?;
        let parameters =
            vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", refresh_token.as_str().to_owned())];
        let tokens = self.ask_tokens(&parameters).await?;
        let id_token = match &tokens.id_token {
            None => session.id_token().clone(),
            Some(text) => self.check_refreshed(session, text, &tokens.access.value).await?,
        };
        // RFC 6749 §6: a server that rotates gives a new one, else the old one stays good
        let refresh = tokens.refresh.unwrap_or_else(|| refresh_token.clone());
        Ok(Session::new(session.identity().clone(), id_token).with_tokens(tokens.access, Some(refresh)))
    }

    async fn check_refreshed(
        &self,
        session: &Session,
        text: &Zeroizing<String>,
        access_token: &str,
    ) -> Result<IdToken, Error> {
        let untrusted = Error::untrusted(Document::IdToken);
        let registration = self.registration();
        let (text, claims) = self.id_token_claims(text).await?;
        let refreshed = Refreshed {
            issuer: registration.issuer.as_str(),
            client_id: &registration.client_id,
            subject: session.identity().subject(),
            level: session.identity().level(),
            auth_time: session.identity().auth_time().map(time::OffsetDateTime::unix_timestamp),
            nonce: session.id_token().nonce.as_deref(),
            sid: session.sid(),
            issued: session.id_token().issued,
            access_token,
            algorithm: registration.id_token_algorithm,
            now: clock::now(),
        };
        refreshed.check(&claims).map_err(&untrusted)?;
        let mut kept = IdToken::read(&text, &claims).map_err(untrusted)?;
        // the next refresh is held against the sign-in too
        kept.nonce.clone_from(&session.id_token().nonce);
        kept.issued = session.id_token().issued.or(kept.issued);
        kept.sid = session.id_token().sid.clone().or(kept.sid);
        Ok(kept)
    }

    /// The signed ID token within what came, and its claims: decrypted if encryption is registered, its signature
    /// verified. The signed one is what a later logout shows (OpenID Connect Core 1.0 §3.1.2.1 `id_token_hint`).
    pub(crate) async fn id_token_claims(&self, text: &str) -> Result<(Zeroizing<String>, Claims), Error> {
        let untrusted = Error::untrusted(Document::IdToken);
        let registration = self.registration();
        let token = signed_within(text, &registration.id_token_keys).map_err(&untrusted)?;
        let verified = self.keys().verify(self.http(), &token, Kind::Identity, registration.id_token_algorithm).await;
        Ok((token, verified.map_err(untrusted)?))
    }
}
