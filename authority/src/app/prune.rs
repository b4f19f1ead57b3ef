//! Forgetting what ended long ago: passes, their revocations, what they used of their budgets, the facts of decisions.
//!
//! The audit log is not touched: its beginning is moved away by a person (`hallpass log rotate`).

use super::{App, AppError};
use crate::store::Pruned;

/// Passes that are forgotten in one go: whoever writes meanwhile waits for no more than these.
pub(super) const SLICE: u32 = 500;

impl App {
    /// Forgets passes that ended longer ago than `keep_ended`, with what belongs to them. A revocation is kept
    /// for as long as any pass that it could be under is.
    pub async fn prune(&self) -> Result<Pruned, AppError> {
        let before = self.clock.now() - self.config.keep_ended;
        let mut all = Pruned::default();
        loop {
            let some = self.store.pruned(before, SLICE).await?;
            all.passes += some.passes;
            all.revocations += some.revocations;
            all.budgets += some.budgets;
            if some.passes < u64::from(SLICE) {
                all.facts = self.forget_facts().await?;
                return Ok(all);
            }
        }
    }
}
