//! For sites on axum: ready routes, and an extractor for the signed-in citizen.
//!
//! | route | does |
//! |---|---|
//! | `GET /login?return_to=/page&lang=fr` | leaves for the gateway, whose pages are in French (`en`: in English) |
//! | `GET` path of the redirect URI (`POST` where answers are posted) | verifies the answer, opens the session, shows `/page` |
//! | `POST /logout` | ends the session here and at the gateway |
//! | `GET` path of the post-logout redirect URI | checks the return, shows the front page |
//! | `GET /sign-in-button.css` | the style of the button |
//! | `POST` [`with_backchannel_logout`](SignIn::with_backchannel_logout) | ends sessions that the gateway ended |
//! | `GET`, `POST` [`with_initiated_login`](SignIn::with_initiated_login) | begins a login that a third party asks for |
//! | `GET` [`with_published_keys`](SignIn::with_published_keys) | the public keys of this site |
//!
//! A page that asks for a [`Citizen`] sends everyone else to the login first; one that asks for an
//! `Option<Citizen>` shows itself to all. A site whose content security policy has `form-action` must allow the
//! origin of the gateway there ([`Client::gateway_origin`]): the logout form ends at the gateway.

mod citizen;
mod cookies;
mod page;
mod routes;
mod told;

use std::collections::HashSet;
use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::OriginalUri;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use url::form_urlencoded;

use crate::backchannel_logout::BackchannelLogout;
use crate::button::Language;
use crate::client::Client;
use crate::cookie_key::CookieKey;
use crate::error::{Error, Fault};
use crate::local_path::LocalPath;
use crate::login::Login;
use crate::session::Session;
pub use citizen::Citizen;
use cookies::Cookies;
use routes::{append_cookies, see_other};
use told::Ended;

/// Where [`STYLESHEET`](crate::button::STYLESHEET) is served.
pub const STYLESHEET_PATH: &str = "/sign-in-button.css";
/// Logins under way in one browser; beyond them the oldest is forgotten, so that cookies do not pile up.
const MOST_LOGINS: usize = 5;

/// Signing in to one axum site: its client, its cookie key and what its login asks. Cheap to clone.
#[derive(Clone)]
pub struct SignIn(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    client: Client,
    key: CookieKey,
    login: Login,
    cookies: Cookies,
    lifetime: Duration,
    login_path: LocalPath,
    logout_path: LocalPath,
    failure: Option<Arc<FailurePage>>,
    backchannel: Option<(LocalPath, Arc<Told>)>,
    ended: Arc<Ended>,
    initiated: Option<(LocalPath, Vec<LocalPath>)>,
    keys_path: Option<LocalPath>,
}

/// What a site does itself when the gateway ends sessions.
type Told = dyn Fn(BackchannelLogout) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn StdError + Send + Sync>>> + Send>>
    + Send
    + Sync;

type FailurePage = dyn Fn(&Error, Language) -> Response + Send + Sync;

impl SignIn {
    /// Signs in with this client, seals cookies with this key, asks what this login asks. A session lasts one hour.
    ///
    /// # Errors
    /// [`Error::Setting`] when two routes would have the same path, or one would be the front page.
    pub fn new(client: Client, key: CookieKey, login: Login) -> Result<Self, Error> {
        let cookies = Cookies::of(client.registration());
        let path = |text| LocalPath::parse(text).unwrap_or_else(LocalPath::root);
        let sign_in = Self(Arc::new(Inner {
            client,
            key,
            login,
            cookies,
            lifetime: Duration::from_hours(1),
            login_path: path("/login"),
            logout_path: path("/logout"),
            failure: None,
            backchannel: None,
            ended: Arc::default(),
            initiated: None,
            keys_path: None,
        }));
        sign_in.with_distinct_paths()
    }

    /// How long a session lasts, counted from the sign-in.
    #[must_use]
    pub fn with_session_lifetime(mut self, lifetime: Duration) -> Self {
        Arc::make_mut(&mut self.0).lifetime = lifetime;
        self
    }

    /// Other paths than `/login` and `/logout`.
    ///
    /// # Errors
    /// [`Error::Setting`] when one is no plain path, or is taken.
    pub fn with_paths(mut self, login: &str, logout: &str) -> Result<Self, Error> {
        let inner = Arc::make_mut(&mut self.0);
        inner.login_path = plain_path("login_path", login)?;
        inner.logout_path = plain_path("logout_path", logout)?;
        self.with_distinct_paths()
    }

    /// Takes back-channel logouts at this path, the one of the registered `backchannel_logout_uri`. The sealed
    /// sessions that a logout ends are refused by this process from then on, until they would have died of age; a
    /// restart forgets it. `told` is for what else the site has of the citizen: its own sessions, and the other
    /// processes of the site, which call [`SignIn::end_sessions`]. When it fails the gateway is told so, and tries
    /// again.
    ///
    /// # Errors
    /// [`Error::Setting`] when the path is no plain path, or is taken.
    pub fn with_backchannel_logout<Ending>(
        mut self,
        path: &str,
        told: impl Fn(BackchannelLogout) -> Ending + Send + Sync + 'static,
    ) -> Result<Self, Error>
    where
        Ending: Future<Output = Result<(), Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        let path = plain_path("backchannel_logout_path", path)?;
        Arc::make_mut(&mut self.0).backchannel = Some((path, Arc::new(move |logout| Box::pin(told(logout)))));
        self.with_distinct_paths()
    }

    /// Begins logins that third parties ask for at this path, the one of the registered `initiate_login_uri`; they
    /// may send citizens to these pages and to the front page.
    ///
    /// # Errors
    /// [`Error::Setting`] when the path is no plain path, or is taken.
    pub fn with_initiated_login(
        mut self,
        path: &str,
        targets: impl IntoIterator<Item = LocalPath>,
    ) -> Result<Self, Error> {
        let path = plain_path("initiate_login_path", path)?;
        Arc::make_mut(&mut self.0).initiated = Some((path, targets.into_iter().collect()));
        self.with_distinct_paths()
    }

    /// Publishes the public keys of this site at this path, the one of the registered `jwks_uri`.
    ///
    /// # Errors
    /// [`Error::Setting`] when the path is no plain path, or is taken.
    pub fn with_published_keys(mut self, path: &str) -> Result<Self, Error> {
        Arc::make_mut(&mut self.0).keys_path = Some(plain_path("jwks_path", path)?);
        self.with_distinct_paths()
    }

    /// Shows failures on a page of the site's own instead of the SDK's. The page must not repeat the text of the
    /// error, which is for the log; [`Error::code`] is for everyone.
    #[must_use]
    pub fn with_failure_page(mut self, page: impl Fn(&Error, Language) -> Response + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).failure = Some(Arc::new(page));
        self
    }

    /// The routes, to merge into the site's router after its own state is set.
    pub fn router(&self) -> Router {
        let registration = self.0.client.registration();
        let mut router = Router::new()
            .route(self.0.login_path.as_str(), get(routes::login))
            .route(
                registration.redirect_uri.path(),
                if registration.answers_are_posted() { post(routes::posted_callback) } else { get(routes::callback) },
            )
            .route(self.0.logout_path.as_str(), post(routes::logout))
            .route(STYLESHEET_PATH, get(routes::stylesheet));
        if let Some(back) = &registration.post_logout_redirect_uri {
            router = router.route(back.path(), get(routes::logged_out));
        }
        if let Some((path, _)) = &self.0.backchannel {
            router = router.route(path.as_str(), post(told::backchannel_logout));
        }
        if let Some((path, _)) = &self.0.initiated {
            router = router.route(path.as_str(), get(routes::initiated).post(routes::posted_initiated));
        }
        if let Some(path) = &self.0.keys_path {
            router = router.route(path.as_str(), get(routes::published_keys));
        }
        router.with_state(self.clone())
    }

    /// Leaves for the gateway with a login of the handler's choice, as one that needs a higher level, and comes
    /// back to `page`. `headers` are those of the request.
    pub async fn depart(&self, login: &Login, page: LocalPath, headers: &HeaderMap) -> Response {
        let departure = match self.0.client.login(login).await {
            Ok(departure) => departure,
            Err(error) => return self.fail(&error, headers, Vec::new()),
        };
        let pending = departure.pending.returning_to(page);
        let name = self.0.cookies.login_name(&pending.0.state);
        let mut set = self.forget_oldest_logins(headers);
        set.push(self.0.cookies.set_for_login(&name, &self.0.key.seal_login(&pending)));
        see_other(departure.url.as_str(), set)
    }

    /// The session of a request, if there is one and the gateway did not end it.
    pub fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let sealed = self.0.cookies.session(headers)?;
        self.0.key.open_session(&sealed).ok().filter(|session| !self.0.ended.holds(session))
    }

    /// What a page that needs a citizen answers to a visitor who is not signed in.
    fn turn_away(&self, parts: &Parts) -> Response {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return (StatusCode::UNAUTHORIZED, [(CACHE_CONTROL, "no-store")]).into_response();
        }
        // the whole path, also inside a nested router
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let page = uri.path_and_query().map_or("/", |it| it.as_str());
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", page).finish();
        see_other(&format!("{}?{query}", self.0.login_path.as_str()), Vec::new())
    }

    fn forget_oldest_logins(&self, headers: &HeaderMap) -> Vec<HeaderValue> {
        let prefix = self.0.cookies.login_prefix();
        let mut under_way: Vec<(i64, &str)> = cookies::all(headers)
            .filter(|(name, _)| name.starts_with(&prefix))
            .map(|(name, sealed)| (self.0.key.open_login(sealed).map_or(i64::MIN, |login| login.0.began), name))
            .collect();
        under_way.sort_unstable();
        let surplus = under_way.len().saturating_add(1).saturating_sub(MOST_LOGINS);
        under_way.into_iter().take(surplus).map(|(_, name)| self.0.cookies.clear(name)).collect()
    }

    /// The one place where a failure is logged and shown.
    fn fail(&self, error: &Error, headers: &HeaderMap, set: Vec<HeaderValue>) -> Response {
        match error.fault() {
            Fault::Citizen => {
                tracing::info!(code = error.code(), %error, "a sign-in was not finished");
            }
            Fault::Site | Fault::Network | Fault::Gateway | Fault::Forged => {
                tracing::warn!(code = error.code(), %error, "a sign-in failed");
            }
        }
        let language = page::language_of(headers);
        let mut response = match &self.0.failure {
            Some(page) => page(error, language),
            None => page::failure(error, language, self.0.login_path.as_str()),
        };
        append_cookies(&mut response, set);
        response
    }

    fn with_distinct_paths(self) -> Result<Self, Error> {
        let registration = self.0.client.registration();
        let mut paths = vec!["/", STYLESHEET_PATH, registration.redirect_uri.path()];
        paths.extend(registration.post_logout_redirect_uri.as_ref().map(url::Url::path));
        paths.extend([self.0.login_path.as_str(), self.0.logout_path.as_str()]);
        paths.extend(self.0.backchannel.as_ref().map(|(path, _)| path.as_str()));
        paths.extend(self.0.initiated.as_ref().map(|(path, _)| path.as_str()));
        paths.extend(self.0.keys_path.as_ref().map(LocalPath::as_str));
        let mut seen = HashSet::new();
        // the router would take such a segment for a pattern, and panic
        let pattern = |path: &str| path.split('/').any(|segment| segment.starts_with([':', '*']));
        match paths.into_iter().find(|path| !seen.insert(*path) || pattern(path)) {
            None => Ok(self),
            Some(path) => Err(Error::Setting {
                name: "paths",
                seen: path.to_owned(),
                wanted: "give each route of the sign-in a plain path of its own, none the front page",
            }),
        }
    }
}

/// A path without a query and without what the router would take for a pattern.
fn plain_path(name: &'static str, text: &str) -> Result<LocalPath, Error> {
    LocalPath::parse(text)
        .filter(|path| !path.as_str().contains(['?', '#', '{', '}', '*', ':']))
        .ok_or_else(|| Error::Setting { name, seen: text.to_owned(), wanted: "give a plain path, as `/connexion`" })
}
