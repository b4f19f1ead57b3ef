//! Forgets what ended long ago: passes, their revocations, their use of budgets, and the facts of decisions.
//!
//! It does not touch the audit log. A person moves the log's beginning away (`hallpass log rotate`).
//!
//! - Invariant: Nothing about a pass is forgotten before the pass has ended (`what_ended_a_month_ago_is_forgotten`,
//!   `the_revocation_of_a_block_stays_as_long_as_a_pass_that_it_could_be_under`).

use crate::app::{App, AppError};
use crate::store::Pruned;

/// How many passes are forgotten at once. A writer never waits for more of them.
pub(super) const SLICE: u32 = 500;

impl App {
    /// Forgets passes that ended longer ago than `keep_ended`, with everything about them. A revocation is kept as long
    /// as it could apply to any pass.
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
