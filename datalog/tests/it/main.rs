//! The crate's tests in one binary, one file for each subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod admission;
mod advice;
mod answers;
mod approvals;
mod arguments;
mod blind;
mod budgets;
mod changes;
mod closed_world;
mod common;
mod conversations;
mod decide;
mod described;
mod drafts;
mod github;
mod grantees;
mod hostile;
mod item_times;
mod judgements;
mod lookups;
mod made;
mod masks;
mod names;
mod parts;
mod properties;
mod reach;
mod readers;
mod reasons;
mod recipients;
mod redactions;
mod replay;
mod responses;
mod said_twice;
mod same_question;
mod samples;
mod says;
mod schemas;
mod senders;
mod shapes;
mod shows;
mod stored_facts;
mod table;
mod things;
mod titles;
mod tools;
mod undo;
mod unevaluable;
mod vocabulary;
mod whole;
