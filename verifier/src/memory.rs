//! Memory for what the gateway holds whole: request bodies, and answers under review.
//!
//! Each kind has a limit over all connections. A request takes the memory for its answer before it leaves, because it
//! cannot turn back afterwards. If there is none, the request waits a little, and is then refused as overloaded.
//! Nothing is decided here.
//!
//! - Invariant: All answers under review share one limit of memory. A request takes its share before it leaves
//!   (`room_for_an_answer_is_taken_before_its_request_leaves`,
//!   `many_large_answers_that_are_judged_at_once_have_bounded_room`).

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

/// The memory for request bodies and for answers, with one permit for each byte.
pub(crate) struct Memory {
    bodies: Arc<Semaphore>,
    answers: Arc<Semaphore>,
    /// How long a request waits for its answer's memory.
    turn: Duration,
}

/// While this lives, its owner may hold this many bytes.
pub(crate) struct MemoryShare(OwnedSemaphorePermit);

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        let bytes = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        // There is always memory for one answer, whatever the settings.
        let answers = bytes(limits.answers.max(MAX_REVIEWED));
        Self { bodies: bytes(limits.bodies), answers, turn: limits.turn }
    }

    /// Returns memory for the body of a request, or for a look-up. If many large ones come at once, some are turned
    /// away.
    pub(crate) fn for_body(&self, bytes: usize) -> Result<Option<MemoryShare>, Fault> {
        if bytes == 0 {
            return Ok(None);
        }
        let full =
            |_| Fault::before(FaultCode::Overloaded, "the gateway has no room for more request bodies");
        self.bodies
            .clone()
            .try_acquire_many_owned(permits(bytes))
            .map(|one| Some(MemoryShare(one)))
            .map_err(full)
    }

    /// Returns more memory for an answer that a surface holds whole; none if there is no more just now.
    pub(crate) fn for_held_answer(&self, bytes: usize) -> Option<MemoryShare> {
        self.answers.clone().try_acquire_many_owned(permits(bytes)).ok().map(MemoryShare)
    }

    /// Returns memory for the answer to a request that is about to leave, if the answer will be reviewed.
    pub(crate) async fn for_answer(&self, permitted: &Permitted) -> Result<Option<MemoryShare>, Fault> {
        if permitted.review().is_none() {
            return Ok(None);
        }
        let room = self.answers.clone().acquire_many_owned(permits(MAX_REVIEWED));
        match timeout(self.turn, room).await {
            Ok(Ok(room)) => Ok(Some(MemoryShare(room))),
            Ok(Err(_)) | Err(_) => Err(Fault::before(
                FaultCode::Overloaded,
                "the gateway has no room for more answers under review",
            )),
        }
    }
}

fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl MemoryShare {
    pub(crate) fn bytes(&self) -> usize {
        self.0.num_permits()
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// Gives back the memory beyond this many bytes.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        drop(self.0.split(self.bytes().saturating_sub(bytes)));
    }

    /// Returns the bytes with this memory. The memory is kept until the last of the bytes is dropped, wherever they are
    /// by then.
    pub(crate) fn around(mut self, bytes: Bytes) -> Bytes {
        self.shrink_to(bytes.len());
        Bytes::from_owner(Held { bytes, _room: self })
    }
}

struct Held {
    bytes: Bytes,
    _room: MemoryShare,
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
        let memory = Memory::new(&Limits { bodies: 100, ..Limits::default() });
        let mut room = memory.for_body(60).unwrap().unwrap();
        room.join(memory.for_body(40).unwrap().unwrap());
        assert!(memory.for_body(1).is_err());
        let bytes = room.around(Bytes::from_static(b"0123456789"));
        assert_eq!(memory.bodies.available_permits(), 90, "what is not needed is given back");
        let piece = bytes.slice(2..4);
        drop(bytes);
        assert_eq!(memory.bodies.available_permits(), 90, "a piece of it is still held");
        drop(piece);
        assert_eq!(memory.bodies.available_permits(), 100);
    }
}
