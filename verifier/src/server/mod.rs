//! Sockets and connections: turns arriving bytes into requests.

pub(crate) mod listen;
pub(crate) mod patience;
pub mod place;
pub(crate) mod service;
