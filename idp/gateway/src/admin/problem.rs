//! What is refused, as RFC 9457 tells it: under the stable code that the log has too, with the fields that are wrong. A call
//! without a token that counts is told how to bring one (RFC 6750 §3).

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use domain::habilitation::acts::NotDone;
use domain::habilitation::complete::Fault;
use domain::habilitation::form::Conflict;
use domain::habilitation::review::Refusal;
use domain::id::AdminTokenId;
use domain::partners::token::TokenScope;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{StatusCode, header};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

use crate::audit::{Admin, Code, Entry, Other};
use crate::habilitation::keep::NotBegun;
use crate::limits::TooMany;

/// A refused call (RFC 9457), as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Where this kind of refusal is described.
    r#type: String,
    /// What is wrong, in English.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// The stable code: the one thing to decide by.
    #[schema(example = "admin.changed_meanwhile")]
    code: String,
    /// The fields that are wrong, where some are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong>,
    /// The version that the request has now, where another was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
}

/// A field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Wrong {
    /// Its name.
    pub(super) field: String,
    /// Why.
    pub(super) why: String,
    /// What somebody else wrote there meanwhile, which stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) theirs: Option<String>,
    /// What this call wrote there, which is kept nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mine: Option<String>,
}

impl Wrong {
    /// A field, and why.
    pub(super) fn new(field: impl Into<String>, why: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), why: why.into().into_owned(), theirs: None, mine: None }
    }
}

impl From<&Fault> for Wrong {
    fn from(fault: &Fault) -> Self {
        Self::new(fault.field.name(), fault.why.to_string())
    }
}

impl From<Conflict> for Wrong {
    fn from(Conflict { field, theirs, mine }: Conflict) -> Self {
        let why = Cow::Borrowed("somebody else wrote something else there since the version of If-Match");
        Self { theirs: Some(theirs), mine: Some(mine), ..Self::new(field.name(), why) }
    }
}

/// Why a call comes to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is refused.
    Refused {
        /// The code.
        code: Admin,
        /// The fields that are wrong.
        errors: Vec<Wrong>,
        /// The version that the request has.
        version: Option<i64>,
        /// The token that it is about, for the log.
        token: Option<AdminTokenId>,
    },
    /// The token has not the scope.
    Scope(Option<TokenScope>),
    /// The token calls too often.
    TooMany(TooMany),
    /// A store failed.
    Store(StoreError),
}

impl From<Admin> for Trouble {
    fn from(code: Admin) -> Self {
        Self::wrong(code, Vec::new())
    }
}

impl From<NotBegun> for Trouble {
    fn from(why: NotBegun) -> Self {
        match why {
            NotBegun::Refused(refusal) => refusal.into(),
            NotBegun::TooOften => Admin::TooManyRequests.into(),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NotDone> for Trouble {
    fn from(not_done: NotDone) -> Self {
        match not_done {
            NotDone::OutOfTurn(_) => Admin::OutOfTurn.into(),
            NotDone::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OtherOrganisation | Refusal::Own => Admin::OwnRequest.into(),
            Refusal::Incomplete(faults) => Self::wrong(Admin::FormIncomplete, faults.iter().map(Wrong::from).collect()),
            Refusal::Unchanged => Admin::Unchanged.into(),
            Refusal::SamePerson | Refusal::BroughtIn => Admin::SamePerson.into(),
            Refusal::NotHomologated => Admin::NotHomologated.into(),
            Refusal::Unchecked(points) => {
                let open = points.into_iter().map(|point| Wrong::new(point.name(), "was not looked at"));
                Self::wrong(Admin::PointsOpen, open.collect())
            }
            Refusal::NothingGranted => Admin::OutOfTurn.into(),
        }
    }
}

impl Trouble {
    /// Fields are wrong.
    pub(super) const fn wrong(code: Admin, errors: Vec<Wrong>) -> Self {
        Self::Refused { code, errors, version: None, token: None }
    }

    /// Fields are wrong, or another version was read, of a request that has this one now.
    pub(super) const fn at_version(code: Admin, errors: Vec<Wrong>, version: i64) -> Self {
        Self::Refused { code, errors, version: Some(version), token: None }
    }

    /// The same with the token that it is about.
    pub(super) fn with_token(self, about: &AdminTokenId) -> Self {
        match self {
            Self::Refused { code, errors, version, .. } => {
                Self::Refused { code, errors, version, token: Some(about.clone()) }
            }
            Self::Scope(_) | Self::TooMany(_) | Self::Store(_) => self,
        }
    }

    /// Another version was read than the request has now.
    pub(super) const fn other_version(version: i64) -> Self {
        Self::at_version(Admin::ChangedMeanwhile, Vec::new(), version)
    }
}

/// The status of a refusal and what it means.
pub(super) const fn told(code: Admin) -> (StatusCode, &'static str) {
    match code {
        Admin::TokenMissing => (StatusCode::UNAUTHORIZED, "a token is needed: Authorization: Bearer"),
        Admin::TokenUnknown => (StatusCode::UNAUTHORIZED, "the token is unknown"),
        Admin::TokenExpired => (StatusCode::UNAUTHORIZED, "the token expired"),
        Admin::TokenRevoked => (StatusCode::UNAUTHORIZED, "the token was revoked"),
        Admin::ScopeMissing => (StatusCode::FORBIDDEN, "the token has not the scope that this needs"),
        Admin::IssuerLacksRole => (StatusCode::FORBIDDEN, "who answers for the token may not do this, or not any more"),
        Admin::Unseen => (StatusCode::NOT_FOUND, "it is not there, or beyond the reach of the token"),
        Admin::NoRoute => (StatusCode::NOT_FOUND, "there is no such route"),
        Admin::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "the route is not for this method"),
        Admin::TooManyCalls => (StatusCode::TOO_MANY_REQUESTS, "the token calls too often: wait as Retry-After says"),
        Admin::TooManyRequests => {
            (StatusCode::TOO_MANY_REQUESTS, "the organisation began too many requests today: again tomorrow")
        }
        Admin::BodyUnreadable => (StatusCode::BAD_REQUEST, "the body is not JSON of the form that is described"),
        Admin::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is to be application/json"),
        Admin::BodyTooLong => (StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than 256 KiB"),
        Admin::QueryInvalid => (StatusCode::BAD_REQUEST, "the query holds something that is not described"),
        Admin::InputInvalid => {
            (StatusCode::UNPROCESSABLE_ENTITY, "fields hold what cannot stand in them: nothing was kept")
        }
        Admin::FormIncomplete => (StatusCode::UNPROCESSABLE_ENTITY, "the form is not complete"),
        Admin::VersionDue => (StatusCode::PRECONDITION_REQUIRED, "If-Match with the version that was read is needed"),
        Admin::Conflict => (StatusCode::CONFLICT, "somebody else wrote in the same fields; the others are kept"),
        Admin::ChangedMeanwhile => (StatusCode::CONFLICT, "it was changed since it was read: read it again"),
        Admin::OutOfTurn => (StatusCode::CONFLICT, "this does not follow from where the request is"),
        Admin::Unchanged => (StatusCode::CONFLICT, "nothing changed since it was granted"),
        Admin::OwnRequest => (StatusCode::FORBIDDEN, "nobody decides on their own request, or writes in another's"),
        Admin::SamePerson => {
            (StatusCode::FORBIDDEN, "a second person must agree: not a program, nor who answers for one")
        }
        Admin::PointsOpen => (StatusCode::CONFLICT, "not every point of the review was looked at"),
        Admin::NotHomologated => {
            (StatusCode::CONFLICT, "the bench did not pass on every host, and there is no reason to do without")
        }
        Admin::OrganisationUnverified => (StatusCode::FORBIDDEN, "nothing proves the people of the organisation yet"),
        Admin::HabilitationState => (StatusCode::CONFLICT, "the habilitation is not in the state for this"),
    }
}

/// How a token is to be brought (RFC 6750 §3): without an error where none came.
fn challenge(code: Admin, scope: Option<TokenScope>) -> Option<HeaderValue> {
    const REALM: &str = "Bearer realm=\"admin\"";
    let text = match (code, scope) {
        (Admin::TokenMissing, _) => REALM.to_owned(),
        (Admin::TokenUnknown | Admin::TokenExpired | Admin::TokenRevoked, _) => {
            let (_, why) = told(code);
            format!("{REALM}, error=\"invalid_token\", error_description=\"{why}\"")
        }
        (Admin::ScopeMissing, Some(scope)) => {
            format!("{REALM}, error=\"insufficient_scope\", scope=\"{}\"", scope.name())
        }
        _ => return None,
    };
    HeaderValue::from_str(&text).ok()
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match self {
            Self::Refused { code, errors, version, token } => {
                let (status, title) = told(code);
                let mut answer = written(status, code.into(), title, (errors, version));
                if let Some(how) = challenge(code, None) {
                    answer.headers_mut().insert(WWW_AUTHENTICATE, how);
                }
                Entry::new(code).with_token(token).on(answer)
            }
            Self::Scope(scope) => {
                let (status, title) = told(Admin::ScopeMissing);
                let mut answer = written(status, Admin::ScopeMissing.into(), title, (Vec::new(), None));
                if let Some(how) = challenge(Admin::ScopeMissing, scope) {
                    answer.headers_mut().insert(WWW_AUTHENTICATE, how);
                }
                Entry::new(Admin::ScopeMissing).on(answer)
            }
            Self::TooMany(too_many) => {
                let (status, title) = told(Admin::TooManyCalls);
                let mut answer = written(status, Admin::TooManyCalls.into(), title, (Vec::new(), None));
                answer.headers_mut().insert(RETRY_AFTER, too_many.retry_after());
                Entry::new(Admin::TooManyCalls).on(answer)
            }
            Self::Store(error) => {
                tracing::error!(%error, "a store failed");
                let title = "a part of the gateway does not answer: try again in a moment";
                let answer = written(StatusCode::SERVICE_UNAVAILABLE, Other::Store.into(), title, (Vec::new(), None));
                Entry::new(Other::Store).on(answer)
            }
        }
    }
}

fn written(status: StatusCode, code: Code, title: &'static str, more: (Vec<Wrong>, Option<i64>)) -> Response {
    let (code, (errors, version)) = (code.to_string(), more);
    let r#type = format!("/admin/v1/openapi.json#{code}");
    let problem = Problem { r#type, title, status: status.as_u16(), code, errors, version };
    let body = serde_json::to_vec(&problem).expect("texts and numbers are JSON");
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, body).into_response()
}

/// What is on no route.
pub(super) async fn no_route() -> Response {
    Trouble::from(Admin::NoRoute).into_response()
}

/// What is on one, and not by this method.
pub(super) async fn wrong_method() -> Response {
    Trouble::from(Admin::WrongMethod).into_response()
}
