//! `POST /introspect` (RFC 7662): what a data provider is told of an access token, as JSON or signed (RFC 9701).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::client::{Client, IntrospectionFormat};
use domain::identity::account::AccountKey;
use domain::identity::subject::Subject;
use domain::oidc::error::TokenError;
use domain::oidc::introspection::{Found, Introspection, SIGNED_TYPE, introspect};
use domain::oidc::parameters::Parameters;
use domain::oidc::token::AccessToken;
use domain::secret::Bearer;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap};

use super::authentication;
use super::call::Call;
use super::error::Refused;
use super::form::Form;
use crate::app::{App, Shared};

/// The media type of a signed answer (RFC 9701 §4).
const SIGNED: &str = "application/token-introspection+jwt";

/// `POST /introspect`.
pub(crate) async fn post(State(app): State<Shared>, call: Call, Form(form): Form) -> Response {
    match ask(&app, &call, &form).await {
        Ok(response) => response,
        Err(refused) => call.refused(refused.answer()),
    }
}

/// The same is done whatever the token is: the place of the token and that of its family are looked at, an account is
/// looked up, an answer of one form is made. A token is found by a hash of it, so that how long it takes tells nothing of
/// its characters.
async fn ask(app: &Shared, call: &Call, form: &Parameters) -> Result<Response, Refused> {
    let presented = authentication::presented(call, form)?;
    let asker = authentication::named(app, call, &presented);
    let asker = authentication::verified(app, &presented, asker.as_deref()).await?;
    let asker = authentication::habilitated(app, asker)?;
    let repeated = |_| TokenError::InvalidRequest("a parameter was sent more than once");
    // The hint helps servers that keep kinds of tokens apart; here a token opens the one place that is its own.
    let _: Option<&str> = form.one("token_type_hint").map_err(repeated)?;
    let token = form.one("token").map_err(repeated)?.ok_or(TokenError::InvalidRequest("token is missing"))?;
    let token: Bearer<AccessToken> = Bearer::parse(token).unwrap_or_else(|| Bearer::from_random(app.random.bytes()));

    let access = app.ephemeral.look(&token).await?.map(|(access, _)| access);
    let family = access.as_ref().and_then(|access| access.family.clone());
    let (has_family, family) = (family.is_some(), family.unwrap_or_else(|| Bearer::from_random(app.random.bytes())));
    let family_lives = app.ephemeral.look(&family).await?.is_some();
    let access = access.filter(|_| family_lives || !has_family);
    let key = access.as_ref().map_or(AccountKey::NOBODY, |access| access.account.clone());
    let account = app.standing(&key).await?;
    let client = access.as_ref().and_then(|access| app.client(&access.client));
    let live = client.as_deref().and_then(|registered| app.live(registered).ok());
    let found = access.as_ref().map(|token| Found { token, client: live.as_ref(), account: account.as_ref() });
    let said = introspect(asker.live(), found, app.clock.now());
    answer(app, &call.headers, asker.client(), &said, &app.subject(&key, asker.client()))
}

/// JSON, or signed where the data provider registered or now asks for that.
fn answer(
    app: &App,
    headers: &HeaderMap,
    asker: &Client,
    said: &Introspection<'_>,
    subject: &Subject,
) -> Result<Response, Refused> {
    let issuer = app.issuer.as_str();
    match asker.introspection {
        IntrospectionFormat::OnRequest(_) if !wants_signed(headers) => {
            Ok(([(CACHE_CONTROL, "no-store")], Json(said.answer(issuer, subject))).into_response())
        }
        IntrospectionFormat::OnRequest(algorithm) | IntrospectionFormat::Signed(algorithm) => {
            let claims = said.signed_answer(issuer, subject, asker, app.clock.now());
            let signed = app.keys().sign(algorithm, SIGNED_TYPE, &claims).ok_or(Refused::NoKey)?;
            Ok(([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, SIGNED)], signed).into_response())
        }
    }
}

/// Whether a signed answer is asked for by name (RFC 9701 §4); a wildcard asks for nothing in particular.
fn wants_signed(headers: &HeaderMap) -> bool {
    let accepted =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(','));
    accepted.into_iter().any(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(SIGNED))
            && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_signed_answer_is_asked_for_by_its_own_name() {
        let asks = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.append(ACCEPT, HeaderValue::from_static(accept));
            wants_signed(&headers)
        };
        for yes in [
            "application/token-introspection+jwt",
            "APPLICATION/Token-Introspection+JWT;q=0.5",
            "application/json, application/token-introspection+jwt",
        ] {
            assert!(asks(yes), "{yes}");
        }
        for no in
            ["*/*", "application/*", "application/json", "application/jwt", "application/token-introspection+jwt;q=0"]
        {
            assert!(!asks(no), "{no}");
        }
        assert!(!wants_signed(&HeaderMap::new()));
    }
}
