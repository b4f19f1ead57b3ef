//! Walks the log, record by record and checkpoint by checkpoint, up to the first one that was changed.
//!
//! The same walk checks the database and exports. It reads neither itself.

use super::chain::follow;
use super::{AuditKey, Checkpoint, Entry, Event, parse};
use crate::app::{BadRecord, LogVerification};
use crate::audit::hex::hex;
use crate::store::{ChainLink, StoredRecord};

/// How far the walk has come.
pub(crate) struct Walk {
    key: AuditKey,
    first: ChainLink,
    head: ChainLink,
    /// The last position that a checkpoint vouches for.
    signed: Option<ChainLink>,
    checkpoints: u64,
    /// The position up to which the log says that its beginning was moved to a file.
    moved: u64,
}

impl Walk {
    /// Begins a walk after `first`.
    pub(crate) fn after(first: ChainLink, key: AuditKey) -> Self {
        Self { key, first, head: first, signed: None, checkpoints: 0, moved: 0 }
    }

    pub(crate) fn head(&self) -> ChainLink {
        self.head
    }

    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }

    pub(crate) fn record(&mut self, record: &StoredRecord) -> Result<(), BadRecord> {
        self.head = follow(self.head, record)?;
        if let Ok(parsed) = parse(record)
            && let Entry::Event(event) = parsed.entry
            && event.event == Event::LogRotated
        {
            self.moved = self.moved.max(event.upto.unwrap_or_default());
        }
        Ok(())
    }

    /// Checks a checkpoint of the current position.
    pub(crate) fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), BadRecord> {
        let Checkpoint { link, .. } = checkpoint;
        if !checkpoint.is_signed_by(&self.key) {
            let because = format!("the checkpoint after it is not signed by the key {}", self.key);
            return Err(BadRecord::new(link.seq, because));
        }
        self.vouched(*link)?;
        self.checkpoints += 1;
        Ok(())
    }

    /// Checks the current position against one that a trusted source gives.
    pub(crate) fn vouched(&mut self, link: ChainLink) -> Result<(), BadRecord> {
        if link.seq != self.head.seq {
            let (expected, got) = (format!("record {}", link.seq), format!("record {}", self.head.seq));
            let bad = match link.seq > self.head.seq {
                true => (self.head.seq + 1, "it was removed: there is a signed checkpoint of a later one"),
                false => (link.seq, "its checkpoint stands in a place that is not its own"),
            };
            return Err(BadRecord::new(bad.0, bad.1.into()).differs(expected, got));
        }
        if link.hash != self.head.hash {
            let first = self.signed.map_or(self.first.seq, |signed| signed.seq) + 1;
            let because = match first < link.seq {
                true => format!(
                    "one of the records {first} to {} was changed and the chain made anew: it does not lead to the checkpoint",
                    link.seq
                ),
                false => "it was changed and chained anew: the checkpoint after it is of another".into(),
            };
            let first = first.min(link.seq);
            return Err(BadRecord::new(first, because).differs(hex(link.hash), hex(self.head.hash)));
        }
        self.signed = Some(link);
        Ok(())
    }

    /// Returns the result, with the first bad record if there is one.
    pub(crate) fn end(self, first_bad: Option<BadRecord>) -> LogVerification {
        let vouched = self.signed.map_or(self.first.seq, |signed| signed.seq);
        LogVerification {
            first: self.first.seq + 1,
            records: self.head.seq - self.first.seq,
            head: hex(self.head.hash),
            checkpoints: self.checkpoints,
            after_checkpoint: self.head.seq - vouched,
            first_bad,
        }
    }
}
