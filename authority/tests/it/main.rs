//! The authority's tests in one binary, one file for each subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod cli;
mod demo;
mod pasted;
mod run;
mod stories;
mod support;
mod terminal;
