//! The words of passes and facts: values, names, effects, hours, JSON, messages to people, and the characters that mislead
//! an eye.
//!
//! This room knows no pass, no request and no service.

pub(crate) mod effect;
pub(crate) mod hours;
pub mod json;
pub(crate) mod message;
pub(crate) mod names;
pub(crate) mod nearest;
pub(crate) mod of_passes;
pub(crate) mod telling;
pub mod value;
pub mod visible;
pub mod vocabulary;
pub(crate) mod word;
