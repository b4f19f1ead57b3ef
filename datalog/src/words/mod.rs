//! The words of passes and facts: values, names, effects, hours, JSON, messages to people, and the characters that mislead
//! an eye.
//!
//! This room knows no pass, no request and no service.

pub mod effect;
pub mod hours;
pub mod json;
pub mod message;
pub mod names;
pub(crate) mod of_passes;
pub(crate) mod telling;
pub mod value;
pub mod visible;
pub mod vocabulary;
pub(crate) mod word;
