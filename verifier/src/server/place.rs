//! The place of one connection among all.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::entrance::Load;
use crate::gateway::Gateway;
use crate::half_open::Line;

/// So many connections beyond the limit still get an answer that says so. A connection beyond these is closed without
/// an answer.
pub(crate) const TOLD: usize = 64;

/// Counts one connection for as long as it lives.
pub(crate) struct OpenConnection {
    gateway: Arc<Gateway>,
    pub(crate) load: Load,
    pub(crate) line: Arc<Line>,
}

impl OpenConnection {
    /// Takes a place. If there is none, a connection that waits for a head is ended to make one.
    pub(crate) fn take(gateway: &Arc<Gateway>, peer: IpAddr) -> Option<Self> {
        let limits = &gateway.config.limits;
        let before = gateway.open.0.fetch_add(1, Ordering::AcqRel);
        let has_room = before < limits.connections || gateway.half_open.make_room();
        let line = Line::new(peer);
        gateway.half_open.enter(line.clone(), limits.half_open, limits.half_open_grace);
        let load = if has_room { Load::Fine } else { Load::TooMuch };
        let place = Self { gateway: gateway.clone(), load, line };
        (has_room || before < limits.connections + TOLD).then_some(place)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.gateway.half_open.leave(&self.line);
        self.gateway.open.0.fetch_sub(1, Ordering::AcqRel);
    }
}
