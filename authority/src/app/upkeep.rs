//! What an authority that runs does by itself, once a second: nothing that a request waits for.

use std::time::Duration;

use tokio::sync::watch;

use super::App;

const EVERY: Duration = Duration::from_secs(1);
/// A checkpoint is signed when so many records were written since the last one,
const RECORDS: u64 = 256;
/// or when there are any and so many looks have passed.
const LOOKS: u32 = 10;

impl App {
    /// Signs checkpoints until `ended`.
    pub async fn upkeep(&self, mut ended: watch::Receiver<bool>) {
        let mut signed = *self.log_head().borrow();
        let mut looks = 0;
        while tokio::time::timeout(EVERY, ended.wait_for(|ended| *ended)).await.is_err() {
            let head = *self.log_head().borrow();
            looks += 1;
            if head >= signed + RECORDS || (head > signed && looks >= LOOKS) {
                self.checkpoint().await;
                signed = head;
                looks = 0;
            }
        }
    }
}
