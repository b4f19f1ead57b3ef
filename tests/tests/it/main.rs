//! The whole of Hallpass with real third-party parts, in one binary, one file for each subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod api;
mod approvals;
mod audit;
mod audit_run;
mod backends;
mod biscuit;
mod budgets;
mod clients;
mod connect;
mod console;
mod dependencies;
mod disk;
mod errors;
mod examples;
mod facts;
mod flags;
mod github;
mod gmail;
mod guide;
mod hints;
mod imported;
mod invariants;
mod java;
mod layering;
mod logs;
mod mcp;
mod notion;
mod parts;
mod readme;
mod red_team;
mod refresh;
mod refusals_in_sdks;
mod replies;
mod reproducible;
mod rooms;
mod services;
mod slack;
mod stop;
mod story;
mod workspace;
