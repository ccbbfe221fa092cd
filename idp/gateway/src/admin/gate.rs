//! What a row of the table asks of its handler: the proof of its permission as the first argument. It is asked of the types: a
//! handler without it is no handler of the row.

use axum::handler::Handler;
use axum::routing::{MethodRouter, get, patch, post};
use domain::partners::permission::{Permission, Permit};
use http::Method;

use super::caller::Caller;
use crate::app::Shared;

/// A row.
pub(crate) struct Route {
    /// The method.
    pub(crate) method: Method,
    /// The path.
    pub(crate) path: &'static str,
    /// The permission.
    pub(crate) permission: Permission,
    /// What serves it.
    pub(super) handler: MethodRouter<Shared>,
}

/// The arguments of a handler under `P`. The first type is axum's own mark of handlers.
pub(crate) trait Under<P: Permit> {}

macro_rules! arguments {
    ($(($($more:ident),*);)+) => {
        $(impl<M, P: Permit, $($more),*> Under<P> for (M, Caller<P>, $($more,)*) {})+
    };
}
arguments! { (); (A); (A, B); (A, B, C); (A, B, C, D); }

macro_rules! methods {
    ($($(#[$doc:meta])+ $name:ident = $method:ident;)+) => {
        impl Route {
            $($(#[$doc])+
            pub(super) fn $name<P, H, T>(path: &'static str, _: P, handler: H) -> Self
            where
                P: Permit,
                H: Handler<T, Shared>,
                T: Under<P> + 'static,
            {
                Self { method: Method::$method, path, permission: P::PERMISSION, handler: $name(handler) }
            })+
        }
    };
}
methods! {
    /// A row that reads.
    get = GET;
    /// A row that does something.
    post = POST;
    /// A row that writes in something.
    patch = PATCH;
}
