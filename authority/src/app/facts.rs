//! The facts of decisions: sealed beside their records, and opened again for `explain` and `replay`.
//!
//! `datalog::stored_facts` chooses them. They are bound to the number of their record. The record has their SHA-256.
//! The facts are not in the log, so an export holds only the SHA-256. If facts are not available, a reason in words
//! says why.
//!
//! - Invariant: The store seals the facts of a decision. No export holds them. The settings can turn them off
//!   (`the_facts_of_a_decision_are_kept_sealed_and_in_no_plain_text`,
//!   `what_a_request_said_is_nowhere_to_be_read_but_by_its_person`,
//!   `what_is_set_to_keep_nothing_keeps_nothing_and_refusals_keep_refusals`).
//! - Invariant: Facts that somebody changed or moved to another record do not open, and the check reports them
//!   (`facts_that_were_swapped_or_changed_are_found_and_do_not_open`).
//! - Invariant: Facts are forgotten in time, and together with their records
//!   (`facts_are_forgotten_in_time_and_go_with_the_records_that_are_moved`).

use std::sync::Arc;

use datalog::{PassText, StoredFacts, Wording};
use sha2::{Digest, Sha256};
use verifier::ports::{Facts, Keeping, Record};

use crate::app::{App, AppError, DecisionFacts, KeptFacts, KeptPage, LogRecord, NoFacts};
use crate::audit::{Entry, RequestEntry, hex, parse};
use crate::config::types::AuditConfig;
use crate::store::{Beside, FactsRow, StoreFault, StoredRecord, WordingRow};
use crate::vault::{Place, Sealed, Vault, VaultError};

/// The most records whose facts are in one answer.
const PAGE: u64 = 250;

impl App {
    /// Returns the data to store beside the record. The data is sealed when the record gets its number.
    pub(super) fn beside(&self, record: &Record) -> Result<Option<Beside>, StoreFault> {
        let Some(facts) = &record.facts else { return Ok(None) };
        let digest = facts.wording.digest();
        let wording = match self.wordings.has(&digest) {
            true => None,
            false => Some(self.worded(facts)?),
        };
        let (vault, facts) = (self.vault.clone(), facts.clone());
        let seal = Arc::new(move |seq: u64| seal(&vault, seq, &facts));
        Ok(Some(Beside { at: record.at, seal, wording }))
    }

    /// Notes that the record and the data beside it are durable.
    pub(super) fn is_beside(&self, facts: Option<&Facts>) {
        if let Some(facts) = facts {
            self.wordings.add(facts.wording.digest());
        }
    }

    fn worded(&self, facts: &Facts) -> Result<WordingRow, StoreFault> {
        let digest = facts.wording.digest();
        let sealed = self.vault.seal(wording_place(&hex(digest)), &facts.wording.bytes);
        let sealed = sealed.map_err(StoreFault::new)?;
        Ok(WordingRow { digest, sealed, ends: facts.pass_ends })
    }

    /// Returns the facts of a decision, or the reason why there are none. Returns none if the record is no decision.
    pub(super) async fn decision_facts(
        &self,
        record: &LogRecord,
    ) -> Result<Option<Result<DecisionFacts, NoFacts>>, AppError> {
        let (Entry::Intent(request) | Entry::Refusal(request)) = &record.entry else { return Ok(None) };
        let Some(recorded) = &request.facts else { return Ok(Some(Err(not_kept(request)))) };
        let rows = self.store.facts(record.seq, record.seq).await?;
        let kept = match rows.first() {
            Some(row) => self.open_facts(row, recorded),
            None => Err(forgotten(&self.config.audit)),
        };
        let kept = match kept {
            Ok(kept) => kept,
            Err(none) => return Ok(Some(Err(none))),
        };
        let sealed = self.store.wording(kept.wording()).await?;
        let wording = match sealed {
            Some(sealed) => self.open_wording(&kept, &sealed),
            None => Err(NoFacts::new("the wording of the pass is not stored with them")),
        };
        Ok(Some(wording.map(|wording| DecisionFacts {
            decision: request.decision.clone(),
            datalog: kept.world(&wording),
            lacking: kept.lacking(),
            kept,
        })))
    }

    /// Returns the facts of decisions after `after`, up to `upto`, as far as they are stored and open.
    pub async fn kept_facts(&self, after: u64, upto: u64) -> Result<KeptPage, AppError> {
        let last = upto.min(after.saturating_add(PAGE));
        let rows = self.store.facts(after.saturating_add(1), last).await?;
        let mut facts = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(stored) = self.store.record(row.seq).await? else { continue };
            if let Some(kept) = vouched(&stored).and_then(|recorded| self.open_facts(&row, &recorded).ok()) {
                facts.push(KeptFacts { record: row.seq, kept });
            }
        }
        Ok(KeptPage { facts, last })
    }

    fn open_facts(&self, row: &FactsRow, recorded: &str) -> Result<StoredFacts, NoFacts> {
        if hex(Sha256::digest(&row.sealed.0)) != recorded {
            return Err(changed());
        }
        let seq = row.seq.to_string();
        let bytes = self.vault.open_bytes(facts_place(&seq), &row.sealed).map_err(|_| unopened())?;
        StoredFacts::decode(&bytes).map_err(|error| NoFacts::of(&error))
    }

    fn open_wording(&self, kept: &StoredFacts, sealed: &Sealed) -> Result<Wording, NoFacts> {
        let place = hex(kept.wording());
        let bytes = self.vault.open_bytes(wording_place(&place), sealed).map_err(|_| unopened())?;
        PassText::of(bytes.to_vec()).wording().map_err(|error| NoFacts::of(&error))
    }

    /// Forgets facts that were stored long enough. Returns the number of decisions.
    pub(super) async fn forget_facts(&self) -> Result<u64, AppError> {
        let before = self.clock.now() - self.config.audit.facts_for;
        let mut all = 0;
        loop {
            let some = self.store.facts_forgotten(before, crate::app::prune::SLICE).await?;
            all += some;
            if some < u64::from(crate::app::prune::SLICE) {
                return Ok(all);
            }
        }
    }
}

/// Whether the data beside a record is unchanged. If the data is missing, it was forgotten.
pub(super) fn stands_beside(record: &StoredRecord, row: &FactsRow) -> bool {
    vouched(record).is_some_and(|recorded| hex(Sha256::digest(&row.sealed.0)) == recorded)
}

fn vouched(record: &StoredRecord) -> Option<String> {
    match parse(record).ok()?.entry {
        Entry::Intent(request) | Entry::Refusal(request) => request.facts,
        _ => None,
    }
}

fn seal(vault: &Vault, seq: u64, facts: &Facts) -> Result<Sealed, VaultError> {
    vault.seal(facts_place(&seq.to_string()), &facts.kept.encode())
}

fn facts_place(seq: &str) -> Place<'_> {
    Place { table: "decision_facts", row: seq, column: "facts", generation: 0 }
}

fn wording_place(digest: &str) -> Place<'_> {
    Place { table: "pass_wording", row: digest, column: "wording", generation: 0 }
}

fn not_kept(request: &RequestEntry) -> NoFacts {
    match &request.digest {
        None => NoFacts::new("it was refused before there was a decision"),
        Some(_) => NoFacts::new("the facts of this decision were not kept")
            .hint("`facts = \"all\"` under [audit] in hallpass.toml keeps those of later decisions"),
    }
}

fn forgotten(audit: &AuditConfig) -> NoFacts {
    let kept = match (audit.facts, audit.facts_for.whole_days()) {
        (Keeping::None, _) => String::new(),
        (_, 0) => format!(" after {} hours", audit.facts_for.whole_hours().max(1)),
        (_, days) => format!(" after {days} days"),
    };
    NoFacts::new(format!("the facts of this decision are forgotten{kept}"))
        .hint("`facts_for` under [audit] in hallpass.toml says how long they are kept")
}

fn changed() -> NoFacts {
    NoFacts::new("the facts beside this record are not those that it was written with")
        .hint("run `hallpass log verify`")
}

fn unopened() -> NoFacts {
    NoFacts::new("the facts do not open with the vault key of this home").hint("run `hallpass doctor`")
}
