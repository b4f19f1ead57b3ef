//! A store that did not answer.

use datalog::{Hinted, Message};

#[derive(Debug, Clone, thiserror::Error)]
#[error("the store did not answer: {0}")]
pub struct StoreFault(pub Message);

impl StoreFault {
    pub fn new(because: impl Into<Message>) -> Self {
        Self(because.into())
    }
}

impl Hinted for StoreFault {
    fn hint(&self) -> Option<String> {
        self.0.hint.clone()
    }
}
