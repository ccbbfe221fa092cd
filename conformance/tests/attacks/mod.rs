//! What others try: one file a group of `attacks`, each test named after what must not happen.

mod callback;
mod cookies;
mod forms;
mod introspection;
mod logout;
mod mtls;
mod request;
mod request_object;
mod token;
mod upstream;
