//! The way to a service, and the beginning of its answer.

pub(crate) mod address;
pub(crate) mod dial;
pub(crate) mod forward;
pub(crate) mod inbound;
pub(crate) mod outgoing;
pub(crate) mod signs;
pub(crate) mod unpack;
