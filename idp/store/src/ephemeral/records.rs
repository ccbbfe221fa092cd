//! Which of the domain's values are kept under a bearer secret. The one list of them.

use domain::cnie::case::Papers;
use domain::cnie::pairing::Pairing;
use domain::cnie::transaction::AnyTransaction;
use domain::oidc::code::Code;
use domain::oidc::logout::{Leaving, LoggedOut};
use domain::oidc::pushed::{Completion, Pushed};
use domain::oidc::refresh::{Family, RefreshToken};
use domain::oidc::token::AccessToken;
use domain::partners::invitation::SignUp;
use domain::partners::passkey::Purpose;
use domain::partners::session::PartnerSession;
use domain::people::passkey::Ceremony;
use domain::people::session::AgentSession;
use domain::signin::AnySignIn;
use domain::signin::session::Session;

use super::{Kind, Record};

impl Record for AnySignIn {
    const KIND: Kind = Kind::SignIn;
}

impl Record for Session {
    const KIND: Kind = Kind::Session;
}

impl Record for Code {
    const KIND: Kind = Kind::Code;
}

impl Record for AccessToken {
    const KIND: Kind = Kind::AccessToken;
}

impl Record for Pushed {
    const KIND: Kind = Kind::Pushed;
}

impl Record for Completion {
    const KIND: Kind = Kind::Completion;
}

impl Record for RefreshToken {
    const KIND: Kind = Kind::RefreshToken;
}

impl Record for Family {
    const KIND: Kind = Kind::Family;
}

impl Record for Leaving {
    const KIND: Kind = Kind::Leaving;
}

impl Record for LoggedOut {
    const KIND: Kind = Kind::LoggedOut;
}

impl Record for AnyTransaction {
    const KIND: Kind = Kind::CardTransaction;
}

impl Record for Pairing {
    const KIND: Kind = Kind::Pairing;
}

impl Record for Papers {
    const KIND: Kind = Kind::DeskPapers;
}

impl Record for Ceremony {
    const KIND: Kind = Kind::Ceremony;
}

impl Record for AgentSession {
    const KIND: Kind = Kind::AgentSession;
}

impl Record for Ceremony<Purpose> {
    const KIND: Kind = Kind::PartnerCeremony;
}

impl Record for PartnerSession {
    const KIND: Kind = Kind::PartnerSession;
}

impl Record for SignUp {
    const KIND: Kind = Kind::SignUp;
}
