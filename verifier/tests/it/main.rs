//! The gateway's tests in one binary, one file for each subject. Two that examine the whole process have their own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod answers;
mod approvals;
mod budgets;
mod bytes;
mod chunked;
mod common;
mod compressed;
mod contents;
mod credentials;
mod framing;
mod heads;
mod lookups;
mod mcp;
mod operations;
mod outcomes;
mod packed;
mod parity;
mod passes;
mod passes_upstream;
mod provenance;
mod records;
mod review;
mod signs;
mod stops;
