//! `record`: one audit record with its outcome.

use datalog::view::{Reach, Undoing};
use datalog::{Message, OperationId};

use crate::app::{App, AppError, LogRecord, RecordView};
use crate::audit::{Entry, parse};
use crate::store::StoredRecord;

impl App {
    /// Returns the record of this number, and the outcome that belongs to it.
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
        let undoing = self.undoing(&record.entry);
        Ok(RecordView { record, outcome, facts, no_facts, undoing })
    }

    /// Returns whether and how a sent request can be undone, by the current catalog.
    fn undoing(&self, entry: &Entry) -> Option<Undoing> {
        let Entry::Intent(request) = entry else { return None };
        let effects = request.outline.as_ref()?.effects;
        let operation: OperationId = request.operation.as_ref()?.parse().ok()?;
        let (catalog, service) = (self.catalog(), operation.service().parse().ok()?);
        let operation = catalog.service(&service)?.operation(&operation)?;
        // A record holds no address, so the request may or may not have reached people.
        Some(Undoing::of(operation, effects, Reach::Perhaps))
    }

    async fn stored_record(&self, seq: u64) -> Result<StoredRecord, AppError> {
        if let Some(stored) = self.store.record(seq).await? {
            return Ok(stored);
        }
        let head = self.store.chain_end().await?.seq;
        let what = match seq {
            _ if seq > head => {
                Message::new(format!("the newest is {head}")).hint("`hallpass log` lists the records")
            }
            _ => Message::new("it was moved to a file by `hallpass log rotate`"),
        };
        Err(AppError::not_found(what.after(format_args!("there is no audit record {seq}"))))
    }
}

pub(super) fn read(stored: &StoredRecord) -> Result<LogRecord, AppError> {
    parse(stored).map_err(|_| {
        let says = format!("audit record {} cannot be read", stored.seq);
        AppError::conflict(Message::new(says).hint("run `hallpass log verify`"))
    })
}
