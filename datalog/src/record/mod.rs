//! A decision as text that anybody can replay, and what an approver sees.
//!
//! It stores nothing.

pub mod reference;
pub mod replay;
pub mod stored_facts;
pub mod transcript;
pub mod view;
