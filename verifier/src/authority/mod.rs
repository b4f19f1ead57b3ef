//! The gateway's questions to the authority, each with its deadline: budgets, credentials, and the ids that were seen.

pub(crate) mod allowance;
pub(crate) mod credential;
pub(crate) mod in_time;
pub(crate) mod provenance;
pub(crate) mod reserve;
