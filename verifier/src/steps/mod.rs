//! The steps of a request before it leaves, one a file, in the order of `pipeline`.
//!
//! Each takes the result of the step before it, and makes one value or a refusal. They know no protocol: a surface
//! has already taken each request apart.
//!
//! - Invariant: Nothing here knows the protocol that a request came by
//!   (`what_is_done_for_every_request_knows_no_protocol_that_it_came_by`).

pub(crate) mod arrived;
pub(crate) mod ask;
pub(crate) mod classify;
pub(crate) mod look;
pub(crate) mod verify;
