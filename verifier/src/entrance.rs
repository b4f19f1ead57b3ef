//! By which way a request comes in: what its listener leads to, and whether there is room for its connection.
//!
//! It knows no socket: `server` has the listeners, and counts here.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datalog::ConnectionName;

use crate::gateway::Gateway;

/// What a listener leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every connection, under a path prefix that is its name.
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

/// Connections beyond the limit that are still told so; past them the socket is closed without a word.
const TOLD: usize = 64;

/// How many connections are open.
#[derive(Default)]
pub(crate) struct Open(AtomicUsize);

/// Whether there is room for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    Fine,
    TooMuch,
}

/// Counts one connection for as long as it lives.
pub(crate) struct Place(Arc<Gateway>, pub(crate) Load);

impl Place {
    pub(crate) fn take(gateway: &Arc<Gateway>) -> Option<Self> {
        let limit = gateway.config.limits.connections;
        let before = gateway.open.0.fetch_add(1, Ordering::AcqRel);
        let place = Self(gateway.clone(), if before < limit { Load::Fine } else { Load::TooMuch });
        (before < limit + TOLD).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.0.fetch_sub(1, Ordering::AcqRel);
    }
}
