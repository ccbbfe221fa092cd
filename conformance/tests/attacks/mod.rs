//! What others try: one file a group of `attacks`, each test named after what must not happen.

mod request;
mod session;
mod token;
mod upstream;
