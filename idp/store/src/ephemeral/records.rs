//! Which of the domain's values are kept under a bearer secret. The one list of them.

use domain::oidc::code::Code;
use domain::oidc::token::AccessToken;

use super::{Kind, Record};

impl Record for Code {
    const KIND: Kind = Kind::Code;
}

impl Record for AccessToken {
    const KIND: Kind = Kind::AccessToken;
}
