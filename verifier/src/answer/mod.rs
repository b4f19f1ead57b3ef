//! From a service's answer, or a refusal, to the agent's answer.

pub(crate) mod body;
pub(crate) mod dialect;
pub(crate) mod events;
pub(crate) mod pass_on;
pub(crate) mod permit;
pub(crate) mod problem;
pub(crate) mod reply;
pub(crate) mod review;
pub(crate) mod treatment;
