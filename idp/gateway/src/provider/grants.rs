//! What the token endpoint gives: signed first, kept then, given last.

use domain::claims::release::Identity;
use domain::client::Client;
use domain::identity::account::AccountKey;
use domain::jose::jwe::Content;
use domain::oidc::refresh::{Family, RefreshToken, Standing};
use domain::oidc::token::{AccessToken, Issued};
use domain::secret::Bearer;
use domain::time::Lifetime;
use serde_json::Value;
use store::StoreError;
use store::ephemeral::Put;

use super::error::Refused;
use super::nested::encrypted;
use crate::app::App;
use crate::cnie::standing;

/// What was given: the access token, and the answer that holds it.
pub(super) struct Given {
    /// The access token.
    pub(super) token: Bearer<AccessToken>,
    /// The refresh token.
    pub(super) refresh: Option<Bearer<RefreshToken>>,
    /// The answer of the token endpoint.
    pub(super) answer: Value,
}

/// A refresh token that is to be given beside.
pub(super) struct Renewal {
    standing: Standing,
    founds: Option<Lifetime>,
}

impl Renewal {
    /// The first of a family, which lives for so long.
    pub(super) const fn first(standing: Standing, life: Lifetime) -> Self {
        Self { standing, founds: Some(life) }
    }

    /// The next one of a family that lives.
    pub(super) const fn next(standing: Standing) -> Self {
        Self { standing, founds: None }
    }
}

/// Makes the answer that gives an access token together with an ID token, and keeps what it gives. Nothing is kept before
/// everything is signed and encrypted: what fails there may be asked for again, and leaves nothing behind.
pub(super) async fn give(
    app: &App,
    client: &Client,
    issued: &Issued,
    renewal: Option<Renewal>,
) -> Result<Given, Refused> {
    let token = Bearer::<AccessToken>::from_random(app.random.bytes());
    let text = token.expose();
    let names = app.pseudonyms(&issued.access().account, &issued.access().session, client);
    let id_token = issued.id_token(app.issuer.as_str(), &names, &text, app.lifetimes.under(client.profile).id_token);
    let id_token = app.keys().sign(client.id_token_algorithm, "JWT", &id_token).ok_or(Refused::NoKey)?;
    let id_token = match client.encryption.id_token {
        Some(algorithm) => encrypted(app, client, algorithm, Content::Jwt, &id_token).await?,
        None => id_token,
    };
    let refresh = match renewal {
        Some(renewal) => Some(keep(app, renewal).await?),
        None => None,
    };
    let _: Put = app.ephemeral.put(&token, issued.access(), issued.life()).await?;
    let shown = refresh.as_ref().map(Bearer::expose);
    let answer = issued.answer(&text, &id_token, shown.as_ref().map(|text| text.as_str()));
    Ok(Given { token, refresh, answer })
}

/// Keeps what a new refresh token stands for, for as long as its family lives, and the family where it founds one.
async fn keep(app: &App, Renewal { standing, founds }: Renewal) -> Result<Bearer<RefreshToken>, StoreError> {
    if let Some(life) = founds {
        let _: Put = app.ephemeral.put(&standing.family, &Family, life).await?;
    }
    let token = Bearer::<RefreshToken>::from_random(app.random.bytes());
    let left = standing.ends.left(app.clock.now()).unwrap_or(Lifetime::seconds(1));
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
    let admitted = admits(app, &access.account, &access.identity).await?;
    Ok(admitted.then_some(access))
}

/// Whether an account is there, not frozen, still admits the provider that vouched, and the identity on a card that it
/// vouched with still stands.
pub(super) async fn admits(app: &App, account: &AccountKey, identity: &Identity) -> Result<bool, StoreError> {
    let admits = app.standing(account).await?.is_some_and(|account| account.admits(&identity.provider).is_ok());
    Ok(admits && standing::stands(app, identity.card.as_ref()).await?)
}
