//! `log` and `log verify`: reading the audit log, and proving that it is whole.

use tokio::sync::watch;

use super::{App, AppError, BadRecord, LogQuery, LogRecord, LogVerification};
use crate::audit::{FIRST_LINK, follow, hex, parse};

/// Records read at once while the chain is walked.
const PAGE: u32 = 1_000;

impl App {
    /// Audit records in order.
    pub async fn log(&self, query: LogQuery) -> Result<Vec<LogRecord>, AppError> {
        let records = self.store.records(query).await?;
        let read = |record| {
            parse(record).map_err(|_| {
                AppError::Conflict(format!(
                    "audit record {} cannot be read\nhint: run `hallpass log verify`",
                    record.seq
                ))
            })
        };
        records.iter().map(read).collect()
    }

    /// The sequence number of the newest audit record, whenever it changes: how a log is followed.
    pub fn log_head(&self) -> watch::Receiver<u64> {
        self.store.head()
    }

    /// Walks the audit log from the first record and names the first bad one.
    pub async fn verify_log(&self) -> Result<LogVerification, AppError> {
        let mut head = FIRST_LINK;
        loop {
            let page = self.store.chain_after(head.seq, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            for record in page {
                match follow(head, &record) {
                    Ok(next) => head = next,
                    Err(broken) => {
                        let bad = BadRecord { seq: record.seq, because: broken.to_string() };
                        return Ok(verification(head, Some(bad)));
                    }
                }
            }
            if is_last {
                return Ok(verification(head, None));
            }
            // A long log is walked beside everything else.
            tokio::task::yield_now().await;
        }
    }
}

fn verification(head: crate::store::ChainLink, first_bad: Option<BadRecord>) -> LogVerification {
    LogVerification { records: head.seq, head: hex(&head.hash), first_bad }
}
