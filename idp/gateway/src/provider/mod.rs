//! What relying parties call, one file an endpoint.

pub(crate) mod answer;
pub(crate) mod authorize;
pub(crate) mod discovery;
pub(crate) mod end_session;
pub(crate) mod error;
pub(crate) mod form;
pub(crate) mod token;
pub(crate) mod userinfo;
