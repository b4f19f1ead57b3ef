//! `log export` and `log rotate`: the log as signed lines, and its beginning moved away once it is in a file.

use super::{App, AppError, ExportBegun, ExportLines, ExportRange, Rotation};
use crate::audit::{Event, EventEntry, Header, record_line};
use crate::store::ChainLink;

/// Records in one answer.
const PAGE: u32 = 500;
/// Records that are removed at once: whoever writes meanwhile waits for no more than these.
const SLICE: u32 = 2_000;

impl App {
    /// Says from where to where an export goes, and signs that. What is written meanwhile is not in it.
    pub async fn begin_export(&self, range: ExportRange) -> Result<ExportBegun, AppError> {
        let head = self.sign_head().await?;
        let base = self.store.log_base().await?;
        let (first, last) = self.store.log_period(range.since, range.until).await?;
        let after = match (range.since, first) {
            (None, _) => base,
            (Some(_), Some(first)) => self.place(first - 1, base).await?,
            (Some(_), None) => head,
        };
        let to = match (range.until, last) {
            (None, _) => head,
            (Some(_), Some(last)) if last > after.seq => self.place(last.min(head.seq), base).await?,
            (Some(_), _) => after,
        };
        let header = Header { after, to }.line(&self.signer, &self.vault, self.clock.now());
        let header = header.map_err(|error| AppError::audit_key(&error))?;
        Ok(ExportBegun { header, after: after.seq, to: to.seq, key: self.signer.public().to_string() })
    }

    /// Records after `after` up to `to`, each followed by its checkpoint where it has one.
    pub async fn export_lines(&self, after: u64, to: u64) -> Result<ExportLines, AppError> {
        let records = self.store.chain_after(after, PAGE).await?;
        let records: Vec<_> = records.into_iter().take_while(|record| record.seq <= to).collect();
        let last = records.last().map_or(after, |record| record.seq);
        let mut checkpoints = self.store.checkpoints(after + 1, last).await?.into_iter().peekable();
        let mut lines = Vec::with_capacity(records.len() + 1);
        for record in records {
            lines.push(record_line(&record));
            if let Some(checkpoint) = checkpoints.next_if(|checkpoint| checkpoint.link.seq == record.seq) {
                lines.push(checkpoint.line());
            }
        }
        Ok(ExportLines { lines, last })
    }

    /// Removes the records up to `upto`, which are in a file by now. What remains goes on from their last hash,
    /// which is signed.
    pub async fn rotate_log(&self, upto: u64) -> Result<Rotation, AppError> {
        let base = self.store.log_base().await?;
        let head = self.store.chain_end().await?;
        if upto <= base.seq || upto > head.seq {
            return Err(AppError::Invalid(format!(
                "expected the number of a record from {} to {}, got {upto}",
                base.seq + 1,
                head.seq
            )));
        }
        let link = self.place(upto, base).await?;
        self.sign(link).await?;
        let event = EventEntry::on_log(Event::LogRotated, upto);
        let event = event.detail(&format!("records {} to {upto} were moved to a file", base.seq + 1));
        self.store.log_rotated(link, event.at(self.clock.now())).await?;
        let mut removed = 0;
        loop {
            match self.store.forget_rotated(SLICE).await? {
                0 => break,
                more => removed += more,
            }
        }
        self.checkpoint().await;
        Ok(Rotation { upto, removed })
    }

    /// The link of a record that is here, or of the one before the first.
    async fn place(&self, seq: u64, base: ChainLink) -> Result<ChainLink, AppError> {
        if seq <= base.seq {
            return Ok(base);
        }
        let gone =
            || AppError::Conflict(format!("audit record {seq} is missing\nhint: run `hallpass log verify`"));
        let record = self.store.record(seq).await?.ok_or_else(gone)?;
        Ok(ChainLink { seq, hash: record.hash })
    }
}
