//! A request as data: its operation, arguments, things, and the content of its message.
//!
//! It reads no HTTP bytes (`classify` does) and decides nothing.

pub mod answerable;
pub mod approval;
pub mod argument;
pub mod asked;
pub mod canonical;
pub mod decode;
pub mod envelope;
pub mod found;
pub mod gather;
pub mod item;
pub mod mask;
pub mod meant;
pub mod question;
pub mod summary;
pub mod target;
pub mod wire;
