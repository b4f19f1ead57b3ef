//! The scopes of an operation, of which any one is enough: from the description, or else from the overlay.
//!
//! If neither names them, nobody knows them, and the operation counts as within every grant. A wider scope that
//! includes one of them is enough too.

use crate::catalog::builder::Builder;
use crate::catalog::description::OperationLine;
use crate::catalog::operation::Operation;

impl Builder {
    pub(crate) fn scopes(&self, line: &OperationLine) -> Box<[Box<str>]> {
        let reviewed = || self.overlay.scopes.iter().find(|rule| rule.which.names(&line.op));
        let named = match line.scopes.is_empty() {
            false => line.scopes.as_slice(),
            true => reviewed().map(|rule| rule.any.as_slice()).unwrap_or_default(),
        };
        let includes = self.overlay.oauth.iter().flat_map(|oauth| &oauth.includes);
        let wider = includes.filter(|(_, narrow)| narrow.iter().any(|one| named.contains(one)));
        let mut all: Vec<Box<str>> =
            named.iter().chain(wider.map(|(scope, _)| scope)).map(|one| one.as_str().into()).collect();
        all.sort_unstable();
        all.dedup();
        all.into()
    }
}

impl Operation {
    /// Whether the operation lists one of these scopes.
    pub fn names_any(&self, granted: &[String]) -> bool {
        self.scopes.iter().any(|scope| granted.iter().any(|own| **own == **scope))
    }

    /// Whether a grant of these scopes covers the operation, as far as is known.
    pub fn is_within(&self, granted: &[String]) -> bool {
        self.scopes.is_empty() || granted.is_empty() || self.names_any(granted)
    }
}
