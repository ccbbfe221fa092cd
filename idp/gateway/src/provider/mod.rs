//! What relying parties call, one file an endpoint.

pub(crate) mod answer;
mod authentication;
pub(crate) mod authorize;
pub(crate) mod discovery;
pub(crate) mod end_session;
pub(crate) mod error;
pub(crate) mod form;
pub(crate) mod logged_out;
pub(crate) mod par;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod userinfo;
