//! The catalog: what operations there are, how to recognise them, and what they do.

mod operation;
mod service;

pub use operation::{Method, Operation};
pub use service::Service;
