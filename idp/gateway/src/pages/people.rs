//! The pages at the door of the desk: signing in, the first passkey and further ones, and what a commune admin looks
//! after.

use askama::Template;
use domain::id::PasskeyId;
use domain::people::agent::{Agent, AgentState, Role};
use domain::people::commune::Commune;
use domain::people::reader::{Reader, ReaderState};
use domain::people::team::Team;
use domain::time::Timestamp;
use store::registry::KeptPasskey;

use super::{Forms, Page, View, paris};
use crate::audit::Desk;
use crate::people::input::Field;
use crate::people::sign_in::Told;
use crate::signin::form::Sent;

mod form;
mod refused;

pub(crate) use form::Mistake;
pub(crate) use refused::{Refused, WayOn};

/// Who is in, for the line above every page of the desk (`people_nav.html`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Here<'a> {
    /// The agent.
    pub(crate) agent: &'a Agent,
    /// Their commune.
    pub(crate) commune: &'a Commune,
    /// The secret of the forms.
    pub(crate) csrf: &'a str,
    /// Whether they administer: what they do not may not be asked for.
    pub(crate) administers: bool,
}

/// What is said of a ceremony that came to nothing.
fn what_failed(page: Page<'_>, code: Desk) -> &'static str {
    if code == Desk::CeremonyUnknown {
        page.t.told_too_late()
    } else if code == Desk::InputInvalid {
        page.t.wrong_name()
    } else if code == Desk::PasskeyKnown {
        page.t.say_known()
    } else {
        page.t.say_failed()
    }
}

/// Words that several pages have for an agent.
impl Page<'_> {
    fn roles(&self, agent: &Agent) -> String {
        let roles = [(Role::Agent, self.t.role_agent()), (Role::CommuneAdmin, self.t.role_admin())];
        let held: Vec<&str> =
            roles.into_iter().filter(|(role, _)| agent.terms.roles.has(*role)).map(|(_, words)| words).collect();
        held.join(", ")
    }

    fn trained(&self, agent: &Agent) -> String {
        agent.terms.trained.map_or_else(|| self.t.trained_never().to_owned(), |at| paris::date_in_words(at, self.t))
    }

    fn authorised(&self, agent: &Agent) -> String {
        let Some(period) = agent.terms.authorised else { return self.t.authorised_never().to_owned() };
        let last = Timestamp::from_epoch(period.until().epoch() - 1);
        self.t.authorised_between(&paris::date_in_words(period.from(), self.t), &paris::date_in_words(last, self.t))
    }

    fn state_of(&self, agent: &Agent, now: Timestamp) -> (&'static str, &'static str) {
        match agent.state {
            AgentState::Invited => ("invited", self.t.state_invited()),
            AgentState::Removed => ("removed", self.t.state_removed()),
            AgentState::Active => match agent.terms.authorised {
                Some(period) if period.holds(now) => ("active", self.t.state_active()),
                Some(_) | None => ("outside", self.t.state_outside()),
            },
        }
    }
}

/// Signing in.
#[derive(Debug, Template)]
#[template(path = "people_sign_in.html")]
pub(crate) struct SignIn<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The name of the ceremony: the secret of the form.
    pub(crate) csrf: &'a str,
    /// What the passkey is asked, JSON.
    pub(crate) options: &'a str,
    /// Where to go after.
    pub(crate) back: &'a str,
    /// What stands above the button.
    pub(crate) told: Option<Told>,
}

impl SignIn<'_> {
    fn code(&self) -> Option<&'static str> {
        match self.told {
            Some(Told::Refused(code)) => Some(code.name()),
            Some(Told::PasskeyReady) | None => None,
        }
    }

    fn told_words(&self) -> Option<&'static str> {
        Some(match self.told? {
            Told::PasskeyReady => self.page.t.told_passkey_ready(),
            Told::Refused(Desk::PasskeyUnknown) => self.page.t.told_unknown(),
            Told::Refused(code) => what_failed(self.page, code),
        })
    }
}

/// Making a passkey.
#[derive(Debug, Template)]
#[template(path = "people_register.html")]
pub(crate) struct Register<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The name of the ceremony: the secret of the form.
    pub(crate) csrf: &'a str,
    /// What the authenticator is asked, JSON.
    pub(crate) options: &'a str,
    /// Whose passkey it will be.
    pub(crate) agent: &'a Agent,
    /// Their commune.
    pub(crate) commune: &'a Commune,
    /// Where the form goes.
    pub(crate) place: &'a str,
    /// Whom it is shown to.
    pub(crate) whose: Whose<'a>,
    /// Why the last attempt came to nothing.
    pub(crate) refused: Option<Desk>,
}

/// Who makes a passkey.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// Someone who was invited.
    Newcomer,
    /// An agent who is in.
    Agent(Here<'a>),
}

impl<'a> Register<'a> {
    fn here(&self) -> Option<Here<'a>> {
        match self.whose {
            Whose::Newcomer => None,
            Whose::Agent(here) => Some(here),
        }
    }

    fn title(&self) -> String {
        match self.whose {
            Whose::Newcomer => self.page.t.register_title(self.commune.name.as_str()),
            Whose::Agent(_) => self.page.t.passkey_add().to_owned(),
        }
    }

    fn lead(&self) -> String {
        match self.whose {
            Whose::Newcomer => self.page.t.register_lead(self.agent.name.as_str()),
            Whose::Agent(_) => self.page.t.register_lead_again().to_owned(),
        }
    }

    fn proposed(&self) -> &'static str {
        self.page.t.passkey_proposed()
    }

    fn code(&self) -> Option<&'static str> {
        self.refused.map(Desk::name)
    }

    fn told_words(&self) -> Option<&'static str> {
        self.refused.map(|code| what_failed(self.page, code))
    }
}

/// An agent's own page.
#[derive(Debug, Template)]
#[template(path = "people_account.html")]
pub(crate) struct Account<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// Their passkeys.
    pub(crate) passkeys: &'a [KeptPasskey],
    /// The one they signed in with.
    pub(crate) used: &'a PasskeyId,
    /// Whether who they are is theirs to declare.
    pub(crate) declaring: Declaring,
    /// What was filled in wrongly.
    pub(crate) mistake: Option<Mistake<'a>>,
}

/// Whether an agent is asked who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declaring {
    /// Nobody is: no cards are certified here.
    NotAsked,
    /// They are.
    Asked,
    /// They said it.
    Done,
}

impl Account<'_> {
    fn is_asked(&self) -> bool {
        self.declaring == Declaring::Asked
    }

    fn is_declared(&self) -> bool {
        self.declaring == Declaring::Done
    }

    fn is_correcting(&self) -> bool {
        self.here.agent.declared.asked.is_some()
    }

    fn value(&self, name: &'static str) -> String {
        self.mistake.and_then(|mistake| mistake.form.field(name)).unwrap_or_default().to_owned()
    }

    fn about(&self, passkey: &KeptPasskey) -> String {
        let t = self.page.t;
        let added = t.passkey_added(&paris::date_in_words(passkey.added, t));
        if passkey.id == *self.used {
            return format!("{added} · {}", t.passkey_in_use());
        }
        match passkey.last_used {
            Some(at) => format!("{added} · {}", t.passkey_last_used(&paris::date_in_words(at, t))),
            None => format!("{added} · {}", t.passkey_never_used()),
        }
    }

    /// The last one does not go, nor the one that this very page was opened with.
    fn may_go(&self, passkey: &KeptPasskey) -> bool {
        self.passkeys.len() > 1 && passkey.id != *self.used
    }
}

/// The agents of a commune.
#[derive(Debug, Template)]
#[template(path = "people_agents.html")]
pub(crate) struct Agents<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// The agents.
    pub(crate) team: &'a Team,
    /// The moment.
    pub(crate) now: Timestamp,
    /// What was filled in wrongly.
    pub(crate) mistake: Option<Mistake<'a>>,
}

impl Agents<'_> {
    fn dates(&self, agent: &Agent) -> String {
        match agent.terms.authorised {
            Some(_) => self.page.t.listed_between(&self.page.authorised(agent)),
            None => self.page.t.listed_never().to_owned(),
        }
    }

    fn present(&self) -> Vec<&Agent> {
        self.team.present().collect()
    }

    fn state(&self, agent: &Agent) -> &'static str {
        self.page.state_of(agent, self.now).0
    }

    fn state_words(&self, agent: &Agent) -> &'static str {
        self.page.state_of(agent, self.now).1
    }

    fn mail_words(&self) -> &'static str {
        let taken = self.mistake.is_some_and(|mistake| mistake.code == Desk::MailTaken);
        if taken { self.page.t.wrong_mail_taken() } else { self.page.t.wrong_mail() }
    }

    fn value(&self, name: &'static str) -> String {
        self.mistake.and_then(|mistake| mistake.form.field(name)).unwrap_or_default().to_owned()
    }

    fn ticked(&self, name: &'static str) -> bool {
        match self.mistake {
            Some(mistake) => mistake.form.field(name) == Some("yes"),
            None => name == "agent",
        }
    }
}

/// One agent.
#[derive(Debug, Template)]
#[template(path = "people_agent.html")]
pub(crate) struct AgentPage<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// The agent.
    pub(crate) agent: &'a Agent,
    /// The moment.
    pub(crate) now: Timestamp,
    /// What was filled in wrongly.
    pub(crate) mistake: Option<Mistake<'a>>,
}

impl AgentPage<'_> {
    fn is_own(&self) -> bool {
        self.agent.id == self.here.agent.id
    }

    fn is_correcting(&self) -> bool {
        self.agent.declared.asked.is_some()
    }

    fn state(&self) -> &'static str {
        self.page.state_of(self.agent, self.now).0
    }

    fn state_words(&self) -> &'static str {
        self.page.state_of(self.agent, self.now).1
    }

    fn renew_words(&self) -> &'static str {
        if self.agent.state == AgentState::Active { self.page.t.renew_lead() } else { self.page.t.renew_lead_invited() }
    }

    fn value(&self, name: &'static str) -> String {
        if let Some(mistake) = self.mistake {
            return mistake.form.field(name).unwrap_or_default().to_owned();
        }
        let terms = &self.agent.terms;
        let moment = match name {
            "trained" => terms.trained,
            "from" => terms.authorised.map(|period| period.from()),
            _ => terms.authorised.map(|period| Timestamp::from_epoch(period.until().epoch() - 1)),
        };
        moment.map(paris::written).unwrap_or_default()
    }

    fn ticked(&self, name: &'static str) -> bool {
        if let Some(mistake) = self.mistake {
            return mistake.form.field(name) == Some("yes");
        }
        self.agent.terms.roles.has(if name == "admin" { Role::CommuneAdmin } else { Role::Agent })
    }
}

/// The link of a newcomer, shown once.
#[derive(Debug, Template)]
#[template(path = "people_link.html")]
pub(crate) struct Link<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// Who is invited.
    pub(crate) agent: &'a Agent,
    /// The address.
    pub(crate) address: &'a str,
}

/// The desk readers of a commune.
#[derive(Debug, Template)]
#[template(path = "people_readers.html")]
pub(crate) struct Readers<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// Who is in.
    pub(crate) here: Here<'a>,
    /// The readers.
    pub(crate) held: &'a [Reader],
    /// What was filled in wrongly.
    pub(crate) mistake: Option<Mistake<'a>>,
}

impl Readers<'_> {
    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    fn state(&self, reader: &Reader) -> &'static str {
        match (reader.state, reader.proved) {
            (ReaderState::Proposed, None) => "invited",
            (ReaderState::Proposed, Some(_)) => "outside",
            (ReaderState::Registered, _) => "active",
            (ReaderState::Withdrawn, _) => "removed",
        }
    }

    fn state_words(&self, reader: &Reader) -> &'static str {
        match reader.state {
            ReaderState::Proposed => self.page.t.reader_proposed(),
            ReaderState::Registered => self.page.t.reader_registered(),
            ReaderState::Withdrawn => self.page.t.reader_withdrawn(),
        }
    }

    /// What is to be done for a reader to be heard.
    fn next_words(&self, reader: &Reader) -> Option<&'static str> {
        match (reader.state, reader.proved) {
            (ReaderState::Proposed, None) => Some(self.page.t.reader_calls_first()),
            (ReaderState::Proposed, Some(_)) => Some(self.page.t.reader_waits()),
            (ReaderState::Registered | ReaderState::Withdrawn, _) => None,
        }
    }

    #[expect(clippy::unused_self, reason = "templates reach functions through a value")]
    fn may_go(&self, reader: &Reader) -> bool {
        reader.withdrawn().is_some()
    }

    fn key_words(&self) -> &'static str {
        let known = self.mistake.is_some_and(|mistake| mistake.code == Desk::ReaderKnown);
        if known { self.page.t.wrong_key_known() } else { self.page.t.wrong_key() }
    }

    fn value(&self, name: &'static str) -> String {
        self.mistake.and_then(|mistake| mistake.form.field(name)).unwrap_or_default().to_owned()
    }
}

macro_rules! views {
    ($($view:ident: $forms:ident),+ $(,)?) => {
        $(impl View for $view<'_> {
            const FORMS: Forms = Forms::$forms;

            fn page(&self) -> &Page<'_> {
                &self.page
            }
        })+
    };
}
views!(SignIn: Passkey, Register: Passkey, Account: Stay, Agents: Stay, AgentPage: Stay, Link: Stay, Readers: Stay);

macro_rules! mistaken {
    ($($view:ident),+) => {
        $(impl $view<'_> {
            fn mistaken(&self) -> bool {
                self.mistake.is_some()
            }

            fn code(&self) -> Option<&'static str> {
                self.mistake.map(|mistake| mistake.code.name())
            }

            fn wrong(&self, name: &str) -> bool {
                self.mistake.is_some_and(|mistake| mistake.is_in(name))
            }
        })+
    };
}
mistaken!(Account, Agents, AgentPage, Readers);

#[cfg(test)]
#[path = "people/tests.rs"]
mod tests;
