//! The authority: it keeps the keys, the credentials and the log, and mints passes.
//!
//! `App` is the whole of it behind one struct; the command line and the API are thin layers over it, and it
//! answers the gateway's ports in the same process. It reads no request of an agent.

pub mod api;
pub mod app;
pub mod audit;
pub(crate) mod breaker;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
mod console;
mod demo;
pub(crate) mod desk;
pub mod home;
pub(crate) mod keys;
mod nearest;
pub(crate) mod notify;
pub(crate) mod oauth;
pub mod serve;
pub mod store;
mod templates;
mod told;
pub mod vault;
mod when;
