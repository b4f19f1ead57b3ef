//! `log export` and `log rotate`: writes the log as signed lines, and moves its beginning away once that is in a file.
//!
//! - Invariant: A log without its beginning says where the beginning went
//!   (`a_rotated_log_goes_on_and_verifies_across_its_files`,
//!   `a_beginning_that_was_cut_off_by_another_hand_is_noticed`).

use datalog::Message;

use crate::app::{App, AppError, ExportBegun, ExportLines, ExportRange, Rotation};
use crate::audit::{Event, EventEntry, Header, record_line};
use crate::store::ChainLink;

/// Records in one answer.
const PAGE: u32 = 500;
/// How many records are removed at once. A writer never waits for more of them.
const SLICE: u32 = 2_000;

impl App {
    /// Chooses the records of an export, and signs the choice. Records written meanwhile are not in it.
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
        let header = header?;
        Ok(ExportBegun { header, after: after.seq, to: to.seq, key: self.signer.public().to_string() })
    }

    /// Returns the lines of the records after `after` up to `to`. If a record has a checkpoint, it follows the record.
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

    /// Removes the records up to `upto`, which are now in a file. The rest of the log continues from the last removed
    /// hash, which is signed.
    pub async fn rotate_log(&self, upto: u64) -> Result<Rotation, AppError> {
        let _turn = self.turns.log().await;
        self.sign_head().await?;
        let base = self.store.log_base().await?;
        let head = self.store.chain_end().await?;
        if upto <= base.seq || upto > head.seq {
            return Err(AppError::invalid(format!(
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

    /// Returns the link of a record here, or of the record before the first one here.
    async fn place(&self, seq: u64, base: ChainLink) -> Result<ChainLink, AppError> {
        if seq <= base.seq {
            return Ok(base);
        }
        let gone = || {
            let says = format!("audit record {seq} is missing");
            AppError::conflict(Message::new(says).hint("run `hallpass log verify`"))
        };
        let record = self.store.record(seq).await?.ok_or_else(gone)?;
        Ok(ChainLink { seq, hash: record.hash })
    }
}
