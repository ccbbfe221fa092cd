//! The refresh grant (RFC 6749 §6): what the citizen granted is asked again of everyone who could have taken it back.

use domain::habilitation::grant::LiveHabilitation;
use domain::oidc::client_auth::HabilitatedClient;
use domain::oidc::refresh::{Family, NO_LONGER, REPLAYED, Refresh, RefreshToken, Rotation, Standing, UNKNOWN};
use domain::secret::Bearer;
use domain::signin::offer::{self, Health};
use domain::time::Lifetime;
use serde_json::Value;
use store::ephemeral::Swap;

use super::error::Refused;
use super::grants::{self, Given, Renewal};
use crate::app::App;
use crate::cnie::slot::Fault;
use crate::cnie::standing;

/// How long a token that was rotated away is remembered, so that its use is seen as a replay. Later it is unknown, and
/// refused all the same.
const REPLAY_SEEN: Lifetime = Lifetime::seconds(86_400);

/// Exchanges a refresh token. What comes of a rotation is kept before the old token is spent on it: of two requests one
/// wins, the other is a replay and ends the family.
pub(super) async fn refresh(
    app: &App,
    client: &HabilitatedClient<'_>,
    asked: &Refresh,
    token: &Bearer<RefreshToken>,
) -> Result<Value, Refused> {
    let (standing, version) = match app.ephemeral.look(token).await? {
        Some((RefreshToken::Live(standing), version)) => (standing, version),
        Some((RefreshToken::Rotated { family, client: _ }, _)) => return replayed(app, &family).await,
        None => return Err(UNKNOWN.into()),
    };
    let now = app.clock.now();
    let life = app.lifetimes.under(client.client().profile).access_token;
    let issued = standing.refresh(asked, client, now, life)?;
    if app.ephemeral.look(&standing.family).await?.is_none() {
        return Err(UNKNOWN.into());
    }
    if !still_granted(app, &standing, client.live()).await? {
        return Err(NO_LONGER.into());
    }
    if standing.rotation(client.client()) == Rotation::Stays {
        return Ok(grants::give(app, client.client(), &issued, None).await?.answer);
    }
    let (family, left) = (standing.family.clone(), standing.ends.left(now).ok_or(UNKNOWN)?);
    let renewal = Renewal::next(*standing);
    let Given { token: access, refresh: next, answer } =
        grants::give(app, client.client(), &issued, Some(renewal)).await?;
    let rotated = RefreshToken::Rotated { family: family.clone(), client: client.client().id.clone() };
    match app.ephemeral.swap(token, version, &rotated, left.min(REPLAY_SEEN)).await? {
        Swap::Done(_) => Ok(answer),
        Swap::Lost => {
            if let Some(next) = next {
                let _: Option<RefreshToken> = app.ephemeral.take(&next).await?;
            }
            grants::forget(app, &access, None).await?;
            replayed(app, &family).await
        }
    }
}

/// A token that was rotated away is in two hands: nobody can tell whose, so the family ends (RFC 9700 §4.14.2).
async fn replayed(app: &App, family: &Bearer<Family>) -> Result<Value, Refused> {
    let _: Option<Family> = app.ephemeral.take(family).await?;
    Err(REPLAYED.into())
}

/// Whether account and provider still stand as they did when the citizen granted.
async fn still_granted(app: &App, standing: &Standing, live: &LiveHabilitation<'_>) -> Result<bool, Refused> {
    let client = live.client();
    let grant = &standing.grant;
    let Some(account) = app.standing(&grant.account).await? else { return Ok(false) };
    let provider = &grant.identity.provider;
    // An earlier sign-in does not need the provider to answer now.
    let answering = |_: &_| Health::Answering;
    let level = grant.level.min(client.minimum_level);
    let offered = offer::choose(app.upstreams.all(), answering, live, level, &account.blocked_providers, provider);
    if account.admits(provider).is_err() || offered.is_err() || grant.level < client.minimum_level {
        return Ok(false);
    }
    match standing::stands_anew(app, grant.identity.card.as_ref()).await {
        Ok(stands) => Ok(stands),
        // Nobody said that the card may not be used: the token may be shown again.
        Err(Fault::Refused(refusal, _)) => Err(Refused::Card(refusal)),
        Err(Fault::Store(error)) => Err(error.into()),
    }
}
