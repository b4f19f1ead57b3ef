//! What a person may write on a pass: each flag as Datalog, back as words, and what is wrong with a check.
//!
//! Nothing here decides a request. A flag has a file of its own and a row in `flags`.

pub(crate) mod arg;
pub(crate) mod budget;
pub(crate) mod check;
pub(crate) mod duration;
pub(crate) mod during;
pub(crate) mod elsewhere;
pub(crate) mod explain;
pub(crate) mod flag;
pub mod flags;
pub(crate) mod grants;
pub(crate) mod limit;
pub(crate) mod max_items;
pub(crate) mod narrow;
pub(crate) mod narrowing;
pub(crate) mod newer_than;
pub(crate) mod not_before;
pub(crate) mod of_answers;
pub(crate) mod provenance;
pub(crate) mod reach;
pub(crate) mod recipients;
pub(crate) mod redact;
pub(crate) mod resource;
pub(crate) mod said;
pub(crate) mod scope;
pub(crate) mod senders;
pub(crate) mod source;
pub(crate) mod term_error;
pub(crate) mod thread;
pub(crate) mod times;
#[cfg(test)]
mod trial;
