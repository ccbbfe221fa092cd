//! An account: how it begins, what it has, how its owner gets back in.

use askama::Template;
use domain::id::{PartnerSessionId, PasskeyId};
use domain::partners::partner::{Partner, WayBack};
use store::registry::{KeptPasskey, KeptSession};

use super::{Shell, space_views};
use crate::audit::Space;
use crate::pages::{Page, paris};

/// Where an address is typed that shall have an account.
#[derive(Debug, Template)]
#[template(path = "space_sign_up.html")]
pub(crate) struct Asking<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// What was typed.
    pub(crate) mail: &'a str,
    /// Why it does not do.
    pub(crate) refused: Option<Space>,
}

/// Where address and recovery code are typed.
#[derive(Debug, Template)]
#[template(path = "space_lost.html")]
pub(crate) struct LostAll<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// Why it does not do.
    pub(crate) refused: Option<Space>,
}

/// What follows is in the mailbox, whatever was typed.
#[derive(Debug, Template)]
#[template(path = "space_sent.html")]
pub(crate) struct Sent<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
}

/// One's own account.
#[derive(Debug, Template)]
#[template(path = "space_account.html")]
pub(crate) struct Account<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// Whose.
    pub(crate) partner: &'a Partner,
    /// Their passkeys.
    pub(crate) passkeys: &'a [KeptPasskey<domain::id::PartnerId>],
    /// Their sessions.
    pub(crate) sessions: &'a [KeptSession],
    /// The passkey they signed in with.
    pub(crate) used: &'a PasskeyId,
    /// The session this is.
    pub(crate) own: &'a PartnerSessionId,
}

/// A recovery code, shown once.
#[derive(Debug, Template)]
#[template(path = "space_code.html")]
pub(crate) struct ShownCode<'a> {
    /// The page around it.
    pub(crate) page: Page<'a>,
    /// The frame.
    pub(crate) shell: Shell<'a>,
    /// The code, in groups.
    pub(crate) code: &'a str,
}

impl Account<'_> {
    fn about(&self, passkey: &KeptPasskey<domain::id::PartnerId>) -> String {
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
    fn may_go(&self, passkey: &KeptPasskey<domain::id::PartnerId>) -> bool {
        self.passkeys.len() > 1 && passkey.id != *self.used
    }

    fn has_code(&self) -> bool {
        match self.partner.way_back {
            WayBack::RecoveryCode => true,
            WayBack::None => false,
        }
    }

    fn began(&self, session: &KeptSession) -> String {
        let t = self.page.t;
        let by = self.passkeys.iter().find(|passkey| passkey.id == session.passkey);
        let name = by.map_or("", |passkey| passkey.name.as_str());
        t.space_session_began(&paris::in_words(session.began, t), name)
    }
}

impl Asking<'_> {
    fn code(&self) -> Option<&'static str> {
        self.refused.map(Space::name)
    }
}

impl LostAll<'_> {
    fn code(&self) -> Option<&'static str> {
        self.refused.map(Space::name)
    }
}

space_views!(Asking: Stay, LostAll: Stay, Sent: None, Account: Stay, ShownCode: Stay);
