//! Connections that wait for a head. Each peer has a limit, and if there is no room, some of these connections end
//! first.
//!
//! Some clients open many connections and send nothing, or a byte a minute. They take no place from a client that sends
//! requests, because the connection that has waited longest ends. A connection that has sent a whole head never ends
//! here. On a busy gateway a head may stay unread for long. So the wait begins only when a read found nothing, and a
//! connection is read once more before it ends.
//!
//! - Invariant: A client that sends its head slowly keeps no other client waiting
//!   (`a_head_that_trickles_is_not_waited_for`, `many_half_open_connections_keep_no_honest_request_out`).

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// One connection.
pub(crate) struct Line {
    peer: IpAddr,
    state: Mutex<HalfOpenState>,
    ended: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HalfOpenState {
    /// The connection was accepted, and nothing has been read from it.
    Unread,
    /// The connection has waited for a head since this moment.
    Waits(Instant),
    Runs,
    /// The connection must end, unless the rest of its head has already come.
    Leaves,
    Ended,
}

impl Line {
    pub(crate) fn new(peer: IpAddr) -> Arc<Self> {
        Arc::new(Self { peer, state: Mutex::new(HalfOpenState::Unread), ended: Notify::new() })
    }

    /// Notes that a read found nothing.
    pub(crate) fn is_silent(&self) {
        let mut state = lock(&self.state);
        if *state == HalfOpenState::Unread {
            *state = HalfOpenState::Waits(Instant::now());
        }
    }

    /// Notes that a head has begun and is not complete.
    pub(crate) fn waits(&self) {
        let mut state = lock(&self.state);
        if matches!(*state, HalfOpenState::Runs | HalfOpenState::Unread) {
            *state = HalfOpenState::Waits(Instant::now());
        }
    }

    /// Notes that a head is complete. Returns false if the connection was ended meanwhile.
    pub(crate) fn runs(&self) -> bool {
        let mut state = lock(&self.state);
        if *state != HalfOpenState::Ended {
            *state = HalfOpenState::Runs;
        }
        *state == HalfOpenState::Runs
    }

    pub(crate) fn has_ended(&self) -> bool {
        *lock(&self.state) == HalfOpenState::Ended
    }

    /// Returns when the connection should end. Read the bytes that have come by then before you close it.
    pub(crate) async fn has_to_go(&self) {
        self.ended.notified().await;
    }

    /// Ends the connection if its head is still not complete. Returns whether the connection has ended.
    pub(crate) fn close(&self) -> bool {
        let mut state = lock(&self.state);
        if *state == HalfOpenState::Leaves {
            *state = HalfOpenState::Ended;
        }
        *state == HalfOpenState::Ended
    }

    fn since(&self) -> Option<Instant> {
        match *lock(&self.state) {
            HalfOpenState::Waits(since) => Some(since),
            HalfOpenState::Unread | HalfOpenState::Runs | HalfOpenState::Leaves | HalfOpenState::Ended => {
                None
            }
        }
    }

    fn end(&self) -> bool {
        let mut state = lock(&self.state);
        let waits = matches!(*state, HalfOpenState::Waits(_));
        if waits {
            *state = HalfOpenState::Leaves;
            self.ended.notify_one();
        }
        waits
    }
}

/// All connections of a gateway.
#[derive(Default)]
pub(crate) struct HalfOpen(Mutex<Vec<Arc<Line>>>);

impl HalfOpen {
    /// Adds a connection. If its peer already has `most` connections that wait, the oldest of those end if they have
    /// waited for `grace`. A peer that opens many connections at once and then uses them is not attacking.
    pub(crate) fn enter(&self, line: Arc<Line>, most: usize, grace: Duration) {
        let mut lines = lock(&self.0);
        let own = lines.iter().filter(|other| other.peer == line.peer);
        let mut waiting: Vec<_> = own.filter_map(|other| Some((other.since()?, other))).collect();
        waiting.sort_by_key(|(since, _)| *since);
        let surplus = (waiting.len() + 1).saturating_sub(most);
        for (since, oldest) in waiting.into_iter().take(surplus) {
            if since.elapsed() >= grace {
                oldest.end();
            }
        }
        lines.push(line);
    }

    pub(crate) fn leave(&self, line: &Arc<Line>) {
        let mut lines = lock(&self.0);
        if let Some(at) = lines.iter().position(|other| Arc::ptr_eq(other, line)) {
            lines.swap_remove(at);
        }
    }

    /// Ends the connection that has waited longest. Returns whether there was one.
    pub(crate) fn make_room(&self) -> bool {
        let lines = lock(&self.0);
        let waiting = lines.iter().filter(|line| line.since().is_some());
        waiting.min_by_key(|line| line.since()).is_some_and(|oldest| oldest.end())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7));

    fn open(all: &HalfOpen, peer: IpAddr, grace: Duration) -> Arc<Line> {
        let line = Line::new(peer);
        all.enter(line.clone(), 2, grace);
        line.is_silent();
        line
    }

    #[test]
    fn what_was_not_read_yet_is_not_ended_however_long_it_lies_there() {
        let all = HalfOpen::default();
        let lines: Vec<_> = (0..9).map(|_| Line::new(PEER)).collect();
        for line in &lines {
            all.enter(line.clone(), 2, Duration::ZERO);
        }
        assert!(!all.make_room() && lines.iter().all(|line| !line.close()));
        lines[4].is_silent();
        assert!(all.make_room() && lines[4].close(), "the one that was read from and had said nothing");
    }

    #[test]
    fn a_head_that_is_whole_when_the_end_comes_runs() {
        let all = HalfOpen::default();
        let line = open(&all, PEER, Duration::ZERO);
        assert!(all.make_room());
        assert!(line.runs() && !line.close() && !line.has_ended());
    }

    #[test]
    fn the_oldest_of_the_same_peer_goes_and_none_that_runs() {
        let all = HalfOpen::default();
        let (other, first, second) = (
            open(&all, OTHER, Duration::ZERO),
            open(&all, PEER, Duration::ZERO),
            open(&all, PEER, Duration::ZERO),
        );
        assert!(first.runs());
        let third = open(&all, PEER, Duration::ZERO);
        assert!(!second.close(), "two wait");
        let fourth = open(&all, PEER, Duration::ZERO);
        assert!(second.close() && second.has_ended() && !second.runs());
        assert!([&other, &first, &third, &fourth].iter().all(|line| !line.close()));
        all.leave(&third);
        open(&all, PEER, Duration::ZERO);
        assert!(!fourth.close());
    }

    #[test]
    fn many_that_are_opened_at_once_are_no_attack() {
        let all = HalfOpen::default();
        let lines: Vec<_> = (0..9).map(|_| open(&all, PEER, Duration::from_secs(60))).collect();
        assert!(lines.iter().all(|line| !line.close()));
        assert!(all.make_room() && lines[0].close(), "unless there is no room");
        assert!(lines[1..].iter().all(|line| !line.close()));
        lines.iter().for_each(|line| _ = line.runs());
        assert!(!all.make_room(), "all run");
    }
}
