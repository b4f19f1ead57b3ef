//! What an authority that runs does by itself, once a second: nothing that a request waits for.

use std::time::Duration;

use tokio::sync::watch;

use super::App;

const EVERY: Duration = Duration::from_secs(1);
/// A checkpoint is signed when so many records were written since the last one,
const RECORDS: u64 = 256;
/// or when there are any and so many looks have passed.
const LOOKS: u32 = 10;
/// What ended is forgotten at the first look and then once in so many: an hour's.
const PRUNE: u32 = 3_600;

impl App {
    /// Signs checkpoints, writes what was counted, and forgets what ended, until `ended`.
    pub async fn upkeep(&self, mut ended: watch::Receiver<bool>) {
        let mut signed = *self.log_head().borrow();
        let (mut looks, mut to_prune) = (0, 0);
        while tokio::time::timeout(EVERY, ended.wait_for(|ended| *ended)).await.is_err() {
            self.write_counted(self.flood.over(self.clock.now()));
            let head = *self.log_head().borrow();
            looks += 1;
            if head >= signed + RECORDS || (head > signed && looks >= LOOKS) {
                self.checkpoint().await;
                signed = head;
                looks = 0;
            }
            if to_prune == 0 {
                to_prune = PRUNE;
                self.forget_what_ended().await;
            }
            to_prune -= 1;
        }
    }

    async fn forget_what_ended(&self) {
        match self.prune().await {
            Ok(pruned) if pruned.passes + pruned.revocations + pruned.facts > 0 => {
                tracing::info!(
                    pruned.passes,
                    pruned.revocations,
                    pruned.budgets,
                    pruned.facts,
                    "forgot what ended long ago"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "what ended long ago was not forgotten"),
        }
    }
}
