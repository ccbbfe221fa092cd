//! What relying parties call, one file an endpoint.

pub(crate) mod answer;
mod authentication;
pub(crate) mod authorize;
pub(crate) mod call;
pub(crate) mod discovery;
pub(crate) mod end_session;
pub(crate) mod error;
pub(crate) mod form;
mod grants;
pub(crate) mod introspect;
pub(crate) mod json;
pub(crate) mod logged_out;
pub(crate) mod nested;
pub(crate) mod par;
mod refresh;
pub(crate) mod request_object;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod userinfo;
