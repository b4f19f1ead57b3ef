//! The harness of the end-to-end tests: real processes, real third-party parts, loopback only.
//!
//! A test starts an `Upstream` (an emulator or a strict OAuth server), a `Hallpass` of its own in a temporary home,
//! and acts as a person (the command line, a `Browser`) or as an agent (HTTP, an SDK's script). Everything it starts
//! ends with it. It mocks nothing of Hallpass and does not reach into its crates.

pub mod api;
mod browser;
pub mod calls;
mod disk;
pub mod document;
mod hallpass;
mod http;
pub mod literals;
mod logging;
mod parts;
mod process;
pub mod raw;
pub mod rooms;
pub mod source;
mod upstream;

pub use browser::{Browser, Page};
pub use disk::Disk;
pub use hallpass::{Hallpass, Ran, TRIAGE, binary, run_at};
pub use http::{Answer, Request, get, parallel, post, race, request};
pub use logging::{Logged, LoggingUpstream, Put};
pub use parts::{browser, node, node_file, part, python, python_file, write_part};
pub use process::{Running, free_port, poll};
pub use upstream::{ALICE, CLIENT_ID, CLIENT_SECRET, DECOY, Seen, Upstream, letter};
