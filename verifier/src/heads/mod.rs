//! The bytes of one connection, before hyper gets them: each head is read whole and strictly, and each body is counted.
//!
//! hyper gets a head only after `head` has read all of it, and never a byte of the next request with it. So both
//! readers agree where a request begins and ends. `begins` checks this: hyper's request must be the one that was read
//! here. hyper never gets a head with a flaw. It gets an empty request instead, so that the answer names the flaw and
//! the record has it like any refusal. Nothing after the flaw is read. hyper decodes chunks; a chunked body ends the
//! connection.
//!
//! - Invariant: A head has one reading, and hyper reads it the same way. A flaw is refused by name and recorded
//!   (`what_is_found_in_a_head_is_named_and_recorded`, `the_second_request_of_a_connection_is_read_as_the_first_is`,
//!   `what_is_given_is_what_hyper_reads`, `a_request_that_is_not_the_one_that_was_read_is_refused`).

mod agree;
mod flaw;
mod head;
mod scan;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::request::Parts;
use http::{Method, Uri};

use crate::half_open::Line;
use agree::agrees;
use head::{Framing, Head};
use scan::Scan;

pub(crate) use flaw::Flaw;

/// The most bytes that are kept of one connection between two requests.
const KEPT: usize = 4 * 1024;

/// hyper reads this instead of a head with a flaw.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: flawed\r\n\r\n";

/// The proof that a request has exactly the transfer coding `chunked`, and nothing else that could give its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunked(());

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Head,
    /// In a body. This many bytes of it are left.
    Body(u64),
    /// In a body in chunks. Nothing after that body is read.
    Chunks,
    /// After a flaw. Later bytes are dropped.
    Refused,
}

/// The next head for hyper.
enum Expected {
    Request(Head),
    /// A flaw, and the request of the first line if that can be read.
    Flawed(Flaw, Option<(Method, Uri)>),
}

/// The bytes of one connection.
pub(crate) struct Heads {
    place: Mutex<PlaceInBytes>,
    line: Arc<Line>,
    /// The largest head, and the most headers.
    most: (usize, usize),
}

struct PlaceInBytes {
    at: At,
    /// Bytes that came and that hyper has not got.
    kept: Vec<u8>,
    /// This many of the kept bytes may be given.
    ready: usize,
    scan: Scan,
    expected: Option<Expected>,
    /// Method and target of the expected request.
    request: Vec<u8>,
}

impl Heads {
    pub(crate) fn new(line: Arc<Line>, most: (usize, usize)) -> Self {
        let place = PlaceInBytes {
            at: At::Head,
            kept: Vec::new(),
            ready: 0,
            scan: Scan::default(),
            expected: None,
            request: Vec::new(),
        };
        Self { place: Mutex::new(place), line, most }
    }

    /// Takes bytes that came in. Returns how many of them, from the first, may be parsed now. The others are kept or
    /// dropped.
    pub(crate) fn came(&self, bytes: &[u8]) -> usize {
        let mut place = self.place();
        if !place.kept.is_empty() {
            place.keep(bytes);
            return 0;
        }
        match place.at {
            At::Chunks => bytes.len(),
            At::Refused => 0,
            At::Body(_) => {
                let body = place.body(bytes.len());
                place.keep(bytes.get(body..).unwrap_or_default());
                body
            }
            At::Head => {
                let end = self.look(&mut place, bytes).unwrap_or(0);
                if place.at == At::Refused {
                    return 0;
                }
                let body = if end > 0 { place.body(bytes.len() - end) } else { 0 };
                place.keep(bytes.get(end + body..).unwrap_or_default());
                end + body
            }
        }
    }

    /// Gives hyper the kept bytes that may be parsed, through `put`, which takes some of them.
    pub(crate) fn give(&self, room: usize, put: impl FnOnce(&[u8])) -> Given {
        let mut place = self.place();
        if place.ready == 0 && !place.kept.is_empty() {
            self.advance(&mut place);
        }
        if self.line.has_ended() {
            return Given::Ended;
        }
        let some = place.ready.min(room);
        if some == 0 {
            return Given::Nothing;
        }
        put(place.kept.get(..some).unwrap_or_default());
        place.kept.drain(..some);
        place.ready -= some;
        if place.kept.is_empty() {
            place.kept.shrink_to(KEPT);
        }
        Given::Some
    }

    /// Notes that nothing more has come.
    pub(crate) fn is_silent(&self) {
        self.line.is_silent();
    }

    /// Whether a head has begun and is not complete.
    pub(crate) fn is_in_a_head(&self) -> bool {
        let place = self.place();
        place.at == At::Head && place.ready == 0 && !place.kept.is_empty()
    }

    /// Whether hyper has or will get a head, and has not reported it yet.
    pub(crate) fn expects_a_request(&self) -> bool {
        self.place().expected.is_some()
    }

    /// Refuses a head that has begun and took too long.
    pub(crate) fn took_too_long(&self, seconds: u64) {
        let flaw = Flaw::new(format!("the head of the request did not arrive within {seconds} seconds"));
        let mut place = self.place();
        let asked = head::asked(&place.kept);
        place.refuse(flaw, asked);
    }

    /// Checks the request that hyper parsed. It must be the expected one, because otherwise nobody knows which one it
    /// is. If the head had a flaw, hyper parsed the stand-in. Then `parts` get the method and the target of the flawed
    /// request, as far as they can be read, so that the record has them.
    pub(crate) fn begins(&self, parts: &mut Parts) -> Result<Option<Chunked>, Flaw> {
        let mut place = self.place();
        match place.expected.take() {
            Some(Expected::Flawed(flaw, asked)) => {
                (parts.method, parts.uri) = asked.unwrap_or_else(|| (parts.method.clone(), Uri::default()));
                Err(flaw)
            }
            Some(Expected::Request(head)) if agrees(&head, &place.request, parts) => {
                Ok((head.framing == Framing::Chunked).then_some(Chunked(())))
            }
            _ => {
                place.at = At::Refused;
                Err(disagreement())
            }
        }
    }

    /// Prepares the kept bytes that may be given.
    fn advance(&self, place: &mut PlaceInBytes) {
        match place.at {
            At::Head => {
                let kept = std::mem::take(&mut place.kept);
                let end = self.look(place, &kept);
                if place.at != At::Refused {
                    place.kept = kept;
                    place.ready = end.unwrap_or(0);
                }
            }
            At::Body(_) => place.ready = place.body(place.kept.len()),
            At::Chunks => place.ready = place.kept.len(),
            At::Refused => place.kept.clear(),
        }
    }

    /// Looks for a complete head at the beginning of these bytes. Returns where it ends.
    fn look(&self, place: &mut PlaceInBytes, bytes: &[u8]) -> Option<usize> {
        let (largest, headers) = self.most;
        let read = match place.scan.end(bytes) {
            Ok(None) if bytes.len() <= largest => {
                self.line.waits();
                return None;
            }
            Ok(Some(end)) if end <= largest => {
                head::read(bytes, place.scan.start()..end, headers).map(|head| (end, head))
            }
            Ok(_) => Err(Flaw::new(format!("the head of the request is larger than {largest} bytes"))),
            Err(flaw) => Err(flaw),
        };
        match read {
            // hyper got a head, and this file read another one before hyper reported the first.
            Ok(_) if place.expected.is_some() => place.refuse(disagreement(), None),
            // If the connection was ended meanwhile, `give` notices that.
            Ok(_) if !self.line.runs() => {}
            Ok((end, head)) => {
                place.expects(bytes, head);
                return Some(end);
            }
            Err(flaw) => place.refuse(flaw, head::asked(bytes)),
        }
        None
    }

    fn place(&self) -> MutexGuard<'_, PlaceInBytes> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of an attempt to give bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    Some,
    Nothing,
    /// The connection was ended to make room for others.
    Ended,
}

impl PlaceInBytes {
    fn keep(&mut self, bytes: &[u8]) {
        if self.at != At::Refused {
            self.kept.extend_from_slice(bytes);
        }
    }

    /// Counts this many bytes as body, or as many as are left of it. Returns how many were counted.
    fn body(&mut self, bytes: usize) -> usize {
        match self.at {
            At::Body(left) => {
                let taken = u64::try_from(bytes).unwrap_or(u64::MAX).min(left);
                self.at = if left == taken { At::Head } else { At::Body(left - taken) };
                usize::try_from(taken).unwrap_or(bytes)
            }
            At::Chunks => bytes,
            At::Head | At::Refused => 0,
        }
    }

    fn expects(&mut self, bytes: &[u8], head: Head) {
        self.scan = Scan::default();
        self.request.clear();
        self.request.extend_from_slice(bytes.get(head.method.clone()).unwrap_or_default());
        self.request.extend_from_slice(bytes.get(head.target.clone()).unwrap_or_default());
        self.at = match head.framing {
            Framing::Length(0) => At::Head,
            Framing::Length(length) => At::Body(length),
            Framing::Chunked => At::Chunks,
        };
        self.expected = Some(Expected::Request(head));
    }

    fn refuse(&mut self, flaw: Flaw, asked: Option<(Method, Uri)>) {
        self.at = At::Refused;
        self.kept = STAND_IN.to_vec();
        self.ready = STAND_IN.len();
        self.expected = Some(Expected::Flawed(flaw, asked));
    }
}

/// Checks a head that somebody only describes, with the reader of every other head. `most` is the largest head, and the
/// most headers.
pub(crate) fn check(head: &[u8], most: (usize, usize)) -> Result<(), Flaw> {
    let (largest, headers) = most;
    let mut scan = Scan::default();
    match scan.end(head)? {
        Some(end) if end == head.len() && end <= largest => {
            head::read(head, scan.start()..end, headers).map(|_| ())
        }
        Some(end) if end == head.len() => {
            Err(Flaw::new(format!("the head of the request is larger than {largest} bytes")))
        }
        _ => Err(Flaw::new("it is more than one head, or less")),
    }
}

fn disagreement() -> Flaw {
    Flaw::new("the start or the end of the request has more than one reading")
}

#[cfg(test)]
mod tests;
