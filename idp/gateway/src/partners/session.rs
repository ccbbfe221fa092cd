//! Who is in, and what they hold: the session of the cookie, and then the registry, at each request. Whoever is removed, or
//! loses a role, is out or without it with the next one, on every node.

use std::collections::HashSet;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::Response;
use domain::oidc::parameters::{BadParameters, Parameters};
use domain::partners::organisation::Organisation;
use domain::partners::partner::Partner;
use domain::partners::permission::{About, Held, Over, Permit};
use domain::partners::session::{Fresh, PartnerSession, Recent};
use domain::secret::{Bearer, base64url, same};
use http::request::Parts;
use http::{HeaderMap, Method, Uri, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use store::StoreError;
use store::ephemeral::{Put, Swap};

use super::{language, matter, refusal};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::Page;
use crate::pages::partners::{Shell, Signed};
use crate::provider::error::see_other;
use crate::provider::form::is_form;
use crate::signin::at::unavailable;
use crate::signin::page::Occasion;

/// The longest form of the space, in bytes as it is sent: a block of a request with everything that fits in it.
pub(crate) const LONGEST_FORM: usize = 256 * 1024;

/// The first page of the space.
pub(crate) const HOME: &str = "/espace";

/// Anybody.
#[derive(Debug)]
pub(crate) struct Visitor {
    /// In which language they read.
    pub(crate) occasion: Occasion,
    /// The path they look at.
    pub(crate) path: String,
}

/// A partner who is in.
#[derive(Debug)]
pub(crate) struct Here {
    /// Who, as the registry has them now.
    pub(crate) partner: Partner,
    /// In which language they read.
    pub(crate) occasion: Occasion,
    /// The path they look at.
    pub(crate) path: String,
    /// The secret of the forms that this session is shown.
    pub(crate) csrf: String,
    /// Their session.
    pub(crate) session: PartnerSession,
    secret: Bearer<PartnerSession>,
}

/// A partner who is in, and holds a permission. As an extractor it sends whoever is not in to the sign-in, and refuses who
/// does not hold it: as if what the path is about were not there, where nothing else shows them that it is.
#[derive(Debug)]
pub(crate) struct Holder<P> {
    /// The proof.
    pub(crate) held: Held<P>,
    /// The partner.
    pub(crate) here: Here,
    /// The organisation that the path is about, where it is about one.
    pub(crate) organisation: Option<Organisation>,
}

/// The same, with a passkey that signed within five minutes. Whoever's did not is asked for it, and comes back.
#[derive(Debug)]
pub(crate) struct RecentHolder<P> {
    /// The proof of the passkey.
    #[expect(dead_code, reason = "that it is there is what is asked")]
    pub(crate) recent: Recent,
    /// The proof of the permission.
    #[expect(dead_code, reason = "that it is there is what is asked")]
    pub(crate) held: Held<P>,
    /// The partner.
    pub(crate) here: Here,
}

/// The same, and the passkey's loss would not lock them out: for what is dangerous.
#[derive(Debug)]
pub(crate) struct FreshHolder<P> {
    /// The proof of the passkey.
    pub(crate) fresh: Fresh,
    /// The proof of the permission.
    pub(crate) held: Held<P>,
    /// The partner.
    pub(crate) here: Here,
    /// The organisation that the path is about, where it is about one.
    pub(crate) organisation: Option<Organisation>,
}

impl<P> FreshHolder<P> {
    /// The same as whoever holds the permission: what was fresh is spent.
    pub(crate) fn into_holder(self) -> Holder<P> {
        Holder { held: self.held, here: self.here, organisation: self.organisation }
    }
}

/// A form that stood on a page of this session.
#[derive(Debug)]
pub(crate) struct CheckedForm {
    sent: Parameters,
    /// The fields that stood on the page, found at once: a form may name as many as fit in it.
    shown: HashSet<String>,
}

impl CheckedForm {
    /// A field; one that is missing, empty or sent twice counts as none.
    pub(crate) fn field(&self, name: &'static str) -> Option<&str> {
        self.sent.one(name).ok().flatten()
    }

    /// The text of a field; empty when it is missing or was sent twice.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.sent.text(name)
    }

    /// Whether a field stood on the page: a box that is not ticked sends nothing.
    pub(crate) fn shows(&self, name: &str) -> bool {
        self.shown.contains(name)
    }
}

impl Visitor {
    /// The page around the answer.
    pub(crate) fn page<'a>(&'a self, app: &'a App) -> Page<'a> {
        self.occasion.page(app).switch_at(&self.path)
    }
}

impl Here {
    /// The page around the answer.
    pub(crate) fn page<'a>(&'a self, app: &'a App) -> Page<'a> {
        self.occasion.page(app).switch_at(&self.path)
    }

    /// The frame of a page with this title.
    pub(crate) fn shell(&self, title: impl Into<String>) -> Shell<'_> {
        Shell::new(title).inside(Signed { partner: &self.partner, csrf: &self.csrf })
    }

    /// Keeps that a passkey signed once more, under a new secret: whoever knew the one of before has not what is dangerous by
    /// the hand of another. `None` when the session was ended, or moved, meanwhile.
    pub(crate) async fn renew(
        &self,
        app: &App,
        session: &PartnerSession,
    ) -> Result<Option<Bearer<PartnerSession>>, StoreError> {
        let left = session.left(app.clock.now()).ok_or(StoreError::NoLifetime)?;
        // Of two that renew it at once one has it.
        let taken: Option<PartnerSession> = app.ephemeral.take(&self.secret).await?;
        if taken.is_none() {
            return Ok(None);
        }
        let secret = Bearer::from_random(app.random.bytes());
        match app.ephemeral.put(&secret, session, left).await? {
            Put::Fresh => Ok(Some(secret)),
            Put::Taken => Err(StoreError::Corrupt { what: "the place of a new session" }),
        }
    }

    /// Ends the session, here and in the list of its partner.
    pub(crate) async fn end(&self, app: &App) -> Result<(), StoreError> {
        let _: Option<PartnerSession> = app.ephemeral.take(&self.secret).await?;
        let _ = app.registry.end_partner_session(&self.partner.id, &self.session.id).await?;
        Ok(())
    }
}

/// Begins a session, under a new secret; `None` when its partner or passkey is gone meanwhile.
pub(crate) async fn begin(app: &App, session: &PartnerSession) -> Result<Option<Bearer<PartnerSession>>, StoreError> {
    let now = app.clock.now();
    let secret = Bearer::from_random(app.random.bytes());
    let left = session.left(now).ok_or(StoreError::NoLifetime)?;
    match app.registry.begin_partner_session(session, now).await? {
        Put::Fresh => {}
        Put::Taken => return Ok(None),
    }
    match app.ephemeral.put(&secret, session, left).await? {
        Put::Fresh => Ok(Some(secret)),
        Put::Taken => Err(StoreError::Corrupt { what: "the place of a new session" }),
    }
}

/// A path of the space to go back to, or its first page: an open redirect cannot be written.
pub(crate) fn way_back(wanted: Option<&str>) -> String {
    let ours = |path: &&str| {
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>".contains(&byte));
        let rest = path.strip_prefix(HOME);
        path.len() <= 512 && plain && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    wanted.filter(ours).unwrap_or(HOME).to_owned()
}

/// A page that asks for a passkey first, and leads back.
fn by_way_of(page: &str, back: &str) -> Response {
    see_other(&format!("{page}?retour={}", utf8_percent_encode(back, NON_ALPHANUMERIC)))
}

/// A redirect to the sign-in. Who looked at a page comes back to it after.
fn to_sign_in(parts: &Parts) -> Response {
    let wanted = parts.uri.path_and_query().map_or(HOME, |path| path.as_str());
    if parts.method != Method::GET {
        return see_other("/espace/entree");
    }
    by_way_of("/espace/entree", wanted)
}

/// A redirect to where a passkey is asked for once more, and back to the page that was looked at: for a form, the one that
/// it stood on.
fn to_confirmation(parts: &Parts) -> Response {
    let stood = parts.headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let stood = stood.and_then(|text| text.parse::<Uri>().ok());
    let looked_at = if parts.method == Method::GET { Some(parts.uri.clone()) } else { stood };
    let path = looked_at.as_ref().and_then(Uri::path_and_query).map(http::uri::PathAndQuery::as_str);
    Entry::new(Space::NotFresh).on(by_way_of("/espace/confirmation", &way_back(path)))
}

async fn find(app: &App, parts: &Parts) -> Result<Here, Response> {
    let occasion = language::occasion(app, &parts.headers);
    let fails = |error: StoreError| unavailable(app, occasion, &error);
    let Some(secret) = app.partners().cookies.partner(&parts.headers) else { return Err(to_sign_in(parts)) };
    let now = app.clock.now();
    let found = app.ephemeral.look(&secret).await.map_err(fails)?;
    let Some((session, version)) = found.filter(|(session, _): &(PartnerSession, _)| session.left(now).is_some())
    else {
        return Err(to_sign_in(parts));
    };
    let partner = app.registry.partner_in(&session).await.map_err(fails)?;
    let Some(partner) = partner.filter(|partner| partner.passkeys.contains(&session.passkey)) else {
        let _: Option<PartnerSession> = app.ephemeral.take(&secret).await.map_err(fails)?;
        let mut answer = to_sign_in(parts);
        app.partners().cookies.clear_partner(answer.headers_mut());
        return Err(answer);
    };
    let mut session = session;
    if let Some(again) = session.again(now)
        && let Some(left) = again.left(now)
    {
        match app.ephemeral.swap(&secret, version, &again, left).await.map_err(fails)? {
            Swap::Done(_) => session = again,
            // Another request of this session was faster, or it was ended.
            Swap::Lost => {
                let still = app.ephemeral.look(&secret).await.map_err(fails)?;
                (session, _) = still.ok_or_else(|| to_sign_in(parts))?;
            }
        }
    }
    let csrf = form_secret(&secret);
    let path = parts.uri.path().to_owned();
    Ok(Here { partner, occasion, path, csrf, session, secret })
}

fn form_secret(secret: &Bearer<PartnerSession>) -> String {
    base64url(&secret.expand(&[b"partner form"]))
}

async fn hold<P: Permit>(app: &Shared, parts: &mut Parts) -> Result<Holder<P>, Response> {
    let here = find(app, parts).await?;
    let organisation = match P::PERMISSION.over() {
        Over::Space => None,
        Over::Organisation => {
            let parameters = RawPathParams::from_request_parts(parts, app).await;
            let parameters = parameters.map_err(|_| refusal::inside(app, &here, Space::Unseen))?;
            let found = matter::organisation(app, &parameters).await;
            let found = found.map_err(|error| unavailable(app, here.occasion, &error))?;
            // One that is not there is refused as one that is not theirs to see.
            Some(found.ok_or_else(|| refusal::inside(app, &here, Space::Unseen))?)
        }
    };
    let about = organisation.as_ref().map_or(About::Space, About::Organisation);
    match here.partner.may(P::default(), about) {
        Ok(held) => Ok(Holder { held, here, organisation }),
        Err(why) => Err(refusal::inside(app, &here, why.into())),
    }
}

impl FromRequestParts<Shared> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let occasion = language::occasion(app, &parts.headers);
        Ok(Self { occasion, path: parts.uri.path().to_owned() })
    }
}

impl<P: Permit> FromRequestParts<Shared> for Holder<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        hold(app, parts).await
    }
}

impl<P: Permit> FromRequestParts<Shared> for RecentHolder<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let Holder { held, here, .. } = hold(app, parts).await?;
        match here.session.recent(&here.partner, app.clock.now()) {
            Ok(recent) => Ok(Self { recent, held, here }),
            Err(_) => Err(to_confirmation(parts)),
        }
    }
}

impl<P: Permit> FromRequestParts<Shared> for FreshHolder<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let Holder { held, here, organisation } = hold(app, parts).await?;
        match here.session.fresh(&here.partner, app.clock.now()).map_err(Space::from) {
            Ok(fresh) => Ok(Self { fresh, held, here, organisation }),
            Err(Space::NotFresh) => Err(to_confirmation(parts)),
            Err(code) => Err(refusal::inside(app, &here, code)),
        }
    }
}

impl FromRequest<Shared> for CheckedForm {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Response> {
        let occasion = language::occasion(app, request.headers());
        let expected = expected(app, request.headers());
        let stale = || refusal::at(app, occasion, Space::StaleForm);
        if !is_form(request.headers()) {
            return Err(stale());
        }
        let too_long = || refusal::at(app, occasion, Space::FormTooLong);
        let body = Bytes::from_request(request, app).await.map_err(|_| too_long())?;
        let form = match Parameters::within(&body, LONGEST_FORM) {
            Ok(form) => form,
            Err(BadParameters::TooLong) => return Err(too_long()),
            Err(BadParameters::Encoding) => return Err(stale()),
        };
        let held = form.text("csrf");
        if expected.is_some_and(|expected| same(held.as_bytes(), expected.as_bytes())) {
            let shown = form.all("shown").map(str::to_owned).collect();
            Ok(Self { sent: form, shown })
        } else {
            Err(stale())
        }
    }
}

/// The secret of the forms of the session in the cookie.
pub(super) fn expected(app: &App, headers: &HeaderMap) -> Option<String> {
    app.partners().cookies.partner(headers).as_ref().map(form_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_to_the_space_alone() {
        for good in ["/espace", "/espace/compte", "/espace/organisations/x?y=1", "/espace?x"] {
            assert_eq!(way_back(Some(good)), good);
        }
        let long = format!("/espace/{}", "a".repeat(512));
        for bad in [
            "",
            "/",
            "//evil.example",
            "https://evil.example/espace",
            "/espacex",
            "/espace\\@evil.example",
            "/espace/\r\nSet-Cookie: x",
            "/guichet",
            &long,
        ] {
            assert_eq!(way_back(Some(bad)), HOME, "{bad}");
        }
        assert_eq!(way_back(None), HOME);
    }
}
