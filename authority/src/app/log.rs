//! `log` and `log verify`: reads the audit log, and proves that nobody changed it.

use tokio::sync::watch;

use crate::app::facts::stands_beside;
use crate::app::record::read;
use crate::app::{App, AppError, BadRecord, LogQuery, LogRecord, LogVerification};
use crate::audit::Walk;
use crate::store::{ChainLink, FactsRow, StoredRecord};

/// How many records are read at once while the chain is walked.
const PAGE: u32 = 1_000;

impl App {
    /// Returns audit records in order.
    pub async fn log(&self, query: LogQuery) -> Result<Vec<LogRecord>, AppError> {
        let records = self.store.records(query).await?;
        records.iter().map(read).collect()
    }

    /// Returns a receiver of the number of the newest audit record, for following a log.
    pub fn log_head(&self) -> watch::Receiver<u64> {
        self.store.head()
    }

    /// Walks the audit log from its first record here, and names the first bad one.
    pub async fn verify_log(&self) -> Result<LogVerification, AppError> {
        let key = self.signer.public();
        let seen = self.checkpoint_file.read(&self.vault, &key).map_err(AppError::conflict)?;
        let base = self.store.log_base().await?;
        let mut walk = Walk::after(base, key);
        if base.seq > 0
            && let Err(bad) = self.check_base(&mut walk, base).await?
        {
            return Ok(walk.end(Some(bad)));
        }
        loop {
            let page = self.store.chain_after(walk.head().seq, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            let last = page.last().map_or(0, |record| record.seq);
            let first = walk.head().seq + 1;
            let mut facts = self.store.facts(first, last).await?.into_iter().peekable();
            let mut checkpoints = self.store.checkpoints(first, last).await?.into_iter().peekable();
            for record in page {
                let mut step = walk.record(&record);
                while let Some(row) = facts.next_if(|row| row.seq <= record.seq) {
                    step = step.and_then(|()| beside(&record, &row));
                }
                while let Some(checkpoint) = checkpoints.next_if(|next| next.link.seq <= record.seq) {
                    step = step.and_then(|()| walk.checkpoint(&checkpoint));
                }
                if let Some(seen) = seen.filter(|seen| seen.seq == record.seq) {
                    step = step.and_then(|()| walk.vouched(seen));
                }
                if let Err(bad) = step {
                    return Ok(walk.end(Some(bad)));
                }
            }
            if is_last && self.store.chain_after(walk.head().seq, 1).await?.is_empty() {
                let bad = self.missing_end(&mut walk, seen).await?.or_else(|| missing_beginning(&walk, base));
                return Ok(walk.end(bad));
            }
            // The walk of a long log lets other work run.
            tokio::task::yield_now().await;
        }
    }

    /// Finds records that a checkpoint saw and the chain lacks. A record is written before its checkpoint, so records
    /// that are written meanwhile do not count as missing.
    async fn missing_end(
        &self,
        walk: &mut Walk,
        seen: Option<ChainLink>,
    ) -> Result<Option<BadRecord>, AppError> {
        let head = walk.head().seq;
        let beyond = self.store.checkpoints(head + 1, u64::from(u32::MAX) << 16).await?;
        if let Some(checkpoint) = beyond.first()
            && let Err(bad) = walk.checkpoint(checkpoint)
            && self.store.chain_after(head, 1).await?.is_empty()
        {
            return Ok(Some(bad));
        }
        Ok(seen.filter(|seen| seen.seq > head).map(|seen| {
            let because = format!(": the log ended at record {} once", seen.seq);
            BadRecord::missing(head + 1, &because)
                .differs(format!("record {}", head + 1), "the end of the log".into())
        }))
    }

    /// Checks that the rest of a rotated log begins at a signed position.
    async fn check_base(&self, walk: &mut Walk, base: ChainLink) -> Result<Result<(), BadRecord>, AppError> {
        let signed = self.store.checkpoints(base.seq, base.seq).await?;
        Ok(match signed.first() {
            Some(checkpoint) => walk.checkpoint(checkpoint),
            None => {
                let because = ": no signature says that the log continues from there";
                Err(BadRecord::missing(base.seq, because))
            }
        })
    }
}

/// Checks that the data beside a record is unchanged. Missing data is no error.
fn beside(record: &StoredRecord, row: &FactsRow) -> Result<(), BadRecord> {
    match stands_beside(record, row) {
        true => Ok(()),
        false => {
            let because = "the facts beside it are not those that it was written with".into();
            Err(BadRecord::new(record.seq, because))
        }
    }
}

/// Returns the error for a log whose beginning is gone although no record says that it was moved to a file.
fn missing_beginning(walk: &Walk, base: ChainLink) -> Option<BadRecord> {
    (walk.moved() < base.seq).then(|| {
        let because = ": no record says that it was moved to a file";
        BadRecord::missing(base.seq, because)
    })
}
