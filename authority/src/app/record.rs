//! `record`: one audit record with what became of it.

use super::{App, AppError, LogRecord, RecordView};
use crate::audit::{Entry, parse};
use crate::store::StoredRecord;

impl App {
    /// The record of this number, and the outcome that belongs to it.
    pub async fn record(&self, seq: u64) -> Result<RecordView, AppError> {
        let record = read(&self.stored_record(seq).await?)?;
        match &record.entry {
            Entry::Outcome(outcome) => match self.store.record(outcome.of).await? {
                Some(intent) => self.view(read(&intent)?, Some(record)).await,
                None => self.view(record, None).await,
            },
            Entry::Intent(_) => {
                let outcome = self.store.outcome_of(seq).await?;
                self.view(record, outcome.as_ref().map(read).transpose()?).await
            }
            _ => self.view(record, None).await,
        }
    }

    async fn view(&self, record: LogRecord, outcome: Option<LogRecord>) -> Result<RecordView, AppError> {
        let (facts, no_facts) = match self.decision_facts(&record).await? {
            None => (None, None),
            Some(Ok(facts)) => (Some(Box::new(facts)), None),
            Some(Err(none)) => (None, Some(none)),
        };
        Ok(RecordView { record, outcome, facts, no_facts })
    }

    async fn stored_record(&self, seq: u64) -> Result<StoredRecord, AppError> {
        if let Some(stored) = self.store.record(seq).await? {
            return Ok(stored);
        }
        let head = self.store.chain_end().await?.seq;
        let what = match seq {
            _ if seq > head => format!("the newest is {head}\nhint: `hallpass log` shows what there is"),
            _ => "it was moved to a file by `hallpass log rotate`".into(),
        };
        Err(AppError::NotFound(format!("there is no audit record {seq}: {what}")))
    }
}

pub(super) fn read(stored: &StoredRecord) -> Result<LogRecord, AppError> {
    parse(stored).map_err(|_| {
        AppError::Conflict(format!(
            "audit record {} cannot be read\nhint: run `hallpass log verify`",
            stored.seq
        ))
    })
}
