//! A pass: its text, its blocks, its checks and keys, verified.
//!
//! This room judges no request.

pub mod asks;
pub mod block;
pub mod carried;
pub mod content;
pub mod keys;
pub mod known;
pub mod pass_text;
pub mod policy;
pub mod redaction;
pub mod reservation;
pub mod verify;
