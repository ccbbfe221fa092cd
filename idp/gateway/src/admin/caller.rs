//! Whose call it is: the token of its header, read from the registry at each call. What is revoked there, or lost by who
//! answers for it, is refused with the next call, on every node.

use axum::extract::{FromRequestParts, RawPathParams};
use domain::partners::organisation::Organisation;
use domain::partners::permission::{About, Over, Permit};
use domain::partners::token::{AdminSecret, Granted, NotGranted, PREFIX, TokenScope};
use domain::secret::Bearer;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::problem::Trouble;
use crate::app::{App, Shared};
use crate::audit::Admin;
use crate::partners::matter;

/// A program that may do what a route is for.
#[derive(Debug)]
pub(super) struct Caller<P> {
    /// The proof.
    pub(super) granted: Granted<P>,
    /// The organisation that the path is about, where it is about one.
    organisation: Option<Organisation>,
}

impl<P> Caller<P> {
    /// The organisation that the path is about. Asked for behind a permission over one alone.
    pub(super) fn organisation(&self) -> Result<&Organisation, Trouble> {
        self.organisation.as_ref().ok_or_else(|| Admin::Unseen.into())
    }
}

/// The secret of a call (RFC 6750 §2.1): by the header alone, once. A token in a form or a query stays in logs.
fn secret(headers: &HeaderMap) -> Result<Bearer<AdminSecret>, Admin> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Admin::TokenMissing) };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Admin::TokenMissing)?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(Admin::TokenMissing);
    }
    token.trim().strip_prefix(PREFIX).and_then(Bearer::parse).ok_or(Admin::TokenUnknown)
}

async fn admit<P: Permit>(app: &Shared, parts: &mut Parts) -> Result<Caller<P>, Trouble> {
    let secret = secret(&parts.headers)?;
    let kept = app.registry.admin_token_with(&secret).await?.ok_or(Admin::TokenUnknown)?;
    let now = app.clock.now();
    let of_token = |code: Admin| Trouble::from(code).with_token(&kept.token.id);
    let standing = kept.token.standing(now).map_err(|over| of_token(over.into()))?;
    app.limits.token(&kept.token.id).map_err(Trouble::TooMany)?;
    if kept.is_due(now)
        && let Err(error) = app.registry.note_admin_token_use(&kept.token.id, now).await
    {
        tracing::warn!(%error, token = %kept.token.id, "the use of a token could not be noted");
    }
    let without_scope = || Trouble::Scope(TokenScope::giving(P::PERMISSION));
    standing.gives(P::PERMISSION).map_err(|_| without_scope())?;
    let organisation = match P::PERMISSION.over() {
        Over::Space => None,
        Over::Organisation => Some(about(app, parts).await?),
    };
    let issuer = match &kept.token.issuer {
        Some(issuer) => app.registry.partner(issuer).await?,
        None => None,
    };
    let matter = organisation.as_ref().map_or(About::Space, About::Organisation);
    match standing.may(P::default(), matter, issuer.as_ref()) {
        Ok(granted) => Ok(Caller { granted, organisation }),
        Err(NotGranted::Scope) => Err(without_scope()),
        Err(why) => Err(of_token(why.into())),
    }
}

/// The organisation that a path is about. One that is not there is refused as one beyond the reach of the token.
async fn about(app: &App, parts: &mut Parts) -> Result<Organisation, Trouble> {
    let parameters = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Admin::Unseen)?;
    matter::organisation(app, &parameters).await?.ok_or_else(|| Admin::Unseen.into())
}

impl<P: Permit> FromRequestParts<Shared> for Caller<P> {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Trouble> {
        admit(app, parts).await
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_comes_by_the_header_once_and_says_what_it_is() {
        let token = format!("{PREFIX}{}", *Bearer::<AdminSecret>::from_random([7; 32]).expose());
        let with = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).expect("a header"));
            }
            secret(&headers).map(|_| ())
        };
        let bearer = format!("Bearer {token}");
        assert_eq!(with(&[&bearer]), Ok(()));
        assert_eq!(with(&[&format!("bearer {token}")]), Ok(()), "a scheme is of either case");
        for missing in [vec![], vec![bearer.as_str(), bearer.as_str()], vec!["Basic eDp5"], vec!["Bearer"]] {
            assert_eq!(with(&missing), Err(Admin::TokenMissing), "{missing:?}");
        }
        let bare = token.trim_start_matches(PREFIX);
        for unknown in
            [format!("Bearer {bare}"), format!("Bearer {token}A"), format!("Bearer {PREFIX}"), "Bearer x".into()]
        {
            assert_eq!(with(&[&unknown]), Err(Admin::TokenUnknown), "{unknown}");
        }
    }
}
