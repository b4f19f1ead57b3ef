//! Why the service did not answer a request: a refusal (the answer is no) or a fault (something broke).
//!
//! `RefusalCode::status` has the status of each code, and `explanation` the last word on it. It chooses the words and
//! the status so that no SDK repeats by itself a request that may have been carried out. Nothing is rendered here:
//! `problem` and `dialect` do that.

mod code;
mod explanation;
mod fault;
mod next;
pub(crate) mod not_admitted;
mod refused;
pub(crate) mod spoken;
pub(crate) mod unanswered;

pub(crate) use crate::refusal::fault::iso;
pub(crate) use code::RefusalCode;
pub(crate) use explanation::Circumstances;
pub(crate) use explanation::Does;
pub(crate) use explanation::Explanation;
pub(crate) use fault::{Because, Fault, FaultCode};
pub(crate) use refused::Refusal;

/// The answers to a holder who only asked.
const WOULD: [&str; 4] = ["would-allow", "would-ask", "would-deny", "would-depend"];

/// Returns every word for a decision on a request: `allow`, the codes of refusals and faults, and the answers to a
/// holder who only asked.
pub fn decisions() -> impl Iterator<Item = &'static str> {
    let refusals = RefusalCode::ALL.into_iter().map(RefusalCode::as_str);
    let faults = FaultCode::ALL.into_iter().map(FaultCode::as_str);
    std::iter::once("allow").chain(refusals).chain(faults).chain(WOULD)
}

#[cfg(test)]
mod table;
