//! `POST /token` (OIDC Core §3.1.3): a code, or a refresh token, becomes an access token and an ID token.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::oidc::client_auth::HabilitatedClient;
use domain::oidc::code::{self, Code, Redemption};
use domain::oidc::parameters::Parameters;
use domain::oidc::refresh::{Family, NO_LONGER, Refresh, RefreshToken};
use domain::oidc::token::{AccessToken, GrantType, Issued};
use domain::secret::Bearer;
use domain::time::Lifetime;
use http::header::CACHE_CONTROL;
use serde_json::Value;
use store::ephemeral::Swap;

use super::call::Call;
use super::error::Refused;
use super::form::Form;
use super::grants::{self, Given, Renewal};
use super::{authentication, refresh};
use crate::app::{App, Shared};

/// How long a spent code is remembered, so that a replay is seen and revokes what the code gave.
const REPLAY_SEEN: Lifetime = Lifetime::seconds(900);

/// `POST /token`.
pub(crate) async fn post(State(app): State<Shared>, call: Call, Form(form): Form) -> Response {
    let response = match exchange(&app, &call, &form).await {
        Ok(answer) => ([(CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(refused) => call.refused(refused.answer()),
    };
    call.answered(&app, response)
}

async fn exchange(app: &Shared, call: &Call, form: &Parameters) -> Result<Value, Refused> {
    let presented = authentication::presented(call, form)?;
    let found = authentication::named(app, call, &presented);
    let client = authentication::holding(app, call, &presented, found.as_deref()).await?;
    let client = authentication::habilitated(app, client)?;
    match GrantType::read(form)? {
        GrantType::AuthorizationCode => {
            let (redemption, code) = Redemption::read(form)?;
            redeem(app, &client, &redemption, &code).await
        }
        GrantType::RefreshToken => {
            let (asked, token) = Refresh::read(form)?;
            refresh::refresh(app, &client, &asked, &token).await
        }
    }
}

/// The code is spent by what it gives; where nothing can be signed it stays what it was. The tokens are kept before the code is spent on them: a replay that comes in
/// between finds the tokens to revoke.
async fn redeem(
    app: &App,
    client: &HabilitatedClient<'_>,
    redemption: &Redemption<'_>,
    code: &Bearer<Code>,
) -> Result<Value, Refused> {
    let Some((record, version)) = app.ephemeral.look(code).await? else {
        return Err(code::UNKNOWN.into());
    };
    let (grant, ends) = match record {
        Code::Live { grant, ends } => (grant, ends),
        Code::Spent { gave, family } => {
            revoke(app, gave, family).await?;
            return Err(code::REPLAYED.into());
        }
    };
    let now = app.clock.now();
    let life = app.lifetimes.under(client.client().profile).access_token;
    let admitted = grants::admits(app, &grant.account, &grant.identity).await?;
    let issued = if admitted {
        code::redeem(&grant, ends, redemption, client, now, life)
    } else {
        // Frozen between the citizen's word and now.
        Err(NO_LONGER)
    };
    let mut issued: Issued = match issued {
        Ok(issued) => issued,
        Err(error) => {
            let spent = Code::Spent { gave: None, family: None };
            if app.ephemeral.swap(code, version, &spent, REPLAY_SEEN).await? == Swap::Lost {
                // It was redeemed in the same moment: presented twice all the same.
                replayed(app, code).await?;
                return Err(code::REPLAYED.into());
            }
            return Err(error.into());
        }
    };
    let life = app.lifetimes.refresh_token;
    let (family, renewal) = if code::founds_family(&grant, client.client()) {
        let family = Bearer::<Family>::from_random(app.random.bytes());
        let standing = issued.found(&grant, family.clone(), now.plus(life));
        (Some(family), Some(Renewal::first(standing, life)))
    } else {
        (None, None)
    };
    let Given { token, refresh, answer } = grants::give(app, client.client(), &issued, renewal).await?;
    let spent = Code::Spent { gave: Some(token.clone()), family: family.clone() };
    match app.ephemeral.swap(code, version, &spent, REPLAY_SEEN).await? {
        Swap::Done(_) => Ok(answer),
        Swap::Lost => {
            // Another request spent the code in the same moment: this one is the replay.
            grants::forget(app, &token, family.as_ref()).await?;
            if let Some(refresh) = refresh {
                let _: Option<RefreshToken> = app.ephemeral.take(&refresh).await?;
            }
            replayed(app, code).await?;
            Err(code::REPLAYED.into())
        }
    }
}

/// Revokes what the request that won gave for a code.
async fn replayed(app: &App, code: &Bearer<Code>) -> Result<(), Refused> {
    match app.ephemeral.look(code).await? {
        Some((Code::Spent { gave, family }, _)) => revoke(app, gave, family).await,
        Some((Code::Live { .. }, _)) | None => Ok(()),
    }
}

/// Revokes what a code gave (RFC 6749 §4.1.2).
async fn revoke(app: &App, gave: Option<Bearer<AccessToken>>, family: Option<Bearer<Family>>) -> Result<(), Refused> {
    if let Some(token) = gave {
        grants::forget(app, &token, family.as_ref()).await?;
    }
    Ok(())
}
