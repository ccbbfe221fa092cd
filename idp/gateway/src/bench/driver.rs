//! The script of a run: which steps a browser takes for each check, in order. What they mean is judged in the domain.

use std::time::Duration;

use domain::bench::check::Check;
use domain::bench::exchange::{self, Exchange, Sender};
use domain::bench::plan::Plan;
use domain::bench::provider::{Authorized, Notice, Provider};
use domain::bench::report::Line;
use domain::bench::site::{Method, Site};
use domain::bench::trial::{Landing, Login, Trial, Trouble};
use domain::bench::verdict::{Reason, Verdict};
use domain::id::BenchRunId;
use http::header::CONTENT_TYPE;
use url::Url;

use super::browser::{self, Browser, Met, send};
use super::rooms::Rooms;
use crate::outbound::http::{Http, Request};

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// One step of a browser.
    pub(crate) step: Duration,
    /// The step where the provider is silent: less than it is silent for, so that a site without a time-out is seen.
    pub(crate) silent: Duration,
    /// Until a site may be asked again to read the keys: libraries limit how often they do.
    pub(crate) keys: Duration,
}

/// A run under way.
#[derive(Debug)]
pub(crate) struct Driver {
    /// Where the run is.
    pub(crate) rooms: Rooms,
    /// Which one it is.
    pub(crate) run: BenchRunId,
    /// Its issuer.
    pub(crate) issuer: String,
    /// The site.
    pub(crate) site: Site,
    /// The way out.
    pub(crate) http: Http,
    /// How long things may take.
    pub(crate) patience: Patience,
}

/// A browser that was sent to the provider and holds the answer.
struct Begun<'a> {
    browser: Browser<'a>,
    /// Which sign-in of the run it is.
    number: usize,
    /// Where the answer sends it.
    back: Option<Url>,
}

impl Driver {
    /// Makes every check; each line is told as soon as it is known.
    pub(crate) async fn drive(&self, mut told: impl FnMut(&Line)) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        let mut keep = |line: Line| {
            told(&line);
            lines.push(line);
        };
        let control = self.trial(Plan::Honest).await;
        let second = self.trial(Plan::Honest).await;
        let mut works = false;
        for check in Check::ALL {
            let line = match check {
                // Of the second sign-in, which tells too what is the same as in the first.
                Check::Request | Check::State | Check::Nonce | Check::Pkce | Check::Level => {
                    Line::of(check, &second, None)
                }
                Check::SignIn | Check::TokenRequest | Check::PkceVerifier => Line::of(check, &control, None),
                Check::KeyRotation
                | Check::StateMissing
                | Check::StateOther
                | Check::IssuerOfAnswer
                | Check::Replay
                | Check::OtherBrowser
                | Check::TwoCitizens
                | Check::NonceOther
                | Check::NonceAbsent
                | Check::IssuerOfToken
                | Check::Audience
                | Check::Expired
                | Check::Unsigned
                | Check::Signature
                | Check::LevelLower
                | Check::SubjectOfUserinfo
                | Check::Cancelled
                | Check::Outage
                | Check::Silence
                | Check::Logout
                | Check::BackchannelLogout
                | Check::BackchannelForged
                | Check::UnknownKey => match works {
                    false => Line::not_made(check, Reason::NoSignIn),
                    true if self.is_over().await => Line::not_made(check, Reason::OutOfTime),
                    true => self.make(check, &control).await,
                },
            };
            works |= check == Check::SignIn && line.verdict == Verdict::Passed;
            keep(line);
        }
        lines
    }

    async fn is_over(&self) -> bool {
        self.rooms.look(&self.run, |_| ()).await.is_err()
    }

    async fn make(&self, check: Check, control: &Trial) -> Line {
        let trial = match check {
            Check::KeyRotation => self.rotation().await,
            Check::Replay => self.replay().await,
            Check::OtherBrowser => self.other_browser().await,
            Check::TwoCitizens => self.two_citizens().await,
            Check::Cancelled => self.cancelled().await,
            Check::Logout => match &self.site.logout {
                Some((method, url)) => self.logout(*method, url).await,
                None => return Line::not_made(check, Reason::NoLogoutAddress),
            },
            Check::BackchannelLogout | Check::BackchannelForged => match &self.site.notices {
                Some(url) if check == Check::BackchannelLogout => self.notice(url, Notice::Right).await,
                Some(url) => self.notice(url, Notice::Forged).await,
                None => return Line::not_made(check, Reason::NoNoticeAddress),
            },
            Check::Request
            | Check::State
            | Check::Nonce
            | Check::Pkce
            | Check::Level
            | Check::SignIn
            | Check::TokenRequest
            | Check::PkceVerifier
            | Check::StateMissing
            | Check::StateOther
            | Check::IssuerOfAnswer
            | Check::NonceOther
            | Check::NonceAbsent
            | Check::IssuerOfToken
            | Check::Audience
            | Check::Expired
            | Check::Unsigned
            | Check::Signature
            | Check::LevelLower
            | Check::SubjectOfUserinfo
            | Check::Outage
            | Check::Silence
            | Check::UnknownKey => self.trial(check.plan()).await,
        };
        Line::of(check, &trial, Some(control))
    }

    fn browser(&self, plan: Plan) -> Browser<'_> {
        let patience = if plan == Plan::Silence { self.patience.silent } else { self.patience.step };
        Browser::new(&self.http, &self.site, &self.issuer, patience)
    }

    /// A browser begins a login, and is answered as planned.
    async fn begin(&self, plan: Plan) -> Result<Begun<'_>, Trial> {
        // A run that is over begins nothing: the first step finds that out too.
        if self.rooms.with(&self.run, |provider| provider.follow(plan)).await.is_err() {
            return Err(Trial::not_begun(Trouble::TimedOut, Vec::new()));
        }
        self.begin_beside().await
    }

    /// Another browser does the same while the first is under way.
    async fn begin_beside(&self) -> Result<Begun<'_>, Trial> {
        let plan = self.rooms.look(&self.run, Provider::plan).await.unwrap_or(Plan::Honest);
        let mut browser = self.browser(plan);
        let trouble = match browser.open(&self.site.start).await {
            Met::Provider { path, query } if path == "authorize" => {
                let (now, random) = (self.rooms.clock.now(), self.rooms.random.bytes());
                let asked = self.rooms.with(&self.run, |provider| {
                    let answer = provider.authorize(&query, now, &random);
                    (answer, provider.logins().len())
                });
                match asked.await {
                    Ok((answer, count)) => {
                        let back = match answer {
                            Authorized::Back(back) => back.parse().ok(),
                            Authorized::Nowhere => None,
                        };
                        return Ok(Begun { browser, number: count.saturating_sub(1), back });
                    }
                    Err(_) => Trouble::TimedOut,
                }
            }
            Met::Provider { .. } | Met::Page { .. } => Trouble::Stayed,
            Met::Nowhere(trouble) => trouble,
        };
        Err(Trial::not_begun(trouble, browser.exchanges()))
    }

    async fn login(&self, number: usize) -> Result<Login, Trouble> {
        let found = self.rooms.look(&self.run, |provider| provider.logins().get(number).cloned()).await;
        found.ok().flatten().ok_or(Trouble::TimedOut)
    }

    /// The text by which a sign-in's citizen is shown.
    async fn name(&self, number: usize) -> Option<String> {
        self.login(number).await.ok().map(|login| login.citizen.text(self.site.shown).to_owned())
    }

    /// Where a browser came to, by the citizen who is expected and those who are not.
    async fn land(&self, browser: &mut Browser<'_>, url: &Url, who: (Option<&str>, &[&str])) -> Landing {
        match browser.open(url).await {
            Met::Page { status, text } => Landing::page(status, &text, who.0, who.1),
            Met::Provider { .. } => Landing::Provider,
            Met::Nowhere(trouble) => Landing::Nowhere(trouble),
        }
    }

    /// Goes on with an answer to its end: where it leads to, and what the page shows then.
    async fn go_back(&self, begun: &mut Begun<'_>) -> (Option<Landing>, Option<Landing>) {
        let name = self.name(begun.number).await;
        let who = (name.as_deref(), [].as_slice());
        let landing = match begun.back.clone() {
            Some(back) => Some(self.land(&mut begun.browser, &back, who).await),
            None => None,
        };
        let page = self.land(&mut begun.browser, &self.site.page, who).await;
        (landing, Some(page))
    }

    /// A whole sign-in.
    async fn trial(&self, plan: Plan) -> Trial {
        match self.begin(plan).await {
            Ok(mut begun) => {
                let (landing, page) = self.go_back(&mut begun).await;
                self.told(begun, (landing, page, None)).await
            }
            Err(trial) => trial,
        }
    }

    async fn told(&self, mut begun: Begun<'_>, seen: (Option<Landing>, Option<Landing>, Option<Landing>)) -> Trial {
        let (landing, page, after) = seen;
        let exchanges = begun.browser.exchanges();
        Trial { begun: self.login(begun.number).await, landing, page, after, exchanges }
    }

    /// Keys change. A library that has just read them may wait before it reads them again, so that a first failure is
    /// tried once more after that time.
    async fn rotation(&self) -> Trial {
        let first = self.trial(Plan::NewKey).await;
        let passed = Line::of(Check::KeyRotation, &first, None).verdict == Verdict::Passed;
        if passed || self.patience.keys.is_zero() {
            return first;
        }
        // Not the wait of a test: the time that the site's library asks for.
        tokio::time::sleep(self.patience.keys).await;
        self.trial(Plan::NewKey).await
    }

    /// The answer is opened again where it was used.
    async fn replay(&self) -> Trial {
        let mut begun = match self.begin(Plan::Honest).await {
            Ok(begun) => begun,
            Err(trial) => return trial,
        };
        let (landing, page) = self.go_back(&mut begun).await;
        let name = self.name(begun.number).await;
        let after = match begun.back.clone() {
            Some(back) => Some(self.land(&mut begun.browser, &back, (name.as_deref(), &[])).await),
            None => None,
        };
        self.told(begun, (landing, page, after)).await
    }

    /// The answer to one browser is opened in another, which has a login of its own under way.
    async fn other_browser(&self) -> Trial {
        let (begun, mut other) = match (self.begin(Plan::Honest).await, self.begin_beside().await) {
            (Ok(begun), Ok(other)) => (begun, other),
            (Err(trial), _) | (_, Err(trial)) => return trial,
        };
        let name = self.name(begun.number).await;
        let who = (name.as_deref(), [].as_slice());
        let landing = match begun.back.clone() {
            Some(back) => Some(self.land(&mut other.browser, &back, who).await),
            None => None,
        };
        let page = self.land(&mut other.browser, &self.site.page, who).await;
        let mut trial = self.told(begun, (landing, Some(page), None)).await;
        trial.exchanges.extend(other.browser.exchanges());
        trial
    }

    /// Two browsers sign in at once; each must show its own citizen.
    async fn two_citizens(&self) -> Trial {
        let (mut one, mut two) = match (self.begin(Plan::Honest).await, self.begin_beside().await) {
            (Ok(one), Ok(two)) => (one, two),
            (Err(trial), _) | (_, Err(trial)) => return trial,
        };
        let (landing, _) = self.go_back(&mut one).await;
        self.go_back(&mut two).await;
        let (first, second) = (self.name(one.number).await, self.name(two.number).await);
        let others = |name: &Option<String>| name.clone().into_iter().collect::<Vec<_>>();
        let (not_one, not_two) = (others(&second), others(&first));
        let (not_one, not_two): (Vec<&str>, Vec<&str>) =
            (not_one.iter().map(String::as_str).collect(), not_two.iter().map(String::as_str).collect());
        let page = self.land(&mut one.browser, &self.site.page, (first.as_deref(), &not_one)).await;
        let after = self.land(&mut two.browser, &self.site.page, (second.as_deref(), &not_two)).await;
        let mut trial = self.told(one, (landing, Some(page), Some(after))).await;
        trial.exchanges.extend(two.browser.exchanges());
        trial
    }

    /// The citizen cancels, reads what the site says, and begins again.
    async fn cancelled(&self) -> Trial {
        let mut begun = match self.begin(Plan::Cancelled).await {
            Ok(begun) => begun,
            Err(trial) => return trial,
        };
        let (landing, page) = self.go_back(&mut begun).await;
        let name = self.name(begun.number).await;
        let after = self.land(&mut begun.browser, &self.site.start, (name.as_deref(), &[])).await;
        self.told(begun, (landing, page, Some(after))).await
    }

    /// The citizen signs out at the site.
    async fn logout(&self, method: Method, url: &Url) -> Trial {
        let mut begun = match self.begin(Plan::Honest).await {
            Ok(begun) => begun,
            Err(trial) => return trial,
        };
        let (landing, page) = self.go_back(&mut begun).await;
        if let Met::Provider { path, query } = begun.browser.go(method, url).await
            && path == "end-session"
        {
            let back = self.rooms.with(&self.run, |provider| provider.end_session(&query)).await;
            if let Some(Ok(back)) = back.ok().flatten().map(|back| back.parse::<Url>()) {
                begun.browser.open(&back).await;
            }
        }
        let name = self.name(begun.number).await;
        let after = self.land(&mut begun.browser, &self.site.page, (name.as_deref(), &[])).await;
        self.told(begun, (landing, page, Some(after))).await
    }

    /// The gateway tells the site that the session is over.
    async fn notice(&self, url: &Url, notice: Notice) -> Trial {
        let mut begun = match self.begin(Plan::Honest).await {
            Ok(begun) => begun,
            Err(trial) => return trial,
        };
        let (_, page) = self.go_back(&mut begun).await;
        let name = self.name(begun.number).await;
        let (answered, exchange) = self.tell(url, begun.number, notice).await;
        let after = self.land(&mut begun.browser, &self.site.page, (name.as_deref(), &[])).await;
        let mut trial = self.told(begun, (Some(answered), page, Some(after))).await;
        trial.exchanges.extend(exchange);
        trial
    }

    async fn tell(&self, url: &Url, number: usize, notice: Notice) -> (Landing, Option<Exchange>) {
        let now = self.rooms.clock.now();
        let body = self.rooms.look(&self.run, |provider| {
            let login = provider.logins().get(number)?;
            provider.logout_notice(login, notice, now).ok()
        });
        let Some(body) = body.await.ok().flatten() else { return (Landing::Nowhere(Trouble::TimedOut), None) };
        let shown = format!("POST {url}\n{}", exchange::parameters(&body));
        let mut request = Request::new(body.into_bytes());
        *request.method_mut() = http::Method::POST;
        let Ok(uri) = url.as_str().parse() else { return (Landing::Nowhere(Trouble::BadRedirect), None) };
        *request.uri_mut() = uri;
        request.headers_mut().insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().expect("plain text"));
        let (landing, told) = match send(&self.http, request, self.patience.step).await {
            Ok(answer) => (Landing::page(answer.status().as_u16(), "", None, &[]), browser::told(&answer)),
            Err(trouble) => (Landing::Nowhere(trouble), format!("{trouble:?}")),
        };
        (landing, Some(Exchange::new(Sender::Gateway, &shown, &told)))
    }
}
