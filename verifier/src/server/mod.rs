//! Sockets and connections: turns arriving bytes into requests.

pub(crate) mod listen;
pub(crate) mod place;
pub(crate) mod service;
pub(crate) mod timed_stream;
