//! The addresses in mails: each leads to a page with a button. Following one changes nothing, for programs that look
//! through mails follow links too.

use domain::cnie::identity::AnyIdentity;
use domain::cnie::link::{self, LinkSecret, Purpose};
use domain::time::Timestamp;

use super::Cnie;
use crate::app::App;
use crate::config::Issuer;
use crate::pages::holder::Question;

/// Makes them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links<'a> {
    issuer: &'a Issuer,
    secret: &'a LinkSecret,
}

impl<'a> Links<'a> {
    /// Those of this gateway.
    pub(crate) const fn of(app: &'a App, cnie: &'a Cnie) -> Self {
        Self::new(&app.issuer, &cnie.link_secret)
    }

    /// Those at an address, with the marks of a secret.
    pub(crate) const fn new(issuer: &'a Issuer, secret: &'a LinkSecret) -> Self {
        Self { issuer, secret }
    }

    /// Where the holder confirms the address that notices go to.
    pub(crate) fn confirm(self, identity: &AnyIdentity, now: Timestamp) -> String {
        self.at(Question::Confirm, identity, now.plus(Purpose::Confirm.life()))
    }

    /// Where they close it.
    pub(crate) fn close(self, identity: &AnyIdentity, now: Timestamp) -> String {
        self.at(Question::Leave, identity, now.plus(Purpose::Leave.life()))
    }

    /// Where they keep it, until it leaves.
    pub(crate) fn stay(self, identity: &AnyIdentity, until: Timestamp) -> String {
        self.at(Question::Stay, identity, until)
    }

    fn at(self, question: Question, identity: &AnyIdentity, until: Timestamp) -> String {
        let token = link::write(question.purpose(), identity.common().id(), until, self.secret);
        self.issuer.at(&format!("{}/{token}", question.path()))
    }
}

impl Question {
    /// What the link that asks it is for.
    pub(crate) const fn purpose(self) -> Purpose {
        match self {
            Self::Confirm => Purpose::Confirm,
            Self::Leave => Purpose::Leave,
            Self::Stay => Purpose::Stay,
        }
    }
}
