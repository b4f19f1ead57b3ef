//! The work that a running authority does by itself, once a second. Requests do not wait for it.

use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;

const EVERY: Duration = Duration::from_secs(1);
/// A checkpoint is signed after so many records since the last one,
const RECORDS: u64 = 256;
/// or after so many looks, if there are new records.
const LOOKS: u32 = 10;
/// Ended things are forgotten at the first look, and then once in so many looks: once an hour.
const PRUNE: u32 = 3_600;
/// The effects of time on connections are checked at the first look, and then once in so many looks: once a minute.
const CONNECTIONS: u32 = 60;

impl App {
    /// Signs checkpoints, writes counts, reports the state of connections, and forgets ended things, until `ended`.
    pub async fn upkeep(&self, mut ended: watch::Receiver<bool>) {
        let mut signed = *self.log_head().borrow();
        let (mut looks, mut to_prune, mut to_tell) = (0, 0, 0);
        while tokio::time::timeout(EVERY, ended.wait_for(|ended| *ended)).await.is_err() {
            self.write_counted(self.flood.over(self.clock.now()));
            let head = *self.log_head().borrow();
            looks += 1;
            if head >= signed + RECORDS || (head > signed && looks >= LOOKS) {
                self.checkpoint().await;
                signed = head;
                looks = 0;
            }
            if to_tell == 0 {
                to_tell = CONNECTIONS;
                self.tell_concerns().await;
            }
            to_tell -= 1;
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
                    "ended things were forgotten"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "ended things could not be forgotten"),
        }
    }
}
