//! A citizen with a browser that has no JavaScript: opens addresses, presses buttons, follows redirects.
//!
//! It obeys the rules that matter to a sign-in as a browser does: [`cookies`](crate::cookies), `Origin` and
//! `Sec-Fetch-*` on requests, what a form sends, how each redirect changes the method.

use anyhow::{Context as _, bail};
use http::{HeaderMap, Method, StatusCode, header};
use scraper::{ElementRef, Html, Selector};
use url::Url;

use crate::audit::{self, Event};
use crate::cookies::{Initiator, Jar};

/// The longest chain of redirects a browser follows.
const LONGEST_CHAIN: usize = 20;

/// One citizen: their cookies, their language, and the address of a service that is not there.
#[derive(Debug, Clone)]
pub struct Citizen {
    client: reqwest::Client,
    /// Their cookies.
    pub jar: Jar,
    /// `Accept-Language` of their browser.
    pub language: &'static str,
    stop: Option<String>,
    told: Option<Told>,
}

/// What a proxy, or an attacker before one, makes every request say to one site.
#[derive(Debug, Clone)]
struct Told {
    site: String,
    headers: Vec<(&'static str, String)>,
}

impl Default for Citizen {
    fn default() -> Self {
        Self::new()
    }
}

/// A request on its way: what a click or an address asks for.
struct Errand {
    method: Method,
    url: Url,
    body: Option<String>,
    from: Option<Sender>,
}

/// The page that a request comes from.
struct Sender {
    url: Url,
    hides_origin: bool,
}

impl Citizen {
    /// A citizen with an empty browser.
    ///
    /// # Panics
    /// When no HTTP client can be made.
    pub fn new() -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client without certificates of its own");
        Self { client, jar: Jar::default(), language: "fr", stop: None, told: None }
    }

    /// Redirects to addresses that start with `prefix` are not followed: the page returned is that address, empty.
    #[must_use]
    pub fn stopping_at(mut self, prefix: &str) -> Self {
        self.stop = Some(prefix.to_owned());
        self
    }

    /// Every request to addresses that start with `site` says these headers too, in place of its own of the same name.
    #[must_use]
    pub fn telling(mut self, site: &str, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.told = Some(Told { site: site.to_owned(), headers });
        self
    }

    /// Types an address.
    pub async fn open(&mut self, url: &str) -> anyhow::Result<Page> {
        let url = Url::parse(url).with_context(|| format!("not an address: {url}"))?;
        self.go(Errand { method: Method::GET, url, body: None, from: None }).await
    }

    /// Clicks the one link that `selector` finds.
    pub async fn click(&mut self, page: &Page, selector: &str) -> anyhow::Result<Page> {
        let href = page.attribute(selector, "href")?;
        let url = page.url.join(&href)?;
        self.go(Errand { method: Method::GET, url, body: None, from: Some(page.sender()) }).await
    }

    /// Fills the form around the button that `button` finds, and presses that button.
    pub async fn press(&mut self, page: &Page, button: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let errand = page.submission(button, fields)?;
        self.go(errand).await
    }

    /// Signs in on the login page of a sandbox provider.
    pub async fn sign_in(&mut self, page: &Page, username: &str, password: &str) -> anyhow::Result<Page> {
        let button = "form[data-step=login] button[value=sign-in]";
        self.press(page, button, &[("username", username), ("password", password)]).await
    }

    /// Posts `body` to `url` as a form on a page of `origin` would, whoever that is.
    pub async fn post_from(&mut self, origin: &str, url: &str, body: &str) -> anyhow::Result<Page> {
        let from = Some(Sender { url: Url::parse(origin)?, hides_origin: false });
        let errand = Errand { method: Method::POST, url: Url::parse(url)?, body: Some(body.to_owned()), from };
        self.go(errand).await
    }

    /// Posts `body` to `url` with every cookie of the host and exactly these headers beside: what a browser without
    /// `SameSite` would let another site do. Redirects are not followed.
    pub async fn forge(&mut self, url: &Url, headers: &[(&'static str, &str)], body: &[u8]) -> anyhow::Result<Page> {
        let mut request = self.client.post(url.clone()).header(header::ACCEPT_LANGUAGE, self.language);
        if let Some(cookies) = self.jar.header(url, Initiator::SameSite) {
            request = request.header(header::COOKIE, cookies);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body.to_vec()).send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        self.jar.absorb(url, &headers);
        let at = location(url, status, &headers)?.unwrap_or_else(|| url.clone());
        Ok(Page {
            url: at,
            status,
            headers,
            body: answer.text().await?,
            trail: vec![url.clone()],
            redirects: Vec::new(),
        })
    }

    async fn go(&mut self, mut errand: Errand) -> anyhow::Result<Page> {
        let (mut trail, mut redirects) = (Vec::new(), Vec::new());
        let mut reach = errand.from.as_ref().map_or(Reach::Typed, |from| Reach::between(&from.url, &errand.url));
        for _ in 0..LONGEST_CHAIN {
            let initiator = match (reach, &errand.method) {
                (Reach::CrossSite, &Method::POST) => Initiator::CrossSitePost,
                (Reach::CrossSite, _) => Initiator::CrossSiteLink,
                (Reach::Typed | Reach::SameOrigin | Reach::SameSite, _) => Initiator::SameSite,
            };
            let answer = self.send(&errand, reach, initiator).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            keep_secret(&errand.url, &headers);
            self.jar.absorb(&errand.url, &headers);
            trail.push(errand.url.clone());
            let Some(next) = location(&errand.url, status, &headers)? else {
                let body = answer.text().await.context("the page is cut short")?;
                return Ok(Page { url: errand.url, status, headers, body, trail, redirects });
            };
            if status.is_redirection() {
                redirects.push(Redirect { from: errand.url.clone(), status, headers: headers.clone() });
            }
            if self.stop.as_ref().is_some_and(|prefix| next.as_str().starts_with(prefix)) {
                keep_secret(&next, &headers);
                return Ok(Page { url: next, status, headers, body: String::new(), trail, redirects });
            }
            if reach != Reach::Typed {
                reach = reach.max(Reach::between(&errand.url, &next));
            }
            let keeps_method = matches!(status.as_u16(), 307 | 308);
            if !keeps_method {
                errand.method = Method::GET;
                errand.body = None;
            }
            errand.url = next;
        }
        bail!("more than {LONGEST_CHAIN} redirects: {trail:?}")
    }

    async fn send(&self, errand: &Errand, reach: Reach, initiator: Initiator) -> anyhow::Result<reqwest::Response> {
        let mut request = self
            .client
            .request(errand.method.clone(), errand.url.clone())
            .header(header::ACCEPT, "text/html,application/xhtml+xml")
            .header(header::ACCEPT_LANGUAGE, self.language)
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-site", reach.name());
        if let Some(cookies) = self.jar.header(&errand.url, initiator) {
            request = request.header(header::COOKIE, cookies);
        }
        if let (Some(from), &Method::POST) = (&errand.from, &errand.method) {
            let origin = if from.hides_origin { "null".to_owned() } else { from.url.origin().ascii_serialization() };
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(body) = &errand.body {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.clone());
        }
        if let Some(told) = self.told.as_ref().filter(|told| errand.url.as_str().starts_with(&told.site)) {
            let said = told.headers.iter().map(|(name, value)| {
                Ok((header::HeaderName::from_static(name), header::HeaderValue::from_str(value)?))
            });
            request = request.headers(said.collect::<anyhow::Result<HeaderMap>>()?);
        }
        request.send().await.with_context(|| format!("{} {} is not answered", errand.method, errand.url))
    }
}

/// How far a request travels: `Sec-Fetch-Site`, worst of a chain of redirects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Typed,
    SameOrigin,
    SameSite,
    CrossSite,
}

impl Reach {
    fn between(from: &Url, to: &Url) -> Self {
        if from.origin() == to.origin() {
            Self::SameOrigin
        } else if from.host_str() == to.host_str() && from.scheme() == to.scheme() {
            Self::SameSite
        } else {
            Self::CrossSite
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Typed => "none",
            Self::SameOrigin => "same-origin",
            Self::SameSite => "same-site",
            Self::CrossSite => "cross-site",
        }
    }
}

/// Codes and secrets of cookies that no log may hold.
fn keep_secret(url: &Url, answer: &HeaderMap) {
    let codes = url.query_pairs().filter(|(name, _)| name == "code").map(|(_, value)| value.into_owned());
    let cookies = answer.get_all(header::SET_COOKIE).iter().filter_map(|line| {
        let (_, value) = line.to_str().ok()?.split(';').next()?.split_once('=')?;
        Some(value.to_owned())
    });
    codes.chain(cookies).for_each(|secret| audit::secret(&secret));
}

/// Where an answer leads: by a redirect, or by a `Refresh` that does not wait.
fn location(base: &Url, status: StatusCode, headers: &HeaderMap) -> anyhow::Result<Option<Url>> {
    let target = match headers.get(header::LOCATION).filter(|_| status.is_redirection()) {
        Some(target) => Some(target.to_str().context("a Location of printable characters")?),
        None => headers.get(header::REFRESH).and_then(|value| value.to_str().ok()?.strip_prefix("0; url=")),
    };
    let Some(target) = target else {
        return Ok(None);
    };
    Ok(Some(base.join(target).with_context(|| format!("a redirect to {target}"))?))
}

/// What the citizen sees.
#[derive(Debug, Clone)]
pub struct Page {
    /// The address in the address bar.
    pub url: Url,
    /// The status of the answer.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// The HTML.
    pub body: String,
    /// Every address on the way here.
    pub trail: Vec<Url>,
    /// Every redirect on the way here.
    pub redirects: Vec<Redirect>,
}

/// An answer that sent the browser on.
#[derive(Debug, Clone)]
pub struct Redirect {
    /// Who sent it on.
    pub from: Url,
    /// The status of the answer.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: HeaderMap,
}

impl Page {
    /// Value of the page's hook, `main[data-page]`: which page of the gateway or of the sandbox this is.
    pub fn name(&self) -> Option<String> {
        self.attribute("main[data-page]", "data-page").ok()
    }

    /// The error code that a problem page shows.
    pub fn code(&self) -> Option<String> {
        self.attribute("[data-code]", "data-code")
            .ok()
            .filter(|code| !code.is_empty())
            .or_else(|| self.text("[data-code]"))
    }

    /// What accounts for the refusals on the way to this page, in their order. Every request of the gateway among them has
    /// its one line.
    ///
    /// # Panics
    /// When one of them has none, or several.
    pub fn refusals(&self) -> Vec<Event> {
        let id = |headers: &HeaderMap| headers.get("x-request-id").cloned();
        // Where the citizen stopped, the page is the last redirect.
        let ends = self.redirects.last().is_none_or(|last| id(&last.headers) != id(&self.headers));
        let answers = self.redirects.iter().map(|redirect| &redirect.headers).chain(ends.then_some(&self.headers));
        answers.filter_map(audit::of).collect()
    }

    /// The code of the one refusal on the way to this page.
    ///
    /// # Panics
    /// When there is none, or more than one, or it has no name.
    pub fn refusal(&self) -> String {
        let refusals = self.refusals();
        let [refusal] = refusals.as_slice() else { panic!("one event accounts for {}: {refusals:?}", self.brief()) };
        assert_ne!(refusal.code, "unnamed", "{}", self.brief());
        refusal.code.clone()
    }

    /// Whether something on the page matches.
    pub fn has(&self, selector: &str) -> bool {
        self.count(selector) > 0
    }

    /// How many things on the page match.
    pub fn count(&self, selector: &str) -> usize {
        let selector = selectors(selector);
        Html::parse_document(&self.body).select(&selector).count()
    }

    /// The text of the first thing that matches, spaces collapsed.
    pub fn text(&self, selector: &str) -> Option<String> {
        self.texts(selector).into_iter().next()
    }

    /// The texts of everything that matches, spaces collapsed.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let selector = selectors(selector);
        let collapsed = |element: ElementRef<'_>| {
            let text: String = element.text().collect();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        Html::parse_document(&self.body).select(&selector).map(collapsed).collect()
    }

    /// The text of the first thing that matches, as it stands there: lines of a program.
    pub fn verbatim(&self, selector: &str) -> Option<String> {
        let document = Html::parse_document(&self.body);
        let element = document.select(&selectors(selector)).next()?;
        Some(element.text().collect())
    }

    /// An attribute of the first thing that matches.
    pub fn attribute(&self, selector: &str, name: &str) -> anyhow::Result<String> {
        let document = Html::parse_document(&self.body);
        let element = document.select(&selectors(selector)).next();
        let value = element.and_then(|element| element.attr(name)).map(ToOwned::to_owned);
        value.with_context(|| format!("no {selector} with {name} on {} {}", self.status, self.url))
    }

    /// A parameter of the address: of its query, or of its fragment where answers to implicit requests go.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let fragment = url::form_urlencoded::parse(self.url.fragment().unwrap_or_default().as_bytes());
        self.url.query_pairs().chain(fragment).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// One line that says which page this is, for messages of failed tests.
    pub fn brief(&self) -> String {
        let heading = self.text("h1").unwrap_or_default();
        let (name, code) = (self.name().unwrap_or_default(), self.code().unwrap_or_default());
        format!("{} {} page={name} code={code} « {heading} »", self.status, self.url)
    }

    fn sender(&self) -> Sender {
        let policy = self.headers.get(header::REFERRER_POLICY).and_then(|value| value.to_str().ok());
        Sender { url: self.url.clone(), hides_origin: policy == Some("no-referrer") }
    }

    fn submission(&self, button: &str, fields: &[(&str, &str)]) -> anyhow::Result<Errand> {
        let document = Html::parse_document(&self.body);
        let pressed = document
            .select(&selectors(button))
            .next()
            .with_context(|| format!("no button {button} on {}", self.brief()))?;
        if pressed.attr("disabled").is_some() {
            bail!("{button} is disabled on {}", self.brief());
        }
        let form = pressed
            .ancestors()
            .filter_map(ElementRef::wrap)
            .find(|ancestor| ancestor.value().name() == "form")
            .with_context(|| format!("{button} is in no form"))?;
        let pairs = controls(form, pressed, fields)?;
        let action = pressed.attr("formaction").or(form.attr("action")).unwrap_or_default();
        let mut url = self.url.join(action)?;
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let from = Some(self.sender());
        if form.attr("method").is_some_and(|method| method.eq_ignore_ascii_case("post")) {
            return Ok(Errand { method: Method::POST, url, body: Some(body), from });
        }
        url.set_query(Some(&body));
        Ok(Errand { method: Method::GET, url, body: None, from })
    }
}

/// What a form sends when one of its buttons is pressed, with `fields` typed or ticked.
fn controls(
    form: ElementRef<'_>,
    pressed: ElementRef<'_>,
    fields: &[(&str, &str)],
) -> anyhow::Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut typed = vec![false; fields.len()];
    for control in form.select(&selectors("input, textarea, select, button")) {
        let Some(name) = control.attr("name").filter(|_| control.attr("disabled").is_none()) else {
            continue;
        };
        let given = fields.iter().position(|(field, _)| *field == name);
        let kind = control.attr("type").unwrap_or("text").to_ascii_lowercase();
        let own = control.attr("value");
        let value = match (control.value().name(), kind.as_str()) {
            ("button", _) | ("input", "submit" | "image" | "button") => {
                (control == pressed).then(|| own.unwrap_or_default().to_owned())
            }
            ("input", "checkbox" | "radio") => {
                let own = own.unwrap_or("on");
                match given.and_then(|at| fields.get(at)) {
                    Some((_, wanted)) => (*wanted == own).then(|| own.to_owned()),
                    None => control.attr("checked").map(|_| own.to_owned()),
                }
            }
            (element, _) => Some(match given.and_then(|at| fields.get(at)) {
                Some((_, value)) => (*value).to_owned(),
                None if element == "textarea" => control.text().collect(),
                None if element == "select" => chosen(control),
                None => own.unwrap_or_default().to_owned(),
            }),
        };
        if let Some(slot) = given.and_then(|at| typed.get_mut(at)) {
            *slot = true;
        }
        pairs.extend(value.map(|value| (name.to_owned(), value)));
    }
    match typed.iter().position(|found| !found).and_then(|at| fields.get(at)) {
        Some((name, _)) => bail!("the form has no field {name}"),
        None => Ok(pairs),
    }
}

fn chosen(select: ElementRef<'_>) -> String {
    let all = selectors("option");
    let options = || select.select(&all);
    let option = options().find(|option| option.attr("selected").is_some()).or_else(|| options().next());
    option
        .map(|option| option.attr("value").map_or_else(|| option.text().collect(), ToOwned::to_owned))
        .unwrap_or_default()
}

/// # Panics
/// When a test writes a selector that is none.
fn selectors(text: &str) -> Selector {
    Selector::parse(text).unwrap_or_else(|error| panic!("{text} is no selector: {error}"))
}

#[cfg(test)]
mod tests {
    use axum::extract::RawForm;
    use axum::response::{Html as Body, Redirect};
    use axum::routing::{get, post};

    use super::*;
    use crate::site::{Site, listen};

    const FORM: &str = r#"<main data-page="choose"><h1> A  form </h1><form method="post" action="/echo">
        <input type="hidden" name="csrf" value="t&amp;1"><input name="text" value="old"><input type="checkbox" name="consent" value="yes">
        <select name="pick"><option value="1">one<option value="2" selected>two</select><textarea name="note">hi</textarea>
        <button name="provider" value="a">A</button><button name="provider" value="b">B</button><button disabled name="c">C</button>
        </form></main>"#;

    async fn site() -> (Site, String) {
        let router = axum::Router::new()
            .route("/form", get(|| async { Body(FORM) }))
            .route(
                "/echo",
                post(|headers: HeaderMap, RawForm(body): RawForm| async move {
                    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
                    format!("{}|{:?}|{:?}", String::from_utf8_lossy(&body), header("origin"), header("sec-fetch-site"))
                }),
            )
            .route("/loop", get(|| async { Redirect::to("/loop") }))
            .route("/away", get(|| async { Redirect::to("http://localhost:1/callback?code=x&state=y") }));
        let site = Site::serve(listen(0).await.unwrap(), router);
        let base = format!("http://{}", site.address());
        (site, base)
    }

    #[tokio::test]
    async fn a_form_sends_what_a_browser_sends() {
        let (_site, base) = site().await;
        let mut citizen = Citizen::new();
        let page = citizen.open(&format!("{base}/form")).await.unwrap();
        assert_eq!(page.name().as_deref(), Some("choose"));
        assert_eq!(page.text("h1").as_deref(), Some("A form"));
        let fields = [("text", "new"), ("consent", "yes")];
        let echo = citizen.press(&page, "button[value=b]", &fields).await.unwrap();
        let expected =
            format!("csrf=t%261&text=new&consent=yes&pick=2&note=hi&provider=b|Some(\"{base}\")|Some(\"same-origin\")");
        assert_eq!(echo.body, expected);
        let unticked = citizen.press(&page, "button[value=a]", &[]).await.unwrap();
        assert!(unticked.body.starts_with("csrf=t%261&text=old&pick=2&note=hi&provider=a|"));
    }

    #[tokio::test]
    async fn what_is_not_there_cannot_be_pressed_or_filled() {
        let (_site, base) = site().await;
        let mut citizen = Citizen::new();
        let page = citizen.open(&format!("{base}/form")).await.unwrap();
        assert!(citizen.press(&page, "button[value=z]", &[]).await.is_err());
        assert!(citizen.press(&page, "button[name=c]", &[]).await.is_err());
        assert!(citizen.press(&page, "button[value=a]", &[("colour", "red")]).await.is_err());
    }

    #[tokio::test]
    async fn redirects_stop_where_told_and_never_run_for_ever() {
        let (_site, base) = site().await;
        let mut citizen = Citizen::new().stopping_at("http://localhost:1/callback");
        let page = citizen.open(&format!("{base}/away")).await.unwrap();
        assert_eq!(page.parameter("code").as_deref(), Some("x"));
        assert!(citizen.open(&format!("{base}/loop")).await.is_err());
    }

    #[tokio::test]
    async fn a_form_of_another_site_says_so() {
        let (_site, base) = site().await;
        let mut citizen = Citizen::new();
        let echo = citizen.post_from("http://evil.example", &format!("{base}/echo"), "a=1").await.unwrap();
        assert_eq!(echo.body, "a=1|Some(\"http://evil.example\")|Some(\"cross-site\")");
    }
}
