//! What happened in one trial: what the provider saw of the sign-in, and where the browser ended.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::exchange::Exchange;
use super::plan::Plan;
use super::token_call::TokenCall;
use crate::secret::{base64url, from_base64url, keyed_hash};
use crate::time::Timestamp;

/// The most exchanges that are kept of a sign-in.
const MOST_EXCHANGES: usize = 24;

/// Whom a sign-in brings: somebody new each time, whose name stands on no page by chance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citizen {
    /// The subject.
    pub subject: String,
    /// The family name.
    pub family_name: String,
    /// The given name.
    pub given_name: String,
    /// The address.
    pub email: String,
}

/// By what a page shows who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// The family name.
    FamilyName,
    /// The given name.
    GivenName,
    /// The address.
    Email,
    /// The subject.
    Subject,
}

impl Citizen {
    /// Somebody drawn from 32 random bytes.
    pub fn drawn(random: &[u8; 32]) -> Self {
        let word = |purpose: &[u8]| -> String {
            keyed_hash(random, &[b"citizen", purpose]).iter().take(8).map(|byte| char::from(b'a' + byte % 26)).collect()
        };
        let capital = |word: &str| format!("{}{}", word[..1].to_uppercase(), &word[1..]);
        let (family, given) = (word(b"family"), word(b"given"));
        Self {
            subject: base64url(&keyed_hash(random, &[b"subject"])[..24]),
            email: format!("{family}@banc.example"),
            family_name: capital(&family),
            given_name: capital(&given),
        }
    }

    /// The text that a page shows of them.
    pub fn text(&self, shown: Shown) -> &str {
        match shown {
            Shown::FamilyName => &self.family_name,
            Shown::GivenName => &self.given_name,
            Shown::Email => &self.email,
            Shown::Subject => &self.subject,
        }
    }
}

/// How the last sign-in was named at the end-session endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HintSeen {
    /// By its ID token.
    Right,
    /// By another.
    Wrong,
    /// Not at all.
    Absent,
}

/// Where a browser is to go after the logout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectSeen {
    /// To a registered address.
    Registered,
    /// To another.
    Other,
    /// Nowhere.
    Absent,
}

/// What came to the end-session endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutSeen {
    /// How the sign-in was named.
    pub hint: HintSeen,
    /// Where the browser is to go.
    pub redirect: RedirectSeen,
}

/// A sign-in, as the provider saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// How it went, by plan.
    pub plan: Plan,
    /// What the site asked.
    pub asked: Asked,
    /// Who signed in.
    pub citizen: Citizen,
    /// When.
    pub at: Timestamp,
    /// The calls of the token endpoint with its code.
    pub calls: Vec<TokenCall>,
    /// How often userinfo was read with its token.
    pub userinfo_calls: u32,
    /// What came to the end-session endpoint.
    pub logout: Option<LogoutSeen>,
    /// Requests and answers, as they are shown.
    pub exchanges: Vec<Exchange>,
    pub(super) code: String,
    pub(super) access_token: String,
    pub(super) sid: String,
}

impl Login {
    pub(super) fn begin(plan: Plan, asked: Asked, random: &[u8; 32], at: Timestamp) -> Self {
        let draw = |purpose: &[u8]| base64url(&keyed_hash(random, &[b"login", purpose]));
        Self {
            plan,
            asked,
            citizen: Citizen::drawn(random),
            at,
            calls: Vec::new(),
            userinfo_calls: 0,
            logout: None,
            exchanges: Vec::new(),
            code: draw(b"code"),
            access_token: draw(b"access token"),
            sid: draw(b"sid")[..22].to_owned(),
        }
    }

    /// Keeps an exchange, of so many.
    pub fn keep(&mut self, exchange: Exchange) {
        if self.exchanges.len() < MOST_EXCHANGES {
            self.exchanges.push(exchange);
        }
    }

    /// Whether an ID token is of this sign-in. It is a hint: its signature is not judged.
    pub(super) fn is_named_by(&self, hint: &str) -> bool {
        let payload = hint.split('.').nth(1).and_then(from_base64url);
        let claims = payload.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        claims
            .is_some_and(|claims| claims["sid"] == self.sid.as_str() && claims["sub"] == self.citizen.subject.as_str())
    }
}

/// Why a browser got nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The address is in a network that the bench may not reach.
    Refused,
    /// A redirect leads to a host that is not the site's.
    Elsewhere,
    /// More redirects than a browser follows.
    TooManyRedirects,
    /// A redirect without an address that can be read.
    BadRedirect,
    /// The answer is larger than the bench reads.
    TooLarge,
    /// The answer is compressed, although nobody asked for that.
    Compressed,
    /// There was no answer in time.
    TimedOut,
    /// There is no connection.
    Unreachable,
    /// The site stayed on its own page instead of going to the provider.
    Stayed,
}

/// Where a browser ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Landing {
    /// On a page.
    Page {
        /// Its HTTP status.
        status: u16,
        /// Whether there is anything on it.
        text: Written,
        /// Whether it shows the citizen of the trial.
        shows: Shows,
    },
    /// At the provider again: the site asks for a sign-in.
    Provider,
    /// Nowhere.
    Nowhere(Trouble),
}

/// Whether a page has anything on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// It has.
    Something,
    /// It is blank.
    Nothing,
}

/// Whom a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// The citizen of the trial.
    TheCitizen,
    /// Nobody that the bench knows.
    Nobody,
    /// The citizen of another browser.
    SomebodyElse,
}

impl Landing {
    /// A page, as far as the bench reads it.
    pub fn page(status: u16, text: &str, citizen: Option<&str>, others: &[&str]) -> Self {
        let page = text.to_lowercase();
        let has = |name: &str| !name.is_empty() && page.contains(&name.to_lowercase());
        let shows = if others.iter().any(|name| has(name)) {
            Shows::SomebodyElse
        } else if citizen.is_some_and(has) {
            Shows::TheCitizen
        } else {
            Shows::Nobody
        };
        let text = if text.trim().is_empty() { Written::Nothing } else { Written::Something };
        Self::Page { status, text, shows }
    }

    /// Whether it shows a citizen of the bench.
    pub const fn shows(&self) -> Shows {
        match self {
            Self::Page { shows, .. } => *shows,
            Self::Provider | Self::Nowhere(_) => Shows::Nobody,
        }
    }
}

/// One trial: a sign-in, where the browser came to with the answer, and what the page shows after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The sign-in, or why there is none.
    pub begun: Result<Login, Trouble>,
    /// Where the answer led to.
    pub landing: Option<Landing>,
    /// What the page that shows who is signed in said after.
    pub page: Option<Landing>,
    /// What the step that the check is about led to: the answer opened again, the logout, the notice.
    pub after: Option<Landing>,
    /// What the browser asked and was answered, in order.
    pub exchanges: Vec<Exchange>,
}

impl Trial {
    /// A trial that did not begin.
    pub const fn not_begun(trouble: Trouble, exchanges: Vec<Exchange>) -> Self {
        Self { begun: Err(trouble), landing: None, page: None, after: None, exchanges }
    }

    /// Whom any of its pages shows.
    pub fn shows(&self) -> Shows {
        let pages = [&self.landing, &self.page, &self.after];
        let shown: Vec<Shows> = pages.into_iter().flatten().map(Landing::shows).collect();
        [Shows::SomebodyElse, Shows::TheCitizen].into_iter().find(|who| shown.contains(who)).unwrap_or(Shows::Nobody)
    }
}
