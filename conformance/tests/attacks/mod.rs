//! What others try: one file a group of `attacks`, each test named after what must not happen.

mod callback;
mod client_assertion;
mod cookies;
mod dpop;
mod entropy;
mod forms;
mod introspection;
mod limits;
mod logout;
mod mtls;
mod people;
mod rapid_reset;
mod refresh;
mod request;
mod request_object;
mod server;
mod single_use;
mod token;
mod upstream;
