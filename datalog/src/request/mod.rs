//! A request as data: its operation, arguments, things, and the content of its message.
//!
//! It reads no HTTP bytes (`classify` does) and decides nothing.

pub(crate) mod answerable;
pub(crate) mod approval;
pub(crate) mod argument;
pub(crate) mod asked;
pub(crate) mod canonical;
pub mod decode;
pub(crate) mod envelope;
pub(crate) mod found;
pub(crate) mod gather;
pub(crate) mod item;
pub(crate) mod mask;
pub(crate) mod meant;
pub(crate) mod question;
pub(crate) mod summary;
pub(crate) mod target;
pub(crate) mod wire;
