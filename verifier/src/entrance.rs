//! The way in for a request: where its listener leads, and whether there is room for its connection.
//!
//! This file knows no socket. `server` has the listeners, and counts its connections here.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use datalog::ConnectionName;

/// Where a listener leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every connection, under a path prefix with its name.
    Shared,
    /// One connection, without a prefix.
    Connection(ConnectionName),
}

/// Where a request came in.
#[derive(Clone)]
pub(crate) struct Entrance {
    pub scope: Arc<Scope>,
    pub peer: IpAddr,
    pub local: IpAddr,
    pub load: Load,
}

/// How many connections are open.
#[derive(Default)]
pub(crate) struct Open(pub(crate) AtomicUsize);

/// Whether there is room for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    Fine,
    TooMuch,
}
