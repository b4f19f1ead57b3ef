//! From an agent's raw request to exactly one operation of the catalog, or a refusal.
//!
//! It reads no pass. It refuses everything that has more than one reading.

pub mod body;
pub mod brackets;
pub mod carrier;
pub mod conform;
pub mod form;
pub mod headers;
pub mod hint;
pub mod meaning;
pub mod misfit;
pub mod naming;
pub mod pairs;
pub mod query;
pub mod raw;
pub mod related;
pub mod revision;
pub mod steps;
pub mod things;
