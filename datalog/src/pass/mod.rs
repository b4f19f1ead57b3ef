//! A pass: its text, its blocks, its checks and keys, verified.
//!
//! This room judges no request.

pub(crate) mod asks;
pub(crate) mod block;
pub(crate) mod bounds;
pub mod carried;
pub(crate) mod content;
pub(crate) mod keys;
pub(crate) mod known;
pub(crate) mod limits;
pub(crate) mod pass_text;
pub(crate) mod policy;
pub(crate) mod redaction;
pub(crate) mod reservation;
pub(crate) mod verify;
