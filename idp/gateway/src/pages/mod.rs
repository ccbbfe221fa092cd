//! The pages a citizen sees, and the words of the mails they receive.
//!
//! A handler fills the view of its page with plain values and answers it:
//!
//! ```text
//!     let page = Page::new(&app.brand, language).switch_at(path);
//!     Choose { page, sign_in: &id, csrf, service: &client.name, … }.answer(StatusCode::OK)
//! ```
//!
//! | view | page |
//! |---|---|
//! | [`choose::Choose`] | which account |
//! | [`card::CardPage`] | a phone and a card are waited for |
//! | [`card::Landing`] | an address of the app, without the app |
//! | [`wait::Wait`] | checking is under way |
//! | [`inform::Inform`] | what will be sent, or the consent to it |
//! | [`refused::Refused`] | a check said no |
//! | [`ended::Ended`] | the sign-in is over, or cannot be found |
//! | [`problem::Problem`] | something went wrong |
//! | [`form_post::FormPost`] | the answer to a relying party that takes it by POST |
//! | [`logout::ConfirmLogout`], [`logout::LoggedOut`] | signing out |
//! | [`desk`] | the five screens of a case at the desk |
//! | [`holder`] | an identity on a card: what it is, the links of its mails, the request for certification, the lost card |
//! | [`people`] | the door of the desk: signing in, invitations, agents, readers |
//! | [`partners`] | the partners' space: its frame, signing in, accounts, people |
//! | [`services`] | the services of an organisation: their state, their secrets, the button, the first lines of a program |
//! | [`indicators::Figures`] | how far the certified identity has come |
//! | [`mail::write`] | the notice that follows every sign-in |
//!
//! Templates escape everything they show. No page holds a script or a style of its own: the policy below
//! forbids both. One page loads one script, which sends its form, and one the script that asks how far a phone is; pages
//! where a passkey signs load the one that asks for it.

use askama::Template;
use axum::response::{IntoResponse as _, Response};
use domain::client::Label;
use domain::language::Language;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};

pub(crate) mod assets;
pub(crate) mod bench;
pub(crate) mod brand;
pub(crate) mod card;
pub(crate) mod chart;
pub(crate) mod choose;
pub(crate) mod columns;
pub(crate) mod desk;
pub(crate) mod ended;
pub(crate) mod form_post;
pub(crate) mod front;
pub(crate) mod holder;
pub(crate) mod indicators;
pub(crate) mod inform;
pub(crate) mod logout;
pub(crate) mod mail;
pub(crate) mod paris;
pub(crate) mod partners;
pub(crate) mod people;
pub(crate) mod problem;
pub(crate) mod refused;
pub(crate) mod request_sheet;
pub(crate) mod requests;
pub(crate) mod services;
pub(crate) mod text;
pub(crate) mod wait;
pub(crate) mod withdrawn;

#[cfg(test)]
mod desk_samples;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use brand::Brand;
use text::{Shown, Texts};

/// What every page needs: who runs the gateway, and the reader's language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    brand: &'a Brand,
    t: Texts,
    path: Option<&'a str>,
}

impl<'a> Page<'a> {
    /// A page without a link to the other language.
    pub(crate) const fn new(brand: &'a Brand, language: Language) -> Self {
        Self { brand, t: Texts::new(language), path: None }
    }

    /// The same page with a link to the other language: `{path}?lang=fr` or `{path}?lang=en`, which the handler of
    /// that path must understand. For an answer to a POST this is the path of the page that holds the form.
    #[must_use]
    pub(crate) const fn switch_at(self, path: &'a str) -> Self {
        Self { path: Some(path), ..self }
    }

    /// The same page without that link: what it shows is not to be had again.
    #[must_use]
    pub(crate) const fn switch_nowhere(self) -> Self {
        Self { path: None, ..self }
    }

    const fn tag(&self) -> &'static str {
        self.t.language().tag()
    }

    const fn other_tag(&self) -> &'static str {
        match self.t.language() {
            Language::French => Language::English.tag(),
            Language::English => Language::French.tag(),
        }
    }

    fn name<'l>(&self, label: &'l Label) -> &'l str {
        label.in_language(self.t.language())
    }

    fn brand_name(&self) -> &'a str {
        self.brand.name.in_language(self.t.language())
    }

    fn support_about(&self, code: &str, occurrence: &str) -> Option<String> {
        let support = self.brand.support.as_ref()?;
        Some(support.link_about(self.t, self.brand_name(), code, occurrence))
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    const fn shown<'s>(&self, text: &'s str) -> Shown<'s> {
        Shown(text)
    }
}

/// A service, and where it can be gone back to when that is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service<'a> {
    /// Its name.
    pub(crate) name: &'a Label,
    /// The home page it registered, or the registered redirect that carries an error. `None` shows no link.
    pub(crate) link: Option<&'a str>,
}

impl<'a> Service<'a> {
    /// The link, when it leads to the web: a registered address may be an application's own scheme, and no
    /// `javascript:` ever becomes a link.
    fn web_link(&self) -> Option<&'a str> {
        self.link.filter(|link| {
            url::Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        })
    }
}

/// What the forms of a page may do, for its content security policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forms {
    /// There are none.
    None,
    /// There are some, and their answer may redirect to a provider or a relying party.
    Leave,
    /// There is one, which our one script sends to a relying party.
    SendThemselves,
    /// They stay on this site: the pages of the desk.
    Stay,
    /// The same, and one is sent with what a passkey signed, by our script.
    Passkey,
    /// There are some that leave, and a script asks how far a phone is.
    Watched,
    /// They stay on this site, and a script asks how far the case is: the screens of the desk that wait.
    Waiting,
}

/// A page: a template that can be answered.
pub(crate) trait View: Template {
    /// What its forms may do.
    const FORMS: Forms;

    /// The page around it.
    fn page(&self) -> &Page<'_>;

    /// The answer, with the headers that every page carries.
    fn answer(&self, status: StatusCode) -> Response
    where
        Self: Sized,
    {
        // The templates call nothing that fails, and a String takes all that is written to it.
        let html = self.render().expect("a page renders");
        let mut response = (status, html).into_response();
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let (policy, referrer) = match Self::FORMS {
            Forms::None => (concat!(policy!(), "; form-action 'none'"), "no-referrer"),
            // Under `no-referrer` browsers send `Origin: null` with our own forms, and the oldest have no other word
            // on where a form stood. Nothing goes to another site under either.
            Forms::Leave => (policy!(), "same-origin"),
            Forms::Watched => (concat!(policy!(), "; script-src 'self'; connect-src 'self'"), "same-origin"),
            Forms::SendThemselves => (concat!(policy!(), "; script-src 'self'"), "no-referrer"),
            Forms::Stay => (concat!(policy!(), "; form-action 'self'"), "same-origin"),
            Forms::Waiting => {
                (concat!(policy!(), "; form-action 'self'; script-src 'self'; connect-src 'self'"), "same-origin")
            }
            Forms::Passkey => (concat!(policy!(), "; form-action 'self'; script-src 'self'"), "same-origin"),
        };
        if Self::FORMS == Forms::Passkey {
            headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static(PASSKEYS_ALLOWED));
        }
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(referrer));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.page().tag()));
        response
    }
}

/// The policy of every page: nothing but our own style sheets, images and fonts; no script at all, and Trusted Types
/// without a policy so that none can be made; no frame around it (CSP3 §6; RFC 9700 §4.16, clickjacking).
///
/// `form-action` is left out where a form's answer leaves the gateway. Chromium holds it against every redirect that
/// follows the POST, and that chain ends at providers and relying parties, which redirect again to addresses of their
/// own that nobody here can list: a list would break sign-ins, and `*` would say nothing. Pages without a form say
/// `'none'`.
macro_rules! policy {
    () => {
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    };
}
use policy;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What no page of ours may use.
macro_rules! permissions {
    () => {
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
         microphone=(), midi=(), payment=(), usb=()"
    };
}

/// The pages where a passkey signs, and no other (Web Authentication §5.9).
const PASSKEYS_ALLOWED: &str =
    concat!(permissions!(), ", publickey-credentials-create=(self), publickey-credentials-get=(self)");

const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    // Pages hold personal data and single-use values: nothing keeps them, the back button asks again.
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // For browsers older than `frame-ancestors`.
    (header::X_FRAME_OPTIONS, "DENY"),
    // Relying parties may open the sign-in in a popup and wait for it to come back to them. Any stricter value cuts
    // that popup off its opener for good. What the opener can reach of us is the location, and only to replace it.
    (HeaderName::from_static("cross-origin-opener-policy"), "unsafe-none"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (PERMISSIONS_POLICY, concat!(permissions!(), ", publickey-credentials-create=(), publickey-credentials-get=()")),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];
