//! Whether a selector means a request, and whether its service carries the request out only once.

use crate::catalog::selector::{Selector, Target};
use crate::catalog::{Operation, Service};
use crate::request::canonical::Request;
use crate::words::effect::Effects;

impl Target {
    /// Whether the selector selects this very request.
    pub fn means(&self, request: &Request) -> bool {
        self.connection.as_ref().is_none_or(|own| *own == request.connection)
            && self.selector.matches_with(&request.operation, request.effects)
    }
}

impl Service {
    /// Whether the service carries this request out only once, however often it comes: the request has a key, and
    /// the description or a person's overlay says that the service reads it. A key that the service ignores is no
    /// reason to send anything twice.
    pub fn does_once_by_key(&self, request: &Request) -> bool {
        const KEY: &str = "idempotency-key";
        self.request_headers.iter().any(|known| known == KEY)
            && request.headers.iter().any(|(name, value)| &**name == KEY && !value.is_empty())
    }
}

impl Selector {
    /// Whether the selector could select the operation.
    pub fn matches(&self, operation: &Operation) -> bool {
        self.matches_with(operation, operation.effects)
    }

    /// Whether the selector selects the operation with these effects.
    pub(crate) fn matches_with(&self, operation: &Operation, effects: Effects) -> bool {
        self.means(&operation.id, effects)
    }
}
