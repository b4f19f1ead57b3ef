//! The surfaces. Each takes apart the requests of one protocol, and renders the pipeline's answers.
//!
//! A surface makes an `Arrived` of every request. It decides nothing.
//!
//! - Invariant: Every surface brings out the same decision, request to the service, record and answer
//!   (`every_case_comes_out_the_same_by_every_surface`, `a_surface_that_skips_something_is_found_out`).

pub(crate) mod admit;
pub(crate) mod base_url;
pub mod direct;
pub(crate) mod framing;
pub(crate) mod intake;
pub(crate) mod mcp;
pub(crate) mod mistake;
pub(crate) mod pages;
pub(crate) mod prefer;
