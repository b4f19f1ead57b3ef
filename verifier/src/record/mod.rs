//! Record: one audit record for each request, finished exactly once, on every path.
//!
//! A `Recording` opens when a request arrives, and ends in one of three ways: refused, sent (it becomes a `Sent`, which
//! ends with the answer), or dropped (a panic, a runtime that stops), which is recorded too. It holds no body, no
//! header and no secret.
//!
//! - Invariant: A record holds no argument value and no recipient in plain text
//!   (`a_record_holds_no_address_and_no_value_of_an_argument`).

mod recorder;
mod recording;
mod sent;

pub(crate) use recorder::Recorder;
pub(crate) use recording::{Came, Ended, Recording};
pub(crate) use sent::Sent;
