//! The authority: it keeps the keys, the credentials and the log, and mints passes. It is the `hallpass` command too.
//!
//! # Laws
//!
//! 1. **One struct holds everything.** [`app::App`] has every handle, and each verb of it is a file. The command line, the
//!    API and the console are thin: each calls one verb.
//! 2. **Only people reach the verbs.** They answer on a socket that the owner alone opens, and in a console with a session.
//!    A pass opens neither.
//! 3. **Secrets at rest are sealed.** Each is bound to its table, row, column and generation, and opens nowhere else.
//! 4. **A grant is never lost by guessing.** The authority writes down that it will refresh before it calls, and the new
//!    tokens before it lends them.
//! 5. **Every change is a record.** A record stands in the same transaction as its change, in a log that is chained and
//!    signed.
//! 6. **A stop holds at once.** Memory changes first, then the store.
//!
//! It answers the gateway's ports in the same process. It never reads an agent's request.

mod api;
pub mod app;
pub mod audit;
mod breaker;
mod catalog;
pub mod cli;
mod clock;
pub mod config;
mod console;
mod demo;
mod desk;
mod fact_words;
mod health;
pub mod home;
mod keys;
mod nearest;
mod notify;
mod oauth;
mod question;
mod serve;
mod stopped;
mod store;
mod templates;
mod vault;
mod when;

pub use clock::Clock;
