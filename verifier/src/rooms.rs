//! Room for what the gateway holds whole: bodies of requests, and answers that are reviewed.
//!
//! Each kind is bounded over all connections. Room for an answer is taken before its request leaves, because afterwards
//! there is no turning back: whoever finds none waits a little, and is told so. It decides nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use datalog::Permitted;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config::Limits;
use crate::refusal::{Fault, FaultCode};

/// The largest answer that is read whole.
pub(crate) const MAX_REVIEWED: usize = 8 * 1024 * 1024;

/// One permit for each byte.
pub(crate) struct Rooms {
    bodies: Arc<Semaphore>,
    answers: Arc<Semaphore>,
    /// How long an answer's room is waited for.
    turn: Duration,
}

/// So many bytes may be held for as long as this lives.
pub(crate) struct Room(OwnedSemaphorePermit);

impl Rooms {
    pub(crate) fn new(limits: &Limits) -> Self {
        let bytes = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        // One answer has room whatever is set.
        let answers = bytes(limits.answers.max(MAX_REVIEWED));
        Self { bodies: bytes(limits.bodies), answers, turn: limits.turn }
    }

    /// Room for so many bytes of a request, or of what is looked up for it; many large ones at once are turned away.
    pub(crate) fn for_body(&self, bytes: usize) -> Result<Option<Room>, Fault> {
        if bytes == 0 {
            return Ok(None);
        }
        let full =
            |_| Fault::before(FaultCode::Overloaded, "the gateway holds as many request bodies as it may");
        self.bodies.clone().try_acquire_many_owned(permits(bytes)).map(|one| Some(Room(one))).map_err(full)
    }

    /// Room for the answer to a request that is about to leave, where it will be reviewed.
    pub(crate) async fn for_answer(&self, permitted: &Permitted) -> Result<Option<Room>, Fault> {
        if permitted.review().is_none() {
            return Ok(None);
        }
        let room = self.answers.clone().acquire_many_owned(permits(MAX_REVIEWED));
        match timeout(self.turn, room).await {
            Ok(Ok(room)) => Ok(Some(Room(room))),
            Ok(Err(_)) | Err(_) => Err(Fault::before(
                FaultCode::Overloaded,
                "the gateway holds as many answers under review as it may",
            )),
        }
    }
}

fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Room {
    pub(crate) fn bytes(&self) -> usize {
        self.0.num_permits()
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// Gives back what so many bytes do not need.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        drop(self.0.split(self.bytes().saturating_sub(bytes)));
    }

    /// Bytes that take this room until the last of them is let go, wherever they wait by then.
    pub(crate) fn around(mut self, bytes: Bytes) -> Bytes {
        self.shrink_to(bytes.len());
        Bytes::from_owner(Held { bytes, _room: self })
    }
}

struct Held {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_until_the_last_of_its_bytes_is_let_go() {
        let rooms = Rooms::new(&Limits { bodies: 100, ..Limits::default() });
        let mut room = rooms.for_body(60).unwrap().unwrap();
        room.join(rooms.for_body(40).unwrap().unwrap());
        assert!(rooms.for_body(1).is_err());
        let bytes = room.around(Bytes::from_static(b"0123456789"));
        assert_eq!(rooms.bodies.available_permits(), 90, "what is not needed is given back");
        let piece = bytes.slice(2..4);
        drop(bytes);
        assert_eq!(rooms.bodies.available_permits(), 90, "a piece of it is still held");
        drop(piece);
        assert_eq!(rooms.bodies.available_permits(), 100);
    }
}
