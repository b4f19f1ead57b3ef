//! `log` and `log verify`: reading the audit log, and proving that it is whole.

use tokio::sync::watch;

use super::record::read;
use super::{App, AppError, BadRecord, LogQuery, LogRecord, LogVerification};
use crate::audit::{FIRST_LINK, follow, hex};
use crate::store::ChainLink;

/// Records read at once while the chain is walked.
const PAGE: u32 = 1_000;

impl App {
    /// Audit records in order.
    pub async fn log(&self, query: LogQuery) -> Result<Vec<LogRecord>, AppError> {
        let records = self.store.records(query).await?;
        records.iter().map(read).collect()
    }

    /// The sequence number of the newest audit record, whenever it changes: how a log is followed.
    pub fn log_head(&self) -> watch::Receiver<u64> {
        self.store.head()
    }

    /// Walks the audit log from the first record and names the first bad one.
    pub async fn verify_log(&self) -> Result<LogVerification, AppError> {
        let seen = self.checkpoint.read(&self.vault).map_err(AppError::conflict)?;
        let mut head = FIRST_LINK;
        loop {
            let page = self.store.chain_after(head.seq, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            for record in page {
                match follow(head, &record) {
                    Ok(next) if seen.is_some_and(|seen| seen.seq == next.seq && seen.hash != next.hash) => {
                        let because = "it is not the one that was here before".into();
                        return Ok(verification(head, Some(BadRecord { seq: next.seq, because })));
                    }
                    Ok(next) => head = next,
                    Err(broken) => {
                        let bad = BadRecord { seq: record.seq, because: broken.to_string() };
                        return Ok(verification(head, Some(bad)));
                    }
                }
            }
            if is_last {
                return Ok(verification(head, missing_end(head, seen)));
            }
            // A long log is walked beside everything else.
            tokio::task::yield_now().await;
        }
    }
}

/// What a checkpoint has seen and the chain does not have.
fn missing_end(head: ChainLink, seen: Option<ChainLink>) -> Option<BadRecord> {
    let seen = seen.filter(|seen| seen.seq > head.seq)?;
    Some(BadRecord { seq: head.seq + 1, because: format!("the log ended at record {} once", seen.seq) })
}

fn verification(head: ChainLink, first_bad: Option<BadRecord>) -> LogVerification {
    LogVerification { records: head.seq, head: hex(&head.hash), first_bad }
}
