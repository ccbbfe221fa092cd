//! What the token endpoint gives, kept before it is given.

use domain::client::Client;
use domain::id::ProviderId;
use domain::identity::account::AccountKey;
use domain::jose::jwe::Content;
use domain::oidc::refresh::{Family, RefreshToken, Standing};
use domain::oidc::token::{AccessToken, Issued};
use domain::secret::Bearer;
use domain::time::{Lifetime, Timestamp};
use serde_json::Value;
use store::StoreError;
use store::ephemeral::Put;

use super::error::Refused;
use super::nested::encrypted;
use crate::app::App;

/// What was given: the access token, and the answer that holds it.
pub(super) struct Given {
    /// The access token.
    pub(super) token: Bearer<AccessToken>,
    /// The answer of the token endpoint.
    pub(super) answer: Value,
}

/// Keeps an access token, and makes the answer that gives it together with an ID token.
pub(super) async fn give(
    app: &App,
    client: &Client,
    issued: &Issued,
    refresh: Option<&Bearer<RefreshToken>>,
) -> Result<Given, Refused> {
    let token = Bearer::<AccessToken>::from_random(app.random.bytes());
    let text = token.expose();
    let subject = app.subject(&issued.access().account, client);
    let id_token = issued.id_token(app.issuer.as_str(), &subject, &text, app.lifetimes.under(client.profile).id_token);
    let id_token = app.keys().sign(client.id_token_algorithm, "JWT", &id_token).ok_or(Refused::NoKey)?;
    let id_token = match client.encryption.id_token {
        Some(algorithm) => encrypted(app, client, algorithm, Content::Jwt, &id_token).await?,
        None => id_token,
    };
    let _: Put = app.ephemeral.put(&token, issued.access(), issued.life()).await?;
    let refresh = refresh.map(Bearer::expose);
    let answer = issued.answer(&text, &id_token, refresh.as_ref().map(|text| text.as_str()));
    Ok(Given { token, answer })
}

/// Keeps a family alive.
pub(super) async fn keep_family(app: &App, family: &Bearer<Family>, life: Lifetime) -> Result<(), StoreError> {
    let _: Put = app.ephemeral.put(family, &Family, life).await?;
    Ok(())
}

/// Keeps what a new refresh token stands for, for as long as its family lives.
pub(super) async fn keep_standing(
    app: &App,
    standing: Standing,
    now: Timestamp,
) -> Result<Bearer<RefreshToken>, StoreError> {
    let token = Bearer::<RefreshToken>::from_random(app.random.bytes());
    let left = standing.ends.left(now).unwrap_or(Lifetime::seconds(1));
    let _: Put = app.ephemeral.put(&token, &RefreshToken::Live(Box::new(standing)), left).await?;
    Ok(token)
}

/// Takes an access token back, and the family it founded.
pub(super) async fn forget(
    app: &App,
    token: &Bearer<AccessToken>,
    family: Option<&Bearer<Family>>,
) -> Result<(), StoreError> {
    if let Some(family) = family {
        let _: Option<Family> = app.ephemeral.take(family).await?;
    }
    let _: Option<AccessToken> = app.ephemeral.take(token).await?;
    Ok(())
}

/// What an access token opens now: it was not revoked, neither was its family, and the citizen's account still stands.
pub(super) async fn alive(app: &App, token: &Bearer<AccessToken>) -> Result<Option<AccessToken>, StoreError> {
    let Some((access, _)) = app.ephemeral.look(token).await? else { return Ok(None) };
    if access.ends.is_past(app.clock.now()) {
        return Ok(None);
    }
    if let Some(family) = &access.family
        && app.ephemeral.look(family).await?.is_none()
    {
        return Ok(None);
    }
    let admitted = admits(app, &access.account, &access.identity.provider).await?;
    Ok(admitted.then_some(access))
}

/// Whether an account is there, not frozen, and still admits the provider that vouched.
pub(super) async fn admits(app: &App, account: &AccountKey, provider: &ProviderId) -> Result<bool, StoreError> {
    Ok(app.standing(account).await?.is_some_and(|account| account.admits(provider).is_ok()))
}
