//! What a row of the table asks of its handler: the proof of its permission as the first argument, and, of a POST behind the
//! sign-in, a checked form as the last. It is asked of the types: a handler that takes neither is no handler of the row.

use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use domain::partners::permission::{Anyone, Dangerous, Guarded, Hazard, Permission, Permit, Plain};
use http::Method;

use super::session::{CheckedForm, FreshHolder, Holder, RecentHolder, Visitor};
use crate::app::Shared;
use crate::limits;
use crate::signin::form::Sent;

/// A row.
pub(crate) struct Route {
    /// The method.
    pub(crate) method: Method,
    /// The path.
    pub(crate) path: &'static str,
    /// The permission.
    pub(crate) permission: Permission,
    handler: MethodRouter<Shared>,
}

/// What reads under a permission: its proof.
pub(crate) trait Reads<P: Permit> {}

/// What acts under a permission, whose acts are as dangerous as `H`: its proof, and a fresh passkey where it is dangerous.
pub(crate) trait Acts<P: Permit, H: Hazard = <P as Permit>::Hazard> {}

/// The form that an act comes with: checked behind the sign-in.
pub(crate) trait Form<P: Permit> {}

impl Reads<Anyone> for Visitor {}
impl<P: Permit> Reads<P> for Holder<P> {}
impl<P: Permit> Reads<P> for RecentHolder<P> {}
impl<P: Permit> Reads<P> for FreshHolder<P> {}
impl Acts<Anyone> for Visitor {}
impl<P: Permit> Acts<P, Plain> for Holder<P> {}
impl<P: Permit> Acts<P, Guarded> for RecentHolder<P> {}
impl<P: Permit> Acts<P, Dangerous> for FreshHolder<P> {}
impl Form<Anyone> for Sent {}
impl<P: Permit> Form<P> for CheckedForm {}

/// The arguments of a handler that reads under `P`. The first type is axum's own mark of handlers.
pub(crate) trait ReadingUnder<P: Permit> {}

/// The arguments of a handler that acts under `P`.
pub(crate) trait ActingUnder<P: Permit> {}

macro_rules! arguments {
    ($(($($more:ident),*);)+) => {
        $(impl<M, P: Permit, E: Reads<P>, $($more),*> ReadingUnder<P> for (M, E, $($more,)*) {}
        impl<M, P: Permit, E: Acts<P>, $($more,)* F: Form<P>> ActingUnder<P> for (M, E, $($more,)* F) {})+
    };
}
arguments! { (); (A); (A, B); (A, B, C); (A, B, C, D); }

impl Route {
    /// A row that shows something.
    pub(crate) fn get<P, H, T>(path: &'static str, _: P, handler: H) -> Self
    where
        P: Permit,
        H: Handler<T, Shared>,
        T: ReadingUnder<P> + 'static,
    {
        Self { method: Method::GET, path, permission: P::PERMISSION, handler: get(handler) }
    }

    /// A row that does something.
    pub(crate) fn post<P, H, T>(path: &'static str, _: P, handler: H) -> Self
    where
        P: Permit,
        H: Handler<T, Shared>,
        T: ActingUnder<P> + 'static,
    {
        Self { method: Method::POST, path, permission: P::PERMISSION, handler: post(handler) }
    }

    /// What serves it. What anybody may ask for is counted by address.
    pub(crate) fn serve(self, app: &Shared) -> MethodRouter<Shared> {
        if self.permission == Permission::Anyone {
            self.handler.route_layer(from_fn_with_state(std::sync::Arc::clone(app), limits::partners))
        } else {
            self.handler
        }
    }
}
