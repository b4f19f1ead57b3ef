//! The authority, asked with a deadline.
//!
//! An authority that does not answer in time counts as failed. Every question gets its deadline here.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::config::Limits;
use crate::ports::{Authority, StoreFault};

/// An authority, and the deadline of its answers.
#[derive(Clone)]
pub(crate) struct InTime {
    authority: Arc<dyn Authority>,
    within: Duration,
}

impl InTime {
    pub(crate) fn new(authority: Arc<dyn Authority>, limits: &Limits) -> Self {
        Self { authority, within: limits.authority }
    }

    /// Returns the authority without a deadline: for answers from memory, and for an answer that the caller awaits
    /// itself.
    pub(crate) fn authority(&self) -> &dyn Authority {
        self.authority.as_ref()
    }

    /// Returns the authority's answer. If it does not come in time, the store counts as failed.
    pub(crate) async fn answer<T, E: From<StoreFault>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match self.within(answer).await {
            Ok(answer) => answer,
            Err(Elapsed { .. }) => Err(StoreFault("timed out".into()).into()),
        }
    }

    /// Returns the authority's answer, or `Elapsed` if none came in time.
    pub(crate) async fn within<T>(&self, answer: impl Future<Output = T>) -> Result<T, Elapsed> {
        timeout(self.within, answer).await
    }
}
