//! From an agent's raw request to exactly one operation of the catalog, or a refusal.
//!
//! It reads no pass. It refuses everything that has more than one reading.

pub(crate) mod body;
pub(crate) mod brackets;
pub(crate) mod carrier;
pub(crate) mod conform;
pub(crate) mod form;
pub(crate) mod headers;
pub(crate) mod hint;
pub(crate) mod meaning;
pub(crate) mod misfit;
pub(crate) mod naming;
pub(crate) mod pairs;
pub(crate) mod query;
pub(crate) mod raw;
pub(crate) mod related;
pub(crate) mod revision;
pub(crate) mod steps;
pub(crate) mod things;
