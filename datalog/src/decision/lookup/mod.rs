//! Look-ups: they find what a request refers to without saying it. This folder plans them as requests of the catalog.
//! The gateway sends these with the real credential, and this folder reads the answers.
//!
//! Nothing in this folder sends anything. If a look-up fails, or nobody can read its answer with certainty, the thing
//! counts as unknown. A pass that reads it then denies the request.
//!
//! - Invariant: A look-up is made only if a caveat reads its result and nothing else denies the request
//!   (`nothing_is_looked_up_that_no_caveat_reads_or_that_is_denied_anyway`,
//!   `nothing_is_looked_up_for_a_pass_that_does_not_ask`).

pub(crate) mod access;
pub(crate) mod blind;
pub(crate) mod calendar;
pub(crate) mod conversation;
pub(crate) mod draft;
pub(crate) mod event;
pub(crate) mod person;
pub(crate) mod plan;
pub(crate) mod thread;

use crate::request::canonical::Request;

pub use crate::catalog::finds::Finds;
pub(crate) use crate::request::found::{Found, Side};
pub use crate::request::found::{Observed, Unfound};
pub(crate) use crate::request::target::names;
pub(crate) use crate::request::target::targets;
pub(crate) use blind::blind;
pub use plan::{Inquiry, could_need};

/// A request that only reads, to be sent with the connection's credential. Only a plan makes one.
#[derive(Debug)]
pub struct Needed {
    finds: Finds,
    /// The path and query of the look-up.
    target: String,
    request: Request,
}

impl Needed {
    pub fn request(&self) -> &Request {
        &self.request
    }

    pub fn finds(&self) -> Finds {
        self.finds
    }
}
